/*
 * test_threads.c - many threads, with the locks of the POSIX platform: each mm of its own in one
 * world, and all on one mm, each in a window of its own.
 *
 * A thread must not leave by cmocka's longjmp(): it counts what is wrong, and the test looks after.
 */
#include <pthread.h>
#include <stdatomic.h>

#include <usermm/usermm.h>

#include "host/platform_posix.h"
#include "unit.h"

#define PAGE UINT64_C(4096)
#define THREADS 4
#define WINDOW_PAGES 32
#define R UMM_PROT_READ
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)

struct worker {
	pthread_t thread;
	struct umm_mm *mm;
	uint64_t base;			/* of its window */
	uint64_t steps;
	struct unit_random random;
	atomic_uint *wrong;
	uint64_t prot[WINDOW_PAGES];	/* what each page must have; NOTHING if unmapped */
};

#define NOTHING UINT64_MAX

static void wrong_if(struct worker *w, bool is_wrong)
{
	if (is_wrong)
		atomic_fetch_add(w->wrong, 1);
}

static void check_page(struct worker *w, uint64_t page)
{
	struct umm_area area = { .size = sizeof(area) };
	uint64_t addr = w->base + page * PAGE;
	bool mapped = umm_find_area(w->mm, addr, &area) && area.start <= addr;

	wrong_if(w, mapped != (w->prot[page] != NOTHING));
	if (mapped)
		wrong_if(w, (area.vm_flags & (UMM_VM_READ | UMM_VM_WRITE)) != w->prot[page]);
}

static void set(struct worker *w, uint64_t from, uint64_t to, uint64_t prot)
{
	for (uint64_t p = from; p < to; p++)
		w->prot[p] = prot;
}

static bool all_mapped(const struct worker *w, uint64_t from, uint64_t to)
{
	for (uint64_t p = from; p < to; p++) {
		if (w->prot[p] == NOTHING)
			return false;
	}
	return true;
}

static void fork_once(struct worker *w)
{
	struct umm_mm *child;
	struct umm_area area = { .size = sizeof(area) };

	if (umm_fork(w->mm, &child, NULL)) {
		wrong_if(w, true);
		return;
	}
	wrong_if(w, !umm_mm_is_valid(child));
	if (umm_find_area(child, w->base, &area))
		umm_fault(child, area.start, UMM_ACCESS_WRITE, NULL);
	umm_mm_put(child);
}

static void step(struct worker *w)
{
	uint64_t from = unit_random_below(&w->random, WINDOW_PAGES);
	uint64_t to = from + 1 + unit_random_below(&w->random, WINDOW_PAGES - from);
	uint64_t addr = w->base + from * PAGE, len = (to - from) * PAGE;
	uint64_t prot = unit_random_below(&w->random, 2) ? R : RW;
	uint64_t dice = unit_random_below(&w->random, 12);
	char line[256];
	umm_addr_t next;

	if (dice < 4) {
		wrong_if(w, umm_mmap(w->mm, addr, len, prot, ANON | UMM_MAP_FIXED, NULL, 0, NULL) !=
				    (int64_t)addr);
		set(w, from, to, prot);
	} else if (dice < 6) {
		wrong_if(w, umm_munmap(w->mm, addr, len, NULL) != 0);
		set(w, from, to, NOTHING);
	} else if (dice < 9 && all_mapped(w, from, to)) {
		wrong_if(w, umm_mprotect(w->mm, addr, len, prot, -1, NULL) != 0);
		set(w, from, to, prot);
	} else if (dice == 9 && w->prot[from] == RW) {
		wrong_if(w, umm_fault(w->mm, addr, UMM_ACCESS_WRITE, NULL) != 0);
	} else if (dice == 10) {
		umm_maps_line(w->mm, addr, line, sizeof(line), &next);
	} else if (dice == 11 && unit_random_below(&w->random, 20) == 0) {
		fork_once(w);
	}
	check_page(w, from);
	check_page(w, to - 1);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	set(w, 0, WINDOW_PAGES, NOTHING);
	for (uint64_t i = 0; i < w->steps; i++)
		step(w);
	for (uint64_t p = 0; p < WINDOW_PAGES; p++)
		check_page(w, p);
	return NULL;
}

static void run(bool one_mm)
{
	struct umm_mm_stats stats;
	struct umm_platform platform;
	struct umm_settings settings;
	struct worker worker[THREADS];
	struct umm_world *world;
	struct umm_mm *shared;
	atomic_uint wrong;
	int64_t charged = 0;
	size_t before = umm_platform_posix_bytes();

	umm_platform_posix(&platform);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.overcommit_memory = 1;
	assert_int_equal(umm_world_new(&platform, &settings, &world), 0);
	assert_int_equal(umm_mm_new(world, &shared), 0);
	atomic_init(&wrong, 0);

	for (int i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){
			.mm = shared,
			.base = UINT64_C(0x10000000) + (uint64_t)i * 2 * WINDOW_PAGES * PAGE,
			.steps = unit_iterations(5000),
			.random = unit_random_init(),
			.wrong = &wrong,
		};
		worker[i].random.state += (uint64_t)i << 32;
		if (!one_mm)
			assert_int_equal(umm_mm_new(world, &worker[i].mm), 0);
		assert_int_equal(pthread_create(&worker[i].thread, NULL, work, &worker[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
	assert_int_equal(atomic_load(&wrong), 0);

	for (int i = 0; i < THREADS; i++) {
		assert_true(umm_mm_is_valid(worker[i].mm));
		umm_mm_stats(worker[i].mm, &stats);
		if (!one_mm || i == 0)
			charged += stats.charged;
	}
	assert_int_equal(umm_world_committed(world), charged);
	for (int i = 0; i < THREADS && !one_mm; i++)
		umm_mm_put(worker[i].mm);
	umm_mm_put(shared);
	assert_int_equal(umm_world_committed(world), 0);
	umm_world_free(world);
	assert_int_equal(umm_platform_posix_bytes(), before);
}

static void test_own_mm(void **state)
{
	(void)state;
	run(false);
}

static void test_one_mm(void **state)
{
	(void)state;
	run(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_mm),
		cmocka_unit_test(test_one_mm),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
