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
 * A fault at @addr.  UMM_FAULT_OK, UMM_SEGV_MAPERR, UMM_SEGV_ACCERR, or -UMM_ENOMEM for want of
 * our own memory with nothing changed.
 */
__must_check int handle_fault(struct mm_struct *mm, umm_addr_t addr, unsigned int access,
			      struct umm_why *why);

/*
 * Fill [start, end) as mmap and mprotect do for locked memory: areas that may be written are.
 * => one anon_vma per area was reserved: cannot fail.
 */
void populate_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* Move the start of the stack @vma down to the page of @addr: 0, or refused. */
__must_check long expand_downwards(struct mm_struct *mm, struct vm_area_struct *vma,
				   umm_addr_t addr, struct umm_why *why);

#endif
