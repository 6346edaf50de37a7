/*
 * model_fill.c - what must not be executed for what it would do to the machine, or to us.
 *
 * Real memory: what a sequence makes the kernel fill is counted and bounded.  Counted is what a
 * call could fill at most, whatever is there already, so that the count needs no page tables.
 *
 * Waiting: whoever touches memory that is watched by a userfaultfd, or makes the kernel touch it,
 * waits for its reader, and there is none.
 */
#include "seq/model_inside.h"

#define WATCHED (UMM_VM_UFFD_MISSING | UMM_VM_UFFD_MINOR)
#define HUGE_PAGE (UINT64_C(2) << 20)
#define WAITS UINT64_MAX

/* What of an address space a call reaches. */
struct reach {
	uint64_t bytes;			/* mapped */
	uint64_t locked;		/* of areas that are locked */
	uint64_t droppable;
	bool watched;
};

static struct reach reach_of(struct umm_mm *mm, uint64_t addr, uint64_t len)
{
	uint64_t start = addr & ~(SEQ_PAGE - 1), end = addr + len + SEQ_PAGE - 1;
	struct umm_area area = { .size = sizeof(area) };
	struct reach reach = { 0 };

	if (addr + len < addr || end < addr)
		return reach;			/* refused */
	end &= ~(SEQ_PAGE - 1);
	/* An area that grows down to what is touched takes its watch along. */
	if (umm_find_area(mm, start, &area) && area.start > start &&
	    (area.vm_flags & UMM_VM_GROWSDOWN) && (area.vm_flags & WATCHED))
		reach.watched = true;
	while (start < end && umm_find_area(mm, start, &area) && area.start < end) {
		uint64_t from = area.start > start ? area.start : start;
		uint64_t to = area.end < end ? area.end : end;

		reach.bytes += to - from;
		if (area.vm_flags & UMM_VM_LOCKED)
			reach.locked += to - from;
		if (area.vm_flags & UMM_VM_DROPPABLE)
			reach.droppable += to - from;
		if (area.vm_flags & WATCHED)
			reach.watched = true;
		start = area.end;
	}
	return reach;
}

static bool locks_future(struct seq_model *model, unsigned int process)
{
	return model->locks_future & (1u << process);
}

static uint64_t fills_of(const struct reach *reach, uint64_t bytes)
{
	return reach->watched ? WAITS : bytes;
}

/* MAP_POPULATE, MAP_LOCKED, or everything is locked from now on. */
static uint64_t mmap_fills(struct seq_model *model, unsigned int process, const uint64_t *arg)
{
	if (locks_future(model, process) || (arg[3] & (UMM_MAP_POPULATE | UMM_MAP_LOCKED)))
		return arg[1];
	return 0;
}

static uint64_t brk_fills(struct seq_model *model, unsigned int process, const uint64_t *arg)
{
	struct umm_layout layout = { .size = sizeof(layout) };

	if (!locks_future(model, process))
		return 0;
	umm_mm_get_layout(model->mm[process], &layout);
	return arg[0] > layout.brk && arg[0] < layout.task_size ? arg[0] - layout.brk : 0;
}

/* What a locked area grows by; a watched one is watched where it grows too. */
static uint64_t mremap_fills(struct umm_mm *mm, const uint64_t *arg)
{
	struct reach reach = reach_of(mm, arg[0], arg[1] ? arg[1] : 1);

	if (!reach.locked || arg[2] <= arg[1])
		return 0;
	return fills_of(&reach, arg[2] - arg[1]);
}

/* Locked memory that becomes writable is filled anew. */
static uint64_t mprotect_fills(struct umm_mm *mm, const uint64_t *arg)
{
	struct reach reach;

	if (!(arg[2] & UMM_PROT_WRITE))
		return 0;
	reach = reach_of(mm, arg[0], arg[1]);
	return reach.locked ? fills_of(&reach, reach.locked) : 0;
}

static uint64_t range_fills(struct umm_mm *mm, uint64_t addr, uint64_t len)
{
	struct reach reach = reach_of(mm, addr, len);

	return fills_of(&reach, reach.bytes);
}

/* Whole pages, by an addition that may wrap around: a huge length can be a page. */
static uint64_t mlock_fills(struct umm_mm *mm, const uint64_t *arg)
{
	uint64_t within = arg[0] % SEQ_PAGE;

	return range_fills(mm, arg[0] - within,
			   (arg[1] + within + SEQ_PAGE - 1) & ~(SEQ_PAGE - 1));
}

/* Droppable memory is never locked, so it is filled at once also where locks wait for a fault. */
static uint64_t mlockall_fills(struct umm_mm *mm, const uint64_t *arg)
{
	struct reach reach = reach_of(mm, 0, UINT64_C(1) << 47);

	if (!(arg[0] & UMM_MCL_CURRENT))
		return 0;
	return fills_of(&reach, arg[0] & UMM_MCL_ONFAULT ? reach.droppable : reach.bytes);
}

