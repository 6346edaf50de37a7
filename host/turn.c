/*
 * turn.c - one memory call per address space at a time, and nobody waits for ever.
 *
 * Theory
 * ------
 * A space has calls in flight (let in, exit stop to come) and tasks held (at their seccomp stop).
 * A turn ends at the exit stop, at the event of a fork-like call (a vfork returns only when its
 * child does, and the child wants turns of its own), at exec, and when the owner dies: then the
 * first of those held goes in.
 *
 * A call may wait inside for what another thread does: mlock() of a userfaultfd range, a file of a
 * FUSE server in the same program.  Holding that thread would stop the program for good.  So when
 * the owner sleeps for longer than OVERDUE_NS while others are held, it is parked: it counts no
 * more, and the others take turns beside it.  Nobody knows then whether the kernel did its call
 * before or after theirs: orders.c keeps both, if it saw the overlap coming, else
 * space->order_unknown says so until no call is in flight, and a difference is taken over from the
 * kernel meanwhile.
 *
 * Invariants
 *	1. nr_in_flight - nr_parked <= 1: one call at a time, beside those that are parked;
 *	2. a task is in one of the two lists at most: call.in_flight, or state == TASK_HELD;
 *	3. held is empty if all in flight are parked (between two events).
 */
#include "host/task.h"
#include "host/turn.h"

#define OVERDUE_NS UINT64_C(20000000)

static bool free_to_go(const struct space *space)
{
	return space->nr_in_flight == space->nr_parked;
}

static void go_in(struct space *space, struct task *task, bool timed)
{
	task->state = TASK_RUNNING;
	task->call.in_flight = true;
	task->call.parked = false;
	task->call.since_ns = timed ? follower_now_ns() : 0;
	task->turn_next = space->in_flight;
	space->in_flight = task;
	space->nr_in_flight++;
}

bool turn_take(struct task *task, bool timed)
{
	struct space *space = task->space;
	struct task *owner;

	if (free_to_go(space)) {
		go_in(space, task, timed);
		return true;
	}
	/* The clock is read only now that somebody waits. */
	for (owner = space->in_flight; owner; owner = owner->turn_next)
		if (!owner->call.since_ns)
			owner->call.since_ns = follower_now_ns();
	task->state = TASK_HELD;
	task->turn_next = NULL;
	*space->held_tail = task;
	space->held_tail = &task->turn_next;
	space->nr_held++;
	return false;
}

static struct task *next_held(struct space *space, bool timed)
{
	struct task *task = space->held;

	if (!task)
		return NULL;
	space->held = task->turn_next;
	if (!space->held)
		space->held_tail = &space->held;
	space->nr_held--;
	go_in(space, task, timed);
	return task;
}

static void leave(struct space *space, struct task *task)
{
	struct task **link = &space->in_flight;

	while (*link != task)
		link = &(*link)->turn_next;
	*link = task->turn_next;
	task->turn_next = NULL;
	task->call.in_flight = false;
	space->nr_parked -= task->call.parked;
	task->call.parked = false;
	if (--space->nr_in_flight == 0)
		space->order_unknown = false;
}

struct task *turn_end(struct task *task)
{
	struct space *space = task->space;

	if (!space || !task->call.in_flight)
		return NULL;
	leave(space, task);
	return free_to_go(space) ? next_held(space, space->held != NULL) : NULL;
}

void turn_forget(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	struct task **link;

	(void)f;
	if (!space)
		return;
	if (task->call.in_flight) {
		leave(space, task);
		return;
	}
	if (task->state != TASK_HELD)
		return;
	for (link = &space->held; *link && *link != task; )
		link = &(*link)->turn_next;
	if (*link) {
		*link = task->turn_next;
		if (!*link)
			space->held_tail = link;
		space->nr_held--;
	}
	task->state = TASK_RUNNING;
}

bool turn_anybody_waits(const struct follower *f)
{
	for (const struct space *space = f->spaces; space; space = space->next)
		if (space->held)
			return true;
	return false;
}

struct task *turn_overdue(struct follower *f, uint64_t now_ns,
			  void (*parked)(struct follower *f, struct task *task))
{
	for (struct space *space = f->spaces; space; space = space->next) {
		struct task *owner = space->in_flight;

		if (!space->held)
			continue;
		while (owner && owner->call.parked)	/* the one that is not, if there is one */
			owner = owner->turn_next;
		if (owner) {
			if (now_ns - owner->call.since_ns < OVERDUE_NS || !task_sleeps(owner))
				continue;
			parked(f, owner);
			owner->call.parked = true;
			space->nr_parked++;
		}
		return next_held(space, true);
	}
	return NULL;
}
