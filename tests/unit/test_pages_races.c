/*
 * test_pages_races.c - many threads in one address space, and in some that fork made, at the same
 * pages: what one does to an area and what others do in it meet everywhere.
 *
 * What holds whatever the order, and is looked for all the time:
 *	- each thread has a word in every page, which it alone writes: it reads there what it wrote
 *	  last, or 0 if somebody gave the page back since (a lost write, a stale page, another's
 *	  page would show as anything else);
 *	- a word in which all threads add by turns under a lock of the test's own loses nothing;
 *	- who forked sees in the child what it wrote before, and nothing of what it writes after.
 * At the end, and whenever all threads meet, everything is valid and no frame is lost.
 *
 * A thread must not leave by cmocka's longjmp(): it counts what is wrong, and the test looks after.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include <usermm/usermm.h>

#include "host/platform_posix.h"
#include "unit.h"

#define PAGE UINT64_C(4096)
#define THREADS 4
#define ROOM 24				/* pages that everybody uses and changes */
#define KEPT 8				/* pages that everybody uses and nobody gives back */
#define AT UINT64_C(0x10000000)
#define HUGE (UINT64_C(2) << 20)
#define KEPT_AT (AT + HUGE)
#define MOVED_AT (AT + 2 * HUGE)
#define FRAMES 4096
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED)

struct shared {
	struct umm_world *world;
	struct umm_mm *mm;
	pthread_barrier_t meeting;
	pthread_mutex_t turn;		/* who adds */
	uint64_t added[KEPT];
	uint64_t steps;
	atomic_uint wrong;
};

struct worker {
	pthread_t thread;
	struct shared *shared;
	unsigned int number;
	struct unit_random random;
	uint64_t wrote[ROOM], kept[KEPT];	/* in its word of each page, last */
	uint64_t next;
};

static _Thread_local unsigned int number;

/* ---- a thread that unmaps at the worst moment, and stays in the middle of it ---- */

static _Thread_local struct shared *unmaps;	/* whose room goes under our hands; else NULL */
static _Thread_local bool lingers;
static pthread_t unmapper;
static atomic_bool lingering, faulted;

static void *unmap_room(void *arg)
{
	struct shared *s = arg;

	lingers = true;
	return umm_munmap(s->mm, AT, ROOM * PAGE, NULL) ? s : NULL;
}

/* Entries are gone, the area is not: wait for the fault, which should wait for us. */
static void tlb_flush(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end)
{
	const struct timespec moment = { 0, 1000000 };

	(void)ctx;
	(void)mm;
	(void)start;
	(void)end;
	atomic_store(&lingering, lingers);
	for (int i = 0; lingers && i < 30 && !atomic_load(&faulted); i++)
		nanosleep(&moment, NULL);
}

/*
 * At times out of date, as a processor's number may be.  The library asks for it when it has found
 * an area without mmap_lock and does not hold it yet: a good moment for another thread.
 */
static unsigned int cpu_id(void *ctx)
{
	static _Thread_local unsigned int calls;

	(void)ctx;
	if (unmaps && !pthread_create(&unmapper, NULL, unmap_room, unmaps)) {
		unmaps = NULL;
		while (!atomic_load(&lingering))
			;
	}
	return number + (++calls % 16 == 0);
}

static void wrong_if(struct worker *w, bool is_wrong)
{
	if (is_wrong)
		atomic_fetch_add(&w->shared->wrong, 1);
}

static umm_addr_t word_of(const struct worker *w, umm_addr_t page)
{
	return page + w->number * 64;
}

static uint64_t load(struct umm_mm *mm, umm_addr_t addr, int *fault)
{
	uint64_t word = 0;

	if (umm_read(mm, addr, &word, sizeof(word), fault) != sizeof(word))
		word = 0;
	return word;
}

/* ---- pages that come and go ---- */

static void write_room(struct worker *w, uint64_t page)
{
	uint64_t word = ++w->next;
	int fault;

	/* Somebody may have made the page read-only or unmapped it: then nothing is written. */
	if (umm_write(w->shared->mm, word_of(w, AT + page * PAGE), &word, sizeof(word), &fault))
		w->wrote[page] = word;
	else
		wrong_if(w, fault != UMM_SEGV_MAPERR && fault != UMM_SEGV_ACCERR);
}

static void read_room(struct worker *w, uint64_t page)
{
	int fault;
	uint64_t word = load(w->shared->mm, word_of(w, AT + page * PAGE), &fault);

	wrong_if(w, word != w->wrote[page] && word != 0);
	wrong_if(w, fault == UMM_FAULT_OOM || fault == UMM_BUS_ADRERR);
}

