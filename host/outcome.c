/*
 * outcome.c - four words: agreed, adopted, diverged (and either, for calls that overlapped).
 *
 * Theory
 * ------
 * A call that the model answered is compared: first the result, then (unless --verify=calls) the
 * areas around it.  The first difference is one divergence; the model is then made what the kernel
 * has, and that re-synchronisation is part of the same divergence.
 *
 * A call that the model does not answer yet is let through.  Afterwards the areas that it may have
 * changed are compared; if they differ they are taken over, under the call's name.  If not, there
 * is nothing to adopt.
 *
 * While calls overlap (space->order_unknown) nobody knows which of them the kernel did first: a
 * difference is then adopted as such.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "host/adopt.h"
#include "host/compare.h"
#include "host/limits.h"
#include "host/outcome.h"
#include "host/pin.h"
#include "host/ptrace.h"
#include "host/samples.h"
#include "host/settings.h"
#include "host/task.h"

#define TASK_SIZE_64 UINT64_C(0x7ffffffff000)
#define WHOLE_EVERY 1000

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

static uint64_t page_up(uint64_t x)
{
	return (x + UMM_PAGE_SIZE - 1) & ~(uint64_t)(UMM_PAGE_SIZE - 1);
}

/* The kernel will do the call again: -ERESTARTSYS and its kin, which no program ever sees. */
static bool restarts(int64_t got)
{
	return got <= -512 && got >= -516;
}

static void tell_call(struct follower *f, struct task *task)
{
	if (task->quiet)
		return;
	f->summary->calls++;
	if (f->sink->call)
		f->sink->call(f->sink->ctx, &task->call.pub);
}

static void resynchronise(struct follower *f, struct task *task)
{
	if (adopt_whole(f, task->space) != 0)
		follower_warn(f, "cannot read the areas of process %d again", (int)task->tgid);
}

/* ---- results ---- */

/* The answer that the program is made to see; the kernel's own is in *got before. */
static int64_t falsified(struct follower *f, struct task *task, int64_t got)
{
	const struct follow_falsify *falsify = &f->options->falsify;

	if (!falsify->call || strcmp(falsify->call, task->call.desc->name) != 0)
		return got;
	if (++f->falsify_seen != falsify->nth)
		return got;
	ptrace_set_result(task->tid, falsify->value);
	return falsify->value;
}

static bool same_pid_namespace(pid_t tid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)tid);
	return stat("/proc/self/ns/pid", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_ino == theirs.st_ino;
}

/* Its children go to a PID namespace of their own: without an init, fork says ENOMEM. */
static bool children_elsewhere(pid_t tid)
{
	struct stat own, children;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)tid);
	if (stat(path, &own) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid_for_children", (int)tid);
	return stat(path, &children) != 0 || own.st_ino != children.st_ino;
}

/* Errors of fork that no memory check gives: limits on processes, arguments, namespaces. */
static bool outside_mm(const struct task *task)
{
	const struct call *call = &task->call;
	int64_t got = call->pub.got;

	if (got >= 0)
		return false;
	return got != -ENOMEM || (call->clone_flags & 0x100 /* CLONE_VM */) ||
	       children_elsewhere(task->tid);
}

static bool fork_agrees(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	/* The child's number is the kernel's to choose, but the event told it as well. */
	if (call->event_pid)
		return call->pub.predicted_any && (call->pub.got == call->event_pid ||
			(call->pub.got > 0 && !same_pid_namespace(task->tid)));
	if (outside_mm(task) && call->pub.got != call->pub.predicted) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_OUTSIDE, NULL);
		return true;
	}
	return call->pub.predicted_any ? call->pub.got >= 0 : call->pub.got == call->pub.predicted;
}

static bool result_agrees(struct follower *f, struct task *task)
{
	const struct follow_call *pub = &task->call.pub;

	if (task->call.desc->kind == CALL_FORK)
		return fork_agrees(f, task);
	return pub->got == pub->predicted;
}

static void result_diverged(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;

	if (task->space->order_unknown) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_ORDER_UNKNOWN, NULL);
	} else {
		compare_diverged_result(f, task, call->pub.predicted, call->pub.got);
	}
	resynchronise(f, task);
	if (call->desc->kind == CALL_BRK)
		umm_adopt_brk(task->space->mm, (umm_addr_t)truth);
}

/* ---- areas ---- */

/*
 * Whether neighbours merge hangs on their anon_vmas, and so on the order of faults among themselves
 * and among calls.  If that is in doubt here and the two sides differ in nothing but who merged
 * with whom, the kernel's answer is that of another order.
 */
