/*
 * provoke_madvise.c - provocations of madvise, process_madvise, mlock and its kin, and prctl.
 */
#include "provoke.h"

static int64_t refused_advice(struct lab *lab, uint64_t addr, uint64_t len, int advice)
{
	return umm_madvise(lab->mm, addr, len, advice, lab->listen);
}

static void anonymous(struct lab *lab)
{
	lab_map(lab, AT, 4 * PAGE, RW, ANON);
}

static int64_t refused_anonymous(struct lab *lab, int advice)
{
	anonymous(lab);
	return refused_advice(lab, AT, 4 * PAGE, advice);
}

static void shared_memory(struct lab *lab, uint32_t flags)
{
	lab_file(lab, UMM_FILE_SHMEM, flags);
	lab_map(lab, AT, 4 * PAGE, R, SHARED);
}

static void huge_area(struct lab *lab)
{
	lab_map(lab, AT, 4 * MIB, R, ANON | UMM_MAP_HUGETLB);
}

/* ---- madvise: arguments ------------------------------------------------------------------ */

static int64_t madvise_advice(struct lab *lab)
{
	return refused_anonymous(lab, 5);
}

static int64_t madvise_unaligned(struct lab *lab)
{
	return refused_advice(lab, AT + 1, 0, UMM_MADV_NORMAL);
}

static int64_t madvise_range(struct lab *lab)
{
	return refused_advice(lab, AT, UINT64_MAX - 5, UMM_MADV_NORMAL);
}

static int64_t madvise_hole(struct lab *lab)
{
	lab_map(lab, AT, PAGE, RW, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, RW, ANON);
	return refused_advice(lab, AT, 3 * PAGE, UMM_MADV_DONTFORK);
}

/* ---- madvise: areas that do not suit --------------------------------------------------- */

static int64_t madvise_sealed(struct lab *lab)
{
	lab_import(lab, UMM_VM_SEALED, UMM_NAME_NONE);
	return refused_advice(lab, AT, PAGE, UMM_MADV_DONTNEED);
}

static int64_t madvise_locked(struct lab *lab)
{
	lab_map(lab, AT, PAGE, RW, ANON | UMM_MAP_LOCKED);
	return refused_advice(lab, AT, PAGE, UMM_MADV_DONTNEED);
}

static int64_t madvise_area(struct lab *lab)
{
	huge_area(lab);
	return refused_advice(lab, AT, PAGE, UMM_MADV_COLD);
}

static int64_t madvise_hugetlb_start(struct lab *lab)
{
	huge_area(lab);
	return refused_advice(lab, AT + PAGE, PAGE, UMM_MADV_DONTNEED);
}

static int64_t madvise_free_file(struct lab *lab)
{
	lab_map(lab, AT, PAGE, RW, UMM_MAP_ANONYMOUS | SHARED);
	return refused_advice(lab, AT, PAGE, UMM_MADV_FREE);
}

static int64_t madvise_remove_private(struct lab *lab)
{
	return refused_anonymous(lab, UMM_MADV_REMOVE);
}

static int64_t madvise_remove_access(struct lab *lab)
{
	shared_memory(lab, UMM_FMODE_READ);
	return refused_advice(lab, AT, PAGE, UMM_MADV_REMOVE);
}

/* /dev/zero can be mapped from any offset on. */
static int64_t refused_hole(struct lab *lab, uint64_t offset)
{
	lab_file(lab, UMM_FILE_ZERO, UMM_FMODE_READ | UMM_FMODE_WRITE);
	lab_map_offset(lab, AT, 4 * PAGE, RW, SHARED | FIXED, offset);
	return refused_advice(lab, AT, 4 * PAGE, UMM_MADV_REMOVE);
}

static int64_t madvise_remove_offset(struct lab *lab)
{
	return refused_hole(lab, UINT64_C(1) << 63);
}

static int64_t madvise_remove_beyond(struct lab *lab)
{
	return refused_hole(lab, (UINT64_C(1) << 63) - 4 * PAGE);
}

static int64_t madvise_remove_sealed(struct lab *lab)
{
	shared_memory(lab, UMM_FMODE_READ | UMM_FMODE_WRITE);
	umm_file_set_flags(lab->file,
			   UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_SEAL_FUTURE);
	return refused_advice(lab, AT, PAGE, UMM_MADV_REMOVE);
}

static int64_t madvise_remove_fs(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_NO_PUNCH);
	lab_map(lab, AT, PAGE, R, SHARED);
	return refused_advice(lab, AT, PAGE, UMM_MADV_REMOVE);
}