static void change_room(struct worker *w, umm_addr_t addr, uint64_t len)
{
	struct umm_mm *mm = w->shared->mm;

	switch (unit_random_below(&w->random, 8)) {
	case 0:
		umm_munmap(mm, addr, len, NULL);
		break;
	case 1:
	case 2:
		umm_mmap(mm, addr, len, RW, ANON, NULL, 0, NULL);
		break;
	case 3:
		umm_madvise(mm, addr, len, UMM_MADV_DONTNEED, NULL);
		break;
	case 4:
		umm_mprotect(mm, addr, len, UMM_PROT_READ, -1, NULL);
		break;
	case 5:
		umm_mprotect(mm, addr, len, RW, -1, NULL);
		break;
	case 6:
		umm_madvise(mm, addr, len, UMM_MADV_GUARD_INSTALL, NULL);
		umm_madvise(mm, addr, len, UMM_MADV_GUARD_REMOVE, NULL);
		break;
	default:		/* there, and on: back it would be another's who wrote meanwhile */
		umm_mremap(mm, addr, len, len, UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED,
			   MOVED_AT + w->number * 64 * PAGE, NULL);
		umm_mmap(mm, addr, len, RW, ANON | UMM_MAP_FIXED_NOREPLACE, NULL, 0, NULL);
		break;
	}
}

/* ---- pages that stay ---- */

static void write_kept(struct worker *w, struct umm_mm *mm, uint64_t page, uint64_t word)
{
	int fault;

	wrong_if(w, umm_write(mm, word_of(w, KEPT_AT + page * PAGE), &word, sizeof(word), &fault) !=
			    sizeof(word));
}

/* By the pointer, as an emulator would: at times without any lock. */
static void read_kept(struct worker *w, uint64_t page)
{
	int fault;

	wrong_if(w, load(w->shared->mm, word_of(w, KEPT_AT + page * PAGE), &fault) !=
			    w->kept[page]);
}

static void add_kept(struct worker *w, uint64_t page)
{
	struct shared *s = w->shared;
	umm_addr_t addr = KEPT_AT + page * PAGE + THREADS * 64;
	uint64_t word;
	int fault;

	pthread_mutex_lock(&s->turn);
	word = load(s->mm, addr, &fault);
	wrong_if(w, word != s->added[page]);
	s->added[page] = ++word;
	wrong_if(w, umm_write(s->mm, addr, &word, sizeof(word), &fault) != sizeof(word));
	pthread_mutex_unlock(&s->turn);
}

/* The child has what its maker had, and what one writes the other does not see. */
static void fork_and_differ(struct worker *w)
{
	uint64_t before[KEPT];
	struct umm_mm *child;
	int fault;

	memcpy(before, w->kept, sizeof(before));
	if (umm_fork(w->shared->mm, &child, NULL)) {
		wrong_if(w, true);
		return;
	}
	for (uint64_t page = 0; page < KEPT; page += 2)
		write_kept(w, w->shared->mm, page, w->kept[page] = ++w->next);
	for (uint64_t page = 1; page < KEPT; page += 2)
		write_kept(w, child, page, ++w->next);
	for (uint64_t page = 0; page < KEPT; page++) {
		uint64_t word = load(child, word_of(w, KEPT_AT + page * PAGE), &fault);
		uint64_t own = w->next - KEPT / 2 + page / 2 + 1;	/* of odd pages */

		wrong_if(w, word != (page % 2 ? own : before[page]));
		read_kept(w, page);
	}
	umm_mm_put(child);
}

