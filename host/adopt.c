#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/files.h"
#include "host/orders.h"
#include "host/pages.h"
#include "host/pagemap.h"
#include "host/samples.h"
#include "host/task.h"

void adopt_count(struct follower *f, struct task *task, const struct follow_call *call,
		 const char *reason, const char *detail)
{
	struct follow_summary *summary = f->summary;
	struct follow_adopted adopted = { .reason = reason, .detail = detail };
	size_t i;

	if (f->supposing)
		return;
	summary->adopted++;
	for (i = 0; i < summary->nr_adopted_by; i++)
		if (strcmp(summary->adopted_by[i].reason, reason) == 0)
			break;
	if (i == FOLLOW_ADOPTED_MAX)
		i--;			/* what is too many goes to the last one's account */
	else if (i == summary->nr_adopted_by)
		summary->adopted_by[summary->nr_adopted_by++].reason = reason;
	summary->adopted_by[i].count++;
	if (f->sink->adopted)
		f->sink->adopted(f->sink->ctx, task ? task->tgid : 0, call, &adopted);
}

const char *adopt_device_reason(const char *path)
{
	static struct interned {
		struct interned *next;
		char text[];
	} *all;
	struct interned *one;
	size_t len = strlen(path);

	if (strncmp(path, "socket:[", strlen("socket:[")) == 0)
		len = strlen("socket");		/* one reason for all of them */
	for (one = all; one; one = one->next)
		if (strncmp(one->text + strlen("device:"), path, len) == 0 &&
		    one->text[strlen("device:") + len] == '\0')
			return one->text;
	one = malloc(sizeof(*one) + strlen("device:") + len + 1);
	if (!one)
		return "device:?";
	sprintf(one->text, "device:%.*s", (int)len, path);
	one->next = all;
	all = one;
	return one->text;
}

/* Widen [*start, *end) to the whole of the kernel's areas that touch it. */
static void widen(const struct proc_areas *kernel, uint64_t *start, uint64_t *end)
{
	uint64_t low = *start, high = *end;

	for (size_t i = 0; i < kernel->nr; i++) {
		const struct proc_area *area = &kernel->area[i];

		if (area->end < *start || area->start > *end)
			continue;
		if (area->start < low)
			low = area->start;
		if (area->end > high)
			high = area->end;
	}
	*start = low;
	*end = high;
}

static void put_areas(struct umm_area *areas, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (areas[i].file)
			umm_file_put(areas[i].file);
	free(areas);
}

/* f->smaps in [start, end) as the model's areas; each with a reference to its file. */
static int gather(struct follower *f, struct umm_mm *mm, uint64_t start, uint64_t end,
		  struct umm_area **out, size_t *nr)
{
	struct umm_area *areas = calloc(f->smaps.nr + 1, sizeof(*areas));

	*nr = 0;
	*out = areas;
	if (!areas)
		return -ENOMEM;
	for (size_t i = 0; i < f->smaps.nr; i++) {
		const struct proc_area *kernel = &f->smaps.area[i];
		int err;

		if (kernel->end <= start || kernel->start >= end)
			continue;
		err = files_area_from_kernel(f, mm, kernel, &areas[*nr]);
		if (err)
			return err;
		(*nr)++;
	}
	return 0;
}

static bool adopt_guards_of(struct space *space, int fd, const struct umm_area *area)
{
	uint64_t first, past;

	if (umm_adopt_guards(space->mm, area->start, area->end, false))
		return false;
	for (uint64_t at = area->start; at < area->end &&
	     pagemap_next_guards(fd, at, area->end, &first, &past) > 0; at = past)
		if (umm_adopt_guards(space->mm, first, past, true))
			return false;
	return true;
}

void adopt_guards(struct follower *f, struct space *space, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };
	int fd;

	for (uint64_t at = start; umm_find_area(space->mm, at, &area) && area.start < end;
	     at = area.end) {
		if (!(area.vm_flags & UMM_VM_MAYBE_GUARD))
			continue;
		fd = space_pagemap_fd(space);
		if (fd >= 0 && !adopt_guards_of(space, fd, &area))
			f->no_memory = true;
	}
}

int adopt_areas(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		uint64_t moved_from)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	int fd = space_smaps_fd(space);
	uint64_t asked = start;
	struct umm_area *areas;
	size_t nr;
	int err = fd < 0 ? fd : procmaps_read(fd, &f->smaps);

	if (err)
		return err;
	/* Everything is more than there is, with four levels of page tables. */
	umm_mm_get_layout(space->mm, &layout);
	if (end > layout.task_size)
		end = layout.task_size;
	widen(&f->smaps, &start, &end);
	if (moved_from)
		moved_from -= asked - start;
	err = gather(f, space->mm, start, end, &areas, &nr);
	if (!err)
		err = umm_adopt_range(space->mm, start, end, areas, nr, moved_from);
	put_areas(areas, nr);
	if (err == -UMM_ENOMEM)
		f->no_memory = true;
	if (!err) {
		adopt_anon(f, space, start, end, ADOPT_ANON_ALL);
		adopt_guards(f, space, start, end);
		pages_observe(f, space, start, end);
	}
	space->uffds_looked_for = false;
	return err;
}

