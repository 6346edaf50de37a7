/*
 * vma.h - make, cut, merge and free areas.
 *
 * Layer: space.  Every function wants mmap_lock for write.
 */
#ifndef SPACE_VMA_H
#define SPACE_VMA_H

#include "base/why.h"
#include "space/mm_types.h"

/* When caches have less: ask the platform. */
__must_check long mm_reserve_more(struct mm_struct *mm, size_t nr_vmas, size_t nr_links,
				  struct umm_why *why);

/*
 * Make sure that the next @nr_vmas areas and @nr_links chain links can be had.  What comes after
 * cannot fail for want of our own memory.  0, or refused with nothing changed.
 */
static inline __must_check long mm_reserve(struct mm_struct *mm, size_t nr_vmas, size_t nr_links,
					   struct umm_why *why)
{
	if (likely(mm->vma_cache.nr_free >= nr_vmas && mm->avc_cache.nr_free >= nr_links))
		return 0;
	return mm_reserve_more(mm, nr_vmas, nr_links, why);
}

/* An area of @mm, not linked, everything zero but the range and flags.  From the reserve. */
struct vm_area_struct *vm_area_alloc(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
				     vm_flags_t flags);

/* Free an area that is not linked: drops its file, its chain, and closes it. */
void vm_area_free(struct mm_struct *mm, struct vm_area_struct *vma);

/* @vma is a copy of another, or imported: its object hears of it.  What was not leaves no trace. */
static inline void vma_open(const struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->open && !mm->hypothesis)
		vma->vm_ops->open(vma);
}

/* @vma is a copy, made by fork or to be moved to. */
static inline void vma_dup_open(const struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->dup_private)
		vma->vm_ops->dup_private(vma);
	vma_open(mm, vma);
}

/* Unlink and free. */
void remove_vma(struct mm_struct *mm, struct vm_area_struct *vma);

/*
 * A copy of @vma for @mm, with a reference to its file, without anon_vma and not linked.  From the
 * reserve.
 */
struct vm_area_struct *vm_area_dup(struct mm_struct *mm, const struct vm_area_struct *vma);

/*
 * Cut @vma at @addr, inside it, whether its object likes that or not: the upper part.
 * => reserved: one area and the links of @vma's chain.
 */
struct vm_area_struct *vma_cut(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr);

/*
 * Cut @vma at @addr, inside it.  __split_vma() does not look at the map count, split_vma() does.
 * => reserved: one area and the links of @vma's chain.
 * => *above, if not NULL, gets the upper part; @vma stays the lower.
 * => 0, or refused with nothing changed.
 */
__must_check long __split_vma(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr,
			      struct vm_area_struct **above, struct umm_why *why);
__must_check long split_vma(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr,
			    struct vm_area_struct **above, struct umm_why *why);

/*
 * What a merge is asked for.  A new range: `middle` is NULL.  A changed one: [start, end) lies in
 * `middle` and touches one of its ends at least, or nothing can merge.
 */
struct vma_merge_struct {
	/* in, read-only */
	struct mm_struct *mm;
	umm_addr_t start, end;
	vm_flags_t flags;		/* as they shall be */
	uint64_t pgoff;			/* of start */
	struct file *file;
	struct vm_area_struct *middle;
	const struct vm_area_struct *copied;	/* the pages of a new range are this area's */
	const struct vm_area_struct *grown;	/* a new range is this area's extension */
	bool next_first;		/* a new range: what fits the area above decides */
	struct vm_area_struct *prev;	/* area before start, or NULL */
	struct vm_area_struct *next;	/* area after end (of middle, if there is one), or NULL */
	struct umm_why *why;
};

/*
 * Merge with the neighbours where flags, file, offset and anon_vma agree.
 * => a changed range: reserved are the links of middle's chain and its neighbours'
 * (vma_merge_links()). => the area that now holds [start, end), or NULL: nothing changed.
 */
struct vm_area_struct *vma_merge(const struct vma_merge_struct *vmg);

/*
 * Give [start, end) of @vma other flags: merged with neighbours, else cut out.
 * => reserved: two areas, and vma_modify_links() links.
 * => the area that now is [start, end) or holds it; ERR_PTR(refused): a cut already made stays, as
 * in
 *    Linux.
 */
__must_check struct vm_area_struct *vma_modify(struct mm_struct *mm, struct vm_area_struct *vma,
					       umm_addr_t start, umm_addr_t end, vm_flags_t flags,
					       struct umm_why *why);

/* The same, where the range is taken to begin at @pgoff: wrongly, as older kernels do. */
__must_check struct vm_area_struct *vma_modify_at(struct mm_struct *mm, struct vm_area_struct *vma,
						  umm_addr_t start, umm_addr_t end,
						  vm_flags_t flags, uint64_t pgoff,
						  struct umm_why *why);

/*
 * Reserve what vma_modify() of each area in [start, end), one after the other, needs.  0, or
 * refused.
 */
__must_check long vma_modify_reserve(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
				     struct umm_why *why);

/* Links that changing any part of @vma may need. */
size_t vma_modify_links(const struct vm_area_struct *vma);

#endif
