/*
 * seal_cases.c - what mseal splits and merges, and what remap_file_pages, msync and mincore leave.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define SYS_MSEAL 462			/* 6.10 */
#define RO PROT_READ
#define RW (PROT_READ | PROT_WRITE)

static char *at;

static void seal(size_t page, size_t pages)
{
	long err = syscall(SYS_MSEAL, at + page * PAGE, pages * PAGE, 0UL) ? -errno : 0;

	if (err == -ENOSYS)
		skip("this kernel has no mseal");
	expect(err == 0, "mseal of %zu pages from page %zu", pages, page);
}

/* ---- mseal --------------------------------------------------------------------------------- */

static void middle(void)
{
	at = map_at(pool(5), 5, RW);
	seal(2, 1);
	expect_layout(at, "rw-p:2 rw-p:1 rw-p:2", "V | sealed | V");
	seal(2, 1);
	expect_layout(at, "rw-p:2 rw-p:1 rw-p:2", "a second time changes nothing");
	seal(0, 5);
	expect_layout(at, "rw-p:5", "all of it is one again");
}

static void merges_left(void)
{
	at = map_at(pool(4), 4, RW);
	seal(0, 2);
	seal(2, 1);
	expect_layout(at, "rw-p:3 rw-p:1", "the boundary moves up");
}

static void merges_right(void)
{
	at = map_at(pool(4), 4, RW);
	seal(2, 2);
	seal(1, 1);
	expect_layout(at, "rw-p:1 rw-p:3", "the boundary moves down");
}

static void across_areas(void)
{
	at = map_at(pool(6), 6, RW);
	expect(sys_mprotect(at + 2 * PAGE, 2 * PAGE, RO) == 0, "read-only in the middle");
	seal(1, 4);
	expect_layout(at, "rw-p:1 rw-p:1 r--p:2 rw-p:1 rw-p:1", "each area by itself");
}

static void beside_written(void)
{
	at = pool(4);
	touch(map_at(at, 2, RW));
	touch(map_at(at + 3 * PAGE, 1, RW));
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:3 rw-p:1", "two anon_vmas");
	seal(1, 3);
	expect_layout(at, "rw-p:1 rw-p:2 rw-p:1", "stay two");
}

/* New memory is not sealed: it does not merge with what is. */
static void new_beside_sealed(void)
{
	at = pool(4);
	map_at(at, 2, RW);
	seal(0, 2);
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1", "sealed | new");
	seal(2, 1);
	expect_layout(at, "rw-p:3", "both sealed");
}

static void in_the_child(void)
{
	expect(syscall(SYS_munmap, at, PAGE) == -1 && errno == EPERM, "the child's copy is sealed");
	expect(sys_munmap(at + 2 * PAGE, PAGE) == 0, "what was not is not");
}

static void fork_keeps(void)
{
	at = map_at(pool(3), 3, RW);
	touch(at);
	seal(0, 2);
	expect(in_child(in_the_child) == 0, "a child");
}

static void other_calls(void)
{
	at = map_at(pool(4), 4, RW);
	seal(0, 4);
	expect(mlock(at + PAGE, PAGE) == 0, "mlock of sealed memory");
	expect(madvise(at + 2 * PAGE, PAGE, MADV_DONTFORK) == 0, "MADV_DONTFORK of sealed memory");
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1 rw-p:1", "both split it");
	expect(munlock(at + PAGE, PAGE) == 0, "munlock");
	expect_layout(at, "rw-p:2 rw-p:1 rw-p:1", "merged again");
}

/* What grows down still grows, and stays sealed. */
static void stack(void)
{
	at = pool(300);
	expect_ok(sys_mmap(at + 290 * PAGE, 2 * PAGE, RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0),
		  "a stack");
	seal(290, 2);
	touch(at + 288 * PAGE);
	expect_layout(at + 287 * PAGE, "hole:1 rw-p:4", "it grew");
	expect(syscall(SYS_munmap, at + 288 * PAGE, PAGE) == -1 && errno == EPERM,
	       "what it grew by is sealed");
}

/* ---- remap_file_pages ---------------------------------------------------------------------- */

static void shared(size_t pages)
{
	at = pool(pages);
	expect_ok(sys_mmap(at, pages * PAGE, RW, MAP_SHARED | MAP_FIXED, scratch_file(64), 0),
		  "a shared mapping");
}

static void remap(size_t page, size_t pages, size_t pgoff)
{
	expect(syscall(SYS_remap_file_pages, at + page * PAGE, pages * PAGE, 0UL, pgoff, 0UL) == 0,
	       "page %zu and %zu more show page %zu of the file", page, pages - 1, pgoff);
}

