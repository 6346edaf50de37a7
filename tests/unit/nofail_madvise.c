/*
 * nofail_madvise.c - madvise, mlock and their kin when the platform's memory runs out.
 */
#include "nofail.h"

static void map(struct lab *lab, uint64_t page, uint64_t pages, uint64_t prot)
{
	assert_int_equal(umm_mmap(lab->mm, AT + page * PAGE, pages * PAGE, prot,
				  ANON | UMM_MAP_FIXED, NULL, 0, NULL),
			 (int64_t)(AT + page * PAGE));
}

static void prepare_areas(struct lab *lab)
{
	map(lab, 0, 6, RW);
	map(lab, 6, 2, UMM_PROT_READ);
	map(lab, 9, 4, RW);
}

static void prepare_child(struct lab *lab)
{
	struct umm_mm *child;

	prepare_areas(lab);
	assert_int_equal(umm_fault(lab->mm, AT, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
	assert_int_equal(umm_fork(lab->mm, &child, NULL), 0);
	umm_mm_put(lab->mm);
	lab->mm = child;
}

static void prepare_guards(struct lab *lab)
{
	prepare_areas(lab);
	for (uint64_t page = 0; page < 6; page += 2)
		assert_int_equal(umm_madvise(lab->mm, AT + page * PAGE, PAGE,
					     UMM_MADV_GUARD_INSTALL, NULL), 0);
}

/* What is left to be had of the array of guards is used up. */
static void prepare_many_guards(struct lab *lab)
{
	map(lab, 0, 200, RW);
	for (uint64_t page = 0; page < 30; page += 2)
		assert_int_equal(umm_madvise(lab->mm, AT + page * PAGE, 2 * PAGE,
					     UMM_MADV_GUARD_INSTALL, NULL), 0);
	for (uint64_t page = 31; page < 31 + 30; page += 2)
		assert_int_equal(umm_madvise(lab->mm, AT + page * PAGE, PAGE,
					     UMM_MADV_GUARD_INSTALL, NULL), 0);
}

static int64_t call_flags(struct lab *lab)
{
	return umm_madvise(lab->mm, AT + PAGE, 6 * PAGE, UMM_MADV_DONTFORK, &lab->why);
}

static int64_t call_guard_install(struct lab *lab)
{
	return umm_madvise(lab->mm, AT + PAGE, 6 * PAGE, UMM_MADV_GUARD_INSTALL, &lab->why);
}

static int64_t call_guard_remove(struct lab *lab)
{
	return umm_madvise(lab->mm, AT + 4 * PAGE, PAGE, UMM_MADV_GUARD_REMOVE, &lab->why);
}

static int64_t call_munmap(struct lab *lab)
{
	return umm_munmap(lab->mm, AT + 4 * PAGE, PAGE, &lab->why);
}

static int64_t call_populate(struct lab *lab)
{
	return umm_madvise(lab->mm, AT, 6 * PAGE, UMM_MADV_POPULATE_WRITE, &lab->why);
}

static int64_t call_mlock(struct lab *lab)
{
	return umm_mlock(lab->mm, AT + PAGE, 6 * PAGE, 0, &lab->why);
}

static int64_t call_mlockall(struct lab *lab)
{
	return umm_mlockall(lab->mm, UMM_MCL_CURRENT, &lab->why);
}

static int64_t call_fork(struct lab *lab)
{
	return umm_fork(lab->mm, &lab->other, &lab->why);
}

const struct scenario scenarios_madvise[] = {
	{ "madvise, flags", prepare_areas, call_flags, false },
	{ "madvise, flags of a child", prepare_child, call_flags, false },
	{ "MADV_GUARD_INSTALL", prepare_areas, call_guard_install, false },
	{ "MADV_GUARD_REMOVE", prepare_many_guards, call_guard_remove, false },
	{ "munmap of guards", prepare_many_guards, call_munmap, false },
	{ "MADV_POPULATE_WRITE", prepare_areas, call_populate, false },
	{ "mlock", prepare_child, call_mlock, false },
	{ "mlockall", prepare_areas, call_mlockall, false },
	{ "fork with guards", prepare_guards, call_fork, false },
	{ NULL, NULL, NULL, false },
};
