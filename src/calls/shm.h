/*
 * shm.h - System V shared memory.
 *
 * Layer: calls.  Each takes the locks that it needs.
 */
#ifndef CALLS_SHM_H
#define CALLS_SHM_H

#include "base/why.h"
#include "object/sysv_shm.h"

/* The id, or refused. */
__must_check int64_t sys_shmget(struct mm_struct *mm, int32_t key, uint64_t bytes, uint64_t flags,
				struct umm_why *why);

/* The address, or refused. */
__must_check int64_t sys_shmat(struct mm_struct *mm, int32_t id, umm_addr_t addr, uint64_t flags,
			       struct umm_why *why);
__must_check long sys_shmdt(struct mm_struct *mm, umm_addr_t addr, struct umm_why *why);
__must_check long sys_shmctl(struct mm_struct *mm, int32_t id, int cmd, const struct umm_shm *set,
			     struct umm_why *why);

/* The bits of @flag (as of a mode: owner's, group's, others') that @mm has not; 0: it has all. */
uint32_t ipc_missing_bits(const struct mm_struct *mm, const struct shmid_kernel *shp,
			  uint32_t flag);

bool in_group(const struct mm_struct *mm, uint32_t gid);

#endif
