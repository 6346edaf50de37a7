/*
 * zap.h - entries go, and what they led to.
 *
 * Layer: rmap.  mmap_lock held for write, or another lock where that is said; mm->pages is there.
 */
#ifndef RMAP_ZAP_H
#define RMAP_ZAP_H

#include "space/mm_pages.h"

/* What stands in [start, end) goes; tables stay.  The range may have holes. */
void zap_page_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* MADV_DONTNEED: the same, and tables whose 2 MiB lie in the range go too. */
void madvise_dontneed_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/*
 * As zap_page_range(), but what was copied for the process alone stays.
 * => world->lock held for write will do.
 */
void zap_file_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/*
 * The same for areas that are unmapped: the tables of the range go too, as far as nothing in
 * [floor, start) and [end, ceiling) needs them.
 * => no area in the range is found by its file any more: unlink_file_vma()
 */
void unmap_region(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, umm_addr_t floor,
		  umm_addr_t ceiling);

/* What page_ops->exit_mmap is: everything goes. */
void exit_pages(struct mm_struct *mm);

/*
 * MADV_FREE: frames of [start, end), in one anonymous area, may be dropped as long as no entry says
 * that they were written since.  Who shares one decides for himself.
 */
void madvise_free_pages(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t start,
			umm_addr_t end);

#endif
