/*
 * provoke_attrs.c - provocations of userfaultfd, memory policy and names.
 */
#include "attrs.h"
#include "provoke.h"

static void area(struct lab *lab)
{
	lab_map(lab, AT, 8 * PAGE, RW, ANON);
}

static void file_area(struct lab *lab, enum umm_file_kind kind, uint32_t mode, uint64_t prot)
{
	lab_file(lab, kind, mode);
	lab_map(lab, AT, kind == UMM_FILE_HUGETLB ? 4 * MIB : 4 * PAGE, prot, SHARED);
}

/* ---- userfaultfd --------------------------------------------------------------------------- */

static int64_t uffd_no_api(struct lab *lab)
{
	const struct umm_uffd uffd = { 1, 0, false };
	const struct umm_uffd_range range = { AT, PAGE, MISSING, false };

	return umm_userfaultfd_register(lab->mm, &uffd, &range, lab->listen);
}

static int64_t uffd_argument(struct lab *lab)
{
	const struct umm_uffd uffd = { 1, 0, true };

	return umm_userfaultfd_unregister(lab->mm, &uffd, NULL, lab->listen);
}

static int64_t uffd_mode(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT, PAGE, 0), -UMM_EINVAL);
	return watch(lab, 1, AT, PAGE, MISSING | 8);
}

static int64_t uffd_unaligned(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT + 1, PAGE, MISSING), -UMM_EINVAL);
	return watch(lab, 1, AT, PAGE + 1, MISSING);
}

static int64_t uffd_range(struct lab *lab)
{
	assert_int_equal(watch(lab, 1, AT, 0, MISSING), -UMM_EINVAL);
	assert_int_equal(watch(lab, 1, PAGE, PAGE, MISSING), -UMM_EINVAL);
	assert_int_equal(watch(lab, 1, AT, 0 - PAGE, MISSING), -UMM_EINVAL);
	return unwatch(lab, 1, UINT64_C(0x7ffffffff000), PAGE);
}

static int64_t uffd_nothing(struct lab *lab)
{
	return watch(lab, 1, AT, PAGE, MISSING);
}

static int64_t uffd_nothing_above(struct lab *lab)
{
	lab_set_rule(lab, "uffd_nothing_above", false);
	return watch(lab, 1, AT, PAGE, MISSING);
}

static int64_t uffd_huge_page(struct lab *lab)
{
	file_area(lab, UMM_FILE_HUGETLB, UMM_FMODE_READ | UMM_FMODE_WRITE, RW);
	assert_int_equal(watch(lab, 1, AT + PAGE, 2 * MIB - PAGE, MISSING), -UMM_EINVAL);
	return watch(lab, 1, AT, PAGE, MISSING);
}

static int64_t uffd_kind(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT, PAGE, MINOR), -UMM_EINVAL);
	file_area(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE, RW);
	assert_int_equal(unwatch(lab, 1, AT, PAGE), -UMM_EINVAL);
	return watch(lab, 1, AT, PAGE, WP);
}

static int64_t uffd_not_writable(struct lab *lab)
{
	file_area(lab, UMM_FILE_SHMEM, UMM_FMODE_READ, R);
	return watch(lab, 1, AT, PAGE, MISSING);
}

static int64_t uffd_busy(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT + PAGE, PAGE, MISSING), 0);
	return watch(lab, 2, AT, 8 * PAGE, MISSING);
}

static int64_t uffd_not_ours(struct lab *lab)
{
	area(lab);
	assert_int_equal(watch(lab, 1, AT + PAGE, PAGE, MISSING), 0);
	return unwatch(lab, 2, AT, 8 * PAGE);
}

static int64_t uffd_answer(struct lab *lab)
{
	const struct umm_uffd uffd = { 1, 0, true };
	const struct umm_uffd_range range = { AT, PAGE, MISSING, true };

	area(lab);
	return umm_userfaultfd_register(lab->mm, &uffd, &range, lab->listen);
}

/* ---- memory policy ------------------------------------------------------------------------- */

static int64_t numa_config(struct lab *lab)
{
	lab->settings.max_nodes = 0;
	lab_settings_changed(lab);
	return bind_to(lab, AT, PAGE, UMM_MPOL_BIND, 1);
}

static int64_t mpol_mode(struct lab *lab)
{
	return bind_to(lab, AT, PAGE, 7, 1);
}

static int64_t mpol_mode_flags(struct lab *lab)
{
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_BIND | UMM_MPOL_F_STATIC_NODES |
				 UMM_MPOL_F_RELATIVE_NODES, 1), -UMM_EINVAL);
	return bind_to(lab, AT, PAGE, UMM_MPOL_INTERLEAVE | UMM_MPOL_F_NUMA_BALANCING, 1);
}

