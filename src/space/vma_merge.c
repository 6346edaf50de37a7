/*
 * vma_merge.c - extend a neighbour instead of keeping another area.
 *
 * Theory
 * ------
 * Two adjacent areas are one if nothing tells them apart: flags, file, a file offset (or, for
 * anonymous memory, an offset made from the address at birth) that continues, and no conflict of
 * anon_vmas.  Linux looks only when a range is made or changed, and only at its two edges:
 *
 *	new range	PPPP[new]NNNN	prev, next, or both; mremap makes them too, by copying an
 *			area, which may be P or N itself, and by growing P
 *
 *	changed range, in the area M
 *	left whole	PPPP[MMMM]	M vanishes into P
 *	left part	PPPP[MM]MM	the boundary moves up
 *	right whole	    [MMMM]NNNN	M vanishes into N
 *	right part	    MM[MM]NNNN	the boundary moves down
 *	both		PPPP[MMMM]NNNN	M and N vanish into P
 *
 * The survivor keeps its anon_vma, or takes over that of what vanished if it had none.
 */
#include "base/assert.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/i_mmap.h"
#include "space/mm_pages.h"
#include "space/vma.h"
#include "space/vma_lock.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

/*
 * May pages of @x and of the range belong to one area?  Where both have an anon_vma it must be the
 * same. Where one has none it gets the other's, which must not have come through fork: the chain
 * of that one tells where to look for pages that this process shares with its parent.
 */
static bool is_mergeable_anon_vma(const struct vma_merge_struct *vmg,
				  const struct vm_area_struct *x)
{
	const struct vm_area_struct *source = vmg->middle;

	if (!source)
		source = vmg->copied ? vmg->copied : vmg->grown;
	if (!source || !source->anon_vma)
		return !x->anon_vma || anon_vma_chain_is_singular(x);
	/* Nobody asks whether an area that grows came through fork: it has its chain already. */
	if (!x->anon_vma)
		return rule(vmg->mm->world, RULE_MERGE_INTO_UNFAULTED) &&
		       (vmg->grown || anon_vma_chain_is_singular(source));
	return x->anon_vma == source->anon_vma;
}

/* Is @x, whose pages would continue at offset @continues, like the range?  If not, note why. */
static bool is_mergeable_vma(const struct vma_merge_struct *vmg, const struct vm_area_struct *x,
			     uint64_t pgoff, uint64_t continues)
{
	enum why_code apart;
	uint64_t v2 = 0, v3 = 0;
	vm_flags_t differ = (x->vm_flags ^ vmg->flags) & ~VM_IGNORE_MERGE;

	if (differ & ~VM_ATTRS_MASK) {
		apart = NOTE_APART_FLAGS;
		v2 = x->vm_flags & ALL_VM_FLAGS;
		v3 = vmg->flags & ALL_VM_FLAGS;
	} else if (x->vm_file != vmg->file) {
		apart = NOTE_APART_FILE;
	} else if (differ) {
		apart = vma_attrs_apart(vmg->mm, x->vm_flags, vmg->flags);
	} else if (pgoff != continues) {
		apart = NOTE_APART_PGOFF;
		v2 = pgoff;
		v3 = continues;
	} else if (!is_mergeable_anon_vma(vmg, x)) {
		apart = x->anon_vma && !anon_vma_chain_is_singular(x) ? NOTE_APART_FORKED
								       : NOTE_APART_ANON_VMA;
	} else if (vma_has_close(x) && x != vmg->grown &&
		   !rule(vmg->mm->world, RULE_CLOSE_MERGE)) {
		apart = NOTE_APART_CLOSE;
	} else {
		return true;
	}
	note(vmg->why, apart, x->vm_start, x->vm_end, v2, v3);
	return false;
}

/* Does the range continue the area below it? */
static bool can_vma_merge_after(const struct vma_merge_struct *vmg)
{
	const struct vm_area_struct *prev = vmg->prev;

	return prev && prev->vm_end == vmg->start &&
	       is_mergeable_vma(vmg, prev, vmg->pgoff, prev->vm_pgoff + vma_pages(prev));
}

/* Does the area above continue the range? */
static bool can_vma_merge_before(const struct vma_merge_struct *vmg)
{
	const struct vm_area_struct *next = vmg->next;

	return next && next->vm_start == vmg->end &&
	       is_mergeable_vma(vmg, next, next->vm_pgoff,
				vmg->pgoff + ((vmg->end - vmg->start) >> PAGE_SHIFT));
}

