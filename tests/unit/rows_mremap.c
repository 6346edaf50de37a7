/*
 * rows_mremap.c - mremap beside the kernel: guards, huge pages, seals, limits.
 */
#include "rows.h"

#define MAY UMM_MREMAP_MAYMOVE
#define TO (UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED)
#define KEEP (TO | UMM_MREMAP_DONTUNMAP)
#define NORESERVE_HUGE (ANON | UMM_MAP_HUGETLB | UMM_MAP_NORESERVE)
#define HUGE 512			/* pages */

const struct row rows_mremap[] = {
	{ "guards move with their pages", {
		{ &MAP, { P(0), 8 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &WRITE, { P(0) } },
		{ &MADVISE, { P(2), 2 * PAGE, UMM_MADV_GUARD_INSTALL } },
		{ &MREMAP, { P(0), 8 * PAGE, 8 * PAGE, TO, P(20) } },
		{ &MADVISE, { P(20), 2 * PAGE, UMM_MADV_POPULATE_READ } },
		{ &MADVISE, { P(22), PAGE, UMM_MADV_POPULATE_READ } },
		{ &MADVISE, { P(24), 4 * PAGE, UMM_MADV_POPULATE_READ } },
		{ &MREMAP, { P(23), 2 * PAGE, 2 * PAGE, TO, P(40) } },
		{ &MADVISE, { P(40), PAGE, UMM_MADV_POPULATE_READ } },
		{ &MADVISE, { P(41), PAGE, UMM_MADV_POPULATE_READ } },
		{ &MADVISE, { P(22), PAGE, UMM_MADV_POPULATE_READ } },
	} },
	{ "guards and what is left behind", {
		{ &MAP, { P(0), 8 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MADVISE, { P(1), 3 * PAGE, UMM_MADV_GUARD_INSTALL } },
		{ &MREMAP, { P(0), 8 * PAGE, 8 * PAGE, KEEP, P(20) } },
		{ &MADVISE, { P(0), 8 * PAGE, UMM_MADV_POPULATE_READ } },
		{ &MADVISE, { P(21), PAGE, UMM_MADV_POPULATE_READ } },
		{ &MREMAP, { P(20), 8 * PAGE, 2 * PAGE, TO, P(40) } },
		{ &MADVISE, { P(40), PAGE, UMM_MADV_POPULATE_READ } },
		{ &MADVISE, { P(41), PAGE, UMM_MADV_POPULATE_READ } },
		{ &MREMAP, { P(40), 2 * PAGE, 6 * PAGE, TO, P(60) } },
		{ &MADVISE, { P(62), 4 * PAGE, UMM_MADV_POPULATE_READ } },
		{ &MADVISE, { P(60), 2 * PAGE, UMM_MADV_POPULATE_READ } },
	} },
	{ "huge pages: whole ones", {
		{ &MAP, { P(0), 2 * HUGE * PAGE, RW, NORESERVE_HUGE, NO_FD, 0 } },
		{ &MREMAP, { P(0), 2 * HUGE * PAGE, 2 * HUGE * PAGE, TO, P(4 * HUGE) } },
		{ &MREMAP, { P(4 * HUGE), HUGE * PAGE, HUGE * PAGE, TO, P(0) } },
		{ &MREMAP, { P(0), HUGE * PAGE, HUGE * PAGE, TO, P(HUGE) + PAGE } },
		{ &MREMAP, { P(1), HUGE * PAGE, HUGE * PAGE, TO, P(HUGE) } },
		{ &MREMAP, { P(0), PAGE, PAGE, TO, P(HUGE) } },
		{ &MREMAP, { P(HUGE), HUGE * PAGE, 2 * HUGE * PAGE, MAY, 0 } },
		{ &MREMAP, { P(HUGE), HUGE * PAGE, HUGE * PAGE, MAY, 5 } },
		{ &MREMAP, { P(5 * HUGE), HUGE * PAGE, HUGE * PAGE, KEEP, P(0) } },
	} },
	{ "huge pages: less of them", {
		{ &MAP, { P(0), 3 * HUGE * PAGE, RW, NORESERVE_HUGE, NO_FD, 0 } },
		{ &MREMAP, { P(0), 3 * HUGE * PAGE, 2 * HUGE * PAGE, 0, 0 } },
		{ &MREMAP, { P(0), 2 * HUGE * PAGE, PAGE, 0, 0 } },
		{ &MREMAP, { P(0), PAGE, 2 * HUGE * PAGE, 0, 0 } },
		{ &MUNMAP, { P(0), PAGE } },
		{ &MUNMAP, { P(0), HUGE * PAGE } },
	} },
	{ "seals", {
		{ &MAP, { P(0), 8 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MSEAL, { P(4), 4 * PAGE, 0 } },
		{ &MREMAP, { P(0), 8 * PAGE, 2 * PAGE, 0, 0 } },
		{ &MREMAP, { P(0), 8 * PAGE, 2 * PAGE, TO, P(20) } },
		{ &MREMAP, { P(4), 4 * PAGE, 8 * PAGE, 0, 0 } },
		{ &MREMAP, { P(4), PAGE, PAGE, 0, 0 } },
		{ &MREMAP, { P(0), 8 * PAGE, 8 * PAGE, TO, P(20) } },	/* the first piece goes */
		{ &MREMAP, { P(20), 2 * PAGE, 2 * PAGE, TO, P(3) } },	/* the target is sealed */
		{ &MREMAP, { P(22), 2 * PAGE, 3 * PAGE, TO, P(3) } },
		{ &MREMAP, { P(22), 2 * PAGE, 2 * PAGE, KEEP, P(30) } },
	} },
	{ "what stays behind counts", {
		{ &MAP, { P(0), 8 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &WRITE, { P(1) } },
		{ &AS_LEFT, { 3 } },
		{ &MREMAP, { P(0), 8 * PAGE, 8 * PAGE, KEEP, P(20) } },
		{ &MREMAP, { P(0), 4 * PAGE, 4 * PAGE, KEEP, P(20) } },
		{ &MREMAP, { P(0), 3 * PAGE, 3 * PAGE, KEEP, P(20) } },
		{ &MREMAP, { P(20), 3 * PAGE, 4 * PAGE, 0, 0 } },
		{ &MREMAP, { P(20), 3 * PAGE, 4 * PAGE, TO, P(40) } },
		{ &MREMAP, { P(20), 3 * PAGE, 2 * PAGE, TO, P(40) } },
		{ &MREMAP, { P(40), 2 * PAGE, 3 * PAGE, 0, 0 } },
	} },
	{ "locked memory grows and goes", {
		{ &MAP, { P(0), 4 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MLOCK, { P(0), 4 * PAGE } },
		{ &MREMAP, { P(0), 4 * PAGE, 6 * PAGE, 0, 0 } },
		{ &MREMAP, { P(0), 6 * PAGE, 8 * PAGE, TO, P(20) } },
		{ &MREMAP, { P(22), 2 * PAGE, 2 * PAGE, KEEP, P(40) } },
		{ &LIMIT, { UMM_RLIMIT_MEMLOCK, 10 * PAGE, 10 * PAGE } },
		{ &DROP_CAPS, { 0 } },
		{ &MREMAP, { P(40), 2 * PAGE, 20 * PAGE, 0, 0 } },
		{ &MREMAP, { P(40), 2 * PAGE, 3 * PAGE, 0, 0 } },
		{ &MREMAP, { P(40), 2 * PAGE, PAGE, TO, P(60) } },
	} },
	{ "a second view, and one in its own place", {
		{ &MAP, { P(0), 4 * PAGE, RW, SHARED, FD(MEMFD), 0 } },
		{ &MREMAP, { P(0), 0, 4 * PAGE, TO, P(8) } },
		{ &MREMAP, { P(1), 0, 2 * PAGE, TO, P(20) } },
		{ &MREMAP, { P(0), 0, 4 * PAGE, 0, 0 } },
		{ &MREMAP, { P(8), 0, 4 * PAGE, TO, P(8) } },	/* the target is the source */
		{ &MREMAP, { P(0), 0, 2 * PAGE, TO, P(1) } },
		{ &MREMAP, { P(0), 0, 2 * PAGE, KEEP, P(30) } },
		{ &MREMAP, { P(0), 0, 0, TO, P(30) } },
	} },
	{ "arguments", {
		{ &MAP, { P(0), 4 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MREMAP, { P(0), PAGE, PAGE, UMM_MREMAP_FIXED, P(8) } },
		{ &MREMAP, { P(0), PAGE, PAGE, UMM_MREMAP_DONTUNMAP, P(8) } },
		{ &MREMAP, { P(0), PAGE, 2 * PAGE, KEEP, P(8) } },
		{ &MREMAP, { P(0), PAGE, PAGE, 8 | MAY, P(8) } },
		{ &MREMAP, { P(0) + 1, PAGE, PAGE, TO, P(8) } },
		{ &MREMAP, { P(0), PAGE, PAGE, TO, P(8) + 1 } },
		{ &MREMAP, { P(0), PAGE, UINT64_MAX - 2 * PAGE, 0, 0 } },
		{ &MREMAP, { P(0), PAGE, PAGE, TO, UINT64_C(0x7ffffffff000) } },
		{ &MREMAP, { P(8), PAGE, 2 * PAGE, 0, 0 } },
		{ &MREMAP, { P(0), 6 * PAGE, 7 * PAGE, 0, 0 } },
	} },
	{ "inside, in the way, beyond", {
		{ &MAP, { P(0), 4 * PAGE, RW, ANON, NO_FD, 0 } },
		{ &MAP, { P(6), PAGE, R, ANON, NO_FD, 0 } },
		{ &MREMAP, { P(0), 2 * PAGE, 3 * PAGE, 0, 0 } },
		{ &MREMAP, { P(2), 2 * PAGE, 5 * PAGE, 0, 0 } },
		{ &MREMAP, { P(2), 2 * PAGE, 4 * PAGE, 0, 0 } },
		{ &MREMAP, { P(0), 6 * PAGE, 8 * PAGE, TO, P(20) } },
		{ &MREMAP, { P(21), 3 * PAGE, 4 * PAGE, TO, P(40) } },
		{ &MREMAP, { P(20), 20 * PAGE, 18 * PAGE, TO, P(60) } },
		{ &MREMAP, { P(24), 20 * PAGE, 20 * PAGE, TO, P(80) } },
	} },
	{ "DONTUNMAP of files and of both kinds at once", {
		{ &MAP, { P(0), 4 * PAGE, RW, SHARED, FD(MEMFD), 0 } },
		{ &MAP, { P(4), 2 * PAGE, RW, PRIVATE, FD(MEMFD), 4 * PAGE } },
		{ &WRITE, { P(4) } },
		{ &MREMAP, { P(0), 4 * PAGE, 4 * PAGE, KEEP, P(20) } },
		{ &MREMAP, { P(4), 2 * PAGE, 2 * PAGE, KEEP, P(24) } },
		{ &MREMAP, { P(2), 4 * PAGE, 4 * PAGE, KEEP, P(40) } },
		{ &MREMAP, { P(20), 6 * PAGE, 6 * PAGE, TO, P(60) } },
		{ &MREMAP, { P(60), PAGE, PAGE, TO, P(62) } },
	} },
	{ NULL, { { NULL, { 0 } } } },
};
