/*
 * rbtree.c - red-black tree: rotations, and what keeps the heights balanced.
 *
 * Theory
 * ------
 * A binary tree in which each node is red or black.  Invariants, checked by rb_is_valid():
 *	1. the root is black;
 *	2. a red node has no red child;
 *	3. every path from the root to a missing child passes the same number of black nodes.
 * Hence no path is longer than twice another, and the height is at most 2 log2(n + 1).
 *
 * Insertion adds a red node, which can break 1 and 2.  Deletion takes out a node with at most one
 * child (a node with two first changes places with its successor), which can break 3.  Both are
 * mended on the way to the root by repainting, and by three rotations at most.
 *
 * Left and right mirror each other: `side` is the side the trouble is on, `!side` the other.
 *
 * Values that summarise subtrees (rbtree.h) are right before a fixup begins; a rotation renews the
 * two nodes that it turns, lower one first, and so they are right after it.
 */
#include "base/assert.h"
#include "base/rbtree.h"

#define RB_BLACK ((uintptr_t)1)

static bool rb_is_red(const struct rb_node *node)
{
	return node && !(node->parent_color & RB_BLACK);
}

static void rb_set_red(struct rb_node *node)
{
	node->parent_color &= ~RB_BLACK;
}

static void rb_set_black(struct rb_node *node)
{
	node->parent_color |= RB_BLACK;
}

static void rb_set_parent(struct rb_node *node, const struct rb_node *parent)
{
	node->parent_color = (uintptr_t)parent | (node->parent_color & RB_BLACK);
}

static int rb_side(const struct rb_node *parent, const struct rb_node *child)
{
	return parent->right == child ? RB_RIGHT : RB_LEFT;
}

/* Make @new hang where @old hangs below @parent (NULL: it is the root). */
static void rb_set_child(struct rb_root *root, struct rb_node *parent, const struct rb_node *old,
			 struct rb_node *new)
{
	if (parent)
		parent->child[rb_side(parent, old)] = new;
	else
		root->node = new;
}

/* Turn @node down to @side; its child on the other side comes up into its place. */
static void rb_rotate(struct rb_root *root, struct rb_node *node, int side, rb_update_fn update)
{
	struct rb_node *up = node->child[!side];
	struct rb_node *between = up->child[side];
	struct rb_node *parent = rb_parent(node);

	node->child[!side] = between;
	if (between)
		rb_set_parent(between, node);
	rb_set_child(root, parent, node, up);
	rb_set_parent(up, parent);
	up->child[side] = node;
	rb_set_parent(node, up);

	if (update) {
		update(node);
		update(up);
	}
}

void rb_insert_fixup(struct rb_root *root, struct rb_node *node, rb_update_fn update)
{
	struct rb_node *parent, *grandparent, *uncle;
	int side;

	mm_assert_debug(rb_is_red(node));

	for (;;) {
		parent = rb_parent(node);
		if (!parent) {
			rb_set_black(node);
			return;
		}
		if (!rb_is_red(parent))
			return;

		grandparent = rb_parent(parent);	/* there is one: the root is black */
		side = rb_side(grandparent, parent);
		uncle = grandparent->child[!side];
		if (!rb_is_red(uncle))
			break;
		rb_set_black(parent);
		rb_set_black(uncle);
		rb_set_red(grandparent);
		node = grandparent;
	}

	if (node == parent->child[!side]) {	/* bring it to the outside first */
		rb_rotate(root, parent, side, update);
		parent = node;
	}
	rb_set_black(parent);
	rb_set_red(grandparent);
	rb_rotate(root, grandparent, !side, update);
}

/* Put @heir where @node is, with its parent, children and colour. */
static void rb_take_place(struct rb_root *root, const struct rb_node *node, struct rb_node *heir)
{
	struct rb_node *parent = rb_parent(node);

	rb_set_child(root, parent, node, heir);
	heir->parent_color = node->parent_color;
	for (int side = RB_LEFT; side <= RB_RIGHT; side++) {
		heir->child[side] = node->child[side];
		if (heir->child[side])
			rb_set_parent(heir->child[side], heir);
	}
}

/*
 * rb_splice - unlink @node, and say what is left to do.
 *
 * => the tree is in order; its values and colours may be wrong.
 */
