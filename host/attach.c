/*
 * attach.c - to come late and leave early.
 *
 * Theory
 * ------
 * A process that ran before us has no filter of ours, cannot be given one, and must live on
 * whatever becomes of us: so it stops at every call, entry and exit (task->every_call), it is never
 * pinned to a CPU (who would unpin it if we are killed?), nothing is written into its memory, and
 * the kernel is not asked to kill it when we go.
 *
 * Taking over: all threads are seized and asked to stop.  Stops are parked as they come, whatever
 * they are; when all stand and the list of threads has nobody new, the address spaces are imported
 * and the parked stops dispatched, as if they had just come.  A thread that does not stop (it waits
 * for its vfork child, or for a device) is not waited for: what its call does to the areas is
 * looked at when it stops (task->late).
 *
 * Leaving: the same in reverse.  All are asked to stop, and detached from where they stand: a
 * signal that a thread stopped for is given to it, a call at whose entry it stood happens.  Whoever
 * does not stop is let go by the kernel when we end.
 */
#include <errno.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/attach.h"
#include "host/compare.h"
#include "host/events.h"
#include "host/exec.h"
#include "host/limits.h"
#include "host/outcome.h"
#include "host/ptrace.h"
#include "host/seize.h"
#include "host/signals.h"
#include "host/task.h"
#include "host/unknown.h"

#define TICK_NS UINT64_C(5000000)
#define PATIENCE_NS UINT64_C(1000000000)	/* for a thread that does not stop */

/* ---- wait until they stand ---- */

static bool stands(const struct task *task)
{
	return task->parked || task->state == TASK_HELD || task->stopped_newborn;
}

static bool all_stand(const struct follower *f)
{
	for (int i = 0; i < TASK_BUCKETS; i++)
		for (const struct task *task = f->tasks[i]; task; task = task->hash_next)
			if (!stands(task))
				return false;
	return true;
}

static void park(struct follower *f, pid_t tid, int status)
{
	struct task *task = task_find(f, tid);

	if (!WIFSTOPPED(status)) {
		events_dispatch(f, tid, status);
		return;
	}
	if (!task) {
		task = task_new(f, tid);	/* a child: its parent's event says whose */
		if (!task) {
			f->no_memory = true;
			return;
		}
		task->state = TASK_NEWBORN;
	}
	task->parked = true;
	task->parked_status = status;
}

/* Park stops until all stand, or for as long as patience lasts. */
static void gather(struct follower *f)
{
	uint64_t deadline = follower_now_ns() + PATIENCE_NS;

	signals_tick(TICK_NS);
	while (f->nr_tasks && !all_stand(f) && follower_now_ns() < deadline) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid > 0)
			park(f, tid, status);
		else if (errno != EINTR)
			break;
	}
	signals_tick(0);
}

/* The numbers of all tasks: events may free any of them. */
static pid_t *all_tids(const struct follower *f, size_t *nr)
{
	pid_t *tid = calloc(f->nr_tasks + 1, sizeof(*tid));

	*nr = 0;
	for (int i = 0; tid && i < TASK_BUCKETS; i++)
		for (const struct task *task = f->tasks[i]; task; task = task->hash_next)
			tid[(*nr)++] = task->tid;
	return tid;
}

/* ---- import ---- */

static bool share_memory(pid_t a, pid_t b)
{
	return syscall(SYS_kcmp, (long)a, (long)b, (long)KCMP_VM, 0L, 0L) == 0;
}

/* The end of [heap]: the break is in its last page, or at its end. */
static void import_break(struct follower *f, struct space *space)
{
	for (size_t i = 0; i < f->smaps.nr; i++)
		if (strcmp(f->smaps.area[i].name, "[heap]") == 0)
			umm_adopt_brk(space->mm, f->smaps.area[i].end);
}

static int import(struct follower *f, struct task *task)
{
	int64_t nr;
	int err = exec_new_space(f, task);

	if (!err)
		err = exec_import(f, task);
	if (err) {
		task_set_space(f, task, NULL);
		return err;
	}
	task->space->sharing_unknown = true;
	limits_read_wishes(task);
	import_break(f, task->space);
	umm_adopt_locked_vm(task->space->mm, limits_locked_pages(task->tid));
	limits_read_wishes(task);
	nr = unknown_begin(task->space);
	if (nr < 0)
		return (int)nr;
	f->summary->old_areas += (uint64_t)nr;
	adopt_count(f, task, NULL, ADOPT_ATTACH, NULL);
	return 0;
}

/* The space of a process attached to before that shares its memory with @task, or NULL. */
static struct space *shared_space(const struct follower *f, const struct task *task)
{
	for (struct space *space = f->spaces; space; space = space->next)
		if (space->mm && share_memory(space->pid, task->tid))
			return space;
	return NULL;
}

static int import_process(struct follower *f, struct task *leader)
{
	struct space *space = shared_space(f, leader);

	if (space) {
		task_set_space(f, leader, space);
		return 0;
	}
	return import(f, leader);
}

/* ---- taking over ---- */

static void tell(struct follower *f, struct task *task)
{
	bool thread = task->tid != task->tgid;

	task->reported = true;
	if (thread)
		f->summary->threads++;
	else
		f->summary->processes++;
	if (f->sink->new_task)
		f->sink->new_task(f->sink->ctx, 0, task->tid, thread);
}

/* Leaders have their spaces: their threads join them. */
static void join_threads(struct follower *f)
{
	for (int i = 0; i < TASK_BUCKETS; i++) {
		for (struct task *task = f->tasks[i]; task; task = task->hash_next) {
			struct task *leader = task_find(f, task->tgid);

			if (task->state == TASK_NEWBORN || !leader || !leader->space)
				continue;
			task->late = !task->parked;
			if (task == leader)
				continue;
			task_set_space(f, task, leader->space);
			limits_read_personality(task);
			tell(f, task);
		}
	}
}

