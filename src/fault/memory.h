/*
 * memory.h - a frame for an address: what a fault does once the area allows it.
 *
 * Layer: fault.  The area is held: vma_lock.h, or mmap_lock; mm->pages is there.
 */
#ifndef FAULT_MEMORY_H
#define FAULT_MEMORY_H

#include "space/mm_pages.h"

/*
 * Make the access possible.  @vma contains @addr and allows @access (UMM_ACCESS_); where the access
 * needs an anon_vma it has one (fault_prepares()).
 * => UMM_FAULT_OK; UMM_BUS_ADRERR: the object has no such page; UMM_FAULT_OOM: nothing changed but
 *    tables, and it may be tried again.
 */
__must_check int handle_mm_fault(struct mm_struct *mm, const struct vm_area_struct *vma,
				 umm_addr_t addr, unsigned int access);

/* As an area is asked: of several accesses at once, the first of write, execute, read. */
static inline unsigned int access_kind(unsigned int access)
{
	if (access & UMM_ACCESS_WRITE)
		return UMM_ACCESS_WRITE;
	return access & UMM_ACCESS_EXEC ? UMM_ACCESS_EXEC : UMM_ACCESS_READ;
}

/* Does hardware let the access pass?  Then it is marked as used, and as dirty by a write. */
bool pte_access(const struct mm_pages *pages, pte_t *slot, unsigned int access);

/* Is a frame there, whatever is allowed? */
bool page_is_mapped(const struct mm_struct *mm, umm_addr_t addr);

#endif
