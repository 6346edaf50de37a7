/*
 * shm_area.h - System V shared memory for the programs of this folder: the bare calls, and a
 * segment that does not outlive the program.
 */
#ifndef TESTS_PROGS_SHM_AREA_H
#define TESTS_PROGS_SHM_AREA_H

#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"

static inline long sys_shmget(int key, size_t bytes, int flags)
{
	long ret = syscall(SYS_shmget, key, bytes, flags);

	return ret < 0 ? -errno : ret;
}

static inline long sys_shmat(long id, const void *addr, int flags)
{
	long ret = syscall(SYS_shmat, (int)id, addr, flags);

	return ret < 0 && ret > -4096 ? -errno : ret;
}

static inline long sys_shmdt(const void *addr)
{
	long ret = syscall(SYS_shmdt, addr);

	return ret < 0 ? -errno : ret;
}

static inline long sys_shmctl(long id, int cmd, void *arg)
{
	long ret = syscall(SYS_shmctl, (int)id, cmd, arg);

	return ret < 0 ? -errno : ret;
}

/* A segment of @pages pages; whoever makes one removes it. */
static inline long new_segment(size_t pages, int mode)
{
	long id = sys_shmget(IPC_PRIVATE, pages * PAGE, mode);

	if (id == -ENOSYS)
		skip("this kernel has no System V shared memory");
	if (id < 0)
		die("shmget");
	return id;
}

static inline void remove_segment(long id)
{
	if (sys_shmctl(id, IPC_RMID, NULL) != 0)
		die("shmctl(IPC_RMID)");
}

static inline unsigned long attachments(long id)
{
	struct shmid_ds ds;

	if (sys_shmctl(id, IPC_STAT, &ds) != 0)
		return (unsigned long)-1;
	return ds.shm_nattch;
}

#endif
