/*
 * test_rbtree.c - the tree against a sorted array: order, shape and values after every step.
 */
#include "unit.h"

#include "base/rbtree.h"

#define NR_ITEMS 200

struct item {
	struct rb_node rb;
	unsigned int key;
	unsigned int weight;
	unsigned int heaviest;		/* the value: largest weight in the subtree */
	bool in_tree;
};

static struct item items[NR_ITEMS];	/* items[i].key == i: the sorted array */

static struct item *to_item(struct rb_node *node)
{
	return container_of(node, struct item, rb);
}

static unsigned int heaviest_below(const struct item *item)
{
	unsigned int most = item->weight;

	for (int side = RB_LEFT; side <= RB_RIGHT; side++) {
		struct rb_node *child = item->rb.child[side];

		if (child && to_item(child)->heaviest > most)
			most = to_item(child)->heaviest;
	}
	return most;
}

static bool update(struct rb_node *node)
{
	struct item *item = to_item(node);
	unsigned int before = item->heaviest;

	item->heaviest = heaviest_below(item);
	return item->heaviest != before;
}

/* Where item belongs; the caller knows that it is not there. */
static struct rb_node **descend(struct rb_root *root, unsigned int key, struct rb_node **parent)
{
	struct rb_node **link = &root->node;

	*parent = NULL;
	while (*link) {
		*parent = *link;
		link = key < to_item(*parent)->key ? &(*parent)->left : &(*parent)->right;
	}
	return link;
}

static void insert(struct rb_root *root, struct item *item, bool augmented)
{
	struct rb_node *parent, **link = descend(root, item->key, &parent);

	if (augmented)
		rb_insert_augmented(root, &item->rb, parent, link, update);
	else
		rb_insert(root, &item->rb, parent, link);
	item->in_tree = true;
}

static void erase(struct rb_root *root, struct item *item, bool augmented)
{
	if (augmented)
		rb_erase_augmented(root, &item->rb, update);
	else
		rb_erase(root, &item->rb);
	item->in_tree = false;
}

/* Forwards and backwards, the tree lists what the array has; each value is that of a fresh sum. */
static void check(const struct rb_root *root, unsigned int nr, bool augmented)
{
	struct rb_node *node = rb_first(root);
	unsigned int i;

	assert_true(rb_is_valid(root));
	for (i = 0; i < nr; i++) {
		if (!items[i].in_tree)
			continue;
		assert_ptr_equal(node, &items[i].rb);
		if (augmented)
			assert_int_equal(items[i].heaviest, heaviest_below(&items[i]));
		node = rb_next(node);
	}
	assert_null(node);

	node = rb_last(root);
	for (i = nr; i-- > 0;) {
		if (!items[i].in_tree)
			continue;
		assert_ptr_equal(node, &items[i].rb);
		node = rb_prev(node);
	}
	assert_null(node);
}

static void forget_items(void)
{
	memset(items, 0, sizeof(items));
	for (unsigned int i = 0; i < NR_ITEMS; i++)
		items[i].key = i;
}

static void test_random(void **state)
{
	uint64_t steps = unit_iterations(20000);

	(void)state;
	for (int augmented = 0; augmented < 2; augmented++) {
		struct rb_root root = RB_ROOT;
		struct unit_random random = unit_random_init();

		forget_items();
		for (uint64_t step = 0; step < steps; step++) {
			/* The population swings, so that the tree gets both full and empty. */
			unsigned int nr = (step / 1000) % 2 ? 20 : NR_ITEMS;
			struct item *item = &items[unit_random_below(&random, nr)];
			bool grow = unit_random_below(&random, 100) < ((step / 500) % 2 ? 30 : 70);

			if (item->in_tree && augmented && unit_random_below(&random, 4) == 0) {
				item->weight = (unsigned int)unit_random_below(&random, 1000);
				rb_propagate(&item->rb, update);
			} else if (item->in_tree && !grow) {
				erase(&root, item, augmented);
			} else if (!item->in_tree && grow) {
				item->weight = (unsigned int)unit_random_below(&random, 1000);
				/* What a node held before must not matter. */
				item->heaviest = (unsigned int)unit_random_below(&random, 1000);
				insert(&root, item, augmented);
			}
			check(&root, NR_ITEMS, augmented);
		}
	}
}

