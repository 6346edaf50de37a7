/*
 * huge_pmd.h - entries of 2 MiB: gone, or cut into small ones.
 *
 * Layer: rmap.  mmap_lock held for write, but for split_huge_pmd() in a fault; mm->pages is there.
 */
#ifndef RMAP_HUGE_PMD_H
#define RMAP_HUGE_PMD_H

#include "space/mm_pages.h"

#define PMD_MASK (~(PMD_SIZE - 1))

/* The entry at @slot, of the 2 MiB at @addr, goes with what it led to, and its table in reserve. */
void zap_huge_pmd(struct mmu_gather *tlb, struct mm_pages *pages, pte_t *slot, umm_addr_t addr);

/*
 * 512 small entries say what the entry at @slot said of the 2 MiB around @addr.  The huge page
 * stays one.
 */
void split_huge_pmd(struct mm_struct *mm, pte_t *slot, umm_addr_t addr);

/* An area will begin or end at @addr: no entry lies across it.  What page_ops->boundary is. */
void split_huge_pmd_address(struct mm_struct *mm, umm_addr_t addr);

/*
 * Advice for [start, end) that is about whole pages: huge ones that the range has parts of only,
 * that nobody else maps or holds, become small; and where their frames are all zero, the zero page
 * stands instead.
 */
void split_huge_pages_at_edges(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* The huge page that the small entries [addr, stop), from @slot on, map as a whole, or NULL. */
const struct page *whole_huge_page(const struct mm_pages *pages, const pte_t *slot,
				   umm_addr_t addr, umm_addr_t stop);

#endif
