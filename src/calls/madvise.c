/*
 * madvise.c - advice about a range: flags of areas, guard pages, and what becomes of contents.
 *
 * Three ways through:
 *	poison		a test tool's: a capability, and then the memory's own affair
 *	populate	the pages one by one; the first that cannot be had ends it
 *	walk		area by area from below: holes are passed over and remembered, an area that
 *			does not suit ends it, and what was done below stays
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/madvise.h"
#include "fault/populate.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_tree.h"

/* The call, on its way along the range. */
struct madvise_state {
	/* in, read-only after the checks */
	struct mm_struct *mm;
	umm_addr_t start, end;
	int behavior;
	struct umm_why *why;
};

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

/* ---- contents ---- */

static bool is_discard(int behavior)
{
	switch (behavior) {
	case UMM_MADV_FREE: case UMM_MADV_DONTNEED: case UMM_MADV_DONTNEED_LOCKED:
	case UMM_MADV_REMOVE: case UMM_MADV_DONTFORK: case UMM_MADV_WIPEONFORK:
	case UMM_MADV_GUARD_INSTALL:
		return true;
	default:
		return false;
	}
}

/* Who may write may as well discard; what cannot be written is what the seal protects. */
static long can_madvise_modify(const struct madvise_state *st, const struct vm_area_struct *vma)
{
	bool protected = (vma->vm_flags & VM_SEALED) && vma_is_anonymous(vma) &&
			 !(vma->vm_flags & VM_WRITE);

	if (!is_discard(st->behavior) || !rule(st->mm->world, RULE_MADV_SEALED))
		return 0;
	return check(st->why, !protected, WHY_MADVISE_SEALED, vma->vm_start, vma->vm_end);
}

/* Areas with one of @forbidden do not suit. */
static long check_area(const struct madvise_state *st, const struct vm_area_struct *vma,
		       vm_flags_t forbidden)
{
	vm_flags_t flags = vma->vm_flags;

	if (flags & forbidden & VM_LOCKED)
		return refuse4(st->why, WHY_MADVISE_LOCKED, vma->vm_start, vma->vm_end, flags, 0);
	if (flags & forbidden)
		return refuse4(st->why, WHY_MADVISE_AREA, vma->vm_start, vma->vm_end, flags,
			       forbidden);
	if (forbidden & VM_LOCKED)
		passed(st->why, WHY_MADVISE_LOCKED, vma->vm_start, vma->vm_end);
	passed(st->why, WHY_MADVISE_AREA, vma->vm_start, vma->vm_end);
	return 0;
}

static long madvise_free(const struct madvise_state *st, const struct vm_area_struct *vma)
{
	long err = check_area(st, vma, VM_LOCKED | VM_PFNMAP | VM_HUGETLB);

	if (err)
		return err;
	return check(st->why, vma_is_anonymous(vma), WHY_MADVISE_FREE_FILE, vma->vm_start,
		     vma->vm_end);
}

static long madvise_dontneed(const struct madvise_state *st, const struct vm_area_struct *vma,
			     umm_addr_t start)
{
	vm_flags_t forbidden = VM_PFNMAP;
	uint64_t huge;

	if (vma->vm_flags & VM_HUGETLB) {	/* its end is rounded down: contents are spared */
		huge = vma->vm_file ? file_page_size(vma->vm_file) : PAGE_SIZE;
		return check(st->why, start % huge == 0, WHY_MADVISE_HUGETLB_START, start, huge);
	}
	if (st->behavior == UMM_MADV_DONTNEED)
		forbidden |= VM_LOCKED;
	return check_area(st, vma, forbidden);
}

/* A hole is punched into the object; whether the object can have one is its own affair. */
static long madvise_remove(const struct madvise_state *st, const struct vm_area_struct *vma)
{
	vm_flags_t shared_write = VM_SHARED | (rule(st->mm->world, RULE_MADV_REMOVE_MAYWRITE)
					       ? VM_MAYWRITE : VM_WRITE);
	const struct file *file = vma->vm_file;
	long err = check_area(st, vma, VM_LOCKED);

	if (err)
		return err;
	err = check(st->why, file != NULL, WHY_MADVISE_REMOVE_PRIVATE, vma->vm_start, vma->vm_end);
	if (err)
		return err;
	if ((vma->vm_flags & shared_write) != shared_write)
		return refuse4(st->why, WHY_MADVISE_REMOVE_ACCESS, vma->vm_start, vma->vm_end,
			       vma->vm_flags, 0);
	passed(st->why, WHY_MADVISE_REMOVE_ACCESS, vma->vm_start, vma->vm_end);
	err = check(st->why, !(file->flags & UMM_FILE_NO_PUNCH), WHY_MADVISE_REMOVE_FS,
		    vma->vm_start, vma->vm_end);
	if (err)
		return err;
	return check(st->why, !(file->flags & (UMM_FILE_SEAL_WRITE | UMM_FILE_SEAL_FUTURE)),
		     WHY_MADVISE_REMOVE_SEALED, vma->vm_start, vma->vm_end);
}

/* ---- huge pages, now ---- */

static bool thp_vma_allowable(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	umm_addr_t last = vma->vm_end & ~(PMD_SIZE - 1);

	if ((vma->vm_flags & (VM_NOHUGEPAGE | VM_SPECIAL | VM_HUGETLB)) ||
	    mm->thp_disable == THP_DISABLED)
		return false;
	if (last < PMD_SIZE || last - PMD_SIZE < vma->vm_start)
		return false;
	if (vma_is_anonymous(vma))
		return vma->anon_vma != NULL;
	return vma->vm_file && vma->vm_file->f_op->is_shmem &&
	       ((vma->vm_start >> PAGE_SHIFT) - vma->vm_pgoff) % (PMD_SIZE >> PAGE_SHIFT) == 0;
}

