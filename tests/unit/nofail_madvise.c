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

static int64_t call_clone(struct lab *lab)
{
	return umm_mm_clone(lab->mm, &lab->other);
}

/* Cut out of the middle of a guarded range. */
static int64_t call_move(struct lab *lab)
{
	int64_t addr = umm_mremap(lab->mm, AT + 3 * PAGE, 5 * PAGE, 5 * PAGE,
				  UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, AT + 1000 * PAGE,
				  &lab->why);

	return addr < 0 ? addr : 0;
}

/* A hole is made amid the guards. */
static int64_t call_adopt(struct lab *lab)
{
	const struct umm_area area = {
		.size = sizeof(area), .start = AT + 3 * PAGE, .end = AT + 4 * PAGE,
		.vm_flags = UMM_VM_READ, .pgoff = AT / PAGE + 3,
	};

	return umm_adopt_range(lab->mm, AT + 3 * PAGE, AT + 6 * PAGE, &area, 1, 0);
}

/* Nothing is left to be filled: the cuts alone need memory. */
static void prepare_written(struct lab *lab)
{
	prepare_areas(lab);
	assert_int_equal(umm_fault(lab->mm, AT, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
	assert_int_equal(umm_fault(lab->mm, AT + 9 * PAGE, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
}

static int64_t call_mlock_part(struct lab *lab)
{
	return umm_mlock(lab->mm, AT + PAGE, 3 * PAGE, 0, &lab->why);
}

static int64_t call_munlock_part(struct lab *lab)
{
	return umm_munlock(lab->mm, AT + 2 * PAGE, PAGE, &lab->why);
}

static void prepare_locked(struct lab *lab)
{
	prepare_written(lab);
	assert_int_equal(umm_mlock(lab->mm, AT, 8 * PAGE, 0, NULL), 0);
}

static int64_t call_munlockall(struct lab *lab)
{
	return umm_munlockall(lab->mm, &lab->why);
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
	{ "clone with guards", prepare_many_guards, call_clone, true },
	{ "mremap of guards", prepare_many_guards, call_move, false },
	{ "adopt among guards", prepare_many_guards, call_adopt, true },
	{ "mlock of what is written", prepare_written, call_mlock_part, false },
	{ "munlock", prepare_locked, call_munlock_part, false },
	{ "munlockall", prepare_locked, call_munlockall, false },
	{ NULL, NULL, NULL, false },
};
