/*
 * samples.c - whose fault was it?
 *
 * A sample names a thread; the thread's space is where the fault was.  A child may fault before its
 * parent's fork event told us of it: such a sample waits in `pending` until the task is known.  So
 * do those of a task inside exec: the kernel writes to the stack of the new program before the
 * event tells that the old one has gone, which may be another process's as well (vfork).
 */
#include <stdlib.h>

#include "host/orders.h"
#include "host/pages.h"
#include "host/reached.h"
#include "host/samples.h"
#include "host/sharing.h"
#include "host/task.h"
#include "host/unknown.h"

/* More than this of unknown tasks are remnants of dead ones. */
#define PENDING_MAX 65536

/* So many calls of others one after the other may overtake a fault. */
#define LATE_CALLS 3

void samples_through(struct task *task)
{
	struct space *space = task->space;

	for (unsigned int i = 0; i < GAINS; i++)
		if (space->gain[i].tid == task->tid)
			space->gain[i].tid = 0;
}

static uint64_t anon_id_at(const struct space *space, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	return umm_find_area(space->mm, addr, &area) && area.start <= addr ? area.anon_id : 0;
}

static void doubt_id(struct space *space, uint64_t anon_id, enum doubt_kind kind)
{
	space->doubt[space->nr_doubts++ % DOUBTS] = (struct doubt){ anon_id, kind };
	if (space->nr_doubts == 2 * DOUBTS)
		space->nr_doubts = DOUBTS;
}

void samples_note_doubt(struct space *space, uint64_t addr, enum doubt_kind kind)
{
	uint64_t anon_id = anon_id_at(space, addr);

	if (anon_id)
		doubt_id(space, anon_id, kind);
}

/*
 * The area at @addr got its anon_vma by a fault of @tid.  Was the last fault of another thread, in
 * the area below or above, still under way?  Then each may have looked for one to share before the
 * other had it.
 */
void samples_note_gain(struct space *space, uint64_t addr, pid_t tid)
{
	struct umm_area area = { .size = sizeof(area) };
	uint64_t id[3];

	if (!umm_find_area(space->mm, addr, &area) || area.start > addr)
		return;
	id[0] = area.anon_id;
	id[1] = area.start ? anon_id_at(space, area.start - 1) : 0;
	id[2] = anon_id_at(space, area.end);
	for (unsigned int i = 0; i < GAINS; i++) {
		const struct gain *gain = &space->gain[i];

		if (!gain->tid || gain->tid == tid)
			continue;
		for (int j = 0; j < 3; j++) {
			if (!id[j] || id[j] != gain->anon_id)
				continue;
			doubt_id(space, id[j], DOUBT_CONCURRENT);
			doubt_id(space, id[0], DOUBT_CONCURRENT);
		}
	}
	space->gain[space->nr_gains++ % GAINS] = (struct gain){ tid, space->nr_predicted,
							     addr, id[0] };
}

/*
 * A fault that was seen during one of the calls before this one may have waited for that one's
 * lock, and this one may have been quicker to take it.  If the area lives on, its anon_vma is in
 * doubt; if not, the fault was in what came after it, or nowhere, and there is no anon_vma to tell
 * that by.
 */
void samples_doubt_late(struct space *space, const struct task *task, unsigned int nr_gains)
{
	for (unsigned int i = space->nr_gains < GAINS ? 0 : space->nr_gains - GAINS;
	     i < nr_gains; i++) {
		const struct gain *gain = &space->gain[i % GAINS];

		if (!gain->tid || gain->tid == task->tid ||
		    gain->call + LATE_CALLS < space->nr_predicted ||
		    gain->addr < space->reach_start || gain->addr >= space->reach_end)
			continue;
		if (anon_id_at(space, gain->addr) == gain->anon_id)
			doubt_id(space, gain->anon_id, DOUBT_CONCURRENT);
		else
			space->orders_lost = true;
	}
}

/* Not reported as a fault, and does the same. */
static void gup(struct follower *f, struct task *task, const struct fault_sample *sample)
{
	struct fault_sample second = *sample;

	if (!task->space || !task->space->mm)
		return;
	orders_fault(f, task, sample, false);
	second.addr = sample->second_addr;
	if (second.addr)
		orders_fault(f, task, &second, false);
}

