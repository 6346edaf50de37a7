/*
 * pages.c - faults, copies and unmappings of pages beside the kernel's, in one run.
 *
 * Layer: bench.
 *
 * The library has the platform with locks, and a pool of frames that was touched before: else the
 * kernel's faults would be measured in ours.  Both sides have small pages.  The floor of what fills
 * a page is memset() and memcpy() of 4 KiB, hot and cold: rows of their own, without a kernel.
 *
 * A touch of the kernel's side is a trap as well; ours is a call of umm_fault().  Prints rows as
 * bench.c does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "host/platform_posix.h"

#define PAGE 4096ul
#define ROUNDS 5
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)

static unsigned long pages = 16384;	/* of a round: 64 MiB */
static unsigned long fork_pages = 262144;	/* 1 GiB */

static struct umm_world *world;
static struct umm_mm *mm;
static volatile char sink;

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void must(int worked, const char *what)
{
	if (worked)
		return;
	fprintf(stderr, "bench pages: %s failed\n", what);
	exit(1);
}

/* ---- the two sides -------------------------------------------------------------------------- */

static void *frames_alloc(void *ctx, size_t bytes)
{
	size_t align = (size_t)2 << 20;
	void *frames = aligned_alloc(align, (bytes + align - 1) & ~(align - 1));

	(void)ctx;
	if (frames) {
		madvise(frames, bytes, MADV_HUGEPAGE);
		memset(frames, 0, bytes);
	}
	return frames;
}

static void frames_free(void *ctx, void *frames, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	free(frames);
}

static void begin(void)
{
	struct umm_settings settings;
	struct umm_platform platform;

	umm_platform_posix(&platform);
	platform.frames_alloc = frames_alloc;
	platform.frames_free = frames_free;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = fork_pages + 4 * pages;
	must(umm_world_new(&platform, &settings, &world) == 0, "umm_world_new");
	must(umm_mm_new(world, &mm) == 0, "umm_mm_new");
}

static umm_addr_t our_area(unsigned long nr)
{
	int64_t addr = umm_mmap(mm, 0, nr * PAGE, RW, ANON, NULL, 0, NULL);

	must(addr > 0, "umm_mmap");
	return (umm_addr_t)addr;
}

static void our_touch(struct umm_mm *whose, umm_addr_t addr, unsigned long nr, unsigned int access)
{
	for (unsigned long i = 0; i < nr; i++)
		must(umm_fault(whose, addr + i * PAGE, access, NULL) == UMM_FAULT_OK, "umm_fault");
}