void adopt_everything(struct follower *f, struct task *task)
{
	if (adopt_areas(f, task->space, 0, TASK_SIZE_64, 0) != 0)
		follower_warn(f, "cannot read the areas of process %d again", (int)task->tgid);
}

static bool may_gain_anon(const struct umm_area *area, enum adopt_anon_which which)
{
	if (area->anon == UMM_ANON_OWN || area->anon == UMM_ANON_INHERITED)
		return false;
	if (area->vm_flags & (UMM_VM_MAYSHARE | UMM_VM_PFNMAP | UMM_VM_HUGETLB | UMM_VM_IO))
		return false;
	return which != ADOPT_ANON_WRITABLE || area->anon == UMM_ANON_UNKNOWN ||
	       (area->vm_flags & UMM_VM_WRITE);
}

/*
 * A thread that runs may have written to it since the rings were read: then its sample is there.
 * Or that was seen to begin, and is through now.
 */
static bool was_reported(struct follower *f, struct space *space, const struct umm_area *area)
{
	struct umm_area now = { .size = sizeof(now) };

	if (space->nr_tasks == 1 || !f->faults)
		return false;
	if (f->supposing)
		return orders_is_open(space, area->start, area->end);
	samples_apply(f);
	orders_fault_done(f, space, area->start, area->end);
	return umm_find_area(space->mm, area->start, &now) && now.start <= area->start &&
	       (now.anon == UMM_ANON_OWN || now.anon == UMM_ANON_INHERITED);
}

/* By what smaps counts, of the areas in [start, end). */
static int has_anon_by_smaps(struct space *space, uint64_t start, uint64_t end)
{
	struct proc_areas areas = { 0 };
	int fd = space_smaps_fd(space);
	int has = fd < 0 ? fd : procmaps_read(fd, &areas);

	for (size_t i = 0; has == 0 && i < areas.nr; i++)
		has = areas.area[i].start < end && areas.area[i].end > start &&
		      areas.area[i].anon_kib;
	proc_areas_free(&areas);
	return has;
}

unsigned int adopt_anon(struct follower *f, struct space *space, uint64_t start, uint64_t end,
			enum adopt_anon_which which)
{
	struct umm_area area = { .size = sizeof(area) };
	unsigned int learnt = 0;

	/* A call that is done again has been observed; the pages tell of what came since. */
	if (f->branching)
		return 0;
	for (uint64_t at = start ? start - 1 : 0; umm_find_area(space->mm, at, &area) &&
	     area.start <= end; at = area.end) {
		int fd, has;

		if (!may_gain_anon(&area, which))
			continue;
		fd = space_pagemap_fd(space);
		has = fd < 0 ? fd : pagemap_has_anon(fd, area.start, area.end);
		if (has == -E2BIG)
			has = has_anon_by_smaps(space, area.start, area.end);
		/* Guard pages in anonymous memory came with an anon_vma. */
		if (!has && area.anon == UMM_ANON_UNKNOWN && !area.file &&
		    (area.vm_flags & UMM_VM_MAYBE_GUARD))
			has = 1;
		if (has < 0 || (!has && area.anon == UMM_ANON_NONE))
			continue;
		if (has && was_reported(f, space, &area))
			continue;
		if (umm_area_set_anon(space->mm, area.start,
				      has ? UMM_ANON_OWN : UMM_ANON_NONE) == -UMM_ENOMEM)
			f->no_memory = true;
		if (space->base)
			(void)umm_area_set_anon(space->base, area.start,
						has ? UMM_ANON_OWN : UMM_ANON_NONE);
		learnt += has > 0;
		if (has && which != ADOPT_ANON_EXEC)
			samples_note_doubt(space, area.start, DOUBT_SCANNED);
	}
	return learnt;
}

/* The first area of the kernel's that ends above @addr, whatever the kernel's age. */
static bool area_above(struct follower *f, int fd, uint64_t addr, struct proc_area *area)
{
	int got = procmaps_query(fd, addr, area, NULL);

	if (got != -ENOTTY)
		return got > 0;
	if (procmaps_read(fd, &f->areas) != 0)
		return false;
	for (size_t i = 0; i < f->areas.nr; i++) {
		if (f->areas.area[i].end <= addr)
			continue;
		*area = f->areas.area[i];
		return true;
	}
	return false;
}

unsigned int adopt_growth(struct follower *f, struct space *space)
{
	struct umm_area area = { .size = sizeof(area) };
	int fd = space_maps_fd(space);
	unsigned int learnt = 0;

	for (uint64_t at = 0; fd >= 0 && umm_find_area(space->mm, at, &area); at = area.end) {
		struct proc_area kernel;

		if (!(area.vm_flags & UMM_VM_GROWSDOWN) ||
		    !area_above(f, fd, area.end - 1, &kernel) || kernel.start >= area.start)
			continue;
		/* It was a fault, and left a page. */
		if (umm_fault(space->mm, kernel.start, UMM_ACCESS_READ, NULL) == -UMM_ENOMEM)
			f->no_memory = true;
		learnt++;
	}
	return learnt;
}