struct rb_hole rb_splice(struct rb_root *root, struct rb_node *node)
{
	struct rb_hole hole = { 0 };
	struct rb_node *gone = node;	/* the node whose place in the shape disappears */

	if (node->left && node->right) {
		for (gone = node->right; gone->left;)
			gone = gone->left;
		hole.moved = gone;
	}

	hole.parent = rb_parent(gone);
	hole.child = gone->left ? gone->left : gone->right;
	hole.lost_black = !rb_is_red(gone);

	rb_set_child(root, hole.parent, gone, hole.child);
	if (hole.child)
		rb_set_parent(hole.child, hole.parent);

	if (hole.moved) {
		rb_take_place(root, node, hole.moved);
		if (hole.parent == node)
			hole.parent = hole.moved;
	}
	return hole;
}

void rb_erase_fixup(struct rb_root *root, struct rb_hole *hole, rb_update_fn update)
{
	struct rb_node *node = hole->child, *parent = hole->parent;

	while (parent && !rb_is_red(node)) {
		int side = rb_side(parent, node);
		struct rb_node *sibling = parent->child[!side];	/* there is one, by invariant 3 */

		if (rb_is_red(sibling)) {
			rb_set_black(sibling);
			rb_set_red(parent);
			rb_rotate(root, parent, side, update);
			sibling = parent->child[!side];
		}
		if (!rb_is_red(sibling->left) && !rb_is_red(sibling->right)) {
			rb_set_red(sibling);	/* both sides are short now: go on above */
			node = parent;
			parent = rb_parent(node);
			continue;
		}
		/* If the red one is on the inside, turn it out. */
		if (!rb_is_red(sibling->child[!side])) {
			rb_rotate(root, sibling, !side, update);
			rb_set_red(sibling);
			sibling = parent->child[!side];
			rb_set_black(sibling);
		}
		/* The sibling comes up in the parent's colour; both below it become black. */
		if (rb_is_red(parent))
			rb_set_red(sibling);
		rb_set_black(parent);
		rb_set_black(sibling->child[!side]);
		rb_rotate(root, parent, side, update);
		return;
	}
	if (node)
		rb_set_black(node);
}

static struct rb_node *rb_end(const struct rb_root *root, int side)
{
	struct rb_node *node = root->node;

	while (node && node->child[side])
		node = node->child[side];
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return rb_end(root, RB_LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return rb_end(root, RB_RIGHT);
}

/* The neighbour of @node on @side. */
static struct rb_node *rb_step(const struct rb_node *node, int side)
{
	struct rb_node *next = node->child[side];

	if (next) {
		while (next->child[!side])
			next = next->child[!side];
		return next;
	}
	/* Up, until the step comes from the other side. */
	for (next = rb_parent(node); next && next->child[side] == node; next = rb_parent(node))
		node = next;
	return next;
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return rb_step(node, RB_RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return rb_step(node, RB_LEFT);
}

/* True if the children of @node point back at it, and are black if it is red. */
static bool rb_children_are_valid(const struct rb_node *node)
{
	if (node->left && node->left == node->right)
		return false;
	for (int side = RB_LEFT; side <= RB_RIGHT; side++) {
		const struct rb_node *child = node->child[side];

		if (child && rb_parent(child) != node)
			return false;
		if (rb_is_red(child) && rb_is_red(node))
			return false;
	}
	return true;
}

bool rb_is_valid(const struct rb_root *root)
{
	const struct rb_node *node = root->node, *from = NULL, *next;
	unsigned long blacks = 0, expected = 0;

	if (node && (rb_parent(node) || rb_is_red(node)))
		return false;

	/* Each link down is checked before it is followed: the walk ends even in a broken tree. */
	while (node) {
		struct rb_node *parent = rb_parent(node);

		if (from == parent) {			/* first visit, from above */
			if (!rb_children_are_valid(node))
				return false;
			blacks += !rb_is_red(node);
			if (!node->left || !node->right) {
				if (!expected)
					expected = blacks;
				if (blacks != expected)
					return false;
			}
			next = node->left ? node->left : node->right;
		} else {
			next = from == node->left ? node->right : NULL;
		}
		from = node;
		if (!next) {
			blacks -= !rb_is_red(node);
			next = parent;
		}
		node = next;
	}
	return true;
}
