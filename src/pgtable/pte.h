/*
 * pte.h - what a page-table entry says, in each format.
 *
 * Layer: pgtable.
 *
 * Theory
 * ------
 * An entry is 64 bits as the hardware has them; 0 is none.  Formats differ in where a property
 * stands and in its sense: x86-64 marks what may not be executed, arm64 besides what may not be
 * written.  So a format is a table of masks, and of the bits that stand for the opposite
 * (`invert`): (entry ^ invert) & mask asks for any property of any format.
 *
 *	present		hardware may use it
 *	protnone	a frame is there that nobody may touch: PROT_NONE; hardware sees nothing
 *	neither		none, or an entry of ours: where the page went (enum pte_type)
 *
 * An entry of ours keeps bit 0 and the protnone bit clear in every format:
 *
 *	63 ......... 12  11     10     9           7          6 .. 2  1 0
 *	offset           dirty  young  soft dirty  exclusive  type    0 0
 */
#ifndef PGTABLE_PTE_H
#define PGTABLE_PTE_H

#include <stdatomic.h>

#include "base/compiler.h"

#define PTE_SHIFT	12		/* log2 of the bytes that an entry maps */
#define PTRS_SHIFT	9
#define PTRS_PER_TABLE	(1 << PTRS_SHIFT)

/* The place of an entry: hardware reads it, and sets accessed and dirty, while we look. */
typedef _Atomic(uint64_t) pte_t;

struct pgtable_format {
	const char *name;
	unsigned int levels;		/* of tables, 4 or 5 */
	uint64_t invert;		/* these bits say the opposite of their mask's name */
	uint64_t present, protnone, write, user, exec, accessed, dirty;
	uint64_t soft_dirty;		/* written since somebody asked; hardware ignores it */
	uint64_t special;	/* a frame that nobody counts: the zero page; as above */
	uint64_t pfn_mask;
	uint64_t leaf;			/* bits that every entry of a frame has */
	uint64_t table;			/* bits of an entry that leads to a table */
	/* An entry of level 1 leads to 2 MiB of memory, not to a table: of these bits, these. */
	uint64_t huge_mask, huge;
};

extern const struct pgtable_format pgtable_x86_64, pgtable_x86_64_la57, pgtable_arm64_4k;

/* Where a page went that is not present. */
enum pte_type {
	PTE_NONE,
	PTE_MIGRATION_READ,		/* on its way to another frame: offset is its number */
	PTE_MIGRATION_WRITE,		/* as the last; the entry was writable */
};

#define PTE_SOFT_EXCLUSIVE	(UINT64_C(1) << 7)
#define PTE_SOFT_SOFT_DIRTY	(UINT64_C(1) << 9)
#define PTE_SOFT_YOUNG		(UINT64_C(1) << 10)
#define PTE_SOFT_DIRTY		(UINT64_C(1) << 11)

static inline bool pte_none(uint64_t pte)
{
	return pte == 0;
}

/* A frame is there, whether hardware may see it or not. */
static inline bool pte_present(const struct pgtable_format *f, uint64_t pte)
{
	return pte & (f->present | f->protnone);
}

static inline bool pte_is(const struct pgtable_format *f, uint64_t pte, uint64_t properties)
{
	return ((pte ^ f->invert) & properties) == properties;
}

static inline uint64_t pte_with(const struct pgtable_format *f, uint64_t pte, uint64_t properties)
{
	return ((pte ^ f->invert) | properties) ^ f->invert;
}

static inline uint64_t pte_without(const struct pgtable_format *f, uint64_t pte,
				   uint64_t properties)
{
	return ((pte ^ f->invert) & ~properties) ^ f->invert;
}

static inline bool pte_write(const struct pgtable_format *f, uint64_t pte)
{
	return pte_is(f, pte, f->write);
}

static inline bool pte_special(const struct pgtable_format *f, uint64_t pte)
{
	return pte_is(f, pte, f->special);
}

static inline uint64_t pte_pfn(const struct pgtable_format *f, uint64_t pte)
{
	return (pte & f->pfn_mask) >> PTE_SHIFT;
}

/* Where that frame begins, in bytes from the first one. */
static inline uint64_t pte_phys(const struct pgtable_format *f, uint64_t pte)
{
	return pte & f->pfn_mask;
}

static inline uint64_t pte_set_pfn(const struct pgtable_format *f, uint64_t pte, uint64_t pfn)
{
	return (pte & ~f->pfn_mask) | (pfn << PTE_SHIFT);
}

