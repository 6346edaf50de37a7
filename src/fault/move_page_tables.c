/*
 * move_page_tables.c - entries go to another address, a table at a time where that fits.
 *
 * Where both addresses are at the start of a table's range and all of it moves, the table itself
 * is hung in at the new place: 2 MiB for the price of one entry; and so is a huge page.  Else the
 * entries are moved one by one, a huge page's after it was cut.  No frame changes hands, so no
 * count changes, and the reverse map finds it at the new place through the area there: the offset
 * in the mapping is the same.
 */
#include "base/err.h"
#include "fault/move_page_tables.h"
#include "rmap/huge_pmd.h"

/* The piece of a move that lies within one table at both ends. */
static uint64_t extent(umm_addr_t from, umm_addr_t to, uint64_t left)
{
	uint64_t span = level_span(1);
	uint64_t room = min_u64(span - (from & (span - 1)), span - (to & (span - 1)));

	return min_u64(room, left);
}

/* Has the source anything there?  *at moves on to where it may. */
static pte_t *next_piece(const struct mm_pages *pages, umm_addr_t *at, umm_addr_t end, bool *huge)
{
	umm_addr_t stop;

	return *at < end ? pgtable_next(&pages->pgt, at, end, &stop, huge) : NULL;
}

int move_page_tables_reserve(struct mm_struct *mm, umm_addr_t from, umm_addr_t to, uint64_t len)
{
	umm_addr_t at = from, end = from + len;
	bool huge;

	while (next_piece(mm->pages, &at, end, &huge)) {
		uint64_t bytes = extent(at, to + (at - from), end - at);
		unsigned int level = bytes == level_span(1);

		if (!pgtable_alloc_level(&mm->pages->pgt, to + (at - from), level))
			return -UMM_ENOMEM;	/* no reason: the caller says so */
		at += bytes;
	}
	return 0;
}

static void move_entries(struct mm_pages *pages, umm_addr_t from, umm_addr_t to, uint64_t bytes)
{
	const struct umm_platform *platform = &pages->pgt.phys->world->platform;
	struct page *table, *dst_table;
	pte_t *slot = pgtable_find(&pages->pgt, from, &table);
	pte_t *dst = pgtable_find(&pages->pgt, to, &dst_table);

	/* A table that was made for another piece of the move: nothing is in it. */
	if (!dst)
		return;
	mm_assert(slot);
	spin_lock_two(platform, &table->ptl, &dst_table->ptl);
	for (uint64_t i = 0; i < bytes >> PAGE_SHIFT; i++) {
		uint64_t pte;

		if (pte_none(pte_get(&slot[i])))
			continue;
		mm_assert(pte_none(pte_get(&dst[i])));
		pte = pte_get_and_clear(&slot[i]);
		pte_set(&dst[i], pte);
	}
	spin_unlock_two(platform, &table->ptl, &dst_table->ptl);
}

/* The table in reserve goes with the entry of a huge page. */
static void move_reserve(struct pgtable *pgt, umm_addr_t from, umm_addr_t to)
{
	struct page *old = pgtable_pmd_table(pgt, from), *new = pgtable_pmd_table(pgt, to);

	if (old != new)			/* else any of them will do */
		pgtable_deposit(pgt, new, pgtable_withdraw(pgt, old));
}

/* The whole table, or huge page, unless a table hangs there already. */
static bool move_table(struct mm_pages *pages, umm_addr_t from, umm_addr_t to, bool huge)
{
	pte_t *old = pgtable_lookup_level(&pages->pgt, from, 1);
	pte_t *new = pgtable_lookup_level(&pages->pgt, to, 1);

	mm_assert(old && new);
	if (!pte_none(pte_get(new)))
		return false;
	if (huge)
		move_reserve(&pages->pgt, from, to);
	pte_set(new, pte_get_and_clear(old));
	return true;
}

void move_page_tables(struct mm_struct *mm, umm_addr_t from, umm_addr_t to, uint64_t len)
{
	umm_addr_t at = from, end = from + len;
	const struct umm_platform *platform = &mm->world->platform;
	struct mm_pages *pages = mm->pages;
	struct mmu_gather tlb;
	pte_t *slot;
	bool huge;

	mmu_notifier_start(mm, from, end);
	tlb_gather_mmu(&tlb, &pages->pgt);
	/* Who comes by the reverse map finds a frame at one place or at the other. */
	write_lock(platform, &mm->world->lock);
	while ((slot = next_piece(pages, &at, end, &huge))) {
		umm_addr_t there = to + (at - from);
		uint64_t bytes = extent(at, there, end - at);

		if (bytes != level_span(1) || !move_table(pages, at, there, huge)) {
			if (huge)
				split_huge_pmd(mm, slot, at);
			move_entries(pages, at, there, bytes);
		}
		tlb_flush_range(&tlb, at, at + bytes);
		at += bytes;
	}
	write_unlock(platform, &mm->world->lock);
	tlb_finish_mmu(&tlb);
	mmu_notifier_end(mm, from, end);
}
