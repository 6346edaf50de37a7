/*
 * madvise_contents.c - advice about what an area holds: given back, read ahead, made huge, guarded.
 *
 * What counts is which areas such advice is for; where the world has pages, what becomes of them.
 */
#include "base/assert.h"
#include "calls/madvise_vma.h"
#include "fault/huge_memory.h"
#include "object/page_cache.h"
#include "rmap/huge_pmd.h"
#include "rmap/zap.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/vma_lock.h"

static bool is_discard(int behavior)
{
	switch (behavior) {
	case UMM_MADV_FREE: case UMM_MADV_DONTNEED: case UMM_MADV_DONTNEED_LOCKED:
	case UMM_MADV_REMOVE: case UMM_MADV_DONTFORK: case UMM_MADV_WIPEONFORK:
	case UMM_MADV_GUARD_INSTALL:
		return true;
	default:
		return false;
	}
}

/* Who may write may as well discard; what cannot be written is what the seal protects. */
long can_madvise_modify(const struct madvise_state *st, const struct vm_area_struct *vma)
{
	bool protected = (vma->vm_flags & VM_SEALED) && vma_is_anonymous(vma) &&
			 !(vma->vm_flags & VM_WRITE);

	if (!is_discard(st->behavior) || !rule(st->mm->world, RULE_MADV_SEALED))
		return 0;
	return check(st->why, !protected, WHY_MADVISE_SEALED, vma->vm_start, vma->vm_end);
}

/* Areas with one of @forbidden do not suit. */
static long check_area(const struct madvise_state *st, const struct vm_area_struct *vma,
		       vm_flags_t forbidden)
{
	vm_flags_t flags = vma->vm_flags;

	if (flags & forbidden & VM_LOCKED)
		return refuse4(st->why, WHY_MADVISE_LOCKED, vma->vm_start, vma->vm_end, flags, 0);
	if (flags & forbidden)
		return refuse4(st->why, WHY_MADVISE_AREA, vma->vm_start, vma->vm_end, flags,
			       forbidden);
	if (forbidden & VM_LOCKED)
		passed(st->why, WHY_MADVISE_LOCKED, vma->vm_start, vma->vm_end);
	passed(st->why, WHY_MADVISE_AREA, vma->vm_start, vma->vm_end);
	return 0;
}

static long madvise_free(const struct madvise_state *st, const struct vm_area_struct *vma)
{
	long err = check_area(st, vma, VM_LOCKED | VM_PFNMAP | VM_HUGETLB);

	if (err)
		return err;
	return check(st->why, vma_is_anonymous(vma), WHY_MADVISE_FREE_FILE, vma->vm_start,
		     vma->vm_end);
}

static long madvise_dontneed(const struct madvise_state *st, const struct vm_area_struct *vma,
			     umm_addr_t start)
{
	vm_flags_t forbidden = VM_PFNMAP;
	uint64_t huge;

	if (vma->vm_flags & VM_HUGETLB) {	/* its end is rounded down: contents are spared */
		huge = vma->vm_file ? file_page_size(vma->vm_file) : PAGE_SIZE;
		return check(st->why, start % huge == 0, WHY_MADVISE_HUGETLB_START, start, huge);
	}
	if (st->behavior == UMM_MADV_DONTNEED)
		forbidden |= VM_LOCKED;
	return check_area(st, vma, forbidden);
}

/* Offsets of files are signed: an area of /dev/zero can show what none has. */
static long check_hole(const struct madvise_state *st, const struct vm_area_struct *vma,
		       umm_addr_t start, umm_addr_t end)
{
	const uint64_t limit = (uint64_t)INT64_MAX;
	uint64_t offset = start - vma->vm_start + (vma->vm_pgoff << PAGE_SHIFT), len = end - start;
	long err = check(st->why, offset <= limit, WHY_MADVISE_REMOVE_OFFSET, offset, limit);

	if (err)
		return err;
	return check(st->why, len <= limit - offset, WHY_MADVISE_REMOVE_BEYOND, offset, len);
}

