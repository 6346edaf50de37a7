/*
 * prctl.h - what a process says of all its memory: huge pages, merging by content.
 *
 * Layer: calls.  mmap_lock held for write.  @arg: prctl(2)'s second to fifth argument.
 */
#ifndef CALLS_PRCTL_H
#define CALLS_PRCTL_H

#include "base/why.h"
#include "space/mm_types.h"

__must_check long prctl_set_thp_disable(struct mm_struct *mm, const uint64_t arg[4],
					struct umm_why *why);
__must_check long prctl_set_memory_merge(struct mm_struct *mm, const uint64_t arg[4],
					 struct umm_why *why);

#endif