static enum doubt_kind doubt_about(struct follower *f, struct task *task, uint64_t start,
				   uint64_t end)
{
	if (!task->space->nr_doubts || !compare_differs_by_merging(f, task, &start, &end))
		return DOUBT_NONE;
	return samples_in_doubt(task->space, start, end);
}

static void maps_diverged(struct follower *f, struct task *task, const char *where, uint64_t start,
			  uint64_t end)
{
	enum doubt_kind doubt = doubt_about(f, task, start, end);

	if (task->space->order_unknown)
		adopt_count(f, task, &task->call.pub, ADOPT_ORDER_UNKNOWN, NULL);
	else if (doubt == DOUBT_CONCURRENT)
		f->summary->either++;
	else if (doubt == DOUBT_SCANNED)
		adopt_count(f, task, &task->call.pub, ADOPT_FAULT_ORDER, NULL);
	else
		compare_diverged_maps(f, task, where, start, end);
	resynchronise(f, task);
}

/* A thread may have grown its stack a moment ago: its sample is there, or comes now. */
static bool range_agrees(struct follower *f, struct task *task)
{
	const struct call *call = &task->call;

	if (compare_range(f, task, call->start, call->end))
		return true;
	samples_apply_late(f, task);
	return compare_range(f, task, call->start, call->end);
}

static bool whole_agrees(struct follower *f, struct task *task)
{
	samples_apply(f);
	if (f->faults_unseen)
		f->summary->observed += adopt_growth(f, task->space);
	if (compare_whole(f, task))
		return true;
	samples_apply_late(f, task);
	return compare_whole(f, task);
}

static void verify_areas(struct follower *f, struct task *task)
{
	char where[64];

	if (f->options->verify != FOLLOW_VERIFY_MAPS)
		return;
	if (!range_agrees(f, task)) {
		snprintf(where, sizeof(where), "after %s", task->call.desc->name);
		maps_diverged(f, task, where, task->call.start, task->call.end);
	} else if (++task->space->calls_since_whole >= WHOLE_EVERY && !whole_agrees(f, task)) {
		maps_diverged(f, task, "every 1000 calls", 0, TASK_SIZE_64);
	}
}

/* ---- taken over at entry's wish ---- */

static void finish_by_chance(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t flags = (arg[3] & ~(uint64_t)MAP_32BIT) | MAP_FIXED;
	int64_t ret;

	call->pub.adopted = true;
	adopt_count(f, task, &call->pub, call->adopt_reason, call->adopt_detail);
	if (truth < 0) {
		resynchronise(f, task);
	} else {
		ret = umm_mmap(task->space->mm, (umm_addr_t)truth, arg[1], arg[2], flags,
			       call->file, arg[5], task->why);
		if (ret != truth)
			resynchronise(f, task);
		call->start = (uint64_t)truth;
		call->end = call->start + page_up(arg[1]);
		verify_areas(f, task);
	}
	if (call->file)
		umm_file_put(call->file);
	call->file = NULL;
}

/* The driver's own mmap decided: flags that no check of ours knows, perhaps a refusal. */
static void finish_by_driver(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;

	if (truth < 0 && truth == call->pub.predicted)
		return;			/* refused before the driver was asked */
	call->pub.adopted = true;
	adopt_count(f, task, &call->pub, call->adopt_reason, call->adopt_detail);
	resynchronise(f, task);
}

/* ---- modelled calls ---- */

static void finish_modelled(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;

	if (call->placed_by_chance) {
		finish_by_chance(f, task, truth);
		return;
	}
	if (call->adopt_reason) {
		finish_by_driver(f, task, truth);
		return;
	}
	if (!result_agrees(f, task)) {
		result_diverged(f, task, truth);
		return;
	}
	if (truth >= 0)
		samples_doubt_gone(task->space, call->gone_start, call->gone_end);
	if (call->desc->kind == CALL_MMAP && truth >= 0) {
		call->start = (uint64_t)truth;
		call->end = call->start + page_up(call->pub.arg[1]);
	}
	if (call->desc->kind != CALL_FORK) {
		verify_areas(f, task);
		samples_doubt_spreads(task->space, call->start);
	}
	/* MAP_POPULATE and locked areas: pages without a fault that anybody sees. */
	if (call->desc->kind == CALL_MMAP && truth >= 0 &&
	    (call->pub.arg[3] & (MAP_POPULATE | MAP_LOCKED)))
		adopt_anon(f, task->space, call->start, call->end, ADOPT_ANON_WRITABLE);
}

