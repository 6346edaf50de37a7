/*
 * events.c - say what a stop means, do it, let the thread go on.
 *
 * Theory
 * ------
 * Every stop of every thread arrives through one waitpid(-1, __WALL), in follow.c.
 *
 *	seccomp stop    a call of the table begins: wait for the turn (turn.c), predict
 *	                (predict.c), let it in up to its exit stop
 *	exit stop       it answered: compare (outcome.c), go on; the next in line begins
 *	fork event      the child's task is made, with the model that the prediction forked;
 *	                the turn ends here, since a vfork comes back only when its child has gone
 *	exec event      the layout of the new address space is predicted (exec_load.c)
 *	exit event      the last thread of a space: everything is compared once more
 *	signal          shown and delivered; a SIGSEGV is explained by the model
 *	group-stop      the thread listens until SIGCONT
 *
 * A child may stop before its parent's event says what it is: it stays stopped, a newborn, until
 * then.  A thread may be gone at any stop: each request may fail with ESRCH, and its death comes
 * by waitpid.
 *
 * Never detach: see filter.h.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/attach.h"
#include "host/delivered.h"
#include "host/events.h"
#include "host/exec.h"
#include "host/filter.h"
#include "host/hypotheses.h"
#include "host/limits.h"
#include "host/orders.h"
#include "host/outcome.h"
#include "host/pages.h"
#include "host/pin.h"
#include "host/predict.h"
#include "host/ptrace.h"
#include "host/samples.h"
#include "host/sharing.h"
#include "host/signals.h"
#include "host/smaps.h"
#include "host/task.h"
#include "host/turn.h"
#include "host/unknown.h"
#include "host/userfaultfd.h"

/* Longer than any parent takes to tell of its child. */
#define ORPHAN_NS UINT64_C(3000000000)

/* Without a filter the next stop is that of the next call, whatever it is. */
static void cont(struct task *task, int signo)
{
	ptrace_resume(task->tid,
		      task->every_call ? PTRACE_RESUME_TO_CALL_STOP : PTRACE_RESUME_CONT, signo);
}

/* Resume a task that may be in the middle of a call: its exit stop must not be missed. */
static void go_on(struct task *task, int signo)
{
	if (task->call.active)
		ptrace_resume(task->tid, PTRACE_RESUME_TO_CALL_STOP, signo);
	else
		cont(task, signo);
}

static bool followed(const struct task *task)
{
	return task->space && task->space->mm;
}

/* ---- calls ---- */

/* The task has the turn, or needs none: let the call in. */
static void begin_call(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	if (call_kind_needs_turn(call->desc->kind) && followed(task)) {
		task->space->pid = task->tid;
		f->caller = task;
		samples_apply(f);
		f->caller = NULL;
		orders_predict(f, task);
		samples_through(task);
	}
	call->active = true;
	ptrace_resume(task->tid, PTRACE_RESUME_TO_CALL_STOP, 0);
}

static void pass_turn(struct follower *f, struct task *next)
{
	if (next)
		begin_call(f, next);
}

/* The parent of a vfork is back, or gone. */
static void no_longer_waits(struct task *task)
{
	if (task->waiting && task->space)
		task->space->nr_waiting--;
	task->waiting = false;
}

/* Calls of another architecture: other numbers, other layouts.  It runs on, unfollowed. */
static void give_up(struct follower *f, struct task *task, const char *what)
{
	if (followed(task)) {
		follower_warn(f, "process %d makes %s system calls: not followed any more",
			      (int)task->tgid, what);
		space_give_up(f, task->space);
	}
	f->gave_up = true;
}

static void start_record(struct task *task, const struct ptrace_call *entry,
			 const struct call_desc *desc)
{
	struct call *call = &task->call;

	memset(call, 0, offsetof(struct call, start));
	call->desc = desc;
	call->pub.pid = task->tgid;
	call->pub.tid = task->tid;
	call->pub.nr = (long)entry->nr;
	memcpy(call->pub.arg, entry->arg, sizeof(call->pub.arg));
	call->start = call->end = 0;
	call->from_start = call->from_end = 0;
	call->gone_start = call->gone_end = 0;
	call->clone_flags = call->clear_tid = 0;
	call->child = NULL;
	call->event_pid = 0;
	call->file = NULL;
	call->poked = false;
}

