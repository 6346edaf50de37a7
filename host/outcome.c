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
#include <stdio.h>
#include <string.h>

#include "host/adopt.h"
#include "host/calls/adopted.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/limits.h"
#include "host/outcome.h"
#include "host/pin.h"
#include "host/ptrace.h"
#include "host/samples.h"
#include "host/task.h"
#include "host/unknown.h"
#include "host/userfaultfd.h"

#define WHOLE_EVERY 1000
#define FLAG_CALLS_FIRST 32
#define FLAG_CALLS_EVERY 64


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

static bool result_agrees(struct follower *f, struct task *task)
{
	const struct follow_call *pub = &task->call.pub;
	const struct call_ops *ops = task->call.desc->ops;

	return ops->agrees ? ops->agrees(f, task) : pub->got == pub->predicted;
}

static void result_diverged(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;
	const char *unknown = NULL;

	if (task->space->order_unknown) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_ORDER_UNKNOWN, NULL);
	} else if ((unknown = unknown_explains(f, task, truth)) != NULL) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_BEFORE, unknown);
	} else if (task->every_call && truth < 0 && limits_has_seccomp(task->tid)) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_SECCOMP, NULL);
	} else {
		compare_diverged_result(f, task, call->pub.predicted, call->pub.got);
	}
	adopt_everything(f, task);
	if (call->desc->ops->diverged)
		call->desc->ops->diverged(f, task, truth);
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
	if ((!task->space->nr_doubts && !task->space->unknown) ||
	    !compare_differs_by_merging(f, task, &start, &end))
		return DOUBT_NONE;
	return samples_in_doubt(task->space, start, end);
}

static void maps_diverged(struct follower *f, struct task *task, const char *where, uint64_t start,
			  uint64_t end)
{
	enum doubt_kind doubt = doubt_about(f, task, start, end);
	const char *unknown = NULL;

	if (doubt == DOUBT_OLD)
		unknown = "who may merge with whom of what was there";
	else
		unknown = unknown_explains_areas(task);
	if (task->space->order_unknown)
		adopt_count(f, task, &task->call.pub, ADOPT_ORDER_UNKNOWN, NULL);
	else if (doubt == DOUBT_CONCURRENT)
		f->summary->either++;
	else if (doubt == DOUBT_SCANNED)
		adopt_count(f, task, &task->call.pub, ADOPT_FAULT_ORDER, NULL);
	else if (unknown)
		adopt_count(f, task, &task->call.pub, ADOPT_BEFORE, unknown);
	else
		compare_diverged_maps(f, task, where, start, end);
	adopt_everything(f, task);
}

/* What only smaps shows is dear to look at: after the first such calls, and some of the others. */
static bool looks_at_flags(const struct task *task)
{
	unsigned int nr = task->space->flag_calls;

	return (task->call.desc->flags & CALL_FLAGS) &&
	       (nr <= FLAG_CALLS_FIRST || nr % FLAG_CALLS_EVERY == 0);
}

static bool range_matches(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	if (looks_at_flags(task))
		return compare_flags(f, task, start, end);
	return compare_range(f, task, start, end);
}

/* A thread may have grown its stack a moment ago: its sample is there, or comes now. */
static bool range_agrees(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	if (range_matches(f, task, start, end))
		return true;
	samples_apply_late(f, task);
	return range_matches(f, task, start, end);
}

/* The call's range, and the one that it moved from.  False: what differs is in [*start, *end). */
static bool ranges_agree(struct follower *f, struct task *task, uint64_t *start, uint64_t *end)
{
	const struct call *call = &task->call;

	task->space->flag_calls += !!(call->desc->flags & CALL_FLAGS);
	*start = call->start;
	*end = call->end;
	if (!range_agrees(f, task, *start, *end))
		return false;
	if (call->from_start >= call->from_end)
		return true;
	*start = call->from_start;
	*end = call->from_end;
	return range_agrees(f, task, *start, *end);
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

static bool whole_is_due(struct space *space)
{
	bool due = ++space->calls_since_whole >= WHOLE_EVERY || space->compare_whole;

	space->compare_whole = false;
	return due;
}

static void verify_areas(struct follower *f, struct task *task)
{
	uint64_t start, end;
	char where[64];

	if (f->options->verify != FOLLOW_VERIFY_MAPS)
		return;
	if (!ranges_agree(f, task, &start, &end)) {
		snprintf(where, sizeof(where), "after %s", task->call.desc->name);
		maps_diverged(f, task, where, start, end);
	} else if (whole_is_due(task->space) && !whole_agrees(f, task)) {
		maps_diverged(f, task, "every 1000 calls", 0, TASK_SIZE_64);
	}
}

/* ---- calls ---- */

static void finish_predicted(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;
	const struct call_ops *ops = call->desc->ops;

	if (!result_agrees(f, task)) {
		result_diverged(f, task, truth);
		return;
	}
	if (truth >= 0)
		samples_doubt_gone(task->space, call->gone_start, call->gone_end);
	if (ops->place)
		ops->place(f, task, truth);
	if (call->desc->kind != CALL_FORK) {
		verify_areas(f, task);
		samples_doubt_spreads(task->space, call->start);
		unknown_learn(f, task, truth);
	}
	if (ops->after)
		ops->after(f, task, truth);
}

static void finish_adopted(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;
	const struct call_ops *ops = call->desc->ops;
	const char *reason = call->adopt_reason ? call->adopt_reason : call->desc->name;
	bool changed = ops->take_over ? ops->take_over(f, task, truth) :
					take_over_if_changed(f, task, 0, TASK_SIZE_64, 0);

	if (!changed)
		return;
	call->pub.adopted = true;
	adopt_count(f, task, &call->pub, reason, call->adopt_detail);
	if (call->pub.modelled)		/* in part: what is around it is */
		verify_areas(f, task);
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
	if (call->pub.modelled && !call->adopt_reason)
		finish_predicted(f, task, truth);
	else
		finish_adopted(f, task, truth);
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
		adopt_everything(f, task);
	}
	tell_call(f, task);
}

void outcome_exit(struct follower *f, struct task *task, const char *where)
{
	task->call.desc = NULL;
	if (task->call.in_flight || f->options->verify != FOLLOW_VERIFY_MAPS)
		return;
	userfaultfd_refresh(f, task);
	if (!whole_agrees(f, task))
		maps_diverged(f, task, where, 0, TASK_SIZE_64);
}
