/*
 * pgtable.c - tables made, walked and freed.
 *
 * Theory
 * ------
 * A table is a frame of 512 entries.  Those of level 0 stand for frames, those of level n lead to
 * tables of level n - 1; the root has the highest level:
 *
 *	level	3		2		1		0
 *		root -> [ ... ] -> [ ... ] -> [ ... ] -> frame
 *	span	512 GiB		1 GiB		2 MiB		4 KiB
 *
 * In a world without contents frames have no memory, but tables are walked all the same: they get
 * theirs from the platform, and struct page says where.
 *
 * A table stays until the range that it is for holds nothing: entries that go leave it, areas that
 * go take it along (free_pgtables()), so that who maps and unmaps in one place does not make it
 * anew each time.
 *
 * An entry of level 1 can lead to a huge page instead of a table.  A table for those 2 MiB is kept
 * in reserve: it hangs on the struct page of the table of level 1 that has the entry (prev, linked
 * by next), like others of that table's.  So a huge page can be mapped by small entries any time.
 * Who finds no table makes one without a lock: so an entry that leads to a huge page is never none
 * while it is changed, and set where none stood it is by the same atomic step as a table.
 */
#include "base/err.h"
#include "pgtable/mmu_gather.h"
#include "pgtable/pgtable.h"

#define TABLE_BYTES (PTRS_PER_TABLE * sizeof(pte_t))

static pte_t *table_address(const struct phys *phys, struct page *page)
{
	return phys->frames ? page_address(phys, page) : page->memory;
}

static struct page *table_alloc(struct phys *phys, void *owner)
{
	const struct umm_platform *platform = &phys->world->platform;
	struct page *page = alloc_page(phys);

	if (!page)
		return NULL;
	page->memory = phys->frames ? NULL : platform->alloc(platform->ctx, TABLE_BYTES);
	if (!phys->frames && !page->memory) {
		put_page(phys, page);
		return NULL;
	}
	page_set(page, PG_TABLE);
	page->mapping = owner;
	page->prev = NULL;
	memset(table_address(phys, page), 0, TABLE_BYTES);
	return page;
}

void pgtable_free_table(struct phys *phys, struct page *page)
{
	const struct umm_platform *platform = &phys->world->platform;

	mm_assert_debug(!page->prev);	/* tables in reserve would be lost */
	if (page->memory)
		platform->free(platform->ctx, page->memory, TABLE_BYTES);
	page->memory = NULL;
	page_clear(page, PG_TABLE);
	put_page(phys, page);
}

int pgtable_init(struct pgtable *pgt, struct phys *phys, const struct pgtable_format *format,
		 void *owner)
{
	*pgt = (struct pgtable){ .phys = phys, .format = format, .owner = owner };
	pgt->root = table_alloc(phys, owner);
	if (!pgt->root)
		return -UMM_ENOMEM;
	pgt->root_table = table_address(phys, pgt->root);
	return 0;
}

void pgtable_destroy(struct pgtable *pgt)
{
	mm_assert(atomic_load(&pgt->nr_tables) == 0);
	pgtable_free_table(pgt->phys, pgt->root);
	pgt->root = NULL;
}

/* A new table at @slot, or who was faster's: the entry in *entry.  False without frames. */
static bool install_table(struct pgtable *pgt, pte_t *slot, uint64_t *entry)
{
	struct page *page = table_alloc(pgt->phys, pgt->owner);
	uint64_t fresh;

	if (!page)
		return false;
	fresh = pgtable_table_entry(pgt, page);
	*entry = 0;
	if (!atomic_compare_exchange_strong(slot, entry, fresh)) {
		pgtable_free_table(pgt->phys, page);
		return true;
	}
	*entry = fresh;
	atomic_fetch_add_explicit(&pgt->nr_tables, 1, memory_order_relaxed);
	return true;
}

pte_t *pgtable_alloc_level(struct pgtable *pgt, uint64_t addr, unsigned int level)
{
	pte_t *table = pgt->root_table;

	for (unsigned int at = pgt->format->levels - 1; at > level; at--) {
		pte_t *slot = &table[level_index(addr, at)];
		uint64_t entry = pte_get(slot);

		if (pte_none(entry) && !install_table(pgt, slot, &entry))
			return NULL;
		if (unlikely(pmd_leaf(pgt->format, entry)))
			return NULL;
		table = pgtable_below(pgt, entry);
	}
	return &table[level_index(addr, level)];
}

/*
 * The place of the entry of @addr at @level, or NULL; then *span bytes around @addr have none.
 */