static void step(struct worker *w)
{
	uint64_t page = unit_random_below(&w->random, ROOM), kept = page % KEPT;
	uint64_t pages = 1 + unit_random_below(&w->random, ROOM - page);
	struct umm_page_info info;
	struct umm_mm_rss rss;

	switch (unit_random_below(&w->random, 16)) {
	case 0:
		change_room(w, AT + page * PAGE, pages * PAGE);
		break;
	case 1:
		if (unit_random_below(&w->random, 4) == 0)
			fork_and_differ(w);
		break;
	case 2:
		umm_page_info(w->shared->mm, AT + page * PAGE, &info);
		umm_mm_rss(w->shared->mm, &rss);
		break;
	case 3:
		umm_madvise(w->shared->mm, KEPT_AT + kept * PAGE, PAGE, UMM_MADV_COLD, NULL);
		umm_mprotect(w->shared->mm, KEPT_AT + kept * PAGE, PAGE, RW | UMM_PROT_EXEC, -1,
			     NULL);
		umm_mprotect(w->shared->mm, KEPT_AT + kept * PAGE, PAGE, RW, -1, NULL);
		break;
	case 4:
	case 5:
		add_kept(w, kept);
		break;
	case 6:
	case 7:
		write_kept(w, w->shared->mm, kept, w->kept[kept] = ++w->next);
		break;
	case 8:
	case 9:
		read_kept(w, kept);
		break;
	case 10:
	case 11:
		read_room(w, page);
		break;
	default:
		write_room(w, page);
		break;
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	number = w->number;
	for (uint64_t i = 0; i < w->shared->steps; i++) {
		step(w);
		if (i % 1024)
			continue;
		if (pthread_barrier_wait(&w->shared->meeting) == PTHREAD_BARRIER_SERIAL_THREAD)
			wrong_if(w, !umm_world_is_valid(w->shared->world));
		pthread_barrier_wait(&w->shared->meeting);
	}
	return NULL;
}

/* @huge: both areas begin as one huge page each. */
static void begin(struct shared *shared, bool huge)
{
	uint64_t room = huge ? HUGE : ROOM * PAGE, kept = huge ? HUGE : KEPT * PAGE;
	struct umm_settings settings;
	struct umm_platform platform;
	struct umm_mm_rss rss;

	umm_platform_posix(&platform);
	platform.cpu_id = cpu_id;
	platform.tlb_flush = tlb_flush;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = FRAMES;
	settings.thp_enabled = huge ? UMM_THP_ALWAYS : UMM_THP_NEVER;
	assert_int_equal(umm_world_new(&platform, &settings, &shared->world), 0);
	assert_int_equal(umm_mm_new(shared->world, &shared->mm), 0);
	assert_int_equal(umm_mmap(shared->mm, AT, room, RW, ANON, NULL, 0, NULL), AT);
	assert_int_equal(umm_mmap(shared->mm, KEPT_AT, kept, RW, ANON, NULL, 0, NULL), KEPT_AT);
	assert_int_equal(umm_fault(shared->mm, KEPT_AT, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
	umm_mm_rss(shared->mm, &rss);
	assert_int_equal(rss.anon, huge ? HUGE / PAGE : 1);
}

static void end(struct shared *shared)
{
	uint64_t total;

	assert_int_equal(atomic_load(&shared->wrong), 0);
	assert_true(umm_world_is_valid(shared->world));
	umm_mm_put(shared->mm);
	assert_int_equal(umm_world_frames(shared->world, &total), FRAMES - 1);
	umm_world_free(shared->world);
}

static void race(bool huge)
{
	static struct worker worker[THREADS];
	struct shared shared = { .steps = unit_iterations(20000) };

	begin(&shared, huge);
	pthread_barrier_init(&shared.meeting, NULL, THREADS);
	pthread_mutex_init(&shared.turn, NULL);
	for (unsigned int i = 0; i < THREADS; i++) {
		struct worker *w = &worker[i];

		memset(w, 0, sizeof(*w));
		w->number = i;
		w->shared = &shared;
		w->random = (struct unit_random){ unit_random_init().state * 1000 + i };
		assert_int_equal(pthread_create(&w->thread, NULL, work, w), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(worker[i].thread, NULL), 0);
	pthread_mutex_destroy(&shared.turn);
	pthread_barrier_destroy(&shared.meeting);
	end(&shared);
}

static void test_races(void **state)
{
	(void)state;
	race(false);
}

static void test_races_huge(void **state)
{
	(void)state;
	race(true);
}

/* The area goes between being found and being held. */
static void test_found_too_late(void **state)
{
	struct shared shared = { .steps = 0 };

	(void)state;
	begin(&shared, false);
	for (umm_addr_t addr = AT; addr < AT + 3 * PAGE; addr += PAGE)
		assert_int_equal(umm_fault(shared.mm, addr, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
	unmaps = &shared;
	assert_int_equal(umm_fault(shared.mm, AT + 4 * PAGE, UMM_ACCESS_WRITE, NULL),
			 UMM_SEGV_MAPERR);
	atomic_store(&faulted, true);
	assert_null(unmaps);
	assert_int_equal(pthread_join(unmapper, NULL), 0);
	end(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_races),
		cmocka_unit_test(test_races_huge),
		cmocka_unit_test(test_found_too_late),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
