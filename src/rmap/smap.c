/*
 * smap.c - what stands in a range.
 *
 * A frame that n entries map, in whatever address space, is shared from n = 2 on, and counts 1/n
 * for each of them.  Of a huge page each frame counts for itself, by entries of either size.
 */
#include "phys/compound.h"
#include "rmap/smap.h"

static void account_frame(struct mem_size_stats *mss, const struct page *page, bool young,
			  bool dirty, bool locked, unsigned int mapcount)
{
	uint64_t pss = (PAGE_SIZE << PSS_SHIFT) / mapcount;
	const struct page *head = compound_head(page);

	dirty = dirty || page_test(head, PG_DIRTY);
	mss->resident += PAGE_SIZE;
	if (page_anon(page)) {
		mss->anonymous += PAGE_SIZE;
		if (!page_test(head, PG_SWAPBACKED) && !dirty)
			mss->lazyfree += PAGE_SIZE;
	}
	if (young || page_test(head, PG_REFERENCED))
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

/* The @nr frames that @pte leads to. */
static void account_present(const struct mm_pages *pages, const struct vm_area_struct *vma,
			    uint64_t pte, unsigned int nr, struct mem_size_stats *mss)
{
	const struct pgtable_format *f = pages->pgt.format;
	const struct page *page = vm_normal_page(pages, pte);

	for (unsigned int i = 0; page && i < nr; i++)
		account_frame(mss, &page[i], pte_is(f, pte, f->accessed), pte_is(f, pte, f->dirty),
			      vma->vm_flags & VM_LOCKED, page_mapcount(&page[i]));
}

static void account_entry(const struct mm_pages *pages, const struct vm_area_struct *vma,
			  uint64_t pte, struct mem_size_stats *mss)
{
	if (pte_none(pte))
		return;
	if (pte_present(pages->pgt.format, pte)) {
		account_present(pages, vma, pte, 1, mss);
		return;
	}
	/* On its way: as if it were mapped here alone. */
	account_frame(mss, pfn_to_page(pages->pgt.phys, pte_offset(pte)), false, false,
		      vma->vm_flags & VM_LOCKED, 1);
}

/* An entry of 2 MiB, which is not cut by the area.  False: it was, just now, by a fault. */
static bool account_huge(const struct mm_pages *pages, const struct vm_area_struct *vma,
			 uint64_t pmd, struct mem_size_stats *mss)
{
	if (!pmd_leaf(pages->pgt.format, pmd))
		return false;
	account_present(pages, vma, pmd, HUGE_PAGES, mss);
	if (vm_normal_page(pages, pmd))
		mss->anonymous_thp += PMD_SIZE;
	return true;
}

void smap_gather_stats(const struct mm_struct *mm, const struct vm_area_struct *vma,
		       struct mem_size_stats *mss)
{
	umm_addr_t addr = vma->vm_start, stop;
	struct page *table;
	const pte_t *slot;
	bool huge;

	while ((slot = pgtable_next(&mm->pages->pgt, &addr, vma->vm_end, &stop, &huge))) {
		table = pgtable_lock_at(&mm->pages->pgt, addr);
		if (unlikely(huge) && account_huge(mm->pages, vma, pte_get(slot), mss))
			addr = stop;
		for (; !huge && addr < stop; addr += PAGE_SIZE, slot++)
			account_entry(mm->pages, vma, pte_get(slot), mss);
		pgtable_unlock(&mm->pages->pgt, table);
	}
}
