/*
 * pgtable.h - the tables that lead from an address to a frame.
 *
 * Layer: pgtable.
 *
 * Tables are freed by who has seen to it that nobody else walks there; they are made by anybody,
 * with one atomic step.  The entry of a frame is changed under the lock of its table, as struct
 * page has it (pgtable_lock()), but for marks that hardware leaves.  Entries are read and written
 * as one.
 */
#ifndef PGTABLE_PGTABLE_H
#define PGTABLE_PGTABLE_H

#include "pgtable/pte.h"
#include "phys/phys.h"

struct pgtable {
	struct phys *phys;
	const struct pgtable_format *format;
	struct page *root;		/* frame of the table of the highest level */
	pte_t *root_table;
	atomic_ullong nr_tables;	/* without the root, as VmPTE counts them */
	void *owner;			/* whose they are, for platform->tlb_flush() */
	/*
	 * How many are taking entries away, or making them allow less, and above that (from
	 * PGTABLE_CHANGED on) how many have: who looks without a lock looks at it before and after.
	 */
	atomic_ullong sequence;
};

#define PGTABLE_CHANGED UINT64_C(0x10000)

static inline bool pgtable_is_changing(uint64_t sequence)
{
	return sequence % PGTABLE_CHANGED != 0;
}

/* 0 with an empty root, or -UMM_ENOMEM. */
__must_check int pgtable_init(struct pgtable *pgt, struct phys *phys,
			      const struct pgtable_format *format, void *owner);

/* Only the root is left. */
void pgtable_destroy(struct pgtable *pgt);

/* Bytes of address space that an entry of @level stands for: 0 is the entries of frames. */
static inline uint64_t level_span(unsigned int level)
{
	return UINT64_C(1) << (PTE_SHIFT + PTRS_SHIFT * level);
}

/* Addresses below this have an entry of their own. */
static inline uint64_t pgtable_span(const struct pgtable *pgt)
{
	return level_span(pgt->format->levels - 1) * PTRS_PER_TABLE;
}

static inline unsigned int level_index(uint64_t addr, unsigned int level)
{
	return (addr >> (PTE_SHIFT + PTRS_SHIFT * level)) & (PTRS_PER_TABLE - 1);
}

/* The table that an entry of a higher level leads to. */
static inline pte_t *pgtable_below(const struct pgtable *pgt, uint64_t entry)
{
	if (likely(pgt->phys->frames))
		return (pte_t *)(void *)(pgt->phys->frames + pte_phys(pgt->format, entry));
	return pgt->phys->mem_map[pte_pfn(pgt->format, entry)].memory;
}

/*
 * The place of the entry of @addr, in *table the table that it is in; NULL if there is no table for
 * it, or a huge page: whose entry is in *table.
 */
static inline pte_t *pgtable_find(const struct pgtable *pgt, uint64_t addr, struct page **table)
{
	pte_t *entries = pgt->root_table;

	*table = NULL;
	for (unsigned int level = pgt->format->levels - 1; level > 0; level--) {
		uint64_t entry = pte_get(&entries[level_index(addr, level)]);

		if (pte_none(entry) || unlikely(pmd_leaf(pgt->format, entry)))
			return NULL;
		*table = pfn_to_page(pgt->phys, pte_pfn(pgt->format, entry));
		entries = pgtable_below(pgt, entry);
	}
	return &entries[level_index(addr, 0)];
}

static inline pte_t *pgtable_lookup(const struct pgtable *pgt, uint64_t addr)
{
	struct page *table;

	return pgtable_find(pgt, addr, &table);
}

static inline void pgtable_lock(const struct pgtable *pgt, struct page *table)
{
	spin_lock(&pgt->phys->world->platform, &table->ptl);
}

static inline void pgtable_unlock(const struct pgtable *pgt, struct page *table)
{
	spin_unlock(&pgt->phys->world->platform, &table->ptl);
}

/* The table that the entry of @addr is in, small or huge, which is there: locked. */
static inline struct page *pgtable_lock_at(const struct pgtable *pgt, uint64_t addr)
{
	struct page *table;

	(void)pgtable_find(pgt, addr, &table);
	pgtable_lock(pgt, table);
	return table;
}

