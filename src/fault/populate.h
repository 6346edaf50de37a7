/*
 * populate.h - pages are made before anybody touches them: mlock, MAP_POPULATE, MADV_POPULATE_*.
 *
 * Layer: fault.  mmap_lock held for write.
 */
#ifndef FAULT_POPULATE_H
#define FAULT_POPULATE_H

#include "base/why.h"
#include "space/mm_types.h"

/* Why a page could not be had. */
enum populate_stop {
	POPULATE_DONE,
	POPULATE_HOLE,			/* no area */
	POPULATE_ACCESS,		/* the area does not allow the access */
	POPULATE_GUARD,			/* a guard marker */
	POPULATE_BEYOND_EOF,		/* no page of the file there */
	POPULATE_NO_HUGE_PAGE,		/* not promised when it was mapped, and none is free */
	POPULATE_NO_FRAME,		/* the machine has no frame left, for it or for a table */
};

/* Where it stopped, and at what; DONE: nowhere. */
struct populate_result {
	enum populate_stop stop;
	umm_addr_t at;
	const struct vm_area_struct *vma;	/* that it is in, NULL for a hole */
};

/* Reserve what filling [start, end) may need: an anon_vma per area.  0, or refused. */
__must_check long populate_reserve(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
				   struct umm_why *why);

/*
 * As mlock and mmap do: areas that are private and writable are written, others read; a lock on
 * fault, holes and drivers' memory are passed over.  Ends at the first page that cannot be had.
 * => populate_reserve() came before.
 */
struct populate_result mm_populate(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* The same with errors ignored: what cannot be had ends its area, and the next is gone on with. */
void populate_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* Is there no page to be had at @addr, whoever asks and whatever the area allows? */
bool page_missing(const struct mm_struct *mm, umm_addr_t addr);

/* As MADV_POPULATE_READ and _WRITE do: just this access, and every page must be there. */
struct populate_result faultin_page_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
					  bool write);

#endif
