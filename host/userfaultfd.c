/*
 * userfaultfd.c - whose memory a userfaultfd watches, and whether it lives.
 *
 * Theory
 * ------
 * A userfaultfd belongs to the memory of the process that made it, and keeps belonging to it when
 * the descriptor is inherited or sent away.  So its making is a stop; its inode is its own, and
 * names it.
 *
 * Its end is no stop: close(2) is too frequent a call.  It is noticed before the next prediction
 * for its space: is it still where it was seen last?  If not, some other process that we follow
 * may have it.  If nobody has, it may be in a process that we do not follow, or on its way through
 * a socket: then VmFlags tell whether it lives.
 *
 * So nobody knows when, since the last stop, it was closed.  Areas merge when it is, and a fault
 * before that makes them differ where a fault after it does not.  If there were faults, the
 * kernel's areas are looked at before the next call is let in: who merged with whom there counts
 * as observed, and what became of anon_vmas is in doubt.  A close by another thread beside a call
 * is found when that call's answer differs: then the merges are taken over, by name.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/orders.h"
#include "host/samples.h"
#include "host/task.h"
#include "host/userfaultfd.h"

#define UFFD_FLAGS (UMM_VM_UFFD_MISSING | UMM_VM_UFFD_WP | UMM_VM_UFFD_MINOR)
#define INITIALISED UINT64_C(0x80000000)	/* in the features that fdinfo shows */

/* The inode of the userfaultfd behind that descriptor, or 0. */
static uint64_t uffd_inode(pid_t tid, int fd)
{
	char path[64], link[64];
	struct stat st;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)tid, fd);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return 0;
	link[n] = '\0';
	if (strcmp(link, "anon_inode:[userfaultfd]") != 0 || stat(path, &st) != 0)
		return 0;
	return st.st_ino;
}

static struct known_uffd *find_by_id(const struct follower *f, const struct space *space,
				     uint64_t id)
{
	struct known_uffd *known = f->uffds;

	while (known && (known->id != id || (space && known->space != space)))
		known = known->next;
	return known;
}

static void add(struct follower *f, struct known_uffd template)
{
	struct known_uffd *known = malloc(sizeof(*known));

	if (!known) {
		f->no_memory = true;
		return;
	}
	*known = template;
	known->next = f->uffds;
	f->uffds = known;
}

enum uffd_kind userfaultfd_find(struct follower *f, const struct task *task, int fd,
				struct known_uffd **known)
{
	uint64_t inode = uffd_inode(task->tid, fd);

	if (!inode)
		return UFFD_NONE;
	*known = find_by_id(f, NULL, inode);
	if (!*known)
		return UFFD_STRANGER;
	(*known)->tid = task->tid;
	(*known)->fd = fd;
	(*known)->hidden = false;
	return UFFD_KNOWN;
}

bool userfaultfd_read(const struct known_uffd *known, struct umm_uffd *uffd)
{
	unsigned long long features = 0;
	char path[64], line[128];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)known->tid, known->fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		found |= sscanf(line, "API: %*x:%llx:", &features) == 1;
	if (file)
		fclose(file);
	*uffd = (struct umm_uffd){
		.id = known->id,
		.features = features & ~INITIALISED,
		.ready = features & INITIALISED,
	};
	return found;
}

/* ---- does it live? ---- */

static bool where_it_was(const struct known_uffd *known)
{
	return known->tid && uffd_inode(known->tid, known->fd) == known->id;
}

static bool search_process(struct known_uffd *known, pid_t tid)
{
	const struct dirent *entry;
	char path[64];
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)tid);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir)) != NULL) {
		int fd = atoi(entry->d_name);

		if (*entry->d_name == '.' || uffd_inode(tid, fd) != known->id)
			continue;
		known->tid = tid;
		known->fd = fd;
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}

/* In any process that we follow: leaders first, their threads have the same as a rule. */
static bool search(const struct follower *f, struct known_uffd *known)
{
	for (int leaders = 1; leaders >= 0; leaders--)
		for (size_t i = 0; i < TASK_BUCKETS; i++)
			for (const struct task *task = f->tasks[i]; task; task = task->hash_next)
				if ((task->tid == task->tgid) == leaders &&
				    search_process(known, task->tid))
					return true;
	return false;
}

/* Do VmFlags of an area that it watches, as the model has it, still say so? */
static bool flags_stand(struct follower *f, struct space *space, uint64_t id)
{
	struct umm_area area = { .size = sizeof(area) };
	int fd = space_smaps_fd(space);
	size_t i = 0;

	if (fd < 0 || procmaps_read(fd, &f->smaps) != 0)
		return true;
	for (uint64_t at = 0; umm_find_area(space->mm, at, &area); at = area.end) {
		if (area.uffd != id)
			continue;
		while (i < f->smaps.nr && f->smaps.area[i].end <= area.start)
			i++;
		if (i < f->smaps.nr && f->smaps.area[i].start <= area.start &&
		    (f->smaps.area[i].vm_flags & UFFD_FLAGS))
			return true;
	}
	return false;
}