static void on_entry(struct follower *f, struct task *task, const struct ptrace_call *at)
{
	const struct ptrace_call entry = *at;
	const struct call_desc *desc;

	if (entry.filter_data == FILTER_FOREIGN) {
		/* A number below zero is nobody's call: syscall(-1). */
		if (entry.arch != AUDIT_ARCH_X86_64)
			give_up(f, task, "32-bit (i386)");
		else if ((int32_t)entry.nr >= 0)
			give_up(f, task, "x32");
		cont(task, 0);
		return;
	}
	desc = calls_table_find((long)entry.nr, entry.arg);
	if (!desc) {
		cont(task, 0);
		return;
	}
	start_record(task, &entry, desc);
	if (desc->kind == CALL_EXEC) {
		samples_apply(f);
		if (followed(task) && task->space->nr_tasks == 1)
			smaps_at_end(f, task, "before execve");
		task->in_exec = true;
		exec_entered(task);
		begin_call(f, task);
		return;
	}
	if (desc->kind == CALL_AFFINITY) {
		pin_block(f);
		begin_call(f, task);
		return;
	}
	if (!followed(task)) {
		if (desc->kind == CALL_FORK) {
			predict_call(f, task);		/* takes CLONE_UNTRACED out */
			begin_call(f, task);
		} else {
			cont(task, 0);
		}
		return;
	}
	pin_stop(f, task);
	if (call_kind_needs_turn(desc->kind) && !turn_take(task, false))
		return;
	begin_call(f, task);
}

static void on_seccomp(struct follower *f, struct task *task)
{
	struct ptrace_call entry;

	if (ptrace_entry(task->tid, &entry) == 0)
		on_entry(f, task, &entry);
	else
		cont(task, 0);
}

void events_call_answered(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	int64_t got;

	if (!call->active || ptrace_result(task->tid, &got) != 0)
		return;
	call->active = false;
	no_longer_waits(task);
	if (call->in_flight && followed(task))
		orders_exit(f, task);
	switch (call->desc->kind) {
	case CALL_PASSIVE:
		outcome_passive(f, task, got);
		break;
	case CALL_CREDS:
		limits_read(task);
		break;
	case CALL_AFFINITY:
		pin_unblock(f);
		break;
	case CALL_UFFD:
		userfaultfd_made(f, task, got);
		break;
	case CALL_EXEC:
		if (followed(task))
			exec_failed(f, task, got);
		task->in_exec = false;
		break;
	default:
		outcome_call(f, task, got);
		break;
	}
}

static void on_exit_stop(struct follower *f, struct task *task)
{
	struct task *next = NULL;

	if (task->call.active) {
		events_call_answered(f, task);
		if (!task->call.active)
			next = turn_end(task);
	}
	cont(task, 0);
	pass_turn(f, next);
}

/* Without a filter both ends of a call look the same. */
static void on_call_stop(struct follower *f, struct task *task)
{
	struct ptrace_call entry;

	if (task->every_call && ptrace_entry(task->tid, &entry) == 0)
		on_entry(f, task, &entry);
	else
		on_exit_stop(f, task);
}

/* ---- tasks ---- */

static void announce(struct follower *f, struct task *parent, struct task *child, bool thread)
{
	if (thread)
		f->summary->threads++;
	else
		f->summary->processes++;
	child->reported = true;
	if (f->sink->new_task)
		f->sink->new_task(f->sink->ctx, parent ? parent->tid : 0, child->tid, thread);
}

/* Give the child of @parent's call its address space. */
static void settle(struct follower *f, struct task *parent, struct task *child, bool thread,
		   bool shares)
{
	struct call *call = &parent->call;
	struct space *space = NULL;

	child->tgid = thread ? parent->tgid : child->tid;
	child->personality = parent->personality;
	child->clear_tid = call->clear_tid;
	if (shares) {
		space = parent->space;
	} else if (call->child && f->options->follow_forks) {
		sharing_tell_fork(f, parent, call->child);
		space = space_new(f, call->child, child->tid);
		if (space) {
			space->personality = parent->personality;
			space->randomized = parent->space->randomized;
			space->base_low = parent->space->base_low;
			space->base_high = parent->space->base_high;
			pages_fork(f, parent->space, space);
			call->child = NULL;
			hypotheses_fork(f, parent, space);
		}
		if (!space || unknown_inherit(space, parent->space) != 0)
			f->no_memory = true;
	}
	if (call->child) {
		pages_unfollowed(f, parent->space);
		umm_mm_put(call->child);
		call->child = NULL;
	}
	task_set_space(f, child, space);
}