static pte_t *descend(const struct pgtable *pgt, uint64_t addr, unsigned int level, uint64_t *span)
{
	pte_t *table = pgt->root_table;

	for (unsigned int at = pgt->format->levels - 1; at > level; at--) {
		uint64_t entry = pte_get(&table[level_index(addr, at)]);

		*span = level_span(at);
		if (pte_none(entry) || unlikely(pmd_leaf(pgt->format, entry)))
			return NULL;
		table = pgtable_below(pgt, entry);
	}
	*span = level_span(level);
	return &table[level_index(addr, level)];
}

pte_t *pgtable_lookup_level(const struct pgtable *pgt, uint64_t addr, unsigned int level)
{
	uint64_t span;

	return descend(pgt, addr, level, &span);
}

pte_t *pgtable_find_huge(const struct pgtable *pgt, uint64_t addr, struct page **table)
{
	pte_t *slot = pgtable_lookup_level(pgt, addr, 1);
	uint64_t entry = slot ? pte_get(slot) : 0;

	if (pte_none(entry) || !pmd_leaf(pgt->format, entry))
		return NULL;
	*table = pgtable_pmd_table(pgt, addr);
	return slot;
}

/* Small entries, or the huge one that is there instead. */
static pte_t *descend_any(const struct pgtable *pgt, uint64_t addr, uint64_t *span, bool *huge)
{
	pte_t *slot = descend(pgt, addr, 0, span);

	*huge = false;
	if (likely(slot) || *span != level_span(1))
		return slot;
	slot = pgtable_lookup_huge(pgt, addr);
	*huge = slot != NULL;
	return slot;
}

pte_t *pgtable_next(const struct pgtable *pgt, uint64_t *addr, uint64_t end, uint64_t *stop,
		    bool *huge)
{
	while (*addr < end) {
		uint64_t span, past;
		pte_t *slot = descend_any(pgt, *addr, &span, huge);

		if (slot) {
			past = (*addr & ~(level_span(1) - 1)) + level_span(1);
			*stop = min_u64(past, end);
			return slot;
		}
		past = (*addr & ~(span - 1)) + span;
		if (past <= *addr)
			break;
		*addr = past;
	}
	return NULL;
}

/* ---- tables in reserve ---------------------------------------------------------------------- */

struct page *pgtable_alloc_table(struct pgtable *pgt)
{
	return table_alloc(pgt->phys, pgt->owner);
}

pte_t *pgtable_entries(const struct pgtable *pgt, struct page *table)
{
	return table_address(pgt->phys, table);
}

uint64_t pgtable_table_entry(const struct pgtable *pgt, const struct page *table)
{
	return (page_to_pfn(pgt->phys, table) << PTE_SHIFT) | pgt->format->table;
}

struct page *pgtable_pmd_table(const struct pgtable *pgt, uint64_t addr)
{
	const pte_t *slot = pgtable_lookup_level(pgt, addr, 2);

	mm_assert(slot && !pte_none(pte_get(slot)));
	return pfn_to_page(pgt->phys, pte_pfn(pgt->format, pte_get(slot)));
}

void pgtable_deposit(struct pgtable *pgt, struct page *pmd, struct page *table)
{
	table->next = pmd->prev;
	pmd->prev = table;
	atomic_fetch_add_explicit(&pgt->nr_tables, 1, memory_order_relaxed);
}

struct page *pgtable_withdraw(struct pgtable *pgt, struct page *pmd)
{
	struct page *table = pmd->prev;

	mm_assert(table);
	pmd->prev = table->next;
	atomic_fetch_sub_explicit(&pgt->nr_tables, 1, memory_order_relaxed);
	return table;
}

/* ---- tables go ------------------------------------------------------------------------------ */

/* The table that the entry at @slot leads to goes, and covers [start, end). */
static void free_table_at(struct mmu_gather *tlb, pte_t *slot, uint64_t start, uint64_t end)
{
	struct pgtable *pgt = tlb->pgt;
	uint64_t entry = pte_get_and_clear(slot);

	tlb_remove_table(tlb, pfn_to_page(pgt->phys, pte_pfn(pgt->format, entry)), start, end);
	atomic_fetch_sub_explicit(&pgt->nr_tables, 1, memory_order_relaxed);
}

void free_pgtables(struct mmu_gather *tlb, uint64_t start, uint64_t end, uint64_t floor,
		   uint64_t ceiling)
{
	for (unsigned int level = 1; level < tlb->pgt->format->levels; level++) {
		uint64_t span = level_span(level), hole;

		for (uint64_t at = start & ~(span - 1); at < end;) {
			pte_t *slot = NULL;

			hole = span;
			if (floor <= at && ceiling - at >= span)
				slot = descend(tlb->pgt, at, level, &hole);
			if (slot && !pte_none(pte_get(slot)))
				free_table_at(tlb, slot, max_u64(at, start),
					      min_u64(at + span, end));
			at = (at & ~(hole - 1)) + hole;
		}
	}
}
