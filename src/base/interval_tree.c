/*
 * interval_tree.c - ranges that may overlap.
 *
 * A red-black tree by start.  Each node knows the highest end below it: a subtree that ends before
 * the range that is looked for holds nothing of it, and neither does anything to the right of a
 * node that starts after it.
 */
#include "base/interval_tree.h"

static struct interval_tree_node *node_of(const struct rb_node *rb)
{
	return container_of(rb, struct interval_tree_node, rb);
}

static uint64_t highest_last(const struct interval_tree_node *node)
{
	uint64_t last = node->last;

	for (int side = RB_LEFT; side <= RB_RIGHT; side++) {
		const struct rb_node *child = node->rb.child[side];

		if (child && node_of(child)->subtree_last > last)
			last = node_of(child)->subtree_last;
	}
	return last;
}

static bool renew(struct rb_node *rb)
{
	struct interval_tree_node *node = node_of(rb);
	uint64_t before = node->subtree_last;

	node->subtree_last = highest_last(node);
	return node->subtree_last != before;
}

void interval_tree_insert(struct rb_root *root, struct interval_tree_node *node)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = &parent->child[node->start < node_of(parent)->start ? RB_LEFT : RB_RIGHT];
	}
	rb_insert_augmented(root, &node->rb, parent, link, renew);
}

void interval_tree_remove(struct rb_root *root, struct interval_tree_node *node)
{
	rb_erase_augmented(root, &node->rb, renew);
}

/* The leftmost of the subtree that reaches to @start, if it begins by @last. */
static struct interval_tree_node *first_below(const struct rb_node *rb, uint64_t start,
					      uint64_t last)
{
	if (!rb || node_of(rb)->subtree_last < start)
		return NULL;
	for (;;) {
		struct interval_tree_node *node = node_of(rb);

		if (rb->left && node_of(rb->left)->subtree_last >= start)
			rb = rb->left;
		else if (node->start > last)
			return NULL;
		else if (node->last >= start)
			return node;
		else if (rb->right && node_of(rb->right)->subtree_last >= start)
			rb = rb->right;
		else
			return NULL;
	}
}

struct interval_tree_node *interval_tree_first(const struct rb_root *root, uint64_t start,
					       uint64_t last)
{
	return first_below(root->node, start, last);
}

struct interval_tree_node *interval_tree_next(const struct interval_tree_node *node,
					      uint64_t start, uint64_t last)
{
	const struct rb_node *rb = &node->rb, *parent;

	for (;;) {
		struct interval_tree_node *found = first_below(rb->right, start, last);

		if (found)
			return found;
		do {
			parent = rb_parent(rb);
			if (!parent)
				return NULL;
			found = parent->left == rb ? node_of(parent) : NULL;
			rb = parent;
		} while (!found);
		if (found->start > last)
			return NULL;
		if (found->last >= start)
			return found;
	}
}

bool interval_tree_is_valid(const struct rb_root *root)
{
	const struct rb_node *rb, *before = NULL;

	if (!rb_is_valid(root))
		return false;
	for (rb = rb_first(root); rb; before = rb, rb = rb_next(rb)) {
		const struct interval_tree_node *node = node_of(rb);

		if (node->start > node->last || node->subtree_last != highest_last(node) ||
		    (before && node_of(before)->start > node->start))
			return false;
	}
	return true;
}
