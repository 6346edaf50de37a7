/*
 * page_alloc.c - the frames of a machine: free blocks that split and grow together again.
 *
 * Theory
 * ------
 * A free block is 2^order frames, aligned to its size; its first frame's struct page says so
 * (PG_BUDDY, order) and is on the list of that order.  Each block but the largest has a buddy, the
 * other half of the block of twice the size:
 *
 *	pfn	0   1   2   3   4   5   6   7
 *		[ 0 ][used][  2..3 ][   4 .. 7     ]	free 1: its buddy 0 is free: 0..1,
 *		[  0..1  ][  2..3 ][   4 .. 7     ]	whose buddy 2..3 is free: 0..3, ...
 *		[              0 .. 7             ]
 *
 * Who wants a block takes the smallest that is large enough and gives back the halves that are too
 * much.  Frames that were never used have no struct page yet: they lie above `fresh`, and the mark
 * goes up by the largest block that is aligned there.  So a world of any size is made in no time.
 *
 * Single frames, which nearly everybody wants, go through a list for each processor, the latest
 * freed on top: its contents are the likeliest to be in the cache.  A list is nobody's while its
 * flag is not set; who finds it set does without.  When it is full the oldest go back.  Many
 * frames that lie side by side go past the list, as the blocks that they are made of.
 *
 * Invariants, checked by phys_is_valid():
 *	1. a block on a list of order o has PG_BUDDY and that order, is aligned, and ends below
 *	   fresh; no frame is in two of them;
 *	2. no block and its buddy are both free at the same order, but at the largest;
 *	3. nr_free and nr_buddy count them; a free frame has no references.
 */
#include "base/err.h"
#include "phys/phys.h"

#define FRAME_BYTES UINT64_C(4096)
#define CACHE_LINE 64

static void area_add(struct phys *phys, struct page *page, unsigned int order)
{
	struct free_area *area = &phys->free_area[order];

	page->order = order;
	atomic_store_explicit(&page->flags, PG_BUDDY, memory_order_relaxed);
	page->prev = NULL;
	page->next = area->first;
	if (area->first)
		area->first->prev = page;
	area->first = page;
	area->nr_free++;
	phys->nr_buddy += UINT64_C(1) << order;
}

static void area_remove(struct phys *phys, struct page *page)
{
	struct free_area *area = &phys->free_area[page->order];

	if (page->next)
		page->next->prev = page->prev;
	*(page->prev ? &page->prev->next : &area->first) = page->next;
	area->nr_free--;
	phys->nr_buddy -= UINT64_C(1) << page->order;
	atomic_store_explicit(&page->flags, 0, memory_order_relaxed);
}

/* A block that was never used, of the largest order that fits; NULL if none has @order. */
static struct page *take_fresh(struct phys *phys, unsigned int order)
{
	unsigned int o = MAX_ORDER;
	struct page *page;

	while (phys->fresh & ((UINT64_C(1) << o) - 1) ||
	       phys->nr_frames - phys->fresh < UINT64_C(1) << o) {
		if (o == 0 || o == order)
			return NULL;
		o--;
	}
	page = &phys->mem_map[phys->fresh];
	memset(page, 0, sizeof(*page) << o);
	page->order = o;
	phys->fresh += UINT64_C(1) << o;
	return page;
}

/* => phys->lock held. */
static struct page *rmqueue(struct phys *phys, unsigned int order)
{
	struct page *page = NULL;
	unsigned int o;

	for (o = order; o < NR_ORDERS && !page; o++)
		page = phys->free_area[o].first;
	if (page)
		area_remove(phys, page);
	else
		page = take_fresh(phys, order);
	if (!page)
		return NULL;
	for (o = page->order; o > order; o--)
		area_add(phys, page + (UINT64_C(1) << (o - 1)), o - 1);
	return page;
}

/*
 * Whole the smallest free block, or of a larger one as much as *order says, which is then the order
 * of what was got.
 * => phys->lock held.
 */
static struct page *rmqueue_at_most(struct phys *phys, unsigned int *order)
{
	struct page *page;

