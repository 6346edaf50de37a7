/*
 * why.c - the record of a call's checks and decisions.
 */
#include "base/why.h"

const uint8_t why_error[NR_WHY] = {
#define WHY(id, error, function, text, limit, remedy, ruled_out) [WHY_##id] = (error),
#define NOTE(id, function, text)
#include "base/why.def"
#undef WHY
#undef NOTE
};

void why_retract(struct umm_why *why, uint16_t nr)
{
	if (why && nr < why->nr)
		why->nr = nr;
}
