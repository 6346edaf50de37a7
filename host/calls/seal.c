/*
 * seal.c - msync, mincore, mseal, remap_file_pages: calls on areas as they are.
 */
#include <errno.h>
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/files.h"
#include "host/limits.h"

/* ---- msync ---- */

static void msync_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	(void)f;
	call->pub.predicted = umm_msync(task->space->mm, arg[0], arg[1], (uint32_t)arg[2],
					task->why);
}

/* Could a file system have said no?  Somewhere in the range something is written to a file. */
static bool writes_a_file(const struct task *task)
{
	const uint64_t *arg = task->call.pub.arg;
	struct umm_area area = { .size = sizeof(area) };

	if (!(arg[2] & MS_SYNC))
		return false;
	for (uint64_t at = arg[0]; umm_find_area(task->space->mm, at, &area) &&
	     area.start < arg[0] + page_up(arg[1]); at = area.end) {
		const struct known_file *known = area.file ? umm_file_cookie(area.file) : NULL;

		if (known && known->kind != UMM_FILE_SHMEM && (area.vm_flags & UMM_VM_SHARED))
			return true;
	}
	return false;
}

static bool msync_agrees(struct follower *f, struct task *task)
{
	struct follow_call *pub = &task->call.pub;

	if (pub->got == pub->predicted)
		return true;
	if (pub->got >= 0 || pub->got == -ENOMEM || pub->got == -EBUSY || !writes_a_file(task))
		return false;
	pub->adopted = true;
	adopt_count(f, task, pub, ADOPT_FSYNC, NULL);
	return true;
}

const struct call_ops call_msync = { .predict = msync_predict, .agrees = msync_agrees };

/* ---- mincore ---- */

static void mincore_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t bytes = page_up(arg[1]) / UMM_PAGE_SIZE;

	limits_ensure(task);		/* the vector may lie below a stack */
	if (bytes) {
		observe_range(call, arg[2], bytes);
		files_observe(f, task->space, call->start, call->end);
		observe_anon(f, task, call->start, call->end);
	}
	call->pub.predicted = umm_mincore(task->space->mm, arg[0], arg[1], arg[2], task->why);
}

const struct call_ops call_mincore = { .predict = mincore_predict };

/* ---- mseal ---- */

static void mseal_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	observe_settings(f, task, false);
	observe_range(call, arg[0], arg[1]);
	observe_anon(f, task, call->start, call->end);
	call->pub.predicted = umm_mseal(task->space->mm, arg[0], arg[1], arg[2], task->why);
}

const struct call_ops call_mseal = { .predict = mseal_predict };

/* ---- remap_file_pages ---- */

static void remap_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	observe_settings(f, task, false);
	observe_range(call, arg[0], arg[1] & ~(uint64_t)(UMM_PAGE_SIZE - 1));
	observe_anon(f, task, call->start, call->end);
	observe_what_goes(task);
	/* It is mapped anew: seals may have come since it was mapped first. */
	files_observe(f, task->space, call->start, call->start + 1);
	call->pub.predicted = umm_remap_file_pages(task->space->mm, arg[0], arg[1], arg[2], arg[3],
						   arg[4], task->why);
}

const struct call_ops call_remap_file_pages = { .predict = remap_predict };
