/*
 * mincore.h - which pages are resident: as far as the question itself can be refused.
 *
 * Layer: calls.
 */
#ifndef CALLS_MINCORE_H
#define CALLS_MINCORE_H

#include "base/why.h"
#include "space/mm_types.h"

/*
 * mincore(2): the vector at @vec is written to, which may fault pages of this address space in.
 * => mmap_lock held for write.
 */
__must_check long do_mincore(struct mm_struct *mm, umm_addr_t start, uint64_t len, umm_addr_t vec,
			     struct umm_why *why);

#endif
