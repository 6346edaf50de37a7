/*
 * shrink.h - make a sequence short while something stays true of it.
 *
 * Layer: seq.
 */
#ifndef SEQ_VECTORS_SHRINK_H
#define SEQ_VECTORS_SHRINK_H

#include "seq/seq.h"

/*
 * @holds(@seq) is true, and stays true: no step can be dropped afterwards.  Values become simple
 * ones (page 0 of the pool, one page, fewer flags) where it stays true.
 */
void shrink(struct seq *seq, bool (*holds)(const struct seq *seq, void *ctx), void *ctx);

#endif
