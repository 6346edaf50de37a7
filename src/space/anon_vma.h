/*
 * anon_vma.h - which areas may map an anonymous page.
 *
 * Layer: space.
 */
#ifndef SPACE_ANON_VMA_H
#define SPACE_ANON_VMA_H

#include "base/interval_tree.h"
#include "space/mm_types.h"

/*
 * What anonymous pages belong to.  Areas refer to it through chains; a page outlives splits and
 * merges of the area that made it, and forks.
 */
struct anon_vma {
	struct anon_vma *root;		/* [-] of the tree that fork makes; itself at the top */
	struct anon_vma *parent;	/* [-] itself at the top */
	uint64_t id;			/* [-] a name for it, in order of making */
	atomic_uint refcount;		/* [a] chains that link it, and children */
	atomic_uint num_children;	/* [a] made by fork below it; the root counts itself */
	atomic_uint num_active_vmas;	/* [a] areas whose new pages go to it */
	struct rb_root rb_root;		/* [w] in a world with pages: the links to it */
};

/* One link of an area's chain. */
struct anon_vma_chain {
	struct anon_vma *anon_vma;	/* [m] a reference */
	struct anon_vma_chain *next;	/* [m] of the same area */
	/* What follows is there in a world with pages alone. */
	struct mm_struct *mm;		/* [-] the way back: whose area it is */
	struct vm_area_struct *vma;	/* [-] */
	struct interval_tree_node rb;	/* [w] in anon_vma->rb_root: i_mmap.c */
};

/* Bytes of a link: nobody who has no pages looks back. */
static inline size_t anon_vma_chain_bytes(const struct world *world)
{
	return world->phys ? sizeof(struct anon_vma_chain) : offsetof(struct anon_vma_chain, mm);
}

static inline bool anon_vma_chain_is_singular(const struct vm_area_struct *vma)
{
	return vma->chain && !vma->chain->next;
}

/* Links in the chain of @vma: what a clone of it needs to reserve. */
size_t anon_vma_chain_length(const struct vm_area_struct *vma);

/*
 * Make sure that the next @n anon_vma_prepare() succeed, links included.  0, or refused with
 * nothing changed.
 */
__must_check long anon_vma_reserve(struct mm_struct *mm, size_t n, struct umm_why *why);

/* Give back what was reserved and not used. */
void anon_vma_release_reserve(struct mm_struct *mm);

/*
 * The first write to @vma: give it an anon_vma, a neighbour's if that fits, else a new one.
 * => mmap_lock held for write.
 * => 0, or -UMM_ENOMEM with nothing changed.
 */
__must_check int anon_vma_prepare(struct mm_struct *mm, struct vm_area_struct *vma);

/*
 * The same for an area that is known to have come through fork: a parent's anon_vma that nobody
 * here else knows, and one of its own below it.  0, or -UMM_ENOMEM with nothing changed.
 */
__must_check int anon_vma_prepare_inherited(struct mm_struct *mm, struct vm_area_struct *vma);

/*
 * @dst, which has none, gets the anon_vma and chain of @src: a split, or a merge of a written area
 * into one that is not.
 * => the links were reserved in mm->avc_cache: cannot fail.
 */
void anon_vma_clone(struct mm_struct *mm, struct vm_area_struct *dst,
		    const struct vm_area_struct *src);

/*
 * fork: @dst in the child's @mm gets the chain of @src in the parent, and an anon_vma of its own
 * for the pages it will write.
 * => 0, or -UMM_ENOMEM: the links made so far stay for unlink_anon_vmas().
 */
__must_check int anon_vma_fork(struct mm_struct *mm, struct vm_area_struct *dst,
			       const struct vm_area_struct *src);

/*
 * For clones of an address space: another anon_vma that goes by the same id, without links, and its
 * place below @parent and @root.  @counted: @parent is a twin too, and its copied num_children
 * counts this one already.
 * => reserved: cannot fail.
 */
struct anon_vma *anon_vma_twin(struct mm_struct *mm, const struct anon_vma *anon_vma);
void anon_vma_link_twin(struct anon_vma *twin, struct anon_vma *parent, struct anon_vma *root,
			bool counted);

/* Put @avc into the chain of @vma, at *@end, and let it refer to @anon_vma. */
void anon_vma_chain_link(struct mm_struct *mm, struct vm_area_struct *vma,
			 struct anon_vma_chain **end, struct anon_vma_chain *avc,
			 struct anon_vma *anon_vma);

/* Drop the chain of @vma: it goes, or its pages moved elsewhere. */
void unlink_anon_vmas(struct mm_struct *mm, struct vm_area_struct *vma);

/* True if the chain and the counts of @vma fit together. */
bool anon_vma_is_valid(const struct vm_area_struct *vma);

#endif
