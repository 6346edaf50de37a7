/*
 * test_seq_generate.c - what the generator makes: the same from the same seed, each call often
 * enough, neither always refused nor never, and every error that can be had.
 */
#include <errno.h>

#include "seq/generate.h"
#include "seq/model.h"

#include "unit.h"

/* With all assertions a step takes a thousand times as long: enough to see that they hold. */
#if UMM_ASSERT_LEVEL >= 2
#define SEQUENCES 30
#else
#define SEQUENCES 1500
#endif
#define BARS_FROM 1000
#define STEPS 300

struct counts {
	uint64_t total, most_areas;
	uint64_t made[SEQ_CALLS], succeeded[SEQ_CALLS];
	uint64_t error[134];
};

static bool succeeded(const struct seq_model *model, const struct seq_step *step, int64_t answer)
{
	switch (seq_call_info(step->call)->answer) {
	case SEQ_ANSWER_SIGNAL:
		return answer == 0;
	case SEQ_ANSWER_ADDRESS:
		if (step->call == SEQ_BRK)
			return (uint64_t)answer ==
			       seq_resolve(seq_model_bases(model), &step->arg[0]);
		return answer >= 0;
	default:
		return answer >= 0;
	}
}

static void count(struct counts *counts, const struct seq *seq, const struct seq_start *start)
{
	struct umm_mm_stats stats;
	struct seq_model *model;

	assert_int_equal(seq_model_new(NULL, start, NULL, &model), 0);
	for (size_t i = 0; i < seq->nr; i++) {
		const struct seq_step *step = &seq->step[i];
		int64_t answer = seq_model_step(model, step, NULL);

		assert_true(answer != SEQ_SKIPPED);
		counts->total++;
		counts->made[step->call]++;
		counts->succeeded[step->call] += succeeded(model, step, answer);
		if (answer < 0 && answer > -134)
			counts->error[-answer]++;
	}
	umm_mm_stats(seq_model_mm(model, 0), &stats);
	if (stats.map_count > counts->most_areas)
		counts->most_areas = stats.map_count;
	seq_model_free(model);
}

static struct seq_step *new_steps(void)
{
	struct seq_step *step = malloc(STEPS * sizeof(*step));

	assert_non_null(step);
	return step;
}

static const uint8_t about_pages[] = {
	SEQ_MMAP, SEQ_MUNMAP, SEQ_MPROTECT, SEQ_MREMAP, SEQ_MADVISE, SEQ_BRK, SEQ_MLOCK,
	SEQ_MUNLOCK, SEQ_STORE, SEQ_READ, SEQ_WRITE, SEQ_FORK, SEQ_EXIT, SEQ_PAGES, SEQ_SMAPS,
};

static void test_bars(void **state)
{
	static const uint8_t errors[] = {
		UMM_EPERM, UMM_ENOENT, UMM_EBADF, UMM_EAGAIN, UMM_ENOMEM, UMM_EACCES, UMM_EFAULT,
		UMM_EBUSY, UMM_EEXIST, UMM_ENODEV, UMM_EINVAL, UMM_EOVERFLOW, UMM_EOPNOTSUPP,
	};
	struct counts *counts = calloc(1, sizeof(*counts));
	struct seq seq = { .step = new_steps() };
	struct seq_start start;

	(void)state;
	assert_non_null(counts);
	seq_start_plain(&start);
	for (uint64_t seed = 1; seed <= SEQUENCES; seed++) {
		start.caps = seed & 1 ? 0 : UMM_CAP_IPC_LOCK | UMM_CAP_SYS_ADMIN |
						    UMM_CAP_SYS_RESOURCE | UMM_CAP_SYS_NICE;
		assert_int_equal(seq_generate(seed, NULL, &start, STEPS, &seq), 0);
		assert_int_equal(seq.nr, STEPS);
		count(counts, &seq, &start);
	}
	for (unsigned int i = 0; i < SEQ_CALLS && SEQUENCES >= BARS_FROM; i++) {
		uint64_t made = counts->made[i], good = counts->succeeded[i];

		if (!seq_generate_makes(i))
			continue;
		if (made * 100 < counts->total)
			fail_msg("%s: %llu of %llu steps", seq_call_info(i)->name,
				 (unsigned long long)made, (unsigned long long)counts->total);
		if (!seq_generate_always_succeeds(i) && (good * 5 < made || good * 5 > made * 4))
			fail_msg("%s: %llu of %llu succeed", seq_call_info(i)->name,
				 (unsigned long long)good, (unsigned long long)made);
	}
	for (size_t i = 0; i < sizeof(errors) && SEQUENCES >= BARS_FROM; i++) {
		if (counts->error[errors[i]] * 10000 < counts->total)
			fail_msg("error %u: %llu of %llu steps", errors[i],
				 (unsigned long long)counts->error[errors[i]],
				 (unsigned long long)counts->total);
	}
	assert_true(counts->most_areas > 1000 || SEQUENCES < BARS_FROM);
	free(seq.step);
	free(counts);
}

static void test_same_seed(void **state)
{
	struct seq a = { .step = new_steps() }, b = { .step = new_steps() };

	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		assert_int_equal(seq_generate(seed, NULL, NULL, STEPS, &a), 0);
		assert_int_equal(seq_generate(seed, NULL, NULL, STEPS, &b), 0);
		assert_int_equal(a.nr, b.nr);
		assert_memory_equal(a.step, b.step, a.nr * sizeof(*a.step));
		assert_int_equal(seq_generate(seed + 1, NULL, NULL, STEPS, &b), 0);
		assert_memory_not_equal(a.step, b.step, a.nr * sizeof(*a.step));
	}
	free(a.step);
	free(b.step);
}

/* Those about pages: every kind of step, families of five generations. */
static void test_pages(void **state)
{
	struct seq seq = { new_steps(), 0 };
	uint64_t made[SEQ_CALLS] = { 0 };
	unsigned int deepest = 0;
	struct seq_start start;

	(void)state;
	seq_start_plain(&start);
	for (uint64_t seed = 1; seed <= 20; seed++) {
		unsigned int depth[SEQ_PROCESSES] = { 0 };
		struct seq_model *model;

		assert_int_equal(seq_generate_pages(seed, NULL, &start, STEPS, &seq), 0);
		assert_in_range(seq.nr, STEPS - 3 * SEQ_PROCESSES - 1, STEPS);
		assert_int_equal(seq_model_new(NULL, &start, NULL, &model), 0);
		for (size_t i = 0; i < seq.nr; i++) {
			const struct seq_step *step = &seq.step[i];
			int64_t answer = seq_model_step(model, step, NULL);

			made[step->call]++;
			if (step->call != SEQ_FORK || answer <= 0)
				continue;
			depth[answer] = depth[step->process] + 1;
			deepest = depth[answer] > deepest ? depth[answer] : deepest;
		}
		seq_model_free(model);
	}
	assert_true(deepest >= 4);
	for (size_t i = 0; i < sizeof(about_pages) / sizeof(about_pages[0]); i++)
		assert_true(made[about_pages[i]] >= 10);
	assert_int_equal(seq_generate_pages(1, NULL, &start, SEQ_PROCESSES, &seq), -EINVAL);
	free(seq.step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_same_seed),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
