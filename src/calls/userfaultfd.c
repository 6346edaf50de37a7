/*
 * userfaultfd.c - a descriptor watches ranges of the address space that made it.
 *
 * Theory
 * ------
 * What a userfaultfd watches is an attribute of areas: three flags say what for, a context says
 * for whom.  Both are compared when areas merge, so registering cuts areas and unregistering mends
 * them.  Registering looks at all areas of the range before it changes the first one; but a cut
 * that is refused half-way leaves those below changed.
 *
 * The watch belongs to the memory that was registered, not to its contents.  What leaves the
 * context behind, unless the descriptor wants to hear of it: a fork, and a move by mremap.  What a
 * move was merged with at its new place loses it as well: Linux clears the whole area.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/userfaultfd.h"
#include "space/file.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

#define MODES (UMM_UFFD_MODE_MISSING | UMM_UFFD_MODE_WP | UMM_UFFD_MODE_MINOR)

/* A range on its way through the areas. */
struct uffd_state {
	/* in, read-only after the checks */
	struct mm_struct *mm;
	const struct umm_uffd *uffd;
	umm_addr_t start, end;
	vm_flags_t flags;		/* VM_UFFD_ that the range shall have; none to unregister */
	struct umm_why *why;
};

static vm_flags_t mode_flags(uint64_t mode)
{
	return (mode & UMM_UFFD_MODE_MISSING ? UMM_VM_UFFD_MISSING : 0) |
	       (mode & UMM_UFFD_MODE_WP ? UMM_VM_UFFD_WP : 0) |
	       (mode & UMM_UFFD_MODE_MINOR ? UMM_VM_UFFD_MINOR : 0);
}

static uint64_t flags_mode(vm_flags_t flags)
{
	return (flags & UMM_VM_UFFD_MISSING ? UMM_UFFD_MODE_MISSING : 0) |
	       (flags & UMM_VM_UFFD_WP ? UMM_UFFD_MODE_WP : 0) |
	       (flags & UMM_VM_UFFD_MINOR ? UMM_UFFD_MODE_MINOR : 0);
}

static uint64_t watched_by(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	return vma_attrs(mm, vma)->uffd.id;
}

/* Of an area found at attach nobody knows who watches it: it may be the one that asks. */
static bool watched_by_another(const struct uffd_state *st, const struct vm_area_struct *vma)
{
	uint64_t id = watched_by(st->mm, vma);

	return id && id != UMM_UFFD_UNKNOWN && id != st->uffd->id;
}

static uint64_t huge_page_size(const struct vm_area_struct *vma)
{
	return vma->vm_flags & VM_HUGETLB && vma->vm_file ? file_page_size(vma->vm_file) : 0;
}

/* ---- checks ---- */

static long check_arguments(struct uffd_state *st, const struct umm_uffd_range *range)
{
	uint64_t top = st->mm->layout.task_size, len;
	bool within;
	long err;

	err = check(st->why, st->uffd->ready, WHY_UFFD_NO_API, 0, 0);
	if (err)
		return err;
	err = check(st->why, range != NULL, WHY_UFFD_ARGUMENT, 0, 0);
	if (err)
		return err;
	if (st->flags) {
		err = check(st->why, range->mode && !(range->mode & ~(uint64_t)MODES),
			    WHY_UFFD_MODE, range->mode, MODES);
		if (err)
			return err;
	}
	len = range->len;
	if (!page_aligned(range->start) || !page_aligned(len))
		return refuse4(st->why, WHY_UFFD_UNALIGNED, range->start, PAGE_SIZE, len, 0);
	passed(st->why, WHY_UFFD_UNALIGNED, range->start, PAGE_SIZE);
	within = len && range->start < top && len <= top - range->start;
	if (!within)
		return refuse4(st->why, WHY_UFFD_RANGE, range->start, top, len, 0);
	passed(st->why, WHY_UFFD_RANGE, range->start, top);
	st->start = range->start;
	st->end = range->start + len;
	return 0;
}

