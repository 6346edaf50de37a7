/*
 * userfaultfd.c - ioctl(UFFDIO_REGISTER) and ioctl(UFFDIO_UNREGISTER).
 *
 * The areas that change are those of the process that made the userfaultfd, whoever calls.  If that
 * is another, its areas are compared as a whole after its own next call.
 */
#include <errno.h>

#include "host/adopt.h"
#include "host/calls/adopted.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/memory.h"
#include "host/pages.h"
#include "host/userfaultfd.h"

#define REGISTER UINT32_C(0xc020aa00)

/* struct uffdio_register: start, length, mode; the answer is written behind them. */
struct argument {
	uint64_t start, len, mode;
};

#define ANSWER_AT sizeof(struct argument)

static bool registers(const struct call *call)
{
	return (uint32_t)call->pub.arg[1] == REGISTER;
}

/* False if the argument lies where reading could wait; *readable if it can be read. */
static bool read_argument(const struct task *task, struct umm_uffd_range *range, bool *readable)
{
	const struct call *call = &task->call;
	size_t size = registers(call) ? sizeof(struct argument) : 16;
	struct argument argument = { 0 };
	long got = memory_read(task, call->pub.arg[2], &argument, size);

	*range = (struct umm_uffd_range){
		.start = argument.start,
		.len = argument.len,
		.mode = argument.mode,
		.unwritable = !memory_writable(task, call->pub.arg[2] + ANSWER_AT, 8),
	};
	*readable = got == (long)size;
	return got >= 0;
}

/* The areas of @space change: of the caller's own they are compared afterwards. */
static void observe_watched(struct follower *f, struct task *task, struct space *space,
			    const struct umm_uffd_range *range)
{
	struct call range_of = { .start = 0 };

	observe_settings(f, task, false);
	if (space == task->space) {
		observe_range(&task->call, range->start, range->len);
		observe_anon(f, task, task->call.start, task->call.end);
		return;
	}
	observe_range(&range_of, range->start, range->len);
	f->summary->observed += adopt_anon(f, space, range_of.start, range_of.end,
					   ADOPT_ANON_WRITABLE);
	space->compare_whole = true;
	if (space->nr_in_flight)
		space->order_unknown = true;
}

static void uffd_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	struct umm_uffd_range range;
	struct known_uffd *known;
	struct umm_uffd uffd;
	bool readable;

	call->pub.modelled = false;
	switch (userfaultfd_find(f, task, (int)call->pub.arg[0], &known)) {
	case UFFD_NONE:			/* another kind of file, or none */
		return;
	case UFFD_STRANGER:
		adopt_answer(call, ADOPT_USERFAULTFD);
		return;
	case UFFD_KNOWN:
		break;
	}
	if (!userfaultfd_read(known, &uffd)) {
		adopt_answer(call, ADOPT_USERFAULTFD);
		return;
	}
	if (!read_argument(task, &range, &readable)) {
		adopt_answer(call, ADOPT_WATCHED_ARGUMENT);
		return;
	}
	call->pub.modelled = true;
	observe_watched(f, task, known->space, &range);
	call->pub.predicted = (registers(call) ? umm_userfaultfd_register :
						 umm_userfaultfd_unregister)(
		known->space->mm, &uffd, readable ? &range : NULL, task->why);
	known->watching |= registers(call);
	pages_note_doubt(f, known->space, page_down(range.start),
			 page_down(range.start) + page_up(range.len), PAGES_WATCHED);
}

/* Of a stranger nobody knows whose memory it watches: that of any process. */
static bool uffd_take_over(struct follower *f, struct task *task, int64_t got)
{
	bool changed = take_over_if_changed(f, task, 0, TASK_SIZE_64, 0);

	if (got != 0 || !task->call.adopt_reason)
		return changed;
	for (struct space *space = f->spaces; space; space = space->next) {
		if (space == task->space || !space->mm)
			continue;
		(void)adopt_areas(f, space, 0, TASK_SIZE_64, 0);
		changed = true;
	}
	return changed;
}

static void uffd_diverged(struct follower *f, struct task *task, int64_t got)
{
	struct known_uffd *known;

	(void)got;
	if (userfaultfd_find(f, task, (int)task->call.pub.arg[0], &known) == UFFD_KNOWN &&
	    known->space != task->space)
		(void)adopt_areas(f, known->space, 0, TASK_SIZE_64, 0);
}

const struct call_ops call_userfaultfd = {
	.predict = uffd_predict,
	.diverged = uffd_diverged,
	.take_over = uffd_take_over,
};