static uint64_t madvise_fills(struct umm_mm *mm, const uint64_t *arg)
{
	switch (arg[2]) {
	case UMM_MADV_POPULATE_READ:
	case UMM_MADV_POPULATE_WRITE:
		return range_fills(mm, arg[0], arg[1]);
	case UMM_MADV_GUARD_INSTALL:
		/* An entry in the page tables for each page, and the time that this takes. */
		return reach_of(mm, arg[0], arg[1]).bytes / 8;
	default:
		return 0;
	}
}

static uint64_t mincore_fills(struct umm_mm *mm, const uint64_t *arg)
{
	uint64_t bytes = (arg[1] >> UMM_PAGE_SHIFT) + 1;
	struct reach reach = reach_of(mm, arg[2], bytes);

	return fills_of(&reach, reach.bytes < bytes ? reach.bytes : bytes);
}

static uint64_t shmat_fills(struct seq_model *model, unsigned int process, const uint64_t *arg)
{
	struct umm_shm shm = { .size = sizeof(shm) };

	if (!locks_future(model, process) ||
	    umm_shm_stat(model->world, (int32_t)arg[0], &shm))
		return 0;
	return shm.bytes;
}

/* A huge page, where one fits around it. */
static uint64_t access_fills(struct umm_mm *mm, const uint64_t *arg)
{
	uint64_t huge = arg[0] & ~(HUGE_PAGE - 1);
	struct umm_area area = { .size = sizeof(area) };

	if (!umm_find_area(mm, arg[0], &area))
		return 0;
	if (area.vm_flags & WATCHED)
		return WAITS;
	return area.start <= huge && huge + HUGE_PAGE <= area.end ? HUGE_PAGE : SEQ_PAGE;
}

uint64_t model_fills(struct seq_model *model, const struct seq_step *step, const uint64_t *arg)
{
	unsigned int process = step->process;
	struct umm_mm *mm = model->mm[process];

	switch (step->call) {
	case SEQ_MMAP:
		return mmap_fills(model, process, arg);
	case SEQ_MANY:
		return locks_future(model, process) ? arg[1] * SEQ_PAGE : 0;
	case SEQ_BRK:
		return brk_fills(model, process, arg);
	case SEQ_MREMAP:
		return mremap_fills(mm, arg);
	case SEQ_MPROTECT:
	case SEQ_PKEY_MPROTECT:
		return mprotect_fills(mm, arg);
	case SEQ_REMAP_FILE_PAGES:
		return range_fills(mm, arg[0], arg[1]);		/* as MAP_POPULATE does */
	case SEQ_MLOCK:
	case SEQ_MLOCK2:
		return mlock_fills(mm, arg);
	case SEQ_MLOCKALL:
		return mlockall_fills(mm, arg);
	case SEQ_MADVISE:
		return madvise_fills(mm, arg);
	case SEQ_MINCORE:
		return mincore_fills(mm, arg);
	case SEQ_SHMAT:
		return shmat_fills(model, process, arg);
	case SEQ_READ:
	case SEQ_WRITE:
	case SEQ_STORE:
		return access_fills(mm, arg);
	default:
		return 0;
	}
}

/* Huge pages that nobody promised: whether one is free is the machine's to say. */
static bool may_find_huge_page(struct seq_model *model, struct umm_mm *mm, uint64_t addr)
{
	const uint64_t flags = UMM_VM_HUGETLB | UMM_VM_NORESERVE;
	struct umm_area area = { .size = sizeof(area) };

	if (!umm_find_area(mm, addr, &area) || (area.vm_flags & flags) != flags)
		return false;
	for (int i = 0; i < UMM_HUGE_SIZES; i++) {
		if (model->settings.huge[i].free_pages)
			return true;
	}
	return false;
}

/*
 * Which node a page is on is not modelled: with MPOL_MF_STRICT the answer is known only where a
 * page could not be on a wrong one.  MPOL_LOCAL, and MPOL_PREFERRED without a node, call each page
 * wrong.
 */
static bool mbind_cannot_know(const struct seq_model *model, const uint64_t *arg)
{
	const struct umm_settings *settings = &model->settings;

	return (arg[4] & UMM_MPOL_MF_STRICT) && (settings->memory_nodes & ~arg[3]);
}

bool model_cannot_know(struct seq_model *model, const struct seq_step *step, const uint64_t *arg)
{
	struct umm_mm *mm = model->mm[step->process];

	switch (step->call) {
	case SEQ_MMAP:
		return (arg[3] & UMM_MAP_32BIT) && !model->fixed_32bit;
	case SEQ_USERFAULTFD:
		return model->no_userfaultfd;
	case SEQ_SHMCTL:
		return arg[1] == UMM_SHM_LOCK && model->counts_locked;
	case SEQ_MBIND:
		return mbind_cannot_know(model, arg);
	case SEQ_MADVISE:
		return umm_madvise_depends(mm, arg[0], arg[1], (int)arg[2]);
	case SEQ_PROCESS_MADVISE:
		return umm_madvise_depends(model->mm[arg[0]], arg[1], arg[2], (int)arg[3]);
	case SEQ_READ:
	case SEQ_WRITE:
	case SEQ_STORE:
		return may_find_huge_page(model, mm, arg[0]);
	case SEQ_PAGES:
	case SEQ_SMAPS:
		return model->settings.pages != UMM_PAGES_CONTENTS || !model->pages_seen;
	default:
		return false;
	}
}
