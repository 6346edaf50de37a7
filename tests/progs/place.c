/*
 * place.c - where mmap puts what it may put where it likes.  The addresses themselves are checked
 * by whoever follows the program; here only what holds wherever the process lies.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define MIB (1UL << 20)
#define GIB (1UL << 30)

static char *map_with(const char *hint, size_t len, int flags)
{
	return expect_ok(sys_mmap(hint, len, PROT_READ, ANON | flags, -1, 0), "mmap");
}

static char *map_file(size_t len, int type, int fd, uint64_t offset)
{
	return expect_ok(sys_mmap(NULL, len, PROT_READ, type, fd, offset), "mmap of a file");
}

static void below_each_other(void)
{
	char *last = map_with(NULL, 3 * PAGE, 0);

	for (size_t pages = 1; pages < 40; pages += 3)
		last = map_with(NULL, pages * PAGE, pages % 2 ? MAP_STACK : MAP_NORESERVE);
	expect(last != NULL, "one below the other, or in the holes that exec left");
}

/* The first hole that is wide enough, from above or from below, not the tightest. */
static void first_hole(void)
{
	char *at = map_at(pool(64), 64, RW);

	sys_munmap(at + 8 * PAGE, 2 * PAGE);
	sys_munmap(at + 20 * PAGE, 6 * PAGE);
	sys_munmap(at + 40 * PAGE, 3 * PAGE);
	map_with(NULL, 5 * PAGE, 0);
	map_with(NULL, 2 * PAGE, 0);
	map_with(NULL, 3 * PAGE, 0);
	map_with(NULL, PAGE, 0);
}

static void hint_free(void)
{
	char *at = pool(8);

	expect(map_with(at + 2 * PAGE, 2 * PAGE, 0) == at + 2 * PAGE, "a free hint is taken");
	expect(map_with(at + 4 * PAGE + 100, PAGE, 0) == at + 4 * PAGE, "and rounded down");
	expect(map_with(at + 1 * PAGE, PAGE, 0) == at + 1 * PAGE, "right below an area, too");
}

static void hint_busy(void)
{
	char *at = map_at(pool(8), 8, RW);

	expect(map_with(at + 2 * PAGE, PAGE, 0) != at + 2 * PAGE, "a busy hint is not taken");
	expect(map_with(at + 7 * PAGE, 2 * PAGE, 0) != at + 7 * PAGE, "nor one that is half busy");
}

static void hint_low(void)
{
	char *raised = map_with((char *)PAGE, PAGE, 0);

	expect((uintptr_t)raised >= PAGE, "a hint below the minimum is raised");
	map_with((char *)1, PAGE, 0);
	map_with((char *)0x12345, 16 * PAGE, 0);
}

static void hint_high(void)
{
	expect(map_with((char *)TASK_END, PAGE, 0) < (char *)TASK_END,
	       "a hint too high is dropped");
	expect(map_with((char *)(TASK_END - PAGE), 2 * PAGE, 0) < (char *)TASK_END - PAGE,
	       "and one whose range would end too high");
	map_with((char *)~0UL, PAGE, 0);
}

/* The gap below what grows down is kept, but a hint or a search may land right above it. */
static void near_growing(void)
{
	char *at = pool(2048);

	map_at(at, 1024, PROT_NONE);
	expect_ok(sys_mmap(at + 1536 * PAGE, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0),
		  "an area that grows down");
	expect(map_with(at + 1535 * PAGE, PAGE, 0) != at + 1535 * PAGE, "no hint right below it");
	expect(map_with(at + 1279 * PAGE, PAGE, 0) == at + 1279 * PAGE, "but a guard gap below");
	expect(map_with(at + 1540 * PAGE, PAGE, 0) == at + 1540 * PAGE, "and right above");
	map_at(at + 1541 * PAGE, 507, PROT_NONE);
	map_with(NULL, 200 * PAGE, 0);
	map_with(NULL, 300 * PAGE, 0);
}

static void growing_anywhere(void)
{
	for (int i = 0; i < 4; i++) {
		expect_ok(sys_mmap(NULL, 2 * PAGE, RW, ANON | MAP_GROWSDOWN, -1, 0),
			  "an area that grows down");
		map_with(NULL, PAGE, 0);
		map_with(NULL, 200 * PAGE, 0);
	}
}

