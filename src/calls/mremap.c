/*
 * mremap.c - resizing and moving areas: the ordered checks, and what needs no move.
 *
 *	arguments	flags, lengths, the new place
 *	one area	what the old range may not be: sealed, beyond its area, unable to grow
 *	FIXED		the target is cleared, a tail is cut off
 *	shrinking	is an unmapping of the tail
 *	growing		in place where nothing stands in the way, else by a move
 *
 * From 6.17 on, a move to a fixed place that does not resize takes any number of areas, each by all
 * of these steps, the gaps between them kept.  Before, the checks of the area came after its target
 * had been cleared.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mremap_move.h"
#include "calls/munmap.h"
#include "fault/populate.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/mm.h"
#include "space/unmapped_area.h"
#include "space/vma.h"
#include "space/vma_tree.h"

/* A fixed target is asked for before anything of it is looked at: some areas more than the move. */
#define TARGET_MARGIN 5

/* ---- the arguments --------------------------------------------------------------------------- */

static bool checks_first(const struct vma_remap_struct *vrm)
{
	return rule(vrm->mm->world, RULE_MREMAP_CHECKS_FIRST);
}

static long check_request(const struct vma_remap_struct *vrm)
{
	const struct world *world = vrm->mm->world;
	uint64_t known = UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED;
	long err;

	if (rule(world, RULE_MREMAP_DONTUNMAP))
		known |= UMM_MREMAP_DONTUNMAP;
	err = check(vrm->why, !(vrm->flags & ~known), WHY_MREMAP_FLAGS, vrm->flags, known);
	if (err)
		return err;
	err = check(vrm->why, page_aligned(vrm->addr), WHY_MREMAP_UNALIGNED, vrm->addr, PAGE_SIZE);
	if (err)
		return err;
	return check(vrm->why, vrm->new_len != 0, WHY_MREMAP_ZERO, vrm->new_len, 0);
}

static long check_length(const struct vma_remap_struct *vrm)
{
	uint64_t task_size = vrm->mm->layout.task_size;

	return check(vrm->why, vrm->new_len <= task_size, WHY_MREMAP_LENGTH, vrm->new_len,
		     task_size);
}

/* Is the new place one?  The length was looked at. */
static long check_place(const struct vma_remap_struct *vrm)
{
	umm_addr_t highest = vrm->mm->layout.task_size - vrm->new_len;

	if (vrm->new_addr > highest)
		return refuse4(vrm->why, WHY_MREMAP_NEW_TOO_HIGH, vrm->new_addr, highest,
			       vrm->new_len, 0);
	passed(vrm->why, WHY_MREMAP_NEW_TOO_HIGH, vrm->new_addr, highest);
	return check(vrm->why, page_aligned(vrm->new_addr), WHY_MREMAP_NEW_UNALIGNED, vrm->new_addr,
		     PAGE_SIZE);
}

static long check_place_flags(const struct vma_remap_struct *vrm)
{
	const struct mremap_request *req = vrm->req;
	bool resizes = checks_first(vrm) ? vrm->old_len != vrm->new_len :
					   req->old_len != req->new_len;
	long err;

	err = check(vrm->why, vrm->flags & UMM_MREMAP_MAYMOVE, WHY_MREMAP_NEED_MAYMOVE, vrm->flags,
		    0);
	if (err || !(vrm->flags & UMM_MREMAP_DONTUNMAP))
		return err;
	return check(vrm->why, !resizes, WHY_MREMAP_RESIZE, req->old_len, req->new_len);
}

/* The ends may wrap around: they are compared as they are. */
static long check_apart(const struct vma_remap_struct *vrm)
{
	umm_addr_t old_end = vrm->addr + vrm->old_len, new_end = vrm->new_addr + vrm->new_len;
	uint64_t count = vrm->mm->tree.map_count, max = vrm->mm->world->settings.max_map_count;
	uint64_t limit = max > TARGET_MARGIN ? max - TARGET_MARGIN : 0;

	if (old_end > vrm->new_addr && new_end > vrm->addr)
		return refuse4(vrm->why, WHY_MREMAP_OVERLAP, vrm->new_addr,
			       vrm->addr - min_u64(vrm->addr, vrm->new_len), vrm->addr, old_end);
	passed(vrm->why, WHY_MREMAP_OVERLAP, vrm->new_addr, 0);
	if (count >= limit)
		return refuse4(vrm->why, WHY_MREMAP_MAP_COUNT, count, limit, max, 0);
	passed(vrm->why, WHY_MREMAP_MAP_COUNT, count, limit);
	return 0;
}

