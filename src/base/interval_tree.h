/*
 * interval_tree.h - ranges that may overlap, found by what they have in common with another.
 *
 * Layer: base.  The caller locks.  The node is part of the caller's object, as rbtree.h's is; its
 * range must not change while it is in a tree.
 */
#ifndef BASE_INTERVAL_TREE_H
#define BASE_INTERVAL_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rbtree.h"

struct interval_tree_node {
	struct rb_node rb;
	uint64_t start, last;		/* inclusive */
	uint64_t subtree_last;		/* the highest last of the subtree */
};

/* [node->start, node->last] is set.  Equal ranges may be there already. */
void interval_tree_insert(struct rb_root *root, struct interval_tree_node *node);
void interval_tree_remove(struct rb_root *root, struct interval_tree_node *node);

/*
 * The nodes that share a value with [start, last], by rising start: the first, and the one after
 * @node.  NULL: there are no more.  O(log n) each.
 */
struct interval_tree_node *interval_tree_first(const struct rb_root *root, uint64_t start,
					       uint64_t last);
struct interval_tree_node *interval_tree_next(const struct interval_tree_node *node,
					      uint64_t start, uint64_t last);

/* True if the order and all subtree_last are right.  O(n): for tests. */
bool interval_tree_is_valid(const struct rb_root *root);

#endif
