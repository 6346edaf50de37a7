/*
 * random_mremap.c - mremap at random, among other memory calls, in a small pool of addresses.
 *
 *	random_mremap SEED CALLS [THREADS]
 *
 * Every form of mremap, of anonymous memory, shared memory and files, written, read and untouched;
 * the children do the same for a while.  The same seed makes the same calls, addresses apart.
 * Threads, which do not fork, have a pool each.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prog.h"
#include "random.h"

#define POOL_PAGES 64
#define LONGEST 8			/* pages in one call */
#define CALLS_OF_A_CHILD 60
#define MOST_THREADS 8
#define MOST_ELSEWHERE 24		/* areas that the kernel placed, before they are unmapped */

#define RW (PROT_READ | PROT_WRITE)

struct random_state {
	uint64_t seed;
	char *at;			/* the pool */
	int file, zero;
	struct {
		char *addr;
		size_t len;
	} elsewhere[MOST_ELSEWHERE];
	size_t nr_elsewhere;
	unsigned long wanted, calls, refused, moved, forks;
};

/* Looking at areas has a buffer that is everybody's. */
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;

static bool area_now_at(const void *addr, struct prog_area *area)
{
	bool found;

	pthread_mutex_lock(&looking);
	found = area_at(addr, area);
	pthread_mutex_unlock(&looking);
	return found;
}

/* xorshift */
static uint64_t below(struct random_state *state, uint64_t bound)
{
	return random_number(&state->seed, bound);
}

static bool one_in(struct random_state *state, uint64_t n)
{
	return below(state, n) == 0;
}

static int random_prot(struct random_state *state)
{
	static const int prots[] = { RW, RW, RW, RW, PROT_READ, PROT_READ, PROT_NONE };

	return prots[below(state, sizeof(prots) / sizeof(prots[0]))];
}

static size_t random_pages(struct random_state *state)
{
	return 1 + below(state, LONGEST);
}

static char *random_page(struct random_state *state)
{
	return state->at + below(state, POOL_PAGES - LONGEST) * PAGE;
}

/* Where an area begins or ends, half of the time. */
static char *random_place(struct random_state *state)
{
	char *addr = random_page(state);
	struct prog_area area;

	if (one_in(state, 2) || !area_now_at(addr, &area) ||
	    area.start < (unsigned long)state->at ||
	    area.end > (unsigned long)state->at + (POOL_PAGES - LONGEST) * PAGE)
		return addr;
	return (char *)(one_in(state, 2) ? area.start : area.end);
}

static void map(struct random_state *state)
{
	static const int extra[] = { 0, 0, 0, 0, 0, 0, 0, MAP_NORESERVE, MAP_STACK, MAP_GROWSDOWN,
				     MAP_LOCKED, MAP_POPULATE };
	int flags = MAP_FIXED | extra[below(state, sizeof(extra) / sizeof(extra[0]))], fd = -1;
	char *addr = random_place(state);
	int prot = random_prot(state);
	size_t pages = random_pages(state);

	switch (below(state, 8)) {
	case 0:
		flags |= MAP_SHARED | MAP_ANONYMOUS;
		break;
	case 1:
		flags |= one_in(state, 2) ? MAP_SHARED : MAP_PRIVATE;
		fd = state->file;
		break;
	case 2:
		flags |= MAP_PRIVATE;
		fd = one_in(state, 2) ? state->zero : state->file;
		break;
	default:
		flags |= MAP_PRIVATE | MAP_ANONYMOUS;
		break;
	}
	if (fd >= 0)
		flags &= ~MAP_GROWSDOWN;
	state->refused += sys_mmap(addr, pages * PAGE, prot, flags, fd,
				   (uint64_t)(addr - state->at)) < 0;
}

static void note_elsewhere(struct random_state *state, char *addr, size_t len)
{
	if (addr >= state->at - PAGE && addr < state->at + (POOL_PAGES + 1) * PAGE)
		return;
	if (state->nr_elsewhere == MOST_ELSEWHERE) {
		while (state->nr_elsewhere) {
			state->nr_elsewhere--;
			sys_munmap(state->elsewhere[state->nr_elsewhere].addr,
				   state->elsewhere[state->nr_elsewhere].len);
			state->calls++;
		}
	}
	state->elsewhere[state->nr_elsewhere].addr = addr;
	state->elsewhere[state->nr_elsewhere].len = len;
	state->nr_elsewhere++;
}

static int random_flags(struct random_state *state)
{
	switch (below(state, 10)) {
	case 0:
		return 0;
	case 1: case 2:
		return MREMAP_MAYMOVE;
	case 3:
		return MREMAP_MAYMOVE | MREMAP_DONTUNMAP;
	case 4:
		return MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
	default:
		return MREMAP_MAYMOVE | MREMAP_FIXED;
	}
}

