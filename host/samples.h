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

/*
 * True if an area in [start, end) got its anon_vma by a fault beside a call of another thread: nobody
 * can tell which of the two was first, and so with whom it shares it.
 */
bool samples_in_doubt(const struct space *space, uint64_t start, uint64_t end);

#endif
