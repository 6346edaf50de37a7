/*
 * outcome.h - the kernel's answer beside the prediction.
 *
 * Layer: host.
 */
#ifndef HOST_OUTCOME_H
#define HOST_OUTCOME_H

#include "host/follower.h"

/* A modelled or adopted call came back with @got: compare, take over, tell. */
void outcome_call(struct follower *f, struct task *task, int64_t got);

/* A call that the model has nothing to do with came back: tell. */
void outcome_passive(struct follower *f, struct task *task, int64_t got);

/* A call whose owner will not see it return (death, exec): tell, and drop what it held. */
void outcome_no_return(struct follower *f, struct task *task);

/* The last thread of the space is about to leave it, or we are: @where says so, "at exit". */
void outcome_exit(struct follower *f, struct task *task, const char *where);

#endif
