/*
 * shm.c - shmget(2), shmat(2), shmdt(2), shmctl(2).
 *
 * Segments belong to a namespace, not to a process: others make, attach and remove them unseen.  So
 * the kernel's table is read before each call, which is an observation like that of a descriptor.
 * What the call then does to it, and to areas, is predicted.  A new id is the kernel's to choose.
 *
 * A process in another IPC namespace than ours has a table that we cannot see: its calls are not
 * modelled.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "host/adopt.h"
#include "host/calls/adopted.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/calls/shm.h"
#include "host/limits.h"
#include "host/ptrace.h"
#include "host/settings.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15		/* Linux 4.17 */
#endif

/* ---- what is there ---- */

static bool same_namespace(pid_t tid)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/ipc", (int)tid);
	return stat("/proc/self/ns/ipc", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_ino == theirs.st_ino;
}

static int import(struct follower *f, int id, const struct shmid_ds *ds, uint32_t huge_shift)
{
	struct umm_shm shm = {
		.size = sizeof(shm),
		.id = id,
		.key = ds->shm_perm.__key,
		.bytes = ds->shm_segsz,
		.nattch = ds->shm_nattch,
		.mode = ds->shm_perm.mode,
		.uid = ds->shm_perm.uid, .gid = ds->shm_perm.gid,
		.cuid = ds->shm_perm.cuid, .cgid = ds->shm_perm.cgid,
		.huge_shift = huge_shift,
	};
	int err = umm_shm_import(f->world, &shm);

	if (err == -UMM_ENOMEM)
		f->no_memory = true;
	return err;
}

static int by_value(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The segments that the kernel has not, the model shall not have. */
static void forget_others(struct follower *f, int *ids, size_t nr)
{
	int32_t id, next;

	qsort(ids, nr, sizeof(*ids), by_value);
	for (id = umm_shm_next(f->world, -1); id >= 0; id = next) {
		next = umm_shm_next(f->world, id);
		if (!bsearch(&id, ids, nr, sizeof(*ids), by_value))
			umm_shm_forget(f->world, id);
	}
}

int shm_observe(struct follower *f)
{
	struct shm_info info;
	struct shmid_ds ds;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&info);
	int *ids = last < 0 ? NULL : calloc((size_t)last + 1, sizeof(*ids));
	size_t nr = 0;
	int err = 0;

	if (!ids)
		return last < 0 ? -errno : -ENOMEM;
	for (int slot = 0; slot <= last && !err; slot++) {
		int id = shmctl(slot, SHM_STAT_ANY, &ds);

		if (id < 0)
			continue;
		ids[nr++] = id;
		err = import(f, id, &ds, 0);
	}
	if (!err)
		forget_others(f, ids, nr);
	free(ids);
	return err;
}

static void observe_limits_of_segments(struct follower *f)
{
	struct umm_settings *s = &f->settings->umm;
	struct shminfo info;

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)&info) < 0)
		return;
	if (s->shmmax == info.shmmax && s->shmall == info.shmall && s->shmmni == info.shmmni)
		return;
	s->shmmax = info.shmmax;
	s->shmall = info.shmall;
	s->shmmni = (uint32_t)info.shmmni;
	if (umm_world_set(f->world, s) != 0)
		f->no_memory = true;
}

/* Everything but what shmget alone asks.  False: the model cannot answer. */
static bool observe(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	observe_settings(f, task, false);
	call->pub.modelled = same_namespace(task->tid) && limits_read_ids(task) == 0 &&
			     shm_observe(f) == 0;
	if (!call->pub.modelled)
		call->adopt_reason = ADOPT_IPC_NAMESPACE;
	return call->pub.modelled;
}

/* In bytes, of an attachment; 0 if there is no such segment. */
static uint64_t mapped_size(const struct follower *f, int32_t id)
{
	struct umm_shm shm = { .size = sizeof(shm) };
	uint64_t page;

	if (umm_shm_stat(f->world, id, &shm) != 0)
		return 0;
	page = UINT64_C(1) << (shm.huge_shift ? shm.huge_shift : UMM_PAGE_SHIFT);
	return (shm.bytes + page - 1) & ~(page - 1);
}

/* ---- shmget ---- */

static bool has_key(const struct follower *f, int32_t key)
{
	struct umm_shm shm = { .size = sizeof(shm) };

	if (key == IPC_PRIVATE)
		return false;
	for (int32_t id = umm_shm_next(f->world, -1); id >= 0; id = umm_shm_next(f->world, id))
		if (umm_shm_stat(f->world, id, &shm) == 0 && shm.key == key &&
		    !(shm.mode & SHM_DEST))
			return true;
	return false;
}

static void shmget_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	bool found;

	if (!observe(f, task))
		return;
	observe_limits_of_segments(f);
	if (arg[1] >= BIG_REQUEST || (arg[2] & SHM_HUGETLB))
		observe_settings(f, task, true);
	found = has_key(f, (int32_t)arg[0]);
	call->pub.predicted = umm_shmget(task->space->mm, (int32_t)arg[0], arg[1],
					 (uint32_t)arg[2], task->why);
	/* A new segment comes into the model with the kernel's id for it. */
	if (call->pub.predicted >= 0 && !found) {
		umm_shm_forget(f->world, (int32_t)call->pub.predicted);
		call->pub.predicted_any = true;
		call->pub.predicted = 0;
	}
}