static int64_t madvise_dofork_io(struct lab *lab)
{
	lab_import(lab, UMM_VM_IO | UMM_VM_PFNMAP, UMM_NAME_VVAR);
	return refused_advice(lab, AT, PAGE, UMM_MADV_DOFORK);
}

static int64_t madvise_wipe_shared(struct lab *lab)
{
	shared_memory(lab, UMM_FMODE_READ | UMM_FMODE_WRITE);
	return refused_advice(lab, AT, PAGE, UMM_MADV_WIPEONFORK);
}

static void droppable(struct lab *lab)
{
	lab_map(lab, AT, PAGE, RW, UMM_MAP_DROPPABLE | UMM_MAP_ANONYMOUS);
}

static int64_t madvise_keep_droppable(struct lab *lab)
{
	droppable(lab);
	return refused_advice(lab, AT, PAGE, UMM_MADV_KEEPONFORK);
}

static int64_t madvise_dodump(struct lab *lab)
{
	droppable(lab);
	return refused_advice(lab, AT, PAGE, UMM_MADV_DODUMP);
}

static int64_t madvise_map_count(struct lab *lab)
{
	anonymous(lab);
	lab->settings.max_map_count = 1;
	lab_settings_changed(lab);
	return refused_advice(lab, AT + PAGE, PAGE, UMM_MADV_DONTDUMP);
}

static int64_t madvise_guard(struct lab *lab)
{
	huge_area(lab);
	return refused_advice(lab, AT, PAGE, UMM_MADV_GUARD_REMOVE);
}

static int64_t madvise_guard_file(struct lab *lab)
{
	lab_set_rule(lab, "guard_file", false);
	shared_memory(lab, UMM_FMODE_READ | UMM_FMODE_WRITE);
	return refused_advice(lab, AT, PAGE, UMM_MADV_GUARD_INSTALL);
}

static int64_t madvise_collapse(struct lab *lab)
{
	lab_map(lab, AT, 4 * MIB, RW, ANON);
	return refused_advice(lab, AT, 4 * MIB, UMM_MADV_COLLAPSE);
}

static int64_t madvise_collapse_range(struct lab *lab)
{
	lab_map(lab, AT, 4 * MIB, RW, ANON);
	lab_write(lab, AT);
	return refused_advice(lab, AT + PAGE, PAGE, UMM_MADV_COLLAPSE);
}

/* ---- madvise: filling -------------------------------------------------------------------- */

static int64_t populate_hole(struct lab *lab)
{
	anonymous(lab);
	return refused_advice(lab, AT, 5 * PAGE, UMM_MADV_POPULATE_WRITE);
}

static int64_t populate_access(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return refused_advice(lab, AT, PAGE, UMM_MADV_POPULATE_WRITE);
}

