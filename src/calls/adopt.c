/*
 * adopt.c - areas as somebody else says they are.
 *
 * No check of the calls is asked: the kernel has decided.  What is said may still be nonsense (a
 * hostile program's maps, read while it changed), so ranges are looked at before anything moves.
 *
 * What maps does not tell is kept from the area that stood there, or from where it was moved: the
 * anon_vma, the offset of anonymous memory, the file.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/adopt.h"
#include "object/objects.h"
#include "rmap/zap.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/guards.h"
#include "space/i_mmap.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_attrs.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

static const char *special_name(const struct umm_area *area)
{
	switch (area->name) {
	case UMM_NAME_VDSO:
		return "[vdso]";
	case UMM_NAME_VVAR:
		return "[vvar]";
	case UMM_NAME_VVAR_VCLOCK:
		return "[vvar_vclock]";
	case UMM_NAME_OTHER_SPECIAL:
		return area->special;
	default:
		return NULL;
	}
}

static bool area_is_sane(const struct mm_struct *mm, const struct umm_area *area)
{
	return area->size == sizeof(*area) && area->start < area->end &&
	       page_aligned(area->start) && page_aligned(area->end) &&
	       area->end <= mm->layout.task_size && !(area->vm_flags & ~ALL_VM_FLAGS) &&
	       area->anon <= UMM_ANON_UNKNOWN;
}

static void account(struct mm_struct *mm, const struct vm_area_struct *vma, int64_t sign)
{
	int64_t pages = sign * (int64_t)vma_pages(vma);

	vm_stat_account(mm, vma->vm_flags, pages);
	if (vma->vm_flags & VM_ACCOUNT)
		vm_acct_memory(mm, pages);
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm = pages < 0 && mm->locked_vm < (uint64_t)-pages
					? 0 : mm->locked_vm + (uint64_t)pages;
}

/* Does the area say of itself what few areas have? */
static bool says_attrs(const struct umm_area *area)
{
	return (area->vm_flags & VM_UFFD_FLAGS) || area->anon_name;
}

/*
 * The attributes of @area: what is said of it, and of @old, from which it descends, what is not
 * said.  From the reserve.
 */
static vm_flags_t with_attrs(struct mm_struct *mm, const struct umm_area *area,
			     const struct vm_area_struct *old)
{
	static const struct vma_attrs none;
	bool name_hidden = area->name == UMM_NAME_HEAP || area->name == UMM_NAME_STACK;
	struct vma_attrs attrs;

	if (!says_attrs(area) && !(old && (old->vm_flags & VM_ATTRS_MASK)))
		return area->vm_flags;
	attrs = old ? *vma_attrs(mm, old) : none;
	if (!(area->vm_flags & VM_UFFD_FLAGS))
		attrs.uffd = none.uffd;
	else if (area->uffd ? area->uffd != attrs.uffd.id : !attrs.uffd.id)
		attrs.uffd = (struct vm_userfaultfd_ctx){
			.id = area->uffd ? area->uffd : UMM_UFFD_UNKNOWN };
	if (area->anon_name || !name_hidden) {
		memset(attrs.name, 0, sizeof(attrs.name));
		attrs.named = area->anon_name != NULL;
		for (size_t i = 0; area->anon_name && area->anon_name[i] &&
		     area->anon_name[i] != ']' && i < sizeof(attrs.name) - 1; i++)
			attrs.name[i] = area->anon_name[i];
	}
	return vma_attrs_put(mm, area->vm_flags, &attrs);
}

/* An area for @area, not linked.  From the reserve. */
static struct vm_area_struct *make_vma(struct mm_struct *mm, const struct umm_area *area,
				       struct file *file, const struct vm_area_struct *old)
{
	struct vm_area_struct *vma = vm_area_alloc(mm, area->start, area->end,
						   with_attrs(mm, area, old));

	vma->vm_pgoff = file ? area->pgoff : area->start >> PAGE_SHIFT;
	if (file) {
		file_get(file);
		vma->vm_file = file;
		vma->vm_ops = file_area_operations(file, vma->vm_flags);
		vma_open(mm, vma);
		return vma;
	}
	vma->special_name = special_name(area);
	if (vma->special_name || (vma->vm_flags & VM_SPECIAL))
		vma->vm_ops = &special_vm_operations;
	return vma;
}