static void dispatch_parked(struct follower *f, const pid_t *tid, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct task *task = task_find(f, tid[i]);

		if (!task || !task->parked)
			continue;
		task->parked = false;
		events_dispatch(f, tid[i], task->parked_status);
	}
}

static int stop_all(struct follower *f, const pid_t pid[], size_t nr, char *error, size_t size)
{
	int more, err = 0;

	for (size_t i = 0; i < nr && !err; i++)
		err = seize_process(f, pid[i], error, size);
	do {
		more = 0;
		gather(f);
		for (size_t i = 0; i < nr && !err; i++) {
			int found = seize_more(f, pid[i]);

			more += found > 0 ? found : 0;
		}
	} while (more && !err);
	return err;
}

static int take_over(struct follower *f, const pid_t pid[], size_t nr, char *error, size_t size)
{
	for (size_t i = 0; i < nr; i++) {
		struct task *leader = task_find(f, pid[i]);
		int err = leader ? import_process(f, leader) : -ESRCH;

		if (err) {
			snprintf(error, size, "cannot read the areas of process %d: %s",
				 (int)pid[i], err == -ESRCH ? "it has ended" : strerror(-err));
			return err;
		}
		leader->attached = true;
		f->summary->attached++;
		if (!leader->parked)
			follower_warn(f, "process %d does not stop: it waits inside the kernel",
				      (int)pid[i]);
		tell(f, leader);
	}
	join_threads(f);
	return 0;
}

int attach_begin(struct follower *f, const pid_t pid[], size_t nr,
		 void (*open_faults)(struct follower *f, const pid_t *tid, size_t nr),
		 char *error, size_t error_size)
{
	pid_t *tid = NULL;
	size_t nr_tids;
	int err = stop_all(f, pid, nr, error, error_size);

	if (!err)
		err = take_over(f, pid, nr, error, error_size);
	if (!err) {
		tid = all_tids(f, &nr_tids);
		err = tid ? 0 : -ENOMEM;
	}
	if (err) {
		attach_end(f);
		return err;
	}
	open_faults(f, tid, nr_tids);
	dispatch_parked(f, tid, nr_tids);
	free(tid);
	return 0;
}

void attach_late(struct follower *f, struct task *task)
{
	task->late = false;
	if (!task->space || !task->space->mm || compare_whole(f, task))
		return;
	adopt_count(f, task, NULL, ADOPT_BEFORE, "a call was under way");
	adopt_everything(f, task);
}

/* ---- children ---- */

static pid_t tgid_of(pid_t tid)
{
	char path[64], line[128];
	int tgid = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	file = fopen(path, "re");
	if (!file)
		return tid;
	while (fgets(line, sizeof(line), file) && sscanf(line, "Tgid: %d", &tgid) != 1)
		;
	fclose(file);
	return tgid > 0 ? (pid_t)tgid : tid;
}

void attach_unseen_child(struct follower *f, struct task *parent, struct task *child, bool follow)
{
	child->tgid = tgid_of(child->tid);
	if (child->tgid == parent->tgid || share_memory(parent->tid, child->tid)) {
		task_set_space(f, child, parent->space);
		return;
	}
	if (follow && import(f, child) != 0)
		follower_warn(f, "cannot read the areas of process %d: not followed",
			      (int)child->tid);
}

/* ---- leaving ---- */

void attach_let_go(struct follower *f, struct task *task, int signo)
{
	bool process = task->tid == task->tgid && task->reported;
	pid_t tid = task->tid;

	ptrace_detach(tid, signo);
	task_free(f, task);
	if (process && f->sink->detached)
		f->sink->detached(f->sink->ctx, tid);
}

/* The signal that a parked thread stopped for, or 0. */
static int signal_of(const struct task *task)
{
	int signo = WSTOPSIG(task->parked_status);

	if (!task->parked || task->parked_status >> 16 || signo == (SIGTRAP | 0x80))
		return 0;
	return signo;
}

static void ask_all_to_stop(struct follower *f)
{
	for (int i = 0; i < TASK_BUCKETS; i++)
		for (struct task *task = f->tasks[i]; task; task = task->hash_next)
			if (!stands(task))
				ptrace_interrupt(task->tid);
}

/* Calls that have answered, and then all of the areas, if nobody can change them. */
static void last_look(struct follower *f, const pid_t *tid, size_t nr)
{
	bool nobody_moves = all_stand(f);

	for (size_t i = 0; i < nr; i++) {
		struct task *task = task_find(f, tid[i]);

		if (task && task->parked && task->parked_status >> 8 == (SIGTRAP | 0x80))
			events_call_answered(f, task);
	}
	for (size_t i = 0; i < nr; i++) {
		struct task *task = task_find(f, tid[i]);

		if (!nobody_moves || !task || task->exiting || task->tid != task->tgid ||
		    !task->space || !task->space->mm || task->space->nr_in_flight)
			continue;
		outcome_exit(f, task, "at detach");
	}
}

void attach_end(struct follower *f)
{
	size_t nr;
	pid_t *tid;

	ask_all_to_stop(f);
	gather(f);
	tid = all_tids(f, &nr);
	if (!tid)
		return;			/* the kernel does it when we end */
	last_look(f, tid, nr);
	for (size_t i = 0; i < nr; i++) {
		struct task *task = task_find(f, tid[i]);

		if (task && stands(task))
			attach_let_go(f, task, signal_of(task));
	}
	free(tid);
}
