/*
 * shrink.h - the smallest sequence that still does it.
 *
 * Layer: seq.
 */
#ifndef SEQ_SHRINK_H
#define SEQ_SHRINK_H

#include "seq/seq.h"

/*
 * Does @seq still fail?  It must say the same of the same sequence.  Steps may name processes and
 * answers that are not there: they are skipped, as everywhere.
 */
typedef bool (*seq_fails_fn)(const struct seq *seq, void *ctx);

/*
 * Make @seq, which fails, smaller in place for as long as it fails: fewer steps, fewer processes,
 * simpler values; $n keep naming the steps they named.  @fails is asked at most @max_tries times;
 * how often it was is returned.  @bases is what was known after the sequence was executed once, and
 * lets addresses that are $n be told from others; NULL where nobody knows.  Without memory nothing
 * is done.
 */
size_t seq_shrink(struct seq *seq, const struct seq_bases *bases, seq_fails_fn fails, void *ctx,
		  size_t max_tries);

/* Without the steps [first, first + nr), and without those that name one of them; $n renumbered. */
void seq_drop(struct seq *seq, size_t first, size_t nr);

#endif
