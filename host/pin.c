/*
 * pin.c - when to share a CPU.
 *
 * Theory
 * ------
 * Stops are counted in windows of WINDOW.  If a window's stops all came from one address space, and
 * took less than WINDOW x FAST_NS, the follower and the tasks of that space are confined to the CPU
 * that the follower is on.  A timer looks every PIN_TICK_NS: fewer stops than a quarter of that
 * rate, and the pin is dropped, so that a program that computes has its CPUs back within two ticks.
 *
 * Several threads whose calls are let in one at a time gain nothing from several CPUs, as long as
 * they do little else: on average at most one of those that call may be running while another one
 * stops, and nobody else may run.  On one CPU that cannot be seen any more, so after PROBE_TICKS
 * they have their CPUs back for a window.  A thread that runs and makes no call ends the pin.
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
#define PROBE_TICKS 40
#define WAIT_WINDOWS 64			/* while others compute, until the next look */

struct pin {
	bool on;
	bool active;
	const struct space *space;	/* of the window, or the pinned one; never followed */
	unsigned int stops;		/* in the window */
	unsigned int callers, running;	/* threads seen in it; how many ran, summed over stops */
	unsigned int period;		/* number of the window, or of the tick while pinned */
	unsigned int wait;		/* windows to let pass */
	unsigned int ticks;		/* since it was pinned */
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
	f->pin->ticks = 0;
	f->pin->tick_stops = KEEP_STOPS;
}

/* A thread of the space runs and has made no call in this window, or since the last tick. */
static bool somebody_computes(const struct follower *f, const struct space *space)
{
	for (int i = 0; i < TASK_BUCKETS; i++)
		for (const struct task *task = f->tasks[i]; task; task = task->hash_next)
			if (task->space == space && task->called != f->pin->period &&
			    !task->waiting && task->state == TASK_RUNNING && !task_sleeps(task))
				return true;
	return false;
}

/* The space of the pin may be gone. */
static bool several_threads(const struct follower *f)
{
	for (const struct space *space = f->spaces; space; space = space->next)
		if (space == f->pin->space)
			return space->nr_tasks > 1;
	return false;
}

static void window_begins(struct pin *pin, struct task *task)
{
	pin->space = task->space;
	pin->stops = 1;
	pin->callers = 1;
	pin->running = 0;
	pin->window_began_ns = follower_now_ns();
	task->called = ++pin->period;
}

/* Of those that call, who is neither held nor inside nor standing here? */
static void count_running(struct pin *pin, struct task *task)
{
	const struct space *space = task->space;
	unsigned int waiting = space->nr_held + space->nr_in_flight + 1;

	pin->callers += task->called != pin->period;
	task->called = pin->period;
	if (pin->callers > waiting)
		pin->running += pin->callers - waiting;
}

static bool worth_it(struct follower *f, const struct space *space)
{
	struct pin *pin = f->pin;

	if (follower_now_ns() - pin->window_began_ns >= WINDOW * FAST_NS)
		return false;
	if (space->nr_tasks == 1)
		return true;
	if (pin->wait) {
		pin->wait--;
		return false;
	}
	if (pin->running <= WINDOW && !somebody_computes(f, space))
		return true;
	pin->wait = WAIT_WINDOWS;
	return false;
}

void pin_stop(struct follower *f, struct task *task)
{
	struct pin *pin = f->pin;

	if (!pin->on || pin->blocked || !task->space)
		return;
	if (pin->active) {
		pin->tick_stops++;
		task->called = pin->period;
		return;
	}
	if (pin->space != task->space || pin->stops == 0) {
		window_begins(pin, task);
		return;
	}
	count_running(pin, task);
	if (++pin->stops < WINDOW)
		return;
	pin->stops = 0;
	if (worth_it(f, task->space))
		pin_space(f, task->space);
}

void pin_tick(struct follower *f)
{
	struct pin *pin = f->pin;
	bool several;

	if (!pin->active)
		return;
	several = several_threads(f);
	if (pin->tick_stops < KEEP_STOPS) {
		drop(f);
	} else if (several && somebody_computes(f, pin->space)) {
		drop(f);
		pin->wait = WAIT_WINDOWS;
	} else if (several && ++pin->ticks >= PROBE_TICKS) {
		drop(f);
	}
	pin->tick_stops = 0;
	pin->period++;
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