static void grown(void)
{
	char *at = pool(1024);

	expect_ok(sys_mmap(at + 1000 * PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0),
		  "an area that grows down");
	touch(at + 990 * PAGE);
	expect_layout(at + 990 * PAGE, "rw-p:11", "it grew to the page that was touched");
	look(at + 980 * PAGE);
	expect_layout(at + 980 * PAGE, "rw-p:21", "by a read as well");
	map_with(NULL, 16 * PAGE, 0);
}

static void large(void)
{
	map_with(NULL, 2 * MIB, 0);
	map_with(NULL, 2 * MIB + PAGE, 0);
	map_with(NULL, 4 * MIB, MAP_NORESERVE);
	map_with(NULL, 64 * MIB, MAP_STACK);
	map_with(NULL, 1 * MIB, 0);
	map_with(NULL, 1 * GIB, MAP_NORESERVE);
	expect((uintptr_t)map_with(NULL, 6 * MIB, MAP_GROWSDOWN) % PAGE == 0, "page aligned");
	expect_ok(sys_mmap(NULL, 4 * MIB, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), "shared");
}

static void file_large(void)
{
	int fd = scratch_file(8 * MIB / PAGE), memory = memfd_create("place", MFD_CLOEXEC);

	if (memory < 0 || ftruncate(memory, 8 * MIB))
		die("memfd");
	map_file(8 * MIB, MAP_PRIVATE, fd, 0);
	map_file(PAGE, MAP_PRIVATE, fd, PAGE);
	map_file(4 * MIB, MAP_SHARED, fd, 3 * PAGE);
	map_file(2 * MIB, MAP_PRIVATE, fd, 5 * PAGE);
	map_file(2 * MIB, MAP_SHARED, fd, 2 * MIB);
	map_file(3 * MIB, MAP_PRIVATE, fd, MIB);
	map_file(4 * MIB, MAP_SHARED, memory, 0);
	map_file(4 * MIB, MAP_PRIVATE, memory, PAGE);
	expect_ok(sys_mmap(pool(2 * 512), 2 * MIB, PROT_READ, MAP_PRIVATE, fd, 0),
		  "a hint for a file");
}

/* Rounding this offset up to a huge page leaves the range of file offsets. */
static void last_file_page(void)
{
	map_file(PAGE, MAP_PRIVATE, scratch_file(1), 0x7fffffffffffe000);
}

/* Until nothing is left below mmap_base: then the search goes on from below. */
static void upwards(void)
{
	char *last = NULL;

	for (size_t len = TASK_END / 4; len >= GIB; len /= 2) {
		long result = sys_mmap(NULL, len, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);

		if (result > 0)
			last = (char *)result;
	}
	expect(last != NULL, "the address space in halves");
	for (int i = 0; i < 300; i++) {
		long result = sys_mmap(NULL, 256 * MIB, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS |
				       MAP_NORESERVE, -1, 0);

		if (result < 0)
			break;
	}
}

static void huge_pages(void)
{
	int flags = ANON | MAP_HUGETLB | MAP_NORESERVE | (21 << 26);
	char *at = (char *)sys_mmap(NULL, 2 * HUGE, RW, flags, -1, 0);

	if ((long)at == -EINVAL || (long)at == -ENOMEM)
		skip("no huge pages of 2 MiB here");
	expect((uintptr_t)at % HUGE == 0, "huge pages are aligned");
	expect_ok(sys_mmap(at - 4 * HUGE + PAGE, HUGE, RW, flags, -1, 0), "with a hint");
	expect_error(sys_munmap(at, PAGE), EINVAL, "munmap of part of a huge page");
	expect_error(sys_mprotect(at, PAGE, PROT_READ), EINVAL, "mprotect of part of one");
	expect(sys_mprotect(at, HUGE, PROT_READ) == 0, "mprotect of one");
	expect(sys_munmap(at, HUGE) == 0, "munmap of one");
	expect_error(sys_mmap(at + PAGE, HUGE, RW, flags | MAP_FIXED, -1, 0), EINVAL,
		     "fixed at no huge page");
}

static const struct prog_case cases[] = {
	{ "below_each_other", below_each_other },
	{ "first_hole", first_hole },
	{ "hint_free", hint_free },
	{ "hint_busy", hint_busy },
	{ "hint_low", hint_low },
	{ "hint_high", hint_high },
	{ "near_growing", near_growing },
	{ "growing_anywhere", growing_anywhere },
	{ "grown", grown },
	{ "large", large },
	{ "file_large", file_large },
	{ "last_file_page", last_file_page },
	{ "upwards", upwards },
	{ "huge_pages", huge_pages },
};

PROG_MAIN(cases)
