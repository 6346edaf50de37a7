/*
 * small.h - small worlds: every state of an address space of a few pages, every call from each.
 *
 * Theory
 * ------
 * A small world is a user space of so few pages that "all calls" is a list (small_calls.c): each
 * range to map, unmap, protect, lock, advise and move, each page to write, and fork.  With A calls
 * there are A^n sequences of n, and four calls on six pages are too many to be played one by one.
 * But most of them meet: what a call does depends on the state that it finds, not on the way there.
 * So states are explored instead of sequences, breadth first: from each state that fewer than n
 * calls lead to, each of the A calls is made once, by the library and by the naive model, and the
 * answers and all that can be seen after are compared.
 *
 * When is that as good as playing all sequences?  If the library's state is a function of the key
 * by which states are told apart (small_states.c).  The key is the state of the naive model, whole:
 * of every page its area's bounds, flags, offset, file and its size, anon_vma and whether that came
 * through fork, and the counters that no area explains.  It is exact, not a hash.  Two things are
 * left out, each a symmetry:
 *
 *	1. the names of anon_vmas and of shared memory: both sides ask only which are the same, so
 *	   they are numbered in the order of the pages;
 *	2. what the library keeps that no call asks about (the shape of its trees, caches,
 *	   reserves): its validator walks it after every call, and a wrong answer would show.
 *
 * That the library arrives in the same state on every way is itself tested where all sequences
 * can be played: test_small_worlds.c plays them in a smaller world, finds each in a state that the
 * reduced run knows, as often as the reduced run says, and shows that both find what is broken.
 */
#ifndef TESTS_SMALL_H
#define TESTS_SMALL_H

#include "twin.h"

#define SMALL_PAGES 7			/* at most */
#define SMALL_DEPTH 6
#define SMALL_BASE 1			/* the lowest page number */

/* ---- the calls ------------------------------------------------------------------------------ */

/* What the calls are taken from, or-ed. */
enum small_theme {
	SMALL_PRIVATE = 1,		/* private memory; munmap, mprotect, a page written */
	SMALL_NORESERVE = 2,		/* the same, not reserved */
	SMALL_SHARED = 4,		/* shared anonymous memory */
	SMALL_FILE = 8,			/* one file, private, at two offsets */
	SMALL_SEARCH = 16,		/* mappings that look for a place, with hints and without */
	SMALL_RESIZE = 32,		/* mremap in place, or to where there is room */
	SMALL_MOVE = 64,		/* mremap to a place */
	SMALL_KEEP = 128,	/* mremap that leaves the old area, to a place and to a hint */
	SMALL_ADVISE = 256,		/* madvise that changes areas */
	SMALL_LOCK = 512,		/* mlock and munlock */
	SMALL_FORK = 1024,		/* go on as the child */
	SMALL_ALL = 2047,
};

struct small_calls {
	struct twin_op *op;		/* owned: small_calls_free() */
	size_t nr, room;
};

/* All calls of these themes in a world of @pages pages, each once. */
void small_calls_list(struct small_calls *calls, uint64_t pages, unsigned int themes);
void small_calls_free(struct small_calls *calls);

/* ---- the states ----------------------------------------------------------------------------- */

struct small_key {
	uint32_t page[SMALL_PAGES];	/* see small_states.c */
	uint16_t lost_locks, lost_charge;
};

struct small_state {
	struct small_key key;
	uint32_t parent;		/* the state before it, and the call that led from there */
	uint16_t call;
	uint16_t depth;			/* calls from the beginning, the fewest */
};

/* A set of states, in the order in which they were found. */
struct small_states {
	struct small_state *state;
	size_t nr, room;
	uint32_t *slot;			/* hash table of indices + 1, 0 for none */
	size_t nr_slots;
};

#define SMALL_NONE UINT32_MAX

/* The key of what the naive model is in. */
struct small_key small_key_of(const struct naive *naive);

/* The index of a state, or SMALL_NONE; and the same, added if it is new. */
uint32_t small_states_find(const struct small_states *states, const struct small_key *key);
uint32_t small_states_add(struct small_states *states, const struct small_state *state);
void small_states_free(struct small_states *states);

/* ---- exploring ------------------------------------------------------------------------------ */

struct small_world {
	struct twin twin;
	uint64_t pages;
	struct small_calls calls;
	struct small_states states;	/* those that fewer calls than the deepest lead to */
	uint64_t tried;			/* calls compared */
	uint32_t *target;	/* if wanted: [state * calls.nr + call], where that leads */
	size_t nr_targets;		/* of the first so many states */
	size_t first_difference;	/* of a quiet twin: the number of calls; 0 for none */
};

/* No limits, a window of so many pages from the first one on, no guard gap. */
struct naive small_config(uint64_t pages);

void small_world_init(struct small_world *world, const struct naive *config, unsigned int themes);
void small_world_destroy(struct small_world *world);

/* Keep where the calls of the first @nr_states states lead, if those are not the last calls. */
void small_want_targets(struct small_world *world, size_t nr_states);

/*
 * Compare each call from each state that fewer than @depth calls lead to.  Of the last calls, where
 * nearly all of the work is, only those from every @shards-th state, from the @shard-th on.
 */
void small_explore(struct small_world *world, size_t depth, size_t shard, size_t shards);

#endif
