/*
 * nofail_attrs.c - userfaultfd, memory policy and names without memory.
 */
#include "nofail.h"

static const struct umm_uffd uffd = { 1, 0, true };

static void prepare_area(struct lab *lab)
{
	assert_int_equal(umm_mmap(lab->mm, AT, 8 * PAGE, RW, ANON | UMM_MAP_FIXED, NULL, 0, NULL),
			 AT);
	assert_int_equal(umm_fault(lab->mm, AT, UMM_ACCESS_WRITE, NULL), 0);
}

static int64_t bind_one(struct lab *lab, uint64_t page, struct umm_why *why)
{
	const uint64_t node = 1;
	const struct umm_nodemask mask = { &node, 65, 1 };

	return umm_mbind(lab->mm, AT + page * PAGE, PAGE, UMM_MPOL_BIND, &mask, 0, UINT64_MAX, why);
}

static int64_t watch_pages(struct lab *lab, uint64_t page, uint64_t nr, struct umm_why *why)
{
	const struct umm_uffd_range range = { AT + page * PAGE, nr * PAGE, UMM_UFFD_MODE_MISSING,
					      false };

	return umm_userfaultfd_register(lab->mm, &uffd, &range, why);
}

static void prepare_mixed(struct lab *lab)
{
	prepare_area(lab);
	assert_int_equal(bind_one(lab, 2, NULL), 0);
	assert_int_equal(watch_pages(lab, 2, 4, NULL), 0);
}

static int64_t call_register(struct lab *lab)
{
	return watch_pages(lab, 1, 2, &lab->why);
}

static int64_t call_unregister(struct lab *lab)
{
	const struct umm_uffd_range range = { AT + PAGE, 3 * PAGE, 0, false };

	return umm_userfaultfd_unregister(lab->mm, &uffd, &range, &lab->why);
}

static int64_t call_release(struct lab *lab)
{
	int64_t nr = umm_userfaultfd_release(lab->mm, 1, &lab->why);

	return nr < 0 ? nr : 0;
}

static int64_t call_mbind(struct lab *lab)
{
	return bind_one(lab, 3, &lab->why);
}

static int64_t call_home_node(struct lab *lab)
{
	return umm_set_mempolicy_home_node(lab->mm, AT, 8 * PAGE, 0, 0, &lab->why);
}

static int64_t call_name(struct lab *lab)
{
	const struct umm_anon_name name = { "heap", 4, false };

	return umm_set_vma_name(lab->mm, 0, AT + PAGE, 3 * PAGE, &name, &lab->why);
}

static void prepare_names(struct lab *lab)
{
	struct umm_settings settings;

	umm_world_get(lab->world, &settings);
	settings.anon_vma_name = true;
	assert_int_equal(umm_world_set(lab->world, &settings), 0);
	prepare_mixed(lab);
}

static int64_t call_fork(struct lab *lab)
{
	return umm_fork(lab->mm, &lab->other, &lab->why);
}

static int64_t call_import(struct lab *lab)
{
	const struct umm_area area = {
		.size = sizeof(area), .start = AT + 16 * PAGE, .end = AT + 17 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_UFFD_MISSING, .anon_name = "heap",
	};

	return umm_area_import(lab->mm, &area);
}

static int64_t call_adopt(struct lab *lab)
{
	const struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + 8 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_UFFD_MISSING,
	};

	return umm_adopt_range(lab->mm, AT, AT + 8 * PAGE, &area, 1, 0);
}

static int64_t call_clone(struct lab *lab)
{
	return umm_mm_clone(lab->mm, &lab->other);
}

/* Two areas go, the watched one loses its userfaultfd on the way. */
static int64_t call_move(struct lab *lab)
{
	int64_t addr = umm_mremap(lab->mm, AT + 2 * PAGE, PAGE, PAGE,
				  UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, AT + 100 * PAGE,
				  &lab->why);

	return addr < 0 ? addr : 0;
}

/* Every area has something else, so that the table is full to any point. */
static void prepare_all_different(struct lab *lab)
{
	char text[8] = "a";

	prepare_names(lab);
	for (uint64_t page = 0; page < 7; page++) {
		const struct umm_anon_name name = { text, 1, false };

		text[0] = (char)('a' + page);
		assert_int_equal(umm_set_vma_name(lab->mm, 0, AT + page * PAGE, PAGE, &name, NULL),
				 0);
	}
}

const struct scenario scenarios_attrs[] = {
	{ "userfaultfd register", prepare_mixed, call_register, false },
	{ "the first userfaultfd", prepare_area, call_register, false },
	{ "userfaultfd unregister", prepare_mixed, call_unregister, false },
	{ "userfaultfd release", prepare_mixed, call_release, false },
	{ "mbind", prepare_mixed, call_mbind, false },
	{ "set_mempolicy_home_node", prepare_mixed, call_home_node, false },
	{ "PR_SET_VMA_ANON_NAME", prepare_names, call_name, false },
	{ "fork with attributes", prepare_mixed, call_fork, false },
	{ "import with attributes", prepare_area, call_import, true },
	{ "adopt with attributes", prepare_mixed, call_adopt, true },
	{ "clone with attributes", prepare_mixed, call_clone, true },
	{ "mremap with attributes", prepare_mixed, call_move, false },
	{ "mremap with a full table", prepare_all_different, call_move, false },
	{ "mbind with a full table", prepare_all_different, call_mbind, false },
	{ "set_mempolicy_home_node with a full table", prepare_all_different, call_home_node,
	  false },
	{ "userfaultfd unregister with a full table", prepare_all_different, call_unregister,
	  false },
	{ "adopt with a full table", prepare_all_different, call_adopt, true },
	{ NULL, NULL, NULL, false },
};
