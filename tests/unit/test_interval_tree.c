/*
 * test_interval_tree.c - what the tree finds, against a list that is looked through.
 */
#include <stdlib.h>

#include "base/interval_tree.h"

#include "unit.h"

#define NODES 200

struct range {
	struct interval_tree_node node;
	bool linked, found;
};

static struct range range[NODES];
static struct rb_root root;

/* Every range that has something of [start, last], by rising start, and no other. */
static void check_query(uint64_t start, uint64_t last)
{
	const struct interval_tree_node *node, *before = NULL;

	for (int i = 0; i < NODES; i++)
		range[i].found = false;
	for (node = interval_tree_first(&root, start, last); node;
	     before = node, node = interval_tree_next(node, start, last)) {
		struct range *r = container_of(node, struct range, node);

		assert_true(r->linked && !r->found);
		assert_true(!before || before->start <= node->start);
		r->found = true;
	}
	for (int i = 0; i < NODES; i++)
		assert_int_equal(range[i].found, range[i].linked &&
				 range[i].node.start <= last && range[i].node.last >= start);
}

static void random_round(struct unit_random *random, uint64_t span, uint64_t longest)
{
	struct range *r = &range[unit_random_below(random, NODES)];
	uint64_t start = unit_random_below(random, span);

	if (r->linked) {
		interval_tree_remove(&root, &r->node);
	} else {
		r->node.start = unit_random_below(random, span);
		r->node.last = r->node.start + unit_random_below(random, longest);
		interval_tree_insert(&root, &r->node);
	}
	r->linked = !r->linked;
	assert_true(interval_tree_is_valid(&root));
	check_query(start, start + unit_random_below(random, longest));
}

static void test_random(void **state)
{
	struct unit_random random = unit_random_init();
	const uint64_t span[] = { 8, 100, 10000 }, longest[] = { 1, 4, 100, 10000 };

	(void)state;
	for (uint64_t i = 0; i < unit_iterations(20000); i++)
		random_round(&random, span[i / 600 % 3], longest[i / 200 % 4]);
	check_query(0, UINT64_MAX);
}

/* Ends that touch share a value, those beside each other do not; the ends of all values count. */
static void test_ends(void **state)
{
	struct interval_tree_node low = { .start = 0, .last = 4 };
	struct interval_tree_node high = { .start = 5, .last = UINT64_MAX };
	struct rb_root two = RB_ROOT;

	(void)state;
	assert_null(interval_tree_first(&two, 0, UINT64_MAX));
	interval_tree_insert(&two, &high);
	interval_tree_insert(&two, &low);
	assert_ptr_equal(interval_tree_first(&two, 4, 4), &low);
	assert_null(interval_tree_next(&low, 4, 4));
	assert_ptr_equal(interval_tree_first(&two, 5, 5), &high);
	assert_ptr_equal(interval_tree_first(&two, 4, 5), &low);
	assert_ptr_equal(interval_tree_next(&low, 4, 5), &high);
	assert_ptr_equal(interval_tree_first(&two, UINT64_MAX, UINT64_MAX), &high);
	low.subtree_last++;
	assert_false(interval_tree_is_valid(&two));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
