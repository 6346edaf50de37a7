/*
 * vma_gaps.c - the gaps between areas: kept up to date, and searched.
 *
 * Theory
 * ------
 * Free space has no objects of its own.  Each area speaks for the gap just below it, and every tree
 * node also knows the widest gap in its subtree:
 *
 *	0    4   7        15  18      24  27	gap(A) = 4, gap(B) = 8, gap(C) = 6
 *	|....|AAA|........|BBB|......|CCC|...	B is the root: subtree_gap(B) = 8
 *
 * A search for a hole skips each subtree whose widest gap is too narrow.  The space above the last
 * area belongs to nobody and is looked at apart.
 *
 * One gap is kept out of the tree: the widest.  It is the wilderness that new areas are cut from
 * and old ones fall back to, so its width changes with nearly every call, and all the way up to
 * the root each node would have to follow.  It is in tree->widest instead, and compared with what
 * the tree finds.
 *
 * Invariants, checked by vma_gaps_are_valid():
 *	1. gap == vm_start - vm_end of the one before, but 0 in tree->widest, where widest_gap is
 *	it; 2. subtree_gap == max(gap, subtree_gap of both children); 3. widest_gap >= subtree_gap
 *	of the root; without tree->widest all gaps are 0.
 */
#include "base/assert.h"
#include "space/vma_gaps.h"

static inline uint64_t indexed_gap(const struct vm_area_struct *vma)
{
	return vma->node.gap;
}

static inline uint64_t widest_below(const struct rb_node *node)
{
	return node ? rb_to_vma(node)->node.subtree_gap : 0;
}

static inline uint64_t vma_compute_subtree_gap(const struct vm_area_struct *vma)
{
	uint64_t gap = indexed_gap(vma);

	gap = max_u64(gap, widest_below(vma->node.rb.left));
	return max_u64(gap, widest_below(vma->node.rb.right));
}

bool vma_gap_renew(struct rb_node *node)
{
	struct vm_area_struct *vma = rb_to_vma(node);
	uint64_t gap = vma_compute_subtree_gap(vma);

	if (vma->node.subtree_gap == gap)
		return false;
	vma->node.subtree_gap = gap;
	return true;
}

/* Record the gap in the tree. */
static void vma_gap_update(struct vm_area_struct *vma, uint64_t gap)
{
	if (vma->node.gap == gap)
		return;
	vma->node.gap = gap;
	rb_propagate(&vma->node.rb, vma_gap_renew);
}

/* The gap of @vma is the widest: out of the tree with it. */
static void set_widest(struct vma_tree *tree, struct vm_area_struct *vma, uint64_t gap)
{
	tree->widest = vma;
	tree->widest_gap = gap;
	if (vma)
		vma_gap_update(vma, 0);
}

static struct vm_area_struct *rightmost_with_gap(struct rb_node *node, uint64_t length);

void vma_gap_settle(struct vma_tree *tree)
{
	uint64_t gap = widest_below(tree->root.node);

	if (!tree->widest && gap)
		set_widest(tree, rightmost_with_gap(tree->root.node, gap), gap);
}

void vma_gap_set(struct vma_tree *tree, struct vm_area_struct *vma, uint64_t gap)
{
	struct vm_area_struct *old = tree->widest;
	uint64_t old_gap = tree->widest_gap;

	if (vma == old) {
		if (gap && gap >= widest_below(tree->root.node)) {
			tree->widest_gap = gap;
			return;
		}
		set_widest(tree, NULL, 0);
		vma_gap_update(vma, gap);
		vma_gap_settle(tree);
	} else if (gap > old_gap) {
		set_widest(tree, vma, gap);
		if (old)
			vma_gap_update(old, old_gap);
	} else {
		vma_gap_update(vma, gap);
	}
}

void vma_gap_cut(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma->node.next;
	uint64_t below = vma_compute_gap(vma), above = next ? vma_compute_gap(next) : 0;

	/* From the top of the wilderness: what is left below is it from now on. */
	if (next && next == tree->widest && below > above) {
		tree->widest = vma;
		if (likely(!above && below >= widest_below(tree->root.node))) {
			tree->widest_gap = below;
			return;
		}
	}
	if (next)
		vma_gap_set(tree, next, above);
	vma_gap_set(tree, vma, below);
}

void vma_gap_inherit(struct vma_tree *tree, struct vm_area_struct *vma,
		     struct vm_area_struct *heir)
{
	if (vma == tree->widest)
		set_widest(tree, heir, heir ? tree->widest_gap : 0);
	if (heir)
		vma_gap_set(tree, heir, vma_compute_gap(heir));
}

static struct vm_area_struct *rightmost_with_gap(struct rb_node *node, uint64_t length)
{
	for (;;) {
		if (widest_below(node->right) >= length)
			node = node->right;
		else if (indexed_gap(rb_to_vma(node)) >= length)
			return rb_to_vma(node);
		else
			node = node->left;
	}
}

static struct vm_area_struct *leftmost_with_gap(struct rb_node *node, uint64_t length)
{
	for (;;) {
		if (widest_below(node->left) >= length)
			node = node->left;
		else if (indexed_gap(rb_to_vma(node)) >= length)
			return rb_to_vma(node);
		else
			node = node->right;
	}
}

