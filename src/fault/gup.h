/*
 * gup.h - reaching into an address space: the frame behind an address, made if need be.
 *
 * Layer: fault.  Takes mmap_lock.
 */
#ifndef FAULT_GUP_H
#define FAULT_GUP_H

#include "base/why.h"
#include "space/mm_pages.h"

/*
 * The frame at @addr for an access as the program's own would be, which leaves its marks in the
 * entry; with a reference for the caller.  NULL, and why in *fault (UMM_SEGV_MAPERR, ...).
 */
struct page *get_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access, int *fault);

/* What is there now, without a fault: entry and frame, or none.  => mmap_lock held. */
uint64_t follow_pte(const struct mm_struct *mm, umm_addr_t addr);

#endif