/* What an area allows, as properties: 0 is PROT_NONE.  Execute alone can be read as well. */
static inline uint64_t pte_protection(const struct pgtable_format *f, bool any, bool write,
				      bool exec)
{
	if (!any)
		return 0;
	return f->present | f->user | (write ? f->write : 0) | (exec ? f->exec : 0);
}

/* An entry of the frame @pfn with that protection, old and clean. */
static inline uint64_t mk_pte(const struct pgtable_format *f, uint64_t pfn, uint64_t protection)
{
	uint64_t bits = protection ? protection : f->protnone;

	return ((pfn << PTE_SHIFT) | bits | f->leaf) ^ f->invert;
}

/* The same frame, accessed, dirty and marks as they are, with another protection. */
static inline uint64_t pte_modify(const struct pgtable_format *f, uint64_t pte,
				  uint64_t protection)
{
	uint64_t keep = f->pfn_mask | f->accessed | f->dirty | f->soft_dirty | f->special |
			f->leaf | f->huge_mask;
	uint64_t bits = protection ? protection : f->protnone;

	return (((pte ^ f->invert) & keep) | bits) ^ f->invert;
}

/* ---- entries of 2 MiB ---- */

/* Does the entry of a table above level 0 lead to memory, not to a table?  => not none. */
static inline bool pmd_leaf(const struct pgtable_format *f, uint64_t entry)
{
	return (entry & f->huge_mask) == f->huge;
}

/* What @pte says of a frame, of the 2 MiB that begin with it. */
static inline uint64_t pmd_mkhuge(const struct pgtable_format *f, uint64_t pte)
{
	return (pte & ~f->huge_mask) | f->huge;
}

/* What @pmd says of all, of the frame at @addr alone. */
static inline uint64_t pmd_pte(const struct pgtable_format *f, uint64_t pmd, uint64_t addr)
{
	uint64_t index = (addr >> PTE_SHIFT) & (PTRS_PER_TABLE - 1);

	return ((pmd & ~f->huge_mask) | (f->leaf & f->huge_mask)) + (index << PTE_SHIFT);
}

/* ---- entries of ours ---- */

static inline uint64_t mk_soft_pte(enum pte_type type, uint64_t offset, uint64_t marks)
{
	return (offset << PTE_SHIFT) | marks | ((uint64_t)type << 2);
}

/* => neither none nor present. */
static inline enum pte_type pte_type(uint64_t pte)
{
	return (enum pte_type)((pte >> 2) & 31);
}

static inline uint64_t pte_offset(uint64_t pte)
{
	return pte >> PTE_SHIFT;
}

static inline bool pte_is_migration(const struct pgtable_format *f, uint64_t pte)
{
	return !pte_none(pte) && !pte_present(f, pte) &&
	       (pte_type(pte) == PTE_MIGRATION_READ || pte_type(pte) == PTE_MIGRATION_WRITE);
}

/* ---- places ---- */

/* What it leads to is seen as it was when the entry was set. */
static inline uint64_t pte_get(const pte_t *slot)
{
	return atomic_load_explicit(slot, memory_order_acquire);
}

/* What the entry leads to must be seen before the entry is. */
static inline void pte_set(pte_t *slot, uint64_t pte)
{
	atomic_store_explicit(slot, pte, memory_order_release);
}

/*
 * Is there no mark that hardware could still leave?  Then nobody changes the entry but who holds
 * the lock of its table, and he needs no locked instruction.
 */
static inline bool pte_is_marked(const struct pgtable_format *f, uint64_t pte)
{
	return pte_is(f, pte, f->accessed) &&
	       (!pte_write(f, pte) || pte_is(f, pte, f->dirty | f->soft_dirty));
}

/* The entry loses properties, and nothing that hardware marks meanwhile: what it was before. */
static inline uint64_t pte_clear_properties(const struct pgtable_format *f, pte_t *slot,
					    uint64_t properties)
{
	uint64_t pte = pte_get(slot);

	if (likely(pte_is_marked(f, pte))) {
		pte_set(slot, pte_without(f, pte, properties));
		return pte;
	}
	while (!atomic_compare_exchange_weak(slot, &pte, pte_without(f, pte, properties)))
		;
	return pte;
}

/* Take the entry away with whatever accessed and dirty bits it had at that moment. */
static inline uint64_t pte_get_and_clear(pte_t *slot)
{
	return atomic_exchange_explicit(slot, 0, memory_order_acq_rel);
}

#endif
