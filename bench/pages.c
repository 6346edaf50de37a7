/*
 * pages.c - faults, copies and unmappings of pages beside the kernel's, in one run.
 *
 * Layer: bench.
 *
 * The library has the platform with locks, and a pool of frames that was touched before: else the
 * kernel's faults would be measured in ours.  Both sides have small pages.  The floor of what fills
 * a page is memset() and memcpy() of 4 KiB, hot and cold: rows of their own, without a kernel.
 *
 * A round touches 64 MiB, which no cache near the processor holds.  The rows *_hot touch 1 MiB that
 * was just given back, again and again: frames that were used last are used next, on both sides.
 *
 * The sides take turns, so that a slow moment hits both; but a turn is several rounds, as a program
 * that uses one of them would have it: in the first the caches are still full of the other's.
 *
 * A touch of the kernel's side is a trap as well; ours is a call of umm_fault().  Prints rows as
 * bench.c does.
 */
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "bench/measure.h"
#include "host/platform_posix.h"

#define PAGE 4096ul
#define TURNS 3
#define ROUNDS 5		/* of a turn */
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)

/* Pages of a round. */
static unsigned long pages = 16384;		/* 64 MiB */
static unsigned long hot_pages = 256;		/* 1 MiB */
static unsigned long fork_pages = 262144;	/* 1 GiB */

static struct umm_world *world;
static struct umm_mm *mm;
static volatile char sink;

/* ---- the two sides -------------------------------------------------------------------------- */

static struct umm_platform posix;

static void *frames_alloc(void *ctx, size_t bytes)
{
	void *frames = posix.frames_alloc(ctx, bytes);

	need(frames != NULL, "frames_alloc");
	memset(frames, 0, bytes);
	madvise(frames, bytes, MADV_DONTFORK);	/* what is measured of fork() is not this */
	return frames;
}

static void begin(void)
{
	struct umm_settings settings;
	struct umm_platform platform;

	umm_platform_posix(&posix);
	platform = posix;
	platform.frames_alloc = frames_alloc;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = fork_pages + 4 * pages;
	need(umm_world_new(&platform, &settings, &world) == 0, "umm_world_new");
	need(umm_mm_new(world, &mm) == 0, "umm_mm_new");
}

static umm_addr_t our_area(unsigned long nr)
{
	int64_t addr = umm_mmap(mm, 0, nr * PAGE, RW, ANON, NULL, 0, NULL);

	need(addr > 0, "umm_mmap");
	return (umm_addr_t)addr;
}

static void our_touch(struct umm_mm *whose, umm_addr_t addr, unsigned long nr, unsigned int access)
{
	for (unsigned long i = 0; i < nr; i++)
		need(umm_fault(whose, addr + i * PAGE, access, NULL) == UMM_FAULT_OK, "umm_fault");
}

static char *kernel_area(unsigned long nr)
{
	char *addr = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	need(addr != MAP_FAILED, "mmap");
	madvise(addr, nr * PAGE, MADV_NOHUGEPAGE);
	return addr;
}

static void kernel_touch(char *addr, unsigned long nr, int write)
{
	for (unsigned long i = 0; i < nr; i++) {
		if (write)
			((volatile char *)addr)[i * PAGE] = 1;
		else
			sink = ((volatile char *)addr)[i * PAGE];
	}
}

/* ---- what is measured: nanoseconds of one round --------------------------------------------- */

static void our_unmap(umm_addr_t addr, unsigned long nr)
{
	need(umm_munmap(mm, addr, nr * PAGE, NULL) == 0, "umm_munmap");
}

static double our_fault(unsigned long nr, unsigned int access)
{
	umm_addr_t addr = our_area(nr);
	double begin_ns = now_ns(), ns;

	our_touch(mm, addr, nr, access);
	ns = now_ns() - begin_ns;
	our_unmap(addr, nr);
	return ns;
}

static double kernel_fault(unsigned long nr, int write)
{
	char *addr = kernel_area(nr);
	double begin_ns = now_ns(), ns;

	kernel_touch(addr, nr, write);
	ns = now_ns() - begin_ns;
	munmap(addr, nr * PAGE);
	return ns;
}

static double our_write_fault(unsigned long nr) { return our_fault(nr, UMM_ACCESS_WRITE); }
static double kernel_write_fault(unsigned long nr) { return kernel_fault(nr, 1); }
static double our_read_fault(unsigned long nr) { return our_fault(nr, UMM_ACCESS_READ); }
static double kernel_read_fault(unsigned long nr) { return kernel_fault(nr, 0); }

