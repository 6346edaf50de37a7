/*
 * notes_attrs.c - what userfaultfd, memory policy and names decide.
 */
#include "attrs.h"
#include "notes.h"

/* Eight pages, the first of which differs from the rest. */
static void area(struct lab *lab)
{
	lab_map(lab, AT, 8 * PAGE, RW, ANON);
}

static void apart_policy(struct lab *lab)
{
	area(lab);
	assert_int_equal(bind_to(lab, AT, 4 * PAGE, UMM_MPOL_BIND, 1), 0);
	assert_int_equal(lab_areas(lab), 2);
	assert_int_equal(umm_mprotect(lab->mm, AT, 4 * PAGE, R, -1, NULL), 0);
	assert_int_equal(umm_mprotect(lab->mm, AT, 4 * PAGE, RW, -1, lab->listen), 0);
}

static void apart_uffd(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT, 4 * PAGE, MISSING), 0);
	assert_int_equal(watch(lab, 2, AT + 4 * PAGE, 4 * PAGE, MISSING), 0);
	assert_int_equal(lab_areas(lab), 2);
}

static void apart_name(struct lab *lab)
{
	area(lab);
	assert_int_equal(name_it(lab, AT, 4 * PAGE, "one"), 0);
	assert_int_equal(name_it(lab, AT + 4 * PAGE, 4 * PAGE, "two"), 0);
	assert_int_equal(lab_areas(lab), 2);
}

static void uffd_registered(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT, PAGE, MISSING | WP), 0);
}

static void uffd_already(struct lab *lab)
{
	uffd_registered(lab);
	assert_int_equal(watch(lab, 1, AT, PAGE, WP), 0);
}

static void uffd_unregistered(struct lab *lab)
{
	uffd_registered(lab);
	assert_int_equal(unwatch(lab, 1, AT, 8 * PAGE), 0);
	assert_int_equal(lab_areas(lab), 1);
}

static void uffd_released(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT, PAGE, MISSING), 0);
	assert_int_equal(watch(lab, 2, AT + PAGE, PAGE, MISSING), 0);
	assert_int_equal(watch(lab, 1, AT + 4 * PAGE, PAGE, MISSING), 0);
	assert_int_equal(lab_areas(lab), 5);
	assert_int_equal(umm_userfaultfd_release(lab->mm, 1, lab->listen), 2);
	assert_int_equal(lab_areas(lab), 3);
}

static void fork_of(struct lab *lab, uint64_t features)
{
	struct umm_mm *child;
	struct umm_area copy = { .size = sizeof(copy) };

	area(lab);
	assert_int_equal(watch_as(lab, 1, features, AT, PAGE, MISSING), 0);
	assert_int_equal(umm_fork(lab->mm, &child, lab->listen), 0);
	assert_true(umm_find_area(child, AT, &copy));
	if (features) {
		assert_true(copy.uffd & UMM_UFFD_FORKED);
		assert_true(copy.vm_flags & UMM_VM_UFFD_MISSING);
	} else {
		assert_int_equal(copy.uffd, 0);
		assert_false(copy.vm_flags & UMM_VM_UFFD_MISSING);
	}
	umm_mm_put(child);
}

static void uffd_fork_dropped(struct lab *lab)
{
	fork_of(lab, 0);
}

static void uffd_fork_kept(struct lab *lab)
{
	fork_of(lab, UMM_UFFD_FEATURE_EVENT_FORK);
}

/* What was watched there, and what comes, both lose it. */
static void uffd_remap_dropped(struct lab *lab)
{
	struct umm_area moved;

	area(lab);
	lab_map(lab, AT + 100 * PAGE, 2 * PAGE, RW, ANON);
	assert_int_equal(watch(lab, 1, AT, PAGE, MISSING), 0);
	assert_int_equal(watch(lab, 1, AT + 100 * PAGE, PAGE, MISSING), 0);
	assert_int_equal(umm_mremap(lab->mm, AT, PAGE, PAGE,
				    UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, AT + 101 * PAGE,
				    lab->listen), AT + 101 * PAGE);
	assert_true(lab_area(lab, AT + 100 * PAGE, &moved));
	assert_int_equal(moved.end - moved.start, 2 * PAGE);
	assert_int_equal(moved.uffd, 0);
	assert_false(moved.vm_flags & UMM_VM_UFFD_MISSING);
}

