#include "host/calls/calls.h"
#include "host/calls/observe.h"

static void brk_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	struct umm_layout layout = { .size = sizeof(layout) };
	uint64_t now, want = call->pub.arg[0];

	observe_settings(f, task, false);
	umm_mm_get_layout(task->space->mm, &layout);
	now = layout.brk;
	if (want >= layout.start_brk && want < TASK_SIZE_64) {
		uint64_t low = want < now ? want : now, high = want < now ? now : want;

		if (high - low >= BIG_REQUEST)
			observe_settings(f, task, true);
		observe_range(call, low, page_up(high) - low);
		observe_anon(f, task, call->start, call->end);
	} else {
		observe_range(call, now, 0);
	}
	call->pub.predicted = (int64_t)umm_brk(task->space->mm, want, task->why);
}

static void brk_diverged(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	umm_adopt_brk(task->space->mm, (umm_addr_t)got);
}

const struct call_ops call_brk = { .predict = brk_predict, .diverged = brk_diverged };