/* @open: it may not be through when the call of f->caller begins. */
static void apply(struct follower *f, struct task *task, const struct fault_sample *sample,
		  bool open)
{
	struct space *space = task->space;
	struct fault_sample known = *sample;
	struct sharing sharing;
	bool shared;

	if (sample->kind == SAMPLE_GUP) {
		gup(f, task, sample);
		return;
	}
	task->fault_addr = sample->addr;
	task->fault_access = sample->access;
	task->fault_ns = sample->time_ns;
	if (!space || !space->mm)
		return;
	f->summary->faults++;
	space->faults++;
	pages_fault_beside(f, task, known.addr);
	if (f->pages && !pages_fault(f, space, &known))
		return;
	/* Of unknown kind: what a read does is true of every fault; scans find the rest. */
	if (!known.access)
		known.access = UMM_ACCESS_READ;
	shared = sharing_before_fault(f, task, &known, &sharing);
	if (space->nr_tasks == 1 && !space->hypotheses) {
		if (umm_fault(space->mm, known.addr, known.access, NULL) == -UMM_ENOMEM)
			f->no_memory = true;
	} else {
		samples_through(task);
		orders_fault(f, task, &known, open);
	}
	if (shared)
		sharing_after_fault(f, task, &sharing);
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

/* For tests: what nobody told of must show. */
static bool not_heard(struct follower *f, const struct fault_sample *sample)
{
	return f->options->faults == FOLLOW_FAULTS_DEAF && (sample->access & UMM_ACCESS_WRITE) &&
	       ++f->writes_heard % 16 == 0;
}

static void apply_or_keep(struct follower *f, const struct fault_sample *sample, size_t number)
{
	struct task *task = task_find(f, sample->tid);
	const struct task *caller = f->caller;
	bool open;

	if (sample->kind == SAMPLE_REACHED || sample->kind == SAMPLE_TRUNCATED) {
		reached_apply(f, sample);
		return;
	}
	if (!task || task->state == TASK_NEWBORN || task->in_exec) {
		keep(f, sample);
		return;
	}
	open = caller && task != caller && task->space == caller->space &&
	       task->state == TASK_RUNNING && number == task->last_sample;
	apply(f, task, sample, open);
}

static void apply_pending(struct follower *f)
{
	size_t nr = f->nr_pending;

	f->nr_pending = 0;
	for (size_t i = 0; i < nr; i++)
		apply_or_keep(f, &f->pending[i], SIZE_MAX);	/* keeps at or below i */
}

/* The last sample of a thread that runs may be of a fault that is not through yet. */
static void find_last(struct follower *f, const struct fault_sample *sample, int nr)
{
	for (int i = 0; i < nr; i++) {
		struct task *task = task_find(f, sample[i].tid);

		if (task)
			task->last_sample = (size_t)i;
	}
}

bool samples_are_exact(const struct follower *f)
{
	return f->faults && !f->faults_unseen &&
	       perf_faults_source(f->faults) == FAULTS_TRACEPOINTS;
}

/* Samples are missing: what they would have said is in the page tables, but for the order. */
static void records_lost(struct follower *f, uint64_t lost)
{
	f->faults_unseen = true;
	pages_note_doubt_all(f, PAGES_LOST);
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
	if (f->caller && f->caller->space && f->caller->space->nr_tasks > 1)
		find_last(f, sample, nr);
	for (int i = 0; i < nr; i++)
		if (!not_heard(f, &sample[i]))
			apply_or_keep(f, &sample[i], (size_t)i);
	if (lost)
		records_lost(f, lost);
}

enum doubt_kind samples_in_doubt(const struct space *space, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };
	enum doubt_kind kind = DOUBT_NONE;

	for (uint64_t at = start ? start - 1 : 0; umm_find_area(space->mm, at, &area) &&
	     area.start <= end; at = area.end)
		for (unsigned int i = 0; area.anon_id && i < DOUBTS && i < space->nr_doubts; i++)
			if (space->doubt[i].anon_id == area.anon_id && space->doubt[i].kind > kind)
				kind = space->doubt[i].kind;
	return unknown_in_doubt(space, start, end) ? DOUBT_OLD : kind;
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
