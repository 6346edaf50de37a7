/*
 * unknown.h - what of a process nobody can read that did not see it begin.
 *
 * Layer: host.  A difference that hangs on it is no divergence: it is taken over under
 * ADOPT_BEFORE, and what it teaches is known from then on.
 */
#ifndef HOST_UNKNOWN_H
#define HOST_UNKNOWN_H

#include "host/follower.h"

/* All that the model of @space has was there before us.  How many areas, or a negative error. */
int64_t unknown_begin(struct space *space);

/* @child has been forked from @parent. */
int unknown_inherit(struct space *child, const struct space *parent);

void unknown_free(struct space *space);

/* True if an area in [start, end) was there before us. */
bool unknown_touches(const struct space *space, uint64_t start, uint64_t end);

/*
 * The same, or an area joined to one without a hole, or one that maps a file that was mapped before
 * us: which open file that was, nobody can tell.
 */
bool unknown_in_doubt(const struct space *space, uint64_t start, uint64_t end);

/* The call answered @truth: areas may be gone, or have come from old ones. */
void unknown_moved(struct task *task, int64_t truth);

/*
 * The call answered @truth and the model predicted otherwise: what that hangs on, if it is
 * something unknown, for people; else NULL.  Learns from it; call before the model is made what the
 * kernel has.
 */
const char *unknown_explains(struct follower *f, struct task *task, int64_t truth);

/* The same where the answers agree and the areas do not. */
const char *unknown_explains_areas(struct task *task);

/* The call agreed: learn what it tells. */
void unknown_learn(struct follower *f, struct task *task, int64_t truth);

#endif
