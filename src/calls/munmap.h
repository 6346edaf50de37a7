/*
 * munmap.h - taking areas out of a range.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_MUNMAP_H
#define CALLS_MUNMAP_H

#include "base/why.h"
#include "space/mm_types.h"

/* What stands in a range that is to be cleared. */
struct vma_munmap_struct {
	umm_addr_t start, end;		/* in */
	struct vm_area_struct *first;	/* of the range; vms_find() */
	uint64_t nr_pages;		/* pages mapped in it */
	uint64_t nr_accounted;		/* pages of them that are charged */
	uint64_t nr_vmas;
};

/* Nothing is known of the range yet. */
static inline void vms_init(struct vma_munmap_struct *vms, umm_addr_t start, umm_addr_t end)
{
	vms->start = start;
	vms->end = end;
	vms->first = NULL;
	vms->nr_pages = 0;
	vms->nr_accounted = 0;
	vms->nr_vmas = 0;
}

/* munmap(2). */
__must_check long do_munmap(struct mm_struct *mm, umm_addr_t start, uint64_t len,
			    struct umm_why *why);

/* Unmap [start, end), aligned and within the address space, as munmap does after its checks. */
__must_check long do_munmap_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
				  struct umm_why *why);

/* Look the range up: true if an area is in it.  Before all that follows. */
bool vms_find(struct mm_struct *mm, struct vma_munmap_struct *vms);

/* Reserve what vms_gather_munmap_vmas() needs, @extra_vmas areas and @extra_links links more. */
__must_check long vms_reserve(struct mm_struct *mm, const struct vma_munmap_struct *vms,
			      size_t extra_vmas, size_t extra_links, struct umm_why *why);

/*
 * Cut the areas at the edges of the range and count what is inside.
 * => 0, or refused: a cut already made stays, nothing else has changed.
 */
__must_check long vms_gather_munmap_vmas(struct mm_struct *mm, struct vma_munmap_struct *vms,
					 struct umm_why *why);

/* Remove what was gathered.  The charge in nr_accounted is left to the caller. */
void vms_complete_munmap_vmas(struct mm_struct *mm, const struct vma_munmap_struct *vms);

#endif
