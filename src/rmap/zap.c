/*
 * zap.c - entries go: at unmapping, at exit, and when contents are given back.
 *
 * An entry that goes takes along what it counted for: the frame's map count, the address space's
 * RSS, and a reference, which the gather drops after the flush.  That a file's frame was written
 * through it is told to the frame first.
 */
#include "base/assert.h"
#include "rmap/huge_pmd.h"
#include "rmap/page_rmap.h"
#include "rmap/zap.h"
#include "space/guards.h"

/* A table whose entries go. */
struct zap {
	struct mm_pages *pages;
	struct mmu_gather *tlb;
	bool even_cows;			/* not only what is a file's */
	int64_t rss[NR_MM_COUNTERS];	/* not added yet */
};

/* A frame that was mapped here, with the entry that led to it.  True: flush before the next. */
static bool zap_present(struct zap *zap, uint64_t pte, umm_addr_t addr)
{
	const struct mm_pages *pages = zap->pages;
	const struct pgtable_format *f = pages->pgt.format;
	struct page *page = vm_normal_page(pages, pte);

	if (!page) {
		tlb_flush_range(zap->tlb, addr, addr + PAGE_SIZE);
		return false;
	}
	if (!page_anon(page)) {
		if (pte_is(f, pte, f->dirty))
			page_set(page, PG_DIRTY);
		if (pte_is(f, pte, f->accessed))
			page_set(page, PG_REFERENCED);
	}
	zap->rss[mm_counter(page)]--;
	page_remove_rmap(page, pages->pgt.owner);
	return tlb_remove_page(zap->tlb, page, addr);
}

/* A page on its way somewhere else: who moves it holds a reference of its own for the entry. */
static void zap_soft(struct zap *zap, uint64_t pte)
{
	const struct pgtable *pgt = &zap->pages->pgt;

	mm_assert(pte_is_migration(pgt->format, pte));
	zap->rss[mm_counter(pfn_to_page(pgt->phys, pte_offset(pte)))]--;
}

/* Is it the file's, not a copy of this process? */
static bool leads_to_file(const struct mm_pages *pages, uint64_t pte)
{
	const struct page *page;

	page = pte_present(pages->pgt.format, pte) ? vm_normal_page(pages, pte) : NULL;
	return page && !page_anon(page);
}

/* The entry at @slot, if there is one to go.  True: flush before the next. */
static bool zap_pte(struct zap *zap, pte_t *slot, umm_addr_t addr)
{
	const struct pgtable_format *f = zap->pages->pgt.format;
	uint64_t pte = pte_get(slot);

	if (pte_none(pte) || (!zap->even_cows && !leads_to_file(zap->pages, pte)))
		return false;
	if (likely(pte_is_marked(f, pte)))
		pte_set(slot, 0);
	else
		pte = pte_get_and_clear(slot);
	if (likely(pte_present(f, pte)))
		return zap_present(zap, pte, addr);
	zap_soft(zap, pte);
	return false;
}

/* A huge entry, of which [addr, stop) goes: how far that is done. */
static umm_addr_t zap_huge_range(struct mmu_gather *tlb, struct mm_pages *pages, pte_t *slot,
				 umm_addr_t addr, umm_addr_t stop)
{
	if (stop - addr == PMD_SIZE) {
		zap_huge_pmd(tlb, pages, slot, addr);
		return stop;
	}
	split_huge_pmd(pages->pgt.owner, slot, addr);
	return addr;			/* once more, by small entries */
}

/* What is gathered is flushed when there is no room for more, with no table locked. */
static void zap_pte_range(struct mmu_gather *tlb, struct mm_pages *pages, umm_addr_t start,
			  umm_addr_t end, bool even_cows)
{
	umm_addr_t addr = start, stop;
	struct page *table;
	pte_t *slot;
	bool huge;

	while ((slot = pgtable_next(&pages->pgt, &addr, end, &stop, &huge))) {
		struct zap zap = { .pages = pages, .tlb = tlb, .even_cows = even_cows };
		bool full = false;

		if (unlikely(huge)) {
			addr = zap_huge_range(tlb, pages, slot, addr, stop);
			continue;
		}
		table = pgtable_lock_at(&pages->pgt, addr);
		for (; addr < stop && !full; addr += PAGE_SIZE, slot++)
			full = zap_pte(&zap, slot, addr);
		pgtable_unlock(&pages->pgt, table);
		add_mm_rss(pages, zap.rss);
		if (full)
			tlb_flush_mmu(tlb);
	}
}

/* Tables of [start, end) that all of it was zapped of, and that guard markers do not need. */
static void reclaim_tables(struct mmu_gather *tlb, struct mm_struct *mm, umm_addr_t start,
			   umm_addr_t end)
{
	umm_addr_t addr = (start + PMD_SIZE - 1) & PMD_MASK, stop;
	bool huge;

	for (end &= PMD_MASK; pgtable_next(&mm->pages->pgt, &addr, end, &stop, &huge); addr = stop)
		if (guards_first(mm, addr, stop) >= stop)
			free_pgtables(tlb, addr, stop, addr, stop);
}

