/*
 * refuse_limits.c - calls that are refused because a limit is reached: areas, RLIMIT_AS, DATA,
 * MEMLOCK, STACK, what may be promised, huge pages, room for the heap and for a stack.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define MIB (1UL << 20)

/* ---- the number of areas ------------------------------------------------------------------- */

/* mmap is refused above the limit, so that one area more than the limit can be had. */
static void map_count_mmap(void)
{
	size_t limit = max_map_count();
	char *at = pool(4);

	use_up_areas(limit);
	map_at(at, 1, RW);
	expect(count_all_areas() == limit + 1, "one area above the limit");
	expect_error(sys_mmap(at + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
		     "mmap of one more");
	/* Not even what would need no area of its own. */
	expect_error(sys_mmap(at + PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
		     "mmap beside an area that it would extend");
}

static void map_count_mprotect(void)
{
	char *at = map_at(pool(3), 3, RW);

	use_up_areas(max_map_count());
	expect_error(sys_mprotect(at + PAGE, PAGE, PROT_NONE), ENOMEM,
		     "mprotect of a middle page");
}

static void map_count_munmap(void)
{
	char *at = map_at(pool(3), 3, RW);

	use_up_areas(max_map_count());
	expect_error(sys_munmap(at + PAGE, PAGE), ENOMEM, "munmap of a middle page");
	expect(sys_munmap(at + 2 * PAGE, PAGE) == 0, "munmap of the last page");
}

/* ---- RLIMIT_AS, RLIMIT_DATA ---------------------------------------------------------------- */

static void as_mmap(void)
{
	set_limit(RLIMIT_AS, 64 * MIB);
	expect_error(sys_mmap(NULL, 80 * MIB, PROT_NONE, ANON, -1, 0), ENOMEM,
		     "mmap of more than RLIMIT_AS");
}

/* Refused after the edges were cut: the cut stays. */
static void as_mmap_fixed(void)
{
	char *at = map_at(pool(4), 4, RW);

	map_at(at + PAGE, 1, RW);
	set_limit(RLIMIT_AS, 1 * MIB);
	expect_error(sys_mmap(at + 2 * PAGE, 64 * PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
		     "mmap fixed of more than RLIMIT_AS");
	expect_layout(at, "rw-p:2 rw-p:2", "the old area was cut and kept");
}

static void as_brk(void)
{
	char *brk = sys_brk(NULL);

	set_limit(RLIMIT_AS, 64 * MIB);
	expect(sys_brk(brk + 80 * MIB) == brk, "brk of more than RLIMIT_AS stays where it was");
}

static void data_mmap(void)
{
	set_limit(RLIMIT_DATA, 64 * MIB);
	expect_ok(sys_mmap(NULL, 80 * MIB, PROT_READ, ANON, -1, 0), "read-only memory is no data");
	expect_error(sys_mmap(NULL, 80 * MIB, RW, ANON, -1, 0), ENOMEM,
		     "mmap of more than RLIMIT_DATA");
}

static void data_mprotect(void)
{
	char *at;

	set_limit(RLIMIT_DATA, 64 * MIB);
	at = expect_ok(sys_mmap(NULL, 80 * MIB, PROT_NONE, ANON, -1, 0), "a reservation");
	expect_error(sys_mprotect(at, 80 * MIB, RW), ENOMEM,
		     "mprotect makes more data than RLIMIT_DATA");
}

static void brk_data_limit(void)
{
	char *brk = sys_brk(NULL);

	set_limit(RLIMIT_DATA, 16 * MIB);
	expect(sys_brk(brk + 32 * MIB) == brk, "brk of more than RLIMIT_DATA stays where it was");
}

/* ---- RLIMIT_MEMLOCK ------------------------------------------------------------------------ */

static void memlock_permission(void)
{
	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, 0);
	expect_error(sys_mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0), EPERM,
		     "locked memory with RLIMIT_MEMLOCK 0, without CAP_IPC_LOCK");
}

static void memlock_limit(void)
{
	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, 8 * PAGE);
	expect_ok(sys_mmap(NULL, 4 * PAGE, RW, ANON | MAP_LOCKED, -1, 0), "half of the limit");
	expect_error(sys_mmap(NULL, 5 * PAGE, RW, ANON | MAP_LOCKED, -1, 0), EAGAIN,
		     "more locked memory than RLIMIT_MEMLOCK");
}

/* As another user, who has no capabilities at all. */
static void memlock_user(void)
{
	if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)))
		skip("may not become another user");
	set_limit(RLIMIT_MEMLOCK, 8 * PAGE);
	expect_error(sys_mmap(NULL, 9 * PAGE, RW, ANON | MAP_LOCKED, -1, 0), EAGAIN,
		     "more locked memory than RLIMIT_MEMLOCK, as another user");
}

/* ---- what may be promised ------------------------------------------------------------------ */

static void overcommit_mmap(void)
{
	size_t most = ram_and_swap();

	expect_error(sys_mmap(NULL, most + PAGE, RW, ANON, -1, 0), ENOMEM,
		     "a page more than memory and swap");
	expect_ok(sys_mmap(NULL, most, RW, ANON, -1, 0), "all of memory and swap");
}

static void overcommit_mprotect(void)
{
	size_t most = ram_and_swap();
	char *at = expect_ok(sys_mmap(NULL, most + PAGE, PROT_READ, ANON, -1, 0), "a reservation");

	expect_error(sys_mprotect(at, most + PAGE, RW), ENOMEM,
		     "mprotect makes a page more than memory and swap writable");
}

static void overcommit_brk(void)
{
	size_t most = ram_and_swap();
	char *brk = sys_brk(NULL);

	expect(sys_brk(brk + most + PAGE) == brk, "brk by more than memory and swap");
}

