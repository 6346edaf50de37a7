/*
 * adopted.c - calls that the model does not answer yet.
 *
 * They are let through.  Afterwards the areas that they may have changed are compared; if they
 * differ they are taken over, under the call's name.  If not, there is nothing to adopt.
 */
#include <asm/unistd.h>
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/calls/adopted.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/limits.h"

static bool changes_flags(const struct call *call)
{
	if (!(call->desc->flags & CALL_FLAGS))
		return false;
	if (call->pub.nr != __NR_madvise)
		return true;
	switch (call->pub.arg[2]) {
	case MADV_NORMAL: case MADV_RANDOM: case MADV_SEQUENTIAL:
	case MADV_DONTFORK: case MADV_DOFORK: case MADV_WIPEONFORK: case MADV_KEEPONFORK:
	case MADV_MERGEABLE: case MADV_UNMERGEABLE: case MADV_HUGEPAGE: case MADV_NOHUGEPAGE:
	case MADV_DONTDUMP: case MADV_DODUMP:
		return true;
	default:
		return false;
	}
}

bool take_over_if_changed(struct follower *f, struct task *task, uint64_t start, uint64_t end,
			  uint64_t moved_from)
{
	bool same = changes_flags(&task->call) ? compare_flags(f, task, start, end) :
						 compare_range(f, task, start, end);

	if (same)
		return false;
	if (adopt_areas(f, task->space, start, end, moved_from) != 0)
		adopt_everything(f, task);
	return true;
}

static void range_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	call->pub.modelled = false;
	limits_ensure(task);
	observe_range(call, call->pub.arg[0], call->pub.arg[1]);
	/* It may drop the pages that tell of an anon_vma. */
	observe_anon(f, task, call->start, call->end);
}

static void whole_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	(void)f;
	call->pub.modelled = false;
	limits_ensure(task);
	call->start = 0;
	call->end = TASK_SIZE_64;
}

static void follow_locks(struct task *task)
{
	const struct call *call = &task->call;
	uint64_t flags = 0;

	switch (call->pub.nr) {
	case __NR_mlockall:
		if (call->pub.got == 0 && (call->pub.arg[0] & MCL_FUTURE))
			flags = UMM_VM_LOCKED |
				(call->pub.arg[0] & MCL_ONFAULT ? UMM_VM_LOCKONFAULT : 0);
		if (call->pub.got == 0)
			umm_mm_set_def_flags(task->space->mm, flags);
		break;
	case __NR_munlockall:
		umm_mm_set_def_flags(task->space->mm, 0);
		break;
	case __NR_mlock:
	case __NR_mlock2:
	case __NR_munlock:
		break;
	default:
		return;
	}
	umm_adopt_locked_vm(task->space->mm, limits_locked_pages(task->tid));
}


/* What no areas tell. */
static void take_over_rest(struct follower *f, struct task *task)
{
	const struct call *call = &task->call;

	if (call->desc->flags & CALL_POPULATES)
		adopt_anon(f, task->space, call->start, call->end, ADOPT_ANON_ALL);
	follow_locks(task);
}

static bool range_take_over(struct follower *f, struct task *task, int64_t got)
{
	const struct call *call = &task->call;
	bool silent = got < 0 && (call->desc->flags & CALL_SUCCESS), changed = false;

	if (!silent)
		changed = take_over_if_changed(f, task, call->start, call->end, 0);
	take_over_rest(f, task);
	return changed;
}

const struct call_ops call_adopted_range = {
	.predict = range_predict,
	.take_over = range_take_over,
};

const struct call_ops call_adopted_whole = {
	.predict = whole_predict,
	.take_over = range_take_over,
};
