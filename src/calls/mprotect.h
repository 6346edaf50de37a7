/*
 * mprotect.h - changing the protection of a range.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_MPROTECT_H
#define CALLS_MPROTECT_H

#include "base/why.h"
#include "space/mm_types.h"

/*
 * mprotect(2), pkey_mprotect(2) if @pkey is not -1.
 * => refused: areas below the one that refused are changed already (as Linux).
 */
__must_check long do_mprotect_pkey(struct mm_struct *mm, umm_addr_t start, uint64_t len,
				   uint64_t prot, int pkey, struct umm_why *why);

#endif
