/*
 * test_attrs.c - the attributes of areas as values: policies on machines of several nodes, the
 * table that they stand in, and what merges.
 */
#include <stdio.h>

#include "api/handles.h"
#include "attrs.h"
#include "space/vma_attrs.h"

#define STATIC UMM_MPOL_F_STATIC_NODES
#define RELATIVE UMM_MPOL_F_RELATIVE_NODES
#define BALANCING UMM_MPOL_F_NUMA_BALANCING

/* Nodes 0, 1, 4, 5 and 6 are there; 1 and 5 have no memory. */
static void nodes_init(struct lab *lab)
{
	lab_init(lab);
	lab->settings.online_nodes = 0x73;
	lab->settings.memory_nodes = 0x51;
	lab_settings_changed(lab);
	lab_map(lab, AT, 8 * PAGE, RW, ANON);
}

static void check_policy(struct lab *lab, uint64_t addr, const char *expected)
{
	char text[256];

	umm_policy_text(lab->mm, addr, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_policy_values(void **state)
{
	static const struct {
		uint64_t mode, nodes;
		const char *text;	/* NULL: refused */
	} rows[] = {
		{ UMM_MPOL_BIND, 0x1, "bind:0" },
		{ UMM_MPOL_BIND, 0xff, "bind:0,4,6" },
		{ UMM_MPOL_BIND, 0x22, NULL },
		{ UMM_MPOL_INTERLEAVE, 0x30, "interleave:4" },
		{ UMM_MPOL_PREFERRED, 0x60, "prefer:6" },
		{ UMM_MPOL_PREFERRED, 0x71, "prefer:0" },
		{ UMM_MPOL_PREFERRED, 0, "local" },
		{ UMM_MPOL_LOCAL, 0, "local" },
		{ UMM_MPOL_PREFERRED_MANY, 0x50, "prefer (many):4,6" },
		{ UMM_MPOL_WEIGHTED_INTERLEAVE, 0x41, "weighted interleave:0,6" },
		{ UMM_MPOL_BIND | STATIC, 0x11, "bind=static:0,4" },
		{ UMM_MPOL_BIND | BALANCING, 0x11, "bind=balancing:0,4" },
		{ UMM_MPOL_BIND | STATIC | BALANCING, 0x1, "bind=static|balancing:0" },
		/* The n-th of the three, round and round. */
		{ UMM_MPOL_BIND | RELATIVE, 0x2, "bind=relative:4" },
		{ UMM_MPOL_BIND | RELATIVE, 0x28, "bind=relative:0,6" },
		{ UMM_MPOL_PREFERRED | RELATIVE, 0x80, "prefer=relative:4" },
		{ UMM_MPOL_DEFAULT, 0, "default" },
	};
	struct lab lab;

	(void)state;
	nodes_init(&lab);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ret = bind_to(&lab, AT, PAGE, rows[i].mode, rows[i].nodes);

		assert_int_equal(ret, rows[i].text ? 0 : -UMM_EINVAL);
		if (rows[i].text)
			check_policy(&lab, AT, rows[i].text);
	}
	assert_int_equal(lab_areas(&lab), 1);
	lab_destroy(&lab);
}

/* Nodes beyond the first word count where the mask itself is kept. */
static void test_high_nodes(void **state)
{
	const uint64_t low[2] = { 1, 0 }, high[2] = { 1, 1 };
	const struct umm_nodemask masks[2] = { { low, 129, 2 }, { high, 129, 2 } };
	struct lab lab;

	(void)state;
	nodes_init(&lab);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(umm_mbind(lab.mm, AT + i * PAGE, PAGE,
					   UMM_MPOL_BIND | (i < 2 ? STATIC : 0), &masks[i % 2], 0,
					   UINT64_MAX, NULL), 0);
	/* static {0}; static {0, 64}; twice {0}; the rest */
	assert_int_equal(lab_areas(&lab), 4);
	lab_destroy(&lab);
}

static void test_home_nodes(void **state)
{
	struct lab lab;

	(void)state;
	nodes_init(&lab);
	assert_int_equal(bind_to(&lab, AT, 8 * PAGE, UMM_MPOL_BIND, 0x51), 0);
	assert_int_equal(home(&lab, AT, 2 * PAGE, 1), 0);	/* online, without memory */
	assert_int_equal(home(&lab, AT + 2 * PAGE, 2 * PAGE, 4), 0);
	assert_int_equal(home(&lab, AT, PAGE, 2), -UMM_EINVAL);
	assert_int_equal(lab_areas(&lab), 3);
	assert_int_equal(home(&lab, AT, 8 * PAGE, 4), 0);
	assert_int_equal(lab_areas(&lab), 1);
	lab_destroy(&lab);
}

/* All three attributes at once are compared one by one. */
static void test_together(void **state)
{
	struct umm_area area;
	struct lab lab;

	(void)state;
	nodes_init(&lab);
	assert_int_equal(bind_to(&lab, AT, 4 * PAGE, UMM_MPOL_BIND, 1), 0);
	assert_int_equal(name_it(&lab, AT, 8 * PAGE, "both"), 0);
	assert_int_equal(watch(&lab, 7, AT + 2 * PAGE, 4 * PAGE, MISSING), 0);
	assert_int_equal(lab_areas(&lab), 4);
	assert_true(lab_area(&lab, AT + 3 * PAGE, &area));
	assert_string_equal(area.anon_name, "both");
	assert_int_equal(area.uffd, 7);
	check_policy(&lab, AT + 3 * PAGE, "bind:0");

	assert_int_equal(umm_userfaultfd_release(lab.mm, 7, NULL), 2);
	assert_int_equal(lab_areas(&lab), 2);
	assert_int_equal(bind_to(&lab, AT, 8 * PAGE, UMM_MPOL_DEFAULT, 0), 0);
	assert_int_equal(lab_areas(&lab), 1);
	assert_int_equal(name_it(&lab, AT, 8 * PAGE, NULL), 0);
	assert_true(lab_area(&lab, AT, &area));
	assert_null(area.anon_name);
	lab_destroy(&lab);
}

/* Names come and go: the table does not grow with those that are gone. */
static void test_table_is_collected(void **state)
{
	struct mm_struct *mm;
	struct lab lab;
	char text[32];

	(void)state;
	nodes_init(&lab);
	mm = to_mm(lab.mm);
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "name %u", i);
		assert_int_equal(name_it(&lab, AT + i % 8 * PAGE, PAGE, text), 0);
	}
	assert_int_equal(lab_areas(&lab), 8);
	assert_true(mm->attrs.room < 100);
	lab_destroy(&lab);
}