/* All that is asked of the arguments alone; before 6.17 most of it came after the look-up. */
static long check_mremap_params(const struct vma_remap_struct *vrm)
{
	bool first = checks_first(vrm);
	long err;

	err = check_request(vrm);
	if (!err && first)
		err = check_length(vrm);
	if (err || !vrm_implies_new_addr(vrm))
		return err;
	if (first)
		err = check_place(vrm);
	if (!err)
		err = check_place_flags(vrm);
	if (!err && first)
		err = check_apart(vrm);
	return err;
}

/* ---- the old area ---------------------------------------------------------------------------- */

/* Whole huge pages, and never more of them. */
static long align_hugetlb(struct vma_remap_struct *vrm)
{
	const struct file *file = vrm->vma->vm_file;
	uint64_t huge = file ? file_page_size(file) : PMD_SIZE;
	/* A new address that no flag asks for is looked at all the same. */
	umm_addr_t odd = vrm->addr % huge ? vrm->addr : vrm->new_addr;
	long err;

	vrm->old_len = (vrm->old_len + huge - 1) & ~(huge - 1);
	vrm->new_len = (vrm->new_len + huge - 1) & ~(huge - 1);
	err = check(vrm->why, odd % huge == 0, WHY_MREMAP_HUGETLB_ALIGN, odd, huge);
	if (err)
		return err;
	return check(vrm->why, vrm->new_len <= vrm->old_len, WHY_MREMAP_HUGETLB_GROW, vrm->new_len,
		     vrm->old_len);
}

static void set_type(struct vma_remap_struct *vrm)
{
	if (vrm->old_len == vrm->new_len)
		vrm->type = MREMAP_NO_RESIZE;
	else
		vrm->type = vrm->old_len > vrm->new_len ? MREMAP_SHRINK : MREMAP_EXPAND;
	vrm->delta = vrm->type == MREMAP_SHRINK ? vrm->old_len - vrm->new_len :
						  vrm->new_len - vrm->old_len;
}

/* May the area grow by delta? */
static long check_growth(struct vma_remap_struct *vrm)
{
	const struct vm_area_struct *vma = vrm->vma;
	uint64_t pgoff = vma->vm_pgoff + ((vrm->addr - vma->vm_start) >> PAGE_SHIFT);
	uint64_t new_pages = vrm->new_len >> PAGE_SHIFT, pages = vrm->delta >> PAGE_SHIFT;
	long err;

	err = check(vrm->why, pgoff + new_pages >= pgoff, WHY_MREMAP_PGOFF, pgoff, new_pages);
	if (err)
		return err;
	if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return refuse4(vrm->why, WHY_MREMAP_DONTEXPAND, vma->vm_start, vma->vm_end,
			       vma->vm_flags, 0);
	passed(vrm->why, WHY_MREMAP_DONTEXPAND, 0, 0);
	err = mlock_future_ok(vrm->mm, vma->vm_flags, pages, WHY_MREMAP_MLOCK, vrm->why);
	if (err)
		return err;
	vrm->populate_expand = vma->vm_flags & VM_LOCKED;
	return may_expand_vm(vrm->mm, vma->vm_flags, (int64_t)pages, vrm->why);
}

/* What a range that is mapped anew, grown or moved, must be. */
static long check_range(struct vma_remap_struct *vrm)
{
	const struct vm_area_struct *vma = vrm->vma;
	uint64_t old_len = vrm->type == MREMAP_SHRINK ? vrm->new_len : vrm->old_len;
	const struct world *world = vrm->mm->world;
	bool can_stay = !(vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP));
	long err;

	if (!old_len && rule(world, RULE_MREMAP_DUP_SHARED_ONLY)) {
		err = check(vrm->why, vma->vm_flags & (VM_SHARED | VM_MAYSHARE),
			    WHY_MREMAP_DUP_PRIVATE, vma->vm_start, vma->vm_end);
		if (err)
			return err;
	}
	if (vrm->flags & UMM_MREMAP_DONTUNMAP) {
		if (!rule(world, RULE_MREMAP_DONTUNMAP_ANY))
			can_stay = vma_is_anonymous(vma) && !(vma->vm_flags & VM_SHARED);
		if (!can_stay)
			return refuse4(vrm->why, WHY_MREMAP_DONTUNMAP_KIND, vma->vm_start,
				       vma->vm_end, vma->vm_flags, 0);
		passed(vrm->why, WHY_MREMAP_DONTUNMAP_KIND, 0, 0);
	}
	if (old_len > vma->vm_end - vrm->addr)
		return refuse4(vrm->why, WHY_MREMAP_BEYOND, old_len, vma->vm_end - vrm->addr,
			       vrm->addr, vma->vm_end);
	passed(vrm->why, WHY_MREMAP_BEYOND, old_len, vma->vm_end - vrm->addr);
	return old_len == vrm->new_len ? 0 : check_growth(vrm);
}