static void policy_set(struct lab *lab)
{
	char text[64];

	area(lab);
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_BIND | UMM_MPOL_F_STATIC_NODES, 3), 0);
	umm_policy_text(lab->mm, AT, text, sizeof(text));
	assert_string_equal(text, "bind=static:0");
}

/* The same nodes in other words. */
static void policy_same(struct lab *lab)
{
	area(lab);
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_BIND, 1), 0);
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_BIND, 3), 0);
}

static void policy_default(struct lab *lab)
{
	policy_same(lab);
	assert_int_equal(bind_to(lab, AT, 8 * PAGE, UMM_MPOL_DEFAULT, 0), 0);
	assert_int_equal(lab_areas(lab), 1);
}

static void home_node_set(struct lab *lab)
{
	area(lab);
	assert_int_equal(bind_to(lab, AT + PAGE, 4 * PAGE, UMM_MPOL_BIND, 1), 0);
	assert_int_equal(home(lab, AT, 3 * PAGE, 0), 0);
	assert_int_equal(lab_areas(lab), 4);
}

static void check_line(struct lab *lab, uint64_t addr, const char *end)
{
	char line[256];

	umm_maps_line(lab->mm, addr, line, sizeof(line), NULL);
	assert_non_null(strstr(line, end));
}

static void anon_named(struct lab *lab)
{
	area(lab);
	assert_int_equal(name_it(lab, AT + PAGE, PAGE, "my heap"), 0);
	check_line(lab, AT + PAGE, " [anon:my heap]\n");
	lab_map(lab, AT + 8 * PAGE, PAGE, RW, SHARED | UMM_MAP_ANONYMOUS);
	assert_int_equal(name_it(lab, AT + 8 * PAGE, PAGE, ""), 0);
	check_line(lab, AT + 8 * PAGE, " [anon_shmem:]\n");
}

static void anon_name_same(struct lab *lab)
{
	area(lab);
	assert_int_equal(name_it(lab, AT, PAGE, "heap"), 0);
	assert_int_equal(name_it(lab, AT, PAGE, "heap"), 0);
}

const struct scene scenes_attrs[] = {
	{ "APART_POLICY", apart_policy, "10004000-10008000" },
	{ "APART_UFFD", apart_uffd, "10000000-10004000" },
	{ "APART_NAME", apart_name, "10000000-10004000" },
	{ "UFFD_REGISTERED", uffd_registered, "[10000000-10001000) is watched now: rw-p um uw" },
	{ "UFFD_ALREADY", uffd_already, "rw-p um uw" },
	{ "UFFD_UNREGISTERED", uffd_unregistered, "10000000-10001000" },
	{ "UFFD_RELEASED", uffd_released, "2 areas" },
	{ "UFFD_FORK_DROPPED", uffd_fork_dropped, "10000000-10001000" },
	{ "UFFD_FORK_KEPT", uffd_fork_kept, "10000000-10001000" },
	{ "UFFD_REMAP_DROPPED", uffd_remap_dropped, "10064000-10066000" },
	{ "POLICY_SET", policy_set, "policy 2 now (it had 0)" },
	{ "POLICY_SAME", policy_same, "10000000-10001000" },
	{ "POLICY_DEFAULT", policy_default, "that of the process" },
	{ "HOME_NODE_SET", home_node_set, "[10001000-10003000) has its home on node 0" },
	{ "ANON_NAMED", anon_named, "10008000-10009000" },
	{ "ANON_NAME_SAME", anon_name_same, "10000000-10001000" },
	{ NULL, NULL, NULL },
};
