/*
 * pin.c - when to share a CPU.
 *
 * Theory
 * ------
 * Stops are counted in windows of WINDOW.  If a window's stops all came from one address space with
 * one thread, and took less than WINDOW x FAST_NS, the follower and the tasks of that space are
 * confined to the CPU that the follower is on.  A timer looks every PIN_TICK_NS: fewer stops
 * than a quarter of that rate, and the pin is dropped, so that a program that computes has its CPUs
 * back within two ticks.
 *
 * Each pinned task keeps the mask that it believes to have.  A child inherits its parent's mask in
 * the kernel, so it is pinned as its parent is and believes what that one believes.  Before a call
 * that reads or sets affinities everything is unpinned.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "host/pin.h"
#include "host/task.h"

#define WINDOW 16
#define FAST_NS UINT64_C(200000)
#define KEEP_STOPS 8			/* per tick */

struct pin {
	bool on;
	bool active;
	const struct space *space;	/* of the window, or the pinned one; never followed */
	unsigned int stops;		/* in the window */
	uint64_t window_began_ns;
	unsigned int tick_stops;
	unsigned int blocked;		/* calls under way that see affinities */
	bool ever;			/* something was pinned before */
	cpu_set_t our_mask;
};

int pin_open(struct follower *f, bool on)
{
	f->pin = calloc(1, sizeof(*f->pin));
	if (!f->pin)
		return -ENOMEM;
	f->pin->on = on && sched_getaffinity(0, sizeof(f->pin->our_mask), &f->pin->our_mask) == 0 &&
		     CPU_COUNT(&f->pin->our_mask) > 1;
	return 0;
}

static void drop(struct follower *f)
{
	struct pin *pin = f->pin;

	if (!pin->active)
		return;
	for (int i = 0; i < TASK_BUCKETS; i++) {
		for (struct task *task = f->tasks[i]; task; task = task->hash_next) {
			if (task->pinned)
				sched_setaffinity(task->tid, sizeof(task->true_mask),
						  &task->true_mask);
			task->pinned = false;
		}
	}
	sched_setaffinity(0, sizeof(pin->our_mask), &pin->our_mask);
	pin->active = false;
	pin->space = NULL;
	pin->stops = 0;
}

void pin_close(struct follower *f)
{
	if (!f->pin)
		return;
	drop(f);
	free(f->pin);
	f->pin = NULL;
}

bool pin_is_active(const struct follower *f)
{
	return f->pin->active;
}

static void pin_task(struct task *task, const cpu_set_t *one)
{
	if (task->pinned)
		return;
	if (sched_getaffinity(task->tid, sizeof(task->true_mask), &task->true_mask) != 0)
		return;
	task->pinned = sched_setaffinity(task->tid, sizeof(*one), one) == 0;
}

static void pin_space(struct follower *f, const struct space *space)
{
	int cpu = sched_getcpu();
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (cpu < 0 || sched_setaffinity(0, sizeof(one), &one) != 0)
		return;
	for (int i = 0; i < TASK_BUCKETS; i++)
		for (struct task *task = f->tasks[i]; task; task = task->hash_next)
			if (task->space == space && !task->exiting)
				pin_task(task, &one);
	f->pin->active = f->pin->ever = true;
	f->pin->tick_stops = KEEP_STOPS;
}

/* Threads of the space that could run now: one that waits in vfork, say, cannot. */
static bool one_runs(const struct space *space)
{
	return space->nr_tasks == 1;
}

void pin_stop(struct follower *f, struct task *task)
{
	struct pin *pin = f->pin;

	if (!pin->on || pin->blocked || !task->space)
		return;
	if (pin->active) {
		pin->tick_stops++;
		return;
	}
	if (pin->space != task->space || pin->stops == 0) {
		pin->space = task->space;
		pin->stops = 1;
		pin->window_began_ns = follower_now_ns();
		return;
	}
	if (++pin->stops < WINDOW)
		return;
	pin->stops = 0;
	if (follower_now_ns() - pin->window_began_ns < WINDOW * FAST_NS && one_runs(task->space))
		pin_space(f, task->space);
}

void pin_tick(struct follower *f)
{
	struct pin *pin = f->pin;

	if (!pin->active)
		return;
	if (pin->tick_stops < KEEP_STOPS)
		drop(f);
	pin->tick_stops = 0;
}

void pin_inherit(struct follower *f, struct task *task, const struct task *parent)
{
	cpu_set_t mask;

	task->pinned = parent->pinned;
	task->true_mask = parent->true_mask;
	/* It may have been born under a pin that was dropped before we heard of it. */
	if (!parent->pinned && f->pin->ever &&
	    sched_getaffinity(parent->tid, sizeof(mask), &mask) == 0)
		sched_setaffinity(task->tid, sizeof(mask), &mask);
}

void pin_block(struct follower *f)
{
	drop(f);
	f->pin->blocked++;
}

void pin_unblock(struct follower *f)
{
	f->pin->blocked--;
}