/* The area at addr, and whether it may be what was asked for. */
static long check_prep_vma(struct vma_remap_struct *vrm)
{
	const struct vm_area_struct *vma = vrm->vma;
	bool to = vrm_implies_new_addr(vrm);
	long err;

	err = check(vrm->why, vma != NULL, WHY_MREMAP_UNMAPPED, vrm->addr, 0);
	if (err)
		return err;
	if (vma->vm_flags & VM_SEALED)
		return refuse(vrm->why, WHY_SEALED, vma->vm_start, vma->vm_end);
	passed(vrm->why, WHY_SEALED, 0, 0);
	if (vma->vm_flags & VM_HUGETLB) {
		err = align_hugetlb(vrm);
		if (err)
			return err;
	}
	set_type(vrm);
	if (to && !checks_first(vrm)) {
		err = check_length(vrm);
		if (!err)
			err = check_place(vrm);
		if (!err)
			err = check_apart(vrm);
		return err;		/* the rest once the target is cleared */
	}
	return to || vrm->type == MREMAP_EXPAND ? check_range(vrm) : 0;
}

/* ---- our own memory -------------------------------------------------------------------------- */

/* Before anything is seen: what the call may need to stay, or to go to a fixed place. */
static long mremap_reserve(const struct vma_remap_struct *vrm)
{
	struct mm_struct *mm = vrm->mm;
	umm_addr_t old_end = vrm->addr + vrm->old_len;
	const struct vm_area_struct *vma = find_vma(&mm->tree, vrm->addr), *next;
	size_t links, pieces = 1;
	long err;

	if (!vma || vma->vm_start > vrm->addr)
		return 0;
	if (vrm->flags & UMM_MREMAP_FIXED) {
		links = longest_chain_near(mm, vrm->addr, old_end, 1);
		links = longest_chain_near(mm, vrm->new_addr, vrm->new_addr + vrm->new_len, links);
		for (next = vma_next(vma); next && next->vm_start < old_end; next = vma_next(next))
			pieces++;
	} else {
		links = longest_chain_near(mm, vma->vm_start, vma->vm_end, 1);
		if (vma_next(vma))
			links = max_u64(links, anon_vma_chain_length(vma_next(vma)));
	}
	err = mremap_reserve_moves(vrm, pieces, links);
	if (err || !(vma->vm_flags & VM_LOCKED) || vma->anon_vma)
		return err;
	return anon_vma_reserve(mm, 1, vrm->why);
}

/* ---- what is done ---------------------------------------------------------------------------- */

/* Take the tail off.  The old range may reach over any areas and holes: it is an unmapping. */
static long shrink_vma(struct vma_remap_struct *vrm)
{
	umm_addr_t end = vrm->addr + vrm->new_len;
	long err = do_munmap(vrm->mm, end, vrm->delta, vrm->why);

	if (err)
		return err;
	note(vrm->why, NOTE_MREMAP_SHRANK, vrm->addr, end, vrm->delta >> PAGE_SHIFT, 0);
	vrm->vma = vma_lookup(vrm->mm, vrm->addr);
	return 0;
}

/* Is there room above the area, as far as it shall grow? */
static bool vma_expandable(const struct vma_remap_struct *vrm)
{
	const struct vm_area_struct *vma = vrm->vma, *next;
	umm_addr_t end = vma->vm_end + vrm->delta;
	struct unmapped_area_request area = {
		.addr = vma->vm_start, .len = end - vma->vm_start, .flags = UMM_MAP_FIXED,
	};

	if (end < vma->vm_end)
		return false;
	next = find_vma_intersection(&vrm->mm->tree, vma->vm_end, end);
	if (next) {
		note(vrm->why, NOTE_MREMAP_IN_WAY, next->vm_start, next->vm_end, 0, 0);
		return false;
	}
	if (IS_ERR_VALUE(get_unmapped_area(vrm->mm, NULL, &area, NULL))) {
		note(vrm->why, NOTE_MREMAP_NO_SPACE, vma->vm_start, end, 0, 0);
		return false;
	}
	return true;
}

static bool vrm_can_expand_in_place(const struct vma_remap_struct *vrm)
{
	umm_addr_t end = vrm->addr + vrm->old_len;

	if (end != vrm->vma->vm_end) {
		note(vrm->why, NOTE_MREMAP_INSIDE, end, vrm->vma->vm_end, 0, 0);
		return false;
	}
	return vma_expandable(vrm);
}

