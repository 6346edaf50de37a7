/*
 * samples.h - page faults from the rings to the models.
 *
 * Layer: host.
 */
#ifndef HOST_SAMPLES_H
#define HOST_SAMPLES_H

#include "host/follower.h"

/* True if every fault is reported, and whether it was a write. */
bool samples_are_exact(const struct follower *f);

/* Take out what the rings hold and apply it to the models, oldest first. */
void samples_apply(struct follower *f);

/*
 * @task was in exec: its samples so far belong to an address space that is gone, or to the loader's
 * work, which the import sees.
 */
void samples_forget(struct follower *f, struct task *task);

/* The area at @addr got its anon_vma by a fault of @tid. */
void samples_note_gain(struct space *space, uint64_t addr, pid_t tid);

/*
 * The call of @task has been predicted, before which there were @nr_gains: faults of others that
 * were seen then may still not be through.
 */
void samples_doubt_late(struct space *space, const struct task *task, unsigned int nr_gains);

/* Whatever @task faulted on before is done. */
void samples_through(struct task *task);

/* With whom the area at @addr shares its anon_vma is in doubt. */
void samples_note_doubt(struct space *space, uint64_t addr, enum doubt_kind kind);

/*
 * Whether the anon_vma of an area in or beside [start, end) is in doubt: DOUBT_CONCURRENT if only
 * by faults of two threads at once, whose orders are both possible.  A doubt goes where the
 * anon_vma goes, through cuts, merges and moves, and ends with it.
 */
enum doubt_kind samples_in_doubt(const struct space *space, uint64_t start, uint64_t end);

#endif
