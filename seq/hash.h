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

/* Does [line, end) end in @name? */
static inline int seq_hash_ends(const char *line, const char *end, const char *name, size_t size)
{
	return (size_t)(end - line) > size && __builtin_memcmp(end - size, name, size) == 0;
}

/*
 * Of a line of maps the part before the inode, if that is a number that the kernel chose for an
 * object of its own making: shared anonymous memory.  0 for other lines.
 */
static inline size_t seq_hash_before_inode(const char *line, const char *end)
{
	static const char zero[] = "/dev/zero (deleted)", huge[] = "/anon_hugepage (deleted)";
	const char *at = line;

	if (!seq_hash_ends(line, end, zero, sizeof(zero) - 1) &&
	    !seq_hash_ends(line, end, huge, sizeof(huge) - 1))
		return 0;
	for (int field = 0; field < 4 && at < end; at++)
		field += *at == ' ';
	return (size_t)(at - line);
}

/* Whole lines of maps, but for such inodes and the spaces behind them. */
static inline void seq_hash_maps(struct seq_hasher *hasher, const char *text, size_t size)
{
	const char *from = text, *end = text + size, *next;

	for (const char *line = text; line < end; line = next) {
		const char *stop = line;
		size_t keep;

		while (stop < end && *stop != '\n')
			stop++;
		next = stop + (stop < end);
		keep = seq_hash_before_inode(line, stop);
		if (!keep)
			continue;
		seq_hash_add(hasher, from, (size_t)(line - from) + keep);
		for (from = line + keep; from < stop && *from != '/'; from++)
			;
	}
	seq_hash_add(hasher, from, (size_t)(end - from));
}

/* Never 0, which stands for "nobody looked". */
static inline uint64_t seq_hash_end(const struct seq_hasher *hasher)
{
	unsigned int rest = (unsigned int)(hasher->bytes % 8);
	uint64_t last = rest ? hasher->word & ((UINT64_C(1) << (8 * rest)) - 1) : 0;

	return seq_hash_mix(seq_hash_mix(hasher->sum, last), hasher->bytes) | 1;
}

#endif
