/*
 * mremap_cases.c - mremap that stays: what grows, what shrinks, and what is kept.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define MAYMOVE MREMAP_MAYMOVE
#define MOVE (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)

static char *at;

/* mremap of @old pages from page @from to @new pages; it must end at page @to. */
static void remap(size_t from, size_t old, size_t new, int flags, size_t to)
{
	long result = sys_mremap(at + from * PAGE, old * PAGE, new * PAGE, flags, at + to * PAGE);

	expect(result == (long)(at + to * PAGE), "%zu pages at %zu to %zu pages at %zu: %#lx", old,
	       from, new, to, (unsigned long)result);
}

static void map_locked(size_t page, size_t pages)
{
	expect_ok(sys_mmap(at + page * PAGE, pages * PAGE, RW, ANON | MAP_FIXED | MAP_LOCKED, -1,
			   0), "locked memory");
}

static long long locked_kb(void)
{
	static char buf[4096];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t got = read(fd, buf, sizeof(buf) - 1);
	const char *line;

	close(fd);
	buf[got > 0 ? got : 0] = '\0';
	line = strstr(buf, "VmLck:");
	return line ? strtoll(line + 6, NULL, 10) : -1;
}

/* ---- growing in place ---------------------------------------------------------------------- */

static void grow(void)
{
	at = pool(8);
	map_at(at, 2, RW);
	remap(0, 2, 5, 0, 0);
	expect_layout(at, "rw-p:5 hole:3", "three pages more");
	remap(4, 1, 2, 0, 4);
	expect_layout(at, "rw-p:6 hole:2", "by its last page");
}

static void grow_into_next(void)
{
	at = pool(8);
	touch(map_at(at, 2, RW));
	map_at(at + 4 * PAGE, 2, RW);
	remap(0, 2, 4, 0, 0);
	expect_layout(at, "rw-p:6 hole:2", "and the next one joined");
}

static void grow_beside_other(void)
{
	at = pool(8);
	touch(map_at(at, 2, RW));
	touch(map_at(at + 4 * PAGE, 2, RW));
	remap(0, 2, 4, 0, 0);
	expect_layout(at, "rw-p:4 rw-p:2", "written apart: they stay apart");
}

static void grow_into_written(void)
{
	at = pool(8);
	map_at(at, 2, RW);
	touch(map_at(at + 4 * PAGE, 2, RW));
	remap(0, 2, 4, 0, 0);
	expect_layout(at, "rw-p:6 hole:2", "the next one's pages are the whole one's");
	expect(sys_mprotect(at, PAGE, PROT_READ) == 0 && sys_mprotect(at, PAGE, RW) == 0,
	       "cut and whole again");
	expect_layout(at, "rw-p:6 hole:2", "of one anon_vma");
}

static void grow_in_child(void)
{
	remap(0, 2, 4, 0, 0);
	expect_layout(at, "rw-p:6 hole:2", "child: inherited, and joined what was never written");
	remap(8, 2, 4, 0, 8);
	expect_layout(at + 8 * PAGE, "rw-p:4 rw-p:2",
		      "child: never written, and apart from what was inherited");
}

static void grow_after_fork(void)
{
	at = pool(16);
	touch(map_at(at, 2, RW));
	map_at(at + 4 * PAGE, 2, RW);
	map_at(at + 8 * PAGE, 2, RW);
	touch(map_at(at + 12 * PAGE, 2, RW));
	expect(in_child(grow_in_child) == 0, "the child");
}

static void grow_locked(void)
{
	at = pool(8);
	map_locked(0, 2);
	remap(0, 2, 5, 0, 0);
	expect(locked_kb() == 20, "five pages locked");
	map_at(at + 5 * PAGE, 1, RW);
	expect_layout(at, "rw-p:5 rw-p:1 hole:2", "locked is not like unlocked");
	remap(0, 5, 1, 0, 0);
	expect(locked_kb() == 4, "one page locked");
}

