/*
 * test_sched.c - the deterministic scheduler itself: what it must notice, and that a seed is a run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim_sched.h"

enum { OUTER, INNER, PEER };

static const struct sched_class classes[] = {
	[OUTER] = { "outer", 0, false },
	[INNER] = { "inner", 1, false },
	[PEER] = { "peer", 2, true },
};

/* What the threads of a test work on. */
struct play {
	struct sched *sched;
	struct sched_lock lock[3];
	int counter;
	int inside, most_inside;
};

static void begin(struct play *play, uint64_t seed, enum sched_strategy strategy)
{
	const struct sched_options options = { .seed = seed, .strategy = strategy, .length = 40,
					       .classes = classes };

	memset(play, 0, sizeof(*play));
	play->sched = sched_new(&options);
	assert_non_null(play->sched);
	for (unsigned int i = 0; i < 3; i++)
		sched_lock_init(play->sched, &play->lock[i], i);
}

static void expect(struct play *play, const char *part)
{
	const char *failure = sched_failure(play->sched);

	assert_non_null(failure);
	if (!strstr(failure, part))
		fail_msg("\"%s\" is not in: %s", part, failure);
	sched_free(play->sched);
}

/* ---- threads ---- */

static void add_without_lock(void *arg)
{
	struct play *play = arg;

	for (int i = 0; i < 3; i++) {
		int seen = play->counter;

		sched_point(play->sched, 9);
		play->counter = seen + 1;
	}
}

static void add_with_lock(void *arg)
{
	struct play *play = arg;

	for (int i = 0; i < 3; i++) {
		int seen;

		sched_take(play->sched, &play->lock[OUTER], true);
		seen = play->counter;
		sched_point(play->sched, 9);
		play->counter = seen + 1;
		sched_give_back(play->sched, &play->lock[OUTER], true);
	}
}

static void read_a_while(void *arg)
{
	struct play *play = arg;

	sched_take(play->sched, &play->lock[OUTER], false);
	if (++play->inside > play->most_inside)
		play->most_inside = play->inside;
	for (int i = 0; i < 5; i++)
		sched_point(play->sched, 9);
	play->inside--;
	sched_give_back(play->sched, &play->lock[OUTER], false);
}

static void take_two(struct play *play, int first, int second)
{
	sched_take(play->sched, &play->lock[first], true);
	sched_take(play->sched, &play->lock[second], true);
	sched_give_back(play->sched, &play->lock[second], true);
	sched_give_back(play->sched, &play->lock[first], true);
}

static void right_order(void *arg)
{
	take_two(arg, OUTER, INNER);
}

static void wrong_order(void *arg)
{
	take_two(arg, INNER, OUTER);
}

static void take_twice(void *arg)
{
	take_two(arg, OUTER, OUTER);
}

static void keep(void *arg)
{
	struct play *play = arg;

	sched_take(play->sched, &play->lock[INNER], false);
}

static void give_back_others(void *arg)
{
	struct play *play = arg;

	sched_give_back(play->sched, &play->lock[INNER], true);
}

static void never_end(void *arg)
{
	struct play *play = arg;

	for (;;)
		sched_point(play->sched, 9);
}

/* ---- tests ---- */

static int run_counter(uint64_t seed, enum sched_strategy strategy, void (*add)(void *arg),
		       uint64_t *trace)
{
	struct play play;

	begin(&play, seed, strategy);
	sched_spawn(play.sched, add, &play);
	sched_spawn(play.sched, add, &play);
	assert_true(sched_run(play.sched));
	*trace = sched_trace(play.sched);
	sched_free(play.sched);
	return play.counter;
}

/* An addition is lost in some runs without the lock, and in none with it. */
static void test_lost_addition(void **state)
{
	(void)state;
	for (unsigned int strategy = 0; strategy < SCHED_STRATEGIES; strategy++) {
		unsigned int lost = 0;
		uint64_t trace;

		for (uint64_t seed = 0; seed < 200; seed++) {
			lost += run_counter(seed, strategy, add_without_lock, &trace) != 6;
			assert_int_equal(run_counter(seed, strategy, add_with_lock, &trace), 6);
		}
		assert_in_range(lost, 20, 199);
	}
}

static void test_seed_is_run(void **state)
{
	uint64_t trace, again, different = 0, last = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 100; seed++) {
		run_counter(seed, SCHED_RANDOM, add_with_lock, &trace);
		run_counter(seed, SCHED_RANDOM, add_with_lock, &again);
		assert_true(trace == again);
		different += trace != last;
		last = trace;
	}
	assert_in_range(different, 50, 100);
}