static void remapped(void)
{
	shared(4);
	remap(1, 1, 9);
	expect_layout(at, "rw-s:1 rw-s:1 rw-s:2", "another offset in the middle");
	remap(2, 1, 10);
	expect_layout(at, "rw-s:1 rw-s:2 rw-s:1", "what continues it is one with it");
	remap(1, 2, 1);
	expect_layout(at, "rw-s:4", "all is in its place again");
	remap(0, 4, 7);
	expect_layout(at, "rw-s:4", "the whole");
}

/* Over areas of the same file with the same flags, whatever their offsets. */
static void remapped_over_pieces(void)
{
	shared(4);
	remap(0, 1, 20);
	remap(2, 1, 30);
	remap(0, 4, 40);
	expect_layout(at, "rw-s:4", "one again");
}

static void remapped_anonymous(void)
{
	at = pool(4);
	expect_ok(sys_mmap(at, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		  "shared anonymous memory");
	at[3 * PAGE] = 77;
	remap(0, 1, 3);
	expect(at[0] == 77, "the first page shows the fourth");
	expect_layout(at, "rw-s:1 rw-s:3", "by an area of its own");
}

static void remapped_unaligned(void)
{
	shared(4);
	expect(syscall(SYS_remap_file_pages, at + PAGE + 5, PAGE + 7, 0UL, 9UL, 0xffffffffUL) == 0,
	       "address and size are rounded down");
	expect_layout(at, "rw-s:1 rw-s:1 rw-s:2", "one page");
}

static void remapped_locked(void)
{
	shared(4);
	if (mlock(at, 4 * PAGE))
		skip("nothing may be locked here");
	remap(1, 1, 9);
	expect(munlock(at, PAGE) == 0, "munlock of the first page");
	expect_layout(at, "rw-s:1 rw-s:1 rw-s:2", "the others are locked");
}

/* ---- msync, mincore ------------------------------------------------------------------------ */

static void synced(void)
{
	shared(4);
	touch(at);
	expect(msync(at, 4 * PAGE, MS_SYNC) == 0, "MS_SYNC");
	expect(msync(at, 4 * PAGE, MS_ASYNC | MS_INVALIDATE) == 0, "MS_ASYNC");
	expect(msync(at, 4 * PAGE, 0) == 0, "neither");
	expect(sys_mprotect(at + PAGE, PAGE, RO) == 0, "a piece that is read-only");
	expect(msync(at, 4 * PAGE, MS_SYNC) == 0, "all pieces");
}

/* To write the vector is to write to memory: whoever is written first has an anon_vma. */
static void vector_is_written(void)
{
	at = pool(4);
	map_at(at, 1, RW);
	map_at(at + PAGE, 2, RO);
	expect(mincore(at + PAGE, 2 * PAGE, (unsigned char *)at) == 0, "a vector in new memory");
	touch(map_at(at + 3 * PAGE, 1, RW));
	expect(sys_mprotect(at + PAGE, 2 * PAGE, RW) == 0, "what lies between is alike");
	expect_layout(at, "rw-p:3 rw-p:1", "it merges with one side, both were written");
}

/* Never written to: the call fails before. */
static void vector_is_not_written(void)
{
	at = pool(4);
	map_at(at, 1, RW);
	expect(mincore(at + PAGE, PAGE, (unsigned char *)at) == -1 && errno == ENOMEM, "of a hole");
	map_at(at + PAGE, 2, RO);
	touch(map_at(at + 3 * PAGE, 1, RW));
	expect(sys_mprotect(at + PAGE, 2 * PAGE, RW) == 0, "what lies between is alike");
	expect_layout(at, "rw-p:4", "one area: the first side was never written");
}

static const struct prog_case cases[] = {
	{ "middle", middle }, { "merges_left", merges_left }, { "merges_right", merges_right },
	{ "across_areas", across_areas }, { "beside_written", beside_written },
	{ "new_beside_sealed", new_beside_sealed }, { "fork_keeps", fork_keeps },
	{ "other_calls", other_calls }, { "stack", stack },
	{ "remapped", remapped }, { "remapped_over_pieces", remapped_over_pieces },
	{ "remapped_anonymous", remapped_anonymous }, { "remapped_unaligned", remapped_unaligned },
	{ "remapped_locked", remapped_locked },
	{ "synced", synced }, { "vector_is_written", vector_is_written },
	{ "vector_is_not_written", vector_is_not_written },
};
PROG_MAIN(cases)
