/*
 * madvise.h - advice about a range.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_MADVISE_H
#define CALLS_MADVISE_H

#include "base/why.h"
#include "space/mm_types.h"

/* madvise(2). */
__must_check long do_madvise(struct mm_struct *mm, umm_addr_t start, uint64_t len, int behavior,
			     struct umm_why *why);

/* May the kernel's answer be another one for reasons that are not modelled? */
bool madvise_depends(const struct mm_struct *mm, umm_addr_t start, uint64_t len, int behavior);

/* Is the advice one that this kernel knows? */
bool madvise_behavior_valid(const struct world *world, int behavior);

#endif
