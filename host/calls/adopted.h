/*
 * adopted.h - taking over what a call did.
 *
 * Layer: host.
 */
#ifndef HOST_CALLS_ADOPTED_H
#define HOST_CALLS_ADOPTED_H

#include "host/follower.h"

/*
 * If areas in [start, end) are not what the model has: take them over.  @moved_from as of
 * umm_adopt_range().  True if they were not.
 */
bool take_over_if_changed(struct follower *f, struct task *task, uint64_t start, uint64_t end,
			  uint64_t moved_from);

#endif
