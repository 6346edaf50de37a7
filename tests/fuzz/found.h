/*
 * found.h - sequences that once parted, run again: a file of them is a test.
 */
#ifndef TESTS_FUZZ_FOUND_H
#define TESTS_FUZZ_FOUND_H

#include "sides.h"

/*
 * Each block of the file is a sequence, a step a line; its first comment names it; empty lines part
 * blocks.  Prints TAP, and each divergence as report.h does.  How many parted.
 */
unsigned int found_run(const char *path, const struct sides *sides);

#endif
