/*
 * pages.h - what a step `pages` answers, on whichever side it is executed.
 *
 * Of each page there is a word: what stands in its entry, a hash of what it holds, and the code of
 * the signal if it cannot be read.  Of one page the answer is its word, of several a hash of them.
 * What the kernel maps on its own around a page of a file is nobody's business: of pages that are
 * neither anonymous nor the zero page the word says nothing of the entry.
 *
 * Layer: seq; also without a libc.
 */
#ifndef SEQ_PAGES_H
#define SEQ_PAGES_H

#include "seq/hash.h"
#include "seq/seq.h"

/* The low half of a word is the hash, 0 for a page of zeros. */
#define SEQ_PAGE_PRESENT (UINT64_C(1) << 32)	/* an anonymous page is there, or the zero page */
#define SEQ_PAGE_ZERO (UINT64_C(1) << 33)	/* the zero page; where it can be told */
#define SEQ_PAGE_EXCLUSIVE (UINT64_C(1) << 34)	/* nobody else maps it */
#define SEQ_PAGE_IN_CORE (UINT64_C(1) << 35)	/* mincore says so, of pages that are there */
#define SEQ_PAGE_CODE_SHIFT 40			/* see calls.def, read */

#define SEQ_PAGES_MOST UINT64_C(8192)		/* in one step */

enum seq_pages_look { SEQ_PAGES_THERE, SEQ_PAGES_ALL };

/* Of a page's contents.  Four sums at a time: they do not wait for each other. */
static inline uint64_t seq_page_hash(const volatile uint64_t *word)
{
	uint64_t sum[4] = { 0 };

	for (unsigned int i = 0; i < SEQ_PAGE / 8; i += 4)
		for (unsigned int lane = 0; lane < 4; lane++)
			sum[lane] = seq_hash_mix(sum[lane], word[i + lane]);
	for (unsigned int lane = 1; lane < 4; lane++)
		sum[0] = seq_hash_mix(sum[0], sum[lane]);
	return (sum[0] ^ sum[0] >> 32) & UINT32_MAX;
}

/* The word of the @index-th of @nr pages. */
static inline uint64_t seq_pages_add(uint64_t sum, uint64_t nr, uint64_t index, uint64_t word)
{
	if (nr == 1)
		return word;
	return word ? seq_hash_mix(sum, word ^ index << 48) : sum;
}

/* Not mistaken for an error. */
static inline int64_t seq_pages_answer(uint64_t sum)
{
	return (int64_t)(sum & INT64_MAX);
}

/* Byte @at of the file with the pattern. */
static inline unsigned char seq_pattern_byte(uint64_t at)
{
	return (unsigned char)(at / SEQ_PAGE * 7 + at % SEQ_PAGE * 3 + at % SEQ_PAGE / 256);
}

#endif
