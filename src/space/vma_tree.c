/*
 * vma_tree.c - ordered set of areas.
 *
 * Theory
 * ------
 * An address space is a sequence of ranges that do not overlap.  It is kept twice: as a list in
 * address order, which makes neighbours O(1), and as a red-black tree keyed by vm_start, which
 * makes lookup O(log n).
 *
 * The gaps between areas are vma_gaps.c's: here is said which of them changed.
 *
 * Invariants, all checked by vma_tree_is_valid():
 *	1. list order is tree order, and map_count counts both;
 *	2. vm_start < vm_end <= vm_start of the next.
 *
 * Programs work on one area for a while: who is found, linked, or stands above a gap that was
 * found is remembered, and looked at before the tree is.
 */
#include "base/assert.h"
#include "space/vma_gaps.h"

/* Is @vma the first area that ends above @addr? */
static inline bool answers(const struct vma_tree *tree, const struct vm_area_struct *vma,
			   umm_addr_t addr)
{
	return addr < vma->vm_end && addr >= vma->vm_start - vma_gap(tree, vma);
}

static struct vm_area_struct *descend(const struct vma_tree *tree, umm_addr_t addr)
{
	const struct rb_node *node = tree->root.node;
	struct vm_area_struct *found = NULL;

	while (node) {
		struct vm_area_struct *vma = rb_to_vma(node);

		if (addr < vma->vm_end) {
			found = vma;
			if (addr >= vma->vm_start)
				break;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return found;
}

struct vm_area_struct *find_vma(const struct vma_tree *tree, umm_addr_t addr)
{
	struct vm_area_struct *vma = recent(tree);

	if (vma && answers(tree, vma, addr))
		return vma;
	vma = descend(tree, addr);
	if (vma)
		remember(tree, vma);
	return vma;
}

struct vm_area_struct *find_vma_prev(const struct vma_tree *tree, umm_addr_t addr,
				     struct vm_area_struct **prev)
{
	struct vm_area_struct *vma = find_vma(tree, addr);

	*prev = vma ? vma->node.prev : tree->last;
	return vma;
}

struct vm_area_struct *find_vma_intersection(const struct vma_tree *tree, umm_addr_t start,
					     umm_addr_t end)
{
	struct vm_area_struct *vma = find_vma(tree, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

/* The free slot between two neighbours, either of which may be missing: one of them has room. */
static void slot_between(struct vma_tree *tree, struct vm_area_struct *prev,
			 struct vm_area_struct *next, struct vma_slot *slot)
{
	slot->prev = prev;
	slot->next = next;
	if (prev && !prev->node.rb.right) {
		slot->parent = &prev->node.rb;
		slot->link = &prev->node.rb.right;
	} else if (next) {
		slot->parent = &next->node.rb;
		slot->link = &next->node.rb.left;
	} else {
		slot->parent = NULL;
		slot->link = &tree->root.node;
	}
}

bool find_vma_links(struct vma_tree *tree, umm_addr_t start, umm_addr_t end, struct vma_slot *slot)
{
	struct vm_area_struct *next = find_vma(tree, start);

	if (next && next->vm_start < end)
		return false;
	slot_between(tree, next ? next->node.prev : tree->last, next, slot);
	return true;
}

static void list_insert(struct vma_tree *tree, struct vm_area_struct *vma,
			struct vm_area_struct *prev, struct vm_area_struct *next)
{
	vma->node.prev = prev;
	vma->node.next = next;
	*(prev ? &prev->node.next : &tree->first) = vma;
	*(next ? &next->node.prev : &tree->last) = vma;
	tree->map_count++;
}

static void list_remove(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma->node.prev, *next = vma->node.next;

	mm_assert(tree->map_count > 0);
	*(prev ? &prev->node.next : &tree->first) = next;
	*(next ? &next->node.prev : &tree->last) = prev;
	tree->map_count--;
	if (recent(tree) == vma)
		remember(tree, next ? next : prev);
}

/* Put @vma, which is on the list, into the tree: a leaf without a gap changes no value above it. */
static void rb_insert_vma(struct vma_tree *tree, struct vm_area_struct *vma,
			  struct rb_node *parent, struct rb_node **link)
{
	vma->node.gap = 0;
	vma->node.subtree_gap = 0;
	rb_link(&vma->node.rb, parent, link);
	rb_insert_fixup(&tree->root, &vma->node.rb, vma_gap_renew);
}

void vma_link(struct vma_tree *tree, struct vm_area_struct *vma, const struct vma_slot *slot)
{
	mm_assert(vma->vm_start < vma->vm_end);
	mm_assert(!slot->prev || slot->prev->vm_end <= vma->vm_start);
	mm_assert(!slot->next || vma->vm_end <= slot->next->vm_start);

	list_insert(tree, vma, slot->prev, slot->next);
	rb_insert_vma(tree, vma, slot->parent, slot->link);
	vma_gap_cut(tree, vma);
	remember(tree, vma);
	mm_assert_expensive(vma_tree_is_valid(tree));
}

void vma_link_upper(struct vma_tree *tree, struct vm_area_struct *vma, struct vm_area_struct *upper)
{
	struct vm_area_struct *next = vma->node.next;
	struct vma_slot slot;

	mm_assert(vma->vm_start < upper->vm_start && upper->vm_start < upper->vm_end);
	mm_assert(upper->vm_end == vma->vm_end);

	vma->vm_end = upper->vm_start;
	list_insert(tree, upper, vma, next);
	slot_between(tree, vma, next, &slot);
	rb_insert_vma(tree, upper, slot.parent, slot.link);	/* no gap below it, none changed */
	mm_assert_expensive(vma_tree_is_valid(tree));
}

/* Take @vma, which is off the list, out of the tree; its neighbours' gaps are right already. */
static void rb_erase_vma(struct vma_tree *tree, struct vm_area_struct *vma)
{
	rb_erase_augmented(&tree->root, &vma->node.rb, vma_gap_renew);
	vma_gap_settle(tree);
	vma->node.prev = NULL;
	vma->node.next = NULL;
	mm_assert_expensive(vma_tree_is_valid(tree));
}

void vma_unlink(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma->node.next;

	list_remove(tree, vma);
	vma_gap_inherit(tree, vma, next);
	rb_erase_vma(tree, vma);
}

struct vm_area_struct *vma_absorb_next(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *gone = vma->node.next;

	mm_assert(gone);
	list_remove(tree, gone);
	vma->vm_end = gone->vm_end;	/* the gap between them is filled, no other changes */
	vma_gap_inherit(tree, gone, NULL);
	rb_erase_vma(tree, gone);
	return gone;
}

struct vm_area_struct *vma_absorb_prev(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *gone = vma->node.prev;

	mm_assert(gone);
	list_remove(tree, gone);
	vma->vm_start = gone->vm_start;
	vma_gap_inherit(tree, gone, vma);
	rb_erase_vma(tree, gone);
	return gone;
}

void vma_set_range(struct vma_tree *tree, struct vm_area_struct *vma, umm_addr_t start,
		   umm_addr_t end)
{
	bool start_moves = vma->vm_start != start, end_moves = vma->vm_end != end;

	mm_assert(start < end);
	mm_assert(!vma->node.prev || vma->node.prev->vm_end <= start);
	mm_assert(!vma->node.next || end <= vma->node.next->vm_start);

	vma->vm_start = start;
	vma->vm_end = end;
	if (start_moves)
		vma_gap_set(tree, vma, vma_compute_gap(vma));
	if (end_moves && vma->node.next)
		vma_gap_set(tree, vma->node.next, vma_compute_gap(vma->node.next));
}

void vma_move_boundary(struct vm_area_struct *left, umm_addr_t addr)
{
	struct vm_area_struct *right = left->node.next;

	mm_assert(right && left->vm_end == right->vm_start);
	mm_assert(left->vm_start < addr && addr < right->vm_end);

	/* The gap between them is empty before and after: nothing to renew. */
	left->vm_end = addr;
	right->vm_start = addr;
}

bool vma_tree_is_valid(const struct vma_tree *tree)
{
	const struct vm_area_struct *vma, *prev = NULL;
	bool recent_is_linked = !recent(tree);
	uint64_t count = 0;

	if (!rb_is_valid(&tree->root) || !vma_gaps_are_valid(tree))
		return false;
	for (vma = tree->first; vma; prev = vma, vma = vma->node.next) {
		if (vma->node.prev != prev || vma->vm_start >= vma->vm_end)
			return false;
		if (prev && prev->vm_end > vma->vm_start)
			return false;
		if (descend(tree, vma->vm_start) != vma)
			return false;
		recent_is_linked = recent_is_linked || vma == recent(tree);
		count++;
	}
	return recent_is_linked && prev == tree->last && count == tree->map_count;
}