	for (unsigned int o = 0; o < *order; o++)
		if (phys->free_area[o].first)
			*order = o;
	while (!(page = rmqueue(phys, *order)) && *order)
		--*order;
	return page;
}

/* => phys->lock held. */
static void free_block(struct phys *phys, struct page *page, unsigned int order)
{
	uint64_t pfn = page_to_pfn(phys, page);

	for (; order < MAX_ORDER; order++) {
		uint64_t buddy_pfn = pfn ^ (UINT64_C(1) << order);
		struct page *buddy = &phys->mem_map[buddy_pfn];

		if (buddy_pfn >= phys->fresh || !page_test(buddy, PG_BUDDY) ||
		    buddy->order != order)
			break;
		area_remove(phys, buddy);
		pfn &= ~(UINT64_C(1) << order);
	}
	area_add(phys, &phys->mem_map[pfn], order);
}

/* ---- the lists of the processors ------------------------------------------------------------ */

static struct per_cpu_pages *pcp_get(struct phys *phys)
{
	const struct umm_platform *platform = &phys->world->platform;
	unsigned int cpu = platform->cpu_id ? platform->cpu_id(platform->ctx) % PHYS_CPUS : 0;
	struct per_cpu_pages *pcp = &phys->pcp[cpu];

	if (atomic_exchange_explicit(&pcp->busy, 1, memory_order_acquire))
		return NULL;
	return pcp;
}

static void pcp_put(struct per_cpu_pages *pcp)
{
	atomic_store_explicit(&pcp->busy, 0, memory_order_release);
}

/* Whole blocks, the smallest first; handed out ascending.  => the list is empty */
static void pcp_refill(struct phys *phys, struct per_cpu_pages *pcp)
{
	const struct umm_platform *platform = &phys->world->platform;
	unsigned int room = PCP_BATCH;

	write_lock(platform, &phys->lock);
	while (room) {
		unsigned int order = log2_floor(room);
		struct page *page = rmqueue_at_most(phys, &order);

		if (!page)
			break;
		room -= 1u << order;
		for (unsigned int i = 0; i < 1u << order; i++)
			pcp->page[PCP_BATCH - 1 - pcp->count++] = page + i;
	}
	write_unlock(platform, &phys->lock);
	memmove(pcp->page, &pcp->page[room], pcp->count * sizeof(pcp->page[0]));
}

/* The oldest @nr of the list go back. */
static void pcp_drain(struct phys *phys, struct per_cpu_pages *pcp, unsigned int nr)
{
	const struct umm_platform *platform = &phys->world->platform;

	write_lock(platform, &phys->lock);
	for (unsigned int i = 0; i < nr; i++)
		free_block(phys, pcp->page[i], 0);
	write_unlock(platform, &phys->lock);
	pcp->count -= nr;
	memmove(pcp->page, &pcp->page[nr], pcp->count * sizeof(pcp->page[0]));
}

static void drain_all(struct phys *phys)
{
	for (unsigned int cpu = 0; cpu < PHYS_CPUS; cpu++) {
		struct per_cpu_pages *pcp = &phys->pcp[cpu];

		if (atomic_exchange_explicit(&pcp->busy, 1, memory_order_acquire))
			continue;
		if (pcp->count)
			pcp_drain(phys, pcp, pcp->count);
		pcp_put(pcp);
	}
}

/* ---- what others call ----------------------------------------------------------------------- */

static struct page *alloc_block(struct phys *phys, unsigned int order)
{
	const struct umm_platform *platform = &phys->world->platform;
	struct page *page;

	write_lock(platform, &phys->lock);
	page = rmqueue(phys, order);
	write_unlock(platform, &phys->lock);
	return page;
}

void prefetch_page(const struct phys *phys, const struct page *page)
{
	const char *frame = page_address(phys, page);

	for (uint64_t at = 0; frame && at < FRAME_BYTES; at += CACHE_LINE)
		__builtin_prefetch(frame + at, 1);
}

/* Nobody knows the frame yet. */
static struct page *first_reference(struct page *page)
{
	mm_assert_debug(page_count(page) == 0 && page_mapcount(page) == 0);
	atomic_store_explicit(&page->flags, 0, memory_order_relaxed);
	page->mapping = NULL;
	page->index = 0;
	atomic_store_explicit(&page->refcount, 1, memory_order_relaxed);
	return page;
}

