/*
 * threads_race.c - two threads at once: a fault beside a call, a fault beside a fault.
 *
 * Which came first can be seen afterwards in who merged with whom.  Every round races once and
 * checks that the kernel's answer is one of the two; nobody knows beforehand which.  The number of
 * rounds that ended one way and the other is printed.
 *
 *	threads_race CASE		a few hundred rounds
 *	threads_race storm SEED STEPS	three threads with random calls and faults in one pool
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prog.h"

#define ROUNDS 300
#define RW (PROT_READ | PROT_WRITE)

static char *at;				/* the pool of the round */
static _Atomic(char *) victim;			/* what the other thread shall write to */
static atomic_uint begun, ended;		/* rounds */
static atomic_bool over;
static unsigned int order[2];			/* rounds that ended the first way, the second */
static const char *third;			/* another way, where there is one */

/* Somewhere between nothing and the length of a call under a tracer. */
static void dawdle(unsigned int *seed, unsigned int most)
{
	*seed = *seed * 1103515245u + 12345u;
	for (volatile unsigned int i = (*seed >> 16) % most; i; i--)
		;
}

static void *other_thread(void *arg)
{
	unsigned int seed = 1, seen = 0;

	(void)arg;
	for (;;) {
		while (atomic_load(&begun) == seen && !atomic_load(&over))
			;
		if (atomic_load(&over))
			return NULL;
		seen++;
		dawdle(&seed, 60000);
		*(volatile char *)atomic_load(&victim) = 1;
		atomic_store(&ended, seen);
	}
}

static void race_begins(char *page)
{
	atomic_store(&victim, page);
	atomic_fetch_add(&begun, 1);
}

static void race_ended(void)
{
	while (atomic_load(&ended) != atomic_load(&begun))
		;
}

/* How [start, start + @pages) is cut into areas, as expect_layout() spells it. */
static void layout_of(const char *start, size_t pages, char *text)
{
	const char *end = start + pages * PAGE;
	struct prog_area area;

	for (*text = '\0'; start < end; start = (const char *)area.end) {
		unsigned long to;

		if (!area_at(start, &area))
			die("no area");
		to = area.end < (unsigned long)end ? area.end : (unsigned long)end;
		text += sprintf(text, "%s%s:%lu", *text || start > at ? " " : "", area.perms,
				(to - (unsigned long)start) / PAGE);
	}
}

static void one_of(size_t pages, const char *first, const char *second, const char *what)
{
	char text[200];

	layout_of(at, pages, text);
	if (strcmp(text, first) == 0)
		order[0]++;
	else if (strcmp(text, second) == 0)
		order[1]++;
	else if (!third || strcmp(text, third) != 0)
		expect(false, "%s: \"%s\" is neither \"%s\" nor \"%s\"", what, text, first, second);
}

static void race(void (*round)(unsigned int *seed))
{
	unsigned int seed = 7;
	pthread_t thread;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		skip("one processor: nothing runs at the same time");
	if (pthread_create(&thread, NULL, other_thread, NULL))
		die("pthread_create");
	for (int i = 0; i < ROUNDS; i++) {
		at = pool(5);
		round(&seed);
		if (sys_munmap(at - PAGE, 7 * PAGE))
			die("munmap");
	}
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	printf("first %u, second %u\n", order[0], order[1]);
}

/* Written first, the page below has an anon_vma of its own, and the three cannot be one. */
static void round_mmap(unsigned int *seed)
{
	map_at(at, 1, RW);
	touch(map_at(at + 2 * PAGE, 1, RW));
	race_begins(at);
	dawdle(seed, 20000);
	map_at(at + PAGE, 1, RW);
	race_ended();
	one_of(3, "rw-p:3", "rw-p:2 rw-p:1", "a fault beside mmap");
}

/* Cut first, the halves get an anon_vma each.  It is seen when what lies between comes back. */
static void round_munmap(unsigned int *seed)
{
	map_at(at, 3, RW);
	race_begins(at);
	dawdle(seed, 20000);
	if (sys_munmap(at + PAGE, PAGE))
		die("munmap");
	race_ended();
	touch(at + 2 * PAGE);
	map_at(at + PAGE, 1, RW);
	one_of(3, "rw-p:2 rw-p:1", "rw-p:3", "a fault beside munmap");
}

