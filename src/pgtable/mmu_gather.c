/*
 * mmu_gather.c - flush first, then give back.
 */
#include "pgtable/mmu_gather.h"

void tlb_flush_mmu(struct mmu_gather *tlb)
{
	const struct umm_platform *platform = &tlb->pgt->phys->world->platform;
	struct phys *phys = tlb->pgt->phys;

	if (tlb->start < tlb->end && platform->tlb_flush)
		platform->tlb_flush(platform->ctx, tlb->pgt->owner, tlb->start, tlb->end);
	tlb->start = UINT64_MAX;
	tlb->end = 0;
	while (tlb->nr) {
		struct page_run run = tlb->run[--tlb->nr];

		put_page_range(phys, run.page, run.nr);
	}
	while (tlb->tables) {
		struct page *next = tlb->tables->next;

		pgtable_free_table(phys, tlb->tables);
		tlb->tables = next;
	}
}

bool tlb_remove_page(struct mmu_gather *tlb, struct page *page, uint64_t addr)
{
	struct page_run *last = tlb->nr ? &tlb->run[tlb->nr - 1] : NULL;

	tlb_flush_range(tlb, addr, addr + (UINT64_C(1) << PTE_SHIFT));
	if (last && page == last->page + last->nr) {
		last->nr++;
		return false;
	}
	tlb->run[tlb->nr++] = (struct page_run){ page, 1 };
	return tlb->nr == GATHER_RUNS;
}

bool tlb_remove_huge_page(struct mmu_gather *tlb, struct page *head, uint64_t addr)
{
	tlb_flush_range(tlb, addr, addr + level_span(1));
	tlb->run[tlb->nr++] = (struct page_run){ head, 1 };
	return tlb->nr == GATHER_RUNS;
}

void tlb_remove_table(struct mmu_gather *tlb, struct page *page, uint64_t start, uint64_t end)
{
	tlb_flush_range(tlb, start, end);
	page->next = tlb->tables;
	tlb->tables = page;
}
