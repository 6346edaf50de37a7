/*
 * samples.h - page faults from the rings to the models.
 *
 * Layer: host.
 */
#ifndef HOST_SAMPLES_H
#define HOST_SAMPLES_H

#include "host/follower.h"

/* Take out what the rings hold and apply it to the models, oldest first. */
void samples_apply(struct follower *f);

/*
 * @task was in exec: its samples so far belong to an address space that is gone, or to the loader's
 * work, which the import sees.
 */
void samples_forget(struct follower *f, struct task *task);

#endif
