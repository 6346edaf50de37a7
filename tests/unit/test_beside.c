/*
 * test_beside.c - what the random programs and the exhaustive ones seldom come to: corners of
 * calls that tables name one by one, each done on the running kernel and in the library.
 */
#include "rows.h"

static void test_lock(void **state)
{
	(void)state;
	unit_need_kernel(6, 18);
	beside_rows(rows_lock);
}

/* Not with sanitizers: their shadow is terabytes of memory that would be filled. */
static void test_lock_all(void **state)
{
	(void)state;
	unit_need_kernel(6, 18);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("# skipped: a sanitizer's shadow is not to be locked\n");
	skip();
#else
	beside_rows(rows_lock_all);
#endif
}

static void test_madvise(void **state)
{
	(void)state;
	unit_need_kernel(6, 18);
	beside_rows(rows_madvise);
}

static void test_mremap(void **state)
{
	(void)state;
	unit_need_kernel(6, 18);
	beside_rows(rows_mremap);
}

static void test_range(void **state)
{
	(void)state;
	unit_need_kernel(6, 18);
	beside_rows(rows_range);
}

static void test_process(void **state)
{
	(void)state;
	unit_need_kernel(6, 18);
	beside_rows(rows_process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock),
		cmocka_unit_test(test_lock_all),
		cmocka_unit_test(test_madvise),
		cmocka_unit_test(test_mremap),
		cmocka_unit_test(test_range),
		cmocka_unit_test(test_process),
	};

	return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
