/*
 * orders.h - what ran at the same time, in every order in which it may have happened.
 *
 * Layer: host.  space->mm is one way in which things may have gone; space->hypotheses are the
 * others that the kernel's answers so far allow.  See orders.c.
 */
#ifndef HOST_ORDERS_H
#define HOST_ORDERS_H

#include "host/follower.h"

/*
 * A fault in a space with several threads, for every model of it.  @open: its thread runs, and it
 * may not be through yet; then it is only remembered, for the call that is about to begin.
 */
void orders_fault(struct follower *f, struct task *task, const struct fault_sample *sample,
		  bool open);

/* Is an open fault in [start, end)?  And: its page is there, so it came before the call. */
bool orders_is_open(const struct space *space, uint64_t start, uint64_t end);
void orders_fault_done(struct follower *f, struct space *space, uint64_t start, uint64_t end);

/* Does the call touch pages?  Then it may sleep: a page may be another thread's to bring. */
bool orders_may_sleep(const struct call *call);

/* The call of @task is predicted: by every model. */
void orders_predict(struct follower *f, struct task *task);

/*
 * While a family predicts, just before the model answers: what stands in and around [start, end)
 * decides, or is changed.  If a fault beside the call could make a difference, the model is kept
 * as it is now.
 */
void orders_hold(struct follower *f, struct task *task, uint64_t start, uint64_t end);

/* The kernel has done the call of @task: faults beside it came before it or after it. */
void orders_exit(struct follower *f, struct task *task);

/* The call of @task will never return: nobody knows what it did. */
void orders_give_up(struct follower *f, struct task *task);

/* The call of @task is over. */
void orders_end(struct follower *f, struct task *task);

/* The model was made what the kernel has: there is nothing else that could be. */
void orders_forget(struct space *space);

/* @task sleeps in its call, and another call is let in: either may come first. */
void orders_overlap(struct follower *f, struct task *task);

/* @task leaves its space. */
void orders_leave(struct space *space, struct task *task);

#endif
