/*
 * process_madvise.c - advice for several ranges, of the caller or of another process.
 *
 * The vector and the pidfd are looked at before the call.  What one process may have done to
 * another changes no area.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/madvise.h"
#include "host/calls/observe.h"
#include "host/orders.h"
#include "host/files.h"
#include "host/task.h"

#define IOV_MAX_64 1024
#define PIDFD_SELF_THREAD -10000	/* Linux 6.14 */
#define PIDFD_SELF_THREAD_GROUP -10001

struct vector {
	struct umm_range range[IOV_MAX_64];
	const struct umm_range *read;	/* range, or NULL: it could not be read */
};

static void read_vector(struct task *task, uint64_t addr, uint64_t nr, struct vector *vector)
{
	struct iovec local = { vector->range, nr * sizeof(vector->range[0]) };
	struct iovec remote = { (void *)(uintptr_t)addr, local.iov_len };

	_Static_assert(sizeof(struct umm_range) == sizeof(struct iovec), "as the kernel's");
	vector->read = NULL;
	if (nr > IOV_MAX_64)
		return;
	if (!nr || process_vm_readv(task->tid, &local, 1, &remote, 1, 0) == (ssize_t)local.iov_len)
		vector->read = vector->range;
}

/* The process that a descriptor names: -EBADF for no pidfd, -ESRCH for one that is gone. */
static pid_t pid_of_pidfd(struct task *task, int pidfd)
{
	int copy = files_copy_descriptor(task, pidfd);
	char path[48], line[64];
	pid_t pid = -EBADF;
	FILE *info;

	if (copy < 0)
		return copy;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", copy);
	info = fopen(path, "re");
	while (info && fgets(line, sizeof(line), info))
		if (strncmp(line, "Pid:", 4) == 0)
			pid = (pid_t)strtol(line + 4, NULL, 10);
	if (info)
		fclose(info);
	close(copy);
	return pid == -1 || pid == 0 ? -ESRCH : pid;
}

/* The followed space that the descriptor names.  *err: why there is none, -EBADF for no pidfd. */
static struct space *find_target(struct follower *f, struct task *task, int pidfd, int *err)
{
	const struct task *other;
	pid_t pid;

	*err = 0;
	if (pidfd == PIDFD_SELF_THREAD || pidfd == PIDFD_SELF_THREAD_GROUP)
		return task->space;
	pid = pid_of_pidfd(task, pidfd);
	other = pid > 0 ? task_find(f, pid) : NULL;
	if (other && other->space && other->space->mm && !other->exiting)
		return other->space;
	*err = pid < 0 ? (int)pid : -ESRCH;
	return NULL;
}

static const char *vector_depends(struct umm_mm *mm, const struct vector *vector, uint64_t nr,
				  int advice)
{
	const char *reason = NULL;

	for (uint64_t i = 0; vector->read && i < nr && !reason; i++)
		reason = advice_depends(mm, vector->range[i].start, vector->range[i].len, advice);
	return reason;
}

static void process_madvise_predict(struct follower *f, struct task *task)
{
	static struct vector vector;	/* 16 KiB: not for the stack; one thread does everything */
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	int advice = (int)arg[3], err;
	struct space *target;

	observe_settings(f, task, false);
	read_vector(task, arg[1], arg[2], &vector);
	target = find_target(f, task, (int)arg[0], &err);
	for (uint64_t i = 0; target && vector.read && i < arg[2]; i++) {
		observe_range(call, vector.range[i].start, vector.range[i].len);
		observe_for_advice(f, task, target, call->start, call->end, advice);
	}
	if (target == task->space)
		orders_hold(f, task, 0, TASK_SIZE_64);
	else if (target && !f->supposing)
		orders_forget(target);
	call->start = 0;
	call->end = target == task->space ? TASK_SIZE_64 : 0;
	call->elsewhere = target != task->space && err != -EBADF;
	call->pub.predicted = umm_process_madvise(task->space->mm, target ? target->mm : NULL,
						  vector.read, arg[2], advice, arg[4], task->why);
	if (target && call->pub.predicted > 0)
		call->adopt_reason = vector_depends(target->mm, &vector, arg[2], advice);
	/* A process that nobody follows, or that is gone: with a pidfd that is one. */
	if (!target && err != -EBADF && call->pub.predicted == -EBADF)
		call->adopt_reason = ADOPT_OTHER_PROCESS;
}

/* Whether the caller may look at another process is not memory management's to say. */
static bool process_madvise_agrees(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	int64_t got = call->pub.got;

	if (got == call->pub.predicted)
		return true;
	if (!call->elsewhere || (got != -EACCES && got != -EPERM && got != -ESRCH))
		return false;
	call->pub.adopted = true;
	adopt_count(f, task, &call->pub, ADOPT_OTHER_PROCESS, NULL);
	return true;
}

const struct call_ops call_process_madvise = {
	.predict = process_madvise_predict,
	.agrees = process_madvise_agrees,
	.take_over = madvise_take_over,
};