static int64_t bind_mask(struct lab *lab, const uint64_t *word, uint64_t maxnode, uint64_t readable)
{
	const struct umm_nodemask mask = { word, maxnode, readable };

	return umm_set_mempolicy(lab->mm, UMM_MPOL_BIND, &mask, lab->listen);
}

static int64_t nodemask_size(struct lab *lab)
{
	const uint64_t word = 1;

	assert_int_equal(bind_mask(lab, &word, 0, 1), -UMM_EINVAL);
	return bind_mask(lab, &word, 32770, 1);
}

static int64_t nodemask_memory(struct lab *lab)
{
	const uint64_t word = 1;

	assert_int_equal(bind_mask(lab, &word, 1026, 1), -UMM_EFAULT);
	return bind_mask(lab, &word, 66, 1);
}

static int64_t nodemask_bits(struct lab *lab)
{
	const uint64_t word[17] = { [0] = 1, [16] = 1 };

	assert_int_equal(bind_mask(lab, word, 1025, 17), 0);
	return bind_mask(lab, word, 1026, 17);
}

static int64_t mpol_nodes(struct lab *lab)
{
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_DEFAULT, 1), -UMM_EINVAL);
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_LOCAL, 1), -UMM_EINVAL);
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_PREFERRED | UMM_MPOL_F_STATIC_NODES, 0),
			 -UMM_EINVAL);
	return bind_to(lab, AT, PAGE, UMM_MPOL_BIND, 0);
}

static int64_t mpol_no_memory(struct lab *lab)
{
	return bind_to(lab, AT, PAGE, UMM_MPOL_BIND, 2);
}

static int64_t strict(struct lab *lab, uint64_t flags, uint64_t misplaced)
{
	const struct umm_nodemask none = { 0 };

	return umm_mbind(lab->mm, AT, 8 * PAGE, UMM_MPOL_LOCAL, &none, flags, misplaced,
			 lab->listen);
}

static int64_t mbind_flags(struct lab *lab)
{
	return strict(lab, 8, UINT64_MAX);
}

static int64_t mbind_move_all(struct lab *lab)
{
	return strict(lab, UMM_MPOL_MF_MOVE_ALL, UINT64_MAX);
}

static int64_t mbind_unaligned(struct lab *lab)
{
	return bind_to(lab, AT + 1, PAGE, UMM_MPOL_BIND, 1);
}

static int64_t mbind_wrap(struct lab *lab)
{
	return bind_to(lab, AT, 0 - PAGE, UMM_MPOL_BIND, 1);
}

static int64_t mbind_hole(struct lab *lab)
{
	assert_int_equal(bind_to(lab, AT, PAGE, UMM_MPOL_DEFAULT, 0), -UMM_EFAULT);
	area(lab);
	assert_int_equal(bind_to(lab, AT - PAGE, 2 * PAGE, UMM_MPOL_BIND, 1), -UMM_EFAULT);
	assert_int_equal(bind_to(lab, AT - PAGE, 2 * PAGE, UMM_MPOL_DEFAULT, 0), 0);
	return bind_to(lab, AT, 9 * PAGE, UMM_MPOL_BIND, 1);
}

static int64_t mbind_misplaced(struct lab *lab)
{
	area(lab);
	assert_int_equal(strict(lab, UMM_MPOL_MF_STRICT | UMM_MPOL_MF_MOVE, AT + PAGE), 0);
	return strict(lab, UMM_MPOL_MF_STRICT, AT + PAGE);
}

static int64_t home_node_flags(struct lab *lab)
{
	return umm_set_mempolicy_home_node(lab->mm, AT, PAGE, 0, 1, lab->listen);
}

static int64_t home_node_offline(struct lab *lab)
{
	assert_int_equal(home(lab, AT, PAGE, 64), -UMM_EINVAL);
	return home(lab, AT, PAGE, 1);
}

static int64_t home_node_policy(struct lab *lab)
{
	area(lab);
	assert_int_equal(bind_to(lab, AT + PAGE, PAGE, UMM_MPOL_INTERLEAVE, 1), 0);
	return home(lab, AT, 8 * PAGE, 0);
}

static int64_t home_node_nothing(struct lab *lab)
{
	area(lab);
	return home(lab, AT, 8 * PAGE, 0);
}

/* ---- names --------------------------------------------------------------------------------- */

static int64_t set_vma_config(struct lab *lab)
{
	const struct umm_anon_name name = { "heap", 4, false };

	area(lab);
	return umm_set_vma_name(lab->mm, 0, AT, PAGE, &name, lab->listen);
}

static int64_t set_vma_option(struct lab *lab)
{
	assert_int_equal(name_it(lab, AT, 0, NULL), 0);
	return umm_set_vma_name(lab->mm, 1, AT, PAGE, &(struct umm_anon_name){ 0 }, lab->listen);
}

