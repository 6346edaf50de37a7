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

long refuse4(struct umm_why *why, enum why_code code, uint64_t v0, uint64_t v1, uint64_t v2,
	     uint64_t v3)
{
	if (why)
		why_append(why, UMM_WHY_REFUSED, code, v0, v1, v2, v3);
	return -(long)why_error[code];
}
