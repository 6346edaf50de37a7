/*
 * mremap_move.c - an area, or a part of it, goes to another place.
 *
 * Theory
 * ------
 * A move is a copy and an unmapping.  The copy is made as any new range is: it merges with what
 * stands around it if it can, the pages' anon_vma coming along.  Where the copy may go depends on
 * the offset that its pages remember.  Anonymous memory that was written keeps the offset of its
 * birth, so in a strange place it fits nobody, and fits again at home; what was never written gets
 * the offset of its new address, as if it had been mapped there.
 *
 *	OOOO....	OO is moved next to itself, never written: the copy merges with
 *	OOOOcc..	the old area, which then is the one that is cut
 *	..OOcc..
 *
 * MREMAP_DONTUNMAP leaves the unmapping out.  The old area stays without its pages: if all of it
 * was moved it has no anon_vma any more, and it is never locked, though its pages stay counted (the
 * newest kernels cut the moved range out, unlock it alone and count right).
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mremap_move.h"
#include "calls/munmap.h"
#include "calls/userfaultfd.h"
#include "fault/move_page_tables.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/i_mmap.h"
#include "space/unmapped_area.h"
#include "space/vma.h"
#include "space/vma_attrs.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

/* On its way a move may make: two cuts each of the target, the tail and the old range, a copy. */
#define AREAS_OF_A_MOVE 7

/* Linux wants so many areas in hand before it begins a move. */
#define MOVE_MARGIN 3

size_t longest_chain_near(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			  size_t longest)
{
	const struct vm_area_struct *vma = find_vma(&mm->tree, start ? start - 1 : 0);

	for (; vma && vma->vm_start <= end; vma = vma_next(vma))
		longest = max_u64(longest, anon_vma_chain_length(vma));
	return longest;
}

long mremap_reserve_moves(const struct vma_remap_struct *vrm, size_t pieces, size_t links)
{
	size_t areas = AREAS_OF_A_MOVE * pieces;
	long err;

	if (unlikely(vrm->mm->guards.nr)) {	/* they move too, and may be cut */
		size_t guards = guards_in(vrm->mm, vrm->addr, vrm->addr + vrm->old_len);

		err = guards_reserve(vrm->mm, guards + 4 * pieces, vrm->why);
		if (err)
			return err;
	}
	if (vrm->mm->attrs.room) {		/* somebody has some: a move may drop one */
		err = vma_attrs_reserve(vrm->mm, pieces, vrm->why);
		if (err)
			return err;
	}
	return mm_reserve(vrm->mm, areas, areas * links, vrm->why);
}

long vrm_calc_charge(const struct vma_remap_struct *vrm)
{
	bool keeps_old = vrm->flags & UMM_MREMAP_DONTUNMAP;
	uint64_t pages = (keeps_old ? vrm->new_len : vrm->delta) >> PAGE_SHIFT;
	bool lost = vrm->type == MREMAP_SHRINK;
	long err;

	if (!(vrm->vma->vm_flags & VM_ACCOUNT))
		return 0;
	if (lost && !rule(vrm->mm->world, RULE_MREMAP_SHRINK_CHARGE))
		pages = 0;
	/* Strict overcommit refuses even nothing more where the limit is passed already. */
	if (!pages)
		return vm_enough_memory(vrm->mm, 0, WHY_OVERCOMMIT, 0, 0, vrm->why);
	err = security_vm_enough_memory_mm(vrm->mm, pages, vrm->why);
	if (err || !lost)
		return err;
	vm_acct_memory(vrm->mm, -(int64_t)pages);
	world_commit_object(vrm->mm->world, (int64_t)pages);
	note(vrm->why, NOTE_MREMAP_CHARGE_LOST, pages, 0, 0, 0);
	return 0;
}

void vrm_stat_account(const struct vma_remap_struct *vrm, uint64_t bytes)
{
	uint64_t pages = bytes >> PAGE_SHIFT;

	vm_stat_account(vrm->mm, vrm->vma->vm_flags, (int64_t)pages);
	if (vrm->vma->vm_flags & VM_LOCKED)
		vrm->mm->locked_vm += pages;
}

long vrm_set_new_addr(struct vma_remap_struct *vrm)
{
	const struct vm_area_struct *vma = vrm->vma;
	bool fixed = vrm->flags & UMM_MREMAP_FIXED;
	struct unmapped_area_request area = {
		.addr = vrm_implies_new_addr(vrm) ? vrm->new_addr : 0,
		.len = vrm->new_len,
		.pgoff = vma->vm_pgoff + ((vrm->addr - vma->vm_start) >> PAGE_SHIFT),
		.flags = (fixed ? UMM_MAP_FIXED : 0) |
			 (vma->vm_flags & VM_MAYSHARE ? UMM_MAP_SHARED : 0),
	};
	int64_t addr = get_unmapped_area(vrm->mm, vma->vm_file, &area, vrm->why);
	size_t links;

	if (IS_ERR_VALUE(addr))
		return (long)addr;
	vrm->new_addr = (umm_addr_t)addr;
	if (fixed)
		return 0;
	links = longest_chain_near(vrm->mm, vrm->new_addr, vrm->new_addr + vrm->new_len,
				   anon_vma_chain_length(vma));
	return mremap_reserve_moves(vrm, 1, links);
}

