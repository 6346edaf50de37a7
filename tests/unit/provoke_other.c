/*
 * provoke_other.c - provocations of making areas, of the other calls and of faults.
 */
#include "provoke.h"

static int64_t refused_unmap(struct lab *lab, uint64_t addr, uint64_t len)
{
	return umm_munmap(lab->mm, addr, len, lab->listen);
}

static int64_t refused_protect(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot)
{
	return umm_mprotect(lab->mm, addr, len, prot, -1, lab->listen);
}

/* brk has no error numbers: the answer is the old break, the reason has one. */
static int64_t refused_brk(struct lab *lab, uint64_t brk)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	const struct umm_why_entry *entry;
	struct umm_why_info info;

	umm_mm_get_layout(lab->mm, &layout);
	assert_int_equal(umm_brk(lab->mm, brk, lab->listen), layout.brk);
	if (!lab->listen)
		return UNSAID;
	entry = umm_why_refusal(lab->listen);
	assert_non_null(entry);
	assert_int_equal(umm_why_info(entry->code, &info), 0);
	return -info.error;
}

/* Nor has a fault: what is returned is the si_code. */
static int64_t refused_fault(struct lab *lab, uint64_t addr, unsigned int access, int si_code)
{
	const struct umm_why_entry *entry;
	struct umm_why_info info;

	assert_int_equal(umm_fault(lab->mm, addr, access, lab->listen), si_code);
	if (!lab->listen)
		return UNSAID;
	entry = umm_why_refusal(lab->listen);
	assert_non_null(entry);
	assert_int_equal(umm_why_info(entry->code, &info), 0);
	return -info.error;
}

/* A stack of one page at AT, and a fault @below pages below it. */
static int64_t refused_growth(struct lab *lab, uint64_t below)
{
	return refused_fault(lab, AT - below * PAGE, UMM_ACCESS_WRITE, UMM_SEGV_MAPERR);
}

static void stack(struct lab *lab, uint64_t flags)
{
	lab_map(lab, AT, PAGE, R | W, ANON | UMM_MAP_GROWSDOWN | flags);
}

/* ---- making areas ------------------------------------------------------------------------ */

static int64_t mdwe(struct lab *lab)
{
	umm_mm_set_mdwe(lab->mm, true);
	return refused_map(lab, 0, PAGE, R | W | X, ANON);
}

static int64_t split_map_count(struct lab *lab)
{
	lab_map(lab, AT, 3 * PAGE, R | W, ANON);
	lab->settings.max_map_count = 1;
	lab_settings_changed(lab);
	return refused_protect(lab, AT + PAGE, PAGE, R);
}

static int64_t sealed(struct lab *lab)
{
	lab_import(lab, UMM_VM_SEALED, UMM_NAME_NONE);
	return refused_unmap(lab, AT, PAGE);
}

static int64_t hugetlb_split(struct lab *lab)
{
	lab_map(lab, AT, 4 * MIB, R, ANON | UMM_MAP_HUGETLB);
	return refused_unmap(lab, AT, PAGE);
}

static int64_t special_split(struct lab *lab)
{
	lab_import(lab, UMM_VM_EXEC | UMM_VM_MAYEXEC | UMM_VM_DONTEXPAND, UMM_NAME_VDSO);
	return refused_unmap(lab, AT, PAGE);
}

static int64_t fixed_split(struct lab *lab)
{
	lab_set_rule(lab, "fixed_split_error", false);
	lab_map(lab, AT, 4 * MIB, R, ANON | UMM_MAP_HUGETLB);
	return refused_map(lab, AT, PAGE, R, ANON | FIXED);
}

static int64_t rlimit_as(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_AS, 10 * PAGE);
	lab_map(lab, AT, 8 * PAGE, R, ANON);
	return refused_map(lab, 0, 3 * PAGE, R, ANON);
}

static int64_t rlimit_data(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_DATA, 10 * PAGE);
	lab_map(lab, AT, 20 * PAGE, R, ANON);
	return refused_protect(lab, AT, 11 * PAGE, R | W);
}

