#include <asm/unistd.h>
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/settings.h"

static void mprotect_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	int pkey = call->pub.nr == __NR_pkey_mprotect ? (int)arg[3] : -1;

	if (pkey != -1 && f->settings->has_pkeys) {
		adopt_answer(call, ADOPT_PKEYS);
		return;
	}
	observe_settings(f, task, arg[1] >= BIG_REQUEST);
	observe_range(call, arg[0], arg[1]);
	if (arg[2] & PROT_GROWSDOWN) {		/* it reaches down to the area's start */
		struct umm_area area = { .size = sizeof(area) };

		if (umm_find_area(task->space->mm, call->start, &area) && area.start < call->start)
			call->start = area.start;
	}
	observe_anon(f, task, call->start, call->end);
	call->pub.predicted = umm_mprotect(task->space->mm, arg[0], arg[1], arg[2], pkey,
					   task->why);
}

const struct call_ops call_mprotect = { .predict = mprotect_predict };