/* The first area of the range; its start must not cut a huge page. */
static long find_first(const struct uffd_state *st, struct vm_area_struct **first)
{
	struct vm_area_struct *vma = find_vma_intersection(&st->mm->tree, st->start, st->end);
	uint64_t huge;
	long err;

	*first = vma;
	if (!vma && !rule(st->mm->world, RULE_UFFD_NOTHING_ABOVE) &&
	    !find_vma(&st->mm->tree, st->start))
		return refuse(st->why, WHY_UFFD_NOTHING_ABOVE, st->start, st->end);
	err = check(st->why, vma != NULL, WHY_UFFD_NOTHING, st->start, st->end);
	if (err)
		return err;
	huge = huge_page_size(vma);
	return huge ? check(st->why, st->start % huge == 0, WHY_UFFD_HUGE_PAGE, st->start, huge) :
		      0;
}

/* May @vma be watched for @flags?  Who only wants to know of writes, later, may watch any file. */
static bool vma_can_userfault(const struct uffd_state *st, const struct vm_area_struct *vma,
			      vm_flags_t flags)
{
	bool shmem = vma->vm_file && vma->vm_file->f_op->is_shmem;
	bool huge = vma->vm_flags & VM_HUGETLB;

	if (vma->vm_flags & VM_DROPPABLE)
		return false;
	if ((flags & UMM_VM_UFFD_MINOR) && !shmem && !huge)
		return false;
	if ((st->uffd->features & UMM_UFFD_FEATURE_WP_ASYNC) && flags == UMM_VM_UFFD_WP &&
	    rule(st->mm->world, RULE_UFFD_FILES_ASYNC) && !(vma->vm_flags & VM_SPECIAL))
		return true;
	return vma_is_anonymous(vma) || huge || shmem;
}

static long refuse_area(const struct uffd_state *st, enum why_code code, uint64_t v0, uint64_t v1,
			const struct vm_area_struct *vma)
{
	return refuse4(st->why, code, v0, v1, vma->vm_start, vma->vm_end);
}

/* What each area of the range is asked before the first one changes. */
static long check_area(const struct uffd_state *st, const struct vm_area_struct *vma)
{
	uint64_t huge = huge_page_size(vma);
	long err;

	if (!vma_can_userfault(st, vma, st->flags))
		return refuse_area(st, WHY_UFFD_KIND, vma->vm_flags & ALL_VM_FLAGS,
				   flags_mode(st->flags), vma);
	/* Else filling a page would make a hole of the file one, which nobody may write. */
	if (!(vma->vm_flags & VM_MAYWRITE))
		return refuse_area(st, WHY_UFFD_NOT_WRITABLE, vma->vm_flags & ALL_VM_FLAGS, 0, vma);
	if (huge && st->end > vma->vm_start && st->end <= vma->vm_end) {
		err = check(st->why, st->end % huge == 0, WHY_UFFD_HUGE_PAGE, st->end, huge);
		if (err)
			return err;
	}
	if (watched_by_another(st, vma))
		return refuse_area(st, WHY_UFFD_BUSY, 0, 0, vma);
	return 0;
}

static long check_areas(const struct uffd_state *st, const struct vm_area_struct *vma)
{
	long err;

	for (; vma && vma->vm_start < st->end; vma = vma_next(vma)) {
		err = check_area(st, vma);
		if (err)
			return err;
	}
	passed(st->why, WHY_UFFD_KIND, 0, 0);
	passed(st->why, WHY_UFFD_NOT_WRITABLE, 0, 0);
	passed(st->why, WHY_UFFD_BUSY, 0, 0);
	return 0;
}

static long check_areas_unregister(const struct uffd_state *st, const struct vm_area_struct *vma)
{
	for (; vma && vma->vm_start < st->end; vma = vma_next(vma)) {
		if (rule(st->mm->world, RULE_UFFD_OWN_UNREGISTER) && watched_by_another(st, vma))
			return refuse_area(st, WHY_UFFD_NOT_OURS, 0, 0, vma);
		if (!vma_can_userfault(st, vma, vma->vm_flags & VM_UFFD_FLAGS))
			return refuse_area(st, WHY_UFFD_KIND, vma->vm_flags & ALL_VM_FLAGS, 0, vma);
	}
	passed(st->why, WHY_UFFD_NOT_OURS, 0, 0);
	passed(st->why, WHY_UFFD_KIND, 0, 0);
	return 0;
}

