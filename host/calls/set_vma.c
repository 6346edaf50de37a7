/*
 * set_vma.c - prctl(PR_SET_VMA).
 */
#include <string.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/memory.h"

static void set_vma_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	struct umm_anon_name name = { 0 };
	char text[UMM_ANON_NAME_MAX];
	long got = 0;

	observe_settings(f, task, false);
	observe_range(call, arg[2], arg[3]);
	observe_anon(f, task, call->start, call->end);
	if (arg[4]) {
		got = memory_read(task, arg[4], text, sizeof(text));
		if (got < 0) {
			adopt_answer(call, ADOPT_WATCHED_ARGUMENT);
			return;
		}
		name.text = text;
		name.length = strnlen(text, (size_t)got);
		name.unreadable = name.length == (uint64_t)got;
	}
	call->pub.predicted = umm_set_vma_name(task->space->mm, arg[1], arg[2], arg[3], &name,
					       task->why);
}

const struct call_ops call_set_vma = { .predict = set_vma_predict };
