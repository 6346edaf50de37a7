/*
 * vma_tree.h - the ordered set of areas of one address space, and the gaps between them.
 *
 * Layer: space.  Every function wants mmap_lock: for write where the tree changes, else for read.
 */
#ifndef SPACE_VMA_TREE_H
#define SPACE_VMA_TREE_H

#include "space/mm_types.h"

/* Where a range goes: its neighbours, and the slot in the index.  Good until the next change. */
struct vma_slot {
	struct vm_area_struct *prev, *next;
	struct rb_node *parent, **link;
};

/* What a search for a gap asks for. */
struct gap_search {
	uint64_t length;	/* bytes, > 0 */
	umm_addr_t low_limit;	/* inclusive */
	umm_addr_t high_limit;	/* exclusive */
};

/* The gap that was found, clipped to the limits of the search, and the area above it or NULL. */
struct gap {
	umm_addr_t start, end;
	struct vm_area_struct *above;
};

static inline struct vm_area_struct *vma_next(const struct vm_area_struct *vma)
{
	return vma->node.next;
}

static inline struct vm_area_struct *vma_prev(const struct vm_area_struct *vma)
{
	return vma->node.prev;
}

/* The area that contains @addr, else the first above it, else NULL. */
struct vm_area_struct *find_vma(const struct vma_tree *tree, umm_addr_t addr);

/* The same, and in *prev the area before it: the last one if the answer is NULL. */
struct vm_area_struct *find_vma_prev(const struct vma_tree *tree, umm_addr_t addr,
				     struct vm_area_struct **prev);

/* The first area that has a byte in [start, end), or NULL. */
struct vm_area_struct *find_vma_intersection(const struct vma_tree *tree, umm_addr_t start,
					     umm_addr_t end);

/* Neighbours and slot of [start, end) in one descent.  False if an area is in the way. */
__must_check bool find_vma_links(struct vma_tree *tree, umm_addr_t start, umm_addr_t end,
				 struct vma_slot *slot);

/* Link @vma into the slot that find_vma_links() gave for its range. */
void vma_link(struct vma_tree *tree, struct vm_area_struct *vma, const struct vma_slot *slot);

/* Cut @vma where @upper, which ends where it does and is not linked, begins. */
void vma_link_upper(struct vma_tree *tree, struct vm_area_struct *vma,
		    struct vm_area_struct *upper);

/* @vma takes the range of its neighbour, and what lies between: the neighbour, unlinked. */
struct vm_area_struct *vma_absorb_next(struct vma_tree *tree, struct vm_area_struct *vma);
struct vm_area_struct *vma_absorb_prev(struct vma_tree *tree, struct vm_area_struct *vma);

/* Unlink @vma, which stays the caller's. */
void vma_unlink(struct vma_tree *tree, struct vm_area_struct *vma);

/* Move the ends of @vma in place.  It must not reach into a neighbour. */
void vma_set_range(struct vma_tree *tree, struct vm_area_struct *vma, umm_addr_t start,
		   umm_addr_t end);

/* The boundary between @left and the area above it moves to @addr, in whichever direction. */
void vma_move_boundary(struct vm_area_struct *left, umm_addr_t addr);

/* The highest, or lowest, gap that has room.  False if there is none.  O(log n). */
__must_check bool gap_search_topdown(const struct vma_tree *tree, const struct gap_search *search,
				     struct gap *gap);
__must_check bool gap_search_bottomup(const struct vma_tree *tree, const struct gap_search *search,
				      struct gap *gap);

/* The widest gap between the limits, in bytes.  O(n): for explanations. */
uint64_t gap_widest(const struct vma_tree *tree, umm_addr_t low_limit, umm_addr_t high_limit);

/* True if all invariants hold.  O(n): for tests and mm_assert_expensive(). */
bool vma_tree_is_valid(const struct vma_tree *tree);

#endif
