/*
 * beside.h - rows of steps, each step done by a process on the running kernel and in the library:
 * the same answers, and after each step the same areas and counters.
 *
 * The process is a child of the test that does nothing but the calls it is told; each row has one
 * of its own.  What is compared lies in a pool, empty in both when a row begins; addresses are
 * written as pages of it.  What a call reads or writes by pointer lies in one page that both
 * processes share.
 */
#ifndef TESTS_BESIDE_H
#define TESTS_BESIDE_H

#include <sys/types.h>

#include "lab.h"

#define POOL UINT64_C(0x200000000000)
#define POOL_PAGES UINT64_C(4096)
#define P(page) (POOL + (page) * PAGE)

/* A memfd of eight pages and the same opened for reading alone; descriptors from FIRST_FD on. */
enum beside_file { MEMFD, READONLY, NR_FILES };
#define FIRST_FD 100
#define FD(file) ((uint64_t)(FIRST_FD + (file)))
#define NO_FD UINT64_MAX
#define FILE_PAGES 8

/* What the headers of older distributions do not have. */
#define PR_SET_THP_DISABLE 41
#define PR_GET_THP_DISABLE 42
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#define PR_SET_MEMORY_MERGE 67
#define PR_GET_MEMORY_MERGE 68

struct beside {
	struct lab lab;
	pid_t pid;
	int sock;
	char *shared;			/* a page, at the same address in both */
	struct umm_file *file[NR_FILES];
	uint64_t size_before, data_before;	/* KiB, of the process when the row began */
	bool locks_all;			/* VmLck counts more than the pool */
	int64_t last;			/* what the last step answered */
	const char *row;
	unsigned int step;
};

/* What a step does. */
struct beside_call {
	const char *name;
	int64_t (*kernel)(struct beside *b, const uint64_t arg[6]);
	int64_t (*library)(struct beside *b, const uint64_t arg[6]);
};

struct step {
	const struct beside_call *call;		/* NULL ends the row */
	uint64_t arg[6];
};

#define MOST_STEPS 12

struct row {
	const char *name;			/* NULL ends the table */
	struct step step[MOST_STEPS];
};

/* Every row of the table. */
void beside_rows(const struct row *rows);

/* One system call in the process: its answer, or the negative error. */
int64_t beside_syscall(struct beside *b, long nr, uint64_t a0, uint64_t a1, uint64_t a2,
		       uint64_t a3, uint64_t a4, uint64_t a5);

/* For the above: the byte at @a0 is written. */
#define BESIDE_WRITE (-1)

/* A number of the process's /proc/PID/status, of a line that begins with @name. */
uint64_t beside_status(const struct beside *b, const char *name, int base);

/*
 * The calls.  Their arguments are those of the system call unless said otherwise.
 *	MAP		MAP_FIXED is added
 *	LIMIT		resource, soft, hard
 *	AS_LEFT		RLIMIT_AS is what there is and so many pages more
 *	WRITE		the page at that address is written to
 *	DROP_CAPS	all capabilities are given up
 *	ADD_SEALS	fcntl(F_ADD_SEALS): descriptor, seals
 *	PMADVISE	process_madvise of the process itself: advice, flags, two ranges
 *	PMADVISE_NR	so many empty ranges
 *	PMADVISE_BAD	so many at NULL
 */
extern const struct beside_call MAP, MUNMAP, MPROTECT, PKEY_MPROTECT, MREMAP, LIMIT, AS_LEFT,
	WRITE, DROP_CAPS, MLOCK, MLOCK2, MUNLOCK, MLOCKALL, MUNLOCKALL, MSYNC, MINCORE, MSEAL,
	MADVISE, REMAP_FILE_PAGES, PERSONALITY, PRCTL, PMADVISE, PMADVISE_NR, PMADVISE_BAD,
	ADD_SEALS;

#endif