/* What goes along: pages past the new length went with the tail. */
static uint64_t moved_bytes(const struct vma_remap_struct *vrm)
{
	return min_u64(vrm->old_len, vrm->new_len);
}

/* Nothing may refuse once the copy is made. */
static long prep_move_vma(const struct vma_remap_struct *vrm)
{
	const struct vm_area_struct *vma = vrm->vma;
	uint64_t count = vrm->mm->tree.map_count, max = vrm->mm->world->settings.max_map_count;
	uint64_t limit = max > MOVE_MARGIN ? max - MOVE_MARGIN : 0;
	umm_addr_t end = vrm->addr + vrm->old_len;
	long err = 0;

	if (count >= limit)
		return refuse4(vrm->why, WHY_MREMAP_MAP_COUNT, count, limit, max, 0);
	passed(vrm->why, WHY_MREMAP_MAP_COUNT, count, limit);
	if (vma->vm_ops && vma->vm_ops->may_split) {
		if (vma->vm_start != vrm->addr)
			err = vma->vm_ops->may_split(vma, vrm->addr, vrm->why);
		if (!err && vma->vm_end != end)
			err = vma->vm_ops->may_split(vma, end, vrm->why);
	}
	if (!err && vma->vm_ops && vma->vm_ops->may_move)
		err = vma->vm_ops->may_move(vma, vrm->why);
	if (!err && vrm->mm->pages &&
	    move_page_tables_reserve(vrm->mm, vrm->addr, vrm->new_addr, moved_bytes(vrm)))
		err = refuse(vrm->why, WHY_NO_METADATA, 1, 0);
	return err;
}

/* MREMAP_DONTUNMAP where the moved range has locks and limits of its own. */
static bool keeps_counts(const struct vma_remap_struct *vrm)
{
	return (vrm->flags & UMM_MREMAP_DONTUNMAP) &&
	       rule(vrm->mm->world, RULE_MREMAP_KEEP_COUNTS);
}

/* A locked area is cut at the range, which alone will be unlocked. */
static void cut_out_locked(struct vma_remap_struct *vrm)
{
	umm_addr_t end = vrm->addr + vrm->old_len;

	if (!keeps_counts(vrm) || !(vrm->vma->vm_flags & VM_LOCKED))
		return;
	if (vrm->vma->vm_start < vrm->addr) {
		note(vrm->why, NOTE_SPLIT, vrm->vma->vm_start, vrm->vma->vm_end, vrm->addr, 0);
		vrm->vma = vma_cut(vrm->mm, vrm->vma, vrm->addr);
	}
	if (end < vrm->vma->vm_end) {
		note(vrm->why, NOTE_SPLIT, vrm->vma->vm_start, vrm->vma->vm_end, end, 0);
		(void)vma_cut(vrm->mm, vrm->vma, end);
	}
}

/* An area of its own for the copy. */
static struct vm_area_struct *dup_vma(const struct vma_remap_struct *vrm, uint64_t pgoff,
				      const struct vma_slot *slot)
{
	struct mm_struct *mm = vrm->mm;
	struct vm_area_struct *vma = vrm->vma, *copy;

	copy = vm_area_alloc(mm, vrm->new_addr, vrm->new_addr + vrm->new_len, vma->vm_flags);
	copy->vm_pgoff = pgoff;
	copy->vm_file = vma->vm_file;
	copy->vm_ops = vma->vm_ops;
	copy->vm_private = vma->vm_private;	/* or the name: they share the place */
	if (copy->vm_file)
		file_get(copy->vm_file);
	anon_vma_clone(mm, copy, vma);
	vma_dup_open(mm, copy);
	vma_link(&mm->tree, copy, slot);
	vma_link_file(mm, copy);
	note(vrm->why, NOTE_NEW_AREA, copy->vm_start, copy->vm_end, copy->vm_flags,
	     mm->tree.map_count);
	world_event(mm->world, UMM_EVENT_AREA_ADD, mm, copy->vm_start, copy->vm_end, 0);
	return copy;
}

/*
 * Make the copy: the area that holds it.  If the old area merged with its own copy, vrm->vma is
 * that one area now.
 */
static struct vm_area_struct *copy_vma(struct vma_remap_struct *vrm)
{
	struct vm_area_struct *vma = vrm->vma, *copy;
	umm_addr_t end = vrm->new_addr + vrm->new_len, vma_start = vma->vm_start;
	uint64_t pgoff = vma->vm_pgoff + ((vrm->addr - vma_start) >> PAGE_SHIFT);
	struct vma_slot slot;
	bool free_slot = find_vma_links(&vrm->mm->tree, vrm->new_addr, end, &slot), alone;

