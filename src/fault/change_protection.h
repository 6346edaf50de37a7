/*
 * change_protection.h - mprotect's part of the page tables.
 *
 * Layer: fault.  mmap_lock held for write; mm->pages is there.
 */
#ifndef FAULT_CHANGE_PROTECTION_H
#define FAULT_CHANGE_PROTECTION_H

#include "space/mm_pages.h"

/* [start, end) lies in @vma, whose flags are the new ones. */
void change_protection(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t start,
		       umm_addr_t end);

#endif