static double our_munmap(unsigned long nr)
{
	umm_addr_t addr = our_area(nr);
	double begin_ns;

	our_touch(mm, addr, nr, UMM_ACCESS_WRITE);
	begin_ns = now_ns();
	our_unmap(addr, nr);
	return now_ns() - begin_ns;
}

static double kernel_munmap(unsigned long nr)
{
	char *addr = kernel_area(nr);
	double begin_ns;

	kernel_touch(addr, nr, 1);
	begin_ns = now_ns();
	munmap(addr, nr * PAGE);
	return now_ns() - begin_ns;
}

static double our_cow(unsigned long nr)
{
	umm_addr_t addr = our_area(nr);
	struct umm_mm *child;
	double begin_ns, ns;

	our_touch(mm, addr, nr, UMM_ACCESS_WRITE);
	need(umm_fork(mm, &child, NULL) == 0, "umm_fork");
	begin_ns = now_ns();
	our_touch(mm, addr, nr, UMM_ACCESS_WRITE);
	ns = now_ns() - begin_ns;
	umm_mm_put(child);
	our_unmap(addr, nr);
	return ns;
}

/* A child that waits until the other end of the pipe is closed. */
static pid_t waiting_child(int *go)
{
	int end[2];
	pid_t pid;

	need(pipe(end) == 0, "pipe");
	pid = fork();
	need(pid >= 0, "fork");
	if (pid == 0) {
		char byte;

		close(end[1]);
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(end[0]);
	*go = end[1];
	return pid;
}

static double kernel_cow(unsigned long nr)
{
	char *addr = kernel_area(nr);
	double begin_ns, ns;
	pid_t pid;
	int go;

	kernel_touch(addr, nr, 1);
	pid = waiting_child(&go);
	begin_ns = now_ns();
	kernel_touch(addr, nr, 1);
	ns = now_ns() - begin_ns;
	close(go);
	waitpid(pid, NULL, 0);
	munmap(addr, nr * PAGE);
	return ns;
}

static double our_fork(unsigned long nr)
{
	umm_addr_t addr = our_area(nr);
	struct umm_mm *child;
	double begin_ns, ns;

	our_touch(mm, addr, nr, UMM_ACCESS_WRITE);
	begin_ns = now_ns();
	need(umm_fork(mm, &child, NULL) == 0, "umm_fork");
	ns = now_ns() - begin_ns;
	umm_mm_put(child);
	our_unmap(addr, nr);
	return ns;
}

/* fork()'s own part: less that of a fork with nothing touched. */
static double kernel_fork(unsigned long nr)
{
	char *addr = kernel_area(nr);
	double ns[2];

	for (int touched = 0; touched < 2; touched++) {
		double begin_ns;
		pid_t pid;
		int go;

		if (touched)
			kernel_touch(addr, nr, 1);
		begin_ns = now_ns();
		pid = waiting_child(&go);
		ns[touched] = now_ns() - begin_ns;
		close(go);
		waitpid(pid, NULL, 0);
	}
	munmap(addr, nr * PAGE);
	return ns[1] - ns[0];
}

/* Of a page in use, each look hanging on the last. */
static double our_translate(unsigned long nr)
{
	umm_addr_t addr = our_area(1);
	double begin_ns, ns;

	our_touch(mm, addr, 1, UMM_ACCESS_READ);
	begin_ns = now_ns();
	for (unsigned long i = 0; i < nr; i++) {
		uint64_t len;
		int fault;
		const volatile char *at = umm_translate(mm, addr + (unsigned char)sink,
							UMM_ACCESS_READ, &len, &fault);

		sink = *at;
	}
	ns = now_ns() - begin_ns;
	our_unmap(addr, 1);
	return ns;
}

/* Ten loads, each hanging on the last: what a translation may cost. */
static double ten_hits(unsigned long nr)
{
	static void *volatile self = (void *)&self;
	void *volatile *at = &self;
	double begin_ns = now_ns();

	for (unsigned long i = 0; i < 10 * nr; i++)
		at = *at;
	sink = (char)((size_t)at & 0);
	return now_ns() - begin_ns;
}

static double fill(unsigned long nr, size_t span, int copies)
{
	static char *pool;
	double begin_ns;

	if (!pool)
		pool = frames_alloc(NULL, 2 * pages * PAGE);
	begin_ns = now_ns();
	for (unsigned long i = 0; i < nr; i++) {
		char *page = pool + i % span * PAGE;

		if (copies)
			memcpy(page, page + span * PAGE, PAGE);
		else
			memset(page, 0, PAGE);
		__asm__ volatile("" : : "r"(page) : "memory");
	}
	return now_ns() - begin_ns;
}

static double zero_hot(unsigned long nr) { return fill(nr, 4, 0); }
static double zero_cold(unsigned long nr) { return fill(nr, pages, 0); }
static double copy_hot(unsigned long nr) { return fill(nr, 4, 1); }
static double copy_cold(unsigned long nr) { return fill(nr, pages, 1); }

/* ---- rows ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	double (*ours)(unsigned long nr), (*kernel)(unsigned long nr);
	const unsigned long *nr;	/* of a round */
	const char *note;
} rows[] = {
	{ "anon_write_fault", our_write_fault, kernel_write_fault, &pages,
	  "with zeroing; kernel: with the trap" },
	{ "anon_write_fault_hot", our_write_fault, kernel_write_fault, &hot_pages,
	  "the same in 1 MiB that was just given back" },
	{ "zero_read_fault", our_read_fault, kernel_read_fault, &pages, "" },
	{ "cow_break", our_cow, kernel_cow, &pages, "with the copy" },
	{ "cow_break_hot", our_cow, kernel_cow, &hot_pages, "the same in 1 MiB" },
	{ "munmap_touched", our_munmap, kernel_munmap, &pages, "per page" },
	{ "fork_1gib", our_fork, kernel_fork, &fork_pages, "per page; kernel: what pages add" },
	{ "translate_warm", our_translate, ten_hits, &fork_pages,
	  "a chain of calls; theirs: ten loads that hit the first cache" },
	{ "floor_zero_hot", zero_hot, NULL, &pages, "memset of 4 KiB" },
	{ "floor_zero_cold", zero_cold, NULL, &pages, "memset of 4 KiB" },
	{ "floor_copy_hot", copy_hot, NULL, &pages, "memcpy of 4 KiB" },
	{ "floor_copy_cold", copy_cold, NULL, &pages, "memcpy of 4 KiB" },
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nanoseconds of an operation; a short round is measured several times at once. */
static double round_ns(double (*side)(unsigned long nr), unsigned long nr)
{
	unsigned long times = nr < pages ? pages / nr / 4 : 1;
	double ns = 0;

	for (unsigned long i = 0; i < times; i++)
		ns += side(nr);
	return ns / (double)(times * nr);
}

static double median(double *ns)
{
	qsort(ns, (size_t)TURNS * ROUNDS, sizeof(ns[0]), compare_doubles);
	return ns[TURNS * ROUNDS / 2];
}

static void run_row(size_t row)
{
	double ours[TURNS * ROUNDS], kernel[TURNS * ROUNDS];
	unsigned long nr = *rows[row].nr;

	for (int turn = 0; turn < TURNS; turn++) {
		for (int r = 0; r < ROUNDS; r++)
			ours[turn * ROUNDS + r] = round_ns(rows[row].ours, nr);
		for (int r = 0; r < ROUNDS && rows[row].kernel; r++)
			kernel[turn * ROUNDS + r] = round_ns(rows[row].kernel, nr);
	}
	printf("{\"name\": \"%s\", \"ours_ns\": %.1f, ", rows[row].name, median(ours));
	if (rows[row].kernel)
		printf("\"kernel_ns\": %.1f, \"ratio\": %.2f", median(kernel),
		       median(kernel) / median(ours));
	else
		printf("\"kernel_ns\": null, \"ratio\": null");
	printf(", \"note\": \"%s\"}\n", rows[row].note);
	fflush(stdout);
}

/* On one processor: its caches, its list of free frames. */
static void pin(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : (size_t)cpu, &set);
	need(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

static bool wanted(const char *name, int nr_names, char **names)
{
	for (int i = 0; i < nr_names; i++)
		if (!strcmp(names[i], name))
			return true;
	return nr_names == 0;
}

int main(int argc, char **argv)
{
	int first = argc > 1 && !strcmp(argv[1], "--smoke") ? 2 : 1;

	if (first == 2) {
		pages = 1024;
		fork_pages = 4096;
	}
	if (argc > first && argv[first][0] == '-') {
		fprintf(stderr, "usage: bench_pages [--smoke] [ROW...]\n");
		return 2;
	}
	pin();
	begin();
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		if (wanted(rows[row].name, argc - first, argv + first))
			run_row(row);
	umm_mm_put(mm);
	umm_world_free(world);
	return 0;
}
