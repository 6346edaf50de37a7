/*
 * limits.h - resource limits and protection keys.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_LIMITS_H
#define CALLS_LIMITS_H

#include "base/why.h"
#include "space/mm_types.h"

/* setrlimit(2), of a limit that memory calls ask for or of another. */
__must_check long do_setrlimit(struct mm_struct *mm, uint32_t resource, uint64_t soft,
			       uint64_t hard, struct umm_why *why);

__must_check long do_pkey_alloc(struct mm_struct *mm, uint64_t flags, uint64_t rights,
				struct umm_why *why);
__must_check long do_pkey_free(struct mm_struct *mm, int pkey, struct umm_why *why);

/* Where mm->rlimit has @resource (UMM_RLIMIT_), or -1. */
int rlimit_index(uint32_t resource);

#endif
