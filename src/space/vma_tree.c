/*
 * vma_tree.c - ordered set of areas, with the gaps between them indexed.
 *
 * Theory
 * ------
 * An address space is a sequence of ranges that do not overlap.  It is kept twice: as a list in
 * address order, which makes neighbours O(1), and as a red-black tree keyed by vm_start, which
 * makes lookup O(log n).
 *
 * Free space has no objects of its own.  Each area speaks for the gap just below it, and every tree
 * node also knows the widest gap in its subtree:
 *
 *	0    4   7        15  18      24  27	gap(A) = 4, gap(B) = 8, gap(C) = 6
 *	|....|AAA|........|BBB|......|CCC|...	B is the root: subtree_gap(B) = 8
 *
 * A search for a hole skips each subtree whose widest gap is too narrow.  The space above the last
 * area belongs to nobody and is looked at apart.
 *
 * Invariants, all checked by vma_tree_is_valid():
 *	1. list order is tree order, and map_count counts both;
 *	2. vm_start < vm_end <= vm_start of the next;
 *	3. gap == vm_start - vm_end of the one before;
 *	4. subtree_gap == max(gap, subtree_gap of both children).
 *
 * Every change of a boundary moves up to two gaps: that of the area and that of its successor.
 *
 * Programs work on one area for a while: who is found, linked, or stands above a gap that was
 * found is remembered, and looked at before the tree is.
 */
#include "base/assert.h"
#include "space/vma_tree.h"

#define rb_to_vma(rb_node) container_of(rb_node, struct vm_area_struct, node.rb)

static inline uint64_t vma_compute_gap(const struct vm_area_struct *vma)
{
	return vma->vm_start - (vma->node.prev ? vma->node.prev->vm_end : 0);
}

static inline uint64_t vma_gap(const struct vm_area_struct *vma)
{
	return vma->node.gap;
}

static inline uint64_t widest_below(const struct rb_node *node)
{
	return node ? rb_to_vma(node)->node.subtree_gap : 0;
}

static inline uint64_t vma_compute_subtree_gap(const struct vm_area_struct *vma)
{
	uint64_t gap = vma_gap(vma);

	gap = max_u64(gap, widest_below(vma->node.rb.left));
	return max_u64(gap, widest_below(vma->node.rb.right));
}

/* The augmentation: renew one node from itself and its children.  True if it changed. */
static inline bool vma_gap_renew(struct rb_node *node)
{
	struct vm_area_struct *vma = rb_to_vma(node);
	uint64_t gap = vma_compute_subtree_gap(vma);

	if (vma->node.subtree_gap == gap)
		return false;
	vma->node.subtree_gap = gap;
	return true;
}