static long madvise_collapse(const struct madvise_state *st, const struct vm_area_struct *vma,
			     umm_addr_t start, umm_addr_t end)
{
	umm_addr_t first = (start + PMD_SIZE - 1) & ~(PMD_SIZE - 1), last = end & ~(PMD_SIZE - 1);

	if (!thp_vma_allowable(st->mm, vma))
		return refuse4(st->why, WHY_MADVISE_COLLAPSE, vma->vm_start, vma->vm_end,
			       vma->vm_flags, 0);
	passed(st->why, WHY_MADVISE_COLLAPSE, vma->vm_start, vma->vm_end);
	if (last < first)
		return refuse4(st->why, WHY_MADVISE_COLLAPSE_RANGE, start, end, PMD_SIZE, 0);
	passed(st->why, WHY_MADVISE_COLLAPSE_RANGE, start, end);
	if (first < last)
		note(st->why, NOTE_COLLAPSE_DEPENDS, first, last, 0, 0);
	return 0;
}

/* ---- guard pages ---- */

static long check_guard_vma(const struct madvise_state *st, const struct vm_area_struct *vma,
			    vm_flags_t disallowed)
{
	bool file_too = rule(st->mm->world, RULE_GUARD_FILE);

	if (vma->vm_flags & disallowed)
		return refuse4(st->why, WHY_MADVISE_GUARD, vma->vm_start, vma->vm_end,
			       vma->vm_flags, disallowed);
	passed(st->why, WHY_MADVISE_GUARD, vma->vm_start, vma->vm_end);
	if (!file_too)
		return check(st->why, vma_is_anonymous(vma), WHY_MADVISE_GUARD_FILE, vma->vm_start,
			     vma->vm_end);
	return 0;
}

/*
 * Page tables that hold something must be copied by fork: anonymous memory has an anon_vma for
 * that, other areas a flag, or in older kernels an anon_vma as well.
 */
static long madvise_guard_install(const struct madvise_state *st, struct vm_area_struct *vma,
				  umm_addr_t start, umm_addr_t end)
{
	bool flag = rule(st->mm->world, RULE_GUARD_FLAG);
	long err = check_guard_vma(st, vma, VM_SPECIAL | VM_HUGETLB | VM_LOCKED);

	if (err)
		return err;
	if (flag)
		vma->vm_flags |= VM_MAYBE_GUARD;
	if (!flag || vma_is_anonymous(vma)) {
		int no_memory = anon_vma_prepare(st->mm, vma);

		mm_assert(!no_memory);	/* reserved */
	}
	guards_install(st->mm, start, end);
	note(st->why, NOTE_GUARDS_INSTALLED, start, end, 0, 0);
	return 0;
}

static long madvise_guard_remove(const struct madvise_state *st, const struct vm_area_struct *vma,
				 umm_addr_t start, umm_addr_t end)
{
	long err = check_guard_vma(st, vma, VM_SPECIAL | VM_HUGETLB);

	if (err)
		return err;
	guards_remove(st->mm, start, end);
	note(st->why, NOTE_GUARDS_REMOVED, start, end, 0, 0);
	return 0;
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

static long madvise_contents(const struct madvise_state *st, const struct vm_area_struct *vma,
			     umm_addr_t start)
{
	switch (st->behavior) {
	case UMM_MADV_FREE:
		return madvise_free(st, vma);
	case UMM_MADV_DONTNEED:
	case UMM_MADV_DONTNEED_LOCKED:
		return madvise_dontneed(st, vma, start);
	case UMM_MADV_REMOVE:
		return madvise_remove(st, vma);
	case UMM_MADV_COLD:
	case UMM_MADV_PAGEOUT:
		return check_area(st, vma, VM_LOCKED | VM_PFNMAP | VM_HUGETLB);
	default:			/* MADV_WILLNEED: whatever it is, it is read ahead */
		return 0;
	}
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
	case UMM_MADV_COLLAPSE:
		return madvise_collapse(st, vma, start, end);
	case UMM_MADV_GUARD_INSTALL:
		return madvise_guard_install(st, vma, start, end);
	case UMM_MADV_GUARD_REMOVE:
		return madvise_guard_remove(st, vma, start, end);
	default:
		err = madvise_contents(st, vma, start);
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

static long madvise_populate(const struct madvise_state *st)
{
	bool write = st->behavior == UMM_MADV_POPULATE_WRITE;
	struct populate_result result;
	long err = populate_reserve(st->mm, st->start, st->end, st->why);

	if (err)
		return err;
	result = faultin_page_range(st->mm, st->start, st->end, write);
	switch (result.stop) {
	case POPULATE_HOLE:
		return refuse4(st->why, WHY_POPULATE_HOLE, result.at, 0, st->start, st->end);
	case POPULATE_ACCESS:
		return refuse4(st->why, WHY_POPULATE_ACCESS, result.at, result.vma->vm_flags,
			       result.vma->vm_start, result.vma->vm_end);
	case POPULATE_GUARD:
		return refuse(st->why, WHY_POPULATE_GUARD, result.at, 0);
	case POPULATE_BEYOND_EOF:
		return refuse(st->why, WHY_POPULATE_EOF, result.at, result.vma->vm_file->size);
	case POPULATE_NO_HUGE_PAGE:
		return refuse(st->why, WHY_POPULATE_POOL, result.at, 0);
	case POPULATE_DONE:
		break;
	}
	passed(st->why, WHY_POPULATE_HOLE, 0, 0);
	passed(st->why, WHY_POPULATE_ACCESS, 0, 0);
	note(st->why, NOTE_POPULATED, st->start, st->end, 0, 0);
	return 0;
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
		return madvise_populate(st);
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