/* A hole is punched into the object; whether the object can have one is its own affair. */
static long madvise_remove(const struct madvise_state *st, const struct vm_area_struct *vma,
			   umm_addr_t start, umm_addr_t end)
{
	vm_flags_t shared_write = VM_SHARED | (rule(st->mm->world, RULE_MADV_REMOVE_MAYWRITE)
					       ? VM_MAYWRITE : VM_WRITE);
	const struct file *file = vma->vm_file;
	long err = check_area(st, vma, VM_LOCKED);

	if (err)
		return err;
	err = check(st->why, file != NULL, WHY_MADVISE_REMOVE_PRIVATE, vma->vm_start, vma->vm_end);
	if (err)
		return err;
	if ((vma->vm_flags & shared_write) != shared_write)
		return refuse4(st->why, WHY_MADVISE_REMOVE_ACCESS, vma->vm_start, vma->vm_end,
			       vma->vm_flags, 0);
	passed(st->why, WHY_MADVISE_REMOVE_ACCESS, vma->vm_start, vma->vm_end);
	err = check_hole(st, vma, start, end);
	if (err)
		return err;
	err = check(st->why, !(file->flags & UMM_FILE_NO_PUNCH), WHY_MADVISE_REMOVE_FS,
		    vma->vm_start, vma->vm_end);
	if (err)
		return err;
	return check(st->why, !(file->flags & (UMM_FILE_SEAL_WRITE | UMM_FILE_SEAL_FUTURE)),
		     WHY_MADVISE_REMOVE_SEALED, vma->vm_start, vma->vm_end);
}

long madvise_contents(const struct madvise_state *st, const struct vm_area_struct *vma,
		      umm_addr_t start, umm_addr_t end)
{
	switch (st->behavior) {
	case UMM_MADV_FREE:
		return madvise_free(st, vma);
	case UMM_MADV_DONTNEED:
	case UMM_MADV_DONTNEED_LOCKED:
		return madvise_dontneed(st, vma, start);
	case UMM_MADV_REMOVE:
		return madvise_remove(st, vma, start, end);
	case UMM_MADV_COLD:
	case UMM_MADV_PAGEOUT:
		return check_area(st, vma, VM_LOCKED | VM_PFNMAP | VM_HUGETLB);
	default:			/* MADV_WILLNEED: whatever it is, it is read ahead */
		return 0;
	}
}

void madvise_pages(const struct madvise_state *st, const struct vm_area_struct *vma,
		   umm_addr_t start, umm_addr_t end)
{
	switch (st->behavior) {
	case UMM_MADV_DONTNEED:
	case UMM_MADV_DONTNEED_LOCKED:
		madvise_dontneed_pages(st->mm, start, end);
		break;
	case UMM_MADV_FREE:
		madvise_free_pages(st->mm, vma, start, end);
		break;
	case UMM_MADV_REMOVE:
		filemap_punch_hole(vma->vm_file, linear_page_index(vma, start),
				   linear_page_index(vma, end));
		break;
	case UMM_MADV_COLD:
		split_huge_pages_at_edges(st->mm, start, end);
		break;
	default:			/* hints: nothing moves */
		break;
	}
}

/* ---- huge pages, now ---- */

bool thp_vma_allowable(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	/* The last one in the area.  Of areas below 2 MiB it wraps around, and seems to fit. */
	umm_addr_t last = (vma->vm_end - PMD_SIZE) & ~(PMD_SIZE - 1);

	if ((vma->vm_flags & (VM_NOHUGEPAGE | VM_SPECIAL | VM_HUGETLB)) ||
	    mm->thp_disable == THP_DISABLED)
		return false;
	if (last < vma->vm_start || last + PMD_SIZE > vma->vm_end)
		return false;
	if (vma_is_anonymous(vma))
		return vma->anon_vma != NULL;
	return vma->vm_file && vma->vm_file->f_op->shmem_pages &&
	       ((vma->vm_start >> PAGE_SHIFT) - vma->vm_pgoff) % (PMD_SIZE >> PAGE_SHIFT) == 0;
}

static long refuse_collapse(const struct madvise_state *st, enum collapse_result result,
			    umm_addr_t addr)
{
	switch (result) {
	case COLLAPSE_NO_TABLE:
		return refuse(st->why, WHY_MADVISE_COLLAPSE_NONE, addr, 0);
	case COLLAPSE_BUSY:
		return refuse(st->why, WHY_MADVISE_COLLAPSE_BUSY, addr, 0);
	case COLLAPSE_GUARD:
		return refuse(st->why, WHY_MADVISE_COLLAPSE_GUARD, addr, 0);
	case COLLAPSE_NO_FRAME:
		return refuse(st->why, WHY_NO_FRAMES, addr, 0);
	default:
		return 0;
	}
}

