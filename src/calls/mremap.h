/*
 * mremap.h - resizing and moving areas.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_MREMAP_H
#define CALLS_MREMAP_H

#include "base/why.h"
#include "space/mm_types.h"

/* What mremap(2) was asked for. */
struct mremap_request {
	umm_addr_t addr;
	uint64_t old_len, new_len;	/* bytes, as they were given */
	uint64_t flags;			/* MREMAP_ */
	umm_addr_t new_addr;
};

/*
 * mremap(2): the address of the range afterwards.
 * => refused: what stood at a fixed new address may be gone, a tail that was cut off too, and of
 *    several areas the first ones are moved already (as Linux).
 */
__must_check int64_t do_mremap(struct mm_struct *mm, const struct mremap_request *req,
			       struct umm_why *why);

/* Where do_mremap() would put the range; changes nothing. */
__must_check int64_t mremap_choose_address(struct mm_struct *mm, const struct mremap_request *req);

#endif