/* It grows with those that stay, and a fork has them all. */
static void test_table_grows(void **state)
{
	struct umm_mm *child;
	struct umm_area area;
	struct lab lab;
	char text[32];

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 1000 * PAGE, RW, ANON);
	for (unsigned int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "name %u", i);
		assert_int_equal(name_it(&lab, AT + i * PAGE, PAGE, text), 0);
	}
	assert_int_equal(lab_areas(&lab), 1000);
	assert_int_equal(umm_fork(lab.mm, &child, NULL), 0);
	umm_mm_put(lab.mm);
	lab.mm = child;
	assert_int_equal(lab_areas(&lab), 1000);
	assert_true(lab_area(&lab, AT + 777 * PAGE, &area));
	assert_string_equal(area.anon_name, "name 777");
	lab_destroy(&lab);
}

/* No set of attributes more than an index can count. */
static void test_table_ends(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(vma_attrs_reserve(to_mm(lab.mm), 65535, NULL), 0);
	assert_int_equal(vma_attrs_reserve(to_mm(lab.mm), 65536, NULL), -UMM_ENOMEM);
	lab_destroy(&lab);
}

/* Attributes of a clone are its own. */
static void test_clone(void **state)
{
	struct umm_mm *clone;
	struct lab lab;

	(void)state;
	nodes_init(&lab);
	assert_int_equal(watch(&lab, 7, AT, PAGE, MISSING), 0);
	assert_int_equal(bind_to(&lab, AT, 2 * PAGE, UMM_MPOL_BIND, 1), 0);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	assert_true(umm_mm_same(lab.mm, clone));
	assert_int_equal(bind_to(&lab, AT, PAGE, UMM_MPOL_DEFAULT, 0), 0);
	assert_false(umm_mm_same(lab.mm, clone));
	assert_int_equal(bind_to(&lab, AT, PAGE, UMM_MPOL_BIND, 0x1), 0);
	assert_true(umm_mm_same(lab.mm, clone));	/* by value, whatever the indices */
	umm_mm_put(clone);
	lab_destroy(&lab);
}

/* What was imported as watched may be the asking one's; adopting a range keeps who watches. */
static void test_imported(void **state)
{
	struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + 4 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_WRITE | UMM_VM_MAYREAD | UMM_VM_MAYWRITE |
			    UMM_VM_UFFD_WP | UMM_VM_ACCOUNT,
		.pgoff = AT / PAGE, .anon_name = "left]right",
	};
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_area_import(lab.mm, &area), 0);
	assert_true(lab_area(&lab, AT, &area));
	assert_int_equal(area.uffd, UMM_UFFD_UNKNOWN);
	assert_string_equal(area.anon_name, "left");
	assert_int_equal(watch(&lab, 7, AT, PAGE, MISSING), 0);
	assert_int_equal(unwatch(&lab, 7, AT + PAGE, PAGE), 0);
	assert_int_equal(umm_userfaultfd_release(lab.mm, UMM_UFFD_UNKNOWN, NULL), 1);
	assert_int_equal(lab_areas(&lab), 2);

	assert_true(lab_area(&lab, AT, &area));
	area.uffd = 0;
	assert_int_equal(umm_adopt_range(lab.mm, area.start, area.end, &area, 1, 0), 0);
	assert_true(lab_area(&lab, AT, &area));
	assert_int_equal(area.uffd, 7);
	area.vm_flags &= ~UMM_VM_UFFD_MISSING;
	assert_int_equal(umm_adopt_range(lab.mm, area.start, area.end, &area, 1, 0), 0);
	assert_true(lab_area(&lab, AT, &area));
	assert_int_equal(area.uffd, 0);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_policy_values),
		cmocka_unit_test(test_high_nodes),
		cmocka_unit_test(test_home_nodes),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_table_is_collected),
		cmocka_unit_test(test_table_grows),
		cmocka_unit_test(test_table_ends),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_imported),
	};

	return cmocka_run_group_tests_name("attrs", tests, NULL, NULL);
}
