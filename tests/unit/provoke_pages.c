/*
 * provoke_pages.c - what is refused because of what is behind the areas, or for want of it.
 */
#include "phys/phys.h"
#include "provoke.h"

/* A machine with so few frames that not all of an area can be there. */
static void few_frames(struct lab *lab)
{
	lab_set_pages(lab, UMM_PAGES_CONTENTS, 20);
	lab_map(lab, AT, 30 * PAGE, RW, ANON);
}

static int64_t no_frames(struct lab *lab)
{
	few_frames(lab);
	return umm_madvise(lab->mm, AT, 30 * PAGE, UMM_MADV_POPULATE_WRITE, &lab->why);
}

static int64_t mlock_frames(struct lab *lab)
{
	few_frames(lab);
	return umm_mlock(lab->mm, AT, 30 * PAGE, 0, &lab->why);
}

/* Two times 2 MiB of which one page was written. */
static void written_once(struct lab *lab)
{
	lab_set_pages(lab, UMM_PAGES_CONTENTS, 4096);
	lab_map(lab, AT, 4 * MIB, RW, ANON);
	lab_write(lab, AT);
}

static int64_t refused_collapse(struct lab *lab)
{
	return umm_madvise(lab->mm, AT, 4 * MIB, UMM_MADV_COLLAPSE, lab->listen);
}

static int64_t collapse_none(struct lab *lab)
{
	written_once(lab);
	return refused_collapse(lab);
}

static int64_t collapse_busy(struct lab *lab)
{
	struct phys *phys;
	struct page *page;
	struct umm_page_info info;
	int64_t err;

	written_once(lab);
	lab_write(lab, AT + 2 * MIB);
	phys = ((struct world *)lab->world)->phys;
	assert_true(umm_page_info(lab->mm, AT, &info));
	page = pfn_to_page(phys, info.pfn);
	get_page(page);
	err = refused_collapse(lab);
	put_page(phys, page);
	return err;
}

static int64_t collapse_guard(struct lab *lab)
{
	written_once(lab);
	assert_int_equal(umm_madvise(lab->mm, AT + 3 * MIB, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
	return refused_collapse(lab);
}

const struct provocation provocations_pages[] = {
	{ "NO_FRAMES", no_frames, NULL },
	{ "MLOCK_FRAMES", mlock_frames, NULL },
	{ "MADVISE_COLLAPSE_NONE", collapse_none, NULL },
	{ "MADVISE_COLLAPSE_BUSY", collapse_busy, NULL },
	{ "MADVISE_COLLAPSE_GUARD", collapse_guard, NULL },
	{ NULL, NULL, NULL },
};
