/*
 * test_seq_encode.c - sequences as bytes: every one has some, and all bytes are some.
 */
#include "seq/encode.h"
#include "seq/generate.h"

#include "unit.h"

#define STEPS 300

static void assert_same(const struct seq *a, const struct seq *b)
{
	assert_int_equal(a->nr, b->nr);
	for (size_t i = 0; i < a->nr; i++) {
		const struct seq_step *x = &a->step[i], *y = &b->step[i];

		assert_int_equal(x->call, y->call);
		assert_int_equal(x->process, y->process);
		for (unsigned int arg = 0; arg < SEQ_ARGS; arg++) {
			assert_int_equal(x->arg[arg].base, y->arg[arg].base);
			assert_int_equal(x->arg[arg].offset, y->arg[arg].offset);
			assert_int_equal(x->arg[arg].step, y->arg[arg].step);
		}
	}
}

struct room {
	struct seq_step a[STEPS], b[STEPS];
	uint8_t bytes[STEPS * SEQ_STEP_BYTES];
};

static void test_generated(void **state)
{
	struct room *room = malloc(sizeof(*room));
	struct seq a = { room->a, 0 }, b = { room->b, 0 };
	size_t bytes = 0, steps = 0;

	(void)state;
	assert_non_null(room);
	for (uint64_t seed = 0; seed < 100; seed++) {
		size_t size;

		assert_int_equal(seq_generate(seed, NULL, NULL, STEPS, &a), 0);
		size = seq_encode(&a, room->bytes, sizeof(room->bytes));
		assert_true(size <= sizeof(room->bytes));
		assert_int_equal(seq_decode(room->bytes, size, &b, STEPS), size);
		assert_same(&a, &b);
		bytes += size;
		steps += a.nr;
	}
	assert_true(bytes < 12 * steps);	/* compact */
	free(room);
}

/* Any bytes are a sequence, and the bytes of that are it again; a byte's change stays near. */
static void test_any_bytes(void **state)
{
	struct unit_random random = unit_random_init();
	struct room *room = malloc(sizeof(*room));
	struct seq a = { room->a, 0 }, b = { room->b, 0 };
	uint8_t noise[400];

	(void)state;
	assert_non_null(room);
	for (uint64_t i = 0; i < unit_iterations(2000); i++) {
		size_t size = unit_random_below(&random, sizeof(noise) + 1);

		for (size_t j = 0; j < size; j++)
			noise[j] = (uint8_t)unit_random(&random);
		assert_int_equal(seq_decode(noise, size, &a, STEPS), size);
		size = seq_encode(&a, room->bytes, sizeof(room->bytes));
		seq_decode(room->bytes, size, &b, STEPS);
		assert_same(&a, &b);
	}
	free(room);
}

/* Without room the length is told all the same. */
static void test_room(void **state)
{
	struct seq_step steps[4], more[2];
	struct seq seq = { steps, 0 }, less = { more, 0 };
	const uint8_t brk[] = { SEQ_BRK, 0, 0, SEQ_BRK, 0, 0, SEQ_BRK, 0, 0 };
	uint8_t small[4] = { 0 };

	(void)state;
	assert_int_equal(seq_decode(brk, 9, &seq, 4), 9);
	assert_int_equal(seq.nr, 3);
	assert_int_equal(seq_encode(&seq, small, 4), 9);
	assert_memory_equal(small, brk, 4);
	assert_int_equal(seq_encode(&seq, NULL, 0), 9);
	assert_int_equal(seq_decode(brk, 9, &less, 2), 6);
	assert_int_equal(less.nr, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_generated),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
