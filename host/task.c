#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/orders.h"
#include "host/reached.h"
#include "host/task.h"
#include "host/turn.h"
#include "host/unknown.h"
#include "host/userfaultfd.h"

static struct task **bucket(struct follower *f, pid_t tid)
{
	return &f->tasks[(unsigned int)tid % TASK_BUCKETS];
}

struct task *task_find(const struct follower *f, pid_t tid)
{
	struct task *task = f->tasks[(unsigned int)tid % TASK_BUCKETS];

	while (task && task->tid != tid)
		task = task->hash_next;
	return task;
}

struct task *task_new(struct follower *f, pid_t tid)
{
	struct task *task = calloc(1, sizeof(*task));

	if (!task)
		return NULL;
	if (f->options->explain) {
		task->why = calloc(1, sizeof(*task->why));
		if (!task->why) {
			free(task);
			return NULL;
		}
	}
	task->tid = tid;
	task->tgid = tid;
	task->pidfd = -1;
	task->every_call = f->attached;
	task->hash_next = *bucket(f, tid);
	*bucket(f, tid) = task;
	f->nr_tasks++;
	return task;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void space_free(struct follower *f, struct space *space)
{
	struct space **link = &f->spaces;

	while (*link != space)
		link = &(*link)->next;
	*link = space->next;
	reached_unwatch(f, space);
	space_give_up(f, space);
	unknown_free(space);
	free(space);
}

void task_set_space(struct follower *f, struct task *task, struct space *space)
{
	struct space *old = task->space;

	if (old == space)
		return;
	turn_forget(f, task);
	if (old) {
		orders_leave(old, task);
		old->nr_waiting -= task->waiting;
		task->waiting = false;
	}
	if (space)
		space->nr_tasks++;
	task->space = space;
	if (old && --old->nr_tasks == 0)
		space_free(f, old);
}

void task_free(struct follower *f, struct task *task)
{
	struct task **link = bucket(f, task->tid);

	while (*link != task)
		link = &(*link)->hash_next;
	*link = task->hash_next;
	f->nr_tasks--;
	f->nr_newborn -= task->stopped_newborn;
	if (task->call.child)
		umm_mm_put(task->call.child);
	if (task->call.file)
		umm_file_put(task->call.file);
	task_set_space(f, task, NULL);
	close_fd(&task->pidfd);
	free(task->why);
	free(task);
}

struct space *space_new(struct follower *f, struct umm_mm *mm, pid_t pid)
{
	struct space *space = calloc(1, sizeof(*space));

	if (!space)
		return NULL;
	space->mm = mm;
	space->pid = pid;
	space->maps_fd = space->smaps_fd = space->pagemap_fd = -1;
	space->held_tail = &space->held;
	space->next = f->spaces;
	f->spaces = space;
	space->family = ++f->nr_families;
	reached_watch(f, space);
	return space;
}

void space_give_up(struct follower *f, struct space *space)
{
	userfaultfd_forget(f, space);
	orders_forget(space);
	if (space->mm)
		umm_mm_put(space->mm);
	space->mm = NULL;
	close_fd(&space->maps_fd);
	close_fd(&space->smaps_fd);
	close_fd(&space->pagemap_fd);
}

static int open_proc(const struct space *space, const char *name, int *fd)
{
	char path[64];

	if (*fd >= 0)
		return *fd;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)space->pid, name);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	return *fd >= 0 ? *fd : -errno;
}

int space_maps_fd(struct space *space)
{
	return open_proc(space, "maps", &space->maps_fd);
}

int space_smaps_fd(struct space *space)
{
	return open_proc(space, "smaps", &space->smaps_fd);
}

int space_pagemap_fd(struct space *space)
{
	return open_proc(space, "pagemap", &space->pagemap_fd);
}

bool task_sleeps(const struct task *task)
{
	char path[64], text[512];
	const char *after_name;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)task->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return true;
	text[n] = '\0';
	after_name = strrchr(text, ')');
	return after_name && (after_name[2] == 'S' || after_name[2] == 'D');
}