/* Reserved: cannot fail. */
static void make_anon_vma(struct mm_struct *mm, struct vm_area_struct *vma, enum umm_anon anon)
{
	int err = 0;

	switch (anon) {
	case UMM_ANON_NONE:
		break;
	case UMM_ANON_OWN:
		err = anon_vma_prepare(mm, vma);
		break;
	case UMM_ANON_INHERITED:
		err = anon_vma_prepare_inherited(mm, vma);
		break;
	case UMM_ANON_UNKNOWN:
		vma->vm_flags |= VM_ANON_UNKNOWN;
		break;
	}
	mm_assert(!err);
}

static void link_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vma_slot slot;
	bool free_slot = find_vma_links(&mm->tree, vma->vm_start, vma->vm_end, &slot);

	mm_assert(free_slot);
	vma_link(&mm->tree, vma, &slot);
	vma_link_file(mm, vma);
	account(mm, vma, 1);
	world_event(mm->world, UMM_EVENT_AREA_ADD, mm, vma->vm_start, vma->vm_end, 0);
}

int import_vma(struct mm_struct *mm, const struct umm_area *area)
{
	struct vm_area_struct *vma;

	if (!area_is_sane(mm, area) || find_vma_intersection(&mm->tree, area->start, area->end))
		return -UMM_EINVAL;	/* no reason: not a call */
	if (mm_reserve(mm, 1, 0, NULL) || anon_vma_reserve(mm, 2, NULL) ||
	    vma_attrs_reserve(mm, says_attrs(area), NULL))
		return -UMM_ENOMEM;	/* no reason: not a call */
	vma = make_vma(mm, area, (struct file *)area->file, NULL);
	link_vma(mm, vma);
	make_anon_vma(mm, vma, area->anon);
	return 0;
}

/* What stood in the range, out of the tree, in address order through node.next. */
struct old_areas {
	struct vm_area_struct *first, **end;
};

/* Cut at the edges, and take what lies between out of the tree. */
static void detach_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			 struct old_areas *old)
{
	struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);

	old->first = NULL;
	old->end = &old->first;
	if (vma && vma->vm_start < start)
		vma = vma_cut(mm, vma, start);
	while (vma && vma->vm_start < end) {
		struct vm_area_struct *next;

		if (vma->vm_end > end)
			(void)vma_cut(mm, vma, end);
		next = vma_next(vma);
		world_event(mm->world, UMM_EVENT_AREA_REMOVE, mm, vma->vm_start, vma->vm_end, 0);
		account(mm, vma, -1);
		vma_unlink(&mm->tree, vma);
		*old->end = vma;
		old->end = &vma->node.next;
		vma = next;
	}
	*old->end = NULL;
}

static void free_old(struct mm_struct *mm, struct old_areas *old)
{
	struct vm_area_struct *vma = old->first;

	while (vma) {
		struct vm_area_struct *next = vma->node.next;

		vm_area_free(mm, vma);
		vma = next;
	}
}

/* Could @area be what became of @old?  Anonymous stays anonymous, a file the same file. */
static bool is_descendant(const struct umm_area *area, const struct vm_area_struct *old)
{
	bool has_file = area->file || area->name == UMM_NAME_FILE;

	if (has_file != (old->vm_file != NULL))
		return false;
	return !area->file || (struct file *)area->file == old->vm_file;
}

/* The old area that @area descends from: one with an anon_vma if there is one. */
static const struct vm_area_struct *find_ancestor(const struct old_areas *old,
						  const struct umm_area *area)
{
	const struct vm_area_struct *vma, *found = NULL;

	for (vma = old->first; vma && vma->vm_start < area->end; vma = vma->node.next) {
		if (vma->vm_end <= area->start || !is_descendant(area, vma))
			continue;
		if (!found || (!found->anon_vma && vma->anon_vma))
			found = vma;
	}
	return found;
}

static bool covers(const struct vm_area_struct *old, const struct umm_area *area)
{
	return old && old->vm_start <= area->start && area->end <= old->vm_end;
}

/* What stood @shift bytes above and may have moved to @area: a written one if there is one. */
static const struct vm_area_struct *find_mover(const struct mm_struct *mm,
					       const struct umm_area *area, uint64_t shift)
{
	umm_addr_t start = area->start + shift, end = area->end + shift;
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	const struct vm_area_struct *found = NULL;

	for (; vma && vma->vm_start < end; vma = vma_next(vma)) {
		if (is_descendant(area, vma) && (!found || (!found->anon_vma && vma->anon_vma)))
			found = vma;
	}
	return found;
}

