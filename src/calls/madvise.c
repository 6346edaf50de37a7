/*
 * madvise.c - advice about a range: flags of areas, guard pages, and what becomes of contents.
 *
 * Three ways through:
 *	poison		a test tool's: a capability, and then the memory's own affair
 *	populate	the pages one by one; the first that cannot be had ends it (6.8: a walk)
 *	walk		area by area from below: holes are passed over and remembered, an area that
 *			does not suit ends it, and what was done below stays (madvise_flags.c,
 *			madvise_contents.c)
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/madvise.h"
#include "calls/madvise_vma.h"
#include "fault/populate.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_tree.h"

/* => 0 with the range in st, which may be empty; or refused. */
static long is_valid_madvise(struct madvise_state *st, uint64_t len_in)
{
	uint64_t len = page_align(len_in);
	long err;

	err = check(st->why, madvise_behavior_valid(st->mm->world, st->behavior),
		    WHY_MADVISE_ADVICE, (uint64_t)(int64_t)st->behavior, 0);
	if (err)
		return err;
	err = check(st->why, page_aligned(st->start), WHY_MADVISE_UNALIGNED, st->start, PAGE_SIZE);
	if (err)
		return err;
	st->end = st->start + len;
	return check(st->why, (len || !len_in) && st->end >= st->start, WHY_MADVISE_RANGE,
		     st->start, len_in);
}

/* ---- area by area ---- */

/* Give [start, end) of @vma its flags: to the caller, want of areas is a thing that may pass. */
static long madvise_update_vma(const struct madvise_state *st, struct vm_area_struct *vma,
			       umm_addr_t start, umm_addr_t end)
{
	uint64_t max = st->mm->world->settings.max_map_count;
	vm_flags_t old_flags = vma->vm_flags, new_flags;
	struct vm_area_struct *changed;
	long err;

	err = madvise_new_flags(vma, st->behavior, &new_flags, st->why);
	if (err)
		return err;
	if (new_flags == old_flags) {
		note(st->why, NOTE_ADVISED_SAME, start, end, old_flags, 0);
		return 0;
	}
	changed = vma_modify(st->mm, vma, start, end, new_flags, st->why);
	if (IS_ERR(changed)) {
		if (PTR_ERR(changed) != -UMM_ENOMEM)
			return PTR_ERR(changed);
		why_unrefuse(st->why);
		return refuse4(st->why, WHY_MADVISE_MAP_COUNT, st->mm->tree.map_count, max,
			       vma->vm_start, vma->vm_end);
	}
	note(st->why, NOTE_ADVISED, start, end, old_flags, new_flags);
	return 0;
}

/* => the anon_vmas that it may make were reserved. */
static long madvise_populate(const struct madvise_state *st, umm_addr_t start, umm_addr_t end)
{
	bool write = st->behavior == UMM_MADV_POPULATE_WRITE;
	struct populate_result result = faultin_page_range(st->mm, start, end, write);

	switch (result.stop) {
	case POPULATE_HOLE:
		return refuse4(st->why, WHY_POPULATE_HOLE, result.at, 0, start, end);
	case POPULATE_ACCESS:
		return refuse4(st->why, WHY_POPULATE_ACCESS, result.at, result.vma->vm_flags,
			       result.vma->vm_start, result.vma->vm_end);
	case POPULATE_GUARD:
		return refuse(st->why, WHY_POPULATE_GUARD, result.at, 0);
	case POPULATE_BEYOND_EOF:
		return refuse(st->why, WHY_POPULATE_EOF, result.at, result.vma->vm_file->size);
	case POPULATE_NO_HUGE_PAGE:
		return refuse(st->why, WHY_POPULATE_POOL, result.at, 0);
	case POPULATE_NO_FRAME:
		return refuse(st->why, WHY_NO_FRAMES, result.at, 0);
	case POPULATE_DONE:
		break;
	}
	passed(st->why, WHY_POPULATE_HOLE, 0, 0);
	passed(st->why, WHY_POPULATE_ACCESS, 0, 0);
	note(st->why, NOTE_POPULATED, start, end, 0, 0);
	return 0;
}

static long madvise_vma_behavior(const struct madvise_state *st, struct vm_area_struct *vma,
				 umm_addr_t start, umm_addr_t end)
{
	long err = can_madvise_modify(st, vma);

	if (err)
		return err;
	if (madvise_changes_flags(st->behavior))
		return madvise_update_vma(st, vma, start, end);
	switch (st->behavior) {
	case UMM_MADV_POPULATE_READ:
	case UMM_MADV_POPULATE_WRITE:
		return madvise_populate(st, start, end);
	case UMM_MADV_COLLAPSE:
		return madvise_collapse(st, vma, start, end);
	case UMM_MADV_GUARD_INSTALL:
		return madvise_guard_install(st, vma, start, end);
	case UMM_MADV_GUARD_REMOVE:
		return madvise_guard_remove(st, vma, start, end);
	default:
		err = madvise_contents(st, vma, start, end);
		if (!err && st->mm->pages)
			madvise_pages(st, vma, start, end);
		if (!err)
			note(st->why, NOTE_ADVISED_CONTENTS, start, end, (uint64_t)st->behavior, 0);
		return err;
	}
}

