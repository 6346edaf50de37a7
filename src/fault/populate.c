/*
 * populate.c - pages are made before anybody touches them.
 *
 * What counts is which page is the first that cannot be had, and whether an area got its anon_vma
 * before that: a write prepares it, then looks for the page of the file, but meets a guard marker
 * first of all.  In a world with pages those below are made.
 */
#include "base/assert.h"
#include "fault/fault.h"
#include "fault/memory.h"
#include "fault/populate.h"
#include "object/page_cache.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/vma_tree.h"

long populate_reserve(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, struct umm_why *why)
{
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	size_t unwritten = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		unwritten += !vma->anon_vma;
	return unwritten ? anon_vma_reserve(mm, unwritten, why) : 0;
}

/* The first page of [start, end) that lies past the end of the file behind @vma, or @end. */
static umm_addr_t first_beyond_eof(const struct vm_area_struct *vma, umm_addr_t start,
				   umm_addr_t end)
{
	uint64_t nr_pages, pgoff;

	if (!vma->vm_file || vma_is_anonymous(vma) || vma->vm_file->size == UINT64_MAX)
		return end;
	nr_pages = page_align(vma->vm_file->size) >> PAGE_SHIFT;
	pgoff = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	if (pgoff >= nr_pages)
		return start;
	if (nr_pages - pgoff >= (end - start) >> PAGE_SHIFT)
		return end;
	return start + ((nr_pages - pgoff) << PAGE_SHIFT);
}

/* A huge page that was promised is there; one that was not may be, if the pool has any. */
static bool huge_page_missing(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	int pool;

	if (!(vma->vm_flags & VM_HUGETLB) || !(vma->vm_flags & VM_NORESERVE) || !vma->vm_file)
		return false;
	pool = world_huge_pool(mm->world, vma->vm_file->page_shift);
	return pool >= 0 && mm->world->settings.huge[pool].free_pages == 0;
}

bool page_missing(const struct mm_struct *mm, umm_addr_t addr)
{
	const struct vm_area_struct *vma = find_vma(&mm->tree, addr);
	umm_addr_t page = addr & PAGE_MASK;

	if (!vma || addr < vma->vm_start)
		return false;
	return huge_page_missing(mm, vma) ||
	       first_beyond_eof(vma, page, page + PAGE_SIZE) == page;
}

/* A read prepares as well, if a huge page can be put at one of the pages. */
static bool range_prepares(const struct mm_struct *mm, const struct vm_area_struct *vma,
			   umm_addr_t start, umm_addr_t end, bool write)
{
	umm_addr_t huge = max_u64(start, (vma->vm_start + PMD_SIZE - 1) & ~(PMD_SIZE - 1));

	if (write || mm->pages)		/* with pages, each is looked at when it is made */
		return write && fault_prepares(mm, vma, start, true);
	return huge < end && fault_prepares(mm, vma, huge, false);
}

/* The pages of [start, result->at), one by one, as far as there are frames. */
static void make_pages_present(struct mm_struct *mm, struct vm_area_struct *vma,
			       umm_addr_t start, bool write, struct populate_result *result)
{
	unsigned int access = write ? UMM_ACCESS_WRITE : UMM_ACCESS_READ;

	if (!vma_is_anonymous(vma) && (!vma->vm_file || !filemap_has_pages(vma->vm_file)))
		return;
	for (umm_addr_t addr = start; addr < result->at; addr += PAGE_SIZE) {
		int err = fault_prepares(mm, vma, addr, write) ? anon_vma_prepare(mm, vma) : 0;
		int fault;

		mm_assert(!err);	/* reserved */
		fault = handle_mm_fault(mm, vma, addr, access);

		if (fault == UMM_FAULT_OK)
			continue;
		result->stop = fault == UMM_FAULT_OOM ? POPULATE_NO_FRAME : POPULATE_BEYOND_EOF;
		result->at = addr;
	}
}

/* Fault the pages of [start, end), which are in @vma, in. */
static struct populate_result fault_pages(struct mm_struct *mm, struct vm_area_struct *vma,
					  umm_addr_t start, umm_addr_t end, bool write)
{
	umm_addr_t guard = guards_first(mm, start, end);
	umm_addr_t eof = first_beyond_eof(vma, start, end);
	struct populate_result result = { POPULATE_DONE, min_u64(guard, eof), vma };
	int err;

	if (huge_page_missing(mm, vma)) {
		result.stop = POPULATE_NO_HUGE_PAGE;
		result.at = start;
	} else if (guard < end && guard <= eof) {
		result.stop = POPULATE_GUARD;
	} else if (eof < end) {
		result.stop = POPULATE_BEYOND_EOF;
	}
	/* A guard at the first page is met before anything is prepared. */
	if (guard > start &&
	    range_prepares(mm, vma, start, max_u64(result.at, start + PAGE_SIZE), write)) {
		err = anon_vma_prepare(mm, vma);
		mm_assert(!err);	/* reserved */
	}
	if (mm->pages && result.at > start)
		make_pages_present(mm, vma, start, write, &result);
	return result;
}

/* What mlock's filling asks of @vma. */
static struct populate_result populate_vma(struct mm_struct *mm, struct vm_area_struct *vma,
					   umm_addr_t start, umm_addr_t end)
{
	bool write = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;

	if (vma->vm_flags & (VM_LOCKONFAULT | VM_PFNMAP | VM_IO))
		return (struct populate_result){ POPULATE_DONE, end, vma };
	if (!(vma->vm_flags & VM_ACCESS_FLAGS))
		return (struct populate_result){ POPULATE_ACCESS, start, vma };
	return fault_pages(mm, vma, start, end, write);
}

struct populate_result mm_populate(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	struct populate_result result = { POPULATE_DONE, end, NULL };

	for (; vma && vma->vm_start < end && start < end; vma = vma_next(vma)) {
		result = populate_vma(mm, vma, max_u64(vma->vm_start, start),
				      min_u64(vma->vm_end, end));
		if (result.stop)
			break;
	}
	return result;
}

void populate_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		(void)populate_vma(mm, vma, max_u64(vma->vm_start, start),
				   min_u64(vma->vm_end, end));
}

struct populate_result faultin_page_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
					  bool write)
{
	vm_flags_t needed = write ? VM_WRITE : VM_READ;
	struct vm_area_struct *vma = find_vma(&mm->tree, start);
	struct populate_result result = { POPULATE_DONE, end, NULL };

	for (umm_addr_t at = start; at < end; vma = vma_next(vma)) {
		if (!vma || vma->vm_start > at)
			return (struct populate_result){ POPULATE_HOLE, at, NULL };
		if (!(vma->vm_flags & needed) || (vma->vm_flags & (VM_IO | VM_PFNMAP)))
			return (struct populate_result){ POPULATE_ACCESS, at, vma };
		result = fault_pages(mm, vma, at, min_u64(vma->vm_end, end), write);
		if (result.stop)
			return result;
		at = vma->vm_end;
	}
	return result;
}
