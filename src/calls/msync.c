/*
 * msync.c - writing shared mappings back to their files.
 *
 * A hole in the range is remembered and told at the end: what lies behind it is written all the
 * same.  A locked area under MS_INVALIDATE, or an object that cannot be written back, ends the
 * call at once.
 */
#include "calls/msync.h"
#include "space/file.h"
#include "space/vma_tree.h"

#define MS_KNOWN (UMM_MS_ASYNC | UMM_MS_INVALIDATE | UMM_MS_SYNC)
#define MS_EITHER (UMM_MS_ASYNC | UMM_MS_SYNC)

static long check_arguments(umm_addr_t start, uint64_t len, uint64_t flags, struct umm_why *why)
{
	long err;

	err = check(why, !(flags & ~(uint64_t)MS_KNOWN), WHY_MSYNC_FLAGS, flags, MS_KNOWN);
	if (err)
		return err;
	err = check(why, page_aligned(start), WHY_MSYNC_UNALIGNED, start, PAGE_SIZE);
	if (err)
		return err;
	err = check(why, (flags & MS_EITHER) != MS_EITHER, WHY_MSYNC_BOTH, 0, 0);
	if (err)
		return err;
	return check(why, start + page_align(len) >= start, WHY_MSYNC_WRAP, start, len);
}

/* [start, end) of @vma. */
static long sync_area(const struct vm_area_struct *vma, umm_addr_t start, umm_addr_t end,
		      uint64_t flags, struct umm_why *why)
{
	const struct file *file = vma->vm_file;
	long err;

	if (flags & UMM_MS_INVALIDATE) {
		err = check(why, !(vma->vm_flags & VM_LOCKED), WHY_MSYNC_LOCKED, vma->vm_start,
			    vma->vm_end);
		if (err)
			return err;
	}
	if (!(flags & UMM_MS_SYNC) || !file || !(vma->vm_flags & VM_SHARED)) {
		note(why, NOTE_SYNC_NOTHING, start, end, 0, 0);
		return 0;
	}
	err = check(why, !file->f_op->no_fsync, WHY_MSYNC_NO_FSYNC, vma->vm_start, vma->vm_end);
	if (err)
		return err;
	note(why, NOTE_SYNCED, start, end, 0, 0);
	return 0;
}

long do_msync(const struct mm_struct *mm, umm_addr_t start, uint64_t len, uint64_t flags,
	      struct umm_why *why)
{
	umm_addr_t end = start + page_align(len), at = start, hole = end;
	const struct vm_area_struct *vma;
	long err;

	err = check_arguments(start, len, flags, why);
	if (err || start == end)
		return err;
	for (vma = find_vma(&mm->tree, at); vma && vma->vm_start < end; vma = vma_next(vma)) {
		umm_addr_t to = min_u64(vma->vm_end, end);

		if (vma->vm_start > at) {
			hole = min_u64(hole, at);
			at = vma->vm_start;
		}
		err = sync_area(vma, at, to, flags, why);
		if (err)
			return err;
		at = to;
	}
	if (at < end)
		hole = min_u64(hole, at);
	if (hole < end)
		return refuse4(why, WHY_MSYNC_HOLE, hole, 0, start, end);
	passed(why, WHY_MSYNC_HOLE, 0, 0);
	return 0;
}
