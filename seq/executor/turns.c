/*
 * turns.c - whose turn it is, and what is done with it.
 *
 * Theory
 * ------
 * All processes of a sequence are children of the first, also those that others forked, so that
 * the first can wait for them: a step after `exit` must find that the address space is gone.  They
 * share control.h's words alone.
 *
 * The process whose turn it is goes through the steps until one is another's: it gives the turn
 * away and waits.  When there are no more steps the turn goes outside, and everybody waits.
 */
#include <stdatomic.h>

#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>

#include "seq/executor/executor.h"
#include "seq/executor/sys.h"

uint32_t executor_me;

_Noreturn void turn_child(void);
_Noreturn void executor_child(void);

void turn_wait(void)
{
	for (;;) {
		uint32_t turn = atomic_load_explicit(&shared->turn, memory_order_acquire);

		if (turn == executor_me)
			return;
		sys6(__NR_futex, at(&shared->turn), FUTEX_WAIT, turn, 0, 0, 0);
	}
}

void turn_give(uint32_t who)
{
	atomic_store_explicit(&shared->turn, who, memory_order_release);
	sys3(__NR_futex, at(&shared->turn), FUTEX_WAKE, INT32_MAX);
	turn_wait();
}

/* Give @who the turn for that alone. */
static void ask(uint32_t who, enum control_request request)
{
	shared->request = request;
	shared->asker = executor_me;
	turn_give(who);
	shared->request = REQUEST_RUN;
}

/* What @who sees in its maps. */
static uint64_t look_of(uint32_t who)
{
	ask(who, REQUEST_LOOK);
	return shared->other;
}

/* After a step that was made here: @other is a process that it changed too, or this one. */
static void look_after(size_t step, uint32_t other)
{
	struct seq_seen *seen = &shared->seen[step];

	if (shared->skip[step] & CONTROL_BLIND)
		return;
	if (shared->look) {
		seen->maps = look_maps();
		if (other != executor_me)
			seen->other = look_of(other);
	}
	if (shared->every && (step + 1) % shared->every == 0) {
		seen->smaps = look_smaps();
		look_status(seen->vm);
	}
}

_Noreturn void turn_child(void)
{
	sys3(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
	if (sys1(__NR_getppid, 0) != shared->pid[0])
		sys1(__NR_exit_group, 103);	/* the first is dead already */
	shared->pid[executor_me] = (int32_t)sys1(__NR_getpid, 0);
	if (look_open() < 0)
		sys1(__NR_exit_group, 102);
	turn_serve();
}

/* The number of the child, or a negative error. */
static int64_t make_child(void)
{
	uint32_t child = (uint32_t)seq_state_free_process(&shared->state);
	uint64_t flags = SIGCHLD | (executor_me ? CLONE_PARENT : 0);
	int64_t pid;

	call_begin();
	pid = sys6(__NR_clone, flags, 0, 0, 0, 0, 0);
	if (pid == 0) {
		executor_me = child;
		executor_child();
	}
	call_end();
	if (pid < 0)
		return pid;
	shared->pid[child] = (int32_t)pid;
	/* From here on it goes when the first goes. */
	ask(child, REQUEST_HELLO);
	return child;
}

static _Noreturn void leave(void)
{
	shared->request = REQUEST_REAP;
	shared->reap = shared->pid[executor_me];
	shared->pid[executor_me] = 0;
	atomic_store_explicit(&shared->turn, 0, memory_order_release);
	sys3(__NR_futex, at(&shared->turn), FUTEX_WAKE, INT32_MAX);
	sys1(__NR_exit_group, 0);
	__builtin_unreachable();
}

static void make_step(const struct seq_step *step, size_t nr)
{
	uint32_t other = executor_me;
	int64_t answer;

	switch (step->call) {
	case SEQ_EXIT:
		seq_step_done(&shared->state, step, 0);
		leave();
	case SEQ_FORK:
		answer = make_child();
		other = answer < 0 ? executor_me : (uint32_t)answer;
		break;
	case SEQ_PROCESS_MADVISE:
		other = (uint32_t)seq_arg(&shared->state, step, 0);
		answer = call_make(step);
		break;
	default:
		answer = call_make(step);
	}
	seq_step_done(&shared->state, step, answer);
	look_after(nr, other);
}

static void go_on(void)
{
	struct seq_state *state = &shared->state;

	while (state->nr < shared->nr_steps) {
		size_t nr = state->nr;
		const struct seq_step *step = &shared->step[nr];

		if ((shared->skip[nr] & CONTROL_SKIP) || !seq_step_allowed(state, step)) {
			seq_step_done(state, step, SEQ_SKIPPED);
		} else if (step->process != executor_me) {
			turn_give(step->process);
			return;
		} else {
			make_step(step, nr);
		}
	}
	turn_give(TURN_OUTSIDE);
}

_Noreturn void turn_serve(void)
{
	turn_wait();
	for (;;) {
		switch (shared->request) {
		case REQUEST_LOOK:
			shared->other = look_maps();
			turn_give(shared->asker);
			break;
		case REQUEST_HELLO:
			turn_give(shared->asker);
			break;
		case REQUEST_REAP:
			sys6(__NR_wait4, (uint64_t)shared->reap, 0, 0, 0, 0, 0);
			shared->request = REQUEST_RUN;
			go_on();
			break;
		default:
			go_on();
		}
	}
}
