/*
 * adopt_pages.c - pages as somebody else says they are: what exec left, what nobody reported.
 *
 * They are made as a fault would make them, whatever the area allows now: what stands in memory
 * that cannot be written was written before.
 */
#include "base/assert.h"
#include "calls/adopt.h"
#include "fault/change_protection.h"
#include "fault/huge_memory.h"
#include "fault/memory.h"
#include "rmap/zap.h"
#include "space/anon_vma.h"
#include "space/vma_tree.h"

static int fault_error(int fault)
{
	if (fault == UMM_FAULT_OK)
		return 0;
	return fault == UMM_FAULT_OOM ? -UMM_ENOMEM : -UMM_EINVAL;	/* no reason: not a call */
}

/* A small page, where a huge one could be as well: there is a table. */
static int make_page(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t addr,
		     unsigned int access)
{
	struct page *table;

	if (!pgtable_alloc(&mm->pages->pgt, addr, &table))
		return -UMM_ENOMEM;	/* no reason: not a call */
	return fault_error(handle_mm_fault(mm, vma, addr, access));
}

static int make_huge_page(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t addr)
{
	int err = make_page(mm, vma, addr, UMM_ACCESS_WRITE);

	if (err)
		return err;
	switch (collapse_huge_page(mm, vma, addr)) {
	case COLLAPSE_DONE:
		return 0;
	case COLLAPSE_NO_FRAME:
		return -UMM_ENOMEM;	/* no reason: not a call */
	default:
		return -UMM_EINVAL;	/* no reason: not a call */
	}
}

static int make_pages(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t start,
		      umm_addr_t end, enum umm_page_kind kind)
{
	unsigned int access = kind == UMM_PAGE_ZERO ? UMM_ACCESS_READ : UMM_ACCESS_WRITE;
	uint64_t step = kind == UMM_PAGE_HUGE ? PMD_SIZE : PAGE_SIZE;
	int err = 0;

	for (umm_addr_t at = start; at < end && !err; at += step)
		err = kind == UMM_PAGE_HUGE ? make_huge_page(mm, vma, at) :
					      make_page(mm, vma, at, access);
	if (!(vma->vm_flags & VM_WRITE))
		change_protection(mm, vma, start, end);
	return err;
}

int adopt_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, enum umm_page_kind kind)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, start);
	int err = 0;

	if (!mm->pages || start >= end || !page_aligned(start) || !page_aligned(end) || !vma ||
	    vma->vm_start > start || vma->vm_end < end || !is_cow_mapping(vma->vm_flags) ||
	    (vma->vm_flags & (VM_SPECIAL | VM_HUGETLB)))
		return -UMM_EINVAL;	/* no reason: not a call */
	if (kind == UMM_PAGE_HUGE && (!vma_is_anonymous(vma) || (start | end) & (PMD_SIZE - 1)))
		return -UMM_EINVAL;	/* no reason: not a call */
	zap_page_range(mm, start, end);
	if (kind == UMM_PAGE_NONE)
		return 0;
	if (kind != UMM_PAGE_ZERO && !vma->anon_vma)
		err = anon_vma_prepare(mm, vma);
	return err ? err : make_pages(mm, vma, start, end, kind);
}
