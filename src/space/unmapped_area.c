/*
 * unmapped_area.c - where a mapping goes.
 *
 * Theory
 * ------
 * MAP_FIXED decides by itself.  A hint is taken if the range is free, as it is: nothing looks at
 * what lies below it.  Else the address space is searched, top-down from mmap_base for the highest
 * gap that has room (bottom-up from mmap_legacy_base in the legacy layout, or when nothing is left
 * below the base), and the mapping goes flush against the end of that gap.  A hint that was
 * refused leaves no trace.
 *
 * A stack keeps a guard gap below it.  The search finds gaps without it: it looks at the one area
 * above the gap it found, and if that is a stack it searches again below its guard gap.
 *
 * With five levels of page tables the upper part of user space, above map_window, is for those who
 * ask: a hint there opens it for the search, too.  No hint is taken across the border.
 *
 * Objects with huge pages ask for a gap that is wider by one of them and take the aligned part.
 */
#include "base/assert.h"
#include "base/err.h"
#include "space/unmapped_area.h"
#include "space/vma_tree.h"

#define MAP_32BIT_START	UINT64_C(0x40000000)
#define MAP_32BIT_END	UINT64_C(0x80000000)
#define SIZE_4G		(UINT64_C(1) << 32)
#define MIN_STACK_GAP	(UINT64_C(128) << 20)

/* What the gap search works with. */
struct vm_unmapped_area_info {
	uint64_t length;		/* bytes */
	umm_addr_t low_limit;		/* inclusive */
	umm_addr_t high_limit;		/* exclusive */
	uint64_t align_mask;		/* result & align_mask == 0 */
};

void arch_pick_mmap_layout(struct umm_layout *layout, uint64_t stack_limit, bool compat,
			   uint64_t pad, uint64_t random)
{
	uint64_t gap = stack_limit;

	/* An overflow leaves the limit as it is: unlimited. */
	if (gap + pad > gap)
		gap += pad;
	gap = max_u64(gap, MIN_STACK_GAP);
	gap = min_u64(gap, layout->map_window / 6 * 5);

	layout->mmap_legacy_base = page_align(layout->map_window / 3) + random;
	layout->mmap_base = compat ? layout->mmap_legacy_base
				   : page_align(layout->map_window - gap - random);
	layout->bottom_up = compat;
}

umm_addr_t vm_start_gap(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	uint64_t gap = 0;

	if (vma->vm_flags & VM_GROWSDOWN)
		gap = mm->world->settings.stack_guard_gap;
	else if (vma->vm_flags & VM_SHADOW_STACK)
		gap = PAGE_SIZE;
	return vma->vm_start - min_u64(gap, vma->vm_start);
}

static int64_t refuse_no_gap(struct mm_struct *mm, const struct vm_unmapped_area_info *info,
			     struct umm_why *why)
{
	uint64_t widest = why ? gap_widest(&mm->tree, info->low_limit, info->high_limit) : 0;

	return refuse4(why, WHY_NO_GAP, info->length + info->align_mask, widest, info->low_limit,
		       info->high_limit);
}

/* The highest address for @info. */
static int64_t unmapped_area_topdown(struct mm_struct *mm, const struct vm_unmapped_area_info *info,
				     struct umm_why *why)
{
	struct gap_search search = { info->length + info->align_mask, info->low_limit,
				     info->high_limit };
	struct gap gap;
	umm_addr_t addr;

	while (gap_search_topdown(&mm->tree, &search, &gap)) {
		if (gap.above && vm_start_gap(mm, gap.above) < gap.end) {
			search.high_limit = vm_start_gap(mm, gap.above);
			note(why, NOTE_GAP_GUARD, gap.above->vm_start, gap.above->vm_end,
			     search.high_limit, 0);
			continue;
		}
		addr = (gap.end - info->length) & ~info->align_mask;
		note(why, NOTE_GAP_TOPDOWN, addr, gap.start, gap.end, 0);
		return (int64_t)addr;
	}
	return refuse_no_gap(mm, info, why);
}

/* The lowest address for @info. */
static int64_t unmapped_area(struct mm_struct *mm, const struct vm_unmapped_area_info *info,
			     struct umm_why *why)
{
	struct gap_search search = { info->length + info->align_mask, info->low_limit,
				     info->high_limit };
	struct gap gap;
	umm_addr_t addr;

	while (gap_search_bottomup(&mm->tree, &search, &gap)) {
		addr = (gap.start + info->align_mask) & ~info->align_mask;
		if (gap.above && vm_start_gap(mm, gap.above) < gap.above->vm_start &&
		    vm_start_gap(mm, gap.above) < addr + search.length - 1) {
			note(why, NOTE_GAP_GUARD, gap.above->vm_start, gap.above->vm_end,
			     gap.above->vm_end, 0);
			search.low_limit = gap.above->vm_end;
			continue;
		}
		note(why, NOTE_GAP_BOTTOMUP, addr, gap.start, gap.end, 0);
		return (int64_t)addr;
	}
	return refuse_no_gap(mm, info, why);
}

