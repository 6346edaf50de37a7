/*
 * events.h - what a stop of the program means.
 *
 * Layer: host.
 */
#ifndef HOST_EVENTS_H
#define HOST_EVENTS_H

#include "host/follower.h"

/* @tid reported @status to waitpid(): do what it asks for and let it go on. */
void events_dispatch(struct follower *f, pid_t tid, int status);

/* @task stands at the exit stop of its call: compare.  It does not go on yet. */
void events_call_answered(struct follower *f, struct task *task);

/* Now and then, while somebody waits for a turn or for its parent's event. */
void events_let_in_overdue(struct follower *f);
void events_let_out_orphans(struct follower *f);

#endif
