/*
 * vma_gaps.h - the gaps between areas, as the tree knows them.
 *
 * Layer: space.  For vma_tree.c alone: everybody else asks vma_tree.h.
 */
#ifndef SPACE_VMA_GAPS_H
#define SPACE_VMA_GAPS_H

#include "space/vma_tree.h"

#define rb_to_vma(rb_node) container_of(rb_node, struct vm_area_struct, node.rb)

/* Bytes between @vma and the one before it, from the list. */
static inline uint64_t vma_compute_gap(const struct vm_area_struct *vma)
{
	return vma->vm_start - (vma->node.prev ? vma->node.prev->vm_end : 0);
}

/* The same as it was last recorded. */
static inline uint64_t vma_gap(const struct vma_tree *tree, const struct vm_area_struct *vma)
{
	return vma == tree->widest ? tree->widest_gap : vma->node.gap;
}

/* Readers remember too, at the same time: which of them wins does not matter. */
static inline void remember(const struct vma_tree *tree, struct vm_area_struct *vma)
{
	atomic_store_explicit(&((struct vma_tree *)tree)->recent, vma, memory_order_relaxed);
}

static inline struct vm_area_struct *recent(const struct vma_tree *tree)
{
	return atomic_load_explicit(&tree->recent, memory_order_relaxed);
}

/* The augmentation: renew one node from itself and its children.  True if it changed. */
bool vma_gap_renew(struct rb_node *node);

/* The gap below @vma, which is in the tree, is now @gap. */
void vma_gap_set(struct vma_tree *tree, struct vm_area_struct *vma, uint64_t gap);

/* @vma was put into the tree, with gap 0, in the gap below its successor. */
void vma_gap_cut(struct vma_tree *tree, struct vm_area_struct *vma);

/* @vma goes, and @heir (may be NULL), which is in the tree, has its gap and more from now on. */
void vma_gap_inherit(struct vma_tree *tree, struct vm_area_struct *vma,
		     struct vm_area_struct *heir);

/* After an area left the tree: if its gap was the widest, find another. */
void vma_gap_settle(struct vma_tree *tree);

/* True if what is recorded of the gaps is so. */
bool vma_gaps_are_valid(const struct vma_tree *tree);

#endif
