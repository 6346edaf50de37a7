/*
 * page.h - one frame of the machine, and who holds it.
 *
 * Layer: phys.
 *
 * Who guards the members:
 *	a	atomic
 *	z	free: the lock of the list that it is on
 *	o	in use: whoever holds the only reference, or the lock of the table that maps it
 */
#ifndef PHYS_PAGE_H
#define PHYS_PAGE_H

#include <stdatomic.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "base/spinlock.h"

enum page_flags {
	PG_BUDDY		= 1 << 0,	/* head of a free block, on a free list */
	PG_RESERVED		= 1 << 1,	/* never freed: the zero page */
	PG_TABLE		= 1 << 2,	/* of a page table */
	PG_ANON			= 1 << 3,	/* mapping is an anon_vma */
	PG_ANON_EXCLUSIVE	= 1 << 4,	/* nobody else may look at it: written in place */
	PG_SWAPBACKED		= 1 << 5,	/* is kept; else MADV_FREE gave it away */
	PG_DIRTY		= 1 << 6,	/* its object has not seen what was written */
	PG_REFERENCED		= 1 << 7,	/* was used, by an entry that is gone */
	PG_SHMEM		= 1 << 8,	/* of an object that lives in memory alone */
	PG_TRUNCATED		= 1 << 9,	/* its file has let it go: not to be mapped anew */
	PG_HEAD			= 1 << 10,	/* first frame of a huge page: compound.h */
	PG_TAIL			= 1 << 11,	/* one of the others; next is the head */
	PG_LOCKED		= 1 << 12,	/* head: its owners are being counted */
};

/* 64 bytes a frame: the whole of what a frame costs beside itself. */
struct page {
	atomic_uint refcount;		/* [a] 0: free; one for each entry, one of a page cache */
	atomic_uint mapcount;		/* [a] page-table entries that map it */
	atomic_uint flags;		/* [a] enum page_flags */
	uint32_t order;			/* [z] log2 of the frames of the free block it heads */
	void *mapping;			/* [o] PG_ANON: an anon_vma, else the file; tables: owner */
	uint64_t index;			/* [o] pages: in the mapping */
	struct page *next, *prev;	/* [z] on a free list; tables: pgtable.c */
	void *memory;			/* [o] of a table in a world without contents */
	union {
		struct spinlock ptl;	/* of a table: who changes its entries holds it */
		struct {		/* [a] of a head */
			atomic_uint entire_mapcount;	/* entries of 2 MiB that map it */
			atomic_uint large_mapcount;	/* those, and all of its frames */
		};
		int32_t owner_mapcount[2];	/* of the first tail: compound.c */
	};
};

_Static_assert(sizeof(struct page) == 64, "one cache line a frame");

static inline bool page_test(const struct page *page, unsigned int flag)
{
	return atomic_load_explicit(&page->flags, memory_order_relaxed) & flag;
}

static inline void page_set(struct page *page, unsigned int flag)
{
	atomic_fetch_or_explicit(&page->flags, flag, memory_order_relaxed);
}

static inline void page_clear(struct page *page, unsigned int flag)
{
	atomic_fetch_and_explicit(&page->flags, ~flag, memory_order_relaxed);
}

/* The frame that speaks for all of a huge page; else the frame itself. */
static inline struct page *compound_head(const struct page *page)
{
	return unlikely(page_test(page, PG_TAIL)) ? page->next : (struct page *)(uintptr_t)page;
}

static inline bool page_compound(const struct page *page)
{
	return page_test(page, PG_HEAD | PG_TAIL);
}

/* Where it is in its mapping. */
static inline uint64_t page_pgoff(const struct page *page)
{
	const struct page *head = compound_head(page);

	return head->index + (uint64_t)(page - head);
}

static inline bool page_anon(const struct page *page)
{
	return page_test(page, PG_ANON);
}

static inline unsigned int page_count(const struct page *page)
{
	return atomic_load_explicit(&compound_head(page)->refcount, memory_order_relaxed);
}

static inline unsigned int page_entire_mapcount(const struct page *page)
{
	return atomic_load_explicit(&compound_head(page)->entire_mapcount, memory_order_relaxed);
}

static inline unsigned int page_large_mapcount(const struct page *page)
{
	return atomic_load_explicit(&compound_head(page)->large_mapcount, memory_order_relaxed);
}

/* Entries that lead to this frame, be it with others. */
static inline unsigned int page_mapcount(const struct page *page)
{
	unsigned int mapcount = atomic_load_explicit(&page->mapcount, memory_order_relaxed);

	return unlikely(page_compound(page)) ? mapcount + page_entire_mapcount(page) : mapcount;
}

static inline void get_page(struct page *page)
{
	unsigned int old = atomic_fetch_add_explicit(&compound_head(page)->refcount, 1,
						     memory_order_relaxed);

	mm_assert_debug(old > 0);
	(void)old;
}

/*
 * Drop the caller's reference: was it the last?  Who finds a count of one has the only reference,
 * and nobody can take another from it: no need for a locked instruction.
 */
static inline bool put_page_testzero(struct page *head)
{
	unsigned int old = atomic_load_explicit(&head->refcount, memory_order_acquire);

	mm_assert_debug(old > 0 && !page_test(head, PG_TAIL));
	if (old == 1) {
		atomic_store_explicit(&head->refcount, 0, memory_order_relaxed);
		return true;
	}
	return atomic_fetch_sub_explicit(&head->refcount, 1, memory_order_acq_rel) == 1;
}

#endif
