/*
 * exec.h - the model of a program that exec has just laid out.
 *
 * Layer: host.  Where exec puts things is chance and the loader's business: it is adopted, once per
 * exec.
 */
#ifndef HOST_EXEC_H
#define HOST_EXEC_H

#include "host/follower.h"

/*
 * @task stands at PTRACE_EVENT_EXEC: give it a new space with a model of what is there.  A negative
 * error; then it has none.
 */
int exec_import(struct follower *f, struct task *task);

#endif
