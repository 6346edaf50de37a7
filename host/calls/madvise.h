/*
 * madvise.h - what madvise and process_madvise share.
 *
 * Layer: host.
 */
#ifndef HOST_CALLS_MADVISE_H
#define HOST_CALLS_MADVISE_H

#include "host/follower.h"

/* Look at what the advice for [start, end) of @space asks for, before the model answers. */
void observe_for_advice(struct follower *f, struct task *task, struct space *space, uint64_t start,
			uint64_t end, int advice);

/* Why the kernel's answer will have to be taken over, or NULL. */
const char *advice_depends(struct umm_mm *mm, uint64_t addr, uint64_t len, int advice);

/* Of call_ops: the answer alone is taken over, no area changes by it. */
bool madvise_take_over(struct follower *f, struct task *task, int64_t got);

#endif
