/*
 * mincore.c - which pages are resident: as far as the question itself can be refused.
 *
 * The kernel answers in pieces: to the end of an area, and at most as many pages as a page has
 * bytes.  Each piece is written to the caller's vector before the next is looked at, so which of a
 * hole and an unwritable vector is met first depends on the pieces.  To write to the vector is a
 * fault like any other: it may grow a stack, and gives an area its anon_vma.
 */
#include "calls/mincore.h"
#include "fault/uaccess.h"
#include "space/vma_tree.h"

static long check_arguments(const struct mm_struct *mm, umm_addr_t start, uint64_t len,
			    umm_addr_t vec, uint64_t nr_pages, struct umm_why *why)
{
	uint64_t top = mm->layout.task_size;
	long err;

	err = check(why, page_aligned(start), WHY_MINCORE_UNALIGNED, start, PAGE_SIZE);
	if (err)
		return err;
	if (start > top || len > top - start)
		return refuse4(why, WHY_MINCORE_RANGE, start, len, top, 0);
	passed(why, WHY_MINCORE_RANGE, start, len);
	if (vec > top || nr_pages > top - vec)
		return refuse4(why, WHY_MINCORE_VEC_RANGE, vec, nr_pages, top, 0);
	passed(why, WHY_MINCORE_VEC_RANGE, vec, nr_pages);
	return 0;
}

/* copy_to_user() of @bytes, at least one. */
static long write_vector(struct mm_struct *mm, umm_addr_t vec, uint64_t bytes, struct umm_why *why)
{
	umm_addr_t stopped = user_access(mm, vec, bytes, true);

	if (stopped < vec + bytes)
		return refuse(why, WHY_MINCORE_VEC, stopped, bytes);
	passed(why, WHY_MINCORE_VEC, vec, bytes);
	return 0;
}

long do_mincore(struct mm_struct *mm, umm_addr_t start, uint64_t len, umm_addr_t vec,
		struct umm_why *why)
{
	uint64_t nr_pages = (len >> PAGE_SHIFT) + !page_aligned(len);
	umm_addr_t at = start, end = start + (nr_pages << PAGE_SHIFT);
	long err;

	err = check_arguments(mm, start, len, vec, nr_pages, why);
	if (err || at == end)
		return err;
	err = uaccess_reserve(mm, vec, nr_pages, why);
	if (err)
		return err;
	while (at < end) {
		const struct vm_area_struct *vma = find_vma(&mm->tree, at);
		uint64_t pages;

		if (!vma || vma->vm_start > at)
			return refuse4(why, WHY_MINCORE_HOLE, at, 0, start, end);
		pages = min_u64((min_u64(vma->vm_end, end) - at) >> PAGE_SHIFT, PAGE_SIZE);
		note(why, NOTE_IN_CORE, pages, at, at + (pages << PAGE_SHIFT), 0);
		err = write_vector(mm, vec, pages, why);
		if (err)
			return err;
		vec += pages;
		at += pages << PAGE_SHIFT;
	}
	passed(why, WHY_MINCORE_HOLE, 0, 0);
	return 0;
}