static bool shmget_agrees(struct follower *f, struct task *task)
{
	const struct follow_call *pub = &task->call.pub;

	(void)f;
	return pub->predicted_any ? pub->got >= 0 : pub->got == pub->predicted;
}

/* Made again, now that it is known to be there, and with the id that the kernel chose. */
static void shmget_after(struct follower *f, struct task *task, int64_t got)
{
	const uint64_t *arg = task->call.pub.arg;
	struct umm_shm shm = { .size = sizeof(shm) };
	int64_t made;

	if (!task->call.pub.predicted_any || got < 0 ||
	    umm_shm_stat(f->world, (int32_t)got, &shm) == 0)	/* another looked meanwhile */
		return;
	made = umm_shmget(task->space->mm, (int32_t)arg[0], arg[1], (uint32_t)arg[2], NULL);
	if (made >= 0)
		(void)umm_shm_set_id(f->world, (int32_t)made, (int32_t)got);
}

/* No area can have changed. */
static bool take_over_nothing(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	(void)task;
	(void)got;
	return false;
}

const struct call_ops call_shmget = {
	.predict = shmget_predict,
	.agrees = shmget_agrees,
	.after = shmget_after,
	.take_over = take_over_nothing,
};

/* ---- shmat ---- */

static void shmat_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	int32_t id = (int32_t)arg[0];

	if (!observe(f, task))
		return;
	observe_range(call, arg[1], mapped_size(f, id));
	if (arg[1] && (arg[2] & SHM_REMAP)) {
		observe_anon(f, task, call->start, call->end);
		observe_what_goes(task);
	}
	call->pub.predicted = umm_shmat(task->space->mm, id, arg[1], (uint32_t)arg[2], task->why);
}

static void shmat_place(struct follower *f, struct task *task, int64_t got)
{
	if (got >= 0)
		observe_range(&task->call, (uint64_t)got,
			      mapped_size(f, (int32_t)task->call.pub.arg[0]));
}

const struct call_ops call_shmat = {
	.predict = shmat_predict,
	.place = shmat_place,
};

/* ---- shmdt ---- */

/* As far as an attachment at @addr can reach: by the size of the first that is there. */
static uint64_t reach(const struct follower *f, struct umm_mm *mm, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	for (uint64_t at = addr; umm_find_area(mm, at, &area); at = area.end) {
		int32_t id = area.file ? umm_file_shm(area.file) : -1;

		if (id >= 0 && (area.start - addr) / UMM_PAGE_SIZE == area.pgoff)
			return mapped_size(f, id);
	}
	return 0;
}

static void shmdt_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	uint64_t addr = call->pub.arg[0];

	observe_settings(f, task, false);
	if (!same_namespace(task->tid)) {
		adopt_answer(call, ADOPT_IPC_NAMESPACE);
		return;
	}
	observe_range(call, addr, reach(f, task->space->mm, addr));
	call->pub.predicted = umm_shmdt(task->space->mm, addr, task->why);
}

const struct call_ops call_shmdt = { .predict = shmdt_predict };

/* ---- shmctl ---- */

/* What IPC_SET sets: uid, gid and mode of the struct in the caller's memory. */
static int peek_owner(const struct task *task, struct umm_shm *set)
{
	uint64_t addr = task->call.pub.arg[2], uid, gid, mode;

	if (ptrace_peek(task->tid, addr + offsetof(struct shmid_ds, shm_perm.uid), &uid) != 0 ||
	    ptrace_peek(task->tid, addr + offsetof(struct shmid_ds, shm_perm.gid), &gid) != 0 ||
	    ptrace_peek(task->tid, addr + offsetof(struct shmid_ds, shm_perm.mode), &mode) != 0)
		return -EFAULT;
	set->uid = (uint32_t)uid;
	set->gid = (uint32_t)gid;
	set->mode = (uint32_t)mode & 0777;
	return 0;
}

static void shmctl_predict(struct follower *f, struct task *task)
{
	struct umm_shm set = { .size = sizeof(set) };
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	int cmd = (int)arg[1];

	if (!observe(f, task))
		return;
	if ((int32_t)arg[0] >= 0 && cmd == IPC_SET && peek_owner(task, &set) != 0) {
		call->pub.predicted = -EFAULT;
		return;
	}
	call->pub.predicted = umm_shmctl(task->space->mm, (int32_t)arg[0], cmd, &set, task->why);
}

const struct call_ops call_shmctl = {
	.predict = shmctl_predict,
	.take_over = take_over_nothing,
};

/* ---- areas that are there already ---- */

int shm_file_of_area(struct follower *f, struct umm_mm *mm, const struct proc_area *kernel,
		     struct umm_file **out)
{
	struct umm_area area = { .size = sizeof(area) };
	uint64_t base = kernel->start - kernel->offset;
	int32_t id = (int32_t)kernel->inode;

	/* Another piece of an attachment that is known. */
	for (uint64_t at = 0; umm_find_area(mm, at, &area); at = area.end) {
		if (area.file && umm_file_shm(area.file) == id &&
		    area.start - area.pgoff * UMM_PAGE_SIZE == base) {
			umm_file_get(area.file);
			*out = area.file;
			return 0;
		}
	}
	if (umm_shm_next(f->world, id - 1) != id && shm_observe(f) != 0)
		return -EINVAL;
	return umm_shm_file(f->world, id, kernel->vm_flags & UMM_VM_MAYWRITE, out);
}
