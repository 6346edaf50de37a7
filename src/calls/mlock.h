/*
 * mlock.h - memory that stays: mlock2(2) and its kin.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_MLOCK_H
#define CALLS_MLOCK_H

#include "base/why.h"
#include "space/mm_types.h"

__must_check long do_mlock(struct mm_struct *mm, umm_addr_t start, uint64_t len, uint64_t flags,
			    struct umm_why *why);
__must_check long do_munlock(struct mm_struct *mm, umm_addr_t start, uint64_t len,
			     struct umm_why *why);
__must_check long do_mlockall(struct mm_struct *mm, uint64_t flags, struct umm_why *why);
__must_check long do_munlockall(struct mm_struct *mm, struct umm_why *why);

#endif
