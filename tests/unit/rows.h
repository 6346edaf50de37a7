/*
 * rows.h - the tables of test_beside.c.
 */
#ifndef TESTS_ROWS_H
#define TESTS_ROWS_H

#include "beside.h"

/* Each ends with a row whose name is NULL. */
extern const struct row rows_lock[], rows_lock_all[], rows_madvise[], rows_mremap[], rows_range[],
	rows_process[], rows_process_all[];

#endif