static void guard(struct lab *lab)
{
	anonymous(lab);
	assert_int_equal(umm_madvise(lab->mm, AT + PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
}

static int64_t populate_guard(struct lab *lab)
{
	guard(lab);
	return refused_advice(lab, AT, 4 * PAGE, UMM_MADV_POPULATE_READ);
}

static void short_file(struct lab *lab)
{
	shared_memory(lab, UMM_FMODE_READ | UMM_FMODE_WRITE);
	umm_file_set_size(lab->file, PAGE + 1);
}

static int64_t populate_eof(struct lab *lab)
{
	short_file(lab);
	return refused_advice(lab, AT, 3 * PAGE, UMM_MADV_POPULATE_READ);
}

static void no_huge_pages(struct lab *lab)
{
	lab_map(lab, AT, 2 * MIB, R, ANON | UMM_MAP_HUGETLB | UMM_MAP_NORESERVE);
	lab->settings.huge[0].free_pages = 0;
	lab_settings_changed(lab);
}

static int64_t populate_pool(struct lab *lab)
{
	no_huge_pages(lab);
	return refused_advice(lab, AT, PAGE, UMM_MADV_POPULATE_READ);
}

static int64_t memory_failure_cap(struct lab *lab)
{
	lab->settings.memory_failure_configured = true;
	lab_settings_changed(lab);
	return refused_anonymous(lab, UMM_MADV_HWPOISON);
}

static int64_t fault_guard(struct lab *lab)
{
	guard(lab);
	assert_int_equal(umm_fault(lab->mm, AT + PAGE + 7, UMM_ACCESS_WRITE, lab->listen),
			 UMM_SEGV_MAPERR);
	return -UMM_EFAULT;
}

/* ---- process_madvise --------------------------------------------------------------------- */

static int64_t refused_vector(struct lab *lab, struct umm_range range, int advice)
{
	anonymous(lab);
	return umm_process_madvise(lab->mm, lab->mm, &range, 1, advice, 0, lab->listen);
}

static int64_t process_madvise_flags(struct lab *lab)
{
	return umm_process_madvise(lab->mm, NULL, NULL, 5, 5, 1, lab->listen);
}

static int64_t process_madvise_nr(struct lab *lab)
{
	return umm_process_madvise(lab->mm, NULL, NULL, 1025, 5, 0, lab->listen);
}

static int64_t process_madvise_vector(struct lab *lab)
{
	return umm_process_madvise(lab->mm, NULL, NULL, 1, 5, 0, lab->listen);
}

static int64_t process_madvise_length(struct lab *lab)
{
	return refused_vector(lab, (struct umm_range){ AT, UINT64_MAX }, UMM_MADV_COLD);
}

static int64_t process_madvise_address(struct lab *lab)
{
	return refused_vector(lab, (struct umm_range){ UINT64_C(1) << 63, PAGE }, UMM_MADV_COLD);
}

static int64_t process_madvise_pidfd(struct lab *lab)
{
	const struct umm_range range = { AT, PAGE };

	return umm_process_madvise(lab->mm, NULL, &range, 1, 5, 0, lab->listen);
}

static int64_t refused_other(struct lab *lab, int advice)
{
	const struct umm_range range = { AT, PAGE };
	struct umm_mm *other;
	int64_t err;

	anonymous(lab);
	assert_int_equal(umm_fork(lab->mm, &other, NULL), 0);
	err = umm_process_madvise(lab->mm, other, &range, 1, advice, 0, lab->listen);
	umm_mm_put(other);
	return err;
}

static int64_t process_madvise_advice(struct lab *lab)
{
	return refused_other(lab, UMM_MADV_DONTNEED);
}

static int64_t process_madvise_nice(struct lab *lab)
{
	return refused_other(lab, UMM_MADV_COLD);
}

/* ---- mlock ------------------------------------------------------------------------------- */

static int64_t refused_lock(struct lab *lab, uint64_t addr, uint64_t len)
{
	return umm_mlock(lab->mm, addr, len, 0, lab->listen);
}

static int64_t mlock2_flags(struct lab *lab)
{
	return umm_mlock(lab->mm, AT, PAGE, 2, lab->listen);
}

static int64_t mlock_right(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 0);
	return refused_lock(lab, AT, 0);
}

/* What is locked already counts once, and is still too much. */
static int64_t mlock_memlock(struct lab *lab)
{
	anonymous(lab);
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 3 * PAGE);
	assert_int_equal(umm_mlock(lab->mm, AT, 2 * PAGE, 0, NULL), 0);
	assert_int_equal(umm_mlock(lab->mm, AT, 3 * PAGE, 0, NULL), 0);
	return refused_lock(lab, AT, 4 * PAGE);
}

static int64_t mlock_wrap(struct lab *lab)
{
	return refused_lock(lab, AT, UINT64_MAX - PAGE);
}

static int64_t mlock_hole(struct lab *lab)
{
	anonymous(lab);
	return refused_lock(lab, AT + 3 * PAGE + 5, PAGE);
}

static int64_t mlockall_flags(struct lab *lab)
{
	return umm_mlockall(lab->mm, UMM_MCL_ONFAULT, lab->listen);
}

static int64_t mlockall_memlock(struct lab *lab)
{
	anonymous(lab);
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 3 * PAGE);
	return umm_mlockall(lab->mm, UMM_MCL_CURRENT, lab->listen);
}

static int64_t mlock_access(struct lab *lab)
{
	lab_map(lab, AT, PAGE, 0, ANON);
	return refused_lock(lab, AT, PAGE);
}

static int64_t mlock_guard(struct lab *lab)
{
	guard(lab);
	return refused_lock(lab, AT, 4 * PAGE);
}

static int64_t mlock_eof(struct lab *lab)
{
	short_file(lab);
	return refused_lock(lab, AT, 4 * PAGE);
}

static int64_t mlock_pool(struct lab *lab)
{
	no_huge_pages(lab);
	return refused_lock(lab, AT, PAGE);
}

/* ---- prctl ------------------------------------------------------------------------------- */

static int64_t thp_disable_args(struct lab *lab)
{
	const uint64_t arg[4] = { 0, UMM_THP_DISABLE_EXCEPT_ADVISED, 0, 0 };

	return umm_set_thp_disable(lab->mm, arg, lab->listen);
}

static int64_t memory_merge_args(struct lab *lab)
{
	const uint64_t arg[4] = { 1, 0, 0, 1 };

	return umm_set_memory_merge(lab->mm, arg, lab->listen);
}

