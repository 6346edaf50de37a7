/*
 * perf_faults.h - page faults of a process and all that it starts, from perf's rings.
 *
 * Layer: host.  Samples are hints: they come from all threads, in the order of time, and say that a
 * fault began.  What they leave out is in perf_faults.c.
 */
#ifndef HOST_PERF_FAULTS_H
#define HOST_PERF_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum sample_kind {
	SAMPLE_FAULT,
	SAMPLE_GUP,			/* a page was made writable, as by a fault: reached.h */
	SAMPLE_REACHED,			/* memory of @target is written otherwise */
	SAMPLE_TRUNCATED,		/* a file becomes shorter, perhaps */
};

struct fault_sample {
	enum sample_kind kind;
	uint64_t time_ns;		/* CLOCK_MONOTONIC */
	uint64_t addr;
	pid_t pid, tid;
	unsigned int access;		/* UMM_ACCESS_; 0 if the source cannot tell */
	uint64_t second_addr;		/* SAMPLE_GUP: of another page, or 0 */
	pid_t target;			/* SAMPLE_REACHED: whose; and from now on, or once */
	bool for_good;
};

enum fault_source {
	FAULTS_TRACEPOINTS,		/* user and kernel faults, read or write */
	FAULTS_SOFTWARE,		/* user and kernel faults, address only */
	FAULTS_SOFTWARE_USER,		/* faults of user code, address only */
};

struct perf_faults;

/*
 * Sample the @nr threads @tid, which stand still, and all that they start; from @best or the next
 * best source that is permitted.  @lossy: for tests, with rings of one page.  @reached: besides, if
 * tracepoints are, calls that write memory without faults (reached.h).  @signo is sent to this
 * thread when a ring fills.  0 or a negative error of the poorest source.
 */
int perf_faults_open(const pid_t *tid, size_t nr, enum fault_source best, bool lossy, bool reached,
		     int signo, struct perf_faults **out);
void perf_faults_close(struct perf_faults *faults);

enum fault_source perf_faults_source(const struct perf_faults *faults);

/*
 * Take all samples out, oldest first.  *samples stays valid until the next call.  *lost counts
 * the records that found no room since the last call.  A negative error if memory ran out.
 */
int perf_faults_drain(struct perf_faults *faults, const struct fault_sample **samples,
		      uint64_t *lost);

/* True if there is something to drain: a few loads. */
bool perf_faults_waiting(const struct perf_faults *faults);

#endif
