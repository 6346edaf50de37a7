/*
 * mmu_gather.h - frames that wait for the flush that covers them.
 *
 * Layer: pgtable.
 *
 *	tlb_gather_mmu(&tlb, pgt);
 *	for each entry that goes, under the lock of its table:
 *		pte_get_and_clear(); tlb_remove_page(&tlb, page, addr);
 *	tlb_finish_mmu(&tlb);
 *
 * A processor may remember an entry until it is told.  So what an entry led to is given back only
 * after platform->tlb_flush() returned for a range that has it: whoever gets the frame next is not
 * written to by its last owner.  When there is no room for more, what is there is flushed early.
 * Frames that lie side by side and go one after the other, as they often do, take one place.
 */
#ifndef PGTABLE_MMU_GATHER_H
#define PGTABLE_MMU_GATHER_H

#include "pgtable/pgtable.h"

#define GATHER_RUNS 56

/* Frames side by side. */
struct page_run {
	struct page *page;
	unsigned int nr;
};

struct mmu_gather {
	struct pgtable *pgt;
	uint64_t start, end;		/* entries changed and not flushed; start >= end: none */
	struct page *tables;		/* linked by next */
	unsigned int nr;
	struct page_run run[GATHER_RUNS];	/* a reference to each frame */
};

static inline void tlb_gather_mmu(struct mmu_gather *tlb, struct pgtable *pgt)
{
	tlb->pgt = pgt;
	tlb->start = UINT64_MAX;
	tlb->end = 0;
	tlb->tables = NULL;
	tlb->nr = 0;
}

/* Less is allowed in [start, end) than was. */
static inline void tlb_flush_range(struct mmu_gather *tlb, uint64_t start, uint64_t end)
{
	tlb->start = min_u64(tlb->start, start);
	tlb->end = max_u64(tlb->end, end);
}

/*
 * The entry of @addr is gone; its reference to @page is ours to drop.  True: there is no room for
 * another one before tlb_flush_mmu(), which wants no table locked.
 */
__must_check bool tlb_remove_page(struct mmu_gather *tlb, struct page *page, uint64_t addr);

/* The same for the entry of the 2 MiB at @addr. */
__must_check bool tlb_remove_huge_page(struct mmu_gather *tlb, struct page *head, uint64_t addr);

/* Nothing leads to the table any more, which was for [start, end). */
void tlb_remove_table(struct mmu_gather *tlb, struct page *page, uint64_t start, uint64_t end);

/* Flush what was gathered, then give it back.  More may be gathered after. */
void tlb_flush_mmu(struct mmu_gather *tlb);

static inline void tlb_finish_mmu(struct mmu_gather *tlb)
{
	tlb_flush_mmu(tlb);
}

/* Entries that say less than before, now. */
static inline void flush_tlb_range(struct pgtable *pgt, uint64_t start, uint64_t end)
{
	const struct umm_platform *platform = &pgt->phys->world->platform;

	if (platform->tlb_flush)
		platform->tlb_flush(platform->ctx, pgt->owner, start, end);
}

static inline void flush_tlb_page(struct pgtable *pgt, uint64_t addr)
{
	flush_tlb_range(pgt, addr, addr + (UINT64_C(1) << PTE_SHIFT));
}

#endif
