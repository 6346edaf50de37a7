/*
 * test_seq_text.c - steps of sequences as text, and back.
 */
#include "seq/seq.h"

#include "unit.h"

static struct seq_value random_value(struct unit_random *random, unsigned int kind)
{
	struct seq_value value = { .offset = unit_random(random) >> unit_random_below(random, 64) };

	value.base = (uint8_t)unit_random_below(random, SEQ_BASES);
	if (value.base == SEQ_BASE_RESULT)
		value.step = (uint16_t)unit_random_below(random, SEQ_STEPS_MAX);
	if (value.base == SEQ_BASE_NUMBER && kind == SEQ_KIND_FILE)
		value.offset = unit_random_below(random, SEQ_FILES);
	return value;
}

static struct seq_step random_step(struct unit_random *random)
{
	const struct seq_call_info *info;
	struct seq_step step;

	memset(&step, 0, sizeof(step));
	step.call = (uint8_t)unit_random_below(random, SEQ_CALLS);
	step.process = (uint8_t)unit_random_below(random, SEQ_PROCESSES);
	info = seq_call_info(step.call);
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++)
		step.arg[i] = random_value(random, info->kind[i]);
	return step;
}

static void assert_same_step(const struct seq_step *a, const struct seq_step *b)
{
	assert_int_equal(a->call, b->call);
	assert_int_equal(a->process, b->process);
	for (unsigned int i = 0; i < SEQ_ARGS; i++) {
		assert_int_equal(a->arg[i].base, b->arg[i].base);
		assert_int_equal(a->arg[i].step, b->arg[i].step);
		assert_int_equal(a->arg[i].offset, b->arg[i].offset);
	}
}

static void test_round_trip(void **state)
{
	struct unit_random random = unit_random_init();
	char text[512], part[24];
	const char *error;

	(void)state;
	for (uint64_t i = 0; i < unit_iterations(20000); i++) {
		struct seq_step step = random_step(&random), read;
		size_t len = seq_step_text(&step, text, sizeof(text));

		assert_int_equal(len, strlen(text));
		assert_int_equal(seq_step_text(&step, part, sizeof(part)), len);
		assert_true(!strncmp(part, text, strlen(part)) && strlen(part) < sizeof(part));
		if (seq_step_parse(text, &read, &error))
			fail_msg("%s: %s", text, error);
		assert_same_step(&step, &read);
	}
}

static void assert_text(const char *text, const char *canonical)
{
	struct seq_step step;
	const char *error;
	char again[512];

	if (seq_step_parse(text, &step, &error))
		fail_msg("%s: %s", text, error);
	seq_step_text(&step, again, sizeof(again));
	assert_string_equal(again, canonical);
}

static void test_form(void **state)
{
	const char *map = "1: mmap(pool+0x3000, 0x2000, PROT_READ|PROT_WRITE, "
			  "MAP_PRIVATE|MAP_ANONYMOUS, none, 0)";

	(void)state;
	assert_text(map, map);
	assert_text(" 1 :mmap( pool + 12288,8192,3,0x22,none,00 ) ", map);
	assert_text("0: munmap(top-4096, $7+1)", "munmap(top-0x1000, $7+0x1)");
	assert_text("mmap(0, 1, 8, 3|32, memfd, 0)",
		    "mmap(0, 1, 8, MAP_SHARED_VALIDATE|MAP_ANONYMOUS, memfd, 0)");
	assert_text("madvise(brk, size, 5)", "madvise(brk, size, 5)");
	assert_text("munlockall()", "munlockall()");
	assert_text("setrlimit(RLIMIT_AS, size+0x1000, 0xffffffffffffffff)",
		    "setrlimit(RLIMIT_AS, size+0x1000, RLIM_INFINITY)");
}

