/*
 * test_merge.c - areas that are made, changed, split, merged, written and forked, against the naive
 * model: at random in a window of 64 pages, and all short sequences in one of 6.
 */
#include "twin.h"

#define PAGE ((uint64_t)4096)

static void random_run(struct naive config, uint64_t pages, uint64_t steps, uint64_t salt)
{
	struct unit_random random = unit_random_init();
	struct twin twin;

	random.state += salt * UINT64_C(0x1234567);
	twin_init(&twin, &config);
	for (uint64_t step = 0; step < steps; step++) {
		struct twin_op op = twin_random_op(&twin, &random, pages);

		twin_do(&twin, &op);
		if (step % 1000 == 999)		/* what came through fork never gets less */
			twin_empty(&twin);
	}
	twin_destroy(&twin);
}

static void test_random(void **state)
{
	uint64_t steps = unit_iterations(20000);

	(void)state;
	random_run(twin_config(64, 2), 20, steps, 1);
	random_run(twin_config(24, 1), 6, steps, 2);
	random_run(twin_config(10, 0), 4, steps, 3);
	random_run(twin_from_the_bottom(twin_config(64, 2)), 12, steps, 5);
}

static void test_random_bottom_up(void **state)
{
	struct naive config = twin_config(40, 3);

	(void)state;
	config.bottom_up = true;
	random_run(config, 8, unit_iterations(20000), 4);
	random_run(twin_from_the_bottom(config), 8, unit_iterations(20000), 6);
}

/* Each limit so low that it refuses often, alone and all together. */
static void test_random_limits(void **state)
{
	uint64_t steps = unit_iterations(10000);

	(void)state;
	for (unsigned int which = 0; which < 7; which++) {
		struct naive config = twin_config(48, 2);

		if (which == 0 || which == 6)
			config.max_map_count = 9;
		if (which == 1 || which == 6)
			config.limit_as = 30 * PAGE + 17;
		if (which == 2 || which == 6)
			config.limit_data = 14 * PAGE;
		if (which == 3 || which == 6)
			config.limit_stack = 3 * PAGE;
		if (which == 4 || which == 6)
			config.limit_memlock = 10 * PAGE - 1;
		if (which == 5 || which == 6)
			config.memory = 4;
		random_run(config, 12, steps, 10 + which);
	}
}

/* The limits themselves change now and then, and may be exceeded already. */
static void test_random_changing_limits(void **state)
{
	struct unit_random random = unit_random_init();
	uint64_t steps = unit_iterations(20000);
	struct naive config = twin_config(48, 2);
	struct twin twin;

	(void)state;
	twin_init(&twin, &config);
	for (uint64_t step = 0; step < steps; step++) {
		struct twin_op op = twin_random_op(&twin, &random, 12);

		if (step % 50 == 0) {
			struct naive *n = &twin.naive;

			n->max_map_count = 2 + unit_random_below(&random, 16);
			n->limit_as = unit_random_below(&random, 60) * PAGE;
			n->limit_data = unit_random_below(&random, 60) * PAGE;
			n->limit_memlock = unit_random_below(&random, 20) * PAGE;
			n->memory = 1 + unit_random_below(&random, 20);
			twin_limits_changed(&twin);
		}
		twin_do(&twin, &op);
	}
	twin_destroy(&twin);
}

/* ---- all short sequences ------------------------------------------------------------------- */

#define SMALL 6				/* pages */
#define MAX_CALLS 128
#define MAX_DEPTH 8

struct calls {
	struct twin_op op[MAX_CALLS];
	size_t nr;
};

static struct twin_op ranged(enum twin_what what, uint64_t from, uint64_t to, uint64_t prot)
{
	return (struct twin_op){
		.what = what,
		.addr = (0x100 + from) * PAGE,
		.len = (to - from) * PAGE,
		.prot = prot,
		.flags = UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED,
		.file = -1,
	};
}

/* Every range of the window to map, unmap and protect two ways; every page to write; and fork. */
static void list_calls(struct calls *calls)
{
	const uint64_t rw = UMM_PROT_READ | UMM_PROT_WRITE;

	calls->nr = 0;
	for (uint64_t from = 0; from < SMALL; from++) {
		for (uint64_t to = from + 1; to <= SMALL; to++) {
			calls->op[calls->nr++] = ranged(TWIN_MMAP, from, to, rw);
			calls->op[calls->nr++] = ranged(TWIN_MUNMAP, from, to, 0);
			calls->op[calls->nr++] = ranged(TWIN_MPROTECT, from, to, UMM_PROT_READ);
			calls->op[calls->nr++] = ranged(TWIN_MPROTECT, from, to, rw);
		}
		calls->op[calls->nr++] = ranged(TWIN_FAULT, from, from + 1, UMM_ACCESS_WRITE);
	}
	calls->op[calls->nr++] = ranged(TWIN_BECOME_CHILD, 0, 1, 0);
	assert_true(calls->nr <= MAX_CALLS);
}