static int64_t overcommit(struct lab *lab)
{
	return refused_map(lab, 0, 1000001 * PAGE, R | W, ANON);
}

static int64_t overcommit_never(struct lab *lab)
{
	lab->settings.overcommit_memory = 2;
	lab->settings.overcommit_ratio = 50;
	lab_settings_changed(lab);
	return refused_map(lab, 0, 500001 * PAGE, R | W, ANON);
}

static int64_t hugetlb_pool(struct lab *lab)
{
	return refused_map(lab, 0, 10 * MIB, R, ANON | UMM_MAP_HUGETLB);
}

static int64_t munmap_range(struct lab *lab)
{
	return refused_unmap(lab, AT + 1, PAGE);
}

static int64_t munmap_zero(struct lab *lab)
{
	return refused_unmap(lab, AT, 0);
}

static int64_t mprotect_grows(struct lab *lab)
{
	return refused_protect(lab, AT, PAGE, R | UMM_PROT_GROWSDOWN | UMM_PROT_GROWSUP);
}

static int64_t mprotect_unaligned(struct lab *lab)
{
	return refused_protect(lab, AT + 8, PAGE, R);
}

static int64_t mprotect_wrap(struct lab *lab)
{
	return refused_protect(lab, AT, UINT64_MAX, R);
}

static int64_t mprotect_bits(struct lab *lab)
{
	return refused_protect(lab, AT, PAGE, R | 0x100);
}

static int64_t mprotect_pkey(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return umm_mprotect(lab->mm, AT, PAGE, R, 1, lab->listen);
}

static int64_t mprotect_hole(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, R, ANON);
	return refused_protect(lab, AT, 3 * PAGE, R | W);
}

static int64_t mprotect_not_stack(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return refused_protect(lab, AT, PAGE, R | UMM_PROT_GROWSDOWN);
}

static int64_t mprotect_access(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	lab_map(lab, AT, PAGE, R, SHARED);
	return refused_protect(lab, AT, PAGE, R | W);
}

static int64_t brk_below(struct lab *lab)
{
	return refused_brk(lab, 0x400000);
}

static int64_t brk_data_limit(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_DATA, 10 * PAGE);
	return refused_brk(lab, HEAP + 11 * PAGE);
}

static int64_t brk_nothing(struct lab *lab)
{
	assert_int_equal(umm_brk(lab->mm, HEAP + 4 * PAGE, NULL), HEAP + 4 * PAGE);
	assert_int_equal(umm_munmap(lab->mm, HEAP, 4 * PAGE, NULL), 0);
	return refused_brk(lab, HEAP + 2 * PAGE);
}

static int64_t brk_neighbour(struct lab *lab)
{
	lab_map(lab, HEAP + 8 * PAGE, PAGE, R, ANON);
	return refused_brk(lab, HEAP + 8 * PAGE);
}

static int64_t fork_overcommit(struct lab *lab)
{
	struct umm_mm *child = NULL;
	int64_t err;

	lab_map(lab, AT, 100 * PAGE, R | W, ANON);
	lab->settings.totalram_pages = 99;
	lab_settings_changed(lab);
	err = umm_fork(lab->mm, &child, lab->listen);
	assert_null(child);
	return err;
}

static int64_t fault_no_area(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return refused_fault(lab, AT - 1, UMM_ACCESS_READ, UMM_SEGV_MAPERR);
}

static int64_t fault_access(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return refused_fault(lab, AT, UMM_ACCESS_WRITE, UMM_SEGV_ACCERR);
}

static int64_t stack_min_addr(struct lab *lab)
{
	lab_map(lab, 0x10000, PAGE, R | W, ANON | UMM_MAP_GROWSDOWN);
	return refused_fault(lab, 0xf000, UMM_ACCESS_WRITE, UMM_SEGV_MAPERR);
}

static int64_t stack_guard_gap(struct lab *lab)
{
	stack(lab, 0);
	lab_map(lab, AT - 100 * PAGE, PAGE, R, ANON);
	return refused_growth(lab, 1);
}