struct page *alloc_pages(struct phys *phys, unsigned int order)
{
	struct page *page;

	mm_assert(order <= MAX_ORDER);
	page = alloc_block(phys, order);
	if (!page) {
		drain_all(phys);
		page = alloc_block(phys, order);
	}
	return page ? first_reference(page) : NULL;
}

void free_pages(struct phys *phys, struct page *page, unsigned int order)
{
	const struct umm_platform *platform = &phys->world->platform;

	mm_assert_debug(page_mapcount(page) == 0);
	atomic_store_explicit(&page->refcount, 0, memory_order_relaxed);
	write_lock(platform, &phys->lock);
	free_block(phys, page, order);
	write_unlock(platform, &phys->lock);
}

struct page *alloc_page(struct phys *phys)
{
	struct per_cpu_pages *pcp = pcp_get(phys);
	struct page *page = NULL;

	if (likely(pcp)) {
		if (!pcp->count)
			pcp_refill(phys, pcp);
		if (pcp->count)
			page = pcp->page[--pcp->count];
		/* Who takes one takes the next soon, mostly, and fills it. */
		if (pcp->count)
			prefetch_page(phys, pcp->page[pcp->count - 1]);
		pcp_put(pcp);
	}
	return page ? first_reference(page) : alloc_pages(phys, 0);
}

/* The largest blocks that @nr frames from @page on are made of. */
static void free_blocks(struct phys *phys, struct page *page, uint64_t nr)
{
	const struct umm_platform *platform = &phys->world->platform;

	write_lock(platform, &phys->lock);
	while (nr) {
		uint64_t pfn = page_to_pfn(phys, page);
		unsigned int order = log2_floor(nr) < MAX_ORDER ? log2_floor(nr) : MAX_ORDER;

		while (pfn & ((UINT64_C(1) << order) - 1))
			order--;
		free_block(phys, page, order);
		page += UINT64_C(1) << order;
		nr -= UINT64_C(1) << order;
	}
	write_unlock(platform, &phys->lock);
}

void free_page_range(struct phys *phys, struct page *page, unsigned int nr)
{
	struct per_cpu_pages *pcp = nr <= PCP_BATCH ? pcp_get(phys) : NULL;

	for (unsigned int i = 0; i < nr; i++) {
		mm_assert(page_mapcount(&page[i]) == 0);
		mm_assert(!page_test(&page[i], PG_BUDDY | PG_RESERVED | PG_HEAD | PG_TAIL));
		atomic_store_explicit(&page[i].refcount, 0, memory_order_relaxed);
	}
	if (!pcp) {
		free_blocks(phys, page, nr);
		return;
	}
	if (pcp->count + nr > PCP_HIGH)
		pcp_drain(phys, pcp, PCP_BATCH);
	while (nr)
		pcp->page[pcp->count++] = &page[--nr];
	pcp_put(pcp);
}

void put_page_range(struct phys *phys, struct page *page, unsigned int nr)
{
	unsigned int freed = 0;		/* of those before page[i], side by side */

	for (unsigned int i = 0; i < nr; i++) {
		bool huge = page_compound(&page[i]);

		if (likely(!huge) && put_page_testzero(&page[i])) {
			freed++;
			continue;
		}
		if (freed)
			free_page_range(phys, &page[i - freed], freed);
		freed = 0;
		if (unlikely(huge))
			put_page(phys, &page[i]);
	}
	if (freed)
		free_page_range(phys, &page[nr - freed], freed);
}

void clear_page(const struct phys *phys, struct page *page)
{
	prefetch_page(phys, page);
	if (phys->frames)
		memset(page_address(phys, page), 0, FRAME_BYTES);
}

void copy_page(const struct phys *phys, struct page *to, const struct page *from)
{
	prefetch_page(phys, to);
	if (phys->frames)
		memcpy(page_address(phys, to), page_address(phys, from), FRAME_BYTES);
}

