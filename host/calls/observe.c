#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/files.h"
#include "host/limits.h"
#include "host/orders.h"
#include "host/settings.h"

/* So many areas below the limit nothing that one call does can reach it. */
#define MAP_COUNT_MARGIN 8

static void set_world(struct follower *f)
{
	if (umm_world_set(f->world, &f->settings->umm) != 0)
		f->no_memory = true;
}

void observe_settings(struct follower *f, struct task *task, bool big)
{
	struct umm_mm_stats stats;

	limits_ensure(task);
	umm_mm_stats(task->space->mm, &stats);
	if (stats.map_count + MAP_COUNT_MARGIN >= f->settings->umm.max_map_count &&
	    settings_refresh_map_count(f->settings))
		set_world(f);
	if ((big || f->settings->umm.overcommit_memory == 2) &&
	    settings_refresh_memory(f->settings, f->world))
		set_world(f);
}

void observe_anon(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	f->summary->observed += adopt_anon(f, task->space, start, end, ADOPT_ANON_WRITABLE);
	orders_hold(f, task, start, end);
}

static bool has_huge_areas(struct space *space, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };

	for (uint64_t at = start; umm_find_area(space->mm, at, &area) && area.start < end;
	     at = area.end)
		if (area.vm_flags & UMM_VM_HUGETLB)
			return true;
	return false;
}

void observe_contents(struct follower *f, struct task *task, struct space *space, uint64_t start,
		      uint64_t end)
{
	files_observe(f, space, start, end);
	if (has_huge_areas(space, start, end))
		observe_settings(f, task, true);
}

void observe_range(struct call *call, uint64_t addr, uint64_t len)
{
	addr = page_down(addr);
	call->start = addr < TASK_SIZE_64 ? addr : TASK_SIZE_64;
	len = len < TASK_SIZE_64 ? page_up(len) : TASK_SIZE_64;
	call->end = TASK_SIZE_64 - call->start < len ? TASK_SIZE_64 : call->start + len;
}

/* An area that is only cut lives on, and what is known of it. */
void observe_what_goes(struct task *task)
{
	struct umm_area area = { .size = sizeof(area) };
	struct call *call = &task->call;
	uint64_t start = call->start, end = call->end;

	if (start >= end)
		return;
	if (umm_find_area(task->space->mm, start, &area) && area.start < start)
		start = area.end;
	if (umm_find_area(task->space->mm, end - 1, &area) && area.start < end && area.end > end)
		end = area.start;
	call->gone_start = start;
	call->gone_end = end;
}
