/*
 * limits.c - setrlimit(2), prlimit(2), pkey_alloc(2), pkey_free(2).
 *
 * A process's own limits are the model's to set.  Those of another process, and limits that memory
 * calls do not ask for, are let through; of another process they are read again before its next
 * call.
 */
#include <errno.h>
#include <sys/resource.h>
#include <asm/unistd.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/limits.h"
#include "host/ptrace.h"
#include "host/settings.h"

/* By the checks of the model; a resource that is none is refused first. */
static bool is_asked_for(uint64_t resource)
{
	return (uint32_t)resource >= RLIM_NLIMITS ||
	       (uint32_t)resource == RLIMIT_AS || (uint32_t)resource == RLIMIT_DATA ||
	       (uint32_t)resource == RLIMIT_STACK || (uint32_t)resource == RLIMIT_MEMLOCK;
}

static void predict_own(struct task *task, uint64_t resource, uint64_t new_limit, uint64_t old)
{
	struct call *call = &task->call;
	uint64_t soft, hard, word;

	limits_ensure(task);
	if (ptrace_peek(task->tid, new_limit, &soft) != 0 ||
	    ptrace_peek(task->tid, new_limit + sizeof(soft), &hard) != 0) {
		call->pub.predicted = -EFAULT;
		return;
	}
	call->pub.predicted = umm_setrlimit(task->space->mm, (uint32_t)resource, soft, hard,
					    task->why);
	/* The old limit is written when the new one is set already. */
	if (!call->pub.predicted && old && ptrace_peek(task->tid, old, &word) != 0)
		call->pub.predicted = -EFAULT;
}

static void rlimit_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	(void)f;
	if (call->pub.nr == __NR_setrlimit && is_asked_for(arg[0]))
		predict_own(task, arg[0], arg[1], 0);
	else if (call->pub.nr == __NR_prlimit64 && !(pid_t)arg[0] && arg[2] &&
		 is_asked_for(arg[1]))
		predict_own(task, arg[1], arg[2], arg[3]);
	else
		call->pub.modelled = false;
}

static bool rlimit_take_over(struct follower *f, struct task *task, int64_t got)
{
	const struct follow_call *pub = &task->call.pub;

	(void)got;
	if (pub->nr == __NR_prlimit64 && (pid_t)pub->arg[0] && pub->arg[2])
		limits_forget(f);
	return false;
}

static void rlimit_diverged(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	(void)got;
	limits_read(task);
}

const struct call_ops call_rlimit = {
	.predict = rlimit_predict,
	.take_over = rlimit_take_over,
	.diverged = rlimit_diverged,
};

/* A processor that has them gives keys that the model does not know. */
static void pkey_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	if (f->settings->has_pkeys) {
		adopt_answer(call, ADOPT_PKEYS);
	} else if (call->pub.nr == __NR_pkey_alloc) {
		call->pub.predicted = umm_pkey_alloc(task->space->mm, arg[0], arg[1], task->why);
	} else {
		call->pub.predicted = umm_pkey_free(task->space->mm, (int)arg[0], task->why);
	}
}

static bool pkey_take_over(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	(void)task;
	(void)got;
	return false;			/* no area changes */
}

const struct call_ops call_pkey = { .predict = pkey_predict, .take_over = pkey_take_over };
