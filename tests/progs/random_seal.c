/*
 * random_seal.c - mseal, remap_file_pages, msync, mincore, io_setup, personality and PR_SET_MM at
 * random among mmap, mprotect, munmap, brk, writes and forks.
 *
 *	random_seal SEED CALLS
 *
 * What is sealed stays: every now and then a new pool is taken.  The same seed makes the same calls
 * (addresses apart).
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/personality.h>

#include "process.h"
#include "random.h"

#define SYS_MSEAL 462			/* 6.10 */
#define POOL_PAGES 64
#define LONGEST 9			/* pages in one call */
#define FILE_PAGES (POOL_PAGES + LONGEST)
#define CALLS_OF_A_POOL 250
#define CALLS_OF_A_CHILD 40
#define NR_RINGS 4

#define RW (PROT_READ | PROT_WRITE)

struct random_state {
	uint64_t seed;
	char *at;			/* the pool */
	int file, memfd;		/* FILE_PAGES long */
	struct mm_map map;
	unsigned long ring[NR_RINGS];
	unsigned long calls, refused, sealed, remapped, forks;
};

/* xorshift */
static uint64_t below(struct random_state *state, uint64_t bound)
{
	return random_number(&state->seed, bound);
}

struct range {
	char *start;
	size_t len;
};

static struct range some_range(struct random_state *state)
{
	size_t page = below(state, POOL_PAGES), pages = 1 + below(state, LONGEST);

	if (page + pages > POOL_PAGES)
		pages = POOL_PAGES - page;
	return (struct range){ state->at + page * PAGE, pages * PAGE };
}

static bool count(struct random_state *state, long result)
{
	bool refused = result < 0 && result > -4096;

	state->calls++;
	state->refused += refused;
	return !refused;
}

static int some_prot(struct random_state *state)
{
	static const int prots[] = { RW, RW, RW, RW, PROT_READ, PROT_READ, PROT_NONE,
				     RW | PROT_EXEC };

	return prots[below(state, 8)];
}

static void map(struct random_state *state)
{
	static const int kinds[] = {
		MAP_PRIVATE | MAP_ANONYMOUS, MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, MAP_SHARED | MAP_ANONYMOUS,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, MAP_PRIVATE, MAP_SHARED, MAP_SHARED,
	};
	struct range range = some_range(state);
	int kind = kinds[below(state, 8)];
	int fd = kind & MAP_ANONYMOUS ? -1 : below(state, 2) ? state->file : state->memfd;

	count(state, sys_mmap(range.start, range.len, some_prot(state),
			      kind | (below(state, 4) ? MAP_FIXED : MAP_FIXED_NOREPLACE), fd,
			      (size_t)(range.start - state->at)));
}

static void seal(struct random_state *state)
{
	struct range range = some_range(state);

	if (count(state, bare(syscall(SYS_MSEAL, range.start, range.len, 0UL))))
		state->sealed++;
}

/* Most of what is mapped is not shared: look for a place that is. */
static struct range shared_range(struct random_state *state)
{
	struct range range = { state->at, PAGE };

	for (int i = 0; i < 8; i++) {
		struct prog_area area;

		range = some_range(state);
		if (!area_at(range.start, &area) || area.perms[3] != 's')
			continue;
		if (below(state, 4) && range.len > area.end - (unsigned long)range.start)
			range.len = area.end - (unsigned long)range.start;
		break;
	}
	return range;
}

static void remap(struct random_state *state)
{
	struct range range = shared_range(state);
	uint64_t pgoff = below(state, 3) ? (uint64_t)(range.start - state->at) / PAGE
					 : below(state, POOL_PAGES);

	if (count(state, bare(syscall(SYS_remap_file_pages, range.start, range.len, 0UL, pgoff,
				      0UL))))
		state->remapped++;
}

static void sync_some(struct random_state *state)
{
	struct range range = some_range(state);

	count(state, bare(syscall(SYS_msync, range.start, range.len, below(state, 8))));
}

static void look_in_core(struct random_state *state)
{
	struct range range = some_range(state);
	char *vec = state->at + below(state, POOL_PAGES * PAGE - LONGEST);

	count(state, bare(syscall(SYS_mincore, range.start, range.len, vec)));
}

static void ring(struct random_state *state)
{
	size_t i = below(state, NR_RINGS);

	if (state->ring[i]) {
		count(state, io_destroy(state->ring[i]));
		state->ring[i] = 0;
	} else {
		count(state, io_setup(1 + (unsigned int)below(state, 300), &state->ring[i]));
	}
}

/* The heap is somewhere in the pool from now on. */
static void move_heap(struct random_state *state)
{
	unsigned long brk = (unsigned long)state->at + below(state, POOL_PAGES * PAGE);

	state->map.start_brk = brk;
	state->map.brk = brk + below(state, 3 * PAGE);
	count(state, set_map(&state->map));
}

static void move_break(struct random_state *state)
{
	sys_brk(state->at + below(state, POOL_PAGES * PAGE));
	state->calls++;
}

static void change_personality(struct random_state *state)
{
	personality(below(state, 3) ? 0 : READ_IMPLIES_EXEC);
	state->calls++;
}

static void access_page(struct random_state *state)
{
	char *addr = state->at + below(state, POOL_PAGES) * PAGE;
	struct prog_area area;

	/*
	 * What a ring holds is the kernel's: it finds the context by it.  And what
	 * remap_file_pages left of shared anonymous memory may lie beyond its end.
	 */
	if (!area_at(addr, &area) || strstr(area.name, "[aio]") || strstr(area.name, "/dev/zero"))
		return;
	if (area.perms[1] == 'w')
		touch(addr);
	else if (area.perms[0] == 'r')
		look(addr);
}

static void some_call(struct random_state *state)
{
	uint64_t choice = below(state, 100);
	struct range range;

	if (choice < 30) {
		map(state);
	} else if (choice < 48) {
		range = some_range(state);
		count(state, sys_mprotect(range.start, range.len, some_prot(state)));
	} else if (choice < 55) {
		range = some_range(state);
		count(state, sys_munmap(range.start, range.len));
	} else if (choice < 62) {
		seal(state);
	} else if (choice < 74) {
		remap(state);
	} else if (choice < 78) {
		sync_some(state);
	} else if (choice < 85) {
		look_in_core(state);
	} else if (choice < 89) {
		ring(state);
	} else if (choice < 91) {
		move_heap(state);
	} else if (choice < 97) {
		move_break(state);
	} else {
		change_personality(state);
	}
	for (uint64_t n = below(state, 4); n > 0; n--)
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

int main(int argc, char **argv)
{
	static struct random_state state;
	unsigned long wanted;

	random_arguments(argc, argv, &state.seed, &wanted);
	state.file = scratch_file(FILE_PAGES);
	state.memfd = memfd_create("random_seal", MFD_CLOEXEC);
	if (state.memfd < 0 || ftruncate(state.memfd, FILE_PAGES * PAGE))
		die("memfd");
	state.map = present_map();
	for (unsigned long next = 0; state.calls < wanted;) {
		if (state.calls >= next) {
			state.at = pool(POOL_PAGES);
			next = state.calls + CALLS_OF_A_POOL;
		}
		if (below(&state, 150) == 0)
			fork_one(&state);
		else
			some_call(&state);
	}
	/* Not through stdio: the break that it relies on has moved about. */
	dprintf(STDOUT_FILENO, "calls %lu refused %lu forks %lu sealed %lu remapped %lu\n",
		state.calls, state.refused, state.forks, state.sealed, state.remapped);
	return 0;
}