static int64_t memory_merge_config(struct lab *lab)
{
	const uint64_t arg[4] = { 1, 0, 0, 1 };

	lab->settings.ksm_configured = false;
	lab_settings_changed(lab);
	return umm_set_memory_merge(lab->mm, arg, lab->listen);
}

const struct provocation provocations_madvise[] = {
	{ "MADVISE_ADVICE", madvise_advice, NULL },
	{ "MADVISE_UNALIGNED", madvise_unaligned, NULL },
	{ "MADVISE_RANGE", madvise_range, NULL },
	{ "MADVISE_HOLE", madvise_hole, NULL },
	{ "MADVISE_SEALED", madvise_sealed, NULL },
	{ "MADVISE_LOCKED", madvise_locked, NULL },
	{ "MADVISE_AREA", madvise_area, NULL },
	{ "MADVISE_HUGETLB_START", madvise_hugetlb_start, NULL },
	{ "MADVISE_FREE_FILE", madvise_free_file, NULL },
	{ "MADVISE_REMOVE_PRIVATE", madvise_remove_private, NULL },
	{ "MADVISE_REMOVE_ACCESS", madvise_remove_access, NULL },
	{ "MADVISE_REMOVE_OFFSET", madvise_remove_offset, NULL },
	{ "MADVISE_REMOVE_BEYOND", madvise_remove_beyond, NULL },
	{ "MADVISE_REMOVE_SEALED", madvise_remove_sealed, NULL },
	{ "MADVISE_REMOVE_FS", madvise_remove_fs, NULL },
	{ "MADVISE_DOFORK_IO", madvise_dofork_io, NULL },
	{ "MADVISE_WIPE_SHARED", madvise_wipe_shared, NULL },
	{ "MADVISE_KEEP_DROPPABLE", madvise_keep_droppable, NULL },
	{ "MADVISE_DODUMP", madvise_dodump, NULL },
	{ "MADVISE_MAP_COUNT", madvise_map_count, NULL },
	{ "MADVISE_GUARD", madvise_guard, NULL },
	{ "MADVISE_GUARD_FILE", madvise_guard_file, NULL },
	{ "MADVISE_COLLAPSE", madvise_collapse, NULL },
	{ "MADVISE_COLLAPSE_RANGE", madvise_collapse_range, NULL },
	{ "POPULATE_HOLE", populate_hole, NULL },
	{ "POPULATE_ACCESS", populate_access, NULL },
	{ "POPULATE_GUARD", populate_guard, NULL },
	{ "POPULATE_EOF", populate_eof, NULL },
	{ "POPULATE_POOL", populate_pool, NULL },
	{ "MEMORY_FAILURE_CAP", memory_failure_cap, NULL },
	{ "FAULT_GUARD", fault_guard, NULL },
	{ "PROCESS_MADVISE_FLAGS", process_madvise_flags, NULL },
	{ "PROCESS_MADVISE_NR", process_madvise_nr, NULL },
	{ "PROCESS_MADVISE_VECTOR", process_madvise_vector, NULL },
	{ "PROCESS_MADVISE_LENGTH", process_madvise_length, NULL },
	{ "PROCESS_MADVISE_ADDRESS", process_madvise_address, NULL },
	{ "PROCESS_MADVISE_PIDFD", process_madvise_pidfd, NULL },
	{ "PROCESS_MADVISE_ADVICE", process_madvise_advice, NULL },
	{ "PROCESS_MADVISE_NICE", process_madvise_nice, NULL },
	{ "MLOCK2_FLAGS", mlock2_flags, NULL },
	{ "MLOCK_RIGHT", mlock_right, NULL },
	{ "MLOCK_MEMLOCK", mlock_memlock, NULL },
	{ "MLOCK_WRAP", mlock_wrap, NULL },
	{ "MLOCK_HOLE", mlock_hole, NULL },
	{ "MLOCKALL_FLAGS", mlockall_flags, NULL },
	{ "MLOCKALL_MEMLOCK", mlockall_memlock, NULL },
	{ "MLOCK_ACCESS", mlock_access, NULL },
	{ "MLOCK_GUARD", mlock_guard, NULL },
	{ "MLOCK_EOF", mlock_eof, NULL },
	{ "MLOCK_POOL", mlock_pool, NULL },
	{ "THP_DISABLE_ARGS", thp_disable_args, NULL },
	{ "MEMORY_MERGE_ARGS", memory_merge_args, NULL },
	{ "MEMORY_MERGE_CONFIG", memory_merge_config, NULL },
	{ NULL, NULL, NULL },
};
