/*
 * mseal.h - areas that shall never be unmapped, moved or protected otherwise.
 *
 * Layer: calls.
 */
#ifndef CALLS_MSEAL_H
#define CALLS_MSEAL_H

#include "base/why.h"
#include "space/mm_types.h"

/*
 * mseal(2).
 * => mmap_lock held for write.
 * => refused for a split: areas below are sealed already (as Linux).
 */
__must_check long do_mseal(struct mm_struct *mm, umm_addr_t start, uint64_t len, uint64_t flags,
			   struct umm_why *why);

#endif
