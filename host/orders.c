/*
 * orders.c - what ran at the same time, in every order in which it may have happened.
 *
 * Theory
 * ------
 * Calls of one space are let in one at a time (turn.c), so that there is nothing to guess about
 * them.  Two things remain:
 *
 *	a fault of a running thread	while another one's call is under way
 *	a call				while another one sleeps inside its own
 *
 * The kernel did the two in one order or the other.  Often that makes no difference; where it
 * does, it is in who shares an anon_vma, which shows only when neighbours merge, perhaps much
 * later.  So both are kept:
 *
 *	space->mm	 ── fault ── call ──	one way, the likelier one: what is told to people
 *	hypothesis	 ── call ── fault ──	another; as many as there are orders
 *
 * Each is asked for its answer to every later call.  One that the kernel contradicts is dropped; if
 * that is the one in its place, a hypothesis that agrees takes it: that is an `either`.  If none
 * agrees the kernel gave a third answer, and that is a divergence.  One that has become the same
 * as the one in its place (umm_mm_same) is dropped as well.
 *
 * To go the other way one must know where the ways part.  Before a call that can be affected the
 * model is cloned: the base.  It can be affected if others run, and there is an area in or around
 * the range that a write would give an anon_vma; and a call that may sleep, by a call.  What ran
 * beside a call:
 *
 *	open	its sample was there when the call began, and nothing younger of that thread: it
 *		may still be at it
 *	beside	its sample became visible between the call's entry and its exit.  A sample is
 *		visible before its fault is handled, so what comes later was later
 *
 * At the call's end, each choice of these before and after it is tried from the base, except the
 * one that space->mm took.  A call that another overtook while it slept stays to be done in the
 * base, which is a hypothesis from then on (call->todo), until it comes back.
 *
 * Two faults of two threads are not tried in both orders: in the kernel they can look for an
 * anon_vma to share before either has one.  Nor is a fault that waits for the lock through a whole
 * call, and is overtaken by the next.  That is left in doubt (samples.c).
 *
 * To ask a hypothesis something, it changes places with space->mm, and its records of calls under
 * way with the tasks'; f->supposing says so: nothing is counted or told, and no ring is read.
 */
#include <asm/unistd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/hypotheses.h"
#include "host/orders.h"
#include "host/pages.h"
#include "host/predict.h"
#include "host/samples.h"

#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* More faults than this beside one call are not tried in all orders: 8 of them. */
#define MATTERS_MAX 3

/* A clone of so many areas takes a few microseconds. */
#define CHEAP_AREAS 128

static void out_of_memory(struct follower *f)
{
	f->no_memory = true;
}

/* ---- faults ---- */

static bool may_gain(const struct umm_area *area)
{
	return area->anon != UMM_ANON_OWN && area->anon != UMM_ANON_INHERITED &&
	       (area->vm_flags & UMM_VM_WRITE) &&
	       !(area->vm_flags & (UMM_VM_MAYSHARE | UMM_VM_PFNMAP | UMM_VM_HUGETLB | UMM_VM_IO));
}

static bool gains(struct umm_mm *mm, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	return umm_find_area(mm, addr, &area) && area.start <= addr && may_gain(&area);
}

/* Would the area at @addr have another anon_vma, or none, if a call came before the fault? */
static bool may_matter(struct umm_mm *mm, const struct fault_sample *sample)
{
	struct umm_area area = { .size = sizeof(area) };

	if (!(sample->access & UMM_ACCESS_WRITE))
		return gains(mm, sample->addr);		/* it may be of a huge page */
	if (!umm_find_area(mm, sample->addr, &area) || area.start > sample->addr)
		return true;		/* nothing there: a call may map something */
	return area.anon != UMM_ANON_OWN && area.anon != UMM_ANON_INHERITED &&
	       !(area.vm_flags & UMM_VM_MAYSHARE);
}

static void do_fault(struct follower *f, struct umm_mm *mm, uint64_t addr, unsigned int access)
{
	if (umm_fault(mm, addr, access, NULL) == -UMM_ENOMEM)
		out_of_memory(f);
}

/* For the models that the call under way has been done in; with @bases, for those before it too. */
static void fault_everywhere(struct follower *f, struct space *space, uint64_t addr,
			     unsigned int access, bool bases)
{
	do_fault(f, space->mm, addr, access);
	if (bases && space->base)
		do_fault(f, space->base, addr, access);
	for (struct hypothesis *h = space->hypotheses; h; h = h->next) {
		do_fault(f, h->mm, addr, access);
		if (bases && h->base)
			do_fault(f, h->base, addr, access);
	}
}

