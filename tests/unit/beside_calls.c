/*
 * beside_calls.c - the calls of beside.h, on the kernel and in the library.
 */
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "beside.h"

#define F_ADD_SEALS 1033
#define NR_MSEAL 462
#define NR_PROCESS_MADVISE 440
#define NR_PIDFD_OPEN 434

/* A call whose arguments are those of the system call @NR, and of @ANSWER in the library. */
#define BESIDE(NAME, NR, ANSWER)								\
	static int64_t NAME##_kernel(struct beside *b, const uint64_t arg[6])			\
	{											\
		return beside_syscall(b, NR, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);	\
	}											\
	static int64_t NAME##_library(struct beside *b, const uint64_t arg[6])			\
	{											\
		(void)arg;									\
		return ANSWER;									\
	}											\
	const struct beside_call NAME = { #NAME, NAME##_kernel, NAME##_library }

/* Where it would go is told beforehand, and nothing changes by asking. */
static int64_t move_as_told(struct umm_mm *mm, const uint64_t arg[6])
{
	int64_t told = umm_mremap_target(mm, arg[0], arg[1], arg[2], arg[3], arg[4]);
	int64_t answer = umm_mremap(mm, arg[0], arg[1], arg[2], arg[3], arg[4], NULL);

	if (answer >= 0)
		assert_int_equal(told, answer);
	return answer;
}

BESIDE(MUNMAP, SYS_munmap, umm_munmap(b->lab.mm, arg[0], arg[1], NULL));
BESIDE(MPROTECT, SYS_mprotect, umm_mprotect(b->lab.mm, arg[0], arg[1], arg[2], -1, NULL));
BESIDE(PKEY_MPROTECT, SYS_pkey_mprotect,
       umm_mprotect(b->lab.mm, arg[0], arg[1], arg[2], (int)arg[3], NULL));
BESIDE(MREMAP, SYS_mremap, move_as_told(b->lab.mm, arg));
BESIDE(MLOCK, SYS_mlock, umm_mlock(b->lab.mm, arg[0], arg[1], 0, NULL));
BESIDE(MLOCK2, SYS_mlock2, umm_mlock(b->lab.mm, arg[0], arg[1], arg[2], NULL));
BESIDE(MUNLOCK, SYS_munlock, umm_munlock(b->lab.mm, arg[0], arg[1], NULL));
BESIDE(MSYNC, SYS_msync, umm_msync(b->lab.mm, arg[0], arg[1], arg[2], NULL));
BESIDE(MINCORE, SYS_mincore, umm_mincore(b->lab.mm, arg[0], arg[1], arg[2], NULL));
BESIDE(MSEAL, NR_MSEAL, umm_mseal(b->lab.mm, arg[0], arg[1], arg[2], NULL));
BESIDE(MADVISE, SYS_madvise, umm_madvise(b->lab.mm, arg[0], arg[1], (int)arg[2], NULL));
BESIDE(REMAP_FILE_PAGES, SYS_remap_file_pages,
       umm_remap_file_pages(b->lab.mm, arg[0], arg[1], arg[2], arg[3], arg[4], NULL));
BESIDE(PERSONALITY, SYS_personality, umm_personality(b->lab.mm, (uint32_t)arg[0], NULL));

/* ---- those whose arguments are something else ------------------------------------------------ */

static int64_t MAP_kernel(struct beside *b, const uint64_t arg[6])
{
	return beside_syscall(b, SYS_mmap, arg[0], arg[1], arg[2], arg[3] | MAP_FIXED, arg[4],
			      arg[5]);
}

static struct umm_file *file_of(const struct beside *b, uint64_t fd)
{
	return fd >= FIRST_FD && fd < FIRST_FD + NR_FILES ? b->file[fd - FIRST_FD] : NULL;
}

static int64_t MAP_library(struct beside *b, const uint64_t arg[6])
{
	return umm_mmap(b->lab.mm, arg[0], arg[1], arg[2], arg[3] | FIXED, file_of(b, arg[4]),
			arg[5], NULL);
}

const struct beside_call MAP = { "MAP", MAP_kernel, MAP_library };

static int64_t WRITE_kernel(struct beside *b, const uint64_t arg[6])
{
	return beside_syscall(b, BESIDE_WRITE, arg[0], 0, 0, 0, 0, 0);
}

static int64_t WRITE_library(struct beside *b, const uint64_t arg[6])
{
	return umm_fault(b->lab.mm, arg[0], UMM_ACCESS_WRITE, NULL);
}

const struct beside_call WRITE = { "WRITE", WRITE_kernel, WRITE_library };

static int64_t limit_kernel(struct beside *b, uint64_t resource, uint64_t soft, uint64_t hard)
{
	struct rlimit *limit = (struct rlimit *)b->shared;

	limit->rlim_cur = soft;
	limit->rlim_max = hard;
	return beside_syscall(b, SYS_setrlimit, resource, (uint64_t)b->shared, 0, 0, 0, 0);
}

static int64_t LIMIT_kernel(struct beside *b, const uint64_t arg[6])
{
	return limit_kernel(b, arg[0], arg[1], arg[2]);
}

static int64_t LIMIT_library(struct beside *b, const uint64_t arg[6])
{
	return umm_setrlimit(b->lab.mm, (uint32_t)arg[0], arg[1], arg[2], NULL);
}

const struct beside_call LIMIT = { "LIMIT", LIMIT_kernel, LIMIT_library };

/* The kernel's process has more than the pool. */
static int64_t AS_LEFT_kernel(struct beside *b, const uint64_t arg[6])
{
	uint64_t bytes = beside_status(b, "VmSize:", 10) * 1024 + arg[0] * PAGE;

	return limit_kernel(b, RLIMIT_AS, bytes, bytes);
}

static int64_t AS_LEFT_library(struct beside *b, const uint64_t arg[6])
{
	struct umm_mm_stats stats;
	uint64_t bytes;

	umm_mm_stats(b->lab.mm, &stats);
	bytes = (stats.total_vm + arg[0]) * PAGE;
	return umm_setrlimit(b->lab.mm, UMM_RLIMIT_AS, bytes, bytes, NULL);
}

const struct beside_call AS_LEFT = { "AS_LEFT", AS_LEFT_kernel, AS_LEFT_library };

static int64_t DROP_CAPS_kernel(struct beside *b, const uint64_t arg[6])
{
	struct __user_cap_header_struct *head = (struct __user_cap_header_struct *)b->shared;

	(void)arg;
	memset(b->shared, 0, 64);
	head->version = _LINUX_CAPABILITY_VERSION_3;
	return beside_syscall(b, SYS_capset, (uint64_t)b->shared, (uint64_t)b->shared + 16, 0, 0,
			      0, 0);
}

static int64_t DROP_CAPS_library(struct beside *b, const uint64_t arg[6])
{
	(void)arg;
	umm_mm_set_caps(b->lab.mm, 0);
	return 0;
}

const struct beside_call DROP_CAPS = { "DROP_CAPS", DROP_CAPS_kernel, DROP_CAPS_library };

/* What the process has beside the pool is locked, or not, as well. */
static int64_t MLOCKALL_kernel(struct beside *b, const uint64_t arg[6])
{
	b->locks_all = true;
	return beside_syscall(b, SYS_mlockall, arg[0], 0, 0, 0, 0, 0);
}

static int64_t MLOCKALL_library(struct beside *b, const uint64_t arg[6])
{
	return umm_mlockall(b->lab.mm, arg[0], NULL);
}

const struct beside_call MLOCKALL = { "MLOCKALL", MLOCKALL_kernel, MLOCKALL_library };

static int64_t MUNLOCKALL_kernel(struct beside *b, const uint64_t arg[6])
{
	(void)arg;
	b->locks_all = false;
	return beside_syscall(b, SYS_munlockall, 0, 0, 0, 0, 0, 0);
}

static int64_t MUNLOCKALL_library(struct beside *b, const uint64_t arg[6])
{
	(void)arg;
	return umm_munlockall(b->lab.mm, NULL);
}

const struct beside_call MUNLOCKALL = { "MUNLOCKALL", MUNLOCKALL_kernel, MUNLOCKALL_library };

static int64_t PRCTL_kernel(struct beside *b, const uint64_t arg[6])
{
	return beside_syscall(b, SYS_prctl, arg[0], arg[1], arg[2], arg[3], arg[4], 0);
}

static int64_t PRCTL_library(struct beside *b, const uint64_t arg[6])
{
	struct umm_mm *mm = b->lab.mm;

	switch (arg[0]) {
	case PR_SET_MDWE:
		return umm_prctl_set_mdwe(mm, arg[1], arg[2], arg[3], arg[4], NULL);
	case PR_GET_MDWE:
		return umm_prctl_get_mdwe(mm, arg[1], arg[2], arg[3], arg[4], NULL);
	case PR_SET_THP_DISABLE:
		return umm_set_thp_disable(mm, &arg[1], NULL);
	case PR_GET_THP_DISABLE:
		return umm_thp_disable(mm);
	case PR_SET_MEMORY_MERGE:
		return umm_set_memory_merge(mm, &arg[1], NULL);
	case PR_GET_MEMORY_MERGE:
		return umm_memory_merge(mm);
	default:
		fail_msg("prctl option %llu is not of the library", (unsigned long long)arg[0]);
		return 0;
	}
}

const struct beside_call PRCTL = { "PRCTL", PRCTL_kernel, PRCTL_library };

/* fcntl(F_ADD_SEALS): a memfd may be executed unless it is made otherwise. */
static int64_t ADD_SEALS_kernel(struct beside *b, const uint64_t arg[6])
{
	return beside_syscall(b, SYS_fcntl, arg[0], F_ADD_SEALS, arg[1], 0, 0, 0);
}

static int64_t ADD_SEALS_library(struct beside *b, const uint64_t arg[6])
{
	struct umm_file *file = file_of(b, arg[0]);
	uint64_t mapped = umm_mm_writable_mappings(b->lab.mm, file);
	int64_t answer = umm_file_add_seals(file, (uint32_t)arg[1], true, mapped, NULL);
	uint32_t seals = 0;

	if (answer < 0)
		return answer;
	/* The inode is sealed, so is the other file of it. */
	if (arg[1] & (UMM_F_SEAL_WRITE | UMM_F_SEAL_EXEC))
		seals |= UMM_FILE_SEAL_WRITE;
	if (arg[1] & (UMM_F_SEAL_FUTURE_WRITE | UMM_F_SEAL_EXEC))
		seals |= UMM_FILE_SEAL_FUTURE;
	umm_file_set_flags(b->file[READONLY], UMM_FMODE_READ | seals);
	return answer;
}

const struct beside_call ADD_SEALS = { "ADD_SEALS", ADD_SEALS_kernel, ADD_SEALS_library };

/* ---- process_madvise, of the process by itself ----------------------------------------------- */

/* The vector of two ranges in @arg. */
static int64_t PMADVISE_kernel(struct beside *b, const uint64_t arg[6])
{
	int64_t self = beside_syscall(b, NR_PIDFD_OPEN, (uint64_t)b->pid, 0, 0, 0, 0, 0), answer;

	assert_true(self >= 0);
	memcpy(b->shared, &arg[2], 4 * sizeof(arg[0]));
	answer = beside_syscall(b, NR_PROCESS_MADVISE, (uint64_t)self, (uint64_t)b->shared, 2,
				arg[0], arg[1], 0);
	beside_syscall(b, SYS_close, (uint64_t)self, 0, 0, 0, 0, 0);
	return answer;
}

static int64_t PMADVISE_library(struct beside *b, const uint64_t arg[6])
{
	const struct umm_range range[] = { { arg[2], arg[3] }, { arg[4], arg[5] } };

	return umm_process_madvise(b->lab.mm, b->lab.mm, range, 2, (int)arg[0], arg[1], NULL);
}

const struct beside_call PMADVISE = { "PMADVISE", PMADVISE_kernel, PMADVISE_library };

static int64_t cold(struct beside *b, uint64_t vector, uint64_t nr)
{
	int64_t self = beside_syscall(b, NR_PIDFD_OPEN, (uint64_t)b->pid, 0, 0, 0, 0, 0), answer;

	assert_true(self >= 0);
	memset(b->shared, 0, PAGE);
	answer = beside_syscall(b, NR_PROCESS_MADVISE, (uint64_t)self, vector, nr, UMM_MADV_COLD,
				0, 0);
	beside_syscall(b, SYS_close, (uint64_t)self, 0, 0, 0, 0, 0);
	return answer;
}

static int64_t PMADVISE_NR_kernel(struct beside *b, const uint64_t arg[6])
{
	return cold(b, (uint64_t)b->shared, arg[0]);
}

static int64_t PMADVISE_NR_library(struct beside *b, const uint64_t arg[6])
{
	static const struct umm_range range[1100];

	return umm_process_madvise(b->lab.mm, b->lab.mm, range, arg[0], UMM_MADV_COLD, 0, NULL);
}

const struct beside_call PMADVISE_NR = { "PMADVISE_NR", PMADVISE_NR_kernel,
					 PMADVISE_NR_library };

static int64_t PMADVISE_BAD_kernel(struct beside *b, const uint64_t arg[6])
{
	return cold(b, 0, arg[0]);
}

static int64_t PMADVISE_BAD_library(struct beside *b, const uint64_t arg[6])
{
	return umm_process_madvise(b->lab.mm, b->lab.mm, NULL, arg[0], UMM_MADV_COLD, 0, NULL);
}

const struct beside_call PMADVISE_BAD = { "PMADVISE_BAD", PMADVISE_BAD_kernel,
					  PMADVISE_BAD_library };
