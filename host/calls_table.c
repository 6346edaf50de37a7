#include <assert.h>
#include <asm/unistd.h>

#include "host/calls/calls.h"
#include "host/calls_table.h"

/* Younger than the headers of the distribution. */
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif
#ifndef __NR_set_mempolicy_home_node
#define __NR_set_mempolicy_home_node 450
#endif
#ifndef __NR_process_madvise
#define __NR_process_madvise 440
#endif

#define MEMORY(call, ops, flags) \
	{ __NR_##call, #call, CALL_MEMORY, &(ops), flags, 0, 0, { 0 } }
#define FORK(call) { __NR_##call, #call, CALL_FORK, &call_fork, 0, 0, 0, { 0 } }
#define PASSIVE(call) { __NR_##call, #call, CALL_PASSIVE, NULL, 0, 0, 0, { 0 } }
#define CONTROL(call, kind) { __NR_##call, #call, kind, NULL, 0, 0, 0, { 0 } }
/* One option of a call that has many. */
#define OPTION(call, ops, flags, arg, option) \
	{ __NR_##call, #call, CALL_MEMORY, &(ops), flags, arg, 1, { option } }

const struct call_desc calls_table[] = {
	MEMORY(mmap, call_mmap, 0),
	MEMORY(munmap, call_munmap, 0),
	MEMORY(mprotect, call_mprotect, 0),
	MEMORY(pkey_mprotect, call_mprotect, 0),
	MEMORY(brk, call_brk, 0),
	MEMORY(mremap, call_mremap, CALL_FLAGS),
	FORK(fork),
	FORK(vfork),
	FORK(clone),
	FORK(clone3),

	MEMORY(remap_file_pages, call_remap_file_pages, CALL_FLAGS),
	MEMORY(madvise, call_madvise, CALL_FLAGS),
	MEMORY(mlock, call_mlock, CALL_FLAGS),
	MEMORY(mlock2, call_mlock, CALL_FLAGS),
	MEMORY(munlock, call_mlock, CALL_FLAGS),
	MEMORY(mlockall, call_mlock, CALL_FLAGS),
	MEMORY(munlockall, call_mlock, CALL_FLAGS),
	MEMORY(process_madvise, call_process_madvise, CALL_FLAGS),
	MEMORY(mbind, call_mbind, 0),
	MEMORY(set_mempolicy_home_node, call_home_node, 0),
	MEMORY(mseal, call_mseal, CALL_FLAGS),
	MEMORY(shmget, call_shmget, 0),
	MEMORY(shmat, call_shmat, CALL_FLAGS),
	MEMORY(shmdt, call_shmdt, 0),
	{ __NR_shmctl, "shmctl", CALL_MEMORY, &call_shmctl, 0, 1, 4,
		{ 0 /* IPC_RMID */, 1 /* IPC_SET */, 11 /* SHM_LOCK */, 12 /* SHM_UNLOCK */ } },
	MEMORY(io_setup, call_io_setup, CALL_FLAGS),
	MEMORY(io_destroy, call_io_destroy, 0),
	MEMORY(map_shadow_stack, call_map_shadow_stack, CALL_FLAGS),
	OPTION(prctl, call_set_mm, 0, 0, 35 /* PR_SET_MM */),
	OPTION(prctl, call_set_mdwe, 0, 0, 65 /* PR_SET_MDWE */),
	OPTION(prctl, call_prctl_memory, CALL_FLAGS, 0, 41 /* PR_SET_THP_DISABLE */),
	OPTION(prctl, call_prctl_memory, CALL_FLAGS, 0, 67 /* PR_SET_MEMORY_MERGE */),
	OPTION(prctl, call_set_vma, 0, 0, 0x53564d41 /* PR_SET_VMA */),
	{ __NR_arch_prctl, "arch_prctl", CALL_MEMORY, &call_map_vdso, CALL_FLAGS, 0, 3,
		{ 0x2001, 0x2002, 0x2003 /* ARCH_MAP_VDSO_ */ } },
	{ __NR_arch_prctl, "arch_prctl", CALL_MEMORY, &call_shstk, CALL_FLAGS, 0, 2,
		{ 0x5001, 0x5002 /* ARCH_SHSTK_ENABLE, _DISABLE */ } },
	{ __NR_ioctl, "ioctl", CALL_MEMORY, &call_userfaultfd, CALL_FLAGS, 1, 2,
		{ 0xc020aa00 /* UFFDIO_REGISTER */, 0x8010aa01 /* UFFDIO_UNREGISTER */ } },
	{ __NR_ioctl, "ioctl", CALL_UFFD, NULL, 0, 1, 1, { 0xaa00 /* USERFAULTFD_IOC_NEW */ } },

	MEMORY(msync, call_msync, 0),
	MEMORY(mincore, call_mincore, 0),
	MEMORY(set_mempolicy, call_set_mempolicy, 0),
	PASSIVE(get_mempolicy),
	PASSIVE(migrate_pages),
	PASSIVE(move_pages),

	CONTROL(userfaultfd, CALL_UFFD),
	CONTROL(execve, CALL_EXEC),
	CONTROL(execveat, CALL_EXEC),
	OPTION(fcntl, call_add_seals, 0, 1, 1033 /* F_ADD_SEALS */),
	MEMORY(pkey_alloc, call_pkey, 0),
	MEMORY(pkey_free, call_pkey, 0),
	MEMORY(setrlimit, call_rlimit, 0),
	/* Of prlimit64, those with a new limit; the pointer's low word cannot tell, so all. */
	MEMORY(prlimit64, call_rlimit, 0),
	MEMORY(personality, call_personality, 0),
	CONTROL(setuid, CALL_CREDS),
	CONTROL(setreuid, CALL_CREDS),
	CONTROL(setresuid, CALL_CREDS),
	CONTROL(setfsuid, CALL_CREDS),
	CONTROL(capset, CALL_CREDS),
	CONTROL(unshare, CALL_CREDS),
	CONTROL(setns, CALL_CREDS),
	CONTROL(sched_setaffinity, CALL_AFFINITY),
	CONTROL(sched_getaffinity, CALL_AFFINITY),
};

const size_t calls_table_size = sizeof(calls_table) / sizeof(calls_table[0]);

#define NR_MAX 512

static bool row_matches(const struct call_desc *desc, const uint64_t arg[6])
{
	if (!desc->nr_only)
		return true;
	for (size_t i = 0; i < desc->nr_only; i++)
		if (desc->only[i] == (uint32_t)arg[desc->only_arg])
			return true;
	return false;
}

const struct call_desc *calls_table_find(long nr, const uint64_t arg[6])
{
	static uint8_t first[NR_MAX];	/* row + 1; filled once, before any thread could exist */
	static bool filled;

	if (!filled) {
		for (size_t i = calls_table_size; i-- > 0; ) {
			uint8_t *row = &first[calls_table[i].nr];

			assert(!*row || *row == i + 2);	/* the rows of a call stand together */
			*row = (uint8_t)(i + 1);
		}
		filled = true;
	}
	if (nr < 0 || nr >= NR_MAX || !first[nr])
		return NULL;
	for (size_t i = first[nr] - 1u; i < calls_table_size && calls_table[i].nr == nr; i++)
		if (row_matches(&calls_table[i], arg))
			return &calls_table[i];
	return NULL;
}