static int64_t anon_name_memory(struct lab *lab)
{
	const struct umm_anon_name name = { "he", 2, true };

	assert_int_equal(name_it(lab, AT, 0, NULL), 0);
	return umm_set_vma_name(lab->mm, 0, AT, PAGE, &name, lab->listen);
}

static int64_t anon_name_length(struct lab *lab)
{
	char text[81];

	memset(text, 'x', 80);
	text[80] = '\0';
	area(lab);
	assert_int_equal(name_it(lab, AT, PAGE, text + 1), 0);
	return name_it(lab, AT, PAGE, text);
}

static int64_t anon_name_character(struct lab *lab)
{
	return name_it(lab, AT, PAGE, "a[b");
}

static int64_t anon_name_unaligned(struct lab *lab)
{
	return name_it(lab, AT + 1, PAGE, "heap");
}

static int64_t anon_name_wrap(struct lab *lab)
{
	assert_int_equal(name_it(lab, AT, UINT64_MAX, "heap"), -UMM_EINVAL);
	return name_it(lab, AT, 0 - PAGE, "heap");
}

static int64_t anon_name_file(struct lab *lab)
{
	file_area(lab, UMM_FILE_REGULAR, UMM_FMODE_READ, R);
	return name_it(lab, AT, PAGE, "heap");
}

static int64_t anon_name_map_count(struct lab *lab)
{
	area(lab);
	lab->settings.max_map_count = 1;
	return name_it(lab, AT + PAGE, PAGE, "heap");
}

static int64_t anon_name_hole(struct lab *lab)
{
	area(lab);
	return name_it(lab, AT, 9 * PAGE, "heap");
}

const struct provocation provocations_attrs[] = {
	{ "UFFD_NO_API", uffd_no_api, NULL },
	{ "UFFD_ARGUMENT", uffd_argument, NULL },
	{ "UFFD_MODE", uffd_mode, NULL },
	{ "UFFD_UNALIGNED", uffd_unaligned, NULL },
	{ "UFFD_RANGE", uffd_range, NULL },
	{ "UFFD_NOTHING", uffd_nothing, NULL },
	{ "UFFD_NOTHING_ABOVE", uffd_nothing_above, NULL },
	{ "UFFD_HUGE_PAGE", uffd_huge_page, NULL },
	{ "UFFD_KIND", uffd_kind, NULL },
	{ "UFFD_NOT_WRITABLE", uffd_not_writable, NULL },
	{ "UFFD_BUSY", uffd_busy, NULL },
	{ "UFFD_NOT_OURS", uffd_not_ours, NULL },
	{ "UFFD_ANSWER", uffd_answer, NULL },
	{ "NUMA_CONFIG", numa_config, NULL },
	{ "MPOL_MODE", mpol_mode, NULL },
	{ "MPOL_MODE_FLAGS", mpol_mode_flags, NULL },
	{ "NODEMASK_SIZE", nodemask_size, NULL },
	{ "NODEMASK_MEMORY", nodemask_memory, NULL },
	{ "NODEMASK_BITS", nodemask_bits, NULL },
	{ "MPOL_NODES", mpol_nodes, NULL },
	{ "MPOL_NO_MEMORY", mpol_no_memory, NULL },
	{ "MBIND_FLAGS", mbind_flags, NULL },
	{ "MBIND_MOVE_ALL", mbind_move_all, NULL },
	{ "MBIND_UNALIGNED", mbind_unaligned, NULL },
	{ "MBIND_WRAP", mbind_wrap, NULL },
	{ "MBIND_HOLE", mbind_hole, NULL },
	{ "MBIND_MISPLACED", mbind_misplaced, NULL },
	{ "HOME_NODE_FLAGS", home_node_flags, NULL },
	{ "HOME_NODE_OFFLINE", home_node_offline, NULL },
	{ "HOME_NODE_POLICY", home_node_policy, NULL },
	{ "HOME_NODE_NOTHING", home_node_nothing, NULL },
	{ "SET_VMA_CONFIG", set_vma_config, NULL },
	{ "SET_VMA_OPTION", set_vma_option, NULL },
	{ "ANON_NAME_MEMORY", anon_name_memory, NULL },
	{ "ANON_NAME_LENGTH", anon_name_length, NULL },
	{ "ANON_NAME_CHARACTER", anon_name_character, NULL },
	{ "ANON_NAME_UNALIGNED", anon_name_unaligned, NULL },
	{ "ANON_NAME_WRAP", anon_name_wrap, NULL },
	{ "ANON_NAME_FILE", anon_name_file, NULL },
	{ "ANON_NAME_MAP_COUNT", anon_name_map_count, NULL },
	{ "ANON_NAME_HOLE", anon_name_hole, NULL },
	{ NULL, NULL, NULL },
};
