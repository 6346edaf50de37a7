/*
 * mm_pages.c - the page tables and counters of an address space, and who hears of changes.
 */
#include "base/assert.h"
#include "phys/compound.h"
#include "space/mm_pages.h"

static size_t pages_bytes(void)
{
	return (sizeof(struct mm_pages) + 63) & ~(size_t)63;
}

static const struct pgtable_format *format_of(const struct world *world)
{
	switch (world->settings.page_tables) {
	case UMM_PAGE_TABLES_X86_64_LA57:
		return &pgtable_x86_64_la57;
	case UMM_PAGE_TABLES_ARM64_4K:
		return &pgtable_arm64_4k;
	default:
		return &pgtable_x86_64;
	}
}

int mm_pages_create(struct mm_struct *mm)
{
	const struct umm_platform *platform = &mm->world->platform;
	struct mm_pages *pages = platform->alloc(platform->ctx, pages_bytes());

	if (!pages)
		return -UMM_ENOMEM;	/* no reason: metadata */
	memset(pages, 0, sizeof(*pages));
	if (pgtable_init(&pages->pgt, mm->world->phys, format_of(mm->world), mm)) {
		platform->free(platform->ctx, pages, pages_bytes());
		return -UMM_ENOMEM;	/* no reason: metadata */
	}
	mm->pages = pages;
	return 0;
}

void mm_pages_destroy(struct mm_struct *mm)
{
	const struct umm_platform *platform = &mm->world->platform;

	for (unsigned int i = 0; i < NR_MM_COUNTERS; i++)
		mm_assert(sum_mm_counter(mm->pages, (enum mm_counter)i) == 0);
	if (mm->pages->has_huge_zero)
		put_huge_zero_page(mm->world->phys);
	pgtable_destroy(&mm->pages->pgt);
	platform->free(platform->ctx, mm->pages, pages_bytes());
	mm->pages = NULL;
}

void mm_pages_take(struct mm_struct *clone, struct mm_struct *mm)
{
	if (!mm->pages || clone->pages)
		return;
	mm->world->page_ops->exit_mmap(mm);
	clone->pages = mm->pages;
	clone->pages->pgt.owner = clone;
	mm->pages = NULL;
}

void mmu_notifier_start(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	struct umm_mmu_notifier *n;

	(void)atomic_fetch_add(&mm->pages->pgt.sequence, 1);
	for (n = mm->pages->notifiers; n; n = n->next)
		n->invalidate_start(n, (struct umm_mm *)mm, start, end);
}

void mmu_notifier_end(struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	struct umm_mmu_notifier *n;

	for (n = mm->pages->notifiers; n; n = n->next)
		n->invalidate_end(n, (struct umm_mm *)mm, start, end);
	(void)atomic_fetch_add(&mm->pages->pgt.sequence, PGTABLE_CHANGED - 1);
}
