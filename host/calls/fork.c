/*
 * fork.c - fork, vfork, clone, clone3: what becomes of the address space.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <linux/sched.h>
#include <stdio.h>
#include <sys/stat.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/ptrace.h"
#include "host/settings.h"
#include "host/task.h"

/*
 * The flags of a fork-like call.  A child that asked not to be traced would run on with the filter
 * and without us, and get ENOSYS for every memory call: the wish is taken out.
 */
static uint64_t clone_flags(struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	bool ours = !task->every_call;	/* else it does not need us, and is not touched */
	uint64_t flags = 0;

	switch (call->pub.nr) {
	case __NR_fork:
		return 0;
	case __NR_vfork:
		return CLONE_VM | CLONE_VFORK;
	case __NR_clone:
		flags = arg[0];
		if ((flags & CLONE_UNTRACED) && ours)
			ptrace_set_arg0(task->tid, flags & ~(uint64_t)CLONE_UNTRACED);
		return flags;
	default:	/* clone3: in memory that cannot block, or the call fails by itself */
		if (ptrace_peek(task->tid, arg[0], &flags) != 0)
			return CLONE_VM;
		if ((flags & CLONE_UNTRACED) && ours &&
		    ptrace_poke(task->tid, arg[0], flags & ~(uint64_t)CLONE_UNTRACED) == 0) {
			call->poked = true;
			call->poked_flags = flags;
		}
		return flags;
	}
}

/* CLONE_CHILD_CLEARTID, and where to. */
static uint64_t clear_tid(const struct task *task, uint64_t flags)
{
	const uint64_t *arg = task->call.pub.arg;
	const uint64_t at_child_tid = 16;	/* in struct clone_args */
	uint64_t addr = 0;

	if (!(flags & CLONE_CHILD_CLEARTID))
		return 0;
	if (task->call.pub.nr == __NR_clone)
		return arg[3];
	return ptrace_peek(task->tid, arg[0] + at_child_tid, &addr) == 0 ? addr : 0;
}

static void fork_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	struct space *space = task->space;
	int64_t ret = 0;

	call->clone_flags = clone_flags(task);
	if (f->pages)
		call->clear_tid = clear_tid(task, call->clone_flags);
	if (!space || !space->mm)
		return;
	if (task->every_call && (call->clone_flags & CLONE_UNTRACED) &&
	    (call->clone_flags & CLONE_VM)) {
		follower_warn(f, "process %d shares its memory with one that may not be traced:"
			      " not followed any more", (int)task->tgid);
		space_give_up(f, space);
		f->gave_up = true;
		return;
	}
	if (!(call->clone_flags & CLONE_VM)) {
		observe_settings(f, task, f->settings->umm.overcommit_memory != 1);
		/* What the child inherits hangs on every area that may have been written. */
		observe_anon(f, task, 0, TASK_SIZE_64);
		ret = umm_fork(space->mm, &call->child, task->why);
		if (ret < 0)
			call->child = NULL;
	}
	call->pub.predicted_any = ret >= 0;
	call->pub.predicted = ret < 0 ? ret : 0;
}

static bool same_pid_namespace(pid_t tid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)tid);
	return stat("/proc/self/ns/pid", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_ino == theirs.st_ino;
}

/* Its children go to a PID namespace of their own: without an init, fork says ENOMEM. */
static bool children_elsewhere(pid_t tid)
{
	struct stat own, children;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)tid);
	if (stat(path, &own) != 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/ns/pid_for_children", (int)tid);
	return stat(path, &children) != 0 || own.st_ino != children.st_ino;
}

/* Errors of fork that no memory check gives: limits on processes, arguments, namespaces. */
static bool outside_mm(const struct task *task)
{
	const struct call *call = &task->call;
	int64_t got = call->pub.got;

	if (got >= 0)
		return false;
	return got != -ENOMEM || (call->clone_flags & CLONE_VM) ||
	       children_elsewhere(task->tid);
}

static bool fork_agrees(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	/* The child's number is the kernel's to choose, but the event told it as well. */
	if (call->event_pid)
		return call->pub.predicted_any && (call->pub.got == call->event_pid ||
			(call->pub.got > 0 && !same_pid_namespace(task->tid)));
	if (outside_mm(task) && call->pub.got != call->pub.predicted) {
		call->pub.adopted = true;
		adopt_count(f, task, &call->pub, ADOPT_OUTSIDE, NULL);
		return true;
	}
	return call->pub.predicted_any ? call->pub.got >= 0 : call->pub.got == call->pub.predicted;
}

const struct call_ops call_fork = { .predict = fork_predict, .agrees = fork_agrees };