/* Search upwards or downwards in the limits, none of which lies below the minimum address. */
static int64_t vm_unmapped_area(struct mm_struct *mm, struct vm_unmapped_area_info *info,
				bool topdown, struct umm_why *why)
{
	info->low_limit = max_u64(info->low_limit, mm->world->settings.hint_min_addr);
	if (info->length + info->align_mask < info->length)
		return refuse4(why, WHY_NO_GAP, info->length, 0, info->low_limit,
			       info->high_limit);
	return topdown ? unmapped_area_topdown(mm, info, why) : unmapped_area(mm, info, why);
}

/* What a search for @req may use: the part above the window only if the hint lies there. */
static umm_addr_t search_end(const struct mm_struct *mm, const struct unmapped_area_request *req)
{
	return req->addr > mm->layout.map_window ? mm->layout.task_size : mm->layout.map_window;
}

/* Is the hint free?  Only what lies at and above it counts. */
static bool hint_fits(struct mm_struct *mm, umm_addr_t addr, uint64_t len, umm_addr_t end,
		      struct umm_why *why)
{
	const struct vm_area_struct *vma;

	if (end - len < addr) {
		note(why, NOTE_HINT_TOO_HIGH, addr, end, 0, 0);
		return false;
	}
	vma = find_vma(&mm->tree, addr);
	if (vma && addr + len > vm_start_gap(mm, vma)) {
		note(why, NOTE_HINT_BUSY, addr, vma->vm_start, vma->vm_end, 0);
		return false;
	}
	note(why, NOTE_ADDR_HINT, addr, 0, 0, 0);
	return true;
}

/* Not across the end of the window. */
static bool hint_within_one_part(const struct mm_struct *mm, umm_addr_t addr, uint64_t len,
				 struct umm_why *why)
{
	umm_addr_t window = mm->layout.map_window;

	if ((addr > window) == (addr + len > window) || mm->layout.task_size - len < addr)
		return true;
	note(why, NOTE_HINT_TOO_HIGH, addr, window, 0, 0);
	return false;
}

static int64_t arch_get_unmapped_area(struct mm_struct *mm,
				      const struct unmapped_area_request *req, uint64_t align_mask,
				      struct umm_why *why)
{
	struct vm_unmapped_area_info info = {
		.length = req->len, .align_mask = align_mask,
		.low_limit = mm->layout.mmap_legacy_base, .high_limit = search_end(mm, req),
	};
	umm_addr_t hint = (req->addr + PAGE_SIZE - 1) & PAGE_MASK;

	if (req->flags & UMM_MAP_32BIT) {
		info.low_limit = MAP_32BIT_START;
		info.high_limit = MAP_32BIT_END;
	}
	if (req->len > info.high_limit)
		return refuse(why, WHY_LENGTH_TASK_SIZE, req->len, info.high_limit);
	hint = (hint + align_mask) & ~align_mask;
	if (hint && hint_fits(mm, hint, req->len, info.high_limit, why))
		return (int64_t)hint;
	return vm_unmapped_area(mm, &info, false, why);
}

static int64_t arch_get_unmapped_area_topdown(struct mm_struct *mm,
					      const struct unmapped_area_request *req,
					      uint64_t align_mask, struct umm_why *why)
{
	struct vm_unmapped_area_info info = {
		.length = req->len, .align_mask = align_mask,
		.low_limit = PAGE_SIZE, .high_limit = mm->layout.mmap_base,
	};
	umm_addr_t hint = (req->addr + align_mask) & ~align_mask & PAGE_MASK;
	struct umm_why_entry *mark = why_mark(why);
	int64_t addr;

	if (req->flags & UMM_MAP_32BIT)
		return arch_get_unmapped_area(mm, req, align_mask, why);
	if (hint && hint_within_one_part(mm, hint, req->len, why) &&
	    hint_fits(mm, hint, req->len, mm->layout.task_size, why))
		return (int64_t)hint;
	info.high_limit += search_end(mm, req) - mm->layout.map_window;

	if ((req->flags & UMM_MAP_ABOVE4G) && rule(mm->world, RULE_MAP_ABOVE4G))
		info.low_limit = SIZE_4G;
	addr = vm_unmapped_area(mm, &info, true, why);
	if (!IS_ERR_VALUE(addr))
		return addr;

	why_retract(why, mark);
	note(why, NOTE_GAP_FALLBACK, mm->layout.mmap_base, mm->layout.mmap_legacy_base, 0, 0);
	return arch_get_unmapped_area(mm, req, align_mask, why);
}

