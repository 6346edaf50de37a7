/*
 * aio.c - io_setup and io_destroy: the ring of completions.
 *
 * How many events the machine allows is asked of the kernel alone: fs.aio-max-nr is shared by all
 * processes.
 */
#include <errno.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/files.h"
#include "host/limits.h"
#include "host/orders.h"
#include "host/ptrace.h"
#include "host/settings.h"

static void setup_predict(struct follower *f, struct task *task)
{
	struct umm_area area = { .size = sizeof(area) };
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t ctx = 0;
	umm_addr_t ring;

	observe_settings(f, task, false);
	observe_range(call, arg[1], sizeof(ctx));
	files_observe(f, task->space, call->start, call->end);
	observe_anon(f, task, call->start, call->end);
	(void)ptrace_peek(task->tid, arg[1], &ctx);	/* the model says if it can be read */
	call->pub.predicted = umm_io_setup(task->space->mm, (uint32_t)arg[0], arg[1], ctx,
					   f->settings->possible_cpus, &ring, task->why);
	call->start = call->end = ring;
	if (ring && umm_find_area(task->space->mm, ring, &area))
		call->end = area.end;
}

static bool setup_agrees(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	if (call->pub.got == call->pub.predicted)
		return true;
	if (call->pub.got != -EAGAIN || call->pub.predicted < 0)
		return false;
	/* Too many events for the machine: the model takes its ring back. */
	(void)umm_io_destroy(task->space->mm, call->start, NULL);
	call->start = call->end = 0;
	call->pub.adopted = true;
	adopt_count(f, task, &call->pub, ADOPT_AIO, NULL);
	return true;
}

const struct call_ops call_io_setup = { .predict = setup_predict, .agrees = setup_agrees };

static void destroy_predict(struct follower *f, struct task *task)
{
	struct umm_area area = { .size = sizeof(area) };
	struct call *call = &task->call;
	uint64_t ctx = call->pub.arg[0];
	struct umm_file *file = NULL;

	observe_settings(f, task, false);
	observe_range(call, ctx, 0);
	for (uint64_t at = ctx; umm_find_area(task->space->mm, at, &area) && area.start == at;
	     at = area.end) {
		if (!area.file || (file && area.file != file))
			break;
		file = area.file;
		call->end = area.end;
	}
	observe_what_goes(task);
	orders_hold(f, task, call->start, call->end);
	call->pub.predicted = umm_io_destroy(task->space->mm, ctx, task->why);
}

/*
 * The kernel reads the context's number from the ring, where the program may write another one, or
 * from whatever the program put in its place; and a ring that was adopted is not known as one.
 */
static bool destroy_agrees(struct follower *f, struct task *task)
{
	struct umm_area area = { .size = sizeof(area) };
	struct follow_call *pub = &task->call.pub;
	bool readable;

	if (pub->got == pub->predicted)
		return true;
	readable = umm_find_area(task->space->mm, pub->arg[0], &area) &&
		   area.start <= pub->arg[0];
	if (pub->got == 0 ? !readable : pub->got != -EINVAL)
		return false;
	pub->adopted = true;
	adopt_count(f, task, pub, ADOPT_AIO, NULL);
	adopt_everything(f, task);
	return true;
}

const struct call_ops call_io_destroy = { .predict = destroy_predict, .agrees = destroy_agrees };