/* The same with mprotect, which cuts, and is taken back. */
static void round_mprotect(unsigned int *seed)
{
	map_at(at, 4, RW);
	race_begins(at + PAGE);
	dawdle(seed, 20000);
	if (sys_mprotect(at + 2 * PAGE, 2 * PAGE, PROT_READ))
		die("mprotect");
	race_ended();
	if (sys_mprotect(at + 3 * PAGE, PAGE, RW))
		die("mprotect");
	touch(at + 3 * PAGE);
	if (sys_mprotect(at + 2 * PAGE, PAGE, RW))
		die("mprotect");
	one_of(4, "rw-p:3 rw-p:1", "rw-p:4", "a fault beside mprotect");
}

/*
 * Three areas that may share an anon_vma and differ in what they allow.  The first has one.  If the
 * second is written next it takes that, and the third takes it from there; if the third is written
 * before the second it has one of its own, which the second takes.  If both look for one at once,
 * each takes what there was before.
 */
static void round_faults(unsigned int *seed)
{
	touch(map_at(at, 1, RW));
	map_at(at + PAGE, 1, RW | PROT_EXEC);
	map_at(at + 2 * PAGE, 1, RW);
	race_begins(at + 2 * PAGE);
	dawdle(seed, 60000);
	touch(at + PAGE);
	race_ended();
	if (sys_mprotect(at + PAGE, PAGE, RW))
		die("mprotect");
	third = "rw-p:2 rw-p:1";
	one_of(3, "rw-p:3", "rw-p:1 rw-p:2", "two faults");
}

static void fault_beside_mmap(void) { race(round_mmap); }
static void fault_beside_munmap(void) { race(round_munmap); }
static void fault_beside_mprotect(void) { race(round_mprotect); }
static void fault_beside_fault(void) { race(round_faults); }

/* ---- the storm ---- */

#define STORM_PAGES 24
#define STORM_THREADS 3

static int zero;
static unsigned long storm_steps;

static unsigned int below(unsigned int *seed, unsigned int bound)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % bound;
}

/* A write by the kernel on our behalf: where nothing is mapped it fails, and that is all. */
static void write_somewhere(unsigned int *seed)
{
	ssize_t n = read(zero, at + below(seed, STORM_PAGES) * PAGE, 8);

	(void)n;
}

static void *storm_thread(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	for (unsigned long i = 0; i < storm_steps; i++) {
		size_t page = below(&seed, STORM_PAGES), pages = 1 + below(&seed, 5);
		char *addr = at + page * PAGE;

		if (page + pages > STORM_PAGES)
			pages = STORM_PAGES - page;
		switch (below(&seed, 8)) {
		case 0:
			sys_munmap(addr, pages * PAGE);
			break;
		case 1:
			sys_mprotect(addr, pages * PAGE, below(&seed, 3) ? RW : PROT_READ);
			break;
		case 2:
		case 3:
			sys_mmap(addr, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				 -1, 0);
			break;
		default:
			write_somewhere(&seed);
			break;
		}
	}
	return NULL;
}

static void storm(unsigned int seed)
{
	pthread_t thread[STORM_THREADS];

	at = pool(STORM_PAGES);
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	for (unsigned int i = 0; i < STORM_THREADS; i++)
		if (pthread_create(&thread[i], NULL, storm_thread,
				   (void *)(uintptr_t)(seed * STORM_THREADS + i + 1)))
			die("pthread_create");
	for (unsigned int i = 0; i < STORM_THREADS; i++)
		pthread_join(thread[i], NULL);
}

static const struct prog_case cases[] = {
	{ "fault_beside_mmap", fault_beside_mmap },
	{ "fault_beside_munmap", fault_beside_munmap },
	{ "fault_beside_mprotect", fault_beside_mprotect },
	{ "fault_beside_fault", fault_beside_fault },
};

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "storm") == 0) {
		storm_steps = strtoul(argv[3], NULL, 0);
		storm((unsigned int)strtoul(argv[2], NULL, 0));
		return 0;
	}
	return prog_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