/* The order of permutation number @rank of @nr items. */
static void permute(unsigned int *order, unsigned int nr, unsigned int rank)
{
	for (unsigned int i = 0; i < nr; i++)
		order[i] = i;
	for (unsigned int left = nr; left > 1; left--) {
		unsigned int pick = rank % left, last = order[left - 1];

		rank /= left;
		order[left - 1] = order[pick];
		order[pick] = last;
	}
}

/* All trees that 1 to 6 insertions make, and each erased in some orders. */
static void test_exhaustive(void **state)
{
	static const unsigned int factorial[] = { 1, 1, 2, 6, 24, 120, 720 };

	(void)state;
	for (unsigned int nr = 1; nr <= 6; nr++) {
		for (unsigned int in = 0; in < factorial[nr]; in++) {
			for (unsigned int out = in % 7; out < factorial[nr]; out += 7) {
				unsigned int order[6];
				struct rb_root root = RB_ROOT;

				forget_items();
				permute(order, nr, in);
				for (unsigned int i = 0; i < nr; i++) {
					items[order[i]].weight = 7 * order[i] % 5;
					insert(&root, &items[order[i]], true);
				}
				check(&root, nr, true);
				permute(order, nr, out);
				for (unsigned int i = 0; i < nr; i++) {
					erase(&root, &items[order[i]], true);
					check(&root, nr, true);
				}
				assert_null(root.node);
			}
		}
	}
}

static void test_ordered(void **state)
{
	(void)state;
	for (int down = 0; down < 2; down++) {
		struct rb_root root = RB_ROOT;

		forget_items();
		for (unsigned int i = 0; i < NR_ITEMS; i++) {
			insert(&root, &items[down ? NR_ITEMS - 1 - i : i], true);
			check(&root, NR_ITEMS, true);
		}
		for (unsigned int i = 0; i < NR_ITEMS; i++) {
			erase(&root, &items[i], true);
			check(&root, NR_ITEMS, true);
		}
	}
}

/* rb_is_valid() must say no to each thing that it promises to look at. */
static void test_broken_is_noticed(void **state)
{
	struct rb_root root = RB_ROOT, empty = RB_ROOT;
	struct rb_node *top, *leaf, *saved;

	(void)state;
	assert_true(rb_is_valid(&empty));
	forget_items();
	for (unsigned int i = 0; i < 10; i++)
		insert(&root, &items[i], false);
	assert_true(rb_is_valid(&root));

	top = root.node;
	top->parent_color ^= 1;			/* a red root */
	assert_false(rb_is_valid(&root));
	top->parent_color ^= 1;

	top->left->parent_color ^= 1;		/* one black node more or less on some paths */
	assert_false(rb_is_valid(&root));
	top->left->parent_color ^= 1;

	leaf = rb_last(&root);
	leaf->parent_color ^= (uintptr_t)&items[50].rb;	/* a parent link that leads elsewhere */
	assert_false(rb_is_valid(&root));
	leaf->parent_color ^= (uintptr_t)&items[50].rb;

	saved = leaf->right;
	leaf->right = top;			/* a cycle: must be seen, and must not hang */
	assert_false(rb_is_valid(&root));
	leaf->right = saved;

	saved = top->left;
	top->left = NULL;			/* a lost subtree */
	assert_false(rb_is_valid(&root));
	top->left = saved;
	assert_true(rb_is_valid(&root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_ordered),
		cmocka_unit_test(test_broken_is_noticed),
	};

	return cmocka_run_group_tests_name("rbtree", tests, NULL, NULL);
}
