/*
 * pages.c - memory read, written and looked at through the page tables.
 */
#include "api/handles.h"
#include "fault/gup.h"
#include "rmap/rmap.h"
#include "space/mm.h"
#include "space/vma_tree.h"

static uint64_t rest_of_page(umm_addr_t addr)
{
	return PAGE_SIZE - (addr & ~PAGE_MASK);
}

/* The contents of a frame from the byte of @addr on, or NULL. */
static char *contents(const struct mm_struct *mm, const struct page *page, umm_addr_t addr)
{
	char *start = page_address(mm->world->phys, page);

	return start ? start + (addr & ~PAGE_MASK) : NULL;
}

void *umm_translate(struct umm_mm *handle, umm_addr_t addr, unsigned int access, uint64_t *len,
		    int *fault)
{
	struct mm_struct *mm = to_mm(handle);
	struct page *page;
	char *ptr;

	*fault = UMM_FAULT_OK;
	*len = 0;
	if (!mm->pages)
		return NULL;
	ptr = get_user_page_fast(mm, addr, access);
	if (likely(ptr)) {
		*len = rest_of_page(addr);
		return ptr + (addr & ~PAGE_MASK);
	}
	page = get_user_page(mm, addr, access, fault);
	if (!page)
		return NULL;
	ptr = contents(mm, page, addr);
	*len = rest_of_page(addr);
	put_page(mm->world->phys, page);
	return ptr;
}

uint64_t umm_mmu_sequence(struct umm_mm *handle)
{
	const struct mm_pages *pages = to_mm(handle)->pages;
	uint64_t sequence = pages ? atomic_load(&pages->pgt.sequence) : 0;

	return sequence / PGTABLE_CHANGED * 2 + pgtable_is_changing(sequence);
}

/* What is done to the bytes of one page: @at is where they are, or NULL in a world without. */
typedef void (*chunk_fn)(char *at, void *arg, uint64_t done, uint64_t bytes);

static void chunk_read(char *at, void *arg, uint64_t done, uint64_t bytes)
{
	if (at)
		memcpy((char *)arg + done, at, bytes);
	else
		memset((char *)arg + done, 0, bytes);
}

static void chunk_write(char *at, void *arg, uint64_t done, uint64_t bytes)
{
	if (at)
		memcpy(at, (const char *)arg + done, bytes);
}

static void chunk_zero(char *at, void *arg, uint64_t done, uint64_t bytes)
{
	(void)arg;
	(void)done;
	if (at)
		memset(at, 0, bytes);
}

static void chunk_touch(char *at, void *arg, uint64_t done, uint64_t bytes)
{
	(void)at;
	(void)arg;
	(void)done;
	(void)bytes;
}

/* Page by page; an end that wraps around is past all that is mapped. */
static uint64_t each_page(struct mm_struct *mm, umm_addr_t addr, uint64_t len, unsigned int access,
			  chunk_fn fn, void *arg, int *fault)
{
	uint64_t done = 0, bytes;

	*fault = UMM_FAULT_OK;
	if (!mm->pages)
		return 0;
	for (; done < len; done += bytes) {
		struct user_page user = lock_user_page(mm, addr + done, access, fault);

		if (!user.page)
			break;
		bytes = min_u64(rest_of_page(addr + done), len - done);
		fn(contents(mm, user.page, addr + done), arg, done, bytes);
		unlock_user_page(&user);
	}
	return done;
}

uint64_t umm_read(struct umm_mm *mm, umm_addr_t addr, void *buf, uint64_t len, int *fault)
{
	return each_page(to_mm(mm), addr, len, UMM_ACCESS_READ, chunk_read, buf, fault);
}

uint64_t umm_write(struct umm_mm *mm, umm_addr_t addr, const void *buf, uint64_t len, int *fault)
{
	return each_page(to_mm(mm), addr, len, UMM_ACCESS_WRITE, chunk_write,
			 (void *)(uintptr_t)buf, fault);
}

uint64_t umm_zero(struct umm_mm *mm, umm_addr_t addr, uint64_t len, int *fault)
{
	return each_page(to_mm(mm), addr, len, UMM_ACCESS_WRITE, chunk_zero, NULL, fault);
}

uint64_t umm_populate(struct umm_mm *mm, umm_addr_t addr, uint64_t len, unsigned int access,
		      int *fault)
{
	return each_page(to_mm(mm), addr, len, access, chunk_touch, NULL, fault);
}