static void grow_file(void)
{
	int fd = scratch_file(8);

	at = pool(8);
	expect_ok(sys_mmap(at, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), "pages 0 and 1");
	expect_ok(sys_mmap(at + 4 * PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 4 * PAGE),
		  "pages 4 and 5");
	remap(0, 2, 4, 0, 0);
	expect_layout(at, "rw-s:6 hole:2", "pages 0 to 5");
}

static void grow_stack(void)
{
	at = pool(64);
	expect_ok(sys_mmap(at + 8 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0),
		  "an area that grows down");
	remap(8, 2, 4, 0, 8);
	map_at(at, 1, RW);
	remap(0, 1, 8, 0, 0);
	expect_layout(at, "rw-p:8 rw-p:4 hole:52", "right into its guard gap");
}

/* ---- shrinking ----------------------------------------------------------------------------- */

static void shrink(void)
{
	at = pool(8);
	touch(map_at(at, 6, RW));
	remap(0, 4, 2, 0, 0);
	expect_layout(at, "rw-p:2 hole:2 rw-p:2 hole:2", "a hole in the middle");
	remap(4, 2, 1, MAYMOVE, 4);
	expect_layout(at, "rw-p:2 hole:2 rw-p:1 hole:3", "the end is gone");
}

/* The old length may reach over whatever there is. */
static void shrink_over_others(void)
{
	at = pool(12);
	map_at(at, 2, RW);
	map_at(at + 3 * PAGE, 2, PROT_READ);
	map_at(at + 6 * PAGE, 3, RW);
	remap(0, 8, 1, 0, 0);
	expect_layout(at, "rw-p:1 hole:7 rw-p:1 hole:3", "two areas and two holes unmapped");
	remap(0, 6, 4, 0, 0);
	expect_layout(at, "rw-p:1 hole:7 rw-p:1 hole:3", "from hole to hole");
}

static void same_size(void)
{
	at = pool(8);
	map_at(at, 2, RW);
	remap(0, 2, 2, 0, 0);
	remap(1, 6, 6, MAYMOVE, 1);
	expect_layout(at, "rw-p:2 hole:6", "as it was, whatever lies in the range");
}

/* ---- MREMAP_DONTUNMAP ---------------------------------------------------------------------- */

/* All of it moved: the old area has lost its anon_vma, and merges like one never written. */
static void keep(void)
{
	at = pool(32);
	touch(map_at(at, 2, RW));
	touch(map_at(at + 3 * PAGE, 1, RW));
	remap(0, 2, 2, KEEP | MREMAP_FIXED, 16);
	expect_layout(at, "rw-p:2 hole:1 rw-p:1 hole:12 rw-p:2 hole:14", "in both places");
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:4", "it joins what was written apart from it");
	map_at(at + 18 * PAGE, 1, RW);
	expect_layout(at + 16 * PAGE, "rw-p:2 rw-p:1", "the copy is a stranger");
}

static void keep_part(void)
{
	at = pool(32);
	touch(map_at(at, 4, RW));
	touch(map_at(at + 5 * PAGE, 1, RW));
	remap(1, 2, 2, KEEP | MREMAP_FIXED, 16);
	map_at(at + 4 * PAGE, 1, RW);
	expect_layout(at, "rw-p:5 rw-p:1", "the rest keeps its anon_vma");
}

static void keep_by_hint(void)
{
	long result;

	at = pool(32);
	map_at(at, 2, RW);
	remap(0, 2, 2, KEEP, 8);
	result = sys_mremap(at, 2 * PAGE, 2 * PAGE, KEEP, at + 9 * PAGE);
	expect(result > 0 && (result < (long)at || result >= (long)(at + 32 * PAGE)),
	       "a hint that is not free");
	expect_layout(at, "rw-p:2 hole:6 rw-p:2 hole:22", "once by hint");
	expect_ok(sys_mremap(at, 2 * PAGE, 2 * PAGE, KEEP, NULL), "without a hint");
}

