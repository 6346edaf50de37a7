/*
 * remap_file_pages.c - other pages of the same file in a part of a shared mapping.
 *
 * It is mmap(MAP_SHARED | MAP_FIXED) of the area's own file with the area's own protection, which
 * may refuse in all its ways; before it stands the question whether there is such an area.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mmap.h"
#include "calls/remap_file_pages.h"
#include "fault/populate.h"
#include "space/vma_tree.h"

static long check_arguments(umm_addr_t start, uint64_t size, uint64_t prot, uint64_t pgoff,
			    struct umm_why *why)
{
	uint64_t nr_pages = size >> PAGE_SHIFT;
	long err;

	err = check(why, prot == 0, WHY_REMAP_PROT, prot, 0);
	if (err)
		return err;
	err = check(why, start + size > start, WHY_REMAP_SIZE, start, size);
	if (err)
		return err;
	return check(why, pgoff + nr_pages >= pgoff, WHY_REMAP_PGOFF, pgoff, nr_pages);
}

/* The area that contains @start, if [start, end) is all like it. */
static long find_area(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
		      struct vm_area_struct **out, struct umm_why *why)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, start);
	const struct vm_area_struct *last = vma;
	bool shared = vma && vma->vm_start <= start && (vma->vm_flags & VM_SHARED);
	long err;

	err = check(why, shared, WHY_REMAP_NOT_SHARED, start, 0);
	if (err)
		return err;
	while (last->vm_end < end) {
		const struct vm_area_struct *next = vma_next(last);

		if (!next || next->vm_start != last->vm_end || next->vm_file != vma->vm_file ||
		    ((next->vm_flags ^ vma->vm_flags) & ALL_VM_FLAGS))
			return refuse4(why, WHY_REMAP_SPANS, start, end, last->vm_end, 0);
		last = next;
	}
	passed(why, WHY_REMAP_SPANS, start, end);
	*out = vma;
	return 0;
}

static uint64_t prot_of(vm_flags_t vm_flags)
{
	return (vm_flags & VM_READ ? UMM_PROT_READ : 0) |
	       (vm_flags & VM_WRITE ? UMM_PROT_WRITE : 0) |
	       (vm_flags & VM_EXEC ? UMM_PROT_EXEC : 0);
}

long do_remap_file_pages(struct mm_struct *mm, umm_addr_t start, uint64_t size, uint64_t prot,
			 uint64_t pgoff, uint64_t flags, struct umm_why *why)
{
	struct mmap_request req;
	struct vm_area_struct *vma = NULL;
	int64_t addr;
	long err;

	start &= PAGE_MASK;
	size &= PAGE_MASK;
	err = check_arguments(start, size, prot, pgoff, why);
	if (err)
		return err;
	err = find_area(mm, start, start + size, &vma, why);
	if (err)
		return err;

	req = (struct mmap_request){
		.addr = start, .len = size, .prot = prot_of(vma->vm_flags),
		.flags = UMM_MAP_SHARED | UMM_MAP_FIXED | UMM_MAP_POPULATE |
			 (flags & UMM_MAP_NONBLOCK) |
			 (vma->vm_flags & VM_LOCKED ? UMM_MAP_LOCKED : 0),
		.file = vma->vm_file, .pgoff = pgoff,
	};
	file_get(req.file);		/* the area that holds it may go */
	addr = do_mmap(mm, &req, why);
	file_put(req.file);
	if (IS_ERR_VALUE(addr))
		return (long)addr;
	/* Shared memory gets no anon_vma by being filled: nothing was to be reserved. */
	if (req.populate)
		populate_range(mm, start, start + size);
	note(why, NOTE_REMAPPED, start, start + size, pgoff, 0);
	return 0;
}
