/*
 * uaccess.c - the kernel reads and writes a program's memory for it.
 *
 * It faults as the program would, but gets an error where the program gets a signal.
 */
#include "base/assert.h"
#include "fault/fault.h"
#include "fault/gup.h"
#include "fault/populate.h"
#include "fault/uaccess.h"
#include "space/anon_vma.h"
#include "space/vma_tree.h"

long uaccess_reserve(struct mm_struct *mm, umm_addr_t addr, uint64_t bytes, struct umm_why *why)
{
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, addr, addr + bytes);
	size_t nr = 1;

	for (; vma && vma->vm_start < addr + bytes; vma = vma_next(vma))
		nr++;
	return anon_vma_reserve(mm, nr, why);
}

umm_addr_t user_access(struct mm_struct *mm, umm_addr_t addr, uint64_t bytes, bool write)
{
	unsigned int access = write ? UMM_ACCESS_WRITE : UMM_ACCESS_READ;
	umm_addr_t end = addr + bytes;

	if (end < addr)
		return addr;
	while (addr < end) {
		int fault = handle_fault(mm, addr, access, NULL);

		mm_assert(fault >= 0 || mm->pages);	/* reserved, but for frames */
		if (fault != UMM_FAULT_OK || page_missing(mm, addr))
			return addr;
		addr = (addr & PAGE_MASK) + PAGE_SIZE;
	}
	return end;
}

void clear_user(struct mm_struct *mm, umm_addr_t addr, uint64_t bytes)
{
	const struct mm_pages *pages = mm->pages;
	struct page *page;
	char *contents;

	mm_assert((addr & ~PAGE_MASK) + bytes <= PAGE_SIZE);
	if (!pages)
		return;
	page = pfn_to_page(pages->pgt.phys, pte_pfn(pages->pgt.format, follow_pte(mm, addr)));
	contents = page_address(pages->pgt.phys, page);
	if (contents)
		memset(contents + (addr & ~PAGE_MASK), 0, bytes);
}
