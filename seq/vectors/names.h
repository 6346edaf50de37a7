/*
 * names.h - ids and descriptors that a target gave out, when they come back as numbers.
 *
 * In a sequence the segment of the n-th step is $n; in the line protocol it is the number that the
 * target answered.  Who executes sequences wants $n back.
 *
 * Layer: seq, above include/usermm/.
 */
#ifndef SEQ_VECTORS_NAMES_H
#define SEQ_VECTORS_NAMES_H

#include "seq/seq.h"

struct target_names {
	struct {
		int64_t answer;
		uint8_t call;
	} step[SEQ_STEPS_MAX];
	size_t nr;
};

void names_clear(struct target_names *names);

/* @step with $n for the numbers that are such names. */
void names_apply(const struct target_names *names, const struct seq_step *step,
		 struct seq_step *named);

/* The next step answered @answer. */
void names_note(struct target_names *names, const struct seq_step *step, int64_t answer);

#endif