/* Of what was moved out of the pool, back into it or further. */
static void remap_elsewhere(struct random_state *state)
{
	size_t i = below(state, state->nr_elsewhere);
	char *addr = state->elsewhere[i].addr;
	size_t len = state->elsewhere[i].len;
	long result;

	state->elsewhere[i] = state->elsewhere[--state->nr_elsewhere];
	if (len > LONGEST * PAGE) {
		sys_munmap(addr, len);
		return;
	}
	result = sys_mremap(addr, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, random_place(state));
	state->refused += result < 0;
	state->moved += result > 0;
	if (result < 0)
		sys_munmap(addr, len);
}

static void remap(struct random_state *state)
{
	size_t old = random_pages(state), new = one_in(state, 2) ? old : random_pages(state);
	char *addr = random_place(state), *to = random_place(state);
	int flags = random_flags(state);
	struct prog_area area;
	long result;

	if (one_in(state, 3) && area_now_at(addr, &area) &&
	    area.end - (unsigned long)addr <= LONGEST * PAGE)
		old = (area.end - (unsigned long)addr) / PAGE;
	if (one_in(state, 20))
		old = 0;
	if (one_in(state, 20))
		new = HUGE / PAGE;
	if ((flags & MREMAP_DONTUNMAP) && !one_in(state, 8))
		new = old;
	if (new > LONGEST && (flags & MREMAP_FIXED))
		new = old;
	if (new > LONGEST && !(flags & MREMAP_MAYMOVE))
		new = LONGEST;
	/* Such moves cost the machine a bit of what it can promise: a few of them are enough. */
	if (new < old && (flags & MREMAP_FIXED) && !one_in(state, 8))
		new = old;
	if (!(flags & MREMAP_FIXED) && one_in(state, 2))
		to = NULL;
	result = sys_mremap(addr, old * PAGE, new * PAGE, flags, to);
	state->refused += result < 0;
	if (result > 0 && result != (long)addr) {
		state->moved++;
		note_elsewhere(state, (char *)result, new * PAGE);
	}
}

static void access_page(struct random_state *state)
{
	char *addr = random_page(state);
	struct prog_area area;

	/* Every page of the file is there; shared memory ends where it was made to. */
	if (!area_now_at(addr, &area) || strstr(area.name, "/dev/zero (deleted)"))
		return;
	if (area.perms[1] == 'w' && !one_in(state, 4))
		touch(addr);
	else if (area.perms[0] == 'r')
		look(addr);
}

static void some_call(struct random_state *state)
{
	uint64_t choice = below(state, 100);

	state->calls++;
	if (choice < 25)
		map(state);
	else if (choice < 75)
		remap(state);
	else if (choice < 80 && state->nr_elsewhere)
		remap_elsewhere(state);
	else if (choice < 92)
		state->refused += sys_mprotect(random_place(state), random_pages(state) * PAGE,
					       random_prot(state)) < 0;
	else
		sys_munmap(random_place(state), random_pages(state) * PAGE);
	for (uint64_t n = below(state, 3); n > 0; n--)
		access_page(state);
}

static void child(void *arg)
{
	struct random_state *state = arg;

	for (state->calls = 0; state->calls < CALLS_OF_A_CHILD;)
		some_call(state);
}

static void fork_one(struct random_state *state)
{
	random_child(&state->seed, child, state);
	state->calls++;
	state->forks++;
}

static void *thread(void *arg)
{
	struct random_state *state = arg;

	while (state->calls < state->wanted)
		some_call(state);
	return NULL;
}

static void run_threads(const struct random_state *like, size_t nr)
{
	static struct random_state states[MOST_THREADS];
	pthread_t threads[MOST_THREADS];

	for (size_t i = 0; i < nr; i++) {
		states[i] = *like;
		states[i].seed += i * 0x9e3779b97f4a7c15;
		states[i].at = pool(POOL_PAGES);
	}
	for (size_t i = 0; i < nr; i++)
		if (pthread_create(&threads[i], NULL, thread, &states[i]))
			die("pthread_create");
	for (size_t i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
	static struct random_state state;
	size_t nr = argc == 4 ? strtoul(argv[3], NULL, 0) : 0;

	if (argc < 3 || argc > 4 || nr > MOST_THREADS) {
		fprintf(stderr, "usage: %s SEED CALLS [THREADS]\n", argv[0]);
		return 2;
	}
	state.seed = strtoull(argv[1], NULL, 0) * 0x9e3779b97f4a7c15 + 1;
	state.wanted = strtoul(argv[2], NULL, 0);
	/* Longer than any area of it gets. */
	state.file = scratch_file(8 * HUGE / PAGE);
	state.zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	if (state.zero < 0)
		die("/dev/zero");
	if (nr) {
		run_threads(&state, nr);
		return 0;
	}
	state.at = pool(POOL_PAGES);
	while (state.calls < state.wanted) {
		if (one_in(&state, 150))
			fork_one(&state);
		else
			some_call(&state);
	}
	dprintf(STDOUT_FILENO, "calls %lu refused %lu moved %lu forks %lu\n", state.calls,
		state.refused, state.moved, state.forks);
	return 0;
}
