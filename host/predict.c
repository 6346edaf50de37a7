/*
 * predict.c - observe, then answer.
 *
 * Theory
 * ------
 * Everything that the answer depends on and that the model does not know by itself is read here,
 * while the caller stands still before its call: limits, the descriptor's facts, and whether areas
 * that could merge hold anonymous pages (faults by get_user_pages are not sampled; pages go only by
 * memory calls, so a look before each of them misses none).  Then the model does the call.  What
 * it answered stands in call.pub.predicted and is not touched again.
 *
 * One answer is not the model's to give: the place of MAP_32BIT under randomisation.  That call is
 * done in the model afterwards, at the kernel's address.
 */
#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/mman.h>
#include <asm/unistd.h>

#include "host/adopt.h"
#include "host/files.h"
#include "host/limits.h"
#include "host/predict.h"
#include "host/ptrace.h"
#include "host/settings.h"
#include "host/task.h"

#define TASK_SIZE_64 UINT64_C(0x7ffffffff000)

/* A request of this size may meet the overcommit check or the size of memory. */
#define BIG_REQUEST (UINT64_C(64) << 20)

/* So many areas below the limit nothing that one call does can reach it. */
#define MAP_COUNT_MARGIN 8

static uint64_t page_up(uint64_t x)
{
	return (x + UMM_PAGE_SIZE - 1) & ~(uint64_t)(UMM_PAGE_SIZE - 1);
}

static void set_world(struct follower *f)
{
	if (umm_world_set(f->world, &f->settings->umm) != 0)
		f->no_memory = true;
}

static void observe_settings(struct follower *f, struct task *task, bool big)
{
	struct umm_mm_stats stats;

	limits_ensure(task);
	umm_mm_stats(task->space->mm, &stats);
	if (stats.map_count + MAP_COUNT_MARGIN >= f->settings->umm.max_map_count &&
	    settings_refresh_map_count(f->settings))
		set_world(f);
	if ((big || f->settings->umm.overcommit_memory == 2) &&
	    settings_refresh_memory(f->settings))
		set_world(f);
}

static void observe_anon(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	f->summary->observed += adopt_anon(f, task->space, start, end, ADOPT_ANON_WRITABLE);
}

/* [addr, addr + len) cut to user space. */
static void set_range(struct call *call, uint64_t addr, uint64_t len)
{
	addr &= ~(uint64_t)(UMM_PAGE_SIZE - 1);
	call->start = addr < TASK_SIZE_64 ? addr : TASK_SIZE_64;
	len = len < TASK_SIZE_64 ? page_up(len) : TASK_SIZE_64;
	call->end = TASK_SIZE_64 - call->start < len ? TASK_SIZE_64 : call->start + len;
}

/* The call clears its range; an area that is only cut lives on, and what is known of it. */
static void note_what_goes(struct task *task)
{
	struct umm_area area = { .size = sizeof(area) };
	struct call *call = &task->call;
	uint64_t start = call->start, end = call->end;

	if (start >= end)
		return;
	if (umm_find_area(task->space->mm, start, &area) && area.start < start)
		start = area.end;
	if (umm_find_area(task->space->mm, end - 1, &area) && area.start < end && area.end > end)
		end = area.start;
	call->gone_start = start;
	call->gone_end = end;
}

/* ---- mmap ---- */

static int mmap_file(struct follower *f, struct task *task, struct umm_file **file)
{
	struct call *call = &task->call;
	uint64_t flags = call->pub.arg[3];
	const struct known_file *known;
	int err;

	*file = NULL;
	if (flags & MAP_ANONYMOUS)
		return 0;
	err = files_of_descriptor(f, task, (int)call->pub.arg[4], flags & MAP_SHARED, file);
	if (err) {
		call->adopt_reason = ADOPT_DESCRIPTOR;
		if (!f->hidden_descriptors && err != -ESRCH)
			follower_warn(f, "cannot look at the descriptors of process %d (%s): what"
					 " is mapped of files is taken over from the kernel",
				      (int)task->tgid, strerror(-err));
		f->hidden_descriptors |= err != -ESRCH;
		return err;
	}
	known = *file ? umm_file_cookie(*file) : NULL;
	if (known && known->kind == UMM_FILE_DEVICE) {
		call->adopt_reason = adopt_device_reason(known->path);
		call->adopt_detail = known->path;
	}
	return 0;
}