/* The last area before @vma whose gap has @length bytes; before the end of all if it is NULL. */
static struct vm_area_struct *prev_with_gap(const struct vma_tree *tree,
					    const struct vm_area_struct *vma, uint64_t length)
{
	const struct rb_node *node;
	struct rb_node *parent;

	if (!vma) {
		if (widest_below(tree->root.node) < length)
			return NULL;
		return rightmost_with_gap(tree->root.node, length);
	}
	node = &vma->node.rb;
	if (widest_below(node->left) >= length)
		return rightmost_with_gap(node->left, length);
	while ((parent = rb_parent(node))) {
		if (parent->right == node) {
			if (indexed_gap(rb_to_vma(parent)) >= length)
				return rb_to_vma(parent);
			if (widest_below(parent->left) >= length)
				return rightmost_with_gap(parent->left, length);
		}
		node = parent;
	}
	return NULL;
}

/* The first area after @vma whose gap has @length bytes. */
static struct vm_area_struct *next_with_gap(const struct vm_area_struct *vma, uint64_t length)
{
	const struct rb_node *node = &vma->node.rb;
	struct rb_node *parent;

	if (widest_below(node->right) >= length)
		return leftmost_with_gap(node->right, length);
	while ((parent = rb_parent(node))) {
		if (parent->left == node) {
			if (indexed_gap(rb_to_vma(parent)) >= length)
				return rb_to_vma(parent);
			if (widest_below(parent->right) >= length)
				return leftmost_with_gap(parent->right, length);
		}
		node = parent;
	}
	return NULL;
}

/* Fill @gap with what lies below @above, clipped to the limits.  True if it has room. */
static bool gap_below(const struct vma_tree *tree, const struct gap_search *search,
		      struct vm_area_struct *above, struct gap *gap)
{
	const struct vm_area_struct *below = above ? above->node.prev : tree->last;

	gap->above = above;
	gap->start = max_u64(below ? below->vm_end : 0, search->low_limit);
	gap->end = min_u64(above ? above->vm_start : UINT64_MAX, search->high_limit);
	return gap->start <= gap->end && gap->end - gap->start >= search->length;
}

/* Among the gaps that the tree knows, and that above the last area. */
static bool tree_search_topdown(const struct vma_tree *tree, const struct gap_search *search,
				struct gap *gap)
{
	struct vm_area_struct *vma;

	/* The highest gap of all that is wide enough, unless it reaches above the limit. */
	if (tree->last && tree->last->vm_end >= search->high_limit) {
		if (widest_below(tree->root.node) < search->length)
			return false;
		vma = rightmost_with_gap(tree->root.node, search->length);
		if (vma->vm_start <= search->high_limit)
			return gap_below(tree, search, vma, gap);
	}
	/* Only the highest gap can reach above the limit, so only it is clipped there. */
	vma = find_vma(tree, search->high_limit - 1);
	if (gap_below(tree, search, vma, gap))
		return true;
	/* Gaps come in falling order: when this one starts too low to fit, so do all others. */
	vma = prev_with_gap(tree, vma, search->length);
	return vma && gap_below(tree, search, vma, gap);
}

static bool tree_search_bottomup(const struct vma_tree *tree, const struct gap_search *search,
				 struct gap *gap)
{
	struct vm_area_struct *vma = find_vma(tree, search->low_limit);

	if (gap_below(tree, search, vma, gap))
		return true;
	if (!vma)
		return false;
	vma = next_with_gap(vma, search->length);
	return gap_below(tree, search, vma, gap);
}

static bool widest_fits(const struct vma_tree *tree, const struct gap_search *search,
			struct gap *gap)
{
	return tree->widest && gap_below(tree, search, tree->widest, gap);
}

bool gap_search_topdown(const struct vma_tree *tree, const struct gap_search *search,
			struct gap *gap)
{
	struct gap widest;
	bool found;

	if (search->high_limit <= search->low_limit)
		return false;
	found = tree_search_topdown(tree, search, gap);
	if (widest_fits(tree, search, &widest) && (!found || widest.end > gap->end)) {
		*gap = widest;
		found = true;
	}
	if (found && gap->above)
		remember(tree, gap->above);
	return found;
}

bool gap_search_bottomup(const struct vma_tree *tree, const struct gap_search *search,
			 struct gap *gap)
{
	struct gap widest;
	bool found = tree_search_bottomup(tree, search, gap);

	if (widest_fits(tree, search, &widest) && (!found || widest.start < gap->start)) {
		*gap = widest;
		found = true;
	}
	if (found && gap->above)
		remember(tree, gap->above);
	return found;
}

uint64_t gap_widest(const struct vma_tree *tree, umm_addr_t low_limit, umm_addr_t high_limit)
{
	struct gap_search search = { 1, low_limit, high_limit };
	struct vm_area_struct *vma = find_vma(tree, low_limit);
	uint64_t widest = 0;
	struct gap gap;

	for (;;) {
		if (gap_below(tree, &search, vma, &gap))
			widest = max_u64(widest, gap.end - gap.start);
		if (!vma || vma->vm_start >= high_limit)
			return widest;
		vma = vma->node.next;
	}
}

bool vma_gaps_are_valid(const struct vma_tree *tree)
{
	const struct vm_area_struct *vma;
	bool widest_is_linked = !tree->widest;

	for (vma = tree->first; vma; vma = vma->node.next) {
		if (vma_gap(tree, vma) != vma_compute_gap(vma))
			return false;
		if (vma->node.subtree_gap != vma_compute_subtree_gap(vma))
			return false;
		widest_is_linked = widest_is_linked || vma == tree->widest;
	}
	return widest_is_linked && tree->widest_gap >= widest_below(tree->root.node) &&
	       (!tree->widest || tree->widest->node.gap == 0);
}