static bool remember(struct space *space, const struct fault_sample *sample, bool open)
{
	if (space->nr_beside == BESIDE) {
		space->orders_lost = true;
		return false;
	}
	space->beside[space->nr_beside++] = (struct beside){ sample->tid, sample->addr,
							      sample->access, open };
	return true;
}

void orders_fault(struct follower *f, struct task *task, const struct fault_sample *sample,
		  bool open)
{
	struct space *space = task->space;
	bool here = gains(space->mm, sample->addr);
	bool beside = space->base_of && space->base_of != task &&
		      (here || gains(space->base ? space->base : space->mm, sample->addr));

	if (open && may_matter(space->mm, sample) && remember(space, sample, true))
		return;			/* done when the call is predicted */
	if (here && !space->base_of)	/* those that began before this one are tried before it */
		orders_fault_done(f, space, 0, UINT64_MAX);
	if (beside)
		beside = remember(space, sample, f->predicting);
	fault_everywhere(f, space, sample->addr, sample->access, !beside);
	if (here)
		samples_note_gain(space, sample->addr, sample->tid);
}

bool orders_is_open(const struct space *space, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < space->nr_beside; i++)
		if (space->beside[i].open && space->beside[i].addr >= start &&
		    space->beside[i].addr < end)
			return true;
	return false;
}

void orders_fault_done(struct follower *f, struct space *space, uint64_t start, uint64_t end)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < space->nr_beside; i++) {
		struct beside fault = space->beside[i];

		if (!fault.open || fault.addr < start || fault.addr >= end) {
			space->beside[kept++] = fault;
			continue;
		}
		fault_everywhere(f, space, fault.addr, fault.access, true);
		samples_note_gain(space, fault.addr, fault.tid);
	}
	space->nr_beside = kept;
}

/* The faults that were open when the call began, in the model that is in its place. */
static void do_open_faults(struct follower *f, struct space *space)
{
	if (space->open_done)
		return;
	space->open_done = true;
	for (unsigned int i = 0; i < space->nr_beside; i++) {
		const struct beside *fault = &space->beside[i];

		if (!fault->open)
			continue;
		do_fault(f, space->mm, fault->addr, fault->access);
		if (!f->supposing)
			samples_note_gain(space, fault->addr, fault->tid);
	}
}

/* ---- before a call ---- */

/* Threads that may fault now: neither held, nor in a call, nor waiting for a vfork's child. */
static bool others_run(const struct space *space)
{
	return space->nr_tasks > space->nr_in_flight + space->nr_held + space->nr_waiting;
}

bool orders_may_sleep(const struct call *call)
{
	switch (call->pub.nr) {
	case __NR_mmap:
		return call->pub.arg[3] & (MAP_POPULATE | MAP_LOCKED);
	case __NR_madvise:
		return call->pub.arg[2] == MADV_POPULATE_READ ||
		       call->pub.arg[2] == MADV_POPULATE_WRITE;
	case __NR_mlock:
	case __NR_mlock2:
	case __NR_mlockall:
	case __NR_process_madvise:
		return true;
	default:
		return false;
	}
}

/*
 * A call that lets memory be written to which could not be: who tries beside it may succeed.  That
 * is a strange program, so it is looked for only where the model is cloned cheaply.
 */
static bool opens_up(const struct space *space, const struct call *call)
{
	struct umm_mm_stats stats;

	if (!(call->pub.arg[2] & PROT_WRITE))
		return false;
	if (call->pub.nr == __NR_mmap ? !(call->pub.arg[3] & MAP_FIXED) :
					call->pub.nr != __NR_mprotect)
		return false;
	umm_mm_stats(space->mm, &stats);
	return stats.map_count <= CHEAP_AREAS;
}

/* [start, end) with the areas that touch it, and those that touch these. */
static void reach_out(struct space *space, uint64_t start, uint64_t end, bool *candidate)
{
	struct umm_area area = { .size = sizeof(area) };
	uint64_t low = start, high = end, at;

	*candidate = false;
	for (int round = 0; round < 2; round++)
		if (low && umm_find_area(space->mm, low - 1, &area) && area.start < low)
			low = area.start;
	for (int round = 0; round < 2; round++)
		if (umm_find_area(space->mm, high, &area) && area.start <= high)
			high = area.end;
	for (at = low; !*candidate && umm_find_area(space->mm, at, &area) && area.start < high;
	     at = area.end)
		*candidate = may_gain(&area);
	if (low < space->reach_start)
		space->reach_start = low;
	if (high > space->reach_end)
		space->reach_end = high;
}

