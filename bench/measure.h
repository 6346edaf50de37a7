/*
 * measure.h - what every bench needs: a clock, and an end when something does not work.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static inline void need(int worked, const char *what)
{
	if (worked)
		return;
	fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

#endif