/* Each half was promised by itself; fork asks for the area that they became. */
static void fork_overcommit(void)
{
	size_t half = (ram_and_swap() / 2 + 64 * MIB) & ~(PAGE - 1);
	char *at = pool(2 * half / PAGE);
	pid_t pid;

	map_at(at, half / PAGE, RW);
	map_at(at + half, half / PAGE, RW);
	expect(count_areas(at, at + 2 * half) == 1, "two mappings became one area");
	pid = fork();
	if (pid == 0)
		_exit(0);
	expect(pid < 0 && errno == ENOMEM, "fork is refused with ENOMEM");
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void no_huge_pages(void)
{
	if (read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") != 0 ||
	    read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages") != 0)
		skip("no huge pages of 2 MiB here, or some that are free");
}

static void hugetlb_pool(void)
{
	no_huge_pages();
	expect_error(sys_mmap(NULL, HUGE, RW, ANON | MAP_HUGETLB | (21 << 26), -1, 0), ENOMEM,
		     "a huge page where there is none");
}

/* The old range is gone by the time the huge pages are found missing. */
static void hugetlb_hole(void)
{
	char *room = pool(3 * HUGE / PAGE);
	char *at = (char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));

	no_huge_pages();
	map_at(at - PAGE, HUGE / PAGE + 2, RW);
	expect_error(sys_mmap(at, HUGE, RW, ANON | MAP_HUGETLB | MAP_FIXED | (21 << 26), -1, 0),
		     ENOMEM, "a huge page fixed over memory, where there is none");
	expect_layout(at - PAGE, "rw-p:1 hole:512 rw-p:1", "a hole is left");
}

/* ---- room for the heap --------------------------------------------------------------------- */

static char *page_up(const char *addr)
{
	return (char *)(((uintptr_t)addr + PAGE - 1) & ~(PAGE - 1));
}

static void brk_below(void)
{
	char *brk = sys_brk(NULL);

	expect(sys_brk((char *)PAGE) == brk, "brk below the start of the heap stays where it was");
}

/* One page must stay free between the heap and what follows. */
static void brk_neighbour(void)
{
	char *brk = page_up(sys_brk(NULL));

	expect(sys_brk(brk) == brk, "the break on a page boundary");
	map_at(brk + 4 * PAGE, 1, PROT_READ);
	expect(sys_brk(brk + 3 * PAGE) == brk + 3 * PAGE, "up to a page below it");
	expect(sys_brk(brk + 4 * PAGE) < brk + 4 * PAGE, "not right up to it");
}

/* ---- room for a stack ---------------------------------------------------------------------- */

static char *below_stack;

static void touch_below_stack(void)
{
	signal(SIGSEGV, SIG_DFL);
	touch(below_stack);
}

static void expect_segv(void (*body)(void), const char *what)
{
	int status = in_child(body);

	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%s: SIGSEGV, got %#x", what,
	       (unsigned int)status);
}

static struct prog_area stack_area(void)
{
	struct prog_area area;
	char here = 0;

	if (!area_at(&here, &area))
		die("the stack");
	return area;
}

static void stack_limit(void)
{
	struct prog_area stack = stack_area();

	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_STACK, stack.end - stack.start + 16 * PAGE);
	below_stack = (char *)stack.start - 16 * PAGE;
	expect(WIFEXITED(in_child(touch_below_stack)), "the stack grows up to its limit");
	below_stack -= PAGE;
	expect_segv(touch_below_stack, "a page below the limit of the stack");
}

static void stack_guard_gap(void)
{
	char *at = pool(1024);
	long grows = sys_mmap(at + 512 * PAGE, 4 * PAGE, RW,
			      ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0);

	set_limit(RLIMIT_CORE, 0);
	expect_ok(grows, "an area that grows down");
	map_at(at, 300, PROT_READ);
	below_stack = at + 511 * PAGE;
	expect_segv(touch_below_stack, "growth into the gap above another area");
	if (sys_munmap(at + 200 * PAGE, 100 * PAGE))
		die("munmap");
	expect(WIFEXITED(in_child(touch_below_stack)), "growth with the gap kept");
}

static void stack_as(void)
{
	struct prog_area stack = stack_area();

	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_AS, 1 * MIB);
	below_stack = (char *)stack.start - 16 * PAGE;
	expect_segv(touch_below_stack, "the stack grows beyond RLIMIT_AS");
}

static const struct prog_case cases[] = {
	{ "map_count_mmap", map_count_mmap },
	{ "map_count_mprotect", map_count_mprotect },
	{ "map_count_munmap", map_count_munmap },
	{ "as_mmap", as_mmap },
	{ "as_mmap_fixed", as_mmap_fixed },
	{ "as_brk", as_brk },
	{ "data_mmap", data_mmap },
	{ "data_mprotect", data_mprotect },
	{ "memlock_permission", memlock_permission },
	{ "memlock_limit", memlock_limit },
	{ "memlock_user", memlock_user },
	{ "overcommit_mmap", overcommit_mmap },
	{ "overcommit_mprotect", overcommit_mprotect },
	{ "overcommit_brk", overcommit_brk },
	{ "fork_overcommit", fork_overcommit },
	{ "hugetlb_pool", hugetlb_pool },
	{ "hugetlb_hole", hugetlb_hole },
	{ "brk_below", brk_below },
	{ "brk_data_limit", brk_data_limit },
	{ "brk_neighbour", brk_neighbour },
	{ "stack_limit", stack_limit },
	{ "stack_guard_gap", stack_guard_gap },
	{ "stack_as", stack_as },
};

PROG_MAIN(cases)
