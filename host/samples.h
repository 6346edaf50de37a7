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
 * The same after a difference was seen at the end of @task's call: what comes now from other
 * threads ran beside that call, and puts its areas in doubt.  Waits for samples that become
 * visible late.
 */
void samples_apply_late(struct follower *f, const struct task *task);

/*
 * @task was in exec: its samples so far belong to an address space that is gone, or to the loader's
 * work, which the import sees.
 */
void samples_forget(struct follower *f, struct task *task);

/* Note that the area at @addr is in doubt. */
void samples_note_doubt(struct space *space, uint64_t addr, enum doubt_kind kind);

/*
 * Whether an area in [start, end) is in doubt: DOUBT_CONCURRENT if only by faults beside calls of
 * other threads, whose two orders are both possible.
 */
enum doubt_kind samples_in_doubt(const struct space *space, uint64_t start, uint64_t end);

/* The areas within [start, end) are gone: with one thread, so is what was not known of them. */
void samples_doubt_gone(struct space *space, uint64_t start, uint64_t end);

/* What is in doubt of [start, end) is so of the same bytes from @to on. */
void samples_doubt_moves(struct space *space, uint64_t start, uint64_t end, uint64_t to);

/* The area at @addr may have merged: what was in doubt of a part is in doubt of all. */
void samples_doubt_spreads(struct space *space, uint64_t addr);

#endif
