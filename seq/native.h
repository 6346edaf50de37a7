/*
 * native.h - the running kernel executes the steps of a sequence.
 *
 * A process of our own making, the executor (seq/executor/), makes the calls: it has no libc, its
 * address space holds nothing but itself, low, and the few words that it shares with us.  It runs a
 * whole sequence without a switch of context per step and leaves behind, for each step, the answer
 * and a hash of /proc/self/maps as it was afterwards.  Whoever wants to read more than a hash lets
 * it run up to a step: between two seq_native_run() all its processes stand still, and their
 * /proc can be read at leisure.
 *
 * The executor dies with us, also when we are killed; what it made in the system (segments of
 * System V shared memory) is removed by seq_native_end().
 *
 * Layer: seq.  One thread at a time; several seq_natives do not know of each other.
 */
#ifndef SEQ_NATIVE_H
#define SEQ_NATIVE_H

#include <sys/types.h>

#include "seq/seen.h"
#include "seq/start.h"
#include "seq/state.h"

struct seq_native;

/* What is asked for. */
struct seq_native_wishes {
	bool maps;			/* after each step: seq_seen.maps and .other */
	const bool *blind;		/* NULL, or: not after this step of the sequence */
	uint32_t every;			/* after every n-th step: .smaps and .vm; 0: never */
	uint32_t timeout_ms;		/* of a single step; 0: 20 s */
};

/*
 * What executors need: their image, files.  0 or a negative error, and then *error, a text that
 * never goes.  seq_native_free() ends an executor that is still there.
 */
int seq_native_new(struct seq_native **out, const char **error);
void seq_native_free(struct seq_native *native);

/* The settings of this machine, as models of it want them; rules that were asked of the kernel. */
const struct umm_settings *seq_native_settings(const struct seq_native *native);
int seq_native_set_rules(const struct seq_native *native, struct umm_world *world);

/*
 * A new executor, which stands before the first step; one that was there is ended.  @start is what
 * was observed of it.  0 or a negative error with *error.
 */
int seq_native_begin(struct seq_native *native, struct seq_start *start, const char **error);

/*
 * Executors from now on have none of the capabilities that memory calls ask for, or those that we
 * have, which is so at first.
 */
void seq_native_drop_caps(struct seq_native *native, bool drop);

/* End it and all its processes. */
void seq_native_end(struct seq_native *native);

/*
 * Add the steps to those that were executed, and execute them.  @skip[n] true: not that one, as
 * where the model says so; NULL: each that seq_step_allowed().  _post() does not wait: @seq and
 * @skip were copied when it returns; _wait() says how it went: 0; -EPIPE where a process died,
 * -ETIMEDOUT where one hangs (*error tells where; the executor was ended then).  -ENOSPC for more
 * than SEQ_STEPS_MAX in all.
 */
int seq_native_post(struct seq_native *native, const struct seq *seq, const bool *skip,
		    const struct seq_native_wishes *wishes);
int seq_native_wait(struct seq_native *native, const char **error);
int seq_native_run(struct seq_native *native, const struct seq *seq, const bool *skip,
		   const struct seq_native_wishes *wishes, const char **error);

/* Of what was executed: answers, by the number of the step (SEQ_SKIPPED), and what was seen. */
const struct seq_state *seq_native_state(const struct seq_native *native);
int64_t seq_native_answer(const struct seq_native *native, size_t step);
const struct seq_seen *seq_native_seen(const struct seq_native *native, size_t step);

/* Nanoseconds that the steps took in the executor so far, without looking. */
uint64_t seq_native_ns(const struct seq_native *native);

/* The id of a process, to read its /proc; -1 for one that is not there. */
pid_t seq_native_pid(const struct seq_native *native, unsigned int process);

/*
 * The text of /proc/PID/maps of a process without what is not memory of its own (vsyscall); the
 * caller frees it.  NULL: it could not be read.
 */
char *seq_native_maps(const struct seq_native *native, unsigned int process);

/*
 * The same hash of lines of maps, as the executor computes it while it reads.  Inodes of shared
 * anonymous memory, which the kernel chooses, do not count.
 */
uint64_t seq_maps_hash(const char *text, size_t size);

/* The page that the kernel adds to each maps, smaps text: appended to ours before it is hashed. */
const char *seq_native_gate(const struct seq_native *native);

#endif
