/*
 * phys.h - the frames of a machine, free and in use.
 *
 * Layer: phys.
 *
 * Locks: phys->lock is a leaf, taken inside everything.  Each list of a processor has a flag of
 * its own, which is only tried.
 */
#ifndef PHYS_PHYS_H
#define PHYS_PHYS_H

#include "base/world.h"
#include "phys/page.h"

/* Blocks of 2^0 to 2^9 frames: 4 KiB to 2 MiB. */
#define NR_ORDERS 10
#define MAX_ORDER (NR_ORDERS - 1)

#define PHYS_CPUS 16
#define PCP_HIGH 128		/* frames on a list at most */
#define PCP_BATCH 32		/* frames that move between it and the free blocks */

/* Single frames that one processor freed last, the latest on top. */
struct per_cpu_pages {
	_Alignas(64) atomic_uint busy;
	unsigned int count;
	struct page *page[PCP_HIGH];
};

struct free_area {
	struct page *first;
	uint64_t nr_free;			/* blocks */
};

struct phys {
	struct world *world;			/* [-] */
	char *frames;			/* [-] contents, frame by frame; NULL: nobody asks */
	struct page *mem_map;			/* [-] by frame number */
	uint64_t nr_frames;			/* [-] */
	struct page *zero_page;			/* [-] what is read where nothing was written */
	struct page *huge_zero_page;		/* [z] NULL: nobody reads it */
	uint64_t huge_zero_users;		/* [z] address spaces */
	struct umm_lock lock;			/* guards what is marked [z] */
	uint64_t fresh;				/* [z] frames from here on were never used */
	uint64_t nr_buddy;			/* [z] frames in free blocks */
	struct free_area free_area[NR_ORDERS];	/* [z] */
	struct per_cpu_pages pcp[PHYS_CPUS];
};

/* The frames of @world as its settings say, into world->phys: 0, -UMM_EINVAL, -UMM_ENOMEM. */
__must_check int phys_create(struct world *world);

/* Nothing is in use but the zero page. */
void phys_destroy(struct world *world);

static inline uint64_t page_to_pfn(const struct phys *phys, const struct page *page)
{
	return (uint64_t)(page - phys->mem_map);
}

static inline struct page *pfn_to_page(const struct phys *phys, uint64_t pfn)
{
	mm_assert_debug(pfn < phys->nr_frames);
	return &phys->mem_map[pfn];
}

/* Where the contents are, or NULL in a world without. */
static inline void *page_address(const struct phys *phys, const struct page *page)
{
	return phys->frames ? phys->frames + (page_to_pfn(phys, page) << UMM_PAGE_SHIFT) : NULL;
}

/*
 * 2^@order frames side by side, aligned to their size: the first, with one reference and contents
 * undefined; NULL if there are none.  Any thread.
 */
struct page *alloc_pages(struct phys *phys, unsigned int order);
void free_pages(struct phys *phys, struct page *page, unsigned int order);

/* One frame, with one reference. */
struct page *alloc_page(struct phys *phys);

/* @nr frames side by side that nobody refers to any more, none of a huge page. */
void free_page_range(struct phys *phys, struct page *page, unsigned int nr);

/* A huge page that nobody refers to any more: compound.c. */
void free_huge_page(struct phys *phys, struct page *head);

static inline void free_page(struct phys *phys, struct page *page)
{
	if (unlikely(page_test(page, PG_HEAD)))
		free_huge_page(phys, page);
	else
		free_page_range(phys, page, 1);
}

/* The reference to any frame of a huge page is one to all. */
static inline void put_page(struct phys *phys, struct page *page)
{
	page = compound_head(page);
	if (put_page_testzero(page))
		free_page(phys, page);
}

/* put_page() of each of @nr frames side by side. */
void put_page_range(struct phys *phys, struct page *page, unsigned int nr);

/* ---- contents: nothing to do in a world without ---- */

/*
 * Ask for the lines of a frame that is about to be filled, or copied.  The string instructions that
 * memset() and memcpy() are made of go past the caches with what is not in them: that takes three
 * times as long, and who uses the frame next has to fetch it again.
 */
void prefetch_page(const struct phys *phys, const struct page *page);

void clear_page(const struct phys *phys, struct page *page);
void copy_page(const struct phys *phys, struct page *to, const struct page *from);

/* Frames that can be had now.  Exact while nothing else runs. */
uint64_t phys_free_frames(struct phys *phys);

/* True if free blocks lie apart, in place and are counted right.  O(frames): for tests. */
bool phys_is_valid(struct phys *phys);

#endif
