/*
 * rbtree.h - red-black tree whose nodes live inside the caller's objects.
 *
 * Layer: base.
 *
 * The caller descends by its own comparison, remembers the link where it fell off the tree, and
 * hands that to rb_insert().  Keys are never looked at here.
 *
 * A node may carry a value that summarises its subtree (the widest gap, the largest end, ...).
 * The caller supplies rb_update_fn, which recomputes the value of one node from the node's own data
 * and the values of its two children, and says whether it changed.  The value must depend on which
 * nodes the subtree has and in what order, not on its shape: then a rotation alters no value above.
 *
 * Before rb_insert_augmented() and rb_erase_augmented() the values in the tree must be right.  A
 * caller for whom linking one node alters the data of another (its successor's gap, say) calls
 * rb_propagate() on that other one first.
 */
#ifndef BASE_RBTREE_H
#define BASE_RBTREE_H

#include "base/compiler.h"

enum { RB_LEFT, RB_RIGHT };

struct rb_node {
	uintptr_t parent_color;		/* the parent's address; bit 0: this one is black */
	union {
		struct {
			struct rb_node *left, *right;
		};
		struct rb_node *child[2];	/* the same two by side, for code that mirrors */
	};
};

struct rb_root {
	struct rb_node *node;		/* NULL: the tree is empty */
};

#define RB_ROOT ((struct rb_root){ NULL })

/* Recompute the value of @node from itself and its children.  True if it is another than before. */
typedef bool (*rb_update_fn)(struct rb_node *node);

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->parent_color & ~(uintptr_t)1);
}

/* In order.  NULL at the end, or if the tree is empty. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

/* True if links, colours and black heights are as they must be.  O(n): for tests. */
bool rb_is_valid(const struct rb_root *root);

/* Put @node, red and without children, where the descent ended: *@link, below @parent. */
static inline void rb_link(struct rb_node *node, struct rb_node *parent, struct rb_node **link)
{
	node->parent_color = (uintptr_t)parent;
	node->left = NULL;
	node->right = NULL;
	*link = node;
}

/* Renew the values from @node (may be NULL) up to, not including, @stop, or until one stays. */
static inline void rb_propagate_below(struct rb_node *node, const struct rb_node *stop,
				      rb_update_fn update)
{
	while (node != stop && update(node))
		node = rb_parent(node);
}

/* The data of @node (may be NULL) changed: renew its value, and those above that depend on it. */
static inline void rb_propagate(struct rb_node *node, rb_update_fn update)
{
	rb_propagate_below(node, NULL, update);
}

/* Restore the colours after rb_link() and propagation.  @update may be NULL: no values. */
void rb_insert_fixup(struct rb_root *root, struct rb_node *node, rb_update_fn update);

/* What taking a node out left behind; between rb_splice() and rb_erase_fixup(). */
struct rb_hole {
	struct rb_node *parent;		/* lowest node whose children changed, NULL for none */
	struct rb_node *child;		/* what stands below it now where a node went, or NULL */
	struct rb_node *moved;		/* the successor that took the node's place, or NULL */
	bool lost_black;		/* paths through @child have one black node too few */
};

struct rb_hole rb_splice(struct rb_root *root, struct rb_node *node);
void rb_erase_fixup(struct rb_root *root, struct rb_hole *hole, rb_update_fn update);

/* Insert @node at *@link below @parent, where the caller's descent ended. */
static inline void rb_insert_augmented(struct rb_root *root, struct rb_node *node,
				       struct rb_node *parent, struct rb_node **link,
				       rb_update_fn update)
{
	rb_link(node, parent, link);
	update(node);		/* what it says means nothing: there was no value before */
	rb_propagate(parent, update);
	rb_insert_fixup(root, node, update);
}

/* Take @node out.  Its own links are left as they were. */
static inline void rb_erase_augmented(struct rb_root *root, struct rb_node *node,
				      rb_update_fn update)
{
	struct rb_hole hole = rb_splice(root, node);

	if (hole.moved) {
		/* Its value is that of its old place: neither does "unchanged" mean anything. */
		rb_propagate_below(hole.parent, hole.moved, update);
		update(hole.moved);
		rb_propagate(rb_parent(hole.moved), update);
	} else {
		rb_propagate(hole.parent, update);
	}
	if (hole.lost_black)
		rb_erase_fixup(root, &hole, update);
}

/* The same for a tree whose nodes carry no value. */
static inline void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent,
			     struct rb_node **link)
{
	rb_link(node, parent, link);
	rb_insert_fixup(root, node, NULL);
}

static inline void rb_erase(struct rb_root *root, struct rb_node *node)
{
	struct rb_hole hole = rb_splice(root, node);

	if (hole.lost_black)
		rb_erase_fixup(root, &hole, NULL);
}

#endif
