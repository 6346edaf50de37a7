/*
 * gup.h - reaching into an address space: the frame behind an address, made if need be.
 *
 * Layer: fault.  Takes the lock of an area, or mmap_lock, unless it says otherwise.
 */
#ifndef FAULT_GUP_H
#define FAULT_GUP_H

#include "fault/fault.h"
#include "space/mm_pages.h"

/*
 * The frame at @addr for an access as the program's own would be, which leaves its marks in the
 * entry; with a reference for the caller.  NULL, and why in *fault (UMM_SEGV_MAPERR, ...).
 */
struct page *get_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access, int *fault);

/*
 * Where the contents of the page at @addr are, if an entry allows the access and has the marks that
 * it leaves; else NULL, which says nothing.  Takes no lock.
 */
char *get_user_page_fast(const struct mm_struct *mm, umm_addr_t addr, unsigned int access);

/*
 * As get_user_page(), and the area stays held until unlock_user_page(): as long, what the access
 * allows can be done.  Else a fork could come between, and the child see what is written.
 */
struct user_page {
	struct page *page;		/* NULL: why not is in *fault, and nothing is held */
	struct fault_hold hold;
};

struct user_page lock_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access,
				int *fault);
void unlock_user_page(const struct user_page *user);

/*
 * What is there now, without a fault: entry and frame, or none; of a huge page, what its entry says
 * of the frame at @addr.  => mmap_lock held.
 */
uint64_t follow_pte(const struct mm_struct *mm, umm_addr_t addr);

#endif
