/*
 * why_text.c - the strings of the catalogue.  -DUMM_NO_STRINGS leaves them out: then each text is
 * the entry's name.
 */
#include "base/why.h"
#include "base/why_text.h"

#ifdef UMM_NO_STRINGS
#define WHY(id, error, function, text, limit, remedy, ruled_out)                                   \
	[WHY_##id] = { #id, error, #id, #id, #id, NULL, #id },
#define NOTE(id, function, text) [NOTE_##id] = { #id, 0, #id, #id, NULL, NULL, NULL },
#else
#define WHY(id, error, function, text, limit, remedy, ruled_out)                                   \
	[WHY_##id] = { #id, error, function, text, limit, remedy, ruled_out },
#define NOTE(id, function, text) [NOTE_##id] = { #id, 0, function, text, NULL, NULL, NULL },
#endif

const struct umm_why_info why_table[NR_WHY] = {
#include "base/why.def"
};
