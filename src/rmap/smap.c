/*
 * smap.c - what stands in a range.
 *
 * A frame that n entries map, in whatever address space, is shared from n = 2 on, and counts 1/n
 * for each of them.
 */
#include "rmap/smap.h"

static void account_frame(struct mem_size_stats *mss, const struct page *page, bool young,
			  bool dirty, bool locked, unsigned int mapcount)
{
	uint64_t pss = (PAGE_SIZE << PSS_SHIFT) / mapcount;

	dirty = dirty || page_test(page, PG_DIRTY);
	mss->resident += PAGE_SIZE;
	if (page_anon(page)) {
		mss->anonymous += PAGE_SIZE;
		if (!page_test(page, PG_SWAPBACKED) && !dirty)
			mss->lazyfree += PAGE_SIZE;
	}
	if (young || page_test(page, PG_REFERENCED))
		mss->referenced += PAGE_SIZE;
	mss->pss += pss;
	if (dirty)
		mss->pss_dirty += pss;
	if (locked)
		mss->pss_locked += pss;
	if (mapcount > 1)
		*(dirty ? &mss->shared_dirty : &mss->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &mss->private_dirty : &mss->private_clean) += PAGE_SIZE;
}

static void account_entry(const struct mm_pages *pages, const struct vm_area_struct *vma,
			  uint64_t pte, struct mem_size_stats *mss)
{
	const struct pgtable_format *f = pages->pgt.format;
	bool locked = vma->vm_flags & VM_LOCKED;
	const struct page *page;

	if (pte_none(pte))
		return;
	if (!pte_present(f, pte)) {	/* on its way: as if it were mapped here alone */
		account_frame(mss, pfn_to_page(pages->pgt.phys, pte_offset(pte)), false, false,
			      locked, 1);
		return;
	}
	page = vm_normal_page(pages, pte);
	if (page)
		account_frame(mss, page, pte_is(f, pte, f->accessed), pte_is(f, pte, f->dirty),
			      locked, page_mapcount(page));
}

void smap_gather_stats(const struct mm_struct *mm, const struct vm_area_struct *vma,
		       struct mem_size_stats *mss)
{
	umm_addr_t addr = vma->vm_start, stop;
	struct page *table;
	const pte_t *slot;

	while ((slot = pgtable_next(&mm->pages->pgt, &addr, vma->vm_end, &stop))) {
		table = pgtable_lock_at(&mm->pages->pgt, addr);
		for (; addr < stop; addr += PAGE_SIZE, slot++)
			account_entry(mm->pages, vma, pte_get(slot), mss);
		pgtable_unlock(&mm->pages->pgt, table);
	}
}
