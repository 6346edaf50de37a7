/*
 * exec.c - import of an address space that the model did not lay out itself.
 *
 * The areas with their flags come from smaps, the break and the stack pointer from stat.  What no
 * file tells is where searches for addresses begin: mmap_base is the end of the highest area below
 * the gap for the stack (the first thing that exec maps there: the loader, or the vdso of a static
 * program), or, bottom-up, the start of the lowest area of the mmap region.
 */
#include <errno.h>

#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/exec.h"
#include "host/exec_inputs.h"
#include "host/files.h"
#include "host/limits.h"
#include "host/pages.h"
#include "host/settings.h"
#include "host/task.h"

#define LEGACY_BASE UINT64_C(0x2aaaaaaab000)	/* a third of it, rounded up */
#define STACK_LIMIT_DEFAULT (UINT64_C(8) << 20)
#define MIN_GAP (UINT64_C(128) << 20)
#define MAX_GAP (MAP_WINDOW_64 / 6 * 5)
#define STACK_MAXRANDOM (UINT64_C(0x3fffff) << UMM_PAGE_SHIFT)

/* How much below the end of user space the kernel leaves for the stack, without the random part. */
static uint64_t stack_gap(const struct task *task, bool randomized)
{
	uint64_t gap, pad = UINT64_C(256) * UMM_PAGE_SIZE + (randomized ? STACK_MAXRANDOM : 0);

	if (!limits_stack(task->tgid, &gap))
		gap = STACK_LIMIT_DEFAULT;
	if (gap + pad > gap)
		gap += pad;
	return gap < MIN_GAP ? MIN_GAP : gap > MAX_GAP ? MAX_GAP : gap;
}

/*
 * The end of the highest area that the search could have placed: below the gap for the stack, above
 * which a position-independent program lies if the stack is unlimited.  Where the vdso lies above
 * the stack, as older kernels put it, it does not count.
 */
static uint64_t find_mmap_base(const struct proc_areas *areas, uint64_t gap)
{
	uint64_t base = 0;

	for (size_t i = 0; i < areas->nr; i++)
		if (areas->area[i].end <= page_up(MAP_WINDOW_64 - gap))
			base = areas->area[i].end;
	return base;
}

static uint64_t find_lowest_mapping(const struct proc_areas *areas)
{
	for (size_t i = 0; i < areas->nr; i++)
		if (areas->area[i].start >= LEGACY_BASE)
			return areas->area[i].start;
	return LEGACY_BASE;
}

/* Both bases have the same random part. */
static uint64_t legacy_base_of(uint64_t mmap_base, uint64_t gap)
{
	if (MAP_WINDOW_64 - gap < mmap_base)
		return LEGACY_BASE;
	return LEGACY_BASE + page_up(MAP_WINDOW_64 - gap - mmap_base);
}

static int import_layout(struct follower *f, struct task *task)
{
	struct space *space = task->space;
	uint64_t field[STAT_FIELDS + 1];
	struct umm_layout layout;
	int err = exec_read_stat(task->tgid, field);

	if (err)
		return err;
	umm_layout_init(&layout, UINT64_C(8) << 20);
	layout.task_size = f->settings->task_size;
	layout.map_window = MAP_WINDOW_64;
	layout.start_code = field[STAT_START_CODE];
	layout.end_code = field[STAT_END_CODE];
	layout.start_stack = field[STAT_START_STACK];
	layout.start_data = field[STAT_START_DATA];
	layout.end_data = field[STAT_END_DATA];
	layout.start_brk = layout.brk = field[STAT_START_BRK];
	layout.arg_start = field[STAT_ARG_START];
	layout.arg_end = field[STAT_ARG_END];
	layout.env_start = field[STAT_ENV_START];
	layout.env_end = field[STAT_ENV_END];
	layout.bottom_up = f->settings->umm.legacy_va_layout ||
			   (space->personality & UMM_ADDR_COMPAT_LAYOUT);
	if (layout.bottom_up) {
		layout.mmap_base = layout.mmap_legacy_base = find_lowest_mapping(&f->smaps);
	} else {
		uint64_t gap = stack_gap(task, space->randomized);

		layout.mmap_base = find_mmap_base(&f->smaps, gap);
		layout.mmap_legacy_base = legacy_base_of(layout.mmap_base, gap);
	}
	umm_mm_set_layout(space->mm, &layout);
	return 0;
}

static int import_areas(struct follower *f, struct space *space)
{
	for (size_t i = 0; i < f->smaps.nr; i++) {
		struct umm_area area;
		int err = files_area_from_kernel(f, space->mm, &f->smaps.area[i], &area);

		if (!err)
			err = umm_area_import(space->mm, &area);
		if (area.file)
			umm_file_put(area.file);
		if (err)
			return err;
	}
	/* The loader's own faults came before anybody looked. */
	adopt_anon(f, space, 0, MAP_WINDOW_64, ADOPT_ANON_EXEC);
	adopt_guards(f, space, 0, MAP_WINDOW_64);
	pages_observe(f, space, 0, MAP_WINDOW_64);
	return 0;
}

/* Address spaces here are as large as the machine's page tables allow. */
static void set_task_size(const struct follower *f, struct umm_mm *mm)
{
	struct umm_layout layout = { .size = sizeof(layout) };

	umm_mm_get_layout(mm, &layout);
	layout.task_size = f->settings->task_size;
	layout.map_window = MAP_WINDOW_64;
	(void)umm_mm_set_layout(mm, &layout);	/* no areas yet: nothing to refuse */
}

int exec_new_space(struct follower *f, struct task *task)
{
	struct space *old = task->space, *space;
	struct umm_mm *mm;
	int err;

	if (old && old->mm)
		err = umm_exec(old->mm, &mm);
	else
		err = umm_mm_new(f->world, &mm);
	if (err)
		return err;
	set_task_size(f, mm);
	space = space_new(f, mm, task->tgid);
	if (!space) {
		umm_mm_put(mm);
		return -ENOMEM;
	}
	task_set_space(f, task, space);
	limits_read(task);
	limits_read_personality(task);
	space->randomized = f->settings->randomize &&
			    !(space->personality & UMM_ADDR_NO_RANDOMIZE);
	return 0;
}

int exec_import(struct follower *f, struct task *task)
{
	int fd = space_smaps_fd(task->space);
	int err = fd < 0 ? fd : procmaps_read(fd, &f->smaps);

	if (!err)
		err = import_layout(f, task);
	if (!err)
		err = import_areas(f, task->space);
	return err;
}
