/*
 * compound.c - 512 frames that are one page.
 *
 * Theory
 * ------
 * A huge page is referred to, owned and freed as one: its first frame's struct page, the head, has
 * the references, flags, mapping and index for all.  The tails lead to it.  What is kept for each
 * frame is how many entries of 4 KiB map it, and whether they are a process's alone:
 *
 *	head	refcount	entries of either size, and whoever else holds it
 *		entire_mapcount	entries of 2 MiB
 *		large_mapcount	entries of either size: entire_mapcount, and mapcount of all frames
 *	each	mapcount	entries of 4 KiB; page_mapcount() adds those of 2 MiB
 *		ANON_EXCLUSIVE	of an entry of 4 KiB; the head's also of the one of 2 MiB
 *
 * Whether several address spaces map it is not seen from these numbers, but decides whether one of
 * them may take it for its own, or take it apart.  So for two of them, the owners, entries are
 * counted apart, in the first tail; if their places are taken, others are not counted.  As soon as
 * a second one maps it it is shared, until all entries are one owner's again.  Who came third and
 * is left over alone is taken for several: that costs a copy, and does no harm.
 */
#include "phys/compound.h"

/* What the first tail keeps of the owners. */
#define OWNER(tail, i) (*((i) ? &(tail)->memory : &(tail)->mapping))
#define SHARED(tail) ((tail)->index)

static struct page *owners_lock(struct page *head)
{
	while (atomic_fetch_or_explicit(&head->flags, PG_LOCKED, memory_order_acquire) & PG_LOCKED)
		cpu_relax();
	return &head[1];
}

static void owners_unlock(struct page *head)
{
	atomic_fetch_and_explicit(&head->flags, ~(unsigned int)PG_LOCKED, memory_order_release);
}

/* The place of @owner, or of nobody; -1: there is none. */
static int find_owner(struct page *tail, const void *owner)
{
	for (int i = 0; i < 2; i++)
		if (OWNER(tail, i) == owner)
			return i;
	return -1;
}

void folio_add_large_mapcount(struct page *head, unsigned int nr, const void *owner)
{
	struct page *tail = owners_lock(head);
	unsigned int all = page_large_mapcount(head) + nr;
	int i = find_owner(tail, owner);

	atomic_store_explicit(&head->large_mapcount, all, memory_order_relaxed);
	if (i < 0) {
		i = find_owner(tail, NULL);
		if (i >= 0) {
			OWNER(tail, i) = (void *)(uintptr_t)owner;
			SHARED(tail) |= all != nr;
		}
	}
	if (i >= 0)
		tail->owner_mapcount[i] += (int32_t)nr;
	owners_unlock(head);
}

void folio_sub_large_mapcount(struct page *head, unsigned int nr, const void *owner)
{
	struct page *tail = owners_lock(head);
	unsigned int all = page_large_mapcount(head) - nr;
	int i = find_owner(tail, owner);

	atomic_store_explicit(&head->large_mapcount, all, memory_order_relaxed);
	if (i >= 0) {
		tail->owner_mapcount[i] -= (int32_t)nr;
		mm_assert_debug(tail->owner_mapcount[i] >= 0);
		if (!tail->owner_mapcount[i])
			OWNER(tail, i) = NULL;
	}
	for (i = 0; i < 2; i++)
		if ((unsigned int)tail->owner_mapcount[i] == all)
			SHARED(tail) = false;
	owners_unlock(head);
}

bool folio_maybe_mapped_shared(const struct page *page)
{
	struct page *head = compound_head(page), *tail;
	bool shared;

	if (!page_test(head, PG_HEAD))
		return page_mapcount(head) > 1;
	tail = owners_lock(head);
	shared = SHARED(tail);
	owners_unlock(head);
	return shared;
}

/* ---- made, taken apart, freed --------------------------------------------------------------- */

struct page *alloc_huge_page(struct phys *phys)
{
	struct page *head = alloc_pages(phys, HUGE_ORDER);

