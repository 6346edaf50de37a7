/*
 * task.h - the threads that are traced and the address spaces that they live in.
 *
 * Layer: host.
 */
#ifndef HOST_TASK_H
#define HOST_TASK_H

#include "host/follower.h"

struct task *task_find(const struct follower *f, pid_t tid);

/* A task without a space.  NULL if memory ran out. */
struct task *task_new(struct follower *f, pid_t tid);

/* Take it out of every list, leave its space and free it. */
void task_free(struct follower *f, struct task *task);

/* Live in @space from now on (NULL for none), leaving the old one. */
void task_set_space(struct follower *f, struct task *task, struct space *space);

/* Asleep inside the kernel, or gone, by the third field of stat. */
bool task_sleeps(const struct task *task);

/* An address space around @mm, whose reference it takes.  Freed with its last task. */
struct space *space_new(struct follower *f, struct umm_mm *mm, pid_t pid);

/* Stop to follow: the model goes, the tasks run on. */
void space_give_up(struct follower *f, struct space *space);

/* Descriptors of /proc/PID/…, opened when first asked for.  A negative error if that fails. */
int space_maps_fd(struct space *space);
int space_smaps_fd(struct space *space);
int space_pagemap_fd(struct space *space);

#endif
