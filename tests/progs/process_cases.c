/*
 * process_cases.c - what personality, PR_SET_MDWE, PR_SET_MM, io_setup and ARCH_MAP_VDSO_64 change,
 * at once, for children and at exec.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/wait.h>

#include "process.h"

#define RO PROT_READ
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* This program again, as another case. */
static void exec_case(const char *name)
{
	fflush(stdout);
	execl("/proc/self/exe", "process_cases", name, (char *)NULL);
	die("exec");
}

static void run_in_child(const char *name)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		exec_case(name);
	expect(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "%s", name);
}

/* ---- personality --------------------------------------------------------------------------- */

static void read_implies_exec(void)
{
	char *at = pool(8);
	int old = personality(0xffffffff);

	map_at(at, 1, RW);
	expect(personality((unsigned long)old | READ_IMPLIES_EXEC) == old, "the old one");
	expect(personality(0xffffffff) == (old | READ_IMPLIES_EXEC), "the new one");
	map_at(at + PAGE, 1, RO);
	map_at(at + 2 * PAGE, 1, PROT_WRITE);
	map_at(at + 3 * PAGE, 1, PROT_NONE);
	expect(sys_mprotect(at + 3 * PAGE, PAGE, RW) == 0, "mprotect");
	expect_layout(at, "rw-p:1 r-xp:1 -w-p:1 rwxp:1", "from now on");
	expect(personality((unsigned long)old) == (old | READ_IMPLIES_EXEC), "and back");
	map_at(at + 4 * PAGE, 1, RO);
	expect_layout(at + 3 * PAGE, "rwxp:1 r--p:1", "no more");
}

static void heap_implies_exec(void)
{
	char *brk = (char *)(((uintptr_t)sys_brk(NULL) + PAGE - 1) & ~(PAGE - 1));

	expect(sys_brk(brk + PAGE) == brk + PAGE, "a heap");
	personality(READ_IMPLIES_EXEC);
	expect(sys_brk(brk + 2 * PAGE) == brk + 2 * PAGE, "the rest of it");
	expect_layout(brk, "rw-p:1 rwxp:1", "is executable");
	personality(0);
}

static void *thread_maps(void *arg)
{
	map_at(arg, 1, RO);
	return NULL;
}

/* Each thread has its own, and new ones that of their maker. */
static void *thread_changes(void *arg)
{
	char *at = arg;
	pthread_t thread;

	personality(READ_IMPLIES_EXEC);
	map_at(at + PAGE, 1, RO);
	if (pthread_create(&thread, NULL, thread_maps, at + 2 * PAGE) ||
	    pthread_join(thread, NULL))
		die("a thread's thread");
	return NULL;
}

static void of_each_thread(void)
{
	char *at = pool(6);
	pthread_t thread;

	map_at(at, 1, RO);
	if (pthread_create(&thread, NULL, thread_changes, at) || pthread_join(thread, NULL))
		die("a thread");
	map_at(at + 3 * PAGE, 1, RO);
	expect_layout(at, "r--p:1 r-xp:2 r--p:1", "two threads changed theirs, the first did not");
}

/* What exec decided stays decided: whether MAP_32BIT is random, and where searches begin. */
static void layout_is_for_exec(void)
{
	long first = sys_mmap(NULL, PAGE, RO, ANON, -1, 0), second;

	personality(ADDR_COMPAT_LAYOUT | ADDR_NO_RANDOMIZE | ADDR_LIMIT_3GB);
	second = sys_mmap(NULL, PAGE, RW, ANON, -1, 0);
	expect(second > 0x100000000 && second < first, "the search begins where it did");
	expect_ok(sys_mmap(NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0), "MAP_32BIT");
	run_in_child("after_exec");
}

