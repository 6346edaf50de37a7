/*
 * emit_c.h - a sequence as a program in C that needs nothing of ours.
 *
 * Layer: seq.
 */
#ifndef SEQ_EMIT_C_H
#define SEQ_EMIT_C_H

#include <stdio.h>

#include "seq/start.h"
#include "seq/state.h"

/*
 * Write to @out a program that makes the calls of @seq, prints each answer beside the one that
 * @answer has for it, and exits with 1 if one differs.  @answer are seq->nr answers of somebody who
 * executed it with @bases; SEQ_SKIPPED steps are left out.  @start is what was there when it did:
 * its limits are set, and capabilities are dropped if it had none; NULL: all as it is.  Its first
 * lines say how it is built: alone at an address where nothing of a sequence reaches, for x86-64.
 */
void seq_emit_c(FILE *out, const struct seq *seq, const struct seq_bases *bases,
		const int64_t *answer, const struct seq_start *start);

#endif