static void test_readers_together(void **state)
{
	int most = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct play play;

		begin(&play, seed, SCHED_RANDOM);
		for (int i = 0; i < 3; i++)
			sched_spawn(play.sched, read_a_while, &play);
		assert_true(sched_run(play.sched));
		most = play.most_inside > most ? play.most_inside : most;
		sched_free(play.sched);
	}
	assert_int_equal(most, 3);
}

static void run_two(struct play *play, void (*one)(void *arg), void (*two)(void *arg))
{
	begin(play, 1, SCHED_RANDOM);
	sched_spawn(play->sched, one, play);
	if (two)
		sched_spawn(play->sched, two, play);
	assert_false(sched_run(play->sched));
}

/* Whether it comes to a deadlock or not. */
static void test_order(void **state)
{
	struct play play;

	(void)state;
	run_two(&play, wrong_order, NULL);
	expect(&play, "order: thread 0 takes outer 0 when it holds inner 1");
}

static void test_taken_twice(void **state)
{
	struct play play;

	(void)state;
	run_two(&play, take_twice, NULL);
	expect(&play, "thread 0 takes outer 0, which it holds");
}

static void test_kept(void **state)
{
	struct play play;

	(void)state;
	run_two(&play, keep, NULL);
	expect(&play, "thread 0 ended and holds inner 1");
}

static void test_not_held(void **state)
{
	struct play play;

	(void)state;
	run_two(&play, give_back_others, NULL);
	expect(&play, "thread 0 gives back inner 1, which it does not hold");
}

static void test_no_end(void **state)
{
	struct play play;

	(void)state;
	run_two(&play, never_end, right_order);
	expect(&play, "the run has no end");
}

/* Several of a class: by rising address, and not otherwise. */
static void peers_rising(void *arg)
{
	take_two(arg, 0, 1);
}

static void peers_falling(void *arg)
{
	take_two(arg, 1, 0);
}

static void make_peers(struct play *play)
{
	for (unsigned int i = 0; i < 2; i++)
		sched_lock_init(play->sched, &play->lock[i], PEER);
}

static void test_peers(void **state)
{
	struct play play;

	(void)state;
	begin(&play, 1, SCHED_RANDOM);
	make_peers(&play);
	sched_spawn(play.sched, peers_rising, &play);
	assert_true(sched_run(play.sched));
	sched_spawn(play.sched, peers_falling, &play);
	assert_false(sched_run(play.sched));
	expect(&play, "order: thread 0 takes peer 3 when it holds peer 4");
}

/* Two that take two locks the other way round: in some runs both wait, and it is said for what. */
static void test_deadlock(void **state)
{
	const char text[] = "deadlock:\n"
			    "  thread 0 waits for inner 1 to write and holds outer 0 (write)\n"
			    "  thread 1 waits for outer 0 to write and holds inner 1 (write)";
	unsigned int deadlocks = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		const struct sched_options options = { .seed = seed, .classes = classes,
						       .any_order = true };
		struct play play;

		memset(&play, 0, sizeof(play));
		play.sched = sched_new(&options);
		sched_lock_init(play.sched, &play.lock[OUTER], OUTER);
		sched_lock_init(play.sched, &play.lock[INNER], INNER);
		sched_spawn(play.sched, right_order, &play);
		sched_spawn(play.sched, wrong_order, &play);
		if (!sched_run(play.sched)) {
			assert_string_equal(sched_failure(play.sched), text);
			deadlocks++;
		}
		sched_free(play.sched);
	}
	assert_in_range(deadlocks, 20, 180);
}

static void test_destroyed_held(void **state)
{
	struct play play;

	(void)state;
	begin(&play, 1, SCHED_RANDOM);
	sched_take(play.sched, &play.lock[OUTER], false);
	sched_lock_destroy(play.sched, &play.lock[OUTER]);
	expect(&play, "outer 0 is destroyed when held");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost_addition),
		cmocka_unit_test(test_seed_is_run),
		cmocka_unit_test(test_readers_together),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_taken_twice),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_not_held),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_peers),
		cmocka_unit_test(test_deadlock),
		cmocka_unit_test(test_destroyed_held),
	};

	return cmocka_run_group_tests_name("sched", tests, NULL, NULL);
}