	if (!head)
		return NULL;
	page_set(head, PG_HEAD);
	atomic_store_explicit(&head->entire_mapcount, 0, memory_order_relaxed);
	atomic_store_explicit(&head->large_mapcount, 0, memory_order_relaxed);
	for (unsigned int i = 1; i < HUGE_PAGES; i++) {
		struct page *tail = &head[i];

		memset(tail, 0, sizeof(*tail));
		tail->next = head;
		page_set(tail, PG_TAIL);
	}
	return head;
}

void free_huge_page(struct phys *phys, struct page *head)
{
	mm_assert(page_large_mapcount(head) == 0);
	for (unsigned int i = 1; i < HUGE_PAGES; i++) {
		mm_assert_debug(atomic_load_explicit(&head[i].mapcount, memory_order_relaxed) == 0);
		atomic_store_explicit(&head[i].flags, 0, memory_order_relaxed);
		head[i].memory = NULL;
	}
	atomic_store_explicit(&head->flags, 0, memory_order_relaxed);
	free_pages(phys, head, HUGE_ORDER);
}

bool split_compound(struct phys *phys, struct page *head)
{
	unsigned int flags = atomic_load_explicit(&head->flags, memory_order_relaxed);
	void *mapping = head->mapping;
	uint64_t index = head->index;

	mm_assert(page_entire_mapcount(head) == 0 && !folio_maybe_mapped_shared(head));
	if (page_count(head) != page_large_mapcount(head))
		return false;
	flags &= ~(unsigned int)(PG_HEAD | PG_ANON_EXCLUSIVE);
	/* Where the counts of all were, the frame of a table will have its lock. */
	atomic_store_explicit(&head->large_mapcount, 0, memory_order_relaxed);
	memset(head[1].owner_mapcount, 0, sizeof(head[1].owner_mapcount));
	for (unsigned int i = 0; i < HUGE_PAGES; i++) {
		struct page *page = &head[i];
		unsigned int own = page_test(page, PG_ANON_EXCLUSIVE) ? PG_ANON_EXCLUSIVE : 0;
		unsigned int mapcount = atomic_load_explicit(&page->mapcount, memory_order_relaxed);

		page->mapping = mapping;
		page->index = index + i;
		page->memory = NULL;
		atomic_store_explicit(&page->refcount, mapcount, memory_order_relaxed);
		atomic_store_explicit(&page->flags, flags | own, memory_order_relaxed);
		if (!mapcount)
			free_page(phys, page);
	}
	return true;
}

/* ---- contents ------------------------------------------------------------------------------- */

void clear_huge_page(const struct phys *phys, struct page *head)
{
	if (phys->frames)
		memset(page_address(phys, head), 0, (size_t)HUGE_PAGES << UMM_PAGE_SHIFT);
}

bool page_is_zero(const struct phys *phys, const struct page *page)
{
	return phys->frames && !memcmp(page_address(phys, page),
				       page_address(phys, phys->zero_page),
				       (size_t)1 << UMM_PAGE_SHIFT);
}

struct page *get_huge_zero_page(struct phys *phys)
{
	const struct umm_platform *platform = &phys->world->platform;
	struct page *fresh = NULL, *page;

	write_lock(platform, &phys->lock);
	page = phys->huge_zero_page;
	phys->huge_zero_users += page != NULL;
	write_unlock(platform, &phys->lock);
	if (page)
		return page;
	fresh = alloc_huge_page(phys);
	if (!fresh)
		return NULL;
	clear_huge_page(phys, fresh);
	write_lock(platform, &phys->lock);
	page = phys->huge_zero_page;
	if (!page) {
		page = phys->huge_zero_page = fresh;
		fresh = NULL;
	}
	phys->huge_zero_users++;
	write_unlock(platform, &phys->lock);
	if (fresh)			/* somebody else was first */
		put_page(phys, fresh);
	return page;
}

void put_huge_zero_page(struct phys *phys)
{
	const struct umm_platform *platform = &phys->world->platform;
	struct page *last = NULL;

	write_lock(platform, &phys->lock);
	if (--phys->huge_zero_users == 0) {
		last = phys->huge_zero_page;
		phys->huge_zero_page = NULL;
	}
	write_unlock(platform, &phys->lock);
	if (last)
		put_page(phys, last);
}