/* One after the other: what was never there or is held now is passed over, and said at the end. */
static long collapse_range(const struct madvise_state *st, const struct vm_area_struct *vma,
			   umm_addr_t first, umm_addr_t last)
{
	enum collapse_result result, failed = COLLAPSE_DONE;
	umm_addr_t failed_at = 0;

	for (umm_addr_t addr = first; addr < last; addr += PMD_SIZE) {
		result = collapse_huge_page(st->mm, vma, addr);
		if (result == COLLAPSE_DONE)
			continue;
		failed = result;
		failed_at = addr;
		if (result != COLLAPSE_NO_TABLE && result != COLLAPSE_BUSY)
			break;
	}
	if (failed == COLLAPSE_DONE)
		note(st->why, NOTE_COLLAPSED, first, last, 0, 0);
	return refuse_collapse(st, failed, failed_at);
}

long madvise_collapse(const struct madvise_state *st, const struct vm_area_struct *vma,
		      umm_addr_t start, umm_addr_t end)
{
	umm_addr_t first = (start + PMD_SIZE - 1) & ~(PMD_SIZE - 1), last = end & ~(PMD_SIZE - 1);

	if (!thp_vma_allowable(st->mm, vma))
		return refuse4(st->why, WHY_MADVISE_COLLAPSE, vma->vm_start, vma->vm_end,
			       vma->vm_flags, 0);
	passed(st->why, WHY_MADVISE_COLLAPSE, vma->vm_start, vma->vm_end);
	if (last < first)
		return refuse4(st->why, WHY_MADVISE_COLLAPSE_RANGE, start, end, PMD_SIZE, 0);
	passed(st->why, WHY_MADVISE_COLLAPSE_RANGE, start, end);
	if (st->mm->pages && vma_is_anonymous(vma))
		return collapse_range(st, vma, first, last);
	if (first < last)
		note(st->why, NOTE_COLLAPSE_DEPENDS, first, last, 0, 0);
	return 0;
}

/* ---- guard pages ---- */

static long check_guard_vma(const struct madvise_state *st, const struct vm_area_struct *vma,
			    vm_flags_t disallowed)
{
	bool file_too = rule(st->mm->world, RULE_GUARD_FILE);

	if (vma->vm_flags & disallowed)
		return refuse4(st->why, WHY_MADVISE_GUARD, vma->vm_start, vma->vm_end,
			       vma->vm_flags, disallowed);
	passed(st->why, WHY_MADVISE_GUARD, vma->vm_start, vma->vm_end);
	if (!file_too)
		return check(st->why, vma_is_anonymous(vma), WHY_MADVISE_GUARD_FILE, vma->vm_start,
			     vma->vm_end);
	return 0;
}

/* Markers stand in page tables: nothing else is there, and no huge page can be. */
static int guard_tables(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	zap_page_range(mm, start, end);
	for (umm_addr_t addr = start & ~(PMD_SIZE - 1); addr < end; addr += PMD_SIZE)
		if (!pgtable_alloc_level(&mm->pages->pgt, addr, 0))
			return -UMM_ENOMEM;	/* no reason: the caller says so */
	return 0;
}

/*
 * Page tables that hold something must be copied by fork: anonymous memory has an anon_vma for
 * that, other areas a flag, or in older kernels an anon_vma as well.
 */
long madvise_guard_install(const struct madvise_state *st, struct vm_area_struct *vma,
			   umm_addr_t start, umm_addr_t end)
{
	bool flag = rule(st->mm->world, RULE_GUARD_FLAG);
	long err = check_guard_vma(st, vma, VM_SPECIAL | VM_HUGETLB | VM_LOCKED);

	if (err)
		return err;
	vma_start_write(st->mm, vma);
	if (flag)
		vma->vm_flags |= VM_MAYBE_GUARD;
	if (!flag || vma_is_anonymous(vma)) {
		int no_memory = anon_vma_prepare(st->mm, vma);

		mm_assert(!no_memory);	/* reserved */
	}
	if (st->mm->pages && guard_tables(st->mm, start, end))
		return refuse(st->why, WHY_NO_FRAMES, start, 0);
	guards_install(st->mm, start, end);
	note(st->why, NOTE_GUARDS_INSTALLED, start, end, 0, 0);
	return 0;
}

long madvise_guard_remove(const struct madvise_state *st, const struct vm_area_struct *vma,
			  umm_addr_t start, umm_addr_t end)
{
	long err = check_guard_vma(st, vma, VM_SPECIAL | VM_HUGETLB);

	if (err)
		return err;
	guards_remove(st->mm, start, end);
	note(st->why, NOTE_GUARDS_REMOVED, start, end, 0, 0);
	return 0;
}