/*
 * The entry of @addr without a lock (of a huge page, as one of its frame there), 0 if there is none
 * or somebody is changing some.  A table may
 * be freed on the way, and hold anything: it stays readable, as all frames of a world with contents
 * do, and what leads out of them is not followed; the sequence tells in the end.
 */
static inline uint64_t pgtable_peek(const struct pgtable *pgt, uint64_t addr)
{
	uint64_t sequence = atomic_load_explicit(&pgt->sequence, memory_order_acquire), entry;
	pte_t *table = pgt->root_table;

	if (unlikely(pgtable_is_changing(sequence) || addr >= pgtable_span(pgt)))
		return 0;
	for (unsigned int level = pgt->format->levels - 1;; level--) {
		entry = atomic_load_explicit(&table[level_index(addr, level)],
					     memory_order_acquire);
		if (!level || pte_none(entry))
			break;
		if (unlikely(pmd_leaf(pgt->format, entry))) {
			entry = pmd_pte(pgt->format, entry, addr);
			break;
		}
		if (unlikely(pte_pfn(pgt->format, entry) >= pgt->phys->nr_frames))
			return 0;
		table = pgtable_below(pgt, entry);
	}
	if (unlikely(atomic_load_explicit(&pgt->sequence, memory_order_relaxed) != sequence))
		return 0;
	return entry;
}

/* The place of the entry of @addr at @level, or NULL. */
pte_t *pgtable_lookup_level(const struct pgtable *pgt, uint64_t addr, unsigned int level);

/*
 * The same, and tables are made: NULL if the frames ran out, or a huge page is there; tables made
 * so far stay.
 */
pte_t *pgtable_alloc_level(struct pgtable *pgt, uint64_t addr, unsigned int level);

/* The place of the entry of the 2 MiB around @addr if a huge page is mapped there, else NULL. */
pte_t *pgtable_find_huge(const struct pgtable *pgt, uint64_t addr, struct page **table);

static inline pte_t *pgtable_lookup_huge(const struct pgtable *pgt, uint64_t addr)
{
	struct page *table;

	return pgtable_find_huge(pgt, addr, &table);
}

static inline pte_t *pgtable_alloc(struct pgtable *pgt, uint64_t addr, struct page **table)
{
	pte_t *slot = pgtable_find(pgt, addr, table);

	if (likely(slot))
		return slot;
	return pgtable_alloc_level(pgt, addr, 0) ? pgtable_find(pgt, addr, table) : NULL;
}

/*
 * Walk: the places of the entries of [*addr, *stop), which lie side by side, for the first *addr at
 * or above the one given that has a table; NULL if there is none below @end.  Where a huge page is
 * mapped the place is that of its one entry, and *huge is true: [*addr, *stop) is what the range
 * has of it.
 *
 *	for (addr = start; (slot = pgtable_next(pgt, &addr, end, &stop, &huge)); addr = stop)
 *		for (; addr < stop; addr += PAGE_SIZE, slot++)
 */
pte_t *pgtable_next(const struct pgtable *pgt, uint64_t *addr, uint64_t end, uint64_t *stop,
		    bool *huge);

/*
 * The table that the 2 MiB at @addr will need when their huge page is mapped by small entries: it
 * is made when the page is mapped (NULL: no frame), lies beside the entry, and counts as a table.
 * Taking it out cannot fail.  => to put one there, or take it: the table of the entry locked
 */
struct page *pgtable_alloc_table(struct pgtable *pgt);
void pgtable_deposit(struct pgtable *pgt, struct page *pmd, struct page *table);
struct page *pgtable_withdraw(struct pgtable *pgt, struct page *pmd);

/* The table that the entry at @addr of level 1 is in, or will be: it is there. */
struct page *pgtable_pmd_table(const struct pgtable *pgt, uint64_t addr);

/* The entries of a table, and the entry that leads to it. */
pte_t *pgtable_entries(const struct pgtable *pgt, struct page *table);
uint64_t pgtable_table_entry(const struct pgtable *pgt, const struct page *table);

struct mmu_gather;

/*
 * Free the tables in [start, end), whose entries are none, of which all lies in [floor, ceiling):
 * nothing but the range is mapped there.
 */
void free_pgtables(struct mmu_gather *tlb, uint64_t start, uint64_t end, uint64_t floor,
		   uint64_t ceiling);

/* The last of a table: nobody can walk through it any more. */
void pgtable_free_table(struct phys *phys, struct page *page);

#endif
