/*
 * process_madvise.h - advice about several ranges, perhaps of another process.
 *
 * Layer: calls.
 */
#ifndef CALLS_PROCESS_MADVISE_H
#define CALLS_PROCESS_MADVISE_H

#include "base/why.h"
#include "space/mm_types.h"

struct process_madvise_request {
	struct mm_struct *target;	/* NULL: the descriptor is no pidfd */
	const struct umm_range *range;	/* NULL: the vector cannot be read */
	uint64_t nr;
	int behavior;
	uint64_t flags;
};

/* process_madvise(2) by the owner of @mm.  Takes the locks.  Bytes advised, or refused. */
__must_check int64_t process_madvise(struct mm_struct *mm,
				     const struct process_madvise_request *req,
				     struct umm_why *why);

#endif
