/*
 * thp.h - may memory have huge pages?
 *
 * Layer: fault.  mmap_lock held.
 */
#ifndef FAULT_THP_H
#define FAULT_THP_H

#include "space/mm_types.h"

/* Could a huge page be put around @addr? */
bool thp_fault_eligible(const struct mm_struct *mm, const struct vm_area_struct *vma,
			umm_addr_t addr);

/* Anywhere in @vma: THPeligible of smaps. */
bool thp_vma_eligible(const struct mm_struct *mm, const struct vm_area_struct *vma);

#endif
