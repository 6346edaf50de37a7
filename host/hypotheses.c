/*
 * hypotheses.c - the ways in which things may have gone, beside the one that space->mm took.
 *
 * What they are for is told in orders.c.  A hypothesis has a model, and for each call under way a
 * record of its own: what it answered, where the areas are to be compared.
 */
#include <stdlib.h>
#include <string.h>

#include "host/calls/observe.h"
#include "host/hypotheses.h"
#include "host/pages.h"
#include "host/task.h"

/* ---- records of calls ---- */

static void drop_record(struct call *call)
{
	if (call->child)
		umm_mm_put(call->child);
	if (call->file)
		umm_file_put(call->file);
	call->child = NULL;
	call->file = NULL;
}

struct call hypothesis_fresh_record(const struct call *call)
{
	struct call fresh = { .desc = call->desc };

	fresh.pub.pid = call->pub.pid;
	fresh.pub.tid = call->pub.tid;
	fresh.pub.nr = call->pub.nr;
	memcpy(fresh.pub.arg, call->pub.arg, sizeof(fresh.pub.arg));
	return fresh;
}

struct view *hypothesis_view(struct hypothesis *h, const struct task *task)
{
	for (unsigned int i = 0; i < h->nr_views; i++)
		if (h->view[i].task == task)
			return &h->view[i];
	return NULL;
}

bool hypothesis_add_view(struct hypothesis *h, struct task *task, const struct call *call)
{
	if (h->nr_views == VIEWS)
		return false;
	h->view[h->nr_views++] = (struct view){ task, *call };
	return true;
}

void hypothesis_drop_view(struct hypothesis *h, const struct task *task)
{
	struct view *view = hypothesis_view(h, task);

	if (!view)
		return;
	drop_record(&view->call);
	*view = h->view[--h->nr_views];
}

void hypothesis_free(struct hypothesis *h)
{
	for (unsigned int i = 0; i < h->nr_views; i++)
		drop_record(&h->view[i].call);
	umm_mm_put(h->mm);
	if (h->base)
		umm_mm_put(h->base);
	free(h);
}

void hypothesis_remove(struct space *space, struct hypothesis **link)
{
	struct hypothesis *h = *link;

	*link = h->next;
	space->nr_hypotheses--;
	hypothesis_free(h);
}

struct hypothesis *hypothesis_make(struct space *space, struct task *task, struct umm_mm *mm)
{
	struct hypothesis *h = NULL;

	if (space->nr_hypotheses < HYPOTHESES)
		h = calloc(1, sizeof(*h));
	else
		space->orders_lost = true;
	if (!h) {
		umm_mm_put(mm);
		return NULL;
	}
	h->mm = mm;
	for (struct task *other = space->in_flight; other; other = other->turn_next) {
		struct call call = hypothesis_fresh_record(&other->call);

		if (other != task) {
			call = other->call;
			call.child = NULL;
			if (call.file)
				umm_file_get(call.file);
		}
		if (!hypothesis_add_view(h, other, &call)) {
			drop_record(&call);
			space->order_unknown = true;
			hypothesis_free(h);
			return NULL;
		}
	}
	return h;
}

void hypothesis_add(struct space *space, struct hypothesis *h)
{
	h->next = space->hypotheses;
	space->hypotheses = h;
	space->nr_hypotheses++;
}

/* ---- changing places ---- */

/* What the kernel told of a call, or what we did to its task, is the same in every model. */
static void swap_records(struct call *a, struct call *b)
{
	struct call was_a = *a, was_b = *b;

	*a = was_b;
	a->active = was_a.active;
	a->in_flight = was_a.in_flight;
	a->parked = was_a.parked;
	a->since_ns = was_a.since_ns;
	a->event_pid = was_a.event_pid;
	a->poked = was_a.poked;
	a->poked_flags = was_a.poked_flags;
	a->pub.got = was_a.pub.got;
	a->truth = was_a.truth;
	*b = was_a;
}

void hypothesis_change_places(struct space *space, struct hypothesis *h)
{
	struct umm_mm *mm = space->mm, *base = space->base;

	space->mm = h->mm;
	space->base = h->base;
	h->mm = mm;
	h->base = base;
	for (unsigned int i = 0; i < h->nr_views; i++)
		swap_records(&h->view[i].task->call, &h->view[i].call);
}

void suppose(struct follower *f, struct task *task, struct hypothesis *h,
		    struct reality *reality)
{
	struct space *space = task->space;

	*reality = (struct reality){ *f->summary, f->difference, task->why, f->supposing };
	f->supposing = true;
	task->why = NULL;
	hypothesis_change_places(space, h);
}

void back_to_reality(struct follower *f, struct task *task, struct hypothesis *h,
			    const struct reality *reality)
{
	hypothesis_change_places(task->space, h);
	task->why = reality->why;
	f->supposing = reality->supposing;
	*f->summary = reality->summary;
	f->difference = reality->difference;
}

static bool same_children(const struct call *a, const struct call *b)
{
	if (!a->child || !b->child)
		return a->child == b->child;
	return umm_mm_same(a->child, b->child);
}

bool hypothesis_same(struct space *space, struct hypothesis *h)
{
	for (unsigned int i = 0; i < h->nr_views; i++) {
		const struct call *here = &h->view[i].task->call, *there = &h->view[i].call;

		if (here->pub.predicted != there->pub.predicted ||
		    here->pub.predicted_any != there->pub.predicted_any ||
		    here->todo != there->todo || here->start != there->start ||
		    here->end != there->end || !same_children(here, there))
			return false;
	}
	return umm_mm_same(space->mm, h->mm);
}

/* ---- what the kernel says ---- */

bool hypotheses_settle(struct follower *f, struct task *task, bool agreed,
		       hypotheses_question agrees)
{
	struct space *space = task->space;
	struct hypothesis **link = &space->hypotheses, *h;

	while ((h = *link) != NULL) {
		struct reality reality;
		bool agrees_too;

		suppose(f, task, h, &reality);
		agrees_too = agrees(f, task);
		back_to_reality(f, task, h, &reality);
		if (agrees_too && agreed) {
			link = &h->next;
			continue;
		}
		if (agrees_too) {
			hypothesis_change_places(space, h);
			umm_mm_take_place(space->mm, h->mm);
			pages_observe(f, space, 0, TASK_SIZE_64);
			f->summary->either++;
			agreed = true;
		}
		hypothesis_remove(space, link);
	}
	return agreed;
}

void hypotheses_each(struct follower *f, struct task *task, int64_t got,
		 void (*act)(struct follower *f, struct task *task, int64_t got))
{
	for (struct hypothesis *h = task->space->hypotheses; h; h = h->next) {
		struct reality reality;

		suppose(f, task, h, &reality);
		act(f, task, got);
		back_to_reality(f, task, h, &reality);
	}
}

void hypotheses_fork(struct follower *f, struct task *parent, struct space *child)
{
	(void)f;
	for (struct hypothesis *h = parent->space->hypotheses; h; h = h->next) {
		struct view *view = hypothesis_view(h, parent);
		struct hypothesis *born;

		if (!view || !view->call.child)
			continue;
		born = umm_mm_same(view->call.child, child->mm) ? NULL : calloc(1, sizeof(*born));
		if (born) {
			born->mm = view->call.child;
			view->call.child = NULL;
			hypothesis_add(child, born);
		}
		hypothesis_drop_view(h, parent);
	}
}