static char *kernel_area(unsigned long nr)
{
	char *addr = mmap(NULL, nr * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	must(addr != MAP_FAILED, "mmap");
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

static double our_fault(unsigned int access)
{
	umm_addr_t addr = our_area(pages);
	double begin_ns = now_ns(), ns;

	our_touch(mm, addr, pages, access);
	ns = now_ns() - begin_ns;
	must(umm_munmap(mm, addr, pages * PAGE, NULL) == 0, "umm_munmap");
	return ns;
}

static double kernel_fault(int write)
{
	char *addr = kernel_area(pages);
	double begin_ns = now_ns(), ns;

	kernel_touch(addr, pages, write);
	ns = now_ns() - begin_ns;
	munmap(addr, pages * PAGE);
	return ns;
}

static double our_write_fault(void) { return our_fault(UMM_ACCESS_WRITE); }
static double kernel_write_fault(void) { return kernel_fault(1); }
static double our_read_fault(void) { return our_fault(UMM_ACCESS_READ); }
static double kernel_read_fault(void) { return kernel_fault(0); }

static double our_munmap(void)
{
	umm_addr_t addr = our_area(pages);
	double begin_ns;

	our_touch(mm, addr, pages, UMM_ACCESS_WRITE);
	begin_ns = now_ns();
	must(umm_munmap(mm, addr, pages * PAGE, NULL) == 0, "umm_munmap");
	return now_ns() - begin_ns;
}

static double kernel_munmap(void)
{
	char *addr = kernel_area(pages);
	double begin_ns;

	kernel_touch(addr, pages, 1);
	begin_ns = now_ns();
	munmap(addr, pages * PAGE);
	return now_ns() - begin_ns;
}

static double our_cow(void)
{
	umm_addr_t addr = our_area(pages);
	struct umm_mm *child;
	double begin_ns, ns;

	our_touch(mm, addr, pages, UMM_ACCESS_WRITE);
	must(umm_fork(mm, &child, NULL) == 0, "umm_fork");
	begin_ns = now_ns();
	our_touch(mm, addr, pages, UMM_ACCESS_WRITE);
	ns = now_ns() - begin_ns;
	umm_mm_put(child);
	must(umm_munmap(mm, addr, pages * PAGE, NULL) == 0, "umm_munmap");
	return ns;
}

/* A child that waits until the other end of the pipe is closed. */
static pid_t waiting_child(int *go)
{
	int end[2];
	pid_t pid;

	must(pipe(end) == 0, "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		char byte;

		close(end[1]);
		_exit(read(end[0], &byte, 1) != 0);
	}
	close(end[0]);
	*go = end[1];
	return pid;
}

static double kernel_cow(void)
{
	char *addr = kernel_area(pages);
	double begin_ns, ns;
	pid_t pid;
	int go;

	kernel_touch(addr, pages, 1);
	pid = waiting_child(&go);
	begin_ns = now_ns();
	kernel_touch(addr, pages, 1);
	ns = now_ns() - begin_ns;
	close(go);
	waitpid(pid, NULL, 0);
	munmap(addr, pages * PAGE);
	return ns;
}

static double our_fork(void)
{
	umm_addr_t addr = our_area(fork_pages);
	struct umm_mm *child;
	double begin_ns, ns;

	our_touch(mm, addr, fork_pages, UMM_ACCESS_WRITE);
	begin_ns = now_ns();
	must(umm_fork(mm, &child, NULL) == 0, "umm_fork");
	ns = now_ns() - begin_ns;
	umm_mm_put(child);
	must(umm_munmap(mm, addr, fork_pages * PAGE, NULL) == 0, "umm_munmap");
	return ns;
}

/* fork()'s own part: less that of a fork with nothing touched. */
static double kernel_fork(void)
{
	char *addr = kernel_area(fork_pages);
	double ns[2];

	for (int touched = 0; touched < 2; touched++) {
		double begin_ns;
		pid_t pid;
		int go;

		if (touched)
			kernel_touch(addr, fork_pages, 1);
		begin_ns = now_ns();
		pid = waiting_child(&go);
		ns[touched] = now_ns() - begin_ns;
		close(go);
		waitpid(pid, NULL, 0);
	}
	munmap(addr, fork_pages * PAGE);
	return ns[1] - ns[0];
}

/* Of a page in use, each look hanging on the last. */
static double our_translate(void)
{
	umm_addr_t addr = our_area(1);
	double begin_ns, ns;

	our_touch(mm, addr, 1, UMM_ACCESS_READ);
	begin_ns = now_ns();
	for (unsigned long i = 0; i < 16 * pages; i++) {
		uint64_t len;
		int fault;
		const volatile char *at = umm_translate(mm, addr + (unsigned char)sink,
							UMM_ACCESS_READ, &len, &fault);

		sink = *at;
	}
	ns = now_ns() - begin_ns;
	must(umm_munmap(mm, addr, PAGE, NULL) == 0, "umm_munmap");
	return ns / 16;
}

/* Ten loads, each hanging on the last: what a translation may cost. */
static double ten_hits(void)
{
	static void *volatile self = (void *)&self;
	void *volatile *at = &self;
	double begin_ns = now_ns();

	for (unsigned long i = 0; i < 160 * pages; i++)
		at = *at;
	sink = (char)((size_t)at & 0);
	return (now_ns() - begin_ns) / 16;
}

static double fill(size_t span, int copies)
{
	static char *pool;
	double begin_ns;

	if (!pool) {
		pool = frames_alloc(NULL, pages * PAGE);
		must(pool != NULL, "frames_alloc");
	}
	begin_ns = now_ns();
	for (unsigned long i = 0; i < pages; i++) {
		char *page = pool + i % span * PAGE;

		if (copies)
			memcpy(page, pool + (pages - 1 - i % span) * PAGE, PAGE);
		else
			memset(page, 0, PAGE);
		__asm__ volatile("" : : "r"(page) : "memory");
	}
	return now_ns() - begin_ns;
}

static double zero_hot(void) { return fill(4, 0); }
static double zero_cold(void) { return fill(pages, 0); }
static double copy_hot(void) { return fill(4, 1); }
static double copy_cold(void) { return fill(pages / 2, 1); }

/* ---- rows ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	double (*ours)(void), (*kernel)(void);
	unsigned long *operations;	/* of a round */
	const char *note;
} rows[] = {
	{ "anon_write_fault", our_write_fault, kernel_write_fault, &pages,
	  "with zeroing; kernel: with the trap" },
	{ "zero_read_fault", our_read_fault, kernel_read_fault, &pages, "" },
	{ "cow_break", our_cow, kernel_cow, &pages, "with the copy" },
	{ "munmap_touched", our_munmap, kernel_munmap, &pages, "per page" },
	{ "fork_1gib", our_fork, kernel_fork, &fork_pages, "per page; kernel: what pages add" },
	{ "translate_warm", our_translate, ten_hits, &pages,
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

static void run_row(size_t row)
{
	double ours[ROUNDS], kernel[ROUNDS];
	double operations = (double)*rows[row].operations;

	for (int r = 0; r < ROUNDS; r++) {	/* by turns: a slow moment hits both */
		ours[r] = rows[row].ours() / operations;
		kernel[r] = rows[row].kernel ? rows[row].kernel() / operations : 0;
	}
	qsort(ours, ROUNDS, sizeof(ours[0]), compare_doubles);
	qsort(kernel, ROUNDS, sizeof(kernel[0]), compare_doubles);
	printf("{\"name\": \"%s\", \"ours_ns\": %.1f, ", rows[row].name, ours[ROUNDS / 2]);
	if (rows[row].kernel)
		printf("\"kernel_ns\": %.1f, \"ratio\": %.2f", kernel[ROUNDS / 2],
		       kernel[ROUNDS / 2] / ours[ROUNDS / 2]);
	else
		printf("\"kernel_ns\": null, \"ratio\": null");
	printf(", \"note\": \"%s\"}\n", rows[row].note);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--smoke")) {
		pages = 1024;
		fork_pages = 4096;
	} else if (argc != 1) {
		fprintf(stderr, "usage: bench_pages [--smoke]\n");
		return 2;
	}
	begin();
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		run_row(row);
	umm_mm_put(mm);
	umm_world_free(world);
	return 0;
}
