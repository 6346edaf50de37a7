/*
 * copy_page_range.h - fork's part of the page tables.
 *
 * Layer: fault.  The parent's mmap_lock held for write; the child is nobody else's yet; both have
 * pages.
 */
#ifndef FAULT_COPY_PAGE_RANGE_H
#define FAULT_COPY_PAGE_RANGE_H

#include "space/mm_pages.h"

/* Do the entries of @vma have to be copied?  What a file holds is found again by a fault. */
bool vma_needs_copy(const struct vm_area_struct *vma);

/*
 * The child gets what the parent has in @vma: private frames are shared until one of the two
 * writes.  What the parent may not write any more is added to *tlb.
 * => 0, or -UMM_ENOMEM for want of a table: what was copied stays for exit_mmap.
 */
__must_check int copy_page_range(struct mm_struct *child, struct mm_struct *parent,
				 const struct vm_area_struct *vma, struct mmu_gather *tlb);

#endif
