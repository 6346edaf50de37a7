/*
 * histogram.h - what a run was made of, and whether that was enough.
 */
#ifndef TESTS_FUZZ_HISTOGRAM_H
#define TESTS_FUZZ_HISTOGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "seq/seq.h"

#define HISTOGRAM_ERRORS 134

struct histogram {
	uint64_t calls;			/* compared */
	uint64_t made[SEQ_CALLS], succeeded[SEQ_CALLS];
	uint64_t error[HISTOGRAM_ERRORS];
	uint64_t max_areas;
	uint32_t caps;			/* that some sequence had */
	bool names;			/* areas can have names here */
	bool no_userfaultfd;		/* nobody gets one here */
};

/* @step answered @answer; @bases were before it. */
void histogram_add(struct histogram *histogram, const struct seq_step *step,
		   const struct seq_bases *bases, int64_t answer);

/* Table of calls, of errors. */
void histogram_print(const struct histogram *histogram, FILE *out);

/*
 * The bars: each call 1 % of all, 20 to 80 % of each call's uses succeed, each error 100 times per
 * million, an address space beyond 1000 areas.  One line per bar that is missed; how many.
 */
unsigned int histogram_missed(const struct histogram *histogram, FILE *out);

#endif
