/*
 * report.h - a divergence, made small and told.
 */
#ifndef TESTS_FUZZ_REPORT_H
#define TESTS_FUZZ_REPORT_H

#include <stdio.h>

#include "sides.h"

/*
 * Make the sequence of @trial, where the sides part, as small as it still parts, and say what
 * happens: its steps, both sides, the model's reasons, the sequence as a C program, and as a
 * vector.
 */
void report_divergence(const struct trial *trial, FILE *out);

#endif
