/*
 * test_pages_threads.c - many threads in a world with pages: each with address spaces of its own
 * that fork and exit, all in one address space, each in a window of its own, and all in the same
 * huge pages.
 *
 * A thread must not leave by cmocka's longjmp(): it counts what is wrong, and the test looks after.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <usermm/usermm.h>

#include "host/platform_posix.h"
#include "unit.h"

#define PAGE UINT64_C(4096)
#define THREADS 4
#define WINDOW 24			/* pages */
#define AT UINT64_C(0x10000000)
#define FRAMES 4096
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED)

struct worker {
	pthread_t thread;
	unsigned int number;
	struct umm_mm *mm;
	uint64_t base;			/* of its window */
	uint64_t steps;
	struct unit_random random;
	atomic_uint *wrong;
	unsigned char byte[WINDOW];	/* what each page begins with */
};

static _Thread_local unsigned int number;

/* At times out of date, as a processor's number may be. */
static unsigned int cpu_id(void *ctx)
{
	static _Thread_local unsigned int calls;

	(void)ctx;
	return number + (++calls % 16 == 0);
}

static void *frames_alloc(void *ctx, size_t bytes)
{
	size_t align = (size_t)2 << 20;

	(void)ctx;
	return aligned_alloc(align, (bytes + align - 1) & ~(align - 1));
}

static void frames_free(void *ctx, void *frames, size_t bytes)
{
	(void)ctx;
	(void)bytes;
	free(frames);
}

static void wrong_if(struct worker *w, bool is_wrong)
{
	if (is_wrong)
		atomic_fetch_add(w->wrong, 1);
}

/* By the pointer, as an emulator would: at times without any lock. */
static void check(struct worker *w, struct umm_mm *mm, const unsigned char *byte)
{
	for (uint64_t page = 0; page < WINDOW; page++) {
		const unsigned char *at;
		uint64_t len;
		int fault;

		at = umm_translate(mm, w->base + page * PAGE, UMM_ACCESS_READ, &len, &fault);
		wrong_if(w, !at || *at != byte[page] || len != PAGE);
	}
}

static void set_page(struct worker *w, struct umm_mm *mm, uint64_t page, unsigned char byte)
{
	int fault;

	wrong_if(w, umm_write(mm, w->base + page * PAGE, &byte, 1, &fault) != 1);
}

/* The child has what the parent had, and what one writes the other does not see. */
static void fork_and_differ(struct worker *w)
{
	unsigned char before[WINDOW];
	struct umm_mm *child;

	memcpy(before, w->byte, sizeof(before));
	if (umm_fork(w->mm, &child, NULL)) {
		wrong_if(w, true);
		return;
	}
	for (uint64_t i = 0; i < 4; i++) {
		uint64_t page = unit_random_below(&w->random, WINDOW);

		w->byte[page]++;
		set_page(w, w->mm, page, w->byte[page]);
	}
	check(w, child, before);
	before[0] ^= 0x55;
	set_page(w, child, 0, before[0]);
	check(w, child, before);
	umm_mm_put(child);
}

static void step(struct worker *w, bool forks)
{
	uint64_t page = unit_random_below(&w->random, WINDOW);
	uint64_t pages = 1 + unit_random_below(&w->random, WINDOW - page);
	umm_addr_t addr = w->base + page * PAGE;

	switch (unit_random_below(&w->random, forks ? 6 : 5)) {
	case 0:
		wrong_if(w, umm_madvise(w->mm, addr, pages * PAGE, UMM_MADV_DONTNEED, NULL) != 0);
		memset(&w->byte[page], 0, pages);
		break;
	case 1:
		wrong_if(w, umm_mmap(w->mm, addr, pages * PAGE, RW, ANON, NULL, 0, NULL) !=
				    (int64_t)addr);
		memset(&w->byte[page], 0, pages);
		break;
	case 2:
		wrong_if(w, umm_mprotect(w->mm, addr, pages * PAGE, UMM_PROT_READ, -1, NULL) ||
				    umm_mprotect(w->mm, addr, pages * PAGE, RW, -1, NULL));
		break;
	case 5:
		fork_and_differ(w);
		break;
	default:
		w->byte[page] = (unsigned char)unit_random(&w->random);
		set_page(w, w->mm, page, w->byte[page]);
		break;
	}
}

static void *work(void *arg, bool forks)
{
	struct worker *w = arg;

	number = w->number;
	for (uint64_t i = 0; i < w->steps; i++) {
		step(w, forks);
		if (i % 8 == 0)
			check(w, w->mm, w->byte);
	}
	check(w, w->mm, w->byte);
	return NULL;
}

static void *work_alone(void *arg)
{
	return work(arg, true);
}

static void *work_together(void *arg)
{
	return work(arg, false);
}

