/*
 * notes_madvise.c - what madvise, mlock and its kin, and prctl about huge pages and merging decide.
 */
#include "notes.h"

static void advise(struct lab *lab, uint64_t addr, uint64_t len, int advice)
{
	assert_int_equal(umm_madvise(lab->mm, addr, len, advice, lab->listen), 0);
}

static void four_pages(struct lab *lab)
{
	lab_map(lab, AT, 4 * PAGE, RW, ANON);
}

static void advised(struct lab *lab)
{
	four_pages(lab);
	advise(lab, AT + PAGE, PAGE, UMM_MADV_DONTDUMP);
	assert_int_equal(lab_areas(lab), 3);
}

static void advised_same(struct lab *lab)
{
	advised(lab);
	advise(lab, AT + PAGE, PAGE, UMM_MADV_DONTDUMP);
}

static void advised_contents(struct lab *lab)
{
	four_pages(lab);
	advise(lab, AT, 4 * PAGE, UMM_MADV_DONTNEED);
}

static void advised_nothing(struct lab *lab)
{
	advise(lab, AT, 0, UMM_MADV_WILLNEED);
}

static void process_madvise_stopped(struct lab *lab)
{
	const struct umm_range range[] = { { AT, PAGE }, { AT + 8 * PAGE, PAGE } };

	four_pages(lab);
	assert_int_equal(umm_process_madvise(lab->mm, lab->mm, range, 2, UMM_MADV_DONTFORK, 0,
					     lab->listen), PAGE);
	if (lab->listen)
		assert_null(umm_why_refusal(lab->listen));
}

static void collapse_depends(struct lab *lab)
{
	lab_map(lab, AT, 4 * MIB, RW, ANON);
	lab_write(lab, AT);
	advise(lab, AT, 4 * MIB, UMM_MADV_COLLAPSE);
	assert_true(umm_madvise_depends(lab->mm, AT, 4 * MIB, UMM_MADV_COLLAPSE));
}

static void collapsed(struct lab *lab)
{
	lab_set_pages(lab, UMM_PAGES_COUNTED, 4096);
	lab_map(lab, AT, 4 * MIB, RW, ANON);
	lab_write(lab, AT);
	advise(lab, AT, 2 * MIB, UMM_MADV_COLLAPSE);
}

static void ksm_skipped(struct lab *lab)
{
	lab_map(lab, AT, PAGE, RW, UMM_MAP_ANONYMOUS | SHARED);
	advise(lab, AT, PAGE, UMM_MADV_MERGEABLE);
}

static void guards_installed(struct lab *lab)
{
	four_pages(lab);
	advise(lab, AT + PAGE, PAGE, UMM_MADV_GUARD_INSTALL);
	assert_int_equal(lab_areas(lab), 1);
	assert_int_equal(umm_find_guard(lab->mm, AT, AT + 4 * PAGE), AT + PAGE);
}

static void guards_removed(struct lab *lab)
{
	guards_installed(lab);
	advise(lab, AT, 4 * PAGE, UMM_MADV_GUARD_REMOVE);
	assert_int_equal(umm_find_guard(lab->mm, AT, AT + 4 * PAGE), AT + 4 * PAGE);
}

static void mlocked(struct lab *lab)
{
	four_pages(lab);
	assert_int_equal(umm_mlock(lab->mm, AT, 2 * PAGE, 0, lab->listen), 0);
}

static void munlocked(struct lab *lab)
{
	mlocked(lab);
	assert_int_equal(umm_munlock(lab->mm, AT, PAGE, lab->listen), 0);
}

static void mlock_same(struct lab *lab)
{
	mlocked(lab);
	assert_int_equal(umm_mlock(lab->mm, AT, 2 * PAGE, 0, lab->listen), 0);
}

static void mlock_skipped(struct lab *lab)
{
	lab_map(lab, AT, 2 * MIB, R, ANON | UMM_MAP_HUGETLB);
	assert_int_equal(umm_mlock(lab->mm, AT, PAGE, 0, lab->listen), 0);
}

static void lock_future(struct lab *lab)
{
	struct umm_area area;

	assert_int_equal(umm_mlockall(lab->mm, UMM_MCL_FUTURE | UMM_MCL_ONFAULT, lab->listen), 0);
	four_pages(lab);
	assert_true(lab_area(lab, AT, &area));
	assert_true(area.vm_flags & UMM_VM_LOCKONFAULT);
}

static void lock_future_off(struct lab *lab)
{
	lock_future(lab);
	assert_int_equal(umm_munlockall(lab->mm, lab->listen), 0);
}

static void merge_any(struct lab *lab)
{
	const uint64_t arg[4] = { 1, 0, 0, 0 };

	four_pages(lab);
	assert_int_equal(umm_set_memory_merge(lab->mm, arg, lab->listen), 0);
	assert_true(umm_memory_merge(lab->mm));
}

static void merge_any_off(struct lab *lab)
{
	const uint64_t arg[4] = { 0, 0, 0, 0 };

	merge_any(lab);
	assert_int_equal(umm_set_memory_merge(lab->mm, arg, lab->listen), 0);
}

static void thp_disable(struct lab *lab)
{
	const uint64_t arg[4] = { 1, UMM_THP_DISABLE_EXCEPT_ADVISED, 0, 0 };

	assert_int_equal(umm_set_thp_disable(lab->mm, arg, lab->listen), 0);
	assert_int_equal(umm_thp_disable(lab->mm), 3);
}

const struct scene scenes_madvise[] = {
	{ "ADVISED", advised, "10001000-10002000" },
	{ "ADVISED_SAME", advised_same, "dd already" },
	{ "ADVISED_CONTENTS", advised_contents, "advice 4" },
	{ "ADVISED_NOTHING", advised_nothing, "the length is 0" },
	{ "PROCESS_MADVISE_STOPPED", process_madvise_stopped, "range 1, [10008000" },
	{ "COLLAPSE_DEPENDS", collapse_depends, "10000000-10400000" },
	{ "COLLAPSED", collapsed, "10000000-10200000" },
	{ "KSM_SKIPPED", ksm_skipped, "never merged by content" },
	{ "GUARDS_INSTALLED", guards_installed, "10001000-10002000" },
	{ "GUARDS_REMOVED", guards_removed, "10000000-10004000" },
	{ "MLOCKED", mlocked, "8 KiB more; 8 KiB in all" },
	{ "MUNLOCKED", munlocked, "4 KiB less; 4 KiB in all" },
	{ "MLOCK_SAME", mlock_same, "already" },
	{ "MLOCK_SKIPPED", mlock_skipped, "never locked" },
	{ "LOCK_FUTURE", lock_future, "lo" },
	{ "LOCK_FUTURE_OFF", lock_future_off, "not be locked" },
	{ "MERGE_ANY", merge_any, "1" },
	{ "MERGE_ANY_OFF", merge_any_off, "1" },
	{ "THP_DISABLE", thp_disable, "2" },
	{ NULL, NULL, NULL },
};