/* The new part is a range like any other that merges; here it must. */
static long expand_vma_in_place(struct vma_remap_struct *vrm)
{
	struct vm_area_struct *vma = vrm->vma;
	vm_flags_t flags = vma->vm_flags;
	umm_addr_t vm_start = vma->vm_start, vm_end = vma->vm_end;
	long err;

	err = vrm_calc_charge(vrm);
	if (err)
		return err;
	vma = vma_merge(&(struct vma_merge_struct){
		.mm = vrm->mm, .start = vm_end, .end = vm_end + vrm->delta, .flags = flags,
		.pgoff = vma->vm_pgoff + vma_pages(vma), .file = vma->vm_file, .grown = vma,
		.prev = vma, .next = vma_next(vma), .why = vrm->why,
	});
	if (!vma) {
		if (flags & VM_ACCOUNT)
			vm_unacct_memory(vrm->mm, vrm->delta >> PAGE_SHIFT, vrm->why);
		return refuse4(vrm->why, WHY_MREMAP_NO_MERGE, vm_start, vm_end, flags, 0);
	}
	vrm->vma = vma;
	vrm_stat_account(vrm, vrm->delta);
	note(vrm->why, NOTE_MREMAP_GREW, vrm->addr, vrm->addr + vrm->new_len,
	     vrm->delta >> PAGE_SHIFT, 0);
	return 0;
}

static int64_t expand_vma(struct vma_remap_struct *vrm)
{
	umm_addr_t end = vrm->addr + vrm->old_len;
	long err;

	if (vrm_can_expand_in_place(vrm)) {
		err = expand_vma_in_place(vrm);
		return err ? err : (int64_t)vrm->addr;
	}
	err = check(vrm->why, vrm->flags & UMM_MREMAP_MAYMOVE, WHY_MREMAP_NO_ROOM, end,
		    end + vrm->delta);
	if (err)
		return err;
	err = vrm_set_new_addr(vrm);
	return err ? err : move_vma(vrm);
}

/* No place is given. */
static int64_t mremap_at(struct vma_remap_struct *vrm)
{
	long err;

	vrm->new_addr = vrm->addr;
	switch (vrm->type) {
	case MREMAP_NO_RESIZE:
		note(vrm->why, NOTE_MREMAP_SAME, vrm->addr, vrm->addr + vrm->old_len, 0, 0);
		break;
	case MREMAP_SHRINK:
		err = shrink_vma(vrm);
		if (err)
			return err;
		break;
	case MREMAP_EXPAND:
		return expand_vma(vrm);
	}
	return (int64_t)vrm->addr;
}

/* A place is given, or with MREMAP_DONTUNMAP alone a hint. */
static int64_t mremap_to(struct vma_remap_struct *vrm)
{
	long err;

	if (vrm->flags & UMM_MREMAP_FIXED) {
		err = do_munmap(vrm->mm, vrm->new_addr, vrm->new_len, vrm->why);
		if (err)
			return err;
		/* It may have been cut: old and new place may lie in one area. */
		vrm->vma = vma_lookup(vrm->mm, vrm->addr);
		err = check(vrm->why, vrm->vma != NULL, WHY_MREMAP_UNMAPPED, vrm->addr, 0);
		if (err)
			return err;
	}
	if (vrm->type == MREMAP_SHRINK) {
		err = shrink_vma(vrm);
		if (err)
			return err;
		vrm->old_len = vrm->new_len;
	}
	if (!checks_first(vrm)) {
		err = check_range(vrm);
		if (err)
			return err;
	}
	if (vrm->flags & UMM_MREMAP_DONTUNMAP) {
		err = may_expand_vm(vrm->mm, vrm->vma->vm_flags,
				    (int64_t)(vrm->old_len >> PAGE_SHIFT), vrm->why);
		if (err)
			return err;
	}
	err = vrm_set_new_addr(vrm);
	return err ? err : move_vma(vrm);
}

/* May the area move together with others?  Each must land where it is told to. */
static bool vma_multi_allowed(const struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_UFFD_FLAGS)
		return false;
	return !vma->vm_file || !vma->vm_file->f_op->moves_alone;
}

