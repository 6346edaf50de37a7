#include "host/calls/calls.h"
#include "host/calls/observe.h"

static void munmap_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	observe_settings(f, task, false);
	observe_range(call, call->pub.arg[0], call->pub.arg[1]);
	observe_anon(f, task, call->start, call->end);
	observe_what_goes(task);
	call->pub.predicted = umm_munmap(task->space->mm, call->pub.arg[0], call->pub.arg[1],
					 task->why);
}

const struct call_ops call_munmap = { .predict = munmap_predict };
