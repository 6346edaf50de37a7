/*
 * exec.h - the model of a program that exec has just laid out.
 *
 * Layer: host.  Predicted from what the loader is given (exec_load.c); taken over where the model
 * has no loader for it (exec.c): then it is adopted, once per exec.
 */
#ifndef HOST_EXEC_H
#define HOST_EXEC_H

#include "host/follower.h"

/*
 * @task stands at the entry of execve or execveat: note what nobody can see afterwards.
 */
void exec_entered(struct task *task);

/*
 * @task stands at PTRACE_EVENT_EXEC: give it a space without areas, with its limits.  A negative
 * error; then it keeps the old one.
 */
int exec_new_space(struct follower *f, struct task *task);

/*
 * In that space: predict the layout, compare, and take over what the model cannot know.  A negative
 * error; then the space is of no use.
 */
int exec_follow(struct follower *f, struct task *task);

/* Areas and layout as the kernel has them, into a space without areas.  A negative error. */
int exec_import(struct follower *f, struct task *task);

/* Tell the sink of a program that runs, was refused or is killed, with task->why. */
void exec_tell(struct follower *f, struct task *task, const char *path, bool killed);

/*
 * @task stands at the exit stop of an exec that failed: with its old address space, or already
 * without one.  Then it dies, and is followed no more.
 */
void exec_failed(struct follower *f, struct task *task, int64_t got);

#endif
