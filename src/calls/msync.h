/*
 * msync.h - writing shared mappings back to their files.
 *
 * Layer: calls.
 */
#ifndef CALLS_MSYNC_H
#define CALLS_MSYNC_H

#include "base/why.h"
#include "space/mm_types.h"

/* msync(2).  mmap_lock held for read. */
__must_check long do_msync(const struct mm_struct *mm, umm_addr_t start, uint64_t len,
			   uint64_t flags, struct umm_why *why);

#endif
