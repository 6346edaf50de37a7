/*
 * why.h - every check names itself, whether it lets a call pass or not.
 *
 * Layer: base.
 *
 *	err = check(why, mm->map_count <= max, WHY_MAP_COUNT, mm->map_count, max);
 *	if (err)
 *		return err;
 *
 * The record is the caller's struct umm_why, or NULL: then a check is its comparison and one
 * predictable branch.  Notes tell of decisions that are not refusals.
 */
#ifndef BASE_WHY_H
#define BASE_WHY_H

#include <usermm/usermm.h>

#include "base/compiler.h"

enum why_code {
#define WHY(id, error, function, text, limit, remedy, ruled_out) WHY_##id,
#define NOTE(id, function, text) NOTE_##id,
#include "base/why.def"
#undef WHY
#undef NOTE
	NR_WHY
};

/* The error number of each code, kept apart from the strings so that those can be left out. */
extern const uint8_t why_error[NR_WHY];

static inline void why_begin(struct umm_why *why)
{
	if (why) {
		why->cursor = why->entry;
		why->lost = 0;
	}
}

/* The call is over: say how many entries there are.  While it runs, the cursor alone is kept. */
static inline void why_end(struct umm_why *why)
{
	if (why)
		why->nr = (uint16_t)(why->cursor - why->entry);
}

/* Append an entry.  Passed checks and notes stop one short of the end: a refusal has room. */
static __always_inline void why_append(struct umm_why *why, enum umm_why_kind kind,
				       enum why_code code, uint64_t v0, uint64_t v1, uint64_t v2,
				       uint64_t v3)
{
	struct umm_why_entry *entry = why->cursor;
	unsigned int room = kind == UMM_WHY_REFUSED ? UMM_WHY_MAX : UMM_WHY_MAX - 1;

	if (unlikely(entry >= &why->entry[room])) {
		why->lost++;
		return;
	}
	why->cursor = entry + 1;
	/* Member by member: a whole struct would be written twice. */
	entry->code = (uint16_t)code;
	entry->kind = (uint16_t)kind;
	entry->reserved = 0;
	entry->value[0] = v0;
	entry->value[1] = v1;
	entry->value[2] = v2;
	entry->value[3] = v3;
}

static __always_inline void note(struct umm_why *why, enum why_code code, uint64_t v0, uint64_t v1,
			uint64_t v2, uint64_t v3)
{
	if (why)
		why_append(why, UMM_WHY_NOTE, code, v0, v1, v2, v3);
}

static __always_inline void passed(struct umm_why *why, enum why_code code, uint64_t v0,
				   uint64_t v1)
{
	if (why)
		why_append(why, UMM_WHY_PASSED, code, v0, v1, 0, 0);
}

/*
 * The call is refused by the check @code: its negative error number.  Not inlined: the ways of
 * calls that succeed stay short.
 */
__must_check __cold __noinline long refuse4(struct umm_why *why, enum why_code code, uint64_t v0,
					    uint64_t v1, uint64_t v2, uint64_t v3);

static inline __must_check long refuse(struct umm_why *why, enum why_code code, uint64_t v0,
				       uint64_t v1)
{
	return refuse4(why, code, v0, v1, 0, 0);
}

/* A check with what it compares: 0 if @holds, else refused. */
static __always_inline __must_check long check(struct umm_why *why, bool holds, enum why_code code,
				      uint64_t value, uint64_t limit)
{
	if (unlikely(!holds))
		return refuse(why, code, value, limit);
	passed(why, code, value, limit);
	return 0;
}

/*
 * After a refusal: a check that would have come later was looked at all the same, so that the
 * reader knows that it is not another obstacle.  Says nothing if it is one.
 */
static __always_inline void ruled_out(struct umm_why *why, bool holds, enum why_code code,
				      uint64_t value, uint64_t limit)
{
	if (holds)
		passed(why, code, value, limit);
}

/* The refusal just made is not the last word: another check says no, or only a part is refused. */
static inline void why_unrefuse(struct umm_why *why)
{
	if (why && why->cursor > why->entry && why->cursor[-1].kind == UMM_WHY_REFUSED)
		why->cursor--;
}

/* Where the record stands, and going back to there: for a search that is tried again. */
static inline struct umm_why_entry *why_mark(const struct umm_why *why)
{
	return why ? why->cursor : NULL;
}

static inline void why_retract(struct umm_why *why, struct umm_why_entry *mark)
{
	if (why)
		why->cursor = mark;
}

#endif