/* The gap below @vma changed. */
static void vma_gap_update(struct vm_area_struct *vma)
{
	vma->node.gap = vma_compute_gap(vma);
	rb_propagate(&vma->node.rb, vma_gap_renew);
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

/* Is @vma the first area that ends above @addr? */
static inline bool answers(const struct vm_area_struct *vma, umm_addr_t addr)
{
	return addr < vma->vm_end && addr >= vma->vm_start - vma->node.gap;
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

	if (vma && answers(vma, addr))
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

/*
 * Put the new leaf @vma into the tree.  Its successor, whose gap shrank, is among its ancestors:
 * one walk renews both, and must not stop before it came by.
 */
static void rb_insert_vma(struct vma_tree *tree, struct vm_area_struct *vma,
			  struct rb_node *parent, struct rb_node **link)
{
	struct vm_area_struct *next = vma->node.next;
	bool next_is_due = next != NULL;
	struct rb_node *node;

	rb_link(&vma->node.rb, parent, link);
	vma->node.gap = vma_compute_gap(vma);
	vma->node.subtree_gap = vma->node.gap;
	if (next)
		next->node.gap = vma_compute_gap(next);
	for (node = parent; node; node = rb_parent(node)) {
		bool changed = vma_gap_renew(node);

		if (rb_to_vma(node) == next)
			next_is_due = false;
		if (!changed && !next_is_due)
			break;
	}
	rb_insert_fixup(&tree->root, &vma->node.rb, vma_gap_renew);
}

void vma_link(struct vma_tree *tree, struct vm_area_struct *vma, const struct vma_slot *slot)
{
	mm_assert(vma->vm_start < vma->vm_end);
	mm_assert(!slot->prev || slot->prev->vm_end <= vma->vm_start);
	mm_assert(!slot->next || vma->vm_end <= slot->next->vm_start);

	list_insert(tree, vma, slot->prev, slot->next);
	rb_insert_vma(tree, vma, slot->parent, slot->link);
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
	rb_insert_vma(tree, upper, slot.parent, slot.link);
	mm_assert_expensive(vma_tree_is_valid(tree));
}

/* Take @vma, which is off the list, out of the tree; its neighbours' gaps are right already. */
static void rb_erase_vma(struct vma_tree *tree, struct vm_area_struct *vma)
{
	rb_erase_augmented(&tree->root, &vma->node.rb, vma_gap_renew);
	vma->node.prev = NULL;
	vma->node.next = NULL;
	mm_assert_expensive(vma_tree_is_valid(tree));
}

void vma_unlink(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *next = vma->node.next;

	list_remove(tree, vma);
	if (next)
		vma_gap_update(next);
	rb_erase_vma(tree, vma);
}

struct vm_area_struct *vma_absorb_next(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *gone = vma->node.next;

	mm_assert(gone);
	list_remove(tree, gone);
	vma->vm_end = gone->vm_end;	/* no gap of a third one changes */
	rb_erase_vma(tree, gone);
	return gone;
}

struct vm_area_struct *vma_absorb_prev(struct vma_tree *tree, struct vm_area_struct *vma)
{
	struct vm_area_struct *gone = vma->node.prev;

	mm_assert(gone);
	list_remove(tree, gone);
	vma->vm_start = gone->vm_start;
	vma_gap_update(vma);
	rb_erase_vma(tree, gone);
	return gone;
}

void vma_set_range(struct vm_area_struct *vma, umm_addr_t start, umm_addr_t end)
{
	bool start_moves = vma->vm_start != start, end_moves = vma->vm_end != end;

	mm_assert(start < end);
	mm_assert(!vma->node.prev || vma->node.prev->vm_end <= start);
	mm_assert(!vma->node.next || end <= vma->node.next->vm_start);

	vma->vm_start = start;
	vma->vm_end = end;
	if (start_moves)
		vma_gap_update(vma);
	if (end_moves && vma->node.next)
		vma_gap_update(vma->node.next);
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

static struct vm_area_struct *rightmost_with_gap(struct rb_node *node, uint64_t length)
{
	for (;;) {
		if (widest_below(node->right) >= length)
			node = node->right;
		else if (vma_gap(rb_to_vma(node)) >= length)
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
		else if (vma_gap(rb_to_vma(node)) >= length)
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
			if (vma_gap(rb_to_vma(parent)) >= length)
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
			if (vma_gap(rb_to_vma(parent)) >= length)
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
	if (gap->start > gap->end || gap->end - gap->start < search->length)
		return false;
	if (above)
		remember(tree, above);
	return true;
}

bool gap_search_topdown(const struct vma_tree *tree, const struct gap_search *search,
			struct gap *gap)
{
	struct vm_area_struct *vma;

	if (search->high_limit <= search->low_limit)
		return false;
	/* The highest gap of all that is wide enough, unless it reaches above the limit. */
	if (tree->last && tree->last->vm_end >= search->high_limit &&
	    widest_below(tree->root.node) >= search->length) {
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

bool gap_search_bottomup(const struct vma_tree *tree, const struct gap_search *search,
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

bool vma_tree_is_valid(const struct vma_tree *tree)
{
	const struct vm_area_struct *vma, *prev = NULL;
	bool recent_is_linked = !recent(tree);
	uint64_t count = 0;

	if (!rb_is_valid(&tree->root))
		return false;
	for (vma = tree->first; vma; prev = vma, vma = vma->node.next) {
		if (vma->node.prev != prev || vma->vm_start >= vma->vm_end)
			return false;
		if (prev && prev->vm_end > vma->vm_start)
			return false;
		if (vma->node.gap != vma_compute_gap(vma))
			return false;
		if (vma->node.subtree_gap != vma_compute_subtree_gap(vma))
			return false;
		if (descend(tree, vma->vm_start) != vma)
			return false;
		recent_is_linked = recent_is_linked || vma == recent(tree);
		count++;
	}
	return recent_is_linked && prev == tree->last && count == tree->map_count;
}
