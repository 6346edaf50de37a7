/*
 * calls.c - a step as the system call that it is.  state.h says what is made of arguments that are
 * not those of the call.
 */
#include <linux/fcntl.h>
#include <linux/prctl.h>

#include <asm/ioctl.h>

#include "seq/executor/executor.h"
#include "seq/executor/sys.h"

#define UFFD_API 0xaa			/* <linux/userfaultfd.h> of old has not all we want */
#define F_ADD_SEALS_NR 1033
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif
#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif
#define SHM_MODE 0600

struct uffd_api { uint64_t api, features, ioctls; };
struct uffd_range { uint64_t start, len; };
struct uffd_register { struct uffd_range range; uint64_t mode, ioctls; };

#define UFFD_IOC_API _IOWR(0xaa, 0x3f, struct uffd_api)
#define UFFD_IOC_REGISTER _IOWR(0xaa, 0x00, struct uffd_register)
#define UFFD_IOC_UNREGISTER _IOR(0xaa, 0x01, struct uffd_range)

static uint64_t begun;

static uint64_t cycles_now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

void call_begin(void)
{
	begun = cycles_now();
}

void call_end(void)
{
	shared->cycles += cycles_now() - begun;
}

/* The system call that the step is about. */
static int64_t timed(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
		     uint64_t f)
{
	int64_t answer;

	call_begin();
	answer = sys6(nr, a, b, c, d, e, f);
	call_end();
	return answer;
}

static uint64_t descriptor(uint64_t file)
{
	return file > SEQ_FILE_NONE && file < SEQ_FILES ? FD_FILES + file : (uint64_t)-1;
}

static int64_t policy(long nr, const uint64_t *a)
{
	uint64_t word = nr == __NR_mbind ? a[3] : a[1];
	uint64_t mask = word ? at(&word) : 0, max = word ? 64 : 0;

	if (nr == __NR_mbind)
		return timed(nr, a[0], a[1], a[2], mask, max, a[4]);
	return timed(nr, a[0], mask, max, 0, 0, 0);
}

static int64_t set_limit(const uint64_t *a)
{
	const uint64_t limit[2] = { a[1], a[2] };

	return timed(__NR_setrlimit, a[0], at(limit), 0, 0, 0, 0);
}

static int64_t other_advice(const uint64_t *a)
{
	const uint64_t range[2] = { a[1], a[2] };
	int64_t pidfd = sys3(__NR_pidfd_open, (uint64_t)shared->pid[a[0]], 0, 0), answer;

	if (pidfd < 0)
		return pidfd;
	answer = timed(__NR_process_madvise, (uint64_t)pidfd, at(range), 1, a[3], a[4], 0);
	sys1(__NR_close, (uint64_t)pidfd);
	return answer;
}

static int64_t name_area(const uint64_t *a)
{
	char name[SEQ_VMA_NAME_SIZE];
	uint64_t where = a[2] == SEQ_NAME_UNREADABLE ? 1 : seq_vma_name(a[2], name) ? at(name) : 0;

	return timed(__NR_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, a[0], a[1], where, 0);
}

static int64_t segment(const uint64_t *a)
{
	uint64_t key = a[0] ? a[0] + shared->start.shm_key : 0;
	int64_t id;

	if (shared->nr_segments == CONTROL_SEGMENTS)
		return -UMM_ENOSPC;
	id = timed(__NR_shmget, key, a[1], a[2] | SHM_MODE, 0, 0, 0);
	if (id >= 0)
		shared->segment[shared->nr_segments++] = (int32_t)id;
	return id;
}

static int64_t watcher(uint64_t features)
{
	struct uffd_api api = { .api = UFFD_API, .features = features };
	int64_t fd = timed(__NR_userfaultfd, O_CLOEXEC, 0, 0, 0, 0, 0), err;

	if (fd < 0)
		return fd;
	err = sys3(__NR_ioctl, (uint64_t)fd, UFFD_IOC_API, at(&api));
	if (err >= 0)
		return fd;
	sys1(__NR_close, (uint64_t)fd);
	return err;
}

static int64_t watch(const uint64_t *a, int on)
{
	struct uffd_register reg = { .range = { .start = a[1], .len = a[2] }, .mode = a[3] };

	if (on)
		return timed(__NR_ioctl, a[0], UFFD_IOC_REGISTER, at(&reg), 0, 0, 0);
	return timed(__NR_ioctl, a[0], UFFD_IOC_UNREGISTER, at(&reg.range), 0, 0, 0);
}

static int64_t touch(uint64_t addr, int write)
{
	int64_t answer;

	call_begin();
	answer = access_byte(addr, write);
	call_end();
	return answer;
}

static int64_t store(uint64_t addr, uint64_t byte)
{
	int64_t answer;

	call_begin();
	answer = access_store(addr, (unsigned char)byte);
	call_end();
	return answer;
}

