/*
 * mmap_base.c - where searches for addresses begin, when exec left some pages of it open.
 */
#include "host/mmap_base.h"

/* Where the call would go if searches began at @base. */
static int64_t choose(struct task *task, struct umm_file *file, uint64_t base)
{
	const uint64_t *arg = task->call.pub.arg;
	struct umm_layout was = { .size = sizeof(was) }, layout;
	struct umm_mm *mm = task->space->mm;
	int64_t chosen;

	umm_mm_get_layout(mm, &was);
	layout = was;
	layout.mmap_base = base;
	if (layout.bottom_up)
		layout.mmap_legacy_base = base;
	umm_mm_set_layout(mm, &layout);
	chosen = umm_get_unmapped_area(mm, arg[0], arg[1], arg[2], arg[3], file, arg[5]);
	umm_mm_set_layout(mm, &was);
	return chosen;
}

bool mmap_base_decides(struct task *task, struct umm_file *file)
{
	const struct space *space = task->space;
	int64_t first;

	if (space->base_low >= space->base_high)
		return false;
	first = choose(task, file, space->base_low);
	for (uint64_t base = space->base_low; base <= space->base_high; base += UMM_PAGE_SIZE)
		if (choose(task, file, base) != first)
			return true;
	return false;
}

void mmap_base_learn(struct task *task, struct umm_file *file, uint64_t got)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	struct space *space = task->space;
	uint64_t low = 0, high = 0;

	for (uint64_t base = space->base_low; base <= space->base_high; base += UMM_PAGE_SIZE) {
		if (choose(task, file, base) != (int64_t)got)
			continue;
		low = low ? low : base;
		high = base;
	}
	if (!low)
		return;
	space->base_low = low;
	space->base_high = high;
	umm_mm_get_layout(space->mm, &layout);
	layout.mmap_base = high;
	if (layout.bottom_up)
		layout.mmap_legacy_base = high;
	umm_mm_set_layout(space->mm, &layout);
}