/* A newborn of which all is known now. */
static void let_out(struct follower *f, struct task *child)
{
	child->state = TASK_RUNNING;
	if (!child->stopped_newborn)
		return;
	child->stopped_newborn = false;
	f->nr_newborn--;
	if (child->let_go)
		attach_let_go(f, child, 0);
	else
		cont(child, 0);
}

static void on_new_task(struct follower *f, struct task *parent, int event)
{
	struct call *call = &parent->call;
	pid_t tid = (pid_t)ptrace_message(parent->tid);
	bool in_call = call->active && call->desc && call->desc->kind == CALL_FORK;
	uint64_t flags = in_call ? call->clone_flags : 0;
	struct task *child = tid > 0 ? task_find(f, tid) : NULL;
	struct task *next;

	if (tid > 0 && !child)
		child = task_new(f, tid);
	if (child) {
		bool thread = in_call ? flags & CLONE_THREAD : event == PTRACE_EVENT_CLONE;

		call->event_pid = tid;
		if (call->in_flight && followed(parent))
			orders_exit(f, parent);
		pin_inherit(f, child, parent);
		settle(f, parent, child, thread, flags & CLONE_VM);
		if (!in_call && child->every_call) {
			attach_unseen_child(f, parent, child, f->options->follow_forks);
			thread = child->tgid == parent->tgid;
		}
		if (followed(child) && (f->options->follow_forks || thread))
			announce(f, parent, child, thread);
		child->quiet = !f->options->follow_forks && (parent->quiet || !thread);
		child->let_go = child->every_call && !child->space;
		let_out(f, child);
	} else if (tid > 0) {
		f->no_memory = true;
	}
	if (event == PTRACE_EVENT_VFORK && parent->space && !parent->waiting) {
		parent->waiting = true;
		parent->space->nr_waiting++;
	}
	next = turn_end(parent);
	go_on(parent, 0);
	pass_turn(f, next);
}

static void on_exec(struct follower *f, struct task *task)
{
	pid_t old_tid = (pid_t)ptrace_message(task->tid);
	struct task *next = NULL;
	struct stat st;
	char path[64];
	int err;

	/* Another thread did it and has the leader's number now: its own number is gone. */
	if (old_tid > 0 && old_tid != task->tid) {
		struct task *old = task_find(f, old_tid);

		if (old) {
			outcome_no_return(f, old);
			task->call.argv0_bytes = old->call.argv0_bytes;
			if (f->sink->superseded && old->reported)
				f->sink->superseded(f->sink->ctx, task->tid, old_tid);
			samples_forget(f, old);
			task_free(f, old);
		}
	}
	outcome_no_return(f, task);
	samples_forget(f, task);
	task->in_exec = false;
	next = turn_end(task);
	task->exiting = false;
	if (task->tid != f->main_pid && !task->attached && !f->options->follow_forks) {
		task_set_space(f, task, NULL);
	} else {
		task->call.desc = NULL;
		err = exec_new_space(f, task);
		if (!err && !task->reported)
			announce(f, NULL, task, false);
		if (!err)
			err = exec_follow(f, task);
		if (err)
			task_set_space(f, task, NULL);
		if (err == -ENOMEM)
			f->no_memory = true;
		else if (err)
			follower_warn(f, "cannot read the layout of process %d: %s: not followed",
				      (int)task->tgid, strerror(-err));
	}
	if (followed(task)) {
		snprintf(path, sizeof(path), "/proc/%d/exe", (int)task->tgid);
		if (geteuid() != 0 && stat(path, &st) == 0 && (st.st_mode & S_ISUID))
			follower_warn(f, "setuid of the program of process %d ignored",
				      (int)task->tgid);
	}
	if (task->every_call && !task->space)
		attach_let_go(f, task, 0);	/* a vfork's child went its own way */
	else
		cont(task, 0);
	pass_turn(f, next);
}