/*
 * All sequences of @depth calls after the @nr_prefix of @prefix, in the order of an odometer.
 */
static void exhaust(struct twin *twin, const struct calls *calls, const struct twin_op *prefix,
		    size_t nr_prefix, size_t depth)
{
	size_t wheel[MAX_DEPTH] = { 0 };
	size_t place = 0;

	while (place < depth) {
		twin_empty(twin);
		for (size_t i = 0; i < nr_prefix; i++)
			twin_replay(twin, &prefix[i]);
		for (size_t i = depth; i-- > 0;) {
			/* Wheel 0 turns fastest: what the slower ones do is compared once. */
			if (i > 0 && wheel[i - 1] > 0)
				twin_replay(twin, &calls->op[wheel[i]]);
			else
				twin_do(twin, &calls->op[wheel[i]]);
		}
		for (place = 0; place < depth && ++wheel[place] == calls->nr; place++)
			wheel[place] = 0;
	}
}

static size_t depth_wanted(size_t normal)
{
	const char *text = getenv("UMM_DEPTH");
	size_t depth = text ? (size_t)strtoul(text, NULL, 10) : normal;

	assert_true(depth <= MAX_DEPTH);
	return depth;
}

/* All sequences of one and two calls, and of three that begin with a mapping. */
static void test_exhaustive_from_nothing(void **state)
{
	struct naive config = twin_config(SMALL, 0);
	struct calls calls;
	struct twin twin;
	size_t depth = depth_wanted(2);

	(void)state;
	list_calls(&calls);
	twin_init(&twin, &config);
	for (size_t d = 1; d <= depth; d++)
		exhaust(&twin, &calls, NULL, 0, d);
	for (size_t i = 0; i < calls.nr; i++) {
		if (calls.op[i].what == TWIN_MMAP)
			exhaust(&twin, &calls, &calls.op[i], 1, depth);
	}
	twin_destroy(&twin);
}

/* The same after beginnings that leave much to merge. */
static void test_exhaustive_from_states(void **state)
{
	const uint64_t rw = UMM_PROT_READ | UMM_PROT_WRITE;
	const struct twin_op beginnings[][5] = {
		/* two areas written apart, a hole between them */
		{ ranged(TWIN_MMAP, 0, 2, rw), ranged(TWIN_MMAP, 4, 6, rw),
		  ranged(TWIN_FAULT, 0, 1, UMM_ACCESS_WRITE),
		  ranged(TWIN_FAULT, 5, 6, UMM_ACCESS_WRITE), ranged(TWIN_FORK, 0, 1, 0) },
		/* one written area in three pieces */
		{ ranged(TWIN_MMAP, 0, 6, rw), ranged(TWIN_FAULT, 0, 1, UMM_ACCESS_WRITE),
		  ranged(TWIN_MPROTECT, 2, 4, UMM_PROT_READ), ranged(TWIN_FORK, 0, 1, 0),
		  ranged(TWIN_MUNMAP, 5, 6, 0) },
		/* the same, but the copy in a child */
		{ ranged(TWIN_MMAP, 0, 6, rw), ranged(TWIN_FAULT, 0, 1, UMM_ACCESS_WRITE),
		  ranged(TWIN_MPROTECT, 2, 4, UMM_PROT_READ),
		  ranged(TWIN_BECOME_CHILD, 0, 1, 0), ranged(TWIN_MPROTECT, 5, 6, UMM_PROT_READ) },
		/* pieces of which some were written */
		{ ranged(TWIN_MMAP, 0, 6, UMM_PROT_READ), ranged(TWIN_MPROTECT, 1, 2, rw),
		  ranged(TWIN_MPROTECT, 3, 4, rw), ranged(TWIN_FAULT, 1, 2, UMM_ACCESS_WRITE),
		  ranged(TWIN_FAULT, 3, 4, UMM_ACCESS_WRITE) },
	};
	struct naive config = twin_config(SMALL, 0);
	struct calls calls;
	struct twin twin;
	size_t depth = depth_wanted(2);

	(void)state;
	list_calls(&calls);
	twin_init(&twin, &config);
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		exhaust(&twin, &calls, beginnings[i], 5, depth);
	twin_destroy(&twin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exhaustive_from_nothing),
		cmocka_unit_test(test_exhaustive_from_states),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_random_bottom_up),
		cmocka_unit_test(test_random_limits),
		cmocka_unit_test(test_random_changing_limits),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
