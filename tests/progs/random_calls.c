/*
 * random_calls.c - memory calls at random in a small pool of addresses.
 *
 *	random_calls SEED CALLS
 *
 * Maps, protects, writes to, unmaps, moves the break and forks now and then; the children do the
 * same for a while.  The same seed makes the same calls (addresses apart).  At the end it prints
 * how many splits and merges the kernel made, as seen in /proc/self/maps around each call.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prog.h"
#include "random.h"

#define POOL_PAGES 96
#define LONGEST 9			/* pages in one call */
#define NR_ELSEWHERE 16
#define CALLS_OF_A_CHILD 40

#define RW (PROT_READ | PROT_WRITE)

struct random_state {
	uint64_t seed;
	char *at;			/* the pool */
	char *brk;			/* where the break stood at first, rounded up */
	int file, other_file;		/* POOL_PAGES long */
	struct {
		char *addr;
		size_t len;
	} elsewhere[NR_ELSEWHERE];	/* mapped where the kernel liked */
	bool joined[POOL_PAGES + 1];	/* before the call, see look_at_pool() */
	unsigned long calls, refused, forks, splits, merges;
};

/* xorshift */
static uint64_t random_below(struct random_state *state, uint64_t bound)
{
	return random_number(&state->seed, bound);
}

static int random_prot(struct random_state *state)
{
	static const int prots[] = {
		RW, RW, RW, RW, RW, PROT_READ, PROT_READ, PROT_READ, PROT_NONE,
		RW | PROT_EXEC,
	};

	return prots[random_below(state, sizeof(prots) / sizeof(prots[0]))];
}

/* joined[n]: page n of the pool and the page before it are in one area. */
struct pool_view {
	const char *at;
	bool *joined;			/* POOL_PAGES + 1 */
};

static bool view_each(void *ctx, const struct prog_area *area)
{
	const struct pool_view *view = ctx;
	const char *end = view->at + POOL_PAGES * PAGE;
	const char *addr = (const char *)area->start + PAGE;

	if (addr < view->at)
		addr = view->at;
	for (; addr < (const char *)area->end && addr <= end; addr += PAGE)
		view->joined[(size_t)(addr - view->at) / PAGE] = true;
	return (const char *)area->end <= end;
}

static void look_at_pool(const struct random_state *state, bool *joined)
{
	struct pool_view view = { .at = state->at, .joined = joined };

	memset(joined, 0, (POOL_PAGES + 1) * sizeof(*joined));
	for_each_area(view_each, &view);
}

struct range {
	size_t page, pages;
	char *start;
	size_t len;
};

static struct range random_range(struct random_state *state)
{
	struct range range;

	range.page = random_below(state, POOL_PAGES);
	range.pages = 1 + random_below(state, LONGEST);
	if (range.page + range.pages > POOL_PAGES)
		range.pages = POOL_PAGES - range.page;
	range.start = state->at + range.page * PAGE;
	range.len = range.pages * PAGE;
	look_at_pool(state, state->joined);
	return range;
}

/*
 * After a call on @range.  A split: a page and the one before it were in one area, now they are
 * not.  A merge: they were not, now they are.  Inside a range that was mapped or unmapped as a
 * whole pages come and go together, which is neither: there only the edges are looked at.
 */
static void count_changes(struct random_state *state, const struct range *range, bool whole)
{
	bool after[POOL_PAGES + 1];

	look_at_pool(state, after);
	for (size_t page = 0; page <= POOL_PAGES; page++) {
		if (whole && page > range->page && page < range->page + range->pages)
			continue;
		state->splits += state->joined[page] && !after[page];
		state->merges += !state->joined[page] && after[page];
	}
}

static void map(struct random_state *state, int prot, int flags, int fd)
{
	struct range range = random_range(state);
	long result = sys_mmap(range.start, range.len, prot, flags, fd, range.page * PAGE);

	state->calls++;
	if (result == (long)range.start)
		count_changes(state, &range, true);
	else if (result > 0 && sys_munmap((char *)result, range.len) == 0)
		state->calls++;		/* a hint that was not free */
	else
		state->refused++;
}

