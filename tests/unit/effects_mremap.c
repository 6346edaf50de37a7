/*
 * effects_mremap.c - the rules of mremap, on and off.
 */
#include "effect.h"

#define TO (AT + 100 * PAGE)
#define MOVE (UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED)
#define KEEP (UMM_MREMAP_MAYMOVE | UMM_MREMAP_DONTUNMAP)

/* 0 for any address, or the error. */
static int64_t remap(struct lab *lab, uint64_t old_len, uint64_t new_len, uint64_t flags)
{
	int64_t addr = umm_mremap(lab->mm, AT, old_len, new_len, flags, TO, NULL);

	return addr < 0 ? addr : 0;
}

static int64_t dontunmap(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	return remap(lab, PAGE, PAGE, KEEP);
}

static int64_t dontunmap_any(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	lab_map(lab, AT, PAGE, R, PRIVATE);
	return remap(lab, PAGE, PAGE, KEEP);
}

/* Pages counted as locked. */
static int64_t keep_counts(struct lab *lab)
{
	struct umm_mm_stats stats;

	lab_map(lab, AT, 4 * PAGE, R, ANON | UMM_MAP_LOCKED);
	assert_int_equal(remap(lab, PAGE, PAGE, KEEP), 0);
	umm_mm_stats(lab->mm, &stats);
	return (int64_t)stats.locked_vm;
}

static int64_t multi(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, AT + PAGE, PAGE, R | W, ANON);
	return remap(lab, 2 * PAGE, 2 * PAGE, MOVE);
}

/* Areas left, after a refusal. */
static int64_t first(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, TO, PAGE, R, ANON);
	assert_int_equal(remap(lab, 2 * PAGE, 3 * PAGE, MOVE), -UMM_EFAULT);
	return (int64_t)lab_areas(lab);
}

/* What is cut off is more than there is memory: it grew in steps. */
static int64_t shrink_charge(struct lab *lab)
{
	lab->settings.totalram_pages = 10;
	lab_settings_changed(lab);
	lab_map(lab, AT, 10 * PAGE, R | W, ANON);
	assert_int_equal(remap(lab, 10 * PAGE, 20 * PAGE, 0), 0);
	return remap(lab, 20 * PAGE, PAGE, MOVE);
}

static int64_t dup_shared_only(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return remap(lab, 0, PAGE, MOVE);
}

const struct effect effects_mremap[] = {
	{ "mremap_dontunmap", dontunmap, 0, -UMM_EINVAL },
	{ "mremap_dontunmap_any", dontunmap_any, 0, -UMM_EINVAL },
	{ "mremap_keep_counts", keep_counts, 4, 5 },
	{ "mremap_multi", multi, 0, -UMM_EFAULT },
	{ "mremap_checks_first", first, 2, 1 },
	{ "mremap_shrink_charge", shrink_charge, -UMM_ENOMEM, 0 },
	{ "mremap_dup_shared_only", dup_shared_only, -UMM_EINVAL, 0 },
	{ NULL, NULL, 0, 0 },
};