/* Make @area, with what its ancestor, which stood @shift bytes above its place, knows. */
static void adopt_area(struct mm_struct *mm, const struct umm_area *area,
		       const struct vm_area_struct *old, uint64_t shift)
{
	struct file *file = (struct file *)area->file;
	struct vm_area_struct *vma;

	if (!file && old && area->name == UMM_NAME_FILE)
		file = old->vm_file;
	vma = make_vma(mm, area, file, old);
	/*
	 * Anonymous memory keeps its offset where it stays, and where it was written before it
	 * moved.
	 */
	if (!file && old && (shift == 0 || old->anon_vma))
		vma->vm_pgoff = old->vm_pgoff + ((area->start + shift) >> PAGE_SHIFT) -
				(old->vm_start >> PAGE_SHIFT);	/* it may start above */
	link_vma(mm, vma);
	if (old && old->anon_vma)
		anon_vma_clone(mm, vma, old);
	else
		make_anon_vma(mm, vma, area->anon);
}

static size_t longest_chain(const struct mm_struct *mm)
{
	const struct vm_area_struct *vma;
	size_t longest = 2;

	for (vma = mm->tree.first; vma; vma = vma_next(vma)) {
		size_t length = anon_vma_chain_length(vma);

		if (length > longest)
			longest = length;
	}
	return longest;
}

static bool areas_are_sane(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			   const struct umm_area *areas, size_t nr)
{
	umm_addr_t from = start;

	if (start >= end || !page_aligned(start) || !page_aligned(end) ||
	    end > mm->layout.task_size)
		return false;
	for (size_t i = 0; i < nr; i++) {
		if (!area_is_sane(mm, &areas[i]) || areas[i].start < from || areas[i].end > end)
			return false;
		from = areas[i].end;
	}
	return true;
}

/* Sets of attributes that the areas may need: any of them may inherit, if anybody has some. */
static size_t count_attrs(const struct mm_struct *mm, const struct umm_area *areas, size_t nr)
{
	size_t sets = 0;

	if (mm->attrs.room)
		return nr;
	for (size_t i = 0; i < nr; i++)
		sets += says_attrs(&areas[i]);
	return sets;
}

/* Where nothing is mapped there are no guard pages either. */
static void drop_guards_between(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
				const struct umm_area *areas, size_t nr)
{
	umm_addr_t from = start;

	for (size_t i = 0; i < nr; i++) {
		if (from < areas[i].start)
			guards_remove(mm, from, areas[i].start);
		from = areas[i].end;
	}
	if (from < end)
		guards_remove(mm, from, end);
}

int adopt_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
		const struct umm_area *areas, size_t nr, umm_addr_t moved_from)
{
	struct old_areas old;

	if (!areas_are_sane(mm, start, end, areas, nr) || !page_aligned(moved_from))
		return -UMM_EINVAL;	/* no reason: not a call */
	if (mm_reserve(mm, nr + 2, 0, NULL) || anon_vma_reserve(mm, 2 * nr, NULL) ||
	    vma_attrs_reserve(mm, count_attrs(mm, areas, nr), NULL) ||
	    mm_reserve(mm, 0, (nr + 2) * longest_chain(mm) + 2 * nr, NULL) ||
	    (mm->guards.nr && guards_reserve(mm, nr + 1, NULL)))
		return -UMM_ENOMEM;	/* no reason: not a call */

	vma_start_write_all(mm);
	if (mm->pages)			/* nobody says what became of them */
		zap_page_range(mm, start, end);
	drop_guards_between(mm, start, end, areas, nr);
	detach_range(mm, start, end, &old);
	for (size_t i = 0; i < nr; i++) {
		uint64_t shift = moved_from ? moved_from - start : 0;
		const struct vm_area_struct *from = find_ancestor(&old, &areas[i]), *mover;

		mover = shift && !covers(from, &areas[i]) ? find_mover(mm, &areas[i], shift) : NULL;
		if (mover && (mover->anon_vma || !from))
			adopt_area(mm, &areas[i], mover, shift);
		else
			adopt_area(mm, &areas[i], from, 0);
	}
	free_old(mm, &old);
	mm_assert_expensive(mm_is_valid(mm));
	return 0;
}

int set_anon(struct mm_struct *mm, umm_addr_t addr, enum umm_anon anon)
{
	struct vm_area_struct *vma = find_vma_intersection(&mm->tree, addr, addr + 1);

	if (!vma)
		return -UMM_ENOENT;	/* no reason: not a call */
	if (anon == UMM_ANON_NONE) {
		vma_start_write(mm, vma);
		vma->vm_flags &= ~VM_ANON_UNKNOWN;
		return 0;
	}
	if (anon != UMM_ANON_OWN)
		return -UMM_EINVAL;	/* no reason: not a call */
	return anon_vma_prepare(mm, vma);
}
