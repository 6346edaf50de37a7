/*
 * turn.h - one memory call per address space at a time.
 *
 * Layer: host.  Two threads that call mmap at once are answered by the kernel in an order that
 * nobody tells; so the follower makes the order.  A thread whose space is busy stays at its seccomp
 * stop.  See turn.c for when a turn ends.
 */
#ifndef HOST_TURN_H
#define HOST_TURN_H

#include "host/follower.h"

/* True if @task may go in now; else it is queued and must not be resumed. */
bool turn_take(struct task *task, bool timed);

/* Its turn is over.  The next in line, if any: the caller begins its call. */
struct task *turn_end(struct task *task);

/* @task leaves its space or dies: out of the queue and of the calls under way. */
void turn_forget(struct follower *f, struct task *task);

/* True if a task waits that turn_overdue() may have to let in: somebody must look now and then. */
bool turn_anybody_waits(const struct follower *f);

/*
 * A task to be let in although others are inside for long, asleep; NULL if there is none.  Each of
 * those is parked, which @parked is told.
 */
struct task *turn_overdue(struct follower *f, uint64_t now_ns,
			  void (*parked)(struct follower *f, struct task *task));

#endif
