/*
 * provoke_seal.c - provocations of msync, mincore, mseal and remap_file_pages.
 */
#include "provoke.h"

#define TOP UINT64_C(0x7ffffffff000)

/* ---- msync ------------------------------------------------------------------------------- */

static int64_t refused_sync(struct lab *lab, uint64_t addr, uint64_t len, uint64_t flags)
{
	return umm_msync(lab->mm, addr, len, flags, lab->listen);
}

static int64_t msync_flags(struct lab *lab)
{
	return refused_sync(lab, AT, PAGE, 8);
}

static int64_t msync_unaligned(struct lab *lab)
{
	return refused_sync(lab, AT + 1, PAGE, UMM_MS_SYNC);
}

static int64_t msync_both(struct lab *lab)
{
	return refused_sync(lab, AT, PAGE, UMM_MS_SYNC | UMM_MS_ASYNC);
}

static int64_t msync_wrap(struct lab *lab)
{
	return refused_sync(lab, AT, UINT64_MAX - 2 * PAGE, UMM_MS_SYNC);
}

static int64_t msync_hole(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, R, ANON);
	return refused_sync(lab, AT, 3 * PAGE, UMM_MS_SYNC);
}

/* The hole before it is not what refuses. */
static int64_t msync_locked(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, R, ANON | UMM_MAP_LOCKED);
	return refused_sync(lab, AT, 4 * PAGE, UMM_MS_INVALIDATE);
}

static uint64_t a_ring(struct lab *lab)
{
	uint64_t ring;

	lab_map(lab, AT, PAGE, R | W, ANON);
	assert_int_equal(umm_io_setup(lab->mm, 1, AT, 0, 2, &ring, NULL), 0);
	return ring;
}

static int64_t msync_no_fsync(struct lab *lab)
{
	return refused_sync(lab, a_ring(lab), PAGE, UMM_MS_SYNC);
}

/* ---- mincore ----------------------------------------------------------------------------- */

static int64_t refused_core(struct lab *lab, uint64_t addr, uint64_t len, uint64_t vec)
{
	return umm_mincore(lab->mm, addr, len, vec, lab->listen);
}

static int64_t mincore_unaligned(struct lab *lab)
{
	return refused_core(lab, AT + 1, PAGE, AT);
}

static int64_t mincore_range(struct lab *lab)
{
	return refused_core(lab, TOP - PAGE, 2 * PAGE, AT);
}

static int64_t mincore_vec_range(struct lab *lab)
{
	return refused_core(lab, AT, 2 * PAGE, TOP - 1);
}

static int64_t mincore_hole(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R | W, ANON);
	return refused_core(lab, AT, 3 * PAGE, AT);
}

/* The vector is written area by area: its end is met before the hole is. */
static int64_t mincore_vec(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	lab_map(lab, AT + PAGE, PAGE, R, ANON);
	return refused_core(lab, AT, 3 * PAGE, AT + PAGE - 1);
}

/* ---- mseal ------------------------------------------------------------------------------- */

static int64_t refused_seal(struct lab *lab, uint64_t addr, uint64_t len, uint64_t flags)
{
	return umm_mseal(lab->mm, addr, len, flags, lab->listen);
}

static int64_t no_mseal(struct lab *lab)
{
	lab_set_rule(lab, "mseal", false);
	return refused_seal(lab, AT, PAGE, 0);
}

static int64_t mseal_flags(struct lab *lab)
{
	return refused_seal(lab, AT, PAGE, 1);
}

static int64_t mseal_unaligned(struct lab *lab)
{
	return refused_seal(lab, AT + 1, PAGE, 0);
}

static int64_t mseal_wrap(struct lab *lab)
{
	return refused_seal(lab, AT, UINT64_MAX, 0);
}

/* All or nothing: what is mapped below the hole is not sealed. */
static int64_t mseal_hole(struct lab *lab)
{
	struct umm_area area;
	int64_t err;

	lab_map(lab, AT, PAGE, R, ANON);
	err = refused_seal(lab, AT, 2 * PAGE, 0);
	assert_true(lab_area(lab, AT, &area));
	assert_false(area.vm_flags & UMM_VM_SEALED);
	return err;
}

/* ---- remap_file_pages -------------------------------------------------------------------- */

static int64_t refused_remap(struct lab *lab, uint64_t size, uint64_t prot, uint64_t pgoff)
{
	return umm_remap_file_pages(lab->mm, AT, size, prot, pgoff, 0, lab->listen);
}

static void shared_file(struct lab *lab, uint64_t pages)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	lab_map(lab, AT, pages * PAGE, R | W, SHARED);
}

static int64_t remap_prot(struct lab *lab)
{
	return refused_remap(lab, PAGE, R, 0);
}

static int64_t remap_size(struct lab *lab)
{
	return refused_remap(lab, PAGE - 1, 0, 0);
}

static int64_t remap_pgoff(struct lab *lab)
{
	return refused_remap(lab, PAGE, 0, UINT64_MAX);
}

static int64_t remap_not_shared(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	return refused_remap(lab, PAGE, 0, 0);
}

static int64_t remap_spans(struct lab *lab)
{
	shared_file(lab, 2);
	assert_int_equal(umm_mprotect(lab->mm, AT + PAGE, PAGE, R, -1, NULL), 0);
	return refused_remap(lab, 2 * PAGE, 0, 7);
}

const struct provocation provocations_seal[] = {
	{ "MSYNC_FLAGS", msync_flags, NULL },
	{ "MSYNC_UNALIGNED", msync_unaligned, NULL },
	{ "MSYNC_BOTH", msync_both, NULL },
	{ "MSYNC_WRAP", msync_wrap, NULL },
	{ "MSYNC_HOLE", msync_hole, NULL },
	{ "MSYNC_LOCKED", msync_locked, NULL },
	{ "MSYNC_NO_FSYNC", msync_no_fsync, NULL },
	{ "MINCORE_UNALIGNED", mincore_unaligned, NULL },
	{ "MINCORE_RANGE", mincore_range, NULL },
	{ "MINCORE_VEC_RANGE", mincore_vec_range, NULL },
	{ "MINCORE_HOLE", mincore_hole, NULL },
	{ "MINCORE_VEC", mincore_vec, NULL },
	{ "NO_MSEAL", no_mseal, NULL },
	{ "MSEAL_FLAGS", mseal_flags, NULL },
	{ "MSEAL_UNALIGNED", mseal_unaligned, NULL },
	{ "MSEAL_WRAP", mseal_wrap, NULL },
	{ "MSEAL_HOLE", mseal_hole, NULL },
	{ "REMAP_PROT", remap_prot, NULL },
	{ "REMAP_SIZE", remap_size, NULL },
	{ "REMAP_PGOFF", remap_pgoff, NULL },
	{ "REMAP_NOT_SHARED", remap_not_shared, NULL },
	{ "REMAP_SPANS", remap_spans, NULL },
	{ NULL, NULL, NULL },
};
