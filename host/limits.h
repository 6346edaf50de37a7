/*
 * limits.h - what of a process memory calls ask for: limits, capabilities, personality.
 *
 * Layer: host.
 */
#ifndef HOST_LIMITS_H
#define HOST_LIMITS_H

#include "host/follower.h"

/*
 * Two processes can share an address space (vfork) and differ in these: before a call of @task, the
 * model has those of its process.  Free if they are there already.
 */
void limits_ensure(struct task *task);

/* Threads differ in their personality: the model has the caller's. */
void limits_ensure_personality(struct task *task);

/* Read them from the kernel again. */
void limits_read(struct task *task);
void limits_read_personality(struct task *task);

/*
 * Who the thread is: user, group and supplementary groups.  -ENOTSUP for more of those than the
 * model holds, or another negative error.
 */
int limits_read_ids(struct task *task);

/* Somebody set the limits of another process: each space reads them again before its next call. */
void limits_forget(struct follower *f);

/* The soft RLIMIT_STACK of a process. */
bool limits_stack(pid_t pid, uint64_t *soft);

/* True if it has a seccomp filter, which may refuse calls after we have seen them begin. */
bool limits_has_seccomp(pid_t tid);

/*
 * What the process has asked for by prctl before anybody followed it: no huge pages, merging by
 * content.  Kernels before 6.13 do not tell the latter.
 */
void limits_read_wishes(struct task *task);

/* VmLck of the process in pages, or 0. */
uint64_t limits_locked_pages(pid_t pid);

#endif
