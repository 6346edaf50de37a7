/*
 * test_seq_shrink.c - sequences made smaller: what is needed stays, and nothing else.
 */
#include "seq/generate.h"
#include "seq/model.h"
#include "seq/shrink.h"

#include "unit.h"

#define STEPS 300

static struct seq parse(const char *const *texts, size_t nr)
{
	struct seq seq = { malloc(nr * sizeof(*seq.step)), nr };
	const char *error;

	assert_non_null(seq.step);
	for (size_t i = 0; i < nr; i++)
		assert_int_equal(seq_step_parse(texts[i], &seq.step[i], &error), 0);
	return seq;
}

static void assert_text(const struct seq *seq, size_t step, const char *expected)
{
	char text[256];

	assert_true(step < seq->nr);
	seq_step_text(&seq->step[step], text, sizeof(text));
	assert_string_equal(text, expected);
}

/* No step of the few can go. */
static void assert_minimal(const struct seq *seq, seq_fails_fn fails, void *ctx)
{
	assert_in_range(seq->nr, 1, 8);
	for (size_t i = 0; i < seq->nr; i++) {
		struct seq_step steps[8];
		struct seq smaller = { steps, seq->nr };

		memcpy(steps, seq->step, seq->nr * sizeof(*steps));
		seq_drop(&smaller, i, 1);
		assert_false(fails(&smaller, ctx));
	}
}

static void test_drop(void **state)
{
	static const char *const texts[] = {
		"brk(0)", "mmap(0, 0x1000, 0, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)",
		"munmap($1, 0x1000)", "brk($0)", "munmap(pool, 1)", "mlock($1, 1)", "brk($3+1)",
	};
	struct seq seq = parse(texts, 7);

	(void)state;
	seq_drop(&seq, 1, 1);
	assert_int_equal(seq.nr, 4);
	assert_text(&seq, 1, "brk($0)");
	assert_text(&seq, 3, "brk($1+0x1)");
	seq_drop(&seq, 2, 99);
	assert_int_equal(seq.nr, 2);
	free(seq.step);
}

/* Two areas merge after mprotect: counted by the model itself. */
static bool leaves_one_area(const struct seq *seq, void *ctx)
{
	struct umm_mm_stats stats;
	struct seq_model *model;
	bool changed = false;

	(void)ctx;
	assert_int_equal(seq_model_new(NULL, NULL, NULL, &model), 0);
	for (size_t i = 0; i < seq->nr; i++) {
		int64_t answer = seq_model_step(model, &seq->step[i], NULL);

		changed |= seq->step[i].call == SEQ_MPROTECT && answer == 0;
	}
	umm_mm_stats(seq_model_mm(model, 0), &stats);
	seq_model_free(model);
	return changed && stats.map_count == 1 && stats.total_vm >= 2;
}

static void test_small(void **state)
{
	static const char *const texts[] = {
		"fork()",
		"mmap(pool+0x8000, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|"
		"MAP_FIXED|MAP_NORESERVE, none, 0)",
		"1: brk(0)", "munmap(pool+0x9000, 0x7000)",
		"mmap($1+0x1000, 0x4000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED|"
		"MAP_NORESERVE, none, 0)",
		"madvise($1, 0x1000, MADV_DONTNEED)",
		"mprotect($4, 0x4000, PROT_READ|PROT_WRITE)", "1: exit()", "brk(0)",
	};
	struct seq seq = parse(texts, 9);
	struct seq_bases bases = { .nr_answers = 9 };
	const int64_t answer[9] = { 1, 0x1000008000, 5, 0, 0x1000009000, 0, 0, 0, 0 };
	size_t tries;

	(void)state;
	bases.base[SEQ_BASE_POOL] = 0x1000000000;
	bases.answer = answer;
	assert_true(leaves_one_area(&seq, NULL));
	tries = seq_shrink(&seq, &bases, leaves_one_area, NULL, 2000);
	assert_true(tries < 2000);
	assert_true(leaves_one_area(&seq, NULL));
	assert_minimal(&seq, leaves_one_area, NULL);
	assert_in_range(seq.nr, 2, 3);
	assert_text(&seq, 0,
		    "mmap(pool, 0x1000, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)");
	assert_int_equal(seq.step[seq.nr - 1].call, SEQ_MPROTECT);
	free(seq.step);
}

/* Does the model without that rule answer otherwise? */
static bool tells_rule(const struct seq *seq, void *ctx)
{
	struct seq_model *with, *without;
	bool told = false;

	assert_int_equal(seq_model_new(NULL, NULL, NULL, &with), 0);
	assert_int_equal(seq_model_new(NULL, NULL, NULL, &without), 0);
	assert_int_equal(umm_world_set_rule(seq_model_world(without), *(unsigned int *)ctx, false),
			 0);
	for (size_t i = 0; i < seq->nr && !told; i++)
		told = seq_model_step(with, &seq->step[i], NULL) !=
		       seq_model_step(without, &seq->step[i], NULL);
	seq_model_free(with);
	seq_model_free(without);
	return told;
}

/* A rule that is switched off is told by few of three hundred steps. */
static void test_rule(void **state)
{
	unsigned int rule = (unsigned int)umm_rule_find("failed_fixed_keeps_old"), told = 0;
	struct seq seq = { malloc(STEPS * sizeof(*seq.step)), 0 };

	(void)state;
	for (uint64_t seed = 1; seed < 400 && told < 3; seed++) {
		assert_int_equal(seq_generate(seed, NULL, NULL, STEPS, &seq), 0);
		if (!tells_rule(&seq, &rule))
			continue;
		seq_shrink(&seq, NULL, tells_rule, &rule, 3000);
		assert_true(tells_rule(&seq, &rule));
		assert_minimal(&seq, tells_rule, &rule);
		told++;
	}
	assert_int_equal(told, 3);
	free(seq.step);
}

static bool always(const struct seq *seq, void *ctx)
{
	(void)seq;
	++*(size_t *)ctx;
	return true;
}

static void test_bounds(void **state)
{
	struct seq seq = { malloc(STEPS * sizeof(*seq.step)), 0 };
	size_t asked = 0;

	(void)state;
	assert_int_equal(seq_generate(3, NULL, NULL, STEPS, &seq), 0);
	assert_int_equal(seq_shrink(&seq, NULL, always, &asked, 1), 1);
	assert_int_equal(asked, 1);
	seq_shrink(&seq, NULL, always, &asked, 100000);
	assert_int_equal(seq.nr, 0);
	free(seq.step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_drop),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
