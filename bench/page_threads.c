/*
 * page_threads.c - two threads that fault, beside one.
 *
 * Layer: bench.
 *
 * In one address space, each in an area of its own and both in one; and each in an address space of
 * its own.  A row's "theirs" is what one thread takes for a page, so that its ratio says how many
 * times as fast two are.  Prints rows as bench.c does.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <usermm/usermm.h>

#include "bench/measure.h"
#include "host/platform_posix.h"

#define PAGE 4096ul
#define ROUNDS 7
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)

static unsigned long pages = 8192;	/* of a thread and round: 32 MiB */

static struct umm_world *world;
static struct umm_mm *mm[2];

struct part {
	struct umm_mm *mm;		/* NULL: there is no more work */
	umm_addr_t addr;
};

static void fault_part(const struct part *part)
{
	for (unsigned long i = 0; i < pages; i++)
		need(umm_fault(part->mm, part->addr + i * PAGE, UMM_ACCESS_WRITE, NULL) ==
			     UMM_FAULT_OK, "umm_fault");
}

/* ---- a thread that waits for work, so that no start of one is measured ---- */

static _Atomic(const struct part *) work;
static atomic_bool done;

static void *worker(void *arg)
{
	for (;;) {
		const struct part *part;

		while (!(part = atomic_load(&work)))
			;
		if (!part->mm)
			return arg;
		fault_part(part);
		atomic_store(&work, NULL);
		atomic_store(&done, true);
	}
}

/* Nanoseconds for the first part alone, or both at once. */
static double measure(const struct part *part, int threads)
{
	double begin_ns = now_ns();

	if (threads == 2) {
		atomic_store(&done, false);
		atomic_store(&work, &part[1]);
	}
	fault_part(&part[0]);
	while (threads == 2 && !atomic_load(&done))
		;
	return now_ns() - begin_ns;
}

static umm_addr_t area(struct umm_mm *whose, unsigned long nr)
{
	int64_t addr = umm_mmap(whose, 0, nr * PAGE, RW, ANON, NULL, 0, NULL);

	need(addr > 0, "umm_mmap");
	return (umm_addr_t)addr;
}

/* The second part is in mm[@which]; @apart: not in the area that the first begins in. */
static double round_of(int threads, int which, int apart)
{
	umm_addr_t addr = area(mm[0], 2 * pages);
	struct part part[2] = { { mm[0], addr }, { mm[which], addr + pages * PAGE } };
	double ns;

	if (apart)
		need(umm_mprotect(mm[0], addr + (pages - 1) * PAGE, PAGE, RW | UMM_PROT_EXEC, -1,
				  NULL) == 0, "umm_mprotect");
	if (which)
		part[1].addr = area(mm[1], pages);
	ns = measure(part, threads);
	if (which)
		need(umm_munmap(mm[1], part[1].addr, pages * PAGE, NULL) == 0, "umm_munmap");
	need(umm_munmap(mm[0], addr, 2 * pages * PAGE, NULL) == 0, "umm_munmap");
	return ns;
}

static double one_area(int threads) { return round_of(threads, 0, 0); }
static double one_mm(int threads) { return round_of(threads, 0, 1); }
static double two_mms(int threads) { return round_of(threads, 1, 0); }

static const struct {
	const char *name;
	double (*round)(int threads);
	const char *note;
} rows[] = {
	{ "fault_two_threads", one_mm, "two threads in one mm; theirs: one thread" },
	{ "fault_two_threads_one_area", one_area, "two threads in one area; theirs: one thread" },
	{ "fault_two_mms", two_mms, "two threads, each in its own mm; theirs: one thread" },
};

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void run_row(size_t row)
{
	double two[ROUNDS], one[ROUNDS];

	for (int r = 0; r < ROUNDS; r++) {	/* by turns: a slow moment hits both */
		two[r] = rows[row].round(2) / (double)(2 * pages);
		one[r] = rows[row].round(1) / (double)pages;
	}
	qsort(two, ROUNDS, sizeof(two[0]), compare_doubles);
	qsort(one, ROUNDS, sizeof(one[0]), compare_doubles);
	printf("{\"name\": \"%s\", \"ours_ns\": %.1f, \"kernel_ns\": %.1f, \"ratio\": %.2f, "
	       "\"note\": \"%s\"}\n", rows[row].name, two[ROUNDS / 2], one[ROUNDS / 2],
	       one[ROUNDS / 2] / two[ROUNDS / 2], rows[row].note);
	fflush(stdout);
}

static void *frames_alloc(void *ctx, size_t bytes)
{
	struct umm_platform posix;
	void *frames;

	(void)ctx;
	umm_platform_posix(&posix);
	frames = posix.frames_alloc(posix.ctx, bytes);
	if (frames)
		memset(frames, 0, bytes);	/* no fault of the kernel's in what is measured */
	return frames;
}

int main(int argc, char **argv)
{
	static const struct part nothing;
	struct umm_settings settings;
	struct umm_platform platform;
	pthread_t thread;

	if (argc == 2 && !strcmp(argv[1], "--smoke")) {
		pages = 512;
	} else if (argc != 1) {
		fprintf(stderr, "usage: bench_page_threads [--smoke]\n");
		return 2;
	}
	umm_platform_posix(&platform);
	platform.frames_alloc = frames_alloc;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = 4 * pages;
	need(umm_world_new(&platform, &settings, &world) == 0, "umm_world_new");
	for (int i = 0; i < 2; i++)
		need(umm_mm_new(world, &mm[i]) == 0, "umm_mm_new");
	need(pthread_create(&thread, NULL, worker, NULL) == 0, "pthread_create");
	for (int r = 0; r < ROUNDS; r++)	/* no frame is used for the first time in a row */
		(void)two_mms(2);
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		run_row(row);
	atomic_store(&work, &nothing);
	pthread_join(thread, NULL);
	for (int i = 0; i < 2; i++)
		umm_mm_put(mm[i]);
	umm_world_free(world);
	return 0;
}