static void zap_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, bool even_cows,
		      bool reclaim)
{
	struct mmu_gather tlb;

	update_hiwater_rss(mm->pages);
	mmu_notifier_start(mm, start, end);
	tlb_gather_mmu(&tlb, &mm->pages->pgt);
	zap_pte_range(&tlb, mm->pages, start, end, even_cows);
	if (reclaim && end - start >= PMD_SIZE)
		reclaim_tables(&tlb, mm, start, end);
	tlb_finish_mmu(&tlb);
	mmu_notifier_end(mm, start, end);
}

void zap_page_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	zap_range(mm, start, end, true, false);
}

void madvise_dontneed_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	zap_range(mm, start, end, true, true);
}

void zap_file_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	zap_range(mm, start, end, false, false);
}

void unmap_region(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, umm_addr_t floor,
		  umm_addr_t ceiling)
{
	struct mmu_gather tlb;

	update_hiwater_rss(mm->pages);
	mmu_notifier_start(mm, start, end);
	tlb_gather_mmu(&tlb, &mm->pages->pgt);
	zap_pte_range(&tlb, mm->pages, start, end, true);
	free_pgtables(&tlb, start, end, floor, ceiling);
	tlb_finish_mmu(&tlb);
	mmu_notifier_end(mm, start, end);
}

void exit_pages(struct mm_struct *mm)
{
	uint64_t top = pgtable_span(&mm->pages->pgt);
	const struct vm_area_struct *first = mm->tree.first, *last = mm->tree.last;

	if (first)
		unmap_region(mm, first->vm_start, last->vm_end, 0, top);
	if (atomic_load(&mm->pages->pgt.nr_tables))	/* made for areas that never came */
		unmap_region(mm, 0, top, 0, top);
}

/* ---- MADV_FREE ------------------------------------------------------------------------------ */

/* The processor forgets that they were used and written. */
static void forget_marks(struct mmu_gather *tlb, pte_t *slot, umm_addr_t start, umm_addr_t end)
{
	const struct pgtable_format *f = tlb->pgt->format;
	uint64_t pte = pte_get(slot);

	if (!pte_is(f, pte, f->accessed) && !pte_is(f, pte, f->dirty))
		return;
	(void)pte_clear_properties(f, slot, f->accessed | f->dirty);
	tlb_flush_range(tlb, start, end);
}

/* May it go, whatever was written to it?  Then that is forgotten. */
static bool forget_dirty(struct page *page)
{
	struct page *head = compound_head(page);
	bool alone = page_compound(page) ? page_large_mapcount(page) == HUGE_PAGES
					 : page_mapcount(page) == 1;

	if (!page_test(head, PG_DIRTY))
		return true;
	if (alone)
		page_clear(head, PG_DIRTY);
	return alone;
}

/* @whole: the huge page that all entries of the table are of.  => table locked */
static void free_pte(struct mmu_gather *tlb, const struct mm_pages *pages, pte_t *slot,
		     umm_addr_t addr, const struct page *whole)
{
	uint64_t pte = pte_get(slot);
	struct page *page;

	page = pte_present(pages->pgt.format, pte) ? vm_normal_page(pages, pte) : NULL;
	if (!page || !page_anon(page))
		return;
	/* A part of one that could not be split stays as it is. */
	if ((page_compound(page) && compound_head(page) != whole) || !forget_dirty(page))
		return;
	forget_marks(tlb, slot, addr, addr + PAGE_SIZE);
	page_clear(compound_head(page), PG_SWAPBACKED);
}

/* => table locked */
static void free_huge_pmd(struct mmu_gather *tlb, const struct mm_pages *pages, pte_t *slot,
			  umm_addr_t addr)
{
	struct page *head = vm_normal_page(pages, pte_get(slot));

	if (!head || folio_maybe_mapped_shared(head))
		return;
	page_clear(head, PG_DIRTY);
	forget_marks(tlb, slot, addr, addr + PMD_SIZE);
	page_clear(head, PG_SWAPBACKED);
}

/* Entries [addr, stop) from @slot on, or what the range has of a huge one. */
static void free_entries(struct mmu_gather *tlb, const struct mm_pages *pages, pte_t *slot,
			 umm_addr_t addr, umm_addr_t stop, bool huge)
{
	struct page *table = pgtable_lock_at(&pages->pgt, addr);
	const struct page *whole = huge ? NULL : whole_huge_page(pages, slot, addr, stop);

	if (huge && stop - addr == PMD_SIZE)
		free_huge_pmd(tlb, pages, slot, addr);
	for (; !huge && addr < stop; addr += PAGE_SIZE, slot++)
		free_pte(tlb, pages, slot, addr, whole);
	pgtable_unlock(&pages->pgt, table);
}

void madvise_free_pages(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t start,
			umm_addr_t end)
{
	umm_addr_t addr = start, stop;
	struct mmu_gather tlb;
	pte_t *slot;
	bool huge;

	mm_assert_debug(vma->vm_start <= start && end <= vma->vm_end);
	(void)vma;
	split_huge_pages_at_edges(mm, start, end);
	mmu_notifier_start(mm, start, end);
	tlb_gather_mmu(&tlb, &mm->pages->pgt);
	for (; (slot = pgtable_next(&mm->pages->pgt, &addr, end, &stop, &huge)); addr = stop)
		free_entries(&tlb, mm->pages, slot, addr, stop, huge);
	tlb_finish_mmu(&tlb);
	mmu_notifier_end(mm, start, end);
}