/* Of the same frame perhaps: from below, as the caller is told. */
static void copy_up(char *to, const char *from, uint64_t bytes)
{
	if (!to || !from)
		return;
	if (to + bytes <= from || from + bytes <= to) {
		memcpy(to, from, bytes);
		return;
	}
	for (uint64_t i = 0; i < bytes; i++)
		to[i] = from[i];
}

/*
 * Copy within one page of either: how many bytes, 0 with *fault set.  Only the target is locked,
 * two would have an order: the source is held by a reference, and stays what it was when found.
 */
static uint64_t copy_chunk(struct mm_struct *to, umm_addr_t dst, struct mm_struct *from,
			   umm_addr_t src, uint64_t bytes, int *fault, bool *at_source)
{
	bool within = to == from && ((dst ^ src) & PAGE_MASK) == 0;
	struct page *source;
	struct user_page target;

	/* The target first: to write there may copy what both share. */
	source = get_user_page(to, dst, UMM_ACCESS_WRITE, fault);
	if (!source)
		return 0;
	if (!within) {
		put_page(to->world->phys, source);
		source = get_user_page(from, src, UMM_ACCESS_READ, fault);
		*at_source = !source;
		if (!source)
			return 0;
	}
	target = lock_user_page(to, dst, UMM_ACCESS_WRITE, fault);
	if (target.page) {
		copy_up(contents(to, target.page, dst),
			contents(from, within ? target.page : source, src), bytes);
		unlock_user_page(&target);
	}
	put_page(from->world->phys, source);
	return target.page ? bytes : 0;
}

uint64_t umm_copy(struct umm_mm *to_handle, umm_addr_t dst, struct umm_mm *from_handle,
		  umm_addr_t src, uint64_t len, int *fault, bool *at_source)
{
	struct mm_struct *to = to_mm(to_handle), *from = to_mm(from_handle);
	uint64_t done = 0, bytes;
	bool source = false;

	*fault = UMM_FAULT_OK;
	if (to->pages && from->pages) {
		for (; done < len && *fault == UMM_FAULT_OK; done += bytes) {
			bytes = min_u64(rest_of_page(dst + done), rest_of_page(src + done));
			bytes = min_u64(bytes, len - done);
			bytes = copy_chunk(to, dst + done, from, src + done, bytes, fault, &source);
		}
	}
	if (at_source)
		*at_source = source;
	return done;
}

/* ---- looking -------------------------------------------------------------------------------- */

static void describe(const struct mm_struct *mm, uint64_t pte, struct umm_page_info *info)
{
	const struct pgtable_format *f = mm->pages->pgt.format;
	const struct page *page, *head;

	info->present = pte_present(f, pte);
	info->migrating = !info->present;
	info->pfn = info->present ? pte_pfn(f, pte) : pte_offset(pte);
	page = pfn_to_page(mm->world->phys, info->pfn);
	head = compound_head(page);
	info->compound = page_compound(page);
	info->mapcount = page_mapcount(page);
	info->refcount = page_count(page);
	info->anonymous = page_anon(page);
	info->shmem = !info->anonymous && page_test(page, PG_SHMEM);
	info->exclusive = info->anonymous &&
			  page_test(info->huge ? head : page, PG_ANON_EXCLUSIVE);
	info->lazyfree = info->anonymous && !page_test(head, PG_SWAPBACKED);
	if (!info->present)
		return;
	info->zero = pte_special(f, pte);
	info->may_write = pte_write(f, pte);
	info->accessed = pte_is(f, pte, f->accessed);
	info->dirty = pte_is(f, pte, f->dirty);
	info->soft_dirty = pte_is(f, pte, f->soft_dirty);
}

bool umm_page_info(struct umm_mm *handle, umm_addr_t addr, struct umm_page_info *info)
{
	struct mm_struct *mm = to_mm(handle);
	struct page *table;
	uint64_t pte = 0;

	memset(info, 0, sizeof(*info));
	if (!mm->pages || addr >= mm->layout.task_size)
		return false;
	mmap_read_lock(mm);
	if (pgtable_find(&mm->pages->pgt, addr, &table) ||
	    pgtable_find_huge(&mm->pages->pgt, addr, &table)) {
		pgtable_lock(&mm->pages->pgt, table);
		pte = follow_pte(mm, addr);
		info->huge = pgtable_lookup_huge(&mm->pages->pgt, addr) != NULL;
		if (!pte_none(pte))
			describe(mm, pte, info);
		pgtable_unlock(&mm->pages->pgt, table);
	}
	mmap_read_unlock(mm);
	return !pte_none(pte);
}

