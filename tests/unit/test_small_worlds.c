/*
 * test_small_worlds.c - all short sequences of calls on a few pages, library against naive model.
 *
 * UMM_WORLDS says how much: "small" (the default; for sanitizers, seconds), "check" (a minute or
 * less with two cores), "soak", or one world: "THEMES:PAGES:CALLS", themes as a number.
 * UMM_SHARD=0/2 and 1/2 are the two halves of each world.
 */
#include <usermm/usermm.h>

#include "small.h"

#define PAGE ((uint64_t)4096)

static bool level_is(const char *name)
{
	const char *level = getenv("UMM_WORLDS");

	if (!level || strchr(level, ':'))
		level = "small";
	return !strcmp(level, name);
}

static void read_shard(size_t *shard, size_t *shards)
{
	const char *text = getenv("UMM_SHARD");

	*shard = 0;
	*shards = 1;
	if (text && sscanf(text, "%zu/%zu", shard, shards) != 2)
		fail_msg("UMM_SHARD is not of the form 0/2");
	assert_true(*shard < *shards);
}

/* ---- the worlds ----------------------------------------------------------------------------- */

#define PRIVATE_MOVES (SMALL_PRIVATE | SMALL_RESIZE | SMALL_MOVE | SMALL_KEEP | SMALL_FORK)
#define FLAGS (SMALL_ADVISE | SMALL_LOCK | SMALL_FORK)

struct plan {
	const char *level;
	unsigned int themes;
	size_t pages, calls;
};

/* Sizes by what they cost: what makes many states is shared memory, each mapping of it another. */
static const struct plan plans[] = {
	{ "small", SMALL_ALL, 3, 3 },
	{ "small", PRIVATE_MOVES, 4, 3 },

	/* everything with everything, but not files and shared memory on six pages */
	{ "check", SMALL_ALL & ~(SMALL_FILE | SMALL_SHARED), 6, 4 },
	{ "check", SMALL_ALL, 4, 4 },
	{ "check", SMALL_PRIVATE | SMALL_SHARED | FLAGS, 6, 4 },
	{ "check", SMALL_PRIVATE | SMALL_FILE | FLAGS, 6, 4 },
	{ "check", SMALL_PRIVATE | SMALL_NORESERVE | SMALL_SHARED | SMALL_FILE | SMALL_FORK, 6, 4 },
	{ "check", SMALL_PRIVATE | SMALL_NORESERVE | SMALL_FORK, 6, 5 },

	{ "soak", SMALL_ALL, 6, 4 },
	{ "soak", SMALL_ALL, 3, 5 },
	{ "soak", PRIVATE_MOVES, 7, 5 },
	{ "soak", SMALL_PRIVATE | SMALL_ADVISE | SMALL_FORK, 6, 6 },
};

static void explore(const struct naive *config, unsigned int themes, size_t calls)
{
	static struct small_world world;
	size_t shard, shards;
	double sequences = 0, power = 1;

	read_shard(&shard, &shards);
	small_world_init(&world, config, themes);
	small_explore(&world, calls, shard, shards);
	for (size_t i = 0; i < calls; i++)
		sequences += power *= (double)world.calls.nr;
	printf("# themes %#x, %zu pages: %.3g sequences of up to %zu of %zu calls meet in %zu"
	       " states, %llu calls compared\n", themes, (size_t)world.pages, sequences, calls,
	       world.calls.nr, world.states.nr, (unsigned long long)world.tried);
	small_world_destroy(&world);
}

/* The one that was asked for, and no other. */
static bool explore_asked(void)
{
	const char *text = getenv("UMM_WORLDS");
	unsigned int themes;
	size_t pages, calls;
	struct naive config;

	if (!text || sscanf(text, "%i:%zu:%zu", (int *)&themes, &pages, &calls) != 3)
		return false;
	config = small_config(pages);
	explore(&config, themes, calls);
	return true;
}

static void test_worlds(void **state)
{
	bool any = false;

	(void)state;
	if (explore_asked())
		return;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct naive config = small_config(plans[i].pages);

		if (!level_is(plans[i].level))
			continue;
		any = true;
		explore(&config, plans[i].themes, plans[i].calls);
	}
	assert_true(any);
}