/* One piece of several: the whole of [start, end) is asked for, of which the first was @seen. */
static int64_t remap_piece(struct vma_remap_struct *vrm, struct vm_area_struct *vma,
			   umm_addr_t start, umm_addr_t end, bool seen)
{
	umm_addr_t from = max_u64(vma->vm_start, start), to = min_u64(vma->vm_end, end);
	long err;

	if (!vma_multi_allowed(vma) && (seen || vma->vm_end < end))
		return refuse(vrm->why, WHY_MREMAP_ALONE, vma->vm_start, vma->vm_end);
	vrm->vma = vma;
	vrm->addr = from;
	vrm->old_len = vrm->new_len = to - from;
	if (seen || to < end)
		note(vrm->why, NOTE_MREMAP_PIECE, from, to, vrm->new_addr, 0);
	err = check_prep_vma(vrm);
	return err ? err : mremap_to(vrm);
}

/* To a fixed place without a change of size: every area in the range, the gaps kept. */
static int64_t remap_move(struct vma_remap_struct *vrm)
{
	umm_addr_t start = vrm->addr, end = start + vrm->old_len, last_end = 0;
	umm_addr_t target = vrm->new_addr;
	struct vm_area_struct *vma = find_vma(&vrm->mm->tree, start);
	int64_t first = 0;
	bool seen = false;

	/* The range must begin in an area; it may end in a hole. */
	if (!vma || vma->vm_start > start || vma->vm_start >= end)
		return refuse(vrm->why, WHY_MREMAP_UNMAPPED, start, 0);
	while (vma && vma->vm_start < end) {
		umm_addr_t gap = seen ? vma->vm_start - last_end : 0;
		int64_t moved;

		last_end = vma->vm_end;
		vrm->new_addr = target + gap;
		moved = remap_piece(vrm, vma, start, end, seen);
		if (IS_ERR_VALUE(moved))
			return moved;
		if (!seen)
			first = moved;
		seen = true;
		target = (umm_addr_t)moved + vrm->new_len;
		/* On from where the area ended: it may have grown by its own copy since. */
		vma = last_end < end ? find_vma(&vrm->mm->tree, last_end) : NULL;
	}
	return first;
}

static bool vrm_move_only(const struct vma_remap_struct *vrm)
{
	return (vrm->flags & UMM_MREMAP_FIXED) && vrm->old_len == vrm->new_len &&
	       rule(vrm->mm->world, RULE_MREMAP_MULTI);
}

static int64_t remap(struct vma_remap_struct *vrm)
{
	long err;

	if (vrm_move_only(vrm))
		return remap_move(vrm);
	vrm->vma = vma_lookup(vrm->mm, vrm->addr);
	err = check_prep_vma(vrm);
	if (err)
		return err;
	return vrm_implies_new_addr(vrm) ? mremap_to(vrm) : mremap_at(vrm);
}

static struct vma_remap_struct vrm_init(struct mm_struct *mm, const struct mremap_request *req,
					struct umm_why *why)
{
	return (struct vma_remap_struct){
		.mm = mm, .req = req, .flags = req->flags, .why = why, .addr = req->addr,
		.old_len = page_align(req->old_len), .new_len = page_align(req->new_len),
		.new_addr = req->new_addr,
	};
}

int64_t do_mremap(struct mm_struct *mm, const struct mremap_request *req, struct umm_why *why)
{
	struct vma_remap_struct vrm = vrm_init(mm, req, why);
	umm_addr_t grown;
	int64_t addr;
	long err;

	err = check_mremap_params(&vrm);
	if (err)
		return err;
	err = mremap_reserve(&vrm);
	if (err)
		return err;
	addr = remap(&vrm);
	if (!IS_ERR_VALUE(addr) && vrm.populate_expand) {
		grown = vrm.new_addr + vrm.old_len;
		populate_range(mm, grown, grown + vrm.delta);
		note(why, NOTE_POPULATED, grown, grown + vrm.delta, 0, 0);
	}
	mm_assert_expensive(mm_is_valid(mm));
	return addr;
}

int64_t mremap_choose_address(struct mm_struct *mm, const struct mremap_request *req)
{
	struct vma_remap_struct vrm = vrm_init(mm, req, NULL);
	bool stays;
	long err;

	err = check_mremap_params(&vrm);
	if (err)
		return err;
	if (vrm.flags & UMM_MREMAP_FIXED)
		return (int64_t)vrm.new_addr;
	vrm.vma = vma_lookup(mm, vrm.addr);
	err = check_prep_vma(&vrm);
	if (err)
		return err;
	stays = vrm.type != MREMAP_EXPAND || vrm_can_expand_in_place(&vrm);
	if (!vrm_implies_new_addr(&vrm) && stays)
		return (int64_t)vrm.addr;
	err = vrm_set_new_addr(&vrm);
	return err ? err : (int64_t)vrm.new_addr;
}
