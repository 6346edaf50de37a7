/*
 * outcome.c - four words: agreed, adopted, diverged, and either, where two things ran at once.
 *
 * Theory
 * ------
 * A call that the model answered is compared: first the result, then (unless --verify=calls) the
 * areas around it.  The first difference is one divergence; the model is then made what the kernel
 * has, and that re-synchronisation is part of the same divergence.
 *
 * A call that the model has no answer to is let through.  Afterwards the areas that it may have
 * changed are compared; if they differ they are taken over, under the call's name.  If not, there
 * is nothing to adopt.
 *
 * Where the order of things is not known there are several models (orders.c): each is asked.  What
 * remains is adopted by name: calls that overlapped though nobody saw it coming, and more orders at
 * once than we keep.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/adopt.h"
#include "host/calls/adopted.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/hypotheses.h"
#include "host/limits.h"
#include "host/orders.h"
#include "host/outcome.h"
#include "host/pin.h"
#include "host/ptrace.h"
#include "host/samples.h"
#include "host/settings.h"
#include "host/smaps.h"
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

/* Refused by one side, close to what may be promised at all. */
static bool commit_counter_explains(const struct follower *f, const struct task *task,
				    int64_t truth)
{
	const struct follow_call *pub = &task->call.pub;
	uint64_t pages = page_up(pub->arg[1]) / UMM_PAGE_SIZE;

	return (truth == -ENOMEM) != (pub->predicted == -ENOMEM) &&
	       settings_commit_is_close(f->settings, f->world, pages);
}

static void result_diverged(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;
	const char *unknown = NULL;
	bool closed = userfaultfd_refresh(f, task);	/* beside the call */

	if (task->space->order_unknown || closed) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_ORDER_UNKNOWN, NULL);
	} else if ((unknown = unknown_explains(f, task, truth)) != NULL) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_BEFORE, unknown);
	} else if (commit_counter_explains(f, task, truth)) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_COMMIT, NULL);
	} else if (task->every_call && truth < 0 && limits_has_seccomp(task->tid)) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_SECCOMP, NULL);
	} else {
		compare_diverged_result(f, task, call->pub.predicted, call->pub.got);
	}
	adopt_everything(f, task);
	orders_forget(task->space);
	if (call->desc->ops->diverged)
		call->desc->ops->diverged(f, task, truth);
}

/* ---- areas ---- */

/*
 * Whether neighbours merge hangs on their anon_vmas, and so on the order of faults.  If that is in
 * doubt here and the two sides differ in nothing but who merged with whom, the kernel's answer is
 * that of another order.
 */
static enum doubt_kind doubt_about(struct follower *f, struct task *task, uint64_t start,
				   uint64_t end)
{
	const struct space *space = task->space;
	enum doubt_kind doubt;

	/* The order of faults changes no flags; what was never written stops to be charged. */
	if (f->difference.flags) {
		doubt = samples_in_doubt(space, start, end);
		return f->difference.flags == UMM_VM_ACCOUNT && doubt == DOUBT_SIGBUS ? doubt :
											DOUBT_NONE;
	}
	if ((!space->nr_doubts && !space->orders_lost && !space->unknown) ||
	    !compare_differs_by_merging(f, task, &start, &end))
		return DOUBT_NONE;
	doubt = samples_in_doubt(space, start, end);
	return doubt == DOUBT_NONE && space->orders_lost ? DOUBT_LOST : doubt;
}

