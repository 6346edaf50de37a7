/*
 * munmap.c - taking areas out of a range.
 *
 * Two phases, shared with mmap's MAP_FIXED: gather cuts the areas at the edges and may refuse;
 * complete removes what lies between and cannot fail.  What gather has cut stays cut, as in Linux.
 */
#include "base/assert.h"
#include "calls/munmap.h"
#include "rmap/zap.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/guards.h"
#include "space/i_mmap.h"
#include "space/mm_pages.h"
#include "space/vma.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

static long can_modify_vma(const struct vm_area_struct *vma, struct umm_why *why)
{
	if (vma->vm_flags & VM_SEALED)
		return refuse(why, WHY_SEALED, vma->vm_start, vma->vm_end);
	return 0;
}

bool vms_find(struct mm_struct *mm, struct vma_munmap_struct *vms)
{
	vms->first = find_vma_intersection(&mm->tree, vms->start, vms->end);
	return vms->first != NULL;
}

long vms_reserve(struct mm_struct *mm, const struct vma_munmap_struct *vms, size_t extra_vmas,
		 size_t extra_links, struct umm_why *why)
{
	const struct vm_area_struct *last, *first = vms->first;
	size_t links = extra_links;

	if (!first)
		return mm_reserve(mm, extra_vmas, links, why);
	if (unlikely(mm->guards.nr)) {
		long err = guards_reserve(mm, 1, why);

		if (err)
			return err;
	}
	last = first->vm_end >= vms->end ? first
					 : find_vma_intersection(&mm->tree, vms->end - 1, vms->end);
	if (first->vm_start < vms->start)
		links += anon_vma_chain_length(first);
	if (last && last->vm_end > vms->end)
		links += anon_vma_chain_length(last);
	return mm_reserve(mm, extra_vmas + 2, links, why);
}

static long split_first(struct mm_struct *mm, struct vma_munmap_struct *vms, struct umm_why *why)
{
	struct vm_area_struct *vma = vms->first;
	uint64_t max = mm->world->settings.max_map_count;
	long err;

	/* A hole in the middle makes two areas of one; trimming an end is always allowed. */
	if (vms->end < vma->vm_end) {
		if (mm->tree.map_count >= max)
			return refuse4(why, WHY_SPLIT_MAP_COUNT, mm->tree.map_count, max,
				       vma->vm_start, vma->vm_end);
		passed(why, WHY_SPLIT_MAP_COUNT, mm->tree.map_count, max);
	}
	err = can_modify_vma(vma, why);
	if (err)
		return err;
	return __split_vma(mm, vma, vms->start, &vms->first, why);
}

long vms_gather_munmap_vmas(struct mm_struct *mm, struct vma_munmap_struct *vms,
			    struct umm_why *why)
{
	struct vm_area_struct *vma;
	long err;

	if (!vms->first)
		return 0;
	if (vms->first->vm_start < vms->start) {
		err = split_first(mm, vms, why);
		if (err)
			return err;
	}
	for (vma = vms->first; vma && vma->vm_start < vms->end; vma = vma_next(vma)) {
		err = can_modify_vma(vma, why);
		if (err)
			return err;
		if (vma->vm_end > vms->end) {
			err = __split_vma(mm, vma, vms->end, NULL, why);
			if (err)
				return err;
		}
		vma_start_write(mm, vma);	/* no fault finds what is about to go */
		vms->nr_vmas++;
		vms->nr_pages += vma_pages(vma);
		if (vma->vm_flags & VM_ACCOUNT)
			vms->nr_accounted += vma_pages(vma);
	}
	passed(why, WHY_SEALED, 0, 0);
	return 0;
}

/* The tables of the range can go as far as its neighbours do not need them. */
static void unmap_pages(struct mm_struct *mm, const struct vma_munmap_struct *vms)
{
	const struct vm_area_struct *prev = vma_prev(vms->first);
	const struct vm_area_struct *next = find_vma(&mm->tree, vms->end);

	for (struct vm_area_struct *vma = vms->first; vma != next; vma = vma_next(vma))
		unlink_file_vma(mm, vma);
	mm->pages->hiwater_vm = max_u64(mm->pages->hiwater_vm, mm->total_vm);
	unmap_region(mm, vms->start, vms->end, prev ? prev->vm_end : 0,
		     next ? next->vm_start : UINT64_MAX & PAGE_MASK);
}

void vms_complete_munmap_vmas(struct mm_struct *mm, const struct vma_munmap_struct *vms)
{
	struct vm_area_struct *vma = vms->first;

	if (!vma)
		return;
	guards_remove(mm, vms->start, vms->end);
	if (mm->pages)
		unmap_pages(mm, vms);
	while (vma && vma->vm_start < vms->end) {
		struct vm_area_struct *next = vma_next(vma);

		mm_assert_debug(vms->start <= vma->vm_start && vma->vm_end <= vms->end);
		if (vma->vm_flags & VM_LOCKED)
			mm->locked_vm -= vma_pages(vma);
		vm_stat_account(mm, vma->vm_flags, -(int64_t)vma_pages(vma));
		remove_vma(mm, vma);
		vma = next;
	}
}

long do_munmap_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, struct umm_why *why)
{
	struct vma_munmap_struct vms;
	long err;

	vms_init(&vms, start, end);
	if (!vms_find(mm, &vms)) {
		note(why, NOTE_UNMAPPED_NOTHING, start, end, 0, 0);
		return 0;
	}
	err = vms_reserve(mm, &vms, 0, 0, why);
	if (err)
		return err;
	err = vms_gather_munmap_vmas(mm, &vms, why);
	if (err)
		return err;
	vms_complete_munmap_vmas(mm, &vms);
	note(why, NOTE_UNMAPPED, start, end, vms.nr_pages, vms.nr_vmas);
	vm_unacct_memory(mm, vms.nr_accounted, why);
	return 0;
}

long do_munmap(struct mm_struct *mm, umm_addr_t start, uint64_t len, struct umm_why *why)
{
	uint64_t task_size = mm->layout.task_size;
	long err;

	if (!page_aligned(start) || start > task_size || len > task_size - start)
		return refuse4(why, WHY_MUNMAP_RANGE, start, len, task_size, 0);
	passed(why, WHY_MUNMAP_RANGE, start, len);
	len = page_align(len);
	err = check(why, len != 0, WHY_MUNMAP_ZERO, len, 0);
	if (err)
		return err;
	return do_munmap_range(mm, start, start + len, why);
}