static void map_anonymous(struct random_state *state)
{
	static const int extra[] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, MAP_NORESERVE, MAP_STACK, MAP_GROWSDOWN,
		MAP_POPULATE,
	};
	size_t kind = random_below(state, sizeof(extra) / sizeof(extra[0]));
	static const int fixed[] = { MAP_FIXED, MAP_FIXED, MAP_FIXED_NOREPLACE, 0 };

	map(state, random_prot(state), MAP_PRIVATE | MAP_ANONYMOUS | extra[kind] |
	    fixed[random_below(state, 4)], -1);
}

static void map_file(struct random_state *state)
{
	int type = random_below(state, 2) ? MAP_PRIVATE : MAP_SHARED;
	int fixed = random_below(state, 2) ? MAP_FIXED : 0;

	map(state, random_prot(state) & ~PROT_EXEC, type | fixed,
	    random_below(state, 4) ? state->file : state->other_file);
}

static void protect(struct random_state *state)
{
	struct range range = random_range(state);
	long result = sys_mprotect(range.start, range.len, random_prot(state));

	state->calls++;
	if (result)
		state->refused++;
	count_changes(state, &range, false);	/* also after a refusal: half of it was done */
}

static void unmap(struct random_state *state)
{
	struct range range = random_range(state);
	long result = sys_munmap(range.start, range.len);

	state->calls++;
	if (result)
		state->refused++;
	else
		count_changes(state, &range, true);
}

static void access_page(struct random_state *state)
{
	char *addr = state->at + random_below(state, POOL_PAGES) * PAGE;
	struct prog_area area;

	if (!area_at(addr, &area))
		return;
	if (area.perms[1] == 'w')
		touch(addr);
	else if (area.perms[0] == 'r')
		look(addr);
}

static void elsewhere(struct random_state *state)
{
	size_t i = random_below(state, NR_ELSEWHERE);
	size_t pages = 1 + random_below(state, 40);
	long result;

	if (state->elsewhere[i].addr) {
		sys_munmap(state->elsewhere[i].addr, state->elsewhere[i].len);
		state->elsewhere[i].addr = NULL;
		state->calls++;
		return;
	}
	if (random_below(state, 8) == 0)
		pages = HUGE / PAGE + random_below(state, 2);
	result = sys_mmap(NULL, pages * PAGE, random_prot(state), MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	state->calls++;
	if (result < 0) {
		state->refused++;
		return;
	}
	state->elsewhere[i].addr = (char *)result;
	state->elsewhere[i].len = pages * PAGE;
}

static void move_break(struct random_state *state)
{
	sys_brk(state->brk + random_below(state, 16 * PAGE));
	state->calls++;
}

static void some_call(struct random_state *state)
{
	uint64_t choice = random_below(state, 100);

	if (choice < 30)
		map_anonymous(state);
	else if (choice < 62)
		protect(state);
	else if (choice < 71)
		unmap(state);
	else if (choice < 80)
		map_file(state);
	else if (choice < 85)
		elsewhere(state);
	else if (choice < 88)
		move_break(state);
	for (uint64_t n = random_below(state, 4); n > 0; n--)
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
	state.file = scratch_file(POOL_PAGES);
	state.other_file = memfd_create("random_calls", MFD_CLOEXEC);
	if (state.other_file < 0 || ftruncate(state.other_file, POOL_PAGES * PAGE))
		die("memfd");
	state.brk = (char *)(((uintptr_t)sys_brk(NULL) + PAGE - 1) & ~(PAGE - 1));
	state.at = pool(POOL_PAGES);
	while (state.calls < wanted) {
		if (random_below(&state, 200) == 0)
			fork_one(&state);
		else
			some_call(&state);
	}
	/* Not through stdio: the break that it relies on has moved about. */
	dprintf(STDOUT_FILENO, "calls %lu refused %lu forks %lu merges %lu splits %lu\n",
		state.calls, state.refused, state.forks, state.merges, state.splits);
	return 0;
}
