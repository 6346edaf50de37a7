/*
 * smaps.h - what a step `smaps` answers: lines of /proc/PID/smaps, the kernel's or the library's,
 * added up.
 *
 * Only anonymous areas that lie within a range: of others the kernel maps pages on its own.  Not
 * among the fields: Referenced, which a processor may set before its time, and LazyFree, which the
 * kernel tells when it gets round to it.
 *
 * Layer: seq; also without a libc.
 */
#ifndef SEQ_SMAPS_H
#define SEQ_SMAPS_H

#include <stdbool.h>

#include "seq/hash.h"
#include "seq/seq.h"

struct seq_smaps {
	uint64_t start, end;		/* the range */
	uint64_t field;			/* one of kinds.def's, 0 for all */
	bool inside;			/* the area in hand counts */
	uint64_t sum;			/* of the field */
	struct seq_hasher all;
};

static inline uint64_t seq_smaps_number(const char **at, const char *end, unsigned int radix)
{
	uint64_t value = 0;

	for (; *at < end; (*at)++) {
		unsigned int digit = (unsigned char)**at - '0';

		if (digit > 9)
			digit = (unsigned char)**at - 'a' + 10;
		if (digit >= radix)
			break;
		value = value * radix + digit;
	}
	return value;
}

/* "start-end perms offset dev inode", and the path of what is not anonymous. */
static inline void seq_smaps_area(struct seq_smaps *smaps, const char *line, const char *end)
{
	uint64_t from = seq_smaps_number(&line, end, 16), to;

	line += line < end;
	to = seq_smaps_number(&line, end, 16);
	smaps->inside = from >= smaps->start && to <= smaps->end;
	for (; line < end; line++)
		smaps->inside &= *line != '/';
}

/* What follows @name and blanks, NULL if the line does not begin with it. */
static inline const char *seq_smaps_after(const char *line, const char *end, const char *name)
{
	for (; *name; name++, line++)
		if (line == end || *line != *name)
			return NULL;
	while (line < end && *line == ' ')
		line++;
	return line;
}

/* One line, without its newline. */
static inline void seq_smaps_line(struct seq_smaps *smaps, const char *line, size_t size)
{
	static const char name[][16] = {
		"", "Rss:", "Pss:", "Shared_Clean:", "Shared_Dirty:", "Private_Clean:",
		"Private_Dirty:", "Anonymous:", "AnonHugePages:", "Swap:", "Locked:",
		"Pss_Dirty:", "THPeligible:",
	};
	const char *end = line + size;

	if (size && (*line < 'A' || *line > 'Z')) {
		seq_smaps_area(smaps, line, end);
		return;
	}
	for (uint64_t i = 1; smaps->inside && i < sizeof(name) / sizeof(name[0]); i++) {
		const char *at = seq_smaps_after(line, end, name[i]);
		uint64_t value;

		if (!at || (smaps->field && smaps->field != i))
			continue;
		value = seq_smaps_number(&at, end, 10);
		smaps->sum += value;
		value = value << 8 | i;
		seq_hash_add(&smaps->all, &value, sizeof(value));
	}
}

static inline int64_t seq_smaps_answer(const struct seq_smaps *smaps)
{
	if (smaps->field)
		return (int64_t)smaps->sum;
	return (int64_t)(seq_hash_end(&smaps->all) & INT64_MAX);
}

#endif
