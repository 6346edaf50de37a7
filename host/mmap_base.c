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

	return space->base_low < space->base_high &&
	       choose(task, file, space->base_low) != choose(task, file, space->base_high);
}

/*
 * The lowest base from which the call goes to @addr or above; above the highest if none.  A higher
 * base gives no lower address.
 */
static uint64_t first_base(struct task *task, struct umm_file *file, int64_t addr)
{
	uint64_t low = task->space->base_low, high = task->space->base_high + UMM_PAGE_SIZE;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2 / UMM_PAGE_SIZE * UMM_PAGE_SIZE;

		if (choose(task, file, middle) >= addr)
			high = middle;
		else
			low = middle + UMM_PAGE_SIZE;
	}
	return low;
}

void mmap_base_learn(struct task *task, struct umm_file *file, uint64_t got)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	struct space *space = task->space;
	uint64_t low = first_base(task, file, (int64_t)got);
	uint64_t end = first_base(task, file, (int64_t)got + 1);

	if (low >= end)
		return;		/* no base explains it */
	space->base_low = low;
	space->base_high = end - UMM_PAGE_SIZE;
	umm_mm_get_layout(space->mm, &layout);
	layout.mmap_base = space->base_high;
	if (layout.bottom_up)
		layout.mmap_legacy_base = space->base_high;
	umm_mm_set_layout(space->mm, &layout);
}
