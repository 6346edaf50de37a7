/*
 * huge_pmd.c - entries of 2 MiB: gone, or cut into small ones.
 *
 * Theory
 * ------
 * Two things can be cut, and one without the other:
 *
 *	the entry	split_huge_pmd(): where what is to be done ends within its 2 MiB.  Others
 *			that map the same page keep theirs.  Its table was made with it, so it
 *			cannot fail.
 *	the page	split_huge_page(): where some of its frames are to be treated otherwise:
 *			given away, aged.  Only who maps it alone can do that.
 *
 *	[      2 MiB      ]  ->  [4K|4K|4K| ... |4K]  ->   4K  4K  zero  ...  4K
 *	  one page, one entry      one page, 512 entries      512 pages
 *
 * A page that was huge is mostly taken for larger than it is used: so a split looks at each frame,
 * and what is all zero is given back, the zero page in its place.
 *
 * Nothing is split because a part of it was unmapped: the frames come back with the last entry.
 */
#include "base/assert.h"
#include "rmap/huge_pmd.h"
#include "rmap/page_rmap.h"
#include "rmap/rmap.h"

void zap_huge_pmd(struct mmu_gather *tlb, struct mm_pages *pages, pte_t *slot, umm_addr_t addr)
{
	struct pgtable *pgt = &pages->pgt;
	struct page *pmd_table = pgtable_lock_at(pgt, addr), *reserve, *head;
	bool full = false;

	head = vm_normal_page(pages, pte_get_and_clear(slot));
	reserve = pgtable_withdraw(pgt, pmd_table);
	if (head) {
		add_mm_counter(pages, MM_ANONPAGES, -(int64_t)HUGE_PAGES);
		page_remove_rmap_huge(head, pgt->owner);
		full = tlb_remove_huge_page(tlb, head, addr);
	} else {
		tlb_flush_range(tlb, addr, addr + PMD_SIZE);
	}
	pgtable_unlock(pgt, pmd_table);
	pgtable_free_table(pgt->phys, reserve);
	if (full)
		tlb_flush_mmu(tlb);
}

/* ---- the entry ------------------------------------------------------------------------------ */

/* What was counted for one entry is counted for 512 as well. */
static void count_small_entries(struct page *head, const void *owner)
{
	bool exclusive = page_test(head, PG_ANON_EXCLUSIVE);

	atomic_fetch_add_explicit(&head->refcount, HUGE_PAGES - 1, memory_order_relaxed);
	for (unsigned int i = 0; i < HUGE_PAGES; i++) {
		atomic_fetch_add_explicit(&head[i].mapcount, 1, memory_order_relaxed);
		if (exclusive)
			page_set(&head[i], PG_ANON_EXCLUSIVE);
	}
	folio_add_large_mapcount(head, HUGE_PAGES, owner);
}

/* Small entries that say what @pmd says; for the huge zero page, of the small one. */
static void fill_small_entries(const struct pgtable *pgt, pte_t *entries, uint64_t pmd)
{
	bool zero = pte_special(pgt->format, pmd);

	if (zero)
		pmd = pte_set_pfn(pgt->format, pmd,
				  page_to_pfn(pgt->phys, pgt->phys->zero_page));
	for (uint64_t i = 0; i < HUGE_PAGES; i++)
		pte_set(&entries[i], pmd_pte(pgt->format, pmd, zero ? 0 : i << PAGE_SHIFT));
}

/* => its table locked */
static void __split_huge_pmd(struct mm_pages *pages, pte_t *slot, struct page *pmd_table)
{
	struct pgtable *pgt = &pages->pgt;
	struct page *table = pgtable_withdraw(pgt, pmd_table), *head;
	uint64_t pmd = pte_get(slot);

	head = vm_normal_page(pages, pmd);
	if (head)
		count_small_entries(head, pgt->owner);
	/* Hardware may mark it in between: then once more. */
	do
		fill_small_entries(pgt, pgtable_entries(pgt, table), pmd);
	while (!atomic_compare_exchange_strong(slot, &pmd, pgtable_table_entry(pgt, table)));
	atomic_fetch_add_explicit(&pgt->nr_tables, 1, memory_order_relaxed);
	if (!head)
		return;
	if (pte_is(pgt->format, pmd, pgt->format->dirty))
		page_set(head, PG_DIRTY);
	page_remove_rmap_huge(head, pgt->owner);
}

void split_huge_pmd(struct mm_struct *mm, pte_t *slot, umm_addr_t addr)
{
	struct pgtable *pgt = &mm->pages->pgt;
	struct page *pmd_table = pgtable_pmd_table(pgt, addr);

	addr &= PMD_MASK;
	mmu_notifier_start(mm, addr, addr + PMD_SIZE);
	pgtable_lock(pgt, pmd_table);
	if (pmd_leaf(pgt->format, pte_get(slot))) {	/* else somebody was faster */
		__split_huge_pmd(mm->pages, slot, pmd_table);
		flush_tlb_range(pgt, addr, addr + PMD_SIZE);
	}
	pgtable_unlock(pgt, pmd_table);
	mmu_notifier_end(mm, addr, addr + PMD_SIZE);
}

void split_huge_pmd_address(struct mm_struct *mm, umm_addr_t addr)
{
	pte_t *slot = addr & ~PMD_MASK ? pgtable_lookup_huge(&mm->pages->pgt, addr) : NULL;

	if (slot)
		split_huge_pmd(mm, slot, addr);
}