/* ---- calls that are not modelled yet ---- */

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

static bool adopt_if_changed(struct follower *f, struct task *task, uint64_t start, uint64_t end,
			     uint64_t moved_from)
{
	bool same = changes_flags(&task->call) ? compare_flags(f, task, start, end) :
						 compare_range(f, task, start, end);

	if (same)
		return false;
	if (adopt_areas(f, task->space, start, end, moved_from) != 0)
		resynchronise(f, task);
	return true;
}

static bool finish_mremap(struct follower *f, struct task *task)
{
	const struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t got = (uint64_t)call->pub.got, old_len = call->end - call->start, new_len;
	bool changed = false;

	if (call->pub.got < 0)
		return adopt_if_changed(f, task, 0, TASK_SIZE_64, 0);
	new_len = page_up(arg[2]);
	if (got == arg[0])
		return adopt_if_changed(f, task, got, got + (old_len > new_len ? old_len : new_len),
					0);
	/*
	 * What stood there is gone, even where what came looks the same.  Then the new place: it
	 * inherits from the old one, which the model still has.
	 */
	(void)umm_munmap(task->space->mm, got, new_len, NULL);
	changed |= adopt_if_changed(f, task, got, got + new_len, arg[0]);
	changed |= adopt_if_changed(f, task, arg[0], arg[0] + old_len, 0);
	return changed;
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
	case __NR_mremap:
		break;
	default:
		return;
	}
	umm_adopt_locked_vm(task->space->mm, limits_locked_pages(task->tid));
}

static void finish_adopted(struct follower *f, struct task *task)
{
	const struct call *call = &task->call;
	const char *reason = call->adopt_reason ? call->adopt_reason : call->desc->name;
	bool changed = false, silent = call->pub.got < 0 && (call->desc->flags & CALL_SUCCESS);

	if (call->desc->kind == CALL_MMAP)		/* a descriptor that hid itself */
		changed = adopt_if_changed(f, task, 0, TASK_SIZE_64, 0);
	else if (call->desc->kind == CALL_MREMAP)
		changed = finish_mremap(f, task);
	else if (!silent)
		changed = adopt_if_changed(f, task, call->start, call->end, 0);
	if (call->desc->flags & CALL_POPULATES)
		adopt_anon(f, task->space, call->start, call->end, ADOPT_ANON_ALL);
	if (call->pub.nr == __NR_prctl && call->pub.arg[0] == PR_SET_MDWE && call->pub.got == 0)
		umm_mm_set_mdwe(task->space->mm, true);
	if (changed) {
		task->call.pub.adopted = true;
		adopt_count(f, task, &call->pub, reason, call->adopt_detail);
	}
	follow_locks(task);
}

/* ---- what the loop calls ---- */

static void drop(struct call *call)
{
	if (call->child)
		umm_mm_put(call->child);
	if (call->file)
		umm_file_put(call->file);
	call->child = NULL;
	call->file = NULL;
}

void outcome_call(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;

	if (call->poked)
		ptrace_poke(task->tid, call->pub.arg[0], call->poked_flags);
	if (restarts(truth) || !task->space || !task->space->mm) {
		drop(call);
		return;
	}
	call->pub.got = falsified(f, task, truth);
	if (call->pub.modelled)
		finish_modelled(f, task, truth);
	else
		finish_adopted(f, task);
	drop(call);
	tell_call(f, task);
}

void outcome_passive(struct follower *f, struct task *task, int64_t got)
{
	if (restarts(got) || !task->space || !task->space->mm)
		return;
	task->call.pub.got = got;
	task->call.pub.modelled = false;
	tell_call(f, task);
}

void outcome_no_return(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	if (!call->active)
		return;
	call->active = false;
	drop(call);
	if (call->desc->kind == CALL_AFFINITY)
		pin_unblock(f);
	if (call->desc->kind > CALL_PASSIVE || !task->space || !task->space->mm)
		return;
	call->pub.no_return = true;
	/* Others live on in the space, and the model may have done what the kernel did not. */
	if (call->in_flight && task->space->nr_tasks > 1 && !compare_whole(f, task)) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_KILLED, NULL);
		resynchronise(f, task);
	}
	tell_call(f, task);
}

void outcome_exit(struct follower *f, struct task *task)
{
	task->call.desc = NULL;
	if (task->call.in_flight || f->options->verify != FOLLOW_VERIFY_MAPS)
		return;
	if (!whole_agrees(f, task))
		maps_diverged(f, task, "at exit", 0, TASK_SIZE_64);
}
