/*
 * provoke_pages.c - what is refused for want of frames.
 */
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

const struct provocation provocations_pages[] = {
	{ "NO_FRAMES", no_frames, NULL },
	{ "MLOCK_FRAMES", mlock_frames, NULL },
	{ NULL, NULL, NULL },
};
