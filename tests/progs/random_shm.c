/*
 * random_shm.c - System V shared memory at random, among anonymous memory, in a small pool.
 *
 *	random_shm SEED CALLS
 *
 * Makes, attaches, detaches and removes segments, cuts and protects what is attached, and forks now
 * and then; the children do the same for a while.  The same seed makes the same calls.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shm_area.h"
#include "random.h"

#define POOL_PAGES 48
#define SEGMENTS 5
#define LONGEST 6			/* pages of a segment */
#define CALLS_OF_A_CHILD 30

#define RW (PROT_READ | PROT_WRITE)

struct random_state {
	uint64_t seed;
	char *at;			/* the pool */
	long id[SEGMENTS];		/* -1: none; inherited ones are the parent's to remove */
	bool child;
	unsigned long calls, refused, forks;
};

/* xorshift */
static uint64_t random_below(struct random_state *state, uint64_t bound)
{
	return random_number(&state->seed, bound);
}

static void count(struct random_state *state, long result)
{
	state->calls++;
	state->refused += result < 0;
}

static char *random_page(struct random_state *state)
{
	return state->at + random_below(state, POOL_PAGES) * PAGE;
}

static void make(struct random_state *state)
{
	static const int modes[] = { 0600, 0600, 0600, 0400, 0600 | SHM_NORESERVE };
	size_t i = random_below(state, SEGMENTS);
	size_t bytes = 1 + random_below(state, LONGEST * PAGE);

	if (state->child || state->id[i] >= 0)
		return;
	state->id[i] = sys_shmget(IPC_PRIVATE, bytes, modes[random_below(state, 5)]);
	count(state, state->id[i]);
}

static void discard(struct random_state *state)
{
	size_t i = random_below(state, SEGMENTS);

	if (state->child || state->id[i] < 0)
		return;
	count(state, sys_shmctl(state->id[i], IPC_RMID, NULL));
	/* What is attached yet may be attached again for a while. */
	if (random_below(state, 2))
		state->id[i] = -1;
	else if (attachments(state->id[i]) == (unsigned long)-1)
		state->id[i] = -1;
}

static void attach(struct random_state *state)
{
	static const int flags[] = {
		0, 0, SHM_REMAP, SHM_REMAP, SHM_REMAP, SHM_RDONLY, SHM_RND, SHM_REMAP | SHM_RDONLY,
	};
	/* Not past the pool's end, with the largest segment. */
	char *page = state->at + random_below(state, POOL_PAGES - LONGEST) * PAGE +
		     (random_below(state, 8) == 0 ? 7 : 0);
	long id = state->id[random_below(state, SEGMENTS)];

	count(state, sys_shmat(id, page, flags[random_below(state, 8)]));
}

static void attach_anywhere(struct random_state *state)
{
	long at = sys_shmat(state->id[random_below(state, SEGMENTS)], NULL, 0);

	count(state, at);
	if (at >= 0)
		count(state, sys_shmdt((char *)at));
}

static void detach(struct random_state *state)
{
	count(state, sys_shmdt(random_page(state)));
}

/* The pages of one call, not past the pool's end. */
static size_t random_len(struct random_state *state, const char *page)
{
	size_t len = (1 + random_below(state, 5)) * PAGE;
	size_t room = (size_t)(state->at + POOL_PAGES * PAGE - page);

	return len < room ? len : room;
}

static void other_call(struct random_state *state)
{
	char *page = random_page(state);
	size_t len = random_len(state, page);

	switch (random_below(state, 4)) {
	case 0:
		count(state, sys_munmap(page, len));
		break;
	case 1:
		count(state, sys_mmap(page, len, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
				      0));
		break;
	default:
		count(state, sys_mprotect(page, len, random_below(state, 2) ? PROT_READ : RW));
		break;
	}
}

static void access_page(struct random_state *state)
{
	char *page = random_page(state);
	struct prog_area area;

	if (area_at(page, &area) && area.perms[1] == 'w')
		touch(page);
}

static void some_call(struct random_state *state)
{
	uint64_t choice = random_below(state, 100);

	if (choice < 10)
		make(state);
	else if (choice < 15)
		discard(state);
	else if (choice < 45)
		attach(state);
	else if (choice < 50)
		attach_anywhere(state);
	else if (choice < 65)
		detach(state);
	else
		other_call(state);
	access_page(state);
}

static void child(void *arg)
{
	struct random_state *state = arg;

	state->child = true;
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
	for (size_t i = 0; i < SEGMENTS; i++)
		state.id[i] = -1;
	state.id[0] = new_segment(3, 0600);
	state.at = pool(POOL_PAGES);
	while (state.calls < wanted) {
		if (random_below(&state, 150) == 0)
			fork_one(&state);
		else
			some_call(&state);
	}
	for (size_t i = 0; i < SEGMENTS; i++)
		if (state.id[i] >= 0)
			sys_shmctl(state.id[i], IPC_RMID, NULL);
	printf("calls %lu refused %lu forks %lu\n", state.calls, state.refused, state.forks);
	return 0;
}