/* True if the kernel will throw dice for the address. */
static bool mmap_is_by_chance(struct follower *f, const struct task *task, int64_t chosen)
{
	const uint64_t *arg = task->call.pub.arg;
	uint64_t hint = arg[0] & ~(uint64_t)(UMM_PAGE_SIZE - 1);

	if (!(arg[3] & MAP_32BIT) || (arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return false;
	if (!f->settings->randomize || (task->space->personality & UMM_ADDR_NO_RANDOMIZE))
		return false;
	return chosen >= 0 && !(hint && (uint64_t)chosen == hint);
}

static void predict_mmap(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	struct umm_mm *mm = task->space->mm;
	struct umm_file *file;
	int64_t chosen;

	observe_settings(f, task, arg[1] >= BIG_REQUEST || (arg[3] & MAP_HUGETLB));
	if (mmap_file(f, task, &file) != 0) {
		call->pub.modelled = false;
		return;
	}
	chosen = umm_get_unmapped_area(mm, arg[0], arg[1], arg[2], arg[3], file, arg[5]);
	if (chosen >= 0) {
		set_range(call, (uint64_t)chosen, arg[1]);
		observe_anon(f, task, call->start, call->end);
		note_what_goes(task);
	}
	if (mmap_is_by_chance(f, task, chosen)) {
		call->placed_by_chance = true;
		call->adopt_reason = ADOPT_MAP_32BIT;
		call->pub.predicted_any = true;
		call->pub.predicted = chosen;
		call->file = file;
		return;
	}
	call->pub.predicted = umm_mmap(mm, arg[0], arg[1], arg[2], arg[3], file, arg[5], task->why);
	if (file)
		umm_file_put(file);
}

/* ---- the others ---- */

static void predict_munmap(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	observe_settings(f, task, false);
	set_range(call, call->pub.arg[0], call->pub.arg[1]);
	observe_anon(f, task, call->start, call->end);
	note_what_goes(task);
	call->pub.predicted = umm_munmap(task->space->mm, call->pub.arg[0], call->pub.arg[1],
					 task->why);
}

static void predict_mprotect(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	int pkey = call->pub.nr == __NR_pkey_mprotect ? (int)arg[3] : -1;

	observe_settings(f, task, arg[1] >= BIG_REQUEST);
	set_range(call, arg[0], arg[1]);
	if (arg[2] & PROT_GROWSDOWN) {		/* it reaches down to the area's start */
		struct umm_area area = { .size = sizeof(area) };

		if (umm_find_area(task->space->mm, call->start, &area) && area.start < call->start)
			call->start = area.start;
	}
	observe_anon(f, task, call->start, call->end);
	call->pub.predicted = umm_mprotect(task->space->mm, arg[0], arg[1], arg[2], pkey,
					   task->why);
}

static void predict_brk(struct follower *f, struct task *task)
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
		set_range(call, low, page_up(high) - low);
		observe_anon(f, task, call->start, call->end);
	} else {
		set_range(call, now, 0);
	}
	call->pub.predicted = (int64_t)umm_brk(task->space->mm, want, task->why);
}

/*
 * The flags of a fork-like call.  A child that asked not to be traced would run on with the filter
 * and without us, and get ENOSYS for every memory call: the wish is taken out.
 */
static uint64_t clone_flags(struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t flags = 0;

	switch (call->pub.nr) {
	case __NR_fork:
		return 0;
	case __NR_vfork:
		return CLONE_VM | CLONE_VFORK;
	case __NR_clone:
		flags = arg[0];
		if (flags & CLONE_UNTRACED)
			ptrace_set_arg0(task->tid, flags & ~(uint64_t)CLONE_UNTRACED);
		return flags;
	default:	/* clone3: in memory that cannot block, or the call fails by itself */
		if (ptrace_peek(task->tid, arg[0], &flags) != 0)
			return CLONE_VM;
		if ((flags & CLONE_UNTRACED) &&
		    ptrace_poke(task->tid, arg[0], flags & ~(uint64_t)CLONE_UNTRACED) == 0) {
			call->poked = true;
			call->poked_flags = flags;
		}
		return flags;
	}
}

static void predict_fork(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	struct space *space = task->space;
	int64_t ret = 0;

	call->clone_flags = clone_flags(task);
	if (!space || !space->mm)
		return;
	if (!(call->clone_flags & CLONE_VM)) {
		observe_settings(f, task, f->settings->umm.overcommit_memory != 1);
		/* What the child inherits hangs on every area that may have been written. */
		observe_anon(f, task, 0, TASK_SIZE_64);
		ret = umm_fork(space->mm, &call->child, task->why);
		if (ret < 0)
			call->child = NULL;
	}
	call->pub.predicted_any = ret >= 0;
	call->pub.predicted = ret < 0 ? ret : 0;
}

static void predict_adopted(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	call->pub.modelled = false;
	limits_ensure(task);
	if (call->desc->kind == CALL_WHOLE) {
		call->start = 0;
		call->end = TASK_SIZE_64;
	} else {
		set_range(call, call->pub.arg[0], call->pub.arg[1]);
	}
	/* It may drop the pages that tell of an anon_vma. */
	if (call->desc->kind != CALL_WHOLE)
		observe_anon(f, task, call->start, call->end);
}

void predict_call(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	call->pub.modelled = call_kind_modelled(call->desc->kind);
	call->pub.why = call->pub.modelled ? task->why : NULL;
	if (task->why)
		task->why->nr = 0;
	switch (call->desc->kind) {
	case CALL_MMAP:
		predict_mmap(f, task);
		break;
	case CALL_MUNMAP:
		predict_munmap(f, task);
		break;
	case CALL_MPROTECT:
		predict_mprotect(f, task);
		break;
	case CALL_BRK:
		predict_brk(f, task);
		break;
	case CALL_FORK:
		predict_fork(f, task);
		break;
	default:
		predict_adopted(f, task);
		break;
	}
}