static void test_nonsense(void **state)
{
	static const struct {
		const char *text, *error;
	} wrong[] = {
		{ "", "no call of this name" },
		{ "mmmap()", "no call of this name" },
		{ "fork", "( is missing" },
		{ "fork(", ") is missing" },
		{ "fork() 1", "something stands behind it" },
		{ "8: fork()", "there are not so many processes" },
		{ "1 fork()", "a colon is missing behind the number of the process" },
		{ "munmap(pool)", "an argument is missing" },
		{ "munmap(pool, 1, 2)", ") is missing" },
		{ "munmap(pool, -)", "an argument is neither a number nor a name of its kind" },
		{ "munmap(pool, PROT_READ)",
		  "an argument is neither a number nor a name of its kind" },
		{ "munmap(pool, 0x1ffffffffffffffff)", "a number is beyond 64 bits" },
		{ "munmap(pool, 12k)", "a number has letters behind it" },
		{ "munmap(pool+, 1)", "a number is missing" },
		{ "munmap($4096, 1)", "$ names a step beyond the longest sequence" },
	};
	struct unit_random random = unit_random_init();
	struct seq_step step;
	const char *error;
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(seq_step_parse(wrong[i].text, &step, &error), -1);
		assert_string_equal(error, wrong[i].error);
	}
	/* One character changed: read or refused, and what is read can be written and read. */
	for (uint64_t i = 0; i < unit_iterations(20000); i++) {
		size_t len;

		step = random_step(&random);
		len = seq_step_text(&step, text, sizeof(text));
		text[unit_random_below(&random, len)] = (char)unit_random_below(&random, 256);
		if (seq_step_parse(text, &step, &error)) {
			assert_non_null(error);
			continue;
		}
		seq_step_text(&step, text, sizeof(text));
		assert_int_equal(seq_step_parse(text, &step, &error), 0);
	}
}

static void test_bases(void **state)
{
	const int64_t answer[] = { 0x7000, -22 };
	const struct seq_bases bases = {
		.base = { [SEQ_BASE_POOL] = 0x100000000, [SEQ_BASE_TOP] = 0x7ffff7fff000,
			  [SEQ_BASE_BRK] = 0x555000, [SEQ_BASE_SIZE] = 0x9000 },
		.answer = answer, .nr_answers = 2,
	};
	struct seq_value value;
	const char *error;
	char text[64];
	static const struct {
		const char *text;
		uint64_t number;
	} rows[] = {
		{ "pool+0x1000", 0x100001000 }, { "top-0x1000", 0x7ffff7ffe000 },
		{ "brk", 0x555000 }, { "top+0x1000", 0x7ffff8000000 }, { "0x1000", 0x1000 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(seq_value_parse(rows[i].text, SEQ_KIND_ADDR, &value, &error), 0);
		assert_int_equal(seq_resolve(&bases, &value), rows[i].number);
		value = seq_relate(&bases, rows[i].number);
		seq_value_text(&value, SEQ_KIND_ADDR, text, sizeof(text));
		assert_string_equal(text, rows[i].text);
	}
	assert_int_equal(seq_value_parse("$0+0x10", SEQ_KIND_ADDR, &value, &error), 0);
	assert_int_equal(seq_resolve(&bases, &value), 0x7010);
	assert_int_equal(seq_value_parse("$2", SEQ_KIND_ADDR, &value, &error), 0);
	assert_int_equal(seq_resolve(&bases, &value), 0);
	assert_int_equal(seq_value_parse("size", SEQ_KIND_SIZE, &value, &error), 0);
	assert_int_equal(seq_resolve(&bases, &value), 0x9000);

	seq_answer_text(&bases, SEQ_MMAP, -22, text, sizeof(text));
	assert_string_equal(text, "EINVAL");
	seq_answer_text(&bases, SEQ_MMAP, 0x100002000, text, sizeof(text));
	assert_string_equal(text, "pool+0x2000");
	seq_answer_text(&bases, SEQ_MUNMAP, 0, text, sizeof(text));
	assert_string_equal(text, "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_nonsense),
		cmocka_unit_test(test_bases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
