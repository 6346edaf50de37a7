/*
 * smaps.h - what smaps counts in each area, beside the model's pages.
 *
 * Layer: host.  See smaps.c.
 */
#ifndef HOST_SMAPS_H
#define HOST_SMAPS_H

#include "host/follower.h"

/* Compare the space of @task, which stands still, if it is due; a call of it has just ended. */
void smaps_after_call(struct follower *f, struct task *task);

/* Compare it now: it is about to go. */
void smaps_at_end(struct follower *f, struct task *task, const char *where);

#endif
