/*
 * mseal.c - areas that shall never be unmapped, moved or protected otherwise.
 *
 * The seal is a flag of the area like others, so sealing splits and merges as mprotect does.  What
 * respects it: munmap, MAP_FIXED, mremap, mprotect, a heap that shrinks, and the advices of madvise
 * that would lose what read-only memory holds.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mseal.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_tree.h"

static long check_arguments(umm_addr_t start, uint64_t len, uint64_t flags, struct umm_why *why)
{
	bool wraps = (len && !page_align(len)) || start + page_align(len) < start;
	long err;

	err = check(why, flags == 0, WHY_MSEAL_FLAGS, flags, 0);
	if (err)
		return err;
	err = check(why, page_aligned(start), WHY_MSEAL_UNALIGNED, start, PAGE_SIZE);
	if (err)
		return err;
	return check(why, !wraps, WHY_MSEAL_WRAP, start, len);
}

/* A hole refuses all of it.  On the way: the links that the splits and merges may need. */
static long check_range(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			size_t *links, struct umm_why *why)
{
	const struct vm_area_struct *vma;
	umm_addr_t at = start;

	*links = 0;
	for (vma = find_vma(&mm->tree, start); at < end; vma = vma_next(vma)) {
		if (!vma || vma->vm_start > at)
			return refuse4(why, WHY_MSEAL_HOLE, at, 0, start, end);
		*links += vma_modify_links(vma);
		at = vma->vm_end;
	}
	passed(why, WHY_MSEAL_HOLE, 0, 0);
	return 0;
}

static long mseal_apply(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			struct umm_why *why)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, start);

	for (umm_addr_t at = start; at < end; ) {
		umm_addr_t to = min_u64(vma->vm_end, end);

		if (vma->vm_flags & VM_SEALED) {
			note(why, NOTE_SEALED_ALREADY, at, to, 0, 0);
		} else {
			vm_flags_t flags = vma->vm_flags | VM_SEALED;

			vma = vma_modify(mm, vma, at, to, flags, why);
			if (IS_ERR(vma))
				return PTR_ERR(vma);
			note(why, NOTE_SEALED_NOW, at, to, flags, 0);
		}
		at = to;
		/* A merge may have taken the area beyond what was sealed. */
		vma = vma->vm_end > at ? vma : vma_next(vma);
	}
	return 0;
}

long do_mseal(struct mm_struct *mm, umm_addr_t start, uint64_t len, uint64_t flags,
	      struct umm_why *why)
{
	umm_addr_t end = start + page_align(len);
	size_t links;
	long err;

	if (!rule(mm->world, RULE_MSEAL))
		return refuse(why, WHY_NO_MSEAL, 0, 0);
	passed(why, WHY_NO_MSEAL, 0, 0);
	err = check_arguments(start, len, flags, why);
	if (err || start == end)
		return err;
	err = check_range(mm, start, end, &links, why);
	if (err)
		return err;
	err = mm_reserve(mm, 2, links, why);
	if (err)
		return err;
	err = mseal_apply(mm, start, end, why);
	mm_assert_expensive(mm_is_valid(mm));
	return err;
}
