/*
 * adopt_pages.c - pages as somebody else says they are: what exec left, what nobody reported.
 *
 * They are made as a fault would make them, whatever the area allows now: what stands in memory
 * that cannot be written was written before.
 */
#include "base/assert.h"
#include "calls/adopt.h"
#include "fault/change_protection.h"
#include "fault/memory.h"
#include "rmap/zap.h"
#include "space/anon_vma.h"
#include "space/vma_tree.h"

static int make_pages(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t start,
		      umm_addr_t end, unsigned int access)
{
	int fault = UMM_FAULT_OK;

	for (umm_addr_t at = start; at < end && fault == UMM_FAULT_OK; at += PAGE_SIZE) {
		/* What was said of one page says nothing of the 2 MiB around it: a small one. */
		fault = pgtable_alloc_level(&mm->pages->pgt, at, 0)
				? handle_mm_fault(mm, vma, at, access)
				: UMM_FAULT_OOM;
	}
	if (!(vma->vm_flags & VM_WRITE))
		change_protection(mm, vma, start, end);
	if (fault == UMM_FAULT_OK)
		return 0;
	return fault == UMM_FAULT_OOM ? -UMM_ENOMEM : -UMM_EINVAL;	/* no reason: not a call */
}

int adopt_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, enum umm_page_kind kind)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, start);
	int err = 0;

	if (!mm->pages || start >= end || !page_aligned(start) || !page_aligned(end) || !vma ||
	    vma->vm_start > start || vma->vm_end < end || !is_cow_mapping(vma->vm_flags) ||
	    (vma->vm_flags & (VM_SPECIAL | VM_HUGETLB)))
		return -UMM_EINVAL;	/* no reason: not a call */
	zap_page_range(mm, start, end);
	if (kind == UMM_PAGE_ZERO)
		return make_pages(mm, vma, start, end, UMM_ACCESS_READ);
	if (kind != UMM_PAGE_ANON)
		return 0;
	if (!vma->anon_vma)
		err = anon_vma_prepare(mm, vma);
	return err ? err : make_pages(mm, vma, start, end, UMM_ACCESS_WRITE);
}
