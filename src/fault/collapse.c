/*
 * collapse.c - small pages become a huge one: MADV_COLLAPSE.
 *
 * First all is looked at, then a huge page is had, and then nothing can fail: the table is taken
 * off and flushed, so that nobody writes to the small pages any more; what they hold is copied,
 * and they are dropped.  The emptied table is the one in reserve for the new entry.
 *
 * Who asks for it gets it: pages that others map too are copied, and what is not there becomes
 * zeros that are.  But each frame must be held by its entries alone, or who holds it would go on
 * writing to it.
 */
#include "base/assert.h"
#include "fault/huge_memory.h"
#include "rmap/huge_pmd.h"
#include "rmap/page_rmap.h"
#include "space/guards.h"

static bool held_by_entries_alone(const struct page *page)
{
	return page_count(page) ==
	       (page_compound(page) ? page_large_mapcount(page) : page_mapcount(page));
}

static bool table_is_busy(const struct mm_pages *pages, const pte_t *entries)
{
	const struct pgtable_format *f = pages->pgt.format;

	for (unsigned int i = 0; i < HUGE_PAGES; i++) {
		uint64_t pte = pte_get(&entries[i]);
		const struct page *page;

		if (pte_none(pte))
			continue;
		if (!pte_present(f, pte))	/* on its way elsewhere */
			return true;
		page = vm_normal_page(pages, pte);
		if (page && !held_by_entries_alone(page))
			return true;
	}
	return false;
}

/* What each entry leads to is copied, and goes.  => nothing leads to the table */
static void collapse_copy(struct mm_pages *pages, pte_t *entries, struct page *head)
{
	struct phys *phys = pages->pgt.phys;

	for (unsigned int i = 0; i < HUGE_PAGES; i++) {
		uint64_t pte = pte_get_and_clear(&entries[i]);
		struct page *page = pte_none(pte) ? NULL : vm_normal_page(pages, pte);

		if (!page) {
			clear_page(phys, &head[i]);
			continue;
		}
		copy_page(phys, &head[i], page);
		add_mm_counter(pages, MM_ANONPAGES, -1);
		page_remove_rmap(page, pages->pgt.owner);
		put_page(phys, page);
	}
}

/* Nobody else is in this address space's tables, so the entry may be none for a while. */
static void collapse(struct mm_struct *mm, const struct vm_area_struct *vma, pte_t *slot,
		     umm_addr_t addr, struct page *head)
{
	struct mm_pages *pages = mm->pages;
	struct pgtable *pgt = &pages->pgt;
	struct page *table;

	mmu_notifier_start(mm, addr, addr + PMD_SIZE);
	table = pfn_to_page(pgt->phys, pte_pfn(pgt->format, pte_get_and_clear(slot)));
	flush_tlb_range(pgt, addr, addr + PMD_SIZE);
	collapse_copy(pages, pgtable_entries(pgt, table), head);
	atomic_fetch_sub_explicit(&pgt->nr_tables, 1, memory_order_relaxed);
	pgtable_deposit(pgt, pgtable_pmd_table(pgt, addr), table);
	page_add_new_anon_rmap_huge(head, vma, addr, mm);
	add_mm_counter(pages, MM_ANONPAGES, HUGE_PAGES);
	pte_set(slot, mk_huge_pmd(pages, vma, head, true));
	mmu_notifier_end(mm, addr, addr + PMD_SIZE);
}

enum collapse_result collapse_huge_page(struct mm_struct *mm, const struct vm_area_struct *vma,
					umm_addr_t addr)
{
	struct pgtable *pgt = &mm->pages->pgt;
	pte_t *slot = pgtable_lookup_level(pgt, addr, 1);
	struct page *head;

	mm_assert(vma->anon_vma && vma->vm_start <= addr && addr + PMD_SIZE <= vma->vm_end);
	if (!slot || pte_none(pte_get(slot)))
		return COLLAPSE_NO_TABLE;
	if (pmd_leaf(pgt->format, pte_get(slot)))
		return COLLAPSE_DONE;
	if (table_is_busy(mm->pages, pgtable_lookup(pgt, addr)))
		return COLLAPSE_BUSY;
	head = alloc_huge_page(pgt->phys);
	if (!head)
		return COLLAPSE_NO_FRAME;
	if (guards_first(mm, addr, addr + PMD_SIZE) < addr + PMD_SIZE) {
		put_page(pgt->phys, head);
		return COLLAPSE_GUARD;
	}
	collapse(mm, vma, slot, addr, head);
	return COLLAPSE_DONE;
}