static int64_t stack_as(struct lab *lab)
{
	stack(lab, 0);
	lab_limit(lab, UMM_RLIMIT_AS, 4 * PAGE);
	return refused_growth(lab, 4);
}

static int64_t stack_limit(struct lab *lab)
{
	stack(lab, 0);
	lab_limit(lab, UMM_RLIMIT_STACK, 4 * PAGE);
	return refused_growth(lab, 4);
}

static int64_t stack_mlock(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 4 * PAGE);
	stack(lab, UMM_MAP_LOCKED);
	return refused_growth(lab, 4);
}

/* A file that grows down, as only a driver makes it: there is one page before its offset. */
static int64_t stack_pgoff(struct lab *lab)
{
	struct umm_file *file = lab_new_file(lab, "/dev/grows");
	struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + PAGE, .pgoff = 1, .file = file,
		.vm_flags = UMM_VM_READ | UMM_VM_WRITE | UMM_VM_GROWSDOWN,
		.name = UMM_NAME_FILE,
	};

	assert_int_equal(umm_area_import(lab->mm, &area), 0);
	umm_file_put(file);
	return refused_growth(lab, 4);
}

static int64_t stack_overcommit(struct lab *lab)
{
	stack(lab, 0);
	lab->settings.totalram_pages = 3;
	lab_settings_changed(lab);
	return refused_growth(lab, 4);
}

const struct provocation provocations_other[] = {
	{ "MDWE", mdwe, NULL },
	{ "SPLIT_MAP_COUNT", split_map_count, NULL },
	{ "SEALED", sealed, NULL },
	{ "HUGETLB_SPLIT", hugetlb_split, NULL },
	{ "SPECIAL_SPLIT", special_split, NULL },
	{ "FIXED_SPLIT", fixed_split, NULL },
	{ "RLIMIT_AS", rlimit_as, NULL },
	{ "RLIMIT_DATA", rlimit_data, NULL },
	{ "OVERCOMMIT", overcommit, NULL },
	{ "OVERCOMMIT_NEVER", overcommit_never, NULL },
	{ "HUGETLB_POOL", hugetlb_pool, NULL },
	{ "MUNMAP_RANGE", munmap_range, NULL },
	{ "MUNMAP_ZERO", munmap_zero, NULL },
	{ "MPROTECT_GROWS", mprotect_grows, NULL },
	{ "MPROTECT_UNALIGNED", mprotect_unaligned, NULL },
	{ "MPROTECT_WRAP", mprotect_wrap, NULL },
	{ "MPROTECT_BITS", mprotect_bits, NULL },
	{ "MPROTECT_PKEY", mprotect_pkey, NULL },
	{ "MPROTECT_HOLE", mprotect_hole, NULL },
	{ "MPROTECT_NOT_STACK", mprotect_not_stack, NULL },
	{ "MPROTECT_ACCESS", mprotect_access, NULL },
	{ "BRK_BELOW", brk_below, NULL },
	{ "BRK_DATA_LIMIT", brk_data_limit, NULL },
	{ "BRK_NOTHING", brk_nothing, NULL },
	{ "BRK_NEIGHBOUR", brk_neighbour, NULL },
	{ "FORK_OVERCOMMIT", fork_overcommit, NULL },
	{ "FORK_AREAS_BELOW", NULL, "never refuses: ruled out beside FORK_OVERCOMMIT" },
	{ "FORK_AREAS_ABOVE", NULL, "never refuses: ruled out beside FORK_OVERCOMMIT" },
	{ "FAULT_NO_AREA", fault_no_area, NULL },
	{ "FAULT_ACCESS", fault_access, NULL },
	{ "STACK_MIN_ADDR", stack_min_addr, NULL },
	{ "STACK_GUARD_GAP", stack_guard_gap, NULL },
	{ "STACK_PGOFF", stack_pgoff, NULL },
	{ "STACK_AS", stack_as, NULL },
	{ "STACK_LIMIT", stack_limit, NULL },
	{ "STACK_MLOCK", stack_mlock, NULL },
	{ "STACK_OVERCOMMIT", stack_overcommit, NULL },
	{ NULL, NULL, NULL },
};
