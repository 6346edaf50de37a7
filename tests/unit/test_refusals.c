/*
 * test_refusals.c - each check of the catalogue is provoked, and names itself.
 *
 * The tables of provoke.h have one row per refusal.  A code of the catalogue that has no row, or
 * whose row is refused by another check, fails.
 */
#include "provoke.h"

static const struct provocation *const tables[] = {
	provocations_mmap,
	provocations_other,
	provocations_seal,
	provocations_process,
	provocations_mremap,
	provocations_attrs,
	provocations_madvise,
	provocations_exec,
	provocations_shm,
	provocations_limits,
	provocations_pages,
};

#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

/* The text for a person has every placeholder filled. */
static void check_text(const char *text, const struct umm_why_entry *entry)
{
	char line[512];
	size_t length = umm_why_format(text, entry, line, sizeof(line));

	assert_true(length > 0 && length < sizeof(line));
	assert_int_equal(length, strlen(line));
	assert_null(strpbrk(line, "{}"));
}

static void check_record(const struct provocation *p, const struct lab *lab, int64_t err)
{
	const struct umm_why *why = &lab->why;
	const struct umm_why_entry *entry = umm_why_refusal(why);
	struct umm_why_info info;

	if (!entry)
		fail_msg("%s: answer %lld, and no refusal", p->name, (long long)err);
	assert_int_equal(umm_why_info(entry->code, &info), 0);
	if (strcmp(info.name, p->name))
		fail_msg("%s: refused by %s", p->name, info.name);
	if (err != -info.error)
		fail_msg("%s: answer %lld, the catalogue says %d", p->name, (long long)err,
			 -info.error);
	assert_non_null(info.function);
	assert_non_null(info.ruled_out);
	check_text(info.text, entry);
	check_text(info.limit, entry);

	for (unsigned int i = 0; i < why->nr; i++) {
		if (&why->entry[i] == entry)
			continue;
		assert_int_not_equal(why->entry[i].kind, UMM_WHY_REFUSED);
		/* What stands behind the refusal was looked at for the explanation, and passed. */
		if (&why->entry[i] > entry)
			assert_int_equal(why->entry[i].kind, UMM_WHY_PASSED);
		assert_int_equal(umm_why_info(why->entry[i].code, &info), 0);
		check_text(info.text, &why->entry[i]);
		/* What passed is shown by its noun, in a list of what is ruled out. */
		if (why->entry[i].kind == UMM_WHY_PASSED)
			assert_non_null(info.ruled_out);
	}
}

static void provoke(const struct provocation *p)
{
	struct lab lab;
	int64_t err;

	lab_init(&lab);
	memset(&lab.why, 0xff, sizeof(lab.why));	/* the call begins it anew */
	lab.why.nr = 3;
	err = p->provoke(&lab);
	check_record(p, &lab, err);
	lab_destroy(&lab);
}

static void test_provocations(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct provocation *p = tables[i]; p->name; p++) {
			if (p->provoke)
				provoke(p);
		}
	}
}

/* The same error where nobody listens. */
static void provoke_unheard(const struct provocation *p)
{
	struct umm_why_info info;
	struct lab lab;
	int64_t err;

	for (unsigned int code = 0; code < umm_why_count(); code++) {
		assert_int_equal(umm_why_info(code, &info), 0);
		if (!strcmp(info.name, p->name))
			break;
	}
	lab_init(&lab);
	lab.listen = NULL;
	err = p->provoke(&lab);
	if (err != -info.error && err != UNSAID)
		fail_msg("%s: answer %lld where nobody listens, the catalogue says %d", p->name,
			 (long long)err, -info.error);
	lab_destroy(&lab);
}

/* Listening must not change the answer. */
static void test_nobody_listens(void **state)
{
	struct lab lab;

	(void)state;
	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct provocation *p = tables[i]; p->name; p++) {
			if (p->provoke)
				provoke_unheard(p);
		}
	}
	lab_init(&lab);
	assert_int_equal(umm_mmap(lab.mm, 0, 0, R, ANON, NULL, 0, NULL), -UMM_EINVAL);
	assert_int_equal(umm_munmap(lab.mm, 1, PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R, -1, NULL), -UMM_ENOMEM);
	assert_int_equal(umm_brk(lab.mm, 1, NULL), HEAP);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_READ, NULL), UMM_SEGV_MAPERR);
	lab_destroy(&lab);
}

/* How many rows have that name; all of them for NULL. */
static unsigned int rows_named(const char *name)
{
	unsigned int rows = 0;

	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct provocation *p = tables[i]; p->name; p++)
			rows += !name || !strcmp(p->name, name);
	}
	return rows;
}

/* The catalogue and the tables name the same refusals. */
static void test_catalogue_is_covered(void **state)
{
	unsigned int refusals = 0;

	(void)state;
	for (unsigned int code = 0; code < umm_why_count(); code++) {
		struct umm_why_info info;

		assert_int_equal(umm_why_info(code, &info), 0);
		if (!info.error)
			continue;
		refusals++;
		if (!info.calls)
			fail_msg("src/base/why_calls.def does not say which calls %s refuses",
				 info.name);
		if (rows_named(info.name) != 1)
			fail_msg("%u rows provoke %s", rows_named(info.name), info.name);
	}
	assert_int_equal(refusals, rows_named(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_provocations),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_catalogue_is_covered),
	};

	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