static void run(bool together)
{
	struct worker worker[THREADS];
	struct umm_settings settings;
	struct umm_platform platform;
	struct umm_mm *shared = NULL;
	struct umm_world *world;
	atomic_uint wrong = 0;
	uint64_t total;

	umm_platform_posix(&platform);
	platform.frames_alloc = frames_alloc;
	platform.frames_free = frames_free;
	platform.cpu_id = cpu_id;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = FRAMES;
	assert_int_equal(umm_world_new(&platform, &settings, &world), 0);
	if (together)
		assert_int_equal(umm_mm_new(world, &shared), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		struct worker *w = &worker[i];

		memset(w, 0, sizeof(*w));
		w->number = i;
		w->base = AT + i * 2 * WINDOW * PAGE;
		w->steps = unit_iterations(10000);
		w->random = (struct unit_random){ unit_random_init().state * 1000 + i };
		w->wrong = &wrong;
		w->mm = shared;
		if (!together)
			assert_int_equal(umm_mm_new(world, &w->mm), 0);
		assert_int_equal(umm_mmap(w->mm, w->base, WINDOW * PAGE, RW, ANON, NULL, 0, NULL),
				 w->base);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&worker[i].thread, NULL,
						together ? work_together : work_alone,
						&worker[i]), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_true(umm_world_is_valid(world));
	for (unsigned int i = 0; i < THREADS && !together; i++)
		umm_mm_put(worker[i].mm);
	umm_mm_put(shared);
	assert_int_equal(umm_world_frames(world, &total), FRAMES - 1);
	umm_world_free(world);
}

static void test_mm_each(void **state)
{
	(void)state;
	run(false);
}

static void test_one_mm(void **state)
{
	(void)state;
	run(true);
}

/* ---- the same 2 MiB ------------------------------------------------------------------------- */

#define HUGE_BYTES (UINT64_C(4) << 20)
#define HUGE_PAGES (HUGE_BYTES / PAGE)

/* Every fourth page is this thread's, so that all of them meet in each entry and in each table. */
static void *write_every_fourth(void *arg)
{
	struct worker *w = arg;
	const unsigned char *at;
	struct umm_mm *child;
	uint64_t len;
	int fault;

	number = w->number;
	for (uint64_t page = w->number; page < HUGE_PAGES; page += THREADS) {
		unsigned char byte = (unsigned char)(page + w->steps);

		wrong_if(w, umm_write(w->mm, AT + page * PAGE + page, &byte, 1, &fault) != 1);
		at = umm_translate(w->mm, AT + page * PAGE, UMM_ACCESS_READ, &len, &fault);
		wrong_if(w, !at || at[page] != byte || len != PAGE);
		if (w->number || page % 200)
			continue;
		if (umm_fork(w->mm, &child, NULL))
			wrong_if(w, true);
		else
			umm_mm_put(child);
	}
	return NULL;
}

static void write_together(struct umm_mm *mm, uint64_t round, atomic_uint *wrong)
{
	struct worker worker[THREADS];

	for (unsigned int i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){ .number = i, .mm = mm, .steps = round,
					     .wrong = wrong };
		assert_int_equal(pthread_create(&worker[i].thread, NULL, write_every_fourth,
						&worker[i]), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
}

/* All begin where nothing is, where zeros were read, or where a child has the pages too. */
static void huge_round(struct umm_mm *mm, uint64_t round, atomic_uint *wrong)
{
	struct umm_mm *child = NULL;
	unsigned char byte = 0;
	int fault;

	assert_int_equal(umm_mmap(mm, AT, HUGE_BYTES, RW, ANON, NULL, 0, NULL), AT);
	assert_int_equal(umm_madvise(mm, AT, HUGE_BYTES, UMM_MADV_HUGEPAGE, NULL), 0);
	for (uint64_t at = 0; round % 3 && at < HUGE_BYTES; at += HUGE_BYTES / 2)
		assert_int_equal((round % 3 == 1 ? umm_read(mm, AT + at, &byte, 1, &fault)
						 : umm_write(mm, AT + at, &byte, 1, &fault)), 1);
	if (round % 3 == 2)
		assert_int_equal(umm_fork(mm, &child, NULL), 0);
	write_together(mm, round, wrong);
	for (uint64_t page = 0; page < HUGE_PAGES; page++) {
		assert_int_equal(umm_read(mm, AT + page * PAGE + page, &byte, 1, &fault), 1);
		assert_int_equal(byte, (unsigned char)(page + round));
		if (!child)
			continue;
		assert_int_equal(umm_read(child, AT + page * PAGE + page, &byte, 1, &fault), 1);
		assert_int_equal(byte, 0);
	}
	umm_mm_put(child);
}

static void test_huge_pages(void **state)
{
	struct umm_settings settings;
	struct umm_platform platform;
	struct umm_world *world;
	atomic_uint wrong = 0;
	struct umm_mm *mm;
	uint64_t total;

	(void)state;
	umm_platform_posix(&platform);
	platform.frames_alloc = frames_alloc;
	platform.frames_free = frames_free;
	platform.cpu_id = cpu_id;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.thp_enabled = UMM_THP_MADVISE;
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = 2 * FRAMES;
	assert_int_equal(umm_world_new(&platform, &settings, &world), 0);
	assert_int_equal(umm_mm_new(world, &mm), 0);
	for (uint64_t round = 0; round < 1 + unit_iterations(10000) / 400; round++) {
		huge_round(mm, round, &wrong);
		assert_int_equal(atomic_load(&wrong), 0);
		assert_true(umm_world_is_valid(world));
	}
	umm_mm_put(mm);
	assert_int_equal(umm_world_frames(world, &total), 2 * FRAMES - 1);
	umm_world_free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mm_each),
		cmocka_unit_test(test_one_mm),
		cmocka_unit_test(test_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
