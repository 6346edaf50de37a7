/*
 * why_text.c - the strings of the catalogue.  -DUMM_NO_STRINGS leaves them out: then each text is
 * the entry's name.
 */
#include "base/why.h"
#include "base/why_text.h"

#ifdef UMM_NO_STRINGS
#define WHY(id, error, function, text, limit, remedy, ruled_out)                                   \
	[WHY_##id] = { #id, error, #id, #id, #id, NULL, #id, NULL },
#define NOTE(id, function, text) [NOTE_##id] = { #id, 0, #id, #id, NULL, NULL, NULL, NULL },
#else
#define WHY(id, error, function, text, limit, remedy, ruled_out)                                   \
	[WHY_##id] = { #id, error, function, text, limit, remedy, ruled_out, NULL },
#define NOTE(id, function, text) [NOTE_##id] = { #id, 0, function, text, NULL, NULL, NULL, NULL },
#endif

#ifdef UMM_NO_STRINGS
const char *why_calls(const char *name)
{
	return name;
}
#else
static const struct {
	const char *beginning, *calls;
} calls_of[] = {
#define CALLS(beginning, calls) { beginning, calls },
#include "base/why_calls.def"
#undef CALLS
};

/* How many characters @beginning has if @name begins so, else 0. */
static size_t begins(const char *name, const char *beginning)
{
	size_t length = 0;

	while (beginning[length] && name[length] == beginning[length])
		length++;
	return beginning[length] ? 0 : length;
}

const char *why_calls(const char *name)
{
	const char *calls = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls_of); i++) {
		size_t length = begins(name, calls_of[i].beginning);

		if (length > longest) {
			longest = length;
			calls = calls_of[i].calls;
		}
	}
	return calls;
}
#endif

const struct umm_why_info why_table[NR_WHY] = {
#include "base/why.def"
};