void orders_hold(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	struct space *space = task->space;
	bool candidate;

	if (space->nr_tasks == 1)
		return;
	if (!f->branching) {
		reach_out(space, start, end, &candidate);
		if (!space->base &&
		    (((candidate || opens_up(space, &task->call)) && others_run(space)) ||
		     orders_may_sleep(&task->call))) {
			if (umm_mm_clone(space->mm, &space->base) < 0) {
				space->base = NULL;
				out_of_memory(f);
			} else {
				space->base_of = task;
			}
		}
	}
	do_open_faults(f, space);
}

/* In the model that is in its place. */
static void predict_here(struct follower *f, struct task *task)
{
	struct space *space = task->space;

	if (f->faults_unseen)
		f->summary->observed += adopt_growth(f, space);
	space->open_done = false;
	f->predicting = true;
	predict_call(f, task);
	f->predicting = false;
	do_open_faults(f, space);
}

static bool not_here(const struct call *call)
{
	return call->elsewhere || call->pub.nr == __NR_shmget || call->pub.nr == __NR_shmctl ||
	       call->pub.nr == __NR_fcntl;
}

void orders_predict(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	struct hypothesis **link = &space->hypotheses, *h;
	unsigned int nr_gains = space->nr_gains;

	space->reach_start = UINT64_MAX;
	space->reach_end = 0;
	pages_before_call(f, task);
	predict_here(f, task);
	if (space->nr_tasks > 1) {
		samples_doubt_late(space, task, nr_gains);
		pages_call_beside(f, task);
		space->nr_predicted++;
	}
	while ((h = *link) != NULL) {
		struct call record = hypothesis_fresh_record(&task->call);
		struct reality reality;

		if (!hypothesis_add_view(h, task, &record)) {
			space->order_unknown = true;
			hypothesis_remove(space, link);
			continue;
		}
		link = &h->next;
		if (not_here(&task->call)) {	/* done, not in this space */
			hypothesis_view(h, task)->call = task->call;
			continue;
		}
		suppose(f, task, h, &reality);
		predict_here(f, task);
		back_to_reality(f, task, h, &reality);
	}
	if (!space->base_of)
		space->nr_beside = 0;
}

/* ---- after a call ---- */

/* The faults beside the call of which the order matters; the others are done in the base. */
static unsigned int sort_out(struct follower *f, struct space *space, struct beside *matters)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < space->nr_beside; i++) {
		const struct beside *fault = &space->beside[i];
		bool within = fault->addr >= space->reach_start && fault->addr < space->reach_end;

		if (within) {
			if (nr < MATTERS_MAX) {
				matters[nr++] = *fault;
				continue;
			}
			space->orders_lost = true;
		}
		do_fault(f, space->base, fault->addr, fault->access);
	}
	return nr;
}

/* One choice, from the base: the faults of @before, the call, the others. */
static void try_order(struct follower *f, struct task *task, const struct beside *matters,
		      unsigned int nr, unsigned int before)
{
	struct space *space = task->space;
	struct hypothesis *h;
	struct reality reality;
	struct umm_mm *mm;

	if (umm_mm_clone(space->base, &mm) < 0) {
		out_of_memory(f);
		return;
	}
	h = hypothesis_make(space, task, mm);
	if (!h)
		return;
	suppose(f, task, h, &reality);
	f->branching = true;
	for (unsigned int i = 0; i < nr; i++)
		if (before & (1u << i))
			do_fault(f, space->mm, matters[i].addr, matters[i].access);
	space->open_done = true;
	predict_call(f, task);
	for (unsigned int i = 0; i < nr; i++)
		if (!(before & (1u << i)))
			do_fault(f, space->mm, matters[i].addr, matters[i].access);
	f->branching = false;
	back_to_reality(f, task, h, &reality);
	if (hypothesis_same(space, h))
		hypothesis_free(h);
	else
		hypothesis_add(space, h);
}

/* From the base of the model in its place. */
static void try_orders(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	struct beside matters[MATTERS_MAX];
	unsigned int nr = sort_out(f, space, matters), taken = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (matters[i].open)
			taken |= 1u << i;
	for (unsigned int before = 0; nr && before < 1u << nr; before++)
		if (before != taken)
			try_order(f, task, matters, nr, before);
}

static void drop_bases(struct space *space)
{
	if (space->base)
		umm_mm_put(space->base);
	space->base = NULL;
	for (struct hypothesis *h = space->hypotheses; h; h = h->next) {
		if (h->base)
			umm_mm_put(h->base);
		h->base = NULL;
	}
	space->base_of = NULL;
	space->nr_beside = 0;
}