/* ---- changes ---- */

/* Ours: two cuts, what merging takes over, and a set of attributes for each area. */
static long uffd_reserve(const struct uffd_state *st, const struct vm_area_struct *vma)
{
	size_t links = 0, attrs = 1;
	long err;

	for (; vma && vma->vm_start < st->end; vma = vma_next(vma)) {
		links += vma_modify_links(vma);
		attrs += (vma->vm_flags & VM_ATTRS_MASK) != 0;
	}
	err = vma_attrs_reserve(st->mm, attrs, st->why);
	return err ? err : mm_reserve(st->mm, 2, links, st->why);
}

/* The flags of @vma with another watch, or none: @flags has VM_UFFD_ ones alone. */
static vm_flags_t watch(struct mm_struct *mm, const struct vm_area_struct *vma, vm_flags_t flags,
			const struct vm_userfaultfd_ctx *uffd)
{
	struct vma_attrs attrs = *vma_attrs(mm, vma);

	attrs.uffd = *uffd;
	return vma_attrs_put(mm, (vma->vm_flags & ~VM_UFFD_FLAGS) | flags, &attrs);
}

static const struct vm_userfaultfd_ctx nobody;

/* Where Linux takes [start, ...) of @vma to begin in its file: older kernels forget the cut. */
static uint64_t pgoff_of_cut(const struct vm_area_struct *vma, umm_addr_t start,
			     const struct world *world)
{
	bool counts = rule(world, RULE_UFFD_CUT_MERGES);

	return vma->vm_pgoff + (counts ? (start - vma->vm_start) >> PAGE_SHIFT : 0);
}

/*
 * Give the areas of the range, from @vma on, the watch of @st.  Who has it already, or none where
 * none is wanted, is left alone.
 */
static long watch_range(const struct uffd_state *st, struct vm_area_struct *vma)
{
	const struct vm_userfaultfd_ctx uffd = { st->uffd->id, st->uffd->features, 0 };
	struct mm_struct *mm = st->mm;

	while (vma && vma->vm_start < st->end) {
		umm_addr_t start = max_u64(vma->vm_start, st->start);
		umm_addr_t end = min_u64(vma->vm_end, st->end);
		vm_flags_t old = vma->vm_flags & VM_UFFD_FLAGS;
		bool same = st->flags ? watched_by(mm, vma) == uffd.id &&
						(old & st->flags) == st->flags : !old;

		if (same && st->flags) {
			note(st->why, NOTE_UFFD_ALREADY, start, end,
			     vma->vm_flags & ALL_VM_FLAGS, 0);
		} else if (!same) {
			uint64_t pgoff = pgoff_of_cut(vma, start, mm->world);

			vma = vma_modify_at(mm, vma, start, end,
					    watch(mm, vma, st->flags,
						  st->flags ? &uffd : &nobody),
					    pgoff, st->why);
			if (IS_ERR(vma))
				return PTR_ERR(vma);
			note(st->why, st->flags ? NOTE_UFFD_REGISTERED : NOTE_UFFD_UNREGISTERED,
			     start, end, vma->vm_flags & ALL_VM_FLAGS, 0);
		}
		vma = vma_next(vma);
	}
	return 0;
}

long userfaultfd_register(struct mm_struct *mm, const struct umm_uffd *uffd,
			  const struct umm_uffd_range *range, struct umm_why *why)
{
	struct uffd_state st = {
		.mm = mm, .uffd = uffd, .why = why,
		.flags = range ? mode_flags(range->mode) : 0,
	};
	struct vm_area_struct *first;
	long err;

	/* A mode without a flag of ours is refused before anybody looks at the flags. */
	if (!st.flags)
		st.flags = VM_UFFD_FLAGS;
	err = check_arguments(&st, range);
	if (err)
		return err;
	err = find_first(&st, &first);
	if (err)
		return err;
	err = check_areas(&st, first);
	if (err)
		return err;
	err = uffd_reserve(&st, first);
	if (err)
		return err;
	err = watch_range(&st, first);
	if (err)
		return err;
	mm_assert_expensive(mm_is_valid(mm));
	return check(why, !range->unwritable, WHY_UFFD_ANSWER, 0, 0);
}