static void maps_diverged(struct follower *f, struct task *task, const char *where, uint64_t start,
			  uint64_t end)
{
	enum doubt_kind doubt;
	const char *unknown = NULL;

	if (userfaultfd_refresh(f, task) && compare_range(f, task, start, end))
		return;			/* closed beside the call */
	doubt = doubt_about(f, task, start, end);
	if (doubt == DOUBT_OLD)
		unknown = "who may merge with whom of what was there";
	else
		unknown = unknown_explains_areas(task);
	if (task->space->order_unknown || doubt == DOUBT_LOST)
		adopt_count(f, task, &task->call.pub, ADOPT_ORDER_UNKNOWN, NULL);
	else if (doubt == DOUBT_CONCURRENT)
		f->summary->either++;
	else if (doubt == DOUBT_SCANNED || doubt == DOUBT_SIGBUS)
		adopt_count(f, task, &task->call.pub, ADOPT_FAULT_ORDER, NULL);
	else if (unknown)
		adopt_count(f, task, &task->call.pub, ADOPT_BEFORE, unknown);
	else
		compare_diverged_maps(f, task, where, start, end);
	adopt_everything(f, task);
	orders_forget(task->space);
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

/* A thread may have grown its stack a moment ago: then its sample is there. */
static bool range_agrees(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	task->call.unlike_start = start;
	task->call.unlike_end = end;
	if (range_matches(f, task, start, end))
		return true;
	if (f->supposing)
		return false;
	samples_apply(f);
	return range_matches(f, task, start, end);
}

/* The call's range, and the one that it moved from. */
static bool ranges_agree(struct follower *f, struct task *task)
{
	const struct call *call = &task->call;

	return range_agrees(f, task, call->start, call->end) &&
	       (call->from_start >= call->from_end ||
		range_agrees(f, task, call->from_start, call->from_end));
}

static bool whole_agrees(struct follower *f, struct task *task)
{
	if (f->supposing)
		return compare_whole(f, task);
	samples_apply(f);
	if (f->faults_unseen)
		f->summary->observed += adopt_growth(f, task->space);
	if (compare_whole(f, task))
		return true;
	samples_apply(f);
	return compare_whole(f, task);
}

/* Beside a call that slept another one is under way: done in the model, perhaps not yet done. */
static bool another_is_under_way(const struct task *task)
{
	const struct space *space = task->space;

	return space->nr_in_flight - space->nr_parked > !task->call.parked;
}

static bool whole_is_due(const struct task *task)
{
	struct space *space = task->space;
	bool due;

	if (another_is_under_way(task))
		return false;
	due = ++space->calls_since_whole >= WHOLE_EVERY || space->compare_whole;
	space->compare_whole = false;
	return due;
}

static void verify_whole(struct follower *f, struct task *task, const char *where)
{
	bool agreed = whole_agrees(f, task);

	if (task->space->hypotheses)
		agreed = hypotheses_settle(f, task, agreed, whole_agrees);
	if (!agreed)
		maps_diverged(f, task, where, 0, TASK_SIZE_64);
}

/* The areas are looked at when the call under way is back. */
static bool areas_can_wait(struct task *task)
{
	task->space->compare_whole |= another_is_under_way(task);
	return another_is_under_way(task);
}

/* Of the model that is in its place: the answer, and the areas. */
static bool all_agrees(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const struct call_ops *ops = call->desc->ops;

	call->agreed = result_agrees(f, task);
	if (!call->agreed)
		return false;
	if (ops->place)
		ops->place(f, task, call->truth);
	return call->desc->kind == CALL_FORK || f->options->verify < FOLLOW_VERIFY_MAPS ||
	       areas_can_wait(task) || ranges_agree(f, task);
}

static void verify_areas(struct follower *f, struct task *task, bool agreed)
{
	char where[64];

	if (f->options->verify < FOLLOW_VERIFY_MAPS)
		return;
	if (!agreed) {
		snprintf(where, sizeof(where), "after %s", task->call.desc->name);
		maps_diverged(f, task, where, task->call.unlike_start, task->call.unlike_end);
	} else if (whole_is_due(task)) {
		verify_whole(f, task, "every 1000 calls");
	}
}

/* ---- calls ---- */

static void finish_predicted(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;
	const struct call_ops *ops = call->desc->ops;
	bool agreed;

	task->space->flag_calls += !!(call->desc->flags & CALL_FLAGS);
	agreed = all_agrees(f, task);
	if (task->space->hypotheses)
		agreed = hypotheses_settle(f, task, agreed, all_agrees);
	if (!call->agreed) {
		result_diverged(f, task, truth);
		return;
	}
	unknown_moved(task, truth);
	if (call->desc->kind != CALL_FORK) {
		verify_areas(f, task, agreed);
		unknown_learn(f, task, truth);
	}
	if (ops->after) {
		ops->after(f, task, truth);
		hypotheses_each(f, task, truth, ops->after);
	}
	smaps_after_call(f, task);
}

static void take_over(struct follower *f, struct task *task, int64_t truth)
{
	const struct call_ops *ops = task->call.desc->ops;

	task->call.changed = ops->take_over ? ops->take_over(f, task, truth) :
					      take_over_if_changed(f, task, 0, TASK_SIZE_64, 0);
}

static void finish_adopted(struct follower *f, struct task *task, int64_t truth)
{
	struct call *call = &task->call;
	const char *reason = call->adopt_reason ? call->adopt_reason : call->desc->name;

	take_over(f, task, truth);
	hypotheses_each(f, task, truth, take_over);
	/* Without a reason of its own, and if no area changed, memory was not the matter. */
	if (!call->changed && !call->adopt_reason)
		return;
	call->pub.adopted = true;
	adopt_count(f, task, &call->pub, reason, call->adopt_detail);
	if (call->changed && call->pub.modelled)	/* in part: what is around it is */
		verify_areas(f, task, f->options->verify < FOLLOW_VERIFY_MAPS ||
				      ranges_agree(f, task));
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
		if (task->space)
			orders_end(f, task);
		return;
	}
	call->truth = truth;
	call->pub.got = falsified(f, task, truth);
	if (call->pub.modelled && !call->adopt_reason)
		finish_predicted(f, task, truth);
	else
		finish_adopted(f, task, truth);
	drop(call);
	orders_end(f, task);
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
	if (call->in_flight)
		orders_give_up(f, task);
	if (call->in_flight && task->space->nr_tasks > 1 &&
	    !hypotheses_settle(f, task, compare_whole(f, task), compare_whole)) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_KILLED, NULL);
		adopt_everything(f, task);
	}
	tell_call(f, task);
}

void outcome_exit(struct follower *f, struct task *task, const char *where)
{
	task->call.desc = NULL;
	if (task->call.in_flight || f->options->verify < FOLLOW_VERIFY_MAPS)
		return;
	userfaultfd_refresh(f, task);
	verify_whole(f, task, where);
	smaps_at_end(f, task, where);
}
