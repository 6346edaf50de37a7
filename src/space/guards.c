/*
 * guards.c - ranges of pages that nobody may touch.
 *
 * Theory
 * ------
 * A guard marker is a page-table entry that makes every access a segmentation fault.  It belongs
 * to the address, not to the area: installing one cuts no area, changing an area's flags leaves it,
 * giving the contents back (MADV_DONTNEED) leaves it too.  It goes when the range is unmapped,
 * moves with mremap, and is copied by fork where page tables are.
 *
 * Few programs have any, and those have them in a few ranges: a sorted array, looked at only by
 * what fills, unmaps, moves or copies pages.  Neighbouring ranges are one.
 *
 * Invariants, all checked by guards_are_valid():
 *	1. start < end of each range, both aligned;
 *	2. the end of a range is below the start of the next;
 *	3. nr <= room.
 */
#include "base/assert.h"
#include "space/guards.h"

/* The array grows by blocks that a platform likes to give: 256 bytes. */
#define ROOM_STEP (256 / sizeof(struct guard_range))

/* The first range that ends at or above @addr. */
static size_t find(const struct guards *guards, umm_addr_t addr)
{
	size_t low = 0, high = guards->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (guards->range[middle].end < addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Replace @gone ranges from @at on by the @nr of @with.  The room is there. */
static void replace(struct guards *guards, size_t at, size_t gone, const struct guard_range *with,
		    size_t nr)
{
	mm_assert(at + gone <= guards->nr && guards->nr - gone + nr <= guards->room);
	if (guards->nr > at + gone)
		memmove(&guards->range[at + nr], &guards->range[at + gone],
			(guards->nr - at - gone) * sizeof(*with));
	for (size_t i = 0; i < nr; i++)
		guards->range[at + i] = with[i];
	guards->nr += nr - gone;
}

long guards_reserve(struct mm_struct *mm, size_t more, struct umm_why *why)
{
	const struct umm_platform *platform = &mm->world->platform;
	struct guards *guards = &mm->guards;
	struct guard_range *range;
	size_t room;

	if (guards->room - guards->nr >= more)
		return 0;
	room = max_u64(2 * guards->room, guards->nr + more);
	room = (room + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
	range = platform->alloc(platform->ctx, room * sizeof(*range));
	if (!range)
		return refuse(why, WHY_NO_METADATA, more, 0);
	if (guards->nr)
		memcpy(range, guards->range, guards->nr * sizeof(*range));
	if (guards->range)
		platform->free(platform->ctx, guards->range, guards->room * sizeof(*range));
	guards->range = range;
	guards->room = room;
	return 0;
}

void guards_install(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	struct guards *guards = &mm->guards;
	struct guard_range all = { start, end };
	size_t at = find(guards, start), past;

	mm_assert(start < end);
	for (past = at; past < guards->nr && guards->range[past].start <= end; past++) {
		all.start = min_u64(all.start, guards->range[past].start);
		all.end = max_u64(all.end, guards->range[past].end);
	}
	replace(guards, at, past - at, &all, 1);
}

void guards_remove(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	struct guards *guards = &mm->guards;
	struct guard_range left[2];
	size_t at, past, nr = 0;

	if (likely(!guards->nr))
		return;
	at = find(guards, start + 1);
	if (at < guards->nr && guards->range[at].start < start)
		left[nr++] = (struct guard_range){ guards->range[at].start, start };
	for (past = at; past < guards->nr && guards->range[past].start < end; past++)
		;
	if (past > at && guards->range[past - 1].end > end)
		left[nr++] = (struct guard_range){ end, guards->range[past - 1].end };
	if (past > at)
		replace(guards, at, past - at, left, nr);
}

void guards_move(struct mm_struct *mm, umm_addr_t from, umm_addr_t to, uint64_t len)
{
	umm_addr_t start, end;

	guards_remove(mm, to, to + len);
	/* Each is taken away where it stood before the next is looked for. */
	while ((start = guards_first(mm, from, from + len)) < from + len) {
		const struct guard_range *range = &mm->guards.range[find(&mm->guards, start + 1)];

		end = min_u64(range->end, from + len);
		guards_remove(mm, start, end);
		guards_install(mm, start - from + to, end - from + to);
	}
}

size_t guards_in(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	const struct guards *guards = &mm->guards;
	size_t n = 0;

	for (size_t i = find(guards, start + 1);
	     i < guards->nr && guards->range[i].start < end; i++)
		n++;
	return n;
}

umm_addr_t guards_first(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	const struct guards *guards = &mm->guards;
	size_t i;

	if (likely(!guards->nr))
		return end;
	i = find(guards, start + 1);
	if (i == guards->nr || guards->range[i].start >= end)
		return end;
	return max_u64(start, guards->range[i].start);
}

long guards_copy(struct mm_struct *dst, const struct mm_struct *src, umm_addr_t start,
		 umm_addr_t end, struct umm_why *why)
{
	umm_addr_t at = start;
	long err;

	if (likely(!src->guards.nr))
		return 0;
	err = guards_reserve(dst, guards_in(src, start, end), why);
	if (err)
		return err;
	while ((at = guards_first(src, at, end)) < end) {
		umm_addr_t past = min_u64(src->guards.range[find(&src->guards, at + 1)].end, end);

		guards_install(dst, at, past);
		at = past;
	}
	return 0;
}

void guards_free(struct mm_struct *mm)
{
	const struct umm_platform *platform = &mm->world->platform;
	struct guards *guards = &mm->guards;

	if (guards->range)
		platform->free(platform->ctx, guards->range,
			       guards->room * sizeof(*guards->range));
	*guards = (struct guards){ NULL, 0, 0 };
}

bool guards_are_valid(const struct mm_struct *mm)
{
	const struct guards *guards = &mm->guards;

	for (size_t i = 0; i < guards->nr; i++) {
		const struct guard_range *range = &guards->range[i];

		if (range->start >= range->end || !page_aligned(range->start) ||
		    !page_aligned(range->end))
			return false;
		if (i && guards->range[i - 1].end >= range->start)
			return false;
	}
	return guards->nr <= guards->room;
}
