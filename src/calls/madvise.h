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

/* Advice that does nothing but change flags: those that @vma shall have.  madvise_flags.c. */
__must_check long madvise_new_flags(const struct vm_area_struct *vma, int behavior,
				    vm_flags_t *new_flags, struct umm_why *why);

/* Is it such advice? */
bool madvise_changes_flags(int behavior);

/* Is the advice one that this kernel knows? */
bool madvise_behavior_valid(const struct world *world, int behavior);

#endif
