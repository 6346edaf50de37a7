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

/* All of the address space, page by page: a sanitizer's shadow is terabytes. */
static void all_of_it(const struct row *rows)
{
	unit_need_kernel(6, 18);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	(void)rows;
	printf("# skipped: a sanitizer's shadow is not to be locked, or walked\n");
	skip();
#else
	beside_rows(rows);
#endif
}

static void test_lock_all(void **state)
{
	(void)state;
	all_of_it(rows_lock_all);
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

static void test_process_all(void **state)
{
	(void)state;
	all_of_it(rows_process_all);
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
		cmocka_unit_test(test_process_all),
	};

	return cmocka_run_group_tests_name("beside", tests, NULL, NULL);
}
