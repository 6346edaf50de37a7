/*
 * encode.h - sequences as bytes: what a fuzzer mutates.
 *
 * Every string of bytes is a sequence, and a small change of the bytes is a small change of it.
 * Every sequence whose unused arguments are 0 has bytes that stand for it.
 *
 * A step is a byte for the call and one for the process (what is above the last begins again with
 * the first), then each argument: a byte below 0x80 for what is usual of its kind (a page of the
 * pool, a number of pages, a few flags), else base and length of the number that follows.
 *
 * Layer: seq.
 */
#ifndef SEQ_ENCODE_H
#define SEQ_ENCODE_H

#include "seq/seq.h"

/* The most bytes of a step. */
#define SEQ_STEP_BYTES (2 + SEQ_ARGS * 11)

/*
 * What @bytes stand for, up to @room steps in seq->step, which is the caller's.  Arguments that
 * the bytes do not reach are 0.  How many bytes were used.
 */
size_t seq_decode(const uint8_t *bytes, size_t size, struct seq *seq, size_t room);

/*
 * The bytes of @seq, as snprintf(3) without the NUL: how many there are, written as far as they
 * fit.
 */
size_t seq_encode(const struct seq *seq, uint8_t *bytes, size_t size);

#endif
