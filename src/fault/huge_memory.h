/*
 * huge_memory.h - a huge page for an address: what a fault does where no table of small entries is.
 *
 * Layer: fault.  mmap_lock held for write; mm->pages is there.
 */
#ifndef FAULT_HUGE_MEMORY_H
#define FAULT_HUGE_MEMORY_H

#include "space/mm_pages.h"

/* What a fault answers itself: no UMM_FAULT_ has these numbers. */
#define FAULT_CHANGED	(-1)		/* somebody was faster: look at the entry again */
#define FAULT_FALLBACK	(-2)		/* small pages will do */

/*
 * Make the access possible with a huge page.  As handle_mm_fault(), but FAULT_FALLBACK where none
 * can be, or none is to be had, or the one that is there was cut into small entries; and
 * FAULT_CHANGED.
 */
__must_check int handle_huge_fault(struct mm_struct *mm, const struct vm_area_struct *vma,
				   umm_addr_t addr, unsigned int access);

/* The entry for the 2 MiB from @head on: used, and with @write written. */
uint64_t mk_huge_pmd(const struct mm_pages *pages, const struct vm_area_struct *vma,
		     const struct page *head, bool write);

/*
 * fork: @child gets what the entry of @parent at @slot, of the 2 MiB at @addr, says; neither may
 * write it.
 * => 0, or -UMM_ENOMEM for want of a table.
 */
__must_check int copy_huge_pmd(struct mm_struct *child, struct mm_struct *parent, pte_t *slot,
			       umm_addr_t addr, struct mmu_gather *tlb);

/* Why the 2 MiB are no huge page after all. */
enum collapse_result {
	COLLAPSE_DONE,			/* they are one */
	COLLAPSE_NO_TABLE,		/* nothing was ever there */
	COLLAPSE_BUSY,			/* somebody holds one of its frames */
	COLLAPSE_NO_FRAME,
	COLLAPSE_GUARD,			/* there is a guard marker */
};

/*
 * MADV_COLLAPSE: what is in the 2 MiB at @addr, which lie in the anonymous @vma, goes into a huge
 * page of this process's own; where nothing is, zeros.
 */
__must_check enum collapse_result collapse_huge_page(struct mm_struct *mm,
						     const struct vm_area_struct *vma,
						     umm_addr_t addr);

#endif