long userfaultfd_unregister(struct mm_struct *mm, const struct umm_uffd *uffd,
			    const struct umm_uffd_range *range, struct umm_why *why)
{
	struct uffd_state st = { .mm = mm, .uffd = uffd, .why = why };
	struct vm_area_struct *first;
	long err;

	err = check_arguments(&st, range);
	if (err)
		return err;
	err = find_first(&st, &first);
	if (err)
		return err;
	err = check_areas_unregister(&st, first);
	if (err)
		return err;
	err = uffd_reserve(&st, first);
	if (err)
		return err;
	err = watch_range(&st, first);
	mm_assert_expensive(mm_is_valid(mm));
	return err;
}

long userfaultfd_release(struct mm_struct *mm, uint64_t id, struct umm_why *why)
{
	const struct umm_uffd uffd = { .id = id };
	struct uffd_state st = { .mm = mm, .uffd = &uffd, .why = why,
				 .end = mm->layout.task_size };
	struct vm_area_struct *vma;
	long released = 0, err;

	err = uffd_reserve(&st, mm->tree.first);
	if (err)
		return err;
	for (vma = mm->tree.first; vma; vma = vma_next(vma)) {
		if (watched_by(mm, vma) != id)
			continue;
		/* The whole area: nothing is cut, nothing can be refused. */
		vma = vma_modify(mm, vma, vma->vm_start, vma->vm_end, watch(mm, vma, 0, &nobody),
				 why);
		mm_assert(!IS_ERR(vma));
		released++;
	}
	note(why, NOTE_UFFD_RELEASED, (uint64_t)released, 0, 0, 0);
	mm_assert_expensive(mm_is_valid(mm));
	return released;
}

/* ---- fork and mremap ---- */

/* The name of the userfaultfd that @child has in place of @uffd: one for all its areas. */
static uint64_t forked_context(struct mm_struct *child, const struct vm_userfaultfd_ctx *uffd)
{
	const struct vm_area_struct *vma;

	for (vma = child->tree.first; vma; vma = vma_next(vma)) {
		const struct vm_userfaultfd_ctx *own = &vma_attrs(child, vma)->uffd;

		if (own->id && own->parent == uffd->id)
			return own->id;
	}
	return UMM_UFFD_FORKED | atomic_fetch_add(&child->world->next_uffd_id, 1);
}

vm_flags_t dup_userfaultfd(struct mm_struct *child, const struct mm_struct *parent,
			   const struct vm_area_struct *vma, struct umm_why *why)
{
	vm_flags_t flags = vma->vm_flags;
	struct vma_attrs attrs;

	if (likely(!(flags & VM_ATTRS_MASK)))
		return flags;
	attrs = *vma_attrs(parent, vma);
	if (attrs.uffd.features & UMM_UFFD_FEATURE_EVENT_FORK) {
		uint64_t parent_id = attrs.uffd.id;

		attrs.uffd.id = forked_context(child, &attrs.uffd);
		attrs.uffd.parent = parent_id;
		note(why, NOTE_UFFD_FORK_KEPT, vma->vm_start, vma->vm_end, 0, 0);
	} else if (attrs.uffd.id) {
		attrs.uffd = nobody;
		flags &= ~VM_UFFD_FLAGS;
		note(why, NOTE_UFFD_FORK_DROPPED, vma->vm_start, vma->vm_end, 0, 0);
	}
	return vma_attrs_put(child, flags, &attrs);
}

void mremap_userfaultfd_prep(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	const struct vma_attrs *attrs = vma_attrs(mm, vma);

	if (!attrs->uffd.id || (attrs->uffd.features & UMM_UFFD_FEATURE_EVENT_REMAP))
		return;
	vma->vm_flags = watch(mm, vma, 0, &nobody);
	note(why, NOTE_UFFD_REMAP_DROPPED, vma->vm_start, vma->vm_end, 0, 0);
}
