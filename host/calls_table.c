#include <asm/unistd.h>

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

#define MODELLED(call, kind) { __NR_##call, #call, kind, CALL_REPORT, 0, 0, { 0 } }
#define FORK(call) { __NR_##call, #call, CALL_FORK, 0, 0, 0, { 0 } }
#define ADOPTED(call, kind, flags) { __NR_##call, #call, kind, CALL_REPORT | (flags), 0, 0, { 0 } }
#define PASSIVE(call) { __NR_##call, #call, CALL_PASSIVE, CALL_REPORT, 0, 0, { 0 } }
#define CONTROL(call, kind) { __NR_##call, #call, kind, 0, 0, 0, { 0 } }

const struct call_desc calls_table[] = {
	MODELLED(mmap, CALL_MMAP),
	MODELLED(munmap, CALL_MUNMAP),
	MODELLED(mprotect, CALL_MPROTECT),
	MODELLED(pkey_mprotect, CALL_MPROTECT),
	MODELLED(brk, CALL_BRK),
	FORK(fork),
	FORK(vfork),
	FORK(clone),
	FORK(clone3),

	ADOPTED(mremap, CALL_MREMAP, CALL_FLAGS | CALL_POPULATES),
	ADOPTED(madvise, CALL_RANGE, CALL_FLAGS | CALL_POPULATES),
	ADOPTED(mlock, CALL_RANGE, CALL_FLAGS | CALL_POPULATES),
	ADOPTED(mlock2, CALL_RANGE, CALL_FLAGS | CALL_POPULATES),
	ADOPTED(munlock, CALL_RANGE, CALL_FLAGS),
	ADOPTED(mlockall, CALL_WHOLE, CALL_FLAGS | CALL_POPULATES),
	ADOPTED(munlockall, CALL_WHOLE, CALL_FLAGS),
	ADOPTED(remap_file_pages, CALL_RANGE, CALL_FLAGS),
	ADOPTED(mbind, CALL_RANGE, 0),
	ADOPTED(set_mempolicy_home_node, CALL_RANGE, 0),
	ADOPTED(mseal, CALL_RANGE, CALL_FLAGS | CALL_SUCCESS),
	ADOPTED(shmat, CALL_WHOLE, CALL_FLAGS | CALL_SUCCESS),
	ADOPTED(shmdt, CALL_WHOLE, CALL_SUCCESS),
	ADOPTED(io_setup, CALL_WHOLE, CALL_FLAGS | CALL_SUCCESS),
	ADOPTED(io_destroy, CALL_WHOLE, CALL_SUCCESS),
	ADOPTED(map_shadow_stack, CALL_WHOLE, CALL_FLAGS | CALL_SUCCESS),
	ADOPTED(process_madvise, CALL_WHOLE, CALL_FLAGS | CALL_POPULATES),
	{ __NR_prctl, "prctl", CALL_WHOLE, CALL_FLAGS | CALL_SUCCESS, 0, 5,
		{ 35 /* PR_SET_MM */, 41 /* PR_SET_THP_DISABLE */, 65 /* PR_SET_MDWE */,
		  67 /* PR_SET_MEMORY_MERGE */, 0x53564d41 /* PR_SET_VMA */ } },
	{ __NR_arch_prctl, "arch_prctl", CALL_WHOLE, CALL_FLAGS | CALL_SUCCESS, 0, 5,
		{ 0x2001, 0x2002, 0x2003 /* ARCH_MAP_VDSO_ */, 0x5001, 0x5002 /* ARCH_SHSTK_ */ } },
	{ __NR_ioctl, "ioctl", CALL_WHOLE, CALL_FLAGS | CALL_SUCCESS, 1, 2,
		{ 0xc020aa00 /* UFFDIO_REGISTER */, 0x8010aa01 /* UFFDIO_UNREGISTER */ } },

	PASSIVE(msync),
	PASSIVE(mincore),
	PASSIVE(set_mempolicy),
	PASSIVE(get_mempolicy),
	PASSIVE(migrate_pages),
	PASSIVE(move_pages),

	CONTROL(execve, CALL_EXEC),
	CONTROL(execveat, CALL_EXEC),
	CONTROL(setrlimit, CALL_RLIMIT),
	/* Of prlimit64, those with a new limit; the pointer's low word cannot tell, so all. */
	CONTROL(prlimit64, CALL_RLIMIT),
	CONTROL(personality, CALL_PERSONALITY),
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

const struct call_desc *calls_table_find(long nr)
{
	static uint8_t index[NR_MAX];	/* row + 1; filled once, before any thread could exist */
	static bool filled;

	if (!filled) {
		for (size_t i = 0; i < calls_table_size; i++)
			index[calls_table[i].nr] = (uint8_t)(i + 1);
		filled = true;
	}
	if (nr < 0 || nr >= NR_MAX || !index[nr])
		return NULL;
	return &calls_table[index[nr] - 1];
}
