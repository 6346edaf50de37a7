/*
 * samples.c - whose fault was it?
 *
 * A sample names a thread; the thread's space is where the fault was.  A child may fault before its
 * parent's fork event told us of it: such a sample waits in `pending` until the task is known.
 */
#include <stdlib.h>
#include <time.h>

#include "host/samples.h"
#include "host/task.h"
#include "host/unknown.h"

/* More than this of unknown tasks are remnants of dead ones. */
#define PENDING_MAX 65536

/*
 * A sample is stamped when its fault begins; until its thread is seen at a stop, the fault may come
 * before or after what other threads do.
 */
static bool overlaps_call(const struct follower *f, const struct task *task,
			  const struct fault_sample *sample)
{
	return sample->time_ns < task->space->last_exit_ns ||
	       (task != f->caller && task->state == TASK_RUNNING);
}

static bool may_make_anon_vma(const struct space *space, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	return umm_find_area(space->mm, addr, &area) && area.start <= addr &&
	       area.anon != UMM_ANON_OWN && area.anon != UMM_ANON_INHERITED;
}

void samples_note_doubt(struct space *space, uint64_t addr, enum doubt_kind kind)
{
	struct umm_area area = { .size = sizeof(area) };

	if (!umm_find_area(space->mm, addr, &area) || area.start > addr)
		return;
	space->doubt[space->nr_doubts++ % DOUBTS] = (struct doubt){ area.start, area.end, kind };
	if (space->nr_doubts == 2 * DOUBTS)
		space->nr_doubts = DOUBTS;
}

static void apply(struct follower *f, struct task *task, const struct fault_sample *sample)
{
	unsigned int access = sample->access;
	struct space *space = task->space;
	bool first;
	int ret;

	task->fault_addr = sample->addr;
	task->fault_access = access;
	if (!space || !space->mm)
		return;
	/* Of unknown kind: what a read does is true of every fault; scans find the rest. */
	if (!access)
		access = UMM_ACCESS_READ;
	first = space->nr_tasks > 1 &&
		(space == f->late_space || may_make_anon_vma(space, sample->addr));
	ret = umm_fault(space->mm, sample->addr, access, NULL);
	if (ret == -UMM_ENOMEM)
		f->no_memory = true;
	if (first && (space == f->late_space || overlaps_call(f, task, sample)))
		samples_note_doubt(space, sample->addr, DOUBT_CONCURRENT);
	f->summary->faults++;
	space->faults++;
}

static void keep(struct follower *f, const struct fault_sample *sample)
{
	if (f->nr_pending == f->pending_room) {
		size_t room = f->pending_room ? 2 * f->pending_room : 256;
		struct fault_sample *grown;

		if (room > PENDING_MAX)
			return;
		grown = realloc(f->pending, room * sizeof(*grown));
		if (!grown)
			return;
		f->pending = grown;
		f->pending_room = room;
	}
	f->pending[f->nr_pending++] = *sample;
}

static void apply_or_keep(struct follower *f, const struct fault_sample *sample)
{
	struct task *task = task_find(f, sample->tid);

	if (task && task->state != TASK_NEWBORN)
		apply(f, task, sample);
	else
		keep(f, sample);
}

static void apply_pending(struct follower *f)
{
	size_t nr = f->nr_pending;

	f->nr_pending = 0;
	for (size_t i = 0; i < nr; i++)
		apply_or_keep(f, &f->pending[i]);	/* keeps at or below i */
}

/* Samples are missing: what they would have said is in the page tables, but for the order. */
static void records_lost(struct follower *f, uint64_t lost)
{
	f->faults_unseen = true;
	follower_warn(f, "%llu page-fault records were lost; page tables are scanned instead",
		      (unsigned long long)lost);
}

void samples_apply(struct follower *f)
{
	const struct fault_sample *sample;
	uint64_t lost;
	int nr;

	if (!f->faults || (!f->nr_pending && !perf_faults_waiting(f->faults)))
		return;
	if (f->nr_pending)
		apply_pending(f);
	nr = perf_faults_drain(f->faults, &sample, &lost);
	if (nr < 0) {
		f->no_memory = true;
		return;
	}
	for (int i = 0; i < nr; i++)
		apply_or_keep(f, &sample[i]);
	if (lost)
		records_lost(f, lost);
}

void samples_apply_late(struct follower *f, const struct task *task)
{
	/* The ring of another CPU may hold back a sample for some 60 microseconds. */
	const struct timespec pause = { .tv_nsec = 200000 };

	if (task->space->nr_tasks > 1) {
		f->late_space = task->space;
		nanosleep(&pause, NULL);
	}
	samples_apply(f);
	f->late_space = NULL;
}

enum doubt_kind samples_in_doubt(const struct space *space, uint64_t start, uint64_t end)
{
	enum doubt_kind kind = DOUBT_NONE;

	for (unsigned int i = 0; i < DOUBTS && i < space->nr_doubts; i++) {
		const struct doubt *doubt = &space->doubt[i];

		if (doubt->start < end && doubt->end > start && doubt->kind > kind)
			kind = doubt->kind;
	}
	return unknown_touches(space, start, end) ? DOUBT_OLD : kind;
}

void samples_doubt_gone(struct space *space, uint64_t start, uint64_t end)
{
	unknown_gone(space, start, end);
	/* With several, a neighbour may have got its anon_vma from there, or not. */
	if (space->nr_tasks > 1)
		return;
	for (unsigned int i = 0; i < DOUBTS && i < space->nr_doubts; i++)
		if (space->doubt[i].start >= start && space->doubt[i].end <= end)
			space->doubt[i].kind = DOUBT_NONE;
}

void samples_doubt_moves(struct space *space, uint64_t start, uint64_t end, uint64_t to)
{
	unsigned int nr = space->nr_doubts < DOUBTS ? space->nr_doubts : DOUBTS;

	for (unsigned int i = 0; i < nr; i++) {
		const struct doubt doubt = space->doubt[i];
		uint64_t above = doubt.start > start ? doubt.start - start : 0;

		if (doubt.kind != DOUBT_NONE && doubt.start < end && doubt.end > start)
			samples_note_doubt(space, to + above, doubt.kind);
	}
}

void samples_doubt_spreads(struct space *space, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	unknown_spreads(space, addr);
	if (!space->nr_doubts || !umm_find_area(space->mm, addr, &area) || area.start > addr)
		return;
	for (unsigned int i = 0; i < DOUBTS && i < space->nr_doubts; i++) {
		struct doubt *doubt = &space->doubt[i];

		if (doubt->kind == DOUBT_NONE || doubt->start >= area.end ||
		    doubt->end <= area.start)
			continue;
		if (area.start < doubt->start)
			doubt->start = area.start;
		if (area.end > doubt->end)
			doubt->end = area.end;
	}
}

void samples_forget(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	size_t kept = 0;

	/* Those of others are applied, those of @task fall on a task without a space. */
	task->space = NULL;
	samples_apply(f);
	task->space = space;
	for (size_t i = 0; i < f->nr_pending; i++)
		if (f->pending[i].tid != task->tid)
			f->pending[kept++] = f->pending[i];
	f->nr_pending = kept;
}