static void after_exec(void)
{
	int persona = personality(0xffffffff);
	long a = (long)expect_ok(sys_mmap(NULL, PAGE, RO, ANON, -1, 0), "mmap");
	long b = (long)expect_ok(sys_mmap(NULL, PAGE, RW, ANON, -1, 0), "mmap");

	if (persona & ADDR_COMPAT_LAYOUT)
		expect(b > a, "upwards");
	else
		expect(b < a, "downwards");
	if (persona & ADDR_NO_RANDOMIZE) {
		a = sys_mmap(NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0);
		b = sys_mmap(NULL, PAGE, RO, ANON | MAP_32BIT, -1, 0);
		expect(b == a + (long)PAGE, "MAP_32BIT is not random");
	}
}

static void page_zero(void)
{
	personality(MMAP_PAGE_ZERO | READ_IMPLIES_EXEC);
	run_in_child("has_page_zero");
}

static void has_page_zero(void)
{
	struct prog_area area;

	expect(personality(0xffffffff) == MMAP_PAGE_ZERO, "READ_IMPLIES_EXEC is gone");
	if (!area_at(NULL, &area))
		skip("page 0 may not be mapped here");
	expect(sys_mprotect(NULL, PAGE, RO) == 0 || area_at(NULL, &area), "it is there");
}

/* ---- PR_SET_MDWE --------------------------------------------------------------------------- */

static bool refused_here(void)
{
	return sys_mmap(NULL, PAGE, RW | PROT_EXEC, ANON, -1, 0) == -EACCES;
}

static void expect_refused(void)
{
	expect(refused_here(), "writable and executable is refused");
}

static void expect_allowed(void)
{
	expect(!refused_here(), "writable and executable is allowed");
}

static void mdwe_inherited(void)
{
	need_mdwe(MDWE_REFUSE);
	expect_refused();
	expect(in_child(expect_refused) == 0, "a child");
	run_in_child("expect_refused");
}

static void mdwe_not_inherited(void)
{
	need_mdwe(MDWE_REFUSE | MDWE_NO_INHERIT);
	expect_refused();
	expect(in_child(expect_allowed) == 0, "a child");
	run_in_child("expect_allowed");
}

/* Without a fork before it. */
static void mdwe_exec(void)
{
	need_mdwe(MDWE_REFUSE | MDWE_NO_INHERIT);
	exec_case("expect_allowed");
}

/* ---- PR_SET_MM ----------------------------------------------------------------------------- */

static bool named(const char *at, const char *name)
{
	struct prog_area area;

	return area_at(at, &area) && strcmp(area.name, name) == 0;
}

static void need_map(const struct mm_map *map, const char *what)
{
	long err = set_map(map);

	if (err == -EINVAL || err == -EPERM)
		skip("PR_SET_MM_MAP: %s", strerrorname_np((int)-err));
	expect(err == 0, "%s", what);
}

static void set_heap(void)
{
	struct mm_map map = present_map();
	char *at = pool(16), *brk = at + 2 * PAGE;

	map_at(at, 2, RW);
	map.start_brk = (unsigned long)at;
	map.brk = (unsigned long)brk;
	need_map(&map, "a heap elsewhere");
	expect(sys_brk(NULL) == brk, "there is the break");
	expect(named(at, "[heap]"), "the area is called so");
	expect(sys_brk(brk + 2 * PAGE) == brk + 2 * PAGE, "it grows");
	expect_layout(at, "rw-p:4", "as one area");
	expect(sys_brk(at + PAGE) == at + PAGE, "it shrinks");
	expect_layout(at, "rw-p:1 hole:3", "to a page");
	expect(sys_brk(at - PAGE) == at + PAGE, "not below its start");
}