	mm_assert(free_slot);
	alone = keeps_counts(vrm) && (slot.prev == vma || slot.next == vma);
	if (vma_is_anonymous(vma) && !vma->anon_vma) {
		pgoff = vrm->new_addr >> PAGE_SHIFT;
		note(vrm->why, NOTE_MREMAP_NEW_OFFSET, pgoff, 0, 0, 0);
	}
	copy = vma_merge(&(struct vma_merge_struct){
		.mm = vrm->mm, .start = vrm->new_addr, .end = end, .flags = vma->vm_flags,
		.pgoff = pgoff, .file = vma->vm_file, .copied = vma,
		.prev = alone ? NULL : slot.prev, .next = alone ? NULL : slot.next,
		.why = vrm->why,
	});
	if (!copy)
		return dup_vma(vrm, pgoff, &slot);
	if (copy->vm_start <= vma_start && vma_start < copy->vm_end)
		vrm->vma = copy;
	return copy;
}

/*
 * The old range goes.  The charge of its pages is the copy's now, so for the time of the unmapping
 * the area is not a charged one.
 */
static void unmap_source_vma(const struct vma_remap_struct *vrm)
{
	struct vm_area_struct *vma = vrm->vma, *rest;
	umm_addr_t vm_start = vma->vm_start, vm_end = vma->vm_end;
	umm_addr_t end = vrm->addr + vrm->old_len;
	bool charged = vma->vm_flags & VM_ACCOUNT;
	long err;

	if (!vrm->old_len)
		return;
	vma->vm_flags &= ~VM_ACCOUNT;
	err = do_munmap_range(vrm->mm, vrm->addr, end, vrm->why);
	mm_assert(!err);		/* prep_move_vma() asked, and it is reserved */
	if (!charged)
		return;
	if (vm_start < vrm->addr) {
		rest = vma_lookup(vrm->mm, vm_start);
		rest->vm_flags |= VM_ACCOUNT;
	}
	if (end < vm_end) {
		rest = vma_lookup(vrm->mm, end);
		rest->vm_flags |= VM_ACCOUNT;
	}
}

/* MREMAP_DONTUNMAP: the old range stays, without its pages. */
static void dontunmap_complete(const struct vma_remap_struct *vrm,
			       const struct vm_area_struct *copy)
{
	struct vm_area_struct *vma = vrm->vma;
	umm_addr_t end = vrm->addr + vrm->old_len;

	note(vrm->why, NOTE_MREMAP_KEPT, vrm->addr, end, 0, 0);
	if (vma->vm_flags & VM_LOCKED) {
		if (keeps_counts(vrm)) {
			vrm->mm->locked_vm -= vma_pages(vma);
			note(vrm->why, NOTE_MREMAP_UNLOCKED, vma->vm_start, vma->vm_end, 0, 0);
		} else {
			note(vrm->why, NOTE_MREMAP_LOCK_LOST, vma->vm_start, vma->vm_end,
			     vma_pages(vma), 0);
		}
		vma->vm_flags &= ~VM_LOCKED_MASK;
		world_event(vrm->mm->world, UMM_EVENT_AREA_CHANGE, vrm->mm, vma->vm_start,
			    vma->vm_end, vma->vm_flags);
	}
	if (copy == vma || vrm->addr != vma->vm_start || end != vma->vm_end)
		return;
	unlink_anon_vmas(vrm->mm, vma);
	vma->vm_flags &= ~VM_ANON_UNKNOWN;
	if (keeps_counts(vrm) && !vma->vm_file)		/* as if it had just been mapped here */
		vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
}

int64_t move_vma(struct vma_remap_struct *vrm)
{
	umm_addr_t new_end = vrm->new_addr + vrm->new_len;
	struct mm_pages *pages = vrm->mm->pages;
	uint64_t hiwater_vm = pages ? pages->hiwater_vm : 0;
	struct vm_area_struct *copy;
	long err;

	err = prep_move_vma(vrm);
	if (err)
		return err;
	err = vrm_calc_charge(vrm);
	if (err)
		return err;

	cut_out_locked(vrm);
	vma_start_write(vrm->mm, vrm->vma);
	copy = copy_vma(vrm);		/* no way back past this line */
	if (copy->vm_ops && copy->vm_ops->mremap)
		copy->vm_ops->mremap(copy, vrm->vma);
	mremap_userfaultfd_prep(vrm->mm, copy, vrm->why);
	if (vrm->mm->pages)
		move_page_tables(vrm->mm, vrm->addr, vrm->new_addr, moved_bytes(vrm));
	guards_move(vrm->mm, vrm->addr, vrm->new_addr, moved_bytes(vrm));

	if (vrm->old_len)
		note(vrm->why, NOTE_MREMAP_MOVED, vrm->addr, vrm->addr + vrm->old_len,
		     vrm->new_addr, new_end);
	else
		note(vrm->why, NOTE_MREMAP_DUPLICATED, vrm->addr, vrm->new_addr, new_end, 0);
	vrm_stat_account(vrm, vrm->new_len);
	if (vrm->flags & UMM_MREMAP_DONTUNMAP)
		dontunmap_complete(vrm, copy);
	else
		unmap_source_vma(vrm);
	if (pages)			/* that both were there for a moment does not count */
		pages->hiwater_vm = hiwater_vm;
	return (int64_t)vrm->new_addr;
}
