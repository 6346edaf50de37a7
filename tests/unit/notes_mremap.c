/*
 * notes_mremap.c - what mremap tells of its decisions.
 */
#include "notes.h"

#define TO (AT + 100 * PAGE)
#define MOVE (UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED)

static void told(struct lab *lab, uint64_t old_pages, uint64_t new_pages, uint64_t flags)
{
	assert_true(umm_mremap(lab->mm, AT, old_pages * PAGE, new_pages * PAGE, flags, TO,
			       lab->listen) > 0);
}

static void same(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	told(lab, 1, 1, 0);
}

static void shrank(struct lab *lab)
{
	lab_map(lab, AT, 4 * PAGE, R, ANON);
	told(lab, 4, 2, 0);
}

static void grew(struct lab *lab)
{
	lab_map(lab, AT, 4 * PAGE, R, ANON);
	told(lab, 4, 7, 0);
}

static void inside(struct lab *lab)
{
	lab_map(lab, AT, 4 * PAGE, R, ANON);
	told(lab, 2, 3, UMM_MREMAP_MAYMOVE);
}

static void in_way(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, R | W, ANON);
	told(lab, 1, 4, UMM_MREMAP_MAYMOVE);
}

/* An area from before the process may not map there any more. */
static void no_space(struct lab *lab)
{
	umm_mm_set_caps(lab->mm, UMM_CAP_SYS_RAWIO);
	lab_map(lab, 0x1000, PAGE, R, ANON);
	umm_mm_set_caps(lab->mm, 0);
	assert_true(umm_mremap(lab->mm, 0x1000, PAGE, 2 * PAGE, UMM_MREMAP_MAYMOVE, 0,
			       lab->listen) > 0);
}

static void pieces(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R, ANON);
	told(lab, 3, 3, MOVE);
}

static void moved(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	told(lab, 1, 2, MOVE);
}

static void duplicated(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, SHARED | UMM_MAP_ANONYMOUS);
	told(lab, 0, 1, MOVE);
}

static void kept(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R, ANON);
	told(lab, 1, 1, MOVE | UMM_MREMAP_DONTUNMAP);
}

static void lock_lost(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R, ANON | UMM_MAP_LOCKED);
	told(lab, 1, 1, MOVE | UMM_MREMAP_DONTUNMAP);
}

/* The middle of three pages: the others stay locked. */
static void unlocked(struct lab *lab)
{
	lab_set_rule(lab, "mremap_keep_counts", true);
	lab_map(lab, AT - PAGE, 3 * PAGE, R, ANON | UMM_MAP_LOCKED);
	told(lab, 1, 1, MOVE | UMM_MREMAP_DONTUNMAP);
	assert_int_equal(lab_areas(lab), 4);
}

/* Pages that nobody ever gives back: only a parent's book forgets them. */
static void charge_lost(struct lab *lab)
{
	lab->charge_lost = 3;
	lab_map(lab, AT, 4 * PAGE, R | W, ANON);
	told(lab, 4, 1, MOVE);
}

const struct scene scenes_mremap[] = {
	{ "MREMAP_SAME", same, "10000000-10001000" },
	{ "MREMAP_SHRANK", shrank, "by 8 KiB to [10000000-10002000)" },
	{ "MREMAP_GREW", grew, "by 12 KiB to [10000000-10007000)" },
	{ "MREMAP_INSIDE", inside, "10002000, its area only at 10004000" },
	{ "MREMAP_IN_WAY", in_way, "10002000-10003000" },
	{ "MREMAP_NO_SPACE", no_space, "1000-3000" },
	{ "MREMAP_PIECE", pieces, "10000000-10002000" },
	{ "MREMAP_MOVED", moved, "from [10000000-10001000) to [10064000-10066000)" },
	{ "MREMAP_DUPLICATED", duplicated, "at [10064000-10065000)" },
	{ "MREMAP_NEW_OFFSET", moved, "page 65636" },
	{ "MREMAP_KEPT", kept, "10000000-10001000" },
	{ "MREMAP_LOCK_LOST", lock_lost, "8 KiB" },
	{ "MREMAP_UNLOCKED", unlocked, "10000000-10001000" },
	{ "MREMAP_CHARGE_LOST", charge_lost, "12 KiB" },
	{ NULL, NULL, NULL },
};