static size_t count_areas(const struct madvise_state *st)
{
	const struct vm_area_struct *vma = find_vma_intersection(&st->mm->tree, st->start, st->end);
	size_t n = 0;

	for (; vma && vma->vm_start < st->end; vma = vma_next(vma))
		n++;
	return n;
}

static long madvise_reserve(const struct madvise_state *st)
{
	long err;

	if (madvise_changes_flags(st->behavior))
		return vma_modify_reserve(st->mm, st->start, st->end, st->why);
	switch (st->behavior) {
	case UMM_MADV_POPULATE_READ:
	case UMM_MADV_POPULATE_WRITE:
		return populate_reserve(st->mm, st->start, st->end, st->why);
	case UMM_MADV_GUARD_INSTALL:
		/* A range of guards for each area at most; holes between them keep none. */
		err = populate_reserve(st->mm, st->start, st->end, st->why);
		if (err)
			return err;
		return guards_reserve(st->mm, count_areas(st), st->why);
	case UMM_MADV_GUARD_REMOVE:
		return guards_reserve(st->mm, 1, st->why);
	default:
		return 0;
	}
}

static long refuse_hole(const struct madvise_state *st, umm_addr_t hole)
{
	return refuse4(st->why, WHY_MADVISE_HOLE, hole, 0, st->start, st->end);
}

static long madvise_walk_vmas(const struct madvise_state *st)
{
	umm_addr_t at = st->start, hole = st->end;
	long err = madvise_reserve(st);

	if (err)
		return err;
	while (at < st->end) {
		struct vm_area_struct *vma = find_vma(&st->mm->tree, at);
		umm_addr_t end;

		if (!vma || at < vma->vm_start) {
			hole = min_u64(hole, at);
			if (!vma || vma->vm_start >= st->end)
				break;
			at = vma->vm_start;
		}
		end = min_u64(vma->vm_end, st->end);
		err = madvise_vma_behavior(st, vma, at, end);
		if (err)
			return err;
		at = end;
	}
	if (hole < st->end)
		return refuse_hole(st, hole);
	passed(st->why, WHY_MADVISE_HOLE, 0, 0);
	return 0;
}

/* ---- the other ways ---- */

/* Older kernels fill area by area. */
static long madvise_populate_range(const struct madvise_state *st)
{
	long err;

	if (!rule(st->mm->world, RULE_POPULATE_STOPS_AT_HOLE))
		return madvise_walk_vmas(st);
	err = madvise_reserve(st);
	return err ? err : madvise_populate(st, st->start, st->end);
}

static long madvise_do_behavior(const struct madvise_state *st)
{
	switch (st->behavior) {
	case UMM_MADV_HWPOISON:
	case UMM_MADV_SOFT_OFFLINE:
		return check(st->why, capable(st->mm, UMM_CAP_SYS_ADMIN), WHY_MEMORY_FAILURE_CAP,
			     0, 0);
	case UMM_MADV_POPULATE_READ:
	case UMM_MADV_POPULATE_WRITE:
		return madvise_populate_range(st);
	default:
		return madvise_walk_vmas(st);
	}
}

long do_madvise(struct mm_struct *mm, umm_addr_t start, uint64_t len, int behavior,
		struct umm_why *why)
{
	struct madvise_state st = { .mm = mm, .start = start, .behavior = behavior, .why = why };
	long err = is_valid_madvise(&st, len);

	if (err)
		return err;
	if (st.start == st.end) {
		note(why, NOTE_ADVISED_NOTHING, 0, 0, 0, 0);
		return 0;
	}
	err = madvise_do_behavior(&st);
	mm_assert_expensive(mm_is_valid(mm));
	return err;
}

bool madvise_depends(const struct mm_struct *mm, umm_addr_t start, uint64_t len, int behavior)
{
	umm_addr_t end = start + page_align(len);
	const struct vm_area_struct *vma;

	switch (behavior) {
	case UMM_MADV_HWPOISON:
	case UMM_MADV_SOFT_OFFLINE:
		return capable(mm, UMM_CAP_SYS_ADMIN);
	case UMM_MADV_COLLAPSE:
	case UMM_MADV_REMOVE:
		break;
	default:
		return false;
	}
	vma = end > start ? find_vma_intersection(&mm->tree, start, end) : NULL;
	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		umm_addr_t first = max_u64(vma->vm_start, start), last = min_u64(vma->vm_end, end);

		if (behavior == UMM_MADV_REMOVE) {
			if (vma->vm_file && (vma->vm_flags & VM_SHARED) &&
			    !vma->vm_file->f_op->is_shmem)
				return true;
			continue;
		}
		if (thp_vma_allowable(mm, vma) && ((first + PMD_SIZE - 1) & ~(PMD_SIZE - 1)) <
						  (last & ~(PMD_SIZE - 1)))
			return true;
	}
	return false;
}
