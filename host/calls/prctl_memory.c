/*
 * prctl_memory.c - prctl(PR_SET_THP_DISABLE) and prctl(PR_SET_MEMORY_MERGE).
 */
#include "host/calls/calls.h"
#include "host/calls/observe.h"

#define PR_SET_THP_DISABLE_OPTION 41

static void prctl_memory_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = &call->pub.arg[1];
	struct umm_mm *mm = task->space->mm;

	observe_settings(f, task, false);
	call->start = 0;
	call->end = TASK_SIZE_64;
	if ((int)call->pub.arg[0] == PR_SET_THP_DISABLE_OPTION)
		call->pub.predicted = umm_set_thp_disable(mm, arg, task->why);
	else
		call->pub.predicted = umm_set_memory_merge(mm, arg, task->why);
}

const struct call_ops call_prctl_memory = { .predict = prctl_memory_predict };
