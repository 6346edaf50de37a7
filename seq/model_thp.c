/*
 * model_thp.c - where only page tables tell whether memory gets a huge page.
 *
 * A read in memory that may have huge pages is answered with the huge zero page, and the area gets
 * an anon_vma; but only where nothing of those 2 MiB has been touched before, for what was leaves a
 * page table behind, also when the page is gone.  Areas do not tell that.  So it is remembered,
 * roughly, which 2 MiB were touched by anybody: what would read there in such an area is left out.
 */
#include <string.h>

#include "seq/model_inside.h"

#define HUGE_SHIFT 21
#define HUGE_PAGE (UINT64_C(1) << HUGE_SHIFT)
#define TOUCHED_BITS (64 * MODEL_TOUCHED_WORDS)
#define MANY_HUGE_PAGES 512

/* The bit of the huge page with this number; it stands for others too. */
static uint64_t bit_of(uint64_t nr)
{
	return nr % TOUCHED_BITS;
}

static void touch(struct seq_model *model, uint64_t addr, uint64_t len)
{
	uint64_t first = addr >> HUGE_SHIFT, last = (addr + len - 1) >> HUGE_SHIFT;

	if (!len || addr + len < addr)
		return;
	if (len > MANY_HUGE_PAGES * HUGE_PAGE) {
		memset(model->touched, 0xff, sizeof(model->touched));
		return;
	}
	/* By number: the address behind the last of all is 0. */
	for (uint64_t nr = first; nr <= last; nr++)
		model->touched[bit_of(nr) / 64] |= UINT64_C(1) << bit_of(nr) % 64;
}

static bool touched(const struct seq_model *model, uint64_t nr)
{
	return model->touched[bit_of(nr) / 64] & UINT64_C(1) << bit_of(nr) % 64;
}

/* Whatever the answer: what was refused half-way has touched what lies below. */
void model_touches(struct seq_model *model, const struct seq_step *step, const uint64_t *arg,
		   uint64_t fills, int64_t answer)
{
	switch (step->call) {
	case SEQ_READ:
	case SEQ_WRITE:
	case SEQ_STORE:
		touch(model, arg[0], 1);
		break;
	case SEQ_MINCORE:
		touch(model, arg[2], (arg[1] >> UMM_PAGE_SHIFT) + 1);
		break;
	case SEQ_MREMAP:		/* page tables move along */
		if (answer >= 0)
			touch(model, (uint64_t)answer, arg[2]);
		break;
	case SEQ_MADVISE:
		if (fills || arg[2] == UMM_MADV_GUARD_INSTALL)
			touch(model, arg[0], arg[1] + SEQ_PAGE);
		break;
	case SEQ_MLOCKALL:
		touch(model, 0, fills ? UINT64_MAX : 0);
		break;
	case SEQ_BRK:
		touch(model, arg[0] - fills, fills);
		break;
	case SEQ_MMAP:
	case SEQ_SHMAT:
		if (answer >= 0)
			touch(model, (uint64_t)answer, fills);
		break;
	case SEQ_MANY:
		touch(model, arg[0], fills);
		break;
	default:			/* a range */
		if (fills)
			touch(model, arg[0], arg[1] + SEQ_PAGE);
		break;
	}
}

/* Private memory that may have huge pages, and has no anon_vma yet. */
static bool may_be_huge(const struct seq_model *model, const struct umm_area *area)
{
	const uint64_t never = UMM_VM_SHARED | UMM_VM_NOHUGEPAGE | UMM_VM_HUGETLB;

	if (area->file || area->anon != UMM_ANON_NONE || (area->vm_flags & never) ||
	    model->settings.thp_enabled == UMM_THP_NEVER)
		return false;
	return model->settings.thp_enabled == UMM_THP_ALWAYS ||
	       (area->vm_flags & UMM_VM_HUGEPAGE);
}

/* Of [start, end), which may be one area or become one: a part of what is read. */
static bool has_touched(const struct seq_model *model, uint64_t start, uint64_t end, uint64_t from,
			uint64_t to)
{
	uint64_t nr = (start + HUGE_PAGE - 1) >> HUGE_SHIFT, stop = end >> HUGE_SHIFT;

	if (nr < from >> HUGE_SHIFT)
		nr = from >> HUGE_SHIFT;
	if (stop > ((to - 1) >> HUGE_SHIFT) + 1)
		stop = ((to - 1) >> HUGE_SHIFT) + 1;
	/* So many stand for all. */
	if (stop > nr + TOUCHED_BITS)
		stop = nr + TOUCHED_BITS;
	for (; nr < stop; nr++) {
		if (touched(model, nr))
			return true;
	}
	return false;
}

static bool reaches_huge(const struct seq_model *model, struct umm_mm *mm, uint64_t from,
			 uint64_t to)
{
	struct umm_area area = { .size = sizeof(area) };

	for (; umm_find_area(mm, from, &area) && area.start < to; from = area.end) {
		if (may_be_huge(model, &area))
			return true;
	}
	return false;
}

/* Areas that lie side by side may be joined before they are read. */
static bool reads_touched(const struct seq_model *model, struct umm_mm *mm, uint64_t from,
			  uint64_t len)
{
	struct umm_area area = { .size = sizeof(area) };
	uint64_t start = 0, end = 0, to = from + len;
	uint64_t at = from > SEQ_POOL_BYTES ? from - SEQ_POOL_BYTES : 0;

	if (to < from || !reaches_huge(model, mm, from, to))
		return false;
	for (; umm_find_area(mm, at, &area) && area.start < to + SEQ_POOL_BYTES; at = area.end) {
		if (!may_be_huge(model, &area))
			continue;
		if (area.start != end)
			start = area.start;
		end = area.end;
		if (end > from && has_touched(model, start, end, from, to))
			return true;
	}
	return false;
}

bool model_needs_page_tables(const struct seq_model *model, const struct seq_step *step,
			     const uint64_t *arg, uint64_t fills)
{
	struct umm_mm *mm = model->mm[step->process];

	if (!fills || model->settings.pages != UMM_PAGES_NONE)
		return false;
	switch (step->call) {
	case SEQ_READ:
		return reads_touched(model, mm, arg[0], 1);
	case SEQ_MLOCK:
	case SEQ_MLOCK2:
		return reads_touched(model, mm, arg[0] & ~(SEQ_PAGE - 1), arg[1] + SEQ_PAGE);
	case SEQ_MREMAP:		/* wherever it goes */
		return reaches_huge(model, mm, arg[0], arg[0] + arg[1] + 1);
	case SEQ_MADVISE:
		return reads_touched(model, mm, arg[0], arg[1]);
	case SEQ_MLOCKALL:
		return reads_touched(model, mm, 0, UINT64_C(1) << 47);
	default:
		return false;
	}
}
