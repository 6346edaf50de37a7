/*
 * reached.c - calls by which memory is written without a page fault: through get_user_pages().
 *
 *	futex that is not private	the page of its word is made writable first, whatever the
 *					operation: done in the model as a write fault
 *	process_vm_writev		by anybody, also by who is not followed
 *	io_uring_setup; O_DIRECT	from then on, devices write to the caller's memory
 *	/proc/PID/mem			by anybody; inotify tells of it
 *	truncate, ftruncate, O_TRUNC	take away what was written to private mappings of the file
 *
 * Of all but the first it is not known what they wrote.  It is known that they did: what differs
 * from then on in the space is taken over, under a name of its own, and counts as unknown.
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "host/reached.h"
#include "host/task.h"
#include "host/tracepoints.h"

enum {
	CALL_FUTEX, CALL_VM_WRITEV, CALL_URING, CALL_OPENAT, CALL_OPEN, CALL_TRUNCATE,
	CALL_FTRUNCATE,
};

static const struct {
	const char *tracepoint, *filter;
} calls[REACH_CALLS] = {
	[CALL_FUTEX] = { "syscalls/sys_enter_futex", "!(op & 128)" },	/* FUTEX_PRIVATE_FLAG */
	[CALL_VM_WRITEV] = { "syscalls/sys_enter_process_vm_writev", NULL },
	[CALL_URING] = { "syscalls/sys_enter_io_uring_setup", NULL },
	/* O_DIRECT or O_TRUNC */
	[CALL_OPENAT] = { "syscalls/sys_enter_openat", "flags & 16896" },
	[CALL_OPEN] = { "syscalls/sys_enter_open", "flags & 16896" },
	[CALL_TRUNCATE] = { "syscalls/sys_enter_truncate", NULL },
	[CALL_FTRUNCATE] = { "syscalls/sys_enter_ftruncate", NULL },
};

/* What stands in the raw part of a sample of sys_enter_…. */
struct sys_enter {
	uint16_t id;
	uint16_t flags;
	int32_t pid;
	uint64_t nr;
	uint64_t arg[5];		/* as many as the call has */
};

/* Does this operation of futex look at a second word as well? */
static bool has_second_word(uint64_t op)
{
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
	case FUTEX_WAKE_OP:
	case FUTEX_WAIT_REQUEUE_PI:
	case FUTEX_CMP_REQUEUE_PI:
		return true;
	default:
		return false;
	}
}

void reached_find_ids(struct reach_ids *ids)
{
	const char *name[REACH_CALLS];

	for (int i = 0; i < REACH_CALLS; i++)
		name[i] = calls[i].tracepoint;
	tracepoints_find(name, ids->id, REACH_CALLS);
}

bool reached_by_anybody(int call)
{
	return call == CALL_VM_WRITEV;
}

const char *reached_filter(int call)
{
	return calls[call].filter;
}

static enum sample_kind kind_of(int call, const struct sys_enter *enter)
{
	switch (call) {
	case CALL_FUTEX:
		return SAMPLE_GUP;
	case CALL_OPENAT:
		return enter->arg[2] & O_DIRECT ? SAMPLE_REACHED : SAMPLE_TRUNCATED;
	case CALL_OPEN:
		return enter->arg[1] & O_DIRECT ? SAMPLE_REACHED : SAMPLE_TRUNCATED;
	case CALL_TRUNCATE:
	case CALL_FTRUNCATE:
		return SAMPLE_TRUNCATED;
	default:
		return SAMPLE_REACHED;
	}
}

bool reached_parse(const struct reach_ids *ids, const unsigned char *raw,
		   struct fault_sample *sample)
{
	struct sys_enter enter;
	int call = 0;

	memcpy(&enter, raw, sizeof(enter));
	while (call < REACH_CALLS && (!ids->id[call] || enter.id != ids->id[call]))
		call++;
	if (call == REACH_CALLS)
		return false;
	sample->kind = kind_of(call, &enter);
	sample->addr = enter.arg[0];
	sample->access = UMM_ACCESS_WRITE;
	sample->second_addr =
		call == CALL_FUTEX && has_second_word(enter.arg[1]) ? enter.arg[4] : 0;
	sample->target = call == CALL_VM_WRITEV ? (pid_t)enter.arg[0] : sample->tid;
	sample->for_good = call != CALL_VM_WRITEV;
	return true;
}

/* The call has begun when its sample comes, and may end after the next comparison. */
#define REACHED_FOR 2

void reached_apply(struct follower *f, const struct fault_sample *sample)
{
	struct task *task = task_find(f, sample->target);

	if (sample->kind == SAMPLE_TRUNCATED) {
		f->truncated = true;
		for (struct space *space = f->spaces; space; space = space->next)
			space->truncated = REACHED_FOR;
	} else if (task && task->space) {
		task->space->reached = REACHED_FOR;
		task->space->reached_for_good |= sample->for_good;
	}
}

/* ---- /proc/PID/mem ---- */

void reached_watch(struct follower *f, struct space *space)
{
	char path[64];

	if (!f->pages)
		return;
	if (!f->watches_open) {
		f->watches = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		f->watches_open = true;
	}
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)space->pid);
	space->watch = f->watches < 0 ? -1 : inotify_add_watch(f->watches, path, IN_MODIFY);
}

void reached_unwatch(struct follower *f, struct space *space)
{
	if (!f->pages || space->watch < 0)
		return;
	for (const struct space *other = f->spaces; other; other = other->next)
		if (other != space && other->watch == space->watch)
			return;		/* the same process, after exec */
	inotify_rm_watch(f->watches, space->watch);
}

void reached_look(struct follower *f)
{
	struct inotify_event event;
	ssize_t n;

	/* Events of a file that was watched itself have no name: all are of one size. */
	while (f->watches_open && (n = read(f->watches, &event, sizeof(event))) > 0)
		for (struct space *space = f->spaces; space; space = space->next)
			if (space->watch == event.wd && (event.mask & IN_MODIFY))
				space->reached = REACHED_FOR;
}
