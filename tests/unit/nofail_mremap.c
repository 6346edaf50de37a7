/*
 * nofail_mremap.c - mremap without memory.
 */
#include "nofail.h"

#define TO (AT + 100 * PAGE)
#define MAYMOVE UMM_MREMAP_MAYMOVE
#define MOVE (UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED)

static void map(struct lab *lab, uint64_t addr, uint64_t pages, uint64_t prot, uint64_t flags)
{
	assert_int_equal(umm_mmap(lab->mm, addr, pages * PAGE, prot, flags | UMM_MAP_FIXED, NULL, 0,
				  NULL), addr);
	if ((prot & UMM_PROT_WRITE) && !(flags & UMM_MAP_LOCKED))
		assert_int_equal(umm_fault(lab->mm, addr, UMM_ACCESS_WRITE, NULL), 0);
}

/* Of a chain of three each: a written area, what it may grow into, and a target to be cut. */
static void prepare_with(struct lab *lab, uint64_t flags)
{
	map(lab, AT, 8, RW, ANON | flags);
	map(lab, AT + 12 * PAGE, 4, RW, ANON | flags);
	map(lab, TO - 4 * PAGE, 16, RW, ANON | flags);
	for (int i = 0; i < 2; i++) {
		struct umm_mm *child;

		assert_int_equal(umm_fork(lab->mm, &child, NULL), 0);
		umm_mm_put(lab->mm);
		lab->mm = child;
	}
}

static void prepare_grandchild(struct lab *lab)
{
	prepare_with(lab, 0);
}

/* The charge of what is cut off in a move is never given back: not here. */
static void prepare_uncharged(struct lab *lab)
{
	prepare_with(lab, UMM_MAP_NORESERVE);
}

static void prepare_several(struct lab *lab)
{
	for (uint64_t i = 0; i < 6; i++)
		map(lab, AT + (4 + 2 * i) * PAGE, 2, i % 2 ? RW : RW | UMM_PROT_EXEC, ANON);
	prepare_grandchild(lab);
}

/* The area above is written: what grows towards it takes over its chain. */
static void prepare_towards(struct lab *lab)
{
	map(lab, AT, 2, UMM_PROT_READ, ANON);
	assert_int_equal(umm_mprotect(lab->mm, AT, 2 * PAGE, RW, -1, NULL), 0);
	map(lab, AT + 4 * PAGE, 2, RW, ANON);
}

static void prepare_locked(struct lab *lab)
{
	map(lab, AT, 2, UMM_PROT_READ, ANON | UMM_MAP_LOCKED);
}

/* Between an area that was never written and one that was: both merge with the copy. */
static void prepare_between(struct lab *lab)
{
	map(lab, AT, 2, UMM_PROT_READ, ANON);
	map(lab, TO - PAGE, 1, UMM_PROT_READ, ANON);
	map(lab, TO + 2 * PAGE, 2, RW, ANON);
	assert_int_equal(umm_mprotect(lab->mm, TO + 2 * PAGE, 2 * PAGE, UMM_PROT_READ, -1, NULL),
			 0);
}

static int64_t remap(struct lab *lab, uint64_t from, uint64_t old_pages, uint64_t new_pages,
		     uint64_t flags)
{
	int64_t addr = umm_mremap(lab->mm, AT + from * PAGE, old_pages * PAGE, new_pages * PAGE,
				  flags, TO, &lab->why);

	return addr < 0 ? addr : 0;
}

static int64_t call_shrink(struct lab *lab)
{
	return remap(lab, 1, 5, 3, 0);
}

static int64_t call_grow(struct lab *lab)
{
	return remap(lab, 0, 2, 4, 0);
}

static int64_t call_grow_and_move(struct lab *lab)
{
	return remap(lab, 2, 3, 7, MAYMOVE);
}

static int64_t call_move(struct lab *lab)
{
	return remap(lab, 2, 3, 3, MOVE);
}

static int64_t call_move_all(struct lab *lab)
{
	return remap(lab, 0, 2, 2, MOVE);
}

static int64_t call_move_and_shrink(struct lab *lab)
{
	return remap(lab, 2, 20, 3, MOVE);
}

static int64_t call_move_several(struct lab *lab)
{
	return remap(lab, 1, 15, 15, MOVE);
}

static int64_t call_keep(struct lab *lab)
{
	return remap(lab, 1, 3, 3, MAYMOVE | UMM_MREMAP_DONTUNMAP);
}

const struct scenario scenarios_mremap[] = {
	{ "mremap, smaller", prepare_grandchild, call_shrink, false },
	{ "mremap, larger", prepare_towards, call_grow, false },
	{ "mremap of locked memory, larger", prepare_locked, call_grow, false },
	{ "mremap, larger and elsewhere", prepare_grandchild, call_grow_and_move, false },
	{ "mremap, moved", prepare_grandchild, call_move, false },
	{ "mremap, moved between", prepare_between, call_move_all, false },
	{ "mremap, moved and smaller", prepare_uncharged, call_move_and_shrink, false },
	{ "mremap, several areas", prepare_several, call_move_several, false },
	{ "mremap, kept", prepare_grandchild, call_keep, false },
	{ NULL, NULL, NULL, false },
};
