/*
 * why.c - the record of a call's checks and decisions.
 */
#include "base/assert.h"
#include "base/why.h"

const uint8_t why_error[NR_WHY] = {
#define WHY(id, error, function, text, limit, remedy, ruled_out) [WHY_##id] = (error),
#define NOTE(id, function, text)
#include "base/why.def"
#undef WHY
#undef NOTE
};

void why_append(struct umm_why *why, enum umm_why_kind kind, enum why_code code, uint64_t v0,
		uint64_t v1, uint64_t v2, uint64_t v3)
{
	struct umm_why_entry *entry;
	unsigned int room = kind == UMM_WHY_REFUSED ? UMM_WHY_MAX : UMM_WHY_MAX - 1;

	mm_assert_debug(code < NR_WHY);
	if (why->nr >= room) {
		why->lost++;
		return;
	}
	entry = &why->entry[why->nr++];
	entry->code = (uint16_t)code;
	entry->kind = (uint16_t)kind;
	entry->reserved = 0;
	entry->value[0] = v0;
	entry->value[1] = v1;
	entry->value[2] = v2;
	entry->value[3] = v3;
}

void why_retract(struct umm_why *why, uint16_t nr)
{
	if (why && nr < why->nr)
		why->nr = nr;
}