/* The heap may begin in the middle of a page, and of an area. */
static void set_heap_inside(void)
{
	struct mm_map map = present_map();
	char *at = pool(16), *brk = at + PAGE + 100;

	map_at(at, 4, RW);
	map.start_brk = (unsigned long)brk;
	map.brk = (unsigned long)brk;
	need_map(&map, "an empty heap inside an area");
	expect(named(at, "[heap]"), "even so the area is called so");
	expect(sys_brk(brk + 8) == brk + 8, "within its page");
	expect(sys_brk(brk + 16) == brk + 16, "and again");
	expect(sys_brk(brk + PAGE) == brk + 16, "no room to grow");
	expect(sys_brk(brk) == brk, "back");
	expect(sys_munmap(at + 2 * PAGE, 2 * PAGE) == 0, "room");
	expect(sys_brk(brk + 2 * PAGE) == brk + 2 * PAGE, "it grows");
	expect_layout(at, "rw-p:4", "one with what stood there");
	expect(sys_brk(brk) == brk, "and shrinks");
	expect_layout(at, "rw-p:2 hole:2", "to what stood there");
}

static void set_stack(void)
{
	struct mm_map map = present_map();
	char *at = pool(4);

	map_at(at, 2, RW);
	map.start_stack = (unsigned long)at + PAGE;
	need_map(&map, "the stack elsewhere");
	expect(named(at, "[stack]"), "the area is called so");
	expect(!named((char *)&map, "[stack]"), "the stack is not");
	expect(sys_munmap(at, 2 * PAGE) == 0, "munmap of it");
	map.start_stack = (unsigned long)&map;
	expect(set_map(&map) == 0, "back");
	expect(named((char *)&map, "[stack]"), "the stack is called so again");
}

static void set_heap_inherited(void)
{
	struct mm_map map = present_map();

	map.start_brk = map.brk = (unsigned long)pool(16);
	need_map(&map, "a heap elsewhere");
	expect(in_child(set_stack) == 0, "a child");
	expect((unsigned long)sys_brk((char *)map.brk + PAGE) == map.brk + PAGE, "it grows");
}

static void set_exe(void)
{
	struct mm_map map = present_map();
	char *at = pool(8);

	map.exe_fd = 1000;
	map.start_brk = map.brk = (unsigned long)at;
	expect(set_map(&map) < 0, "a file that is not open");
	expect(sys_brk(NULL) != at, "then nothing is set");
}

/* ---- io_setup, io_destroy ------------------------------------------------------------------ */

static void rings(void)
{
	static const unsigned int events[] = { 1, 10, 100, 500, 1000 };
	unsigned long ctx[5];

	for (size_t i = 0; i < 5; i++)
		ctx[i] = new_ring(events[i]);
	for (size_t i = 0; i < 5; i += 2)
		expect(io_destroy(ctx[i]) == 0, "the ring for %u events goes", events[i]);
	map_at(pool(2), 1, RW);
	for (size_t i = 1; i < 5; i += 2)
		expect(io_destroy(ctx[i]) == 0, "the ring for %u events goes", events[i]);
}

/* Whatever stands where the ring was goes with it. */
static void ring_in_pieces(void)
{
	unsigned long ctx = new_ring(1000);
	char *at = (char *)ctx;

	expect(sys_munmap(at + PAGE, PAGE) == 0, "a hole in a ring");
	map_at(at + 3 * PAGE, 1, RW);
	expect(sys_mprotect(at + 5 * PAGE, PAGE, RO) == 0, "a page that is read-only");
	expect(sys_mprotect(at, PAGE, RW | PROT_EXEC) == -EACCES, "none is ever executable");
	expect(io_destroy(ctx) == 0, "the ring goes");
	expect_layout(at, "hole:16", "and all between");
}

static void ring_survives_seal(void)
{
	unsigned long ctx = new_ring(1);

	if (syscall(462 /* mseal */, ctx, PAGE, 0UL))
		skip("this kernel has no mseal");
	expect(io_destroy(ctx) == 0, "the context goes");
	expect(io_destroy(ctx) == -EINVAL, "once");
	expect_layout((char *)ctx, "rw-s:1", "the sealed ring stays");
}

static char *moved_from, *moved_to;