/* Both sides fit the range; do they fit each other? */
static bool neighbours_agree(const struct vma_merge_struct *vmg)
{
	const struct vm_area_struct *prev = vmg->prev, *next = vmg->next;

	bool one_has_none = vmg->next_first ? !next->anon_vma :
					      !prev->anon_vma || !next->anon_vma;

	if (one_has_none || prev->anon_vma == next->anon_vma)
		return true;
	note(vmg->why, NOTE_APART_ANON_VMA, next->vm_start, next->vm_end, 0, 0);
	return false;
}

/* @survivor takes over what @gone has and it has not. */
static void adopt_anon_vma(struct mm_struct *mm, struct vm_area_struct *survivor,
			   const struct vm_area_struct *gone)
{
	if (!survivor->anon_vma && gone->anon_vma) {
		anon_vma_clone(mm, survivor, gone);
		survivor->vm_flags &= ~VM_ANON_UNKNOWN;
	}
	if (!survivor->anon_vma)
		survivor->vm_flags |= gone->vm_flags & VM_ANON_UNKNOWN;
	survivor->vm_flags |= gone->vm_flags & VM_MAYBE_GUARD;
}

/* @gone was absorbed by a neighbour. */
static void free_absorbed(struct mm_struct *mm, struct vm_area_struct *gone)
{
	world_event(mm->world, UMM_EVENT_AREA_REMOVE, mm, gone->vm_start, gone->vm_end, 0);
	vm_area_free(mm, gone);
}

/* @vma takes the area above it, and all up to it. */
static void absorb_next(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *gone;

	vma_prepare(mm, vma, NULL);
	gone = vma_absorb_next(&mm->tree, vma);
	vma_complete(mm, vma, NULL);
	free_absorbed(mm, gone);
}

/* @vma takes the area below it, and begins at @pgoff then. */
static void absorb_prev(struct mm_struct *mm, struct vm_area_struct *vma, uint64_t pgoff)
{
	struct vm_area_struct *gone;

	vma_prepare(mm, vma, NULL);
	vma->vm_pgoff = pgoff;
	gone = vma_absorb_prev(&mm->tree, vma);
	vma_complete(mm, vma, NULL);
	free_absorbed(mm, gone);
}

static struct vm_area_struct *merged(const struct vma_merge_struct *vmg, enum why_code code,
				     struct vm_area_struct *survivor)
{
	note(vmg->why, code, survivor->vm_start, survivor->vm_end, 0, 0);
	world_event(vmg->mm->world, UMM_EVENT_AREA_MERGE, vmg->mm, survivor->vm_start,
		    survivor->vm_end, 0);
	return survivor;
}

/* The pages of the area that is copied come along, and what they belong to. */
static void adopt_copied(const struct vma_merge_struct *vmg, struct vm_area_struct *survivor)
{
	if (vmg->copied && vmg->copied != survivor)
		adopt_anon_vma(vmg->mm, survivor, vmg->copied);
}

/* Areas that change or go; NULL is none. */
static void start_write(const struct vma_merge_struct *vmg, const struct vm_area_struct *a,
			const struct vm_area_struct *b, const struct vm_area_struct *c)
{
	const struct vm_area_struct *const areas[] = { a, b, c };

	for (unsigned int i = 0; i < ARRAY_SIZE(areas); i++)
		if (areas[i])
			vma_start_write(vmg->mm, areas[i]);
}

static struct vm_area_struct *vma_merge_new_range(const struct vma_merge_struct *vmg)
{
	struct vm_area_struct *prev = vmg->prev, *next = vmg->next;
	bool left = can_vma_merge_after(vmg);
	bool right = can_vma_merge_before(vmg);

	if (left && right && !neighbours_agree(vmg)) {
		left = !vmg->next_first;
		right = vmg->next_first;
	}
	if (left && right && vma_has_close(next)) {
		note(vmg->why, NOTE_APART_CLOSE, next->vm_start, next->vm_end, 0, 0);
		right = false;
	}

