/*
 * madvise.c - advice for a range.
 *
 * Three answers are not the model's alone: whether there is memory for MADV_COLLAPSE, what happens
 * to pages that are poisoned (both taken over by name), and what a file system says to a hole in a
 * file (predicted as a success; its refusal is its own).
 */
#include <errno.h>
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/madvise.h"
#include "host/calls/observe.h"
#include "host/orders.h"
#include "host/pages.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

void observe_for_advice(struct follower *f, struct task *task, struct space *space, uint64_t start,
			uint64_t end, int advice)
{
	f->summary->observed += adopt_anon(f, space, start, end, ADOPT_ANON_WRITABLE);
	pages_advised(f, space, start, end, advice);
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE || advice == MADV_REMOVE)
		observe_contents(f, task, space, start, end);
}

const char *advice_depends(struct umm_mm *mm, uint64_t addr, uint64_t len, int advice)
{
	if (advice == MADV_REMOVE || !umm_madvise_depends(mm, addr, len, advice))
		return NULL;
	return advice == MADV_COLLAPSE ? ADOPT_COLLAPSE : ADOPT_MEMORY_FAILURE;
}

static void madvise_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	struct umm_mm *mm = task->space->mm;
	int advice = (int)arg[2];

	observe_settings(f, task, false);
	observe_range(call, arg[0], arg[1]);
	observe_for_advice(f, task, task->space, call->start, call->end, advice);
	orders_hold(f, task, call->start, call->end);
	call->pub.predicted = umm_madvise(mm, arg[0], arg[1], advice, task->why);
	if (call->pub.predicted == 0)
		call->adopt_reason = advice_depends(mm, arg[0], arg[1], advice);
}

/* A file system may refuse holes for reasons of its own: no room, a quota, a read error. */
static bool madvise_agrees(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	if (call->pub.got == call->pub.predicted)
		return true;
	if (call->pub.predicted != 0 || call->pub.got > 0 || (int)arg[2] != MADV_REMOVE ||
	    !umm_madvise_depends(task->space->mm, arg[0], arg[1], MADV_REMOVE))
		return false;
	call->pub.adopted = true;
	adopt_count(f, task, &call->pub, ADOPT_FILE_SYSTEM, NULL);
	return true;
}

bool madvise_take_over(struct follower *f, struct task *task, int64_t got)
{
	/* The model collapsed what it could; if the kernel did not, only the pages tell. */
	if (got != task->call.pub.predicted)
		pages_observe(f, task->space, task->call.start, task->call.end);
	return true;
}

const struct call_ops call_madvise = {
	.predict = madvise_predict,
	.agrees = madvise_agrees,
	.take_over = madvise_take_over,
};