static int64_t map_many(uint64_t addr, uint64_t nr)
{
	const uint64_t flags = UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED;
	int64_t got = 0;

	call_begin();
	for (uint64_t i = 0; i < nr && (got >= 0 || got < -4095); i++)
		got = sys6(__NR_mmap, addr + i * SEQ_PAGE, SEQ_PAGE, i & 1 ? 0 : UMM_PROT_READ,
			   flags, (uint64_t)-1, 0);
	call_end();
	return got < 0 && got >= -4095 ? got : 0;
}

/* Calls whose arguments are those of the step. */
static const struct {
	uint16_t nr;
	uint8_t args;
} plain[SEQ_CALLS] = {
	[SEQ_MUNMAP] = { __NR_munmap, 2 },
	[SEQ_MPROTECT] = { __NR_mprotect, 3 },
	[SEQ_PKEY_MPROTECT] = { __NR_pkey_mprotect, 4 },
	[SEQ_MREMAP] = { __NR_mremap, 5 },
	[SEQ_BRK] = { __NR_brk, 1 },
	[SEQ_REMAP_FILE_PAGES] = { __NR_remap_file_pages, 5 },
	[SEQ_MADVISE] = { __NR_madvise, 3 },
	[SEQ_MLOCK] = { __NR_mlock, 2 },
	[SEQ_MLOCK2] = { __NR_mlock2, 3 },
	[SEQ_MUNLOCK] = { __NR_munlock, 2 },
	[SEQ_MLOCKALL] = { __NR_mlockall, 1 },
	[SEQ_MUNLOCKALL] = { __NR_munlockall, 0 },
	[SEQ_MSYNC] = { __NR_msync, 3 },
	[SEQ_MINCORE] = { __NR_mincore, 3 },
	[SEQ_MSEAL] = { 462, 3 },
	[SEQ_HOME_NODE] = { 450, 4 },
	[SEQ_SHMAT] = { __NR_shmat, 3 },
	[SEQ_SHMDT] = { __NR_shmdt, 1 },
	[SEQ_SHMCTL] = { __NR_shmctl, 2 },
	[SEQ_UFFD_CLOSE] = { __NR_close, 1 },
	[SEQ_PERSONALITY] = { __NR_personality, 1 },
};

int64_t call_make(const struct seq_step *step)
{
	uint64_t a[SEQ_ARGS] = { 0 };

	for (unsigned int i = 0; i < SEQ_ARGS; i++)
		a[i] = seq_arg(&shared->state, step, i);
	switch (step->call) {
	case SEQ_MMAP:
		return timed(__NR_mmap, a[0], a[1], a[2], a[3], descriptor(a[4]), a[5]);
	case SEQ_MBIND:
		return policy(__NR_mbind, a);
	case SEQ_SET_MEMPOLICY:
		return policy(__NR_set_mempolicy, a);
	case SEQ_PROCESS_MADVISE:
		return other_advice(a);
	case SEQ_SET_VMA_NAME:
		return name_area(a);
	case SEQ_SHMGET:
		return segment(a);
	case SEQ_ADD_SEALS:
		return timed(__NR_fcntl, descriptor(a[0]), F_ADD_SEALS_NR, a[1], 0, 0, 0);
	case SEQ_USERFAULTFD:
		return watcher(a[0]);
	case SEQ_UFFD_REGISTER:
		return watch(a, 1);
	case SEQ_UFFD_UNREGISTER:
		return watch(a, 0);
	case SEQ_SETRLIMIT:
		return set_limit(a);
	case SEQ_SET_MDWE:
		return timed(__NR_prctl, PR_SET_MDWE, a[0], 0, 0, 0, 0);
	case SEQ_SET_THP_DISABLE:
		return timed(__NR_prctl, PR_SET_THP_DISABLE, a[0], a[1], 0, 0, 0);
	case SEQ_SET_MEMORY_MERGE:
		return timed(__NR_prctl, PR_SET_MEMORY_MERGE, a[0], 0, 0, 0, 0);
	case SEQ_SET_MM:
		return timed(__NR_prctl, PR_SET_MM, a[0], a[1], 0, 0, 0);
	case SEQ_READ:
		return touch(a[0], 0);
	case SEQ_WRITE:
		return touch(a[0], 1);
	case SEQ_STORE:
		return store(a[0], a[1]);
	case SEQ_PAGES:
		return pages_look(a[0], a[1], a[2]);
	case SEQ_SMAPS:
		return pages_smaps(a[0], a[1], a[2]);
	case SEQ_MANY:
		return map_many(a[0], a[1]);
	}
	for (unsigned int i = plain[step->call].args; i < SEQ_ARGS; i++)
		a[i] = 0;
	return timed(plain[step->call].nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}
