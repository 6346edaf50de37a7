/*
 * by_rule.c - behaviour of the newest kernels that older ones do not have, a case for each rule of
 * src/base/rules.def that no other program shows.  An older kernel fails the expectations here.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include "prog.h"

#ifndef MAP_ABOVE4G
#define MAP_ABOVE4G 0x80
#endif

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define GIB (1UL << 30)

static bool lowest_each(void *ctx, const struct prog_area *area)
{
	*(unsigned long *)ctx = area->start;
	return false;
}

/* Only the gap below the program's image is so wide, and it begins below 4 GiB. */
static void above4g(void)
{
	unsigned long lowest = 0;
	size_t len;

	for_each_area(lowest_each, &lowest);
	if (lowest < TASK_END / 2)
		skip("the program's image lies low: no gap below it is the widest");
	len = lowest - GIB;
	expect_error(sys_mmap(NULL, len, PROT_NONE, ANON | MAP_NORESERVE | MAP_ABOVE4G, -1, 0),
		     ENOMEM, "all of the lowest gap, but above 4 GiB");
	expect_ok(sys_mmap(NULL, len, PROT_NONE, ANON | MAP_NORESERVE, -1, 0),
		  "the same wherever it fits");
}

static void map_stack(void)
{
	char *at = pool(3);

	map_at(at, 1, RW);
	expect_ok(sys_mmap(at + PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_STACK, -1, 0), "MAP_STACK");
	expect_ok(sys_mmap(at + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_STACK, -1, 0),
		  "MAP_STACK again");
	expect_layout(at, "rw-p:1 rw-p:2", "it merges with its like only");
}

/* That it is not for huge pages shows nowhere but in VmFlags. */
static void map_stack_alone(void)
{
	char *at = pool(3);

	expect_ok(sys_mmap(at + PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_STACK, -1, 0), "MAP_STACK");
}

static void expect_aligned(const char *addr, const char *what)
{
	expect((uintptr_t)addr % HUGE == 0, "%s is aligned to 2 MiB", what);
}

static char *map_anywhere(size_t len)
{
	return expect_ok(sys_mmap(NULL, len, PROT_READ, ANON, -1, 0), "mmap without a hint");
}

/* Twice, with a page between: what is aligned by chance once is not the other time. */
static void thp_align(void)
{
	expect_aligned(map_anywhere(HUGE), "a first 2 MiB");
	map_anywhere(PAGE);
	expect_aligned(map_anywhere(HUGE), "a second 2 MiB");
}

static void thp_align_multiple(void)
{
	uintptr_t first = (uintptr_t)map_anywhere(HUGE + PAGE);
	uintptr_t second = (uintptr_t)map_anywhere(HUGE + 2 * PAGE);

	expect(first % HUGE || second % HUGE, "2 MiB and some pages are placed like any length");
}

static void thp_align_shift(void)
{
	const char *first = map_anywhere(HUGE);
	const char *second = map_anywhere(HUGE);

	expect_aligned(first, "2 MiB");
	expect(second == first - HUGE, "the next lies right below, with no hole between");
}

static void zero_thp_align(void)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		skip("/dev/zero cannot be opened");
	for (int i = 0; i < 2; i++) {
		expect_aligned(expect_ok(sys_mmap(NULL, 2 * HUGE, RW, MAP_PRIVATE, fd, 0),
					 "4 MiB of /dev/zero"), "it");
		map_anywhere(PAGE);
	}
}

/* A boundary between two areas with a close operation moves, since none of them vanishes. */
static void close_merge(void)
{
	int id = shmget(IPC_PRIVATE, 4 * PAGE, IPC_CREAT | 0600);
	char *at;

	if (id < 0)
		skip("no System V shared memory");
	at = shmat(id, NULL, 0);
	if (shmctl(id, IPC_RMID, NULL) || at == (char *)-1)
		die("shmat");
	expect(sys_mprotect(at + 3 * PAGE, PAGE, PROT_READ) == 0, "the last page read-only");
	expect_layout(at, "rw-s:3 r--s:1", "cut");
	expect(sys_mprotect(at + 2 * PAGE, PAGE, PROT_READ) == 0, "the page before it too");
	expect_layout(at, "rw-s:2 r--s:2", "the boundary moved");
	expect(sys_mprotect(at, 2 * PAGE, PROT_READ) == 0, "all of it");
	expect_layout(at, "r--s:2 r--s:2", "the two do not become one");
}

static void failed_fixed(void)
{
	size_t most = (size_t)(meminfo_kb("MemTotal") + meminfo_kb("SwapTotal")) * 1024;
	char *at = pool(most / PAGE + 64);

	if (read_number("/proc/sys/vm/overcommit_memory") != 0)
		skip("vm.overcommit_memory is not 0");
	touch(map_at(at, 4, RW));
	expect_error(sys_mmap(at, most + 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
		     "more than memory and swap, fixed over memory");
	expect_layout(at, "rw-p:4 hole:4", "the old memory is still there");
}

static bool is_vdso(void *ctx, const struct prog_area *area)
{
	if (strcmp(area->name, "[vdso]") != 0)
		return true;
	*(struct prog_area *)ctx = *area;
	return false;
}

/* The vdso is one piece, of two pages. */
static void fixed_split(void)
{
	struct prog_area vdso = { 0 };

	for_each_area(is_vdso, &vdso);
	if (vdso.end - vdso.start < 2 * PAGE)
		skip("no vdso of more than a page");
	expect_error(sys_mmap((char *)vdso.end - PAGE, PAGE, PROT_NONE, ANON | MAP_FIXED, -1, 0),
		     EINVAL, "fixed over a part of the vdso");
}

static void heap_edge(void)
{
	char *top = (char *)(((uintptr_t)sys_brk(NULL) + 2 * PAGE - 1) & ~(PAGE - 1));
	struct prog_area area;

	expect(sys_brk(top) == top, "the break on a page boundary");
	map_at(top, 1, PROT_NONE);
	expect(area_at(top, &area) && (char *)area.start == top,
	       "an area that begins at the break");
	expect(strcmp(area.name, "") == 0, "is not called [heap]: \"%s\"", area.name);
}

static const struct prog_case cases[] = {
	{ "above4g", above4g },
	{ "map_stack", map_stack },
	{ "map_stack_alone", map_stack_alone },
	{ "thp_align", thp_align },
	{ "thp_align_multiple", thp_align_multiple },
	{ "thp_align_shift", thp_align_shift },
	{ "zero_thp_align", zero_thp_align },
	{ "close_merge", close_merge },
	{ "failed_fixed", failed_fixed },
	{ "fixed_split", fixed_split },
	{ "heap_edge", heap_edge },
};

PROG_MAIN(cases)
