/*
 * follow.c - what a follower of a running kernel needs.
 */
#include "api/handles.h"
#include "calls/adopt.h"
#include "rmap/zap.h"
#include "space/guards.h"
#include "space/vma_lock.h"

int umm_area_import(struct umm_mm *handle, const struct umm_area *area)
{
	struct mm_struct *mm = to_mm(handle);
	int err;

	mmap_write_lock(mm);
	err = import_vma(mm, area);
	mmap_write_unlock(mm);
	return err;
}

int umm_adopt_range(struct umm_mm *handle, umm_addr_t start, umm_addr_t end,
		    const struct umm_area *areas, size_t nr, umm_addr_t moved_from)
{
	struct mm_struct *mm = to_mm(handle);
	int err;

	mmap_write_lock(mm);
	err = adopt_range(mm, start, end, areas, nr, moved_from);
	mmap_write_unlock(mm);
	return err;
}

void umm_adopt_brk(struct umm_mm *handle, umm_addr_t brk)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_write_lock(mm);
	mm->layout.brk = brk;
	mmap_write_unlock(mm);
}

void umm_adopt_locked_vm(struct umm_mm *handle, uint64_t pages)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_write_lock(mm);
	mm->locked_vm = pages;
	mmap_write_unlock(mm);
}

int umm_adopt_guards(struct umm_mm *handle, umm_addr_t start, umm_addr_t end, bool guards)
{
	struct mm_struct *mm = to_mm(handle);
	int err = 0;

	if (start >= end || !page_aligned(start) || !page_aligned(end))
		return -UMM_EINVAL;
	mmap_write_lock(mm);
	vma_start_write_all(mm);
	if (guards_reserve(mm, 1, NULL))
		err = -UMM_ENOMEM;	/* no reason: not a call */
	else if (!guards)
		guards_remove(mm, start, end);
	else
		guards_install(mm, start, end);
	if (!err && guards && mm->pages)
		zap_page_range(mm, start, end);
	mmap_write_unlock(mm);
	return err;
}

int umm_adopt_pages(struct umm_mm *handle, umm_addr_t start, umm_addr_t end,
		    enum umm_page_kind kind)
{
	struct mm_struct *mm = to_mm(handle);
	int err;

	mmap_write_lock(mm);
	err = adopt_pages(mm, start, end, kind);
	mmap_write_unlock(mm);
	return err;
}

void umm_adopt_memory_merge(struct umm_mm *handle, bool on)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_write_lock(mm);
	mm->merge_any = on;
	mmap_write_unlock(mm);
}

int umm_area_set_anon(struct umm_mm *handle, umm_addr_t addr, enum umm_anon anon)
{
	struct mm_struct *mm = to_mm(handle);
	int err;

	mmap_write_lock(mm);
	err = set_anon(mm, addr, anon);
	mmap_write_unlock(mm);
	return err;
}