/* ---- the page ------------------------------------------------------------------------------- */

/* What the entries of a huge page's frames say, or shall say, wherever they are. */
struct page_split {
	struct page *page;		/* the frame that is looked at */
	struct mmu_gather *tlb;
	bool dirty;			/* some entry says so */
	bool full;			/* flush before the next */
};

static bool note_dirty(void *ctx, const struct rmap_place *place)
{
	const struct pgtable_format *f = place->mm->pages->pgt.format;
	struct page_split *split = ctx;

	if (rmap_maps(place, split->page) && pte_is(f, pte_get(place->slot), f->dirty))
		split->dirty = true;
	return !split->dirty;
}

/* The frame, which is one by itself now, holds nothing: the zero page does as well. */
static bool map_zero_page(void *ctx, const struct rmap_place *place)
{
	struct mm_pages *pages = place->mm->pages;
	const struct pgtable_format *f = pages->pgt.format;
	struct phys *phys = pages->pgt.phys;
	struct page_split *split = ctx;
	uint64_t pte;

	if (!rmap_maps(place, split->page) || (place->vma->vm_flags & VM_LOCKED))
		return true;
	pgtable_lock(&pages->pgt, place->table);
	pte = pte_without(f, pte_get_and_clear(place->slot), f->write | f->dirty);
	pte = pte_set_pfn(f, pte, page_to_pfn(phys, phys->zero_page));
	pte_set(place->slot, pte_with(f, pte, f->special));
	add_mm_counter(pages, MM_ANONPAGES, -1);
	page_remove_rmap(split->page, place->mm);
	split->full = tlb_remove_page(split->tlb, split->page, place->addr);
	pgtable_unlock(&pages->pgt, place->table);
	return false;
}

/* One page is 512: those that hold nothing go. */
static void drop_zero_pages(struct mm_struct *mm, struct page *head)
{
	struct mmu_gather tlb;
	struct page_split split = { .tlb = &tlb };

	tlb_gather_mmu(&tlb, &mm->pages->pgt);
	mmu_notifier_start(mm, 0, mm->layout.task_size);	/* it may lie anywhere */
	for (unsigned int i = 0; i < HUGE_PAGES; i++) {
		split.page = &head[i];
		if (page_count(split.page) && page_mapcount(split.page) &&
		    page_is_zero(mm->world->phys, split.page))
			rmap_walk(mm->world, split.page, map_zero_page, &split);
		if (split.full)
			tlb_flush_mmu(&tlb);
		split.full = false;
	}
	tlb_finish_mmu(&tlb);
	mmu_notifier_end(mm, 0, mm->layout.task_size);
}

/* @page is mapped in @mm at @addr.  False: others map it, or somebody else holds it. */
static bool split_huge_page(struct mm_struct *mm, struct page *page, umm_addr_t addr)
{
	struct page *head = compound_head(page);
	struct page_split split = { .dirty = page_test(head, PG_DIRTY) };
	pte_t *slot = pgtable_lookup_huge(&mm->pages->pgt, addr);

	if (folio_maybe_mapped_shared(head) || page_count(head) != page_large_mapcount(head))
		return false;
	if (slot)
		split_huge_pmd(mm, slot, addr);
	for (unsigned int i = 0; i < HUGE_PAGES && !split.dirty; i++) {
		split.page = &head[i];
		rmap_walk(mm->world, split.page, note_dirty, &split);
	}
	if (split.dirty)
		page_set(head, PG_DIRTY);
	split_compound(mm->world->phys, head);
	drop_zero_pages(mm, head);
	return true;
}

const struct page *whole_huge_page(const struct mm_pages *pages, const pte_t *slot,
				   umm_addr_t addr, umm_addr_t stop)
{
	const struct pgtable_format *f = pages->pgt.format;
	uint64_t first = pte_get(slot);
	const struct page *head;

	if (stop - addr != PMD_SIZE || !pte_present(f, first))
		return NULL;
	head = vm_normal_page(pages, first);
	if (!head || !page_test(head, PG_HEAD))
		return NULL;
	for (unsigned int i = 1; i < HUGE_PAGES; i++) {
		uint64_t pte = pte_get(&slot[i]);

		if (!pte_present(f, pte) || vm_normal_page(pages, pte) != &head[i])
			return NULL;
	}
	return head;
}

/* Small entries [addr, stop), which do not map a whole huge page. */
static void split_among(struct mm_struct *mm, pte_t *slot, umm_addr_t addr, umm_addr_t stop)
{
	const struct pgtable_format *f = mm->pages->pgt.format;

	for (; addr < stop; addr += PAGE_SIZE, slot++) {
		uint64_t pte = pte_get(slot);
		struct page *page;

		page = pte_present(f, pte) ? vm_normal_page(mm->pages, pte) : NULL;
		if (page && page_compound(page))
			(void)split_huge_page(mm, page, addr);
	}
}

void split_huge_pages_at_edges(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	umm_addr_t addr = start, stop;
	pte_t *slot;
	bool huge;

	for (; (slot = pgtable_next(&mm->pages->pgt, &addr, end, &stop, &huge)); addr = stop) {
		struct page *head = huge ? vm_normal_page(mm->pages, pte_get(slot)) : NULL;

		if (head && stop - addr != PMD_SIZE)
			(void)split_huge_page(mm, head, addr);
		if (!huge && !whole_huge_page(mm->pages, slot, addr, stop))
			split_among(mm, slot, addr, stop);
	}
}