/* A copy that fork made is nobody's ring, and cannot be moved. */
static void move_in_child(void)
{
	long got = bare(syscall(SYS_mremap, moved_from, PAGE, PAGE, 3UL, moved_to));

	expect_error(got, EINVAL, "a move of the child's copy");
	expect_layout(moved_from, "rw-s:1", "it stays");
	expect_layout(moved_to, "hole:1", "nothing is there");
}

static void ring_moved(void)
{
	unsigned long ctx = new_ring(1);
	char *to = pool(4), *second = (char *)new_ring(1);

	expect(mremap((char *)ctx, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to,
	       "a ring is moved");
	expect(io_destroy(ctx) == -EINVAL, "where it was there is none");
	moved_from = second;
	moved_to = to + 2 * PAGE;
	expect(in_child(move_in_child) == 0, "a child");
	expect(io_destroy((unsigned long)to) == 0, "where it is there is one");
	expect_layout(to, "hole:2", "it is gone");
}

static void context_is_written(void)
{
	char *at = pool(4);

	map_at(at, 1, RW);
	map_at(at + PAGE, 2, RO);
	expect(io_setup(1, at + 8) == 0, "a context in new memory");
	touch(map_at(at + 3 * PAGE, 1, RW));
	expect(sys_mprotect(at + PAGE, 2 * PAGE, RW) == 0, "what lies between is alike");
	expect_layout(at, "rw-p:3 rw-p:1", "it merges with one side, both were written");
}

/* ---- ARCH_MAP_VDSO_64 ---------------------------------------------------------------------- */

static bool part_each(void *ctx, const struct prog_area *area)
{
	struct prog_area *whole = ctx;

	if (strncmp(area->name, "[vvar", 5) != 0 && strcmp(area->name, "[vdso]") != 0)
		return true;
	if (!whole->end)
		whole->start = area->start;
	whole->end = area->end;
	return true;
}

static void vdso_again(void)
{
	struct prog_area whole = { 0 };
	char *hint = pool(64);
	long got;

	for_each_area(part_each, &whole);
	if (!whole.end || sys_munmap((char *)whole.start, whole.end - whole.start))
		skip("no vdso that can be unmapped");
	got = map_vdso(MAP_VDSO_64, 0);
	if (got == -EINVAL)
		skip("this kernel gives no vdso to programs");
	expect(got > 0, "the vdso where the kernel likes: %ld", got);
	whole = (struct prog_area){ 0 };
	for_each_area(part_each, &whole);
	expect(sys_munmap((char *)whole.start, whole.end - whole.start) == 0, "it goes");
	expect(map_vdso(MAP_VDSO_64, (unsigned long)hint + 100) == got, "the vdso at a hint");
	expect(named(hint, "[vvar]"), "there it is");
	expect(map_vdso(MAP_VDSO_64, 0) == -EEXIST, "but once");
}

static const struct prog_case cases[] = {
	{ "read_implies_exec", read_implies_exec }, { "heap_implies_exec", heap_implies_exec },
	{ "of_each_thread", of_each_thread }, { "layout_is_for_exec", layout_is_for_exec },
	{ "after_exec", after_exec }, { "page_zero", page_zero },
	{ "has_page_zero", has_page_zero },
	{ "mdwe_inherited", mdwe_inherited }, { "mdwe_not_inherited", mdwe_not_inherited },
	{ "mdwe_exec", mdwe_exec }, { "expect_refused", expect_refused },
	{ "expect_allowed", expect_allowed },
	{ "set_heap", set_heap }, { "set_heap_inside", set_heap_inside },
	{ "set_stack", set_stack }, { "set_heap_inherited", set_heap_inherited },
	{ "set_exe", set_exe },
	{ "rings", rings }, { "ring_in_pieces", ring_in_pieces },
	{ "ring_survives_seal", ring_survives_seal }, { "ring_moved", ring_moved },
 { "context_is_written", context_is_written },
	{ "vdso_again", vdso_again },
};
PROG_MAIN(cases)