static void keep_locked(void)
{
	at = pool(32);
	map_locked(0, 4);
	remap(0, 2, 2, KEEP | MREMAP_FIXED, 16);
	expect(locked_kb() == 24, "two pages more locked");
	map_at(at + 4 * PAGE, 1, RW);
	expect_layout(at, "rw-p:5", "nothing of the old area is locked any more");
	expect(sys_munmap(at, 32 * PAGE) == 0, "all unmapped");
	expect(locked_kb() == 16, "but the four pages of the old one are counted for ever");
}

/* Never written, and moved next to itself: one area, and not locked, for it is the old one. */
static void keep_beside(void)
{
	at = pool(32);
	expect_ok(sys_mmap(at, 2 * PAGE, PROT_READ, ANON | MAP_FIXED | MAP_LOCKED, -1, 0),
		  "locked memory");
	remap(0, 2, 2, KEEP | MREMAP_FIXED, 2);
	expect_layout(at, "r--p:4 hole:28", "twice as much");
	map_at(at + 4 * PAGE, 1, PROT_READ);
	expect_layout(at, "r--p:5 hole:27", "none of it locked");
	remap(3, 1, 1, KEEP | MREMAP_FIXED, 5);
	expect_layout(at, "r--p:6 hole:26", "a part of it, once");
}

static void keep_file(void)
{
	int fd = scratch_file(8);

	at = pool(32);
	expect_ok(sys_mmap(at, 4 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), "a file, private");
	touch(at);
	remap(0, 2, 2, KEEP | MREMAP_FIXED, 16);
	remap(2, 2, 2, MOVE, 18);
	expect_layout(at, "rw-p:2 hole:14 rw-p:4", "its offsets continue");
	expect_ok(sys_mmap(at + 8 * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS, -1, 0),
		  "shared memory");
	remap(8, 1, 1, KEEP | MREMAP_FIXED, 10);
}

/* ---- old length 0 -------------------------------------------------------------------------- */

static void duplicate(void)
{
	at = pool(32);
	expect_ok(sys_mmap(at, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED | MAP_ANONYMOUS, -1, 0),
		  "shared memory");
	at[PAGE] = 7;
	remap(1, 0, 2, MOVE, 16);
	expect(at[16 * PAGE] == 7, "the same memory");
	expect_layout(at, "rw-s:4 hole:12 rw-s:2", "in both places");
	remap(1, 0, 3, MOVE, 4);
	expect_layout(at, "rw-s:4 rw-s:3", "beside itself, at another offset");
	expect_ok(sys_mremap(at, 0, 4 * PAGE, MAYMOVE, NULL), "wherever there is room");
}

static void duplicate_read_only(void)
{
	int fd = scratch_file(4), read_only;
	char name[64];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	read_only = open(name, O_RDONLY | O_CLOEXEC);
	at = pool(32);
	if (read_only < 0)
		skip("/proc cannot be used to open a file again");
	expect_ok(sys_mmap(at, 2 * PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, read_only, 0),
		  "shared, of a descriptor that cannot write");
	remap(0, 0, 2, MOVE, 16);
	expect_layout(at, "r--s:2 hole:14 r--s:2", "in both places");
}

static const struct prog_case cases[] = {
	{ "grow", grow },
	{ "grow_into_next", grow_into_next },
	{ "grow_beside_other", grow_beside_other },
	{ "grow_into_written", grow_into_written },
	{ "grow_after_fork", grow_after_fork },
	{ "grow_locked", grow_locked },
	{ "grow_file", grow_file },
	{ "grow_stack", grow_stack },
	{ "shrink", shrink },
	{ "shrink_over_others", shrink_over_others },
	{ "same_size", same_size },
	{ "keep", keep },
	{ "keep_part", keep_part },
	{ "keep_by_hint", keep_by_hint },
	{ "keep_locked", keep_locked },
	{ "keep_beside", keep_beside },
	{ "keep_file", keep_file },
	{ "duplicate", duplicate },
	{ "duplicate_read_only", duplicate_read_only },
};

PROG_MAIN(cases)
