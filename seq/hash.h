/*
 * hash.h - a hash of a text that comes in pieces: what two sides that cannot hand each other the
 * text compare.  Against chance, not against malice.
 *
 * Layer: seq; also without a libc.
 */
#ifndef SEQ_HASH_H
#define SEQ_HASH_H

#include <stddef.h>
#include <stdint.h>

struct seq_hasher {
	uint64_t sum;
	uint64_t word;			/* the last bytes, fewer than eight */
	uint64_t bytes;			/* so far */
};

static inline uint64_t seq_hash_mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return sum ^ (sum >> 29);
}

static inline void seq_hash_byte(struct seq_hasher *hasher, unsigned char byte)
{
	hasher->word = hasher->word << 8 | byte;
	if (++hasher->bytes % 8 == 0)
		hasher->sum = seq_hash_mix(hasher->sum, hasher->word);
}

static inline uint64_t seq_hash_load(const unsigned char *at)
{
	uint64_t word;

	__builtin_memcpy(&word, at, sizeof(word));
	return __builtin_bswap64(word);
}

static inline void seq_hash_add(struct seq_hasher *hasher, const void *text, size_t size)
{
	const unsigned char *at = text, *end = at + size;

	while (at < end && hasher->bytes % 8)
		seq_hash_byte(hasher, *at++);
	for (; end - at >= 8; at += 8, hasher->bytes += 8)
		hasher->sum = seq_hash_mix(hasher->sum, seq_hash_load(at));
	while (at < end)
		seq_hash_byte(hasher, *at++);
}

/* Never 0, which stands for "nobody looked". */
static inline uint64_t seq_hash_end(const struct seq_hasher *hasher)
{
	unsigned int rest = (unsigned int)(hasher->bytes % 8);
	uint64_t last = rest ? hasher->word & ((UINT64_C(1) << (8 * rest)) - 1) : 0;

	return seq_hash_mix(seq_hash_mix(hasher->sum, last), hasher->bytes) | 1;
}

#endif