/* Each limit so low that short sequences meet it. */
static void test_limits(void **state)
{
	size_t calls = level_is("small") ? 2 : level_is("check") ? 3 : 4;

	(void)state;
	for (unsigned int which = 0; which < 6; which++) {
		struct naive config = small_config(4);

		if (which == 0)
			config.max_map_count = 2;
		if (which == 1)
			config.max_map_count = 6;	/* mremap wants some in hand */
		if (which == 2)
			config.limit_as = 3 * PAGE;
		if (which == 3)
			config.limit_data = 2 * PAGE;
		if (which == 4)
			config.limit_memlock = 2 * PAGE;
		if (which == 5)
			config.memory = 2;
		explore(&config, SMALL_ALL, calls);
	}
}

/* ---- is the reduction right? ---------------------------------------------------------------- */

/* An odometer of calls: wheel[0] is the first call.  False after the last sequence. */
static bool turn(size_t *wheel, size_t length, size_t nr_calls)
{
	for (size_t i = length; i-- > 0;) {
		if (++wheel[i] < nr_calls)
			return true;
		wheel[i] = 0;
	}
	return false;
}

/* Play one sequence, each call compared; false as soon as a quiet twin differs. */
static bool play(struct small_world *world, const size_t *wheel, size_t length)
{
	struct twin *twin = &world->twin;
	uint32_t at = 0;

	if (twin->naive.lost_locks || twin->differs)
		twin_renew(twin);
	else
		twin_empty(twin);
	twin->differs = false;
	for (size_t i = 0; i < length; i++) {
		struct small_key key;

		twin_do(twin, &world->calls.op[wheel[i]]);
		if (twin->differs)
			return false;
		if (!world->target)
			continue;
		key = small_key_of(&twin->naive);
		at = world->target[at * world->calls.nr + wheel[i]];
		assert_memory_equal(&key, &world->states.state[at].key, sizeof(key));
	}
	return true;
}

/* Every sequence, unreduced, ends where the calls of the reduced run lead, one after the other. */
static void test_reduction(void **state)
{
	static struct small_world world;
	struct naive config = small_config(level_is("small") ? 2 : 3);
	size_t wheel[3] = { 0 }, shard, shards;
	unsigned long played = 0;

	(void)state;
	read_shard(&shard, &shards);
	if (shard)
		return;				/* the first part plays them all */
	small_world_init(&world, &config, SMALL_ALL);
	small_want_targets(&world, 1000);
	small_explore(&world, 4, 0, 1);
	do {
		play(&world, wheel, 3);
		played++;
	} while (turn(wheel, 3, world.calls.nr));
	printf("# %lu sequences of 3 of %zu calls on %zu pages played\n", played, world.calls.nr,
	       (size_t)world.pages);
	small_world_destroy(&world);
}

/* The fewest calls after which a library with that rule switched shows it; 0 for never. */
static size_t reduced(const struct naive *config, unsigned int rule, size_t calls)
{
	static struct small_world world;
	size_t found;

	small_world_init(&world, config, SMALL_ALL);
	world.twin.quiet = true;
	assert_int_equal(umm_world_set_rule(world.twin.world, rule,
					    !umm_world_rule(world.twin.world, rule)), 0);
	small_explore(&world, calls, 0, 1);
	found = world.first_difference;
	small_world_destroy(&world);
	return found;
}

static size_t unreduced(const struct naive *config, unsigned int rule, size_t calls)
{
	static struct small_world world;
	size_t found = 0;

	small_world_init(&world, config, SMALL_ALL);
	world.twin.quiet = true;
	assert_int_equal(umm_world_set_rule(world.twin.world, rule,
					    !umm_world_rule(world.twin.world, rule)), 0);
	for (size_t length = 1; !found && length <= calls; length++) {
		size_t wheel[SMALL_DEPTH] = { 0 };

		do {
			if (!play(&world, wheel, length))
				found = length;
		} while (!found && turn(wheel, length, world.calls.nr));
	}
	small_world_destroy(&world);
	return found;
}

/* A library that behaves like another kernel is found out, by both, with as few calls. */
static void test_broken(void **state)
{
	struct naive config = small_config(2);
	unsigned int found = 0;

	(void)state;
	for (unsigned int rule = 0; rule < umm_rule_count(); rule++) {
		struct umm_rule_info info;
		size_t calls = reduced(&config, rule, 3);

		if (!calls && !level_is("soak"))
			continue;		/* it takes all sequences to find nothing */
		assert_int_equal(umm_rule_info(rule, &info), 0);
		assert_int_equal(unreduced(&config, rule, 3), calls);
		if (calls)
			printf("# rule %s: after %zu calls\n", info.name, calls);
		found += calls > 0;
	}
	assert_true(found >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reduction),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_worlds),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests_name("small_worlds", tests, NULL, NULL);
}
