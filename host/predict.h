/*
 * predict.h - the model's answer to a call, before the kernel has seen it.
 *
 * Layer: host.
 */
#ifndef HOST_PREDICT_H
#define HOST_PREDICT_H

#include "host/follower.h"

/*
 * task->call has its number and arguments, the task stands at its seccomp stop and has the turn.
 * Observe what the answer depends on, let the model answer, and write the prediction down.
 */
void predict_call(struct follower *f, struct task *task);

#endif