/* It has come back: by now it was done. */
static void do_todo(struct follower *f, struct task *task)
{
	struct space *space = task->space;

	if (!task->call.todo)
		return;
	if (space->base_of != task && space->base) {	/* too many things at once */
		umm_mm_put(space->base);
		space->base = NULL;
		space->orders_lost = true;
	}
	f->branching = true;
	space->open_done = true;
	predict_call(f, task);
	f->branching = false;
	task->call.todo = false;
}

/* A call that @task overtook may have been done before @task's exit, or not yet: both. */
static void split_todo(struct follower *f, struct task *task, struct task *asleep)
{
	struct space *space = task->space;
	struct reality reality;
	struct hypothesis *h;
	struct umm_mm *mm;

	if (!asleep->call.todo)
		return;
	if (umm_mm_clone(space->mm, &mm) < 0) {
		out_of_memory(f);
		return;
	}
	h = hypothesis_make(space, asleep, mm);
	if (!h)
		return;
	suppose(f, asleep, h, &reality);
	asleep->call.todo = true;
	do_todo(f, asleep);
	back_to_reality(f, asleep, h, &reality);
	hypothesis_add(space, h);
}

static void exit_here(struct follower *f, struct task *task)
{
	struct space *space = task->space;

	do_todo(f, task);
	if (space->base_of != task)
		return;
	if (space->base)
		try_orders(f, task);
	for (struct task *other = space->in_flight; other; other = other->turn_next)
		if (other != task)
			split_todo(f, task, other);
}

void orders_exit(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	struct hypothesis *h = space->hypotheses;

	if (!h && !space->base_of && !task->call.todo)
		return;
	samples_apply(f);
	if (!h && !space->nr_beside && !task->call.todo) {	/* nothing ran beside it */
		drop_bases(space);
		return;
	}
	exit_here(f, task);
	/* Those that were there before; what is added goes in front. */
	for (; h; h = h->next) {
		struct reality reality;

		suppose(f, task, h, &reality);
		exit_here(f, task);
		back_to_reality(f, task, h, &reality);
	}
	if (space->base_of == task)
		drop_bases(space);
}

void orders_give_up(struct follower *f, struct task *task)
{
	(void)f;
	if (task->space->base_of == task)
		drop_bases(task->space);
	for (struct hypothesis *h = task->space->hypotheses; h; h = h->next)
		hypothesis_drop_view(h, task);
}

void orders_end(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	struct hypothesis **link = &space->hypotheses, *h;

	(void)f;
	while ((h = *link) != NULL) {
		/* The longer it has not mattered, the less often it is asked. */
		unsigned int age = ++h->age;
		bool look = (age & (age - 1)) == 0 || age % 256 == 0;

		hypothesis_drop_view(h, task);
		if (look && hypothesis_same(space, h))
			hypothesis_remove(space, link);
		else
			link = &h->next;
	}
	if (!space->hypotheses && space->nr_in_flight <= 1)
		space->orders_lost &= space->nr_tasks > 1;
}

void orders_forget(struct space *space)
{
	while (space->hypotheses)
		hypothesis_remove(space, &space->hypotheses);
	drop_bases(space);
	space->orders_lost = false;
}

/* ---- forks, sleepers, leavers ---- */

/* The base of the model in its place: where the call of @task is still to be done. */
static void keep_base(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	struct umm_mm *base = space->base;
	struct hypothesis *h;

	if (!base)
		return;
	space->base = NULL;
	for (unsigned int i = 0; i < space->nr_beside; i++)
		do_fault(f, base, space->beside[i].addr, space->beside[i].access);
	h = hypothesis_make(space, task, base);
	if (!h)
		return;
	hypothesis_view(h, task)->call.todo = true;
	hypothesis_add(space, h);
}

void orders_overlap(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	struct hypothesis *h = space->hypotheses;

	if (space->base_of != task) {
		space->order_unknown = true;
		return;
	}
	keep_base(f, task);
	for (; h; h = h->next) {
		struct reality reality;

		suppose(f, task, h, &reality);
		keep_base(f, task);
		back_to_reality(f, task, h, &reality);
	}
	drop_bases(space);
}

void orders_leave(struct space *space, struct task *task)
{
	if (space->base_of == task)
		drop_bases(space);
	for (struct hypothesis *h = space->hypotheses; h; h = h->next)
		hypothesis_drop_view(h, task);
}
