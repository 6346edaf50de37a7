/*
 * mlock.c - mlock, mlock2, munlock, mlockall, munlockall.
 */
#include <asm/unistd.h>

#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/compare.h"

static int64_t answer(struct task *task)
{
	const uint64_t *arg = task->call.pub.arg;
	struct umm_mm *mm = task->space->mm;

	switch (task->call.pub.nr) {
	case __NR_mlock:
		return umm_mlock(mm, arg[0], arg[1], 0, task->why);
	case __NR_mlock2:
		return umm_mlock(mm, arg[0], arg[1], (uint32_t)arg[2], task->why);
	case __NR_munlock:
		return umm_munlock(mm, arg[0], arg[1], task->why);
	case __NR_mlockall:
		return umm_mlockall(mm, (uint32_t)arg[0], task->why);
	default:
		return umm_munlockall(mm, task->why);
	}
}

static void mlock_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t lead = arg[0] - page_down(arg[0]);

	switch (call->pub.nr) {
	case __NR_mlockall:
	case __NR_munlockall:
		call->start = 0;
		call->end = TASK_SIZE_64;
		break;
	default:
		/* The length may be one that wraps around to a short range. */
		observe_range(call, page_down(arg[0]), page_up(arg[1] + lead));
		break;
	}
	observe_settings(f, task, false);
	observe_anon(f, task, call->start, call->end);
	observe_contents(f, task, task->space, call->start, call->end);
	call->pub.predicted = answer(task);
}

/* The count shows in no area. */
static void mlock_after(struct follower *f, struct task *task, int64_t got)
{
	(void)got;
	compare_locked(f, task);
}

const struct call_ops call_mlock = { .predict = mlock_predict, .after = mlock_after };
