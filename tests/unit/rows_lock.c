/*
 * rows_lock.c - mlock, mlockall and their kin beside the kernel: limits and their absence.
 */
#include "rows.h"

#define MEMLOCK UMM_RLIMIT_MEMLOCK
#define INFINITE UMM_RLIM_INFINITY

const struct row rows_lock_all[] = {
	{ "flags that are none", {
		{ &MLOCKALL, { 0 } },
		{ &MLOCKALL, { 8 } },
		{ &MLOCKALL, { UMM_MCL_ONFAULT } },
		{ &MLOCKALL, { UMM_MCL_CURRENT | UMM_MCL_ONFAULT } },
		{ &MUNLOCKALL, { 0 } },
		{ &MLOCKALL, { UMM_MCL_FUTURE | UMM_MCL_ONFAULT } },
		{ &MAP, { P(0), PAGE, RW, ANON, NO_FD, 0 } },
		{ &MLOCKALL, { UMM_MCL_CURRENT } },
		{ &MAP, { P(4), PAGE, RW, ANON, NO_FD, 0 } },
	} },
	{ "the future is locked, the present is not", {
		{ &MAP, { P(0), 2 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MLOCKALL, { UMM_MCL_FUTURE } },
		{ &MAP, { P(2), 2 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MAP, { P(6), 2 * PAGE, 0, ANON, NO_FD, 0 } },
		{ &MUNLOCK, { P(2), PAGE } },
		{ &MLOCKALL, { UMM_MCL_CURRENT | UMM_MCL_FUTURE } },
		{ &MAP, { P(10), 2 * PAGE, R, ANON, NO_FD, 0 } },
		{ &MUNLOCKALL, { 0 } },
		{ &MAP, { P(12), 2 * PAGE, R, ANON, NO_FD, 0 } },
		{ &MUNLOCKALL, { 0 } },
	} },
	{ "all there is, up to the limit", {
		{ &MAP, { P(0), 2000 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &LIMIT, { MEMLOCK, PAGE, PAGE } },
		{ &DROP_CAPS, { 0 } },
		{ &MLOCKALL, { UMM_MCL_CURRENT } },
		{ &MUNLOCKALL, { 0 } },
		{ &MLOCKALL, { UMM_MCL_FUTURE } },
		{ &MAP, { P(3000), PAGE, RW, ANON, NO_FD, 0 } },
		{ &MAP, { P(3002), PAGE, RW, ANON | UMM_MAP_LOCKED, NO_FD, 0 } },
	} },
	{ NULL, { { NULL, { 0 } } } },
};

const struct row rows_lock[] = {
	{ "the limit binds without the capability", {
		{ &MAP, { P(0), 8 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &LIMIT, { MEMLOCK, 4 * PAGE, 4 * PAGE } },
		{ &MLOCK, { P(0), 5 * PAGE } },
		{ &DROP_CAPS, { 0 } },
		{ &MUNLOCK, { P(0), 8 * PAGE } },
		{ &MLOCK, { P(0), 5 * PAGE } },
		{ &MLOCK, { P(0), 4 * PAGE } },
		{ &MLOCK, { P(2), 4 * PAGE } },
		{ &MLOCK, { P(1), 3 * PAGE } },		/* is locked: nothing more */
		{ &MLOCK2, { P(0), 4 * PAGE, UMM_MLOCK_ONFAULT } },
	} },
	{ "what is locked in the range is not counted twice", {
		{ &MAP, { P(0), 8 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &LIMIT, { MEMLOCK, 4 * PAGE, 4 * PAGE } },
		{ &DROP_CAPS, { 0 } },
		{ &MLOCK, { P(1), 2 * PAGE } },
		{ &MLOCK, { P(5), PAGE } },
		{ &MLOCK, { P(0), 4 * PAGE } },		/* two of four are, and one beyond */
		{ &MLOCK, { P(0), 3 * PAGE } },
		{ &MLOCK, { P(4), 4 * PAGE } },
		{ &MLOCK, { P(8), UINT64_MAX - P(8) } },
	} },
	{ "without a limit there is no right", {
		{ &MAP, { P(0), PAGE, RW, ANON, NO_FD, 0 } },
		{ &LIMIT, { MEMLOCK, 0, 0 } },
		{ &MLOCK, { P(0), PAGE } },
		{ &DROP_CAPS, { 0 } },
		{ &MLOCK, { P(0), PAGE } },
		{ &MLOCK2, { P(0), PAGE, 2 } },
		{ &MLOCKALL, { UMM_MCL_FUTURE } },
		{ &MLOCKALL, { 0 } },
		{ &MUNLOCK, { P(0), PAGE } },
	} },
	{ "ranges of nothing, of everything, and holes", {
		{ &MAP, { P(0), 3 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MLOCK, { P(0), 0 } },
		{ &MLOCK, { P(0) + 5, 0 } },		/* rounded out: one page */
		{ &MLOCK, { P(9), 0 } },
		{ &MUNLOCK, { P(9), 0 } },
		{ &MLOCK, { P(2), 2 * PAGE } },
		{ &MUNLOCK, { P(1), 5 * PAGE } },
		{ &MLOCK, { P(0), UINT64_MAX } },
		{ &MUNLOCK, { P(0), UINT64_MAX - 2 * PAGE } },
		{ &MLOCK, { 0, 0 } },
		{ &MLOCK, { UINT64_MAX, 1 } },
	} },
	{ "locking fills: what cannot be filled", {
		{ &MAP, { P(0), 2 * PAGE, 0, ANON, NO_FD, 0 } },
		{ &MAP, { P(4), 10 * PAGE, RW, SHARED, FD(MEMFD), 0 } },
		{ &MAP, { P(16), 2 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MADVISE, { P(17), PAGE, UMM_MADV_GUARD_INSTALL } },
		{ &MLOCK, { P(0), 2 * PAGE } },
		{ &MLOCK, { P(4), 10 * PAGE } },
		{ &MLOCK, { P(16), 2 * PAGE } },
		{ &MUNLOCK, { P(4), 10 * PAGE } },
		{ &MLOCK2, { P(4), 10 * PAGE, UMM_MLOCK_ONFAULT } },
		{ &MUNMAP, { P(0), 18 * PAGE } },
	} },
	{ "a heap of locks against the limit of areas and of size", {
		{ &MAP, { P(0), 6 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &AS_LEFT, { 3 } },
		{ &MAP, { P(8), 4 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MAP, { P(4), 5 * PAGE, RW, ANON, NO_FD, 0 } },	/* two are replaced */
		{ &MAP, { P(10), PAGE, RW, ANON, NO_FD, 0 } },
		{ &LIMIT, { UMM_RLIMIT_DATA, 0, 0 } },
		{ &MAP, { P(9), PAGE, RW, ANON, NO_FD, 0 } },
		{ &MAP, { P(0), PAGE, R, ANON, NO_FD, 0 } },
		{ &MPROTECT, { P(0), PAGE, RW } },
		{ &LIMIT, { UMM_RLIMIT_DATA, INFINITE, INFINITE } },
	} },
	{ NULL, { { NULL, { 0 } } } },
};