int64_t mm_get_unmapped_area(struct mm_struct *mm, const struct unmapped_area_request *req,
			     uint64_t align_mask, struct umm_why *why)
{
	if (req->len > mm->layout.task_size)
		return refuse(why, WHY_LENGTH_TASK_SIZE, req->len, mm->layout.task_size);
	if (req->flags & UMM_MAP_FIXED) {
		note(why, NOTE_ADDR_FIXED, req->addr, 0, 0, 0);
		return (int64_t)req->addr;
	}
	if (mm->layout.bottom_up)
		return arch_get_unmapped_area(mm, req, align_mask, why);
	return arch_get_unmapped_area_topdown(mm, req, align_mask, why);
}

/*
 * The part of a padded gap at which a file's huge pages fall on huge addresses; 0: do not bother.
 */
static umm_addr_t thp_padded(struct mm_struct *mm, const struct unmapped_area_request *req,
			     uint64_t offset, struct umm_why *why)
{
	struct unmapped_area_request padded = *req;
	uint64_t end = offset + req->len;
	uint64_t first = (offset + PMD_SIZE - 1) & ~(PMD_SIZE - 1);
	struct umm_why_entry *mark = why_mark(why);
	umm_addr_t addr, aligned;
	int64_t found;

	/*
	 * Signed, as in Linux: rounding an offset in the last 2 MiB below 2^63 up gives a negative
	 * number, and the search is padded although there is no huge page to align.
	 */
	if ((int64_t)end <= (int64_t)first || end - first < PMD_SIZE)
		return 0;
	padded.len = req->len + PMD_SIZE;
	if (padded.len < req->len || offset + padded.len < offset)
		return 0;
	found = mm_get_unmapped_area(mm, &padded, 0, why);
	if (IS_ERR_VALUE(found)) {
		why_retract(why, mark);
		return 0;
	}
	addr = (umm_addr_t)found;
	if (addr == req->addr)		/* the hint, or MAP_FIXED */
		return addr;
	aligned = addr + ((offset - addr) & (PMD_SIZE - 1));
	if (aligned == addr && !mm->layout.bottom_up && rule(mm->world, RULE_THP_ALIGN_SHIFT))
		aligned += PMD_SIZE;
	note(why, NOTE_THP_ALIGNED, aligned, PMD_SIZE, 0, 0);
	return aligned;
}

int64_t thp_get_unmapped_area(struct mm_struct *mm, const struct file *file,
			      const struct unmapped_area_request *req, struct umm_why *why)
{
	umm_addr_t addr = thp_padded(mm, req, file ? req->pgoff << PAGE_SHIFT : 0, why);

	if (addr)
		return (int64_t)addr;
	return mm_get_unmapped_area(mm, req, 0, why);
}

/* Is it anonymous memory that Linux places for huge pages without being asked? */
static bool wants_thp(const struct mm_struct *mm, const struct unmapped_area_request *req)
{
	const struct world *world = mm->world;

	if (!world->settings.thp_configured || !rule(world, RULE_ANON_THP_ALIGN))
		return false;
	if (req->addr || (req->flags & UMM_MAP_SHARED))
		return false;
	if (rule(world, RULE_ANON_THP_ALIGN_MULTIPLE))
		return req->len % PMD_SIZE == 0;
	return req->len >= PMD_SIZE;
}

int64_t get_unmapped_area(struct mm_struct *mm, const struct file *file,
			  const struct unmapped_area_request *req, struct umm_why *why)
{
	uint64_t task_size = mm->layout.task_size;
	int64_t found;
	umm_addr_t addr;
	long err;

	mm_assert_debug(req->len > 0 && page_aligned(req->len));

	err = check(why, req->len <= task_size, WHY_LENGTH_TASK_SIZE, req->len, task_size);
	if (err)
		return err;
	if (file && file->f_op->get_unmapped_area)
		found = file->f_op->get_unmapped_area(mm, file, req, why);
	else if (!file && wants_thp(mm, req))
		found = thp_get_unmapped_area(mm, NULL, req, why);
	else
		found = mm_get_unmapped_area(mm, req, 0, why);
	if (IS_ERR_VALUE(found))
		return found;

	addr = (umm_addr_t)found;
	if (addr > task_size - req->len)
		return refuse4(why, WHY_ADDR_TOO_HIGH, addr, req->len, task_size - req->len, 0);
	if (unlikely(!page_aligned(addr)))
		return refuse(why, WHY_ADDR_UNALIGNED, addr, PAGE_SIZE);
	if (req->flags & UMM_MAP_FIXED)		/* else it is no merit */
		passed(why, WHY_ADDR_UNALIGNED, addr, PAGE_SIZE);
	if (!capable(mm, UMM_CAP_SYS_RAWIO)) {
		err = check(why, addr >= mm->world->settings.mmap_min_addr, WHY_MMAP_MIN_ADDR, addr,
			    mm->world->settings.mmap_min_addr);
		if (err)
			return err;
	}
	return found;
}