static void on_exit_event(struct follower *f, struct task *task)
{
	struct task *next = NULL;

	task->exiting = true;
	if (followed(task)) {
		bool killed_inside = task->call.active && task->call.in_flight;

		if (f->pages)
			samples_apply(f);
		pages_task_exits(f, task, task->space);
		outcome_no_return(f, task);
		next = turn_end(task);
		if (task->space->nr_tasks == 1 && !killed_inside)
			outcome_exit(f, task, "at exit");
	}
	task->leaving = task->space && task->space->nr_tasks == 1 ? task->space->family : 0;
	task->left = task->space;
	/* Before the kernel tears it down: our copies of its files go first. */
	task_set_space(f, task, NULL);
	cont(task, 0);
	pass_turn(f, next);
}

static void on_death(struct follower *f, struct task *task, int status)
{
	struct task *next;

	if (f->pages) {
		samples_apply(f);	/* its last ones: nobody knows its number afterwards */
		pages_task_exits(f, task, task->left);
	}
	outcome_no_return(f, task);
	next = turn_end(task);
	if (task->tid == f->main_pid) {
		f->summary->wait_status = status;
		signals_main_gone();
	}
	if (f->sink->exited && task->reported)
		f->sink->exited(f->sink->ctx, task->tid, task->tid == task->tgid, status);
	task_free(f, task);
	pass_turn(f, next);
}

/* ---- stops of signals ---- */

static void on_event_stop(struct follower *f, struct task *task, int signo)
{
	if (signo == SIGSTOP || signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU) {
		if (f->sink->stopped && task->reported)
			f->sink->stopped(f->sink->ctx, task->tid, signo);
		ptrace_resume(task->tid, PTRACE_RESUME_LISTEN, 0);
		return;
	}
	if (task->state == TASK_NEWBORN) {
		task->stopped_newborn = true;	/* its parent's event lets it out */
		task->newborn_ns = follower_now_ns();
		f->nr_newborn++;
		return;
	}
	go_on(task, 0);
}

/* ---- what the loop calls ---- */

void events_dispatch(struct follower *f, pid_t tid, int status)
{
	struct task *task = task_find(f, tid);
	int signo = WSTOPSIG(status), event = status >> 16;

	if (!task) {
		if (!WIFSTOPPED(status))
			return;
		task = task_new(f, tid);
		if (!task) {
			f->no_memory = true;
			return;
		}
		task->state = TASK_NEWBORN;
	}
	if (!WIFSTOPPED(status)) {
		on_death(f, task, status);
		return;
	}
	if (task->let_go) {
		attach_let_go(f, task, 0);
		return;
	}
	if (task->late)
		attach_late(f, task);
	if (signo == (SIGTRAP | 0x80)) {
		on_call_stop(f, task);
		return;
	}
	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		on_seccomp(f, task);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		on_new_task(f, task, event);
		break;
	case PTRACE_EVENT_EXEC:
		on_exec(f, task);
		break;
	case PTRACE_EVENT_EXIT:
		on_exit_event(f, task);
		break;
	case PTRACE_EVENT_STOP:
		on_event_stop(f, task, signo);
		break;
	default:
		signal_delivered(f, task, signo);
		cont(task, signo);
		break;
	}
}

/* A parent that was killed inside its fork says nothing of its child. */
void events_let_out_orphans(struct follower *f)
{
	uint64_t now = follower_now_ns();

	for (int i = 0; i < TASK_BUCKETS; i++) {
		for (struct task *task = f->tasks[i]; task; task = task->hash_next) {
			if (!task->stopped_newborn || now - task->newborn_ns < ORPHAN_NS)
				continue;
			follower_warn(f, "the parent of process %d is gone: not followed",
				      (int)task->tid);
			f->gave_up = true;
			let_out(f, task);
		}
	}
}

void events_let_in_overdue(struct follower *f)
{
	struct task *next;

	while ((next = turn_overdue(f, follower_now_ns(), orders_overlap)) != NULL)
		begin_call(f, next);
}
