/*
 * fault.h - a page fault as far as areas go: growth, permission, and the anon_vma of the first
 * write.
 *
 * Layer: fault.  mmap_lock held for write.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include "base/why.h"
#include "space/mm_types.h"

/*
 * A fault at @addr.  UMM_FAULT_OK, UMM_SEGV_MAPERR, UMM_SEGV_ACCERR, UMM_BUS_ADRERR in a world with
 * pages, or -UMM_ENOMEM (UMM_FAULT_OOM) for want of our own memory or of frames: it can be tried
 * again.
 */
__must_check int handle_fault(struct mm_struct *mm, umm_addr_t addr, unsigned int access,
			      struct umm_why *why);

/*
 * Does an access to @addr give @vma an anon_vma?  A write to private memory does, and a read where
 * a huge page can be put: the huge zero page is prepared as if for writing.
 */
bool fault_prepares(const struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t addr,
		    bool write);

/* Move the start of the stack @vma down to the page of @addr: 0, or refused. */
__must_check long expand_downwards(struct mm_struct *mm, struct vm_area_struct *vma,
				   umm_addr_t addr, struct umm_why *why);

#endif