uint64_t phys_free_frames(struct phys *phys)
{
	const struct umm_platform *platform = &phys->world->platform;
	uint64_t frames;

	read_lock(platform, &phys->lock);
	frames = phys->nr_buddy + (phys->nr_frames - phys->fresh);
	read_unlock(platform, &phys->lock);
	for (unsigned int cpu = 0; cpu < PHYS_CPUS; cpu++)
		frames += phys->pcp[cpu].count;
	return frames;
}

bool phys_is_valid(struct phys *phys)
{
	uint64_t frames = 0;

	for (unsigned int order = 0; order < NR_ORDERS; order++) {
		uint64_t blocks = 0, size = UINT64_C(1) << order;

		for (const struct page *page = phys->free_area[order].first; page;
		     page = page->next) {
			uint64_t pfn = page_to_pfn(phys, page), buddy = pfn ^ size;

			if (!page_test(page, PG_BUDDY) || page->order != order ||
			    (pfn & (size - 1)) || pfn + size > phys->fresh)
				return false;
			if (order < MAX_ORDER && buddy < phys->fresh &&
			    page_test(&phys->mem_map[buddy], PG_BUDDY) &&
			    phys->mem_map[buddy].order == order)
				return false;
			/* No frame inside heads a block, and none is in use. */
			for (uint64_t i = 0; i < size; i++)
				if (page_count(&page[i]) ||
				    (i && page_test(&page[i], PG_BUDDY)))
					return false;
			blocks++;
		}
		if (blocks != phys->free_area[order].nr_free)
			return false;
		frames += blocks << order;
	}
	return frames == phys->nr_buddy && phys->fresh <= phys->nr_frames;
}

/* ---- the life of it ------------------------------------------------------------------------- */

static size_t mem_map_bytes(const struct phys *phys)
{
	return (size_t)phys->nr_frames * sizeof(struct page);
}

static void phys_free(struct phys *phys)
{
	const struct umm_platform *platform = &phys->world->platform;

	if (phys->frames)
		platform->frames_free(platform->ctx, phys->frames,
				      (size_t)(phys->nr_frames * FRAME_BYTES));
	if (phys->mem_map)
		platform->free(platform->ctx, phys->mem_map, mem_map_bytes(phys));
	platform->free(platform->ctx, phys, sizeof(*phys));
}

static int phys_init(struct phys *phys)
{
	const struct umm_platform *platform = &phys->world->platform;
	const struct umm_settings *settings = &phys->world->settings;

	phys->mem_map = platform->alloc(platform->ctx, mem_map_bytes(phys));
	if (!phys->mem_map)
		return -UMM_ENOMEM;
	if (settings->pages == UMM_PAGES_CONTENTS) {
		phys->frames = platform->frames_alloc(platform->ctx,
						      (size_t)(phys->nr_frames * FRAME_BYTES));
		if (!phys->frames)
			return -UMM_ENOMEM;
	}
	return lock_init(platform, &phys->lock);
}

int phys_create(struct world *world)
{
	const struct umm_platform *platform = &world->platform;
	const struct umm_settings *settings = &world->settings;
	struct phys *phys;
	int err;

	if (settings->pages == UMM_PAGES_CONTENTS && !platform->frames_alloc)
		return -UMM_EINVAL;
	phys = platform->alloc(platform->ctx, sizeof(*phys));
	if (!phys)
		return -UMM_ENOMEM;
	memset(phys, 0, sizeof(*phys));
	phys->world = world;
	phys->nr_frames = settings->frames ? settings->frames : settings->totalram_pages;
	err = phys->nr_frames ? phys_init(phys) : -UMM_EINVAL;
	if (err) {
		phys_free(phys);
		return err;
	}
	phys->zero_page = alloc_page(phys);
	page_set(phys->zero_page, PG_RESERVED);
	clear_page(phys, phys->zero_page);
	world->phys = phys;
	return 0;
}

void phys_destroy(struct world *world)
{
	struct phys *phys = world->phys;

	mm_assert(phys_free_frames(phys) == phys->nr_frames - 1);
	lock_destroy(&world->platform, &phys->lock);
	phys_free(phys);
	world->phys = NULL;
}
