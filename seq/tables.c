/*
 * tables.c - the tables of seq.h, and what values stand for.
 */
#include <string.h>

#include "seq/seq.h"

#define K(KIND) SEQ_KIND_##KIND,
#define SEQ_CALL(NAME, call, ans, kinds)						\
	[SEQ_##NAME] = { #call, SEQ_ANSWER_##ans, { kinds SEQ_KIND_NONE } },
static const struct seq_call_info calls[SEQ_CALLS] = {
#include "seq/calls.def"
};
#undef SEQ_CALL
#undef K

static const struct {
	const char *name, *text;
} files[SEQ_FILES] = {
#define SEQ_FILE(NAME, file, about) [SEQ_FILE_##NAME] = { #file, about },
#include "seq/files.def"
#undef SEQ_FILE
};

const struct seq_call_info *seq_call_info(unsigned int call)
{
	return &calls[call];
}

const char *seq_file_name(unsigned int file)
{
	return files[file].name;
}

const char *seq_file_text(unsigned int file)
{
	return files[file].text;
}

int seq_call_find(const char *name)
{
	for (int i = 0; i < SEQ_CALLS; i++) {
		if (!strcmp(calls[i].name, name))
			return i;
	}
	return -1;
}

int seq_file_find(const char *name)
{
	for (int i = 0; i < SEQ_FILES; i++) {
		if (!strcmp(files[i].name, name))
			return i;
	}
	return -1;
}

uint64_t seq_resolve(const struct seq_bases *bases, const struct seq_value *value)
{
	uint64_t base = 0;

	if (value->base == SEQ_BASE_RESULT) {
		if (value->step < bases->nr_answers)
			base = (uint64_t)bases->answer[value->step];
	} else if (value->base < SEQ_BASES) {
		base = bases->base[value->base];
	}
	return base + value->offset;
}

struct seq_value seq_relate(const struct seq_bases *bases, uint64_t number)
{
	const uint64_t mib = UINT64_C(1) << 20, gib = mib << 10;
	const struct {
		uint8_t base;
		uint64_t below, above;
	} reach[] = {
		{ SEQ_BASE_POOL, 0, SEQ_POOL_BYTES },
		{ SEQ_BASE_BRK, 0, 256 * mib },
		{ SEQ_BASE_TOP, 64 * gib, 64 * gib },
	};

	for (size_t i = 0; i < sizeof(reach) / sizeof(reach[0]); i++) {
		uint64_t offset = number - bases->base[reach[i].base];

		if (offset < reach[i].above || -offset <= reach[i].below)
			return (struct seq_value){ .base = reach[i].base, .offset = offset };
	}
	return (struct seq_value){ .base = SEQ_BASE_NUMBER, .offset = number };
}