	start_write(vmg, left ? prev : NULL, right ? next : NULL, NULL);
	if (left && right) {
		adopt_anon_vma(vmg->mm, prev, next);
		adopt_copied(vmg, prev);
		absorb_next(vmg->mm, prev);
		return merged(vmg, NOTE_MERGED_BOTH, prev);
	}
	if (left) {
		adopt_copied(vmg, prev);
		vma_prepare(vmg->mm, prev, NULL);
		vma_set_range(&vmg->mm->tree, prev, prev->vm_start, vmg->end);
		vma_complete(vmg->mm, prev, NULL);
		return merged(vmg, NOTE_MERGED_PREV, prev);
	}
	if (right) {
		adopt_copied(vmg, next);
		vma_prepare(vmg->mm, next, NULL);
		next->vm_pgoff = vmg->pgoff;
		vma_set_range(&vmg->mm->tree, next, vmg->start, next->vm_end);
		vma_complete(vmg->mm, next, NULL);
		return merged(vmg, NOTE_MERGED_NEXT, next);
	}
	return NULL;
}

static struct vm_area_struct *merge_left(const struct vma_merge_struct *vmg)
{
	struct vm_area_struct *prev = vmg->prev, *middle = vmg->middle;

	adopt_anon_vma(vmg->mm, prev, middle);
	if (vmg->end == middle->vm_end) {
		absorb_next(vmg->mm, prev);
		return merged(vmg, NOTE_MERGED_PREV, prev);
	}
	vma_prepare(vmg->mm, prev, middle);
	middle->vm_pgoff += (vmg->end - vmg->start) >> PAGE_SHIFT;
	area_boundary(vmg->mm, vmg->end);
	vma_move_boundary(prev, vmg->end);
	vma_complete(vmg->mm, prev, middle);
	return merged(vmg, NOTE_MERGED_PART, prev);
}

static struct vm_area_struct *merge_right(const struct vma_merge_struct *vmg)
{
	struct vm_area_struct *next = vmg->next, *middle = vmg->middle;

	adopt_anon_vma(vmg->mm, next, middle);
	if (vmg->start == middle->vm_start) {
		absorb_prev(vmg->mm, next, vmg->pgoff);
		return merged(vmg, NOTE_MERGED_NEXT, next);
	}
	vma_prepare(vmg->mm, middle, next);
	next->vm_pgoff = vmg->pgoff;
	area_boundary(vmg->mm, vmg->start);
	vma_move_boundary(middle, vmg->start);
	vma_complete(vmg->mm, middle, next);
	return merged(vmg, NOTE_MERGED_PART, next);
}

static struct vm_area_struct *vma_merge_existing_range(const struct vma_merge_struct *vmg)
{
	struct vm_area_struct *prev = vmg->prev, *next = vmg->next, *middle = vmg->middle;
	bool at_start = vmg->start == middle->vm_start;
	bool at_end = vmg->end == middle->vm_end;
	bool left = at_start && can_vma_merge_after(vmg);
	bool right = at_end && can_vma_merge_before(vmg);

	if (left && right && !neighbours_agree(vmg))
		right = false;
	if (!left && !right)
		return NULL;
	if (at_start && at_end && vma_has_close(middle)) {
		note(vmg->why, NOTE_APART_CLOSE, middle->vm_start, middle->vm_end, 0, 0);
		return NULL;
	}

	start_write(vmg, middle, left ? prev : NULL, right ? next : NULL);
	if (left && right) {
		adopt_anon_vma(vmg->mm, prev, next);
		adopt_anon_vma(vmg->mm, prev, middle);
		absorb_next(vmg->mm, prev);
		absorb_next(vmg->mm, prev);
		return merged(vmg, NOTE_MERGED_BOTH, prev);
	}
	return left ? merge_left(vmg) : merge_right(vmg);
}

struct vm_area_struct *vma_merge(const struct vma_merge_struct *vmg)
{
	struct vm_area_struct *vma;

	mm_assert_debug(vmg->start < vmg->end);
	mm_assert_debug(!vmg->middle || (vmg->middle->vm_start <= vmg->start &&
					 vmg->end <= vmg->middle->vm_end));

	if (vmg->flags & VM_SPECIAL) {
		note(vmg->why, NOTE_APART_SPECIAL, vmg->flags & VM_SPECIAL, 0, 0, 0);
		return NULL;
	}
	vma = vmg->middle ? vma_merge_existing_range(vmg) : vma_merge_new_range(vmg);
	mm_assert_expensive(vma_tree_is_valid(&vmg->mm->tree));
	return vma;
}