static bool lives(struct follower *f, struct known_uffd *known)
{
	if (!known->hidden && (where_it_was(known) || search(f, known)))
		return true;
	if (!known->watching)
		return false;
	known->hidden = true;
	return flags_stand(f, known->space, known->id);
}

/* ---- what the follower calls ---- */

/* Those that are gone and watched nothing: nobody misses them. */
static void sweep(struct follower *f)
{
	struct known_uffd **link = &f->uffds, *known;

	while ((known = *link) != NULL) {
		if (known->watching || where_it_was(known) || search(f, known)) {
			link = &known->next;
			continue;
		}
		*link = known->next;
		free(known);
	}
}

void userfaultfd_made(struct follower *f, const struct task *task, int64_t fd)
{
	uint64_t inode = fd >= 0 ? uffd_inode(task->tid, (int)fd) : 0;

	if (!inode || !task->space || !task->space->mm)
		return;
	sweep(f);
	add(f, (struct known_uffd){ .id = inode, .space = task->space, .tid = task->tid,
				    .fd = (int)fd });
}

/* Areas that are watched by what nobody saw made: a fork's, or found at attach. */
static void look_for_strangers(struct follower *f, struct space *space)
{
	struct umm_area area = { .size = sizeof(area) };

	space->uffds_looked_for = true;
	for (uint64_t at = 0; umm_find_area(space->mm, at, &area); at = area.end) {
		if (!area.uffd || find_by_id(f, space, area.uffd))
			continue;
		add(f, (struct known_uffd){ .id = area.uffd, .space = space, .hidden = true,
					    .watching = true });
	}
}

/* What was written in or beside what it watched: before its end, or after? */
static void doubt_watched(struct space *space, uint64_t id)
{
	struct umm_area area = { .size = sizeof(area) };

	for (uint64_t at = 0; umm_find_area(space->mm, at, &area); at = area.end) {
		if (area.uffd != id)
			continue;
		samples_note_doubt(space, area.start, DOUBT_SCANNED);
		samples_note_doubt(space, area.start - 1, DOUBT_SCANNED);
		samples_note_doubt(space, area.end, DOUBT_SCANNED);
	}
}

static void release_in(struct follower *f, struct umm_mm *mm, uint64_t id)
{
	if (mm && umm_userfaultfd_release(mm, id, NULL) == -UMM_ENOMEM)
		f->no_memory = true;
}

static void release(struct follower *f, struct task *task, uint64_t id)
{
	struct space *space = task->space;
	uint64_t start = 0, end = TASK_SIZE_64;
	bool doubtful = !samples_are_exact(f) || space->nr_tasks > 1 ||
			space->faults != space->faults_before;

	if (doubtful)
		doubt_watched(space, id);
	release_in(f, space->mm, id);
	release_in(f, space->base, id);
	for (struct hypothesis *h = space->hypotheses; h; h = h->next) {
		release_in(f, h->mm, id);
		release_in(f, h->base, id);
	}
	f->summary->observed++;
	if (doubtful && !compare_whole(f, task) &&
	    compare_differs_by_merging(f, task, &start, &end)) {
		if (!f->predicting)	/* the kernel has answered already */
			adopt_count(f, task, &task->call.pub, ADOPT_CLOSED_UFFD, NULL);
		adopt_everything(f, task);
		orders_forget(space);
	}
}

bool userfaultfd_refresh(struct follower *f, struct task *task)
{
	struct known_uffd **link = &f->uffds, *known;
	struct space *space = task->space;
	bool any = false;

	/* A call that is thought through again was begun before. */
	if (!space || !space->mm || f->supposing || f->branching)
		return false;
	if (!space->uffds_looked_for)
		look_for_strangers(f, space);
	while ((known = *link) != NULL) {
		if (known->space != space || !known->watching || lives(f, known)) {
			link = &known->next;
			continue;
		}
		release(f, task, known->id);
		any = true;
		*link = known->next;
		free(known);
	}
	space->faults_before = space->faults;
	return any;
}

void userfaultfd_forget(struct follower *f, const struct space *space)
{
	struct known_uffd **link = &f->uffds, *known;

	while ((known = *link) != NULL) {
		if (known->space != space) {
			link = &known->next;
			continue;
		}
		*link = known->next;
		free(known);
	}
}