struct visitor {
	const struct page *page;
	bool (*visit)(void *ctx, struct umm_mm *mm, umm_addr_t addr);
	void *ctx;
	int64_t entries;
};

static bool visit_place(void *ctx, const struct rmap_place *place)
{
	struct visitor *v = ctx;

	if (!rmap_maps(place, v->page))
		return true;
	v->entries++;
	return v->visit(v->ctx, mm_handle(place->mm), place->addr);
}

int64_t umm_rmap(struct umm_world *handle, uint64_t pfn,
		 bool (*visit)(void *ctx, struct umm_mm *mm, umm_addr_t addr), void *ctx)
{
	struct world *world = to_world(handle);
	struct visitor v = { .visit = visit, .ctx = ctx };

	if (!world->phys || pfn >= world->phys->fresh)
		return -UMM_EINVAL;
	v.page = pfn_to_page(world->phys, pfn);
	if (page_mapcount(v.page))
		rmap_walk(world, v.page, visit_place, &v);
	return v.entries;
}

void umm_mm_rss(struct umm_mm *handle, struct umm_mm_rss *rss)
{
	struct mm_struct *mm = to_mm(handle);

	memset(rss, 0, sizeof(*rss));
	if (!mm->pages)
		return;
	mmap_read_lock(mm);
	rss->anon = get_mm_counter(mm->pages, MM_ANONPAGES);
	rss->file = get_mm_counter(mm->pages, MM_FILEPAGES);
	rss->shmem = get_mm_counter(mm->pages, MM_SHMEMPAGES);
	rss->swap = get_mm_counter(mm->pages, MM_SWAPENTS);
	rss->hiwater = get_mm_hiwater_rss(mm->pages);
	rss->page_table_bytes = atomic_load(&mm->pages->pgt.nr_tables) * PAGE_SIZE;
	mmap_read_unlock(mm);
}

uint64_t umm_world_frames(struct umm_world *handle, uint64_t *total)
{
	struct world *world = to_world(handle);

	*total = world->phys ? world->phys->nr_frames : 0;
	return world->phys ? phys_free_frames(world->phys) : 0;
}

bool umm_world_is_valid(struct umm_world *handle)
{
	struct world *world = to_world(handle);
	struct mm_struct *mm = NULL;

	while ((mm = world_next_mm(world, mm)))
		if (!mm_is_valid(mm))
			return false;
	return !world->phys || world_pages_are_valid(world);
}

/*
 * Nobody is between telling them that a change begins and that it ended: not who has the address
 * space or an area of it, nor who comes from a file that it maps.
 */
static void notifiers_lock(struct mm_struct *mm)
{
	mmap_write_lock(mm);
	vma_start_write_all(mm);
	write_lock(&mm->world->platform, &mm->world->lock);
}

static void notifiers_unlock(struct mm_struct *mm)
{
	write_unlock(&mm->world->platform, &mm->world->lock);
	mmap_write_unlock(mm);
}

int umm_mmu_notifier_register(struct umm_mm *handle, struct umm_mmu_notifier *notifier)
{
	struct mm_struct *mm = to_mm(handle);

	if (!mm->pages)
		return -UMM_EINVAL;
	notifiers_lock(mm);
	notifier->next = mm->pages->notifiers;
	mm->pages->notifiers = notifier;
	notifiers_unlock(mm);
	return 0;
}

int umm_mmu_notifier_unregister(struct umm_mm *handle, struct umm_mmu_notifier *notifier)
{
	struct mm_struct *mm = to_mm(handle);
	struct umm_mmu_notifier **link;
	int err = -UMM_EINVAL;

	if (!mm->pages)
		return err;
	notifiers_lock(mm);
	for (link = &mm->pages->notifiers; *link; link = &(*link)->next) {
		if (*link != notifier)
			continue;
		*link = notifier->next;
		err = 0;
		break;
	}
	notifiers_unlock(mm);
	return err;
}
