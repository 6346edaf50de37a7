/*
 * rmap.c - from a frame to every entry that maps it.
 *
 * Theory
 * ------
 * A frame does not list its entries: it knows what its areas are found through (mapping), and at
 * which offset each of them has it (index).
 *
 *	anonymous	mapping is an anon_vma: its links lead to the areas that may have it,
 *			those that split off, moved away and were forked since among them
 *	a file's	mapping is the file: areas of any address space that map it
 *
 * Both keep them in an interval tree by their offsets (space/i_mmap.c).
 *
 *	address = vm_start + (index - vm_pgoff) * PAGE_SIZE, if that lies in the area
 *
 * A place that is found so is only where the frame can be; the entry says whether it is.  No place
 * is missed: that is what the validator proves (validate.c).
 *
 * Migration takes a frame away from under its users: first every entry becomes one that says where
 * the page went (no more references, no map count, but still counted in RSS); then the contents
 * are copied; then each such entry is found again, the same way, and made to lead to the new frame.
 */
#include "base/assert.h"
#include "rmap/page_rmap.h"
#include "rmap/rmap.h"
#include "rmap/zap.h"
#include "space/anon_vma.h"
#include "space/i_mmap.h"

struct mm_struct *world_next_mm(struct world *world, struct mm_struct *mm)
{
	struct commit_holder *holder = mm ? mm->charged.next : world->holders;

	return holder ? container_of(holder, struct mm_struct, charged) : NULL;
}

/* Where the offset @index is in @vma: false if it is not, or has no table. */
static bool find_place(struct mm_struct *mm, struct vm_area_struct *vma, uint64_t index,
		       struct rmap_place *place)
{
	if (!mm->pages || index < vma->vm_pgoff || index - vma->vm_pgoff >= vma_pages(vma))
		return false;
	place->mm = mm;
	place->vma = vma;
	place->addr = vma->vm_start + ((index - vma->vm_pgoff) << PAGE_SHIFT);
	place->slot = pgtable_find(&mm->pages->pgt, place->addr, &place->table);
	place->huge = false;
	if (!place->slot) {
		place->slot = pgtable_find_huge(&mm->pages->pgt, place->addr, &place->table);
		place->huge = place->slot != NULL;
	}
	return place->slot != NULL;
}

static void rmap_walk_anon(const struct page *page, rmap_fn fn, void *ctx)
{
	const struct anon_vma *anon_vma = compound_head(page)->mapping;
	uint64_t pgoff = page_pgoff(page);
	struct interval_tree_node *node;
	struct rmap_place place;

	for (node = interval_tree_first(&anon_vma->rb_root, pgoff, pgoff); node;
	     node = interval_tree_next(node, pgoff, pgoff)) {
		struct anon_vma_chain *avc = container_of(node, struct anon_vma_chain, rb);

		if (find_place(avc->mm, avc->vma, pgoff, &place) && !fn(ctx, &place))
			return;
	}
}

static void rmap_walk_file(const struct page *page, rmap_fn fn, void *ctx)
{
	const struct file *file = page->mapping;
	struct interval_tree_node *node;
	struct rmap_place place;

	for (node = interval_tree_first(&file->i_mmap, page->index, page->index); node;
	     node = interval_tree_next(node, page->index, page->index)) {
		struct mapped_area *area = container_of(node, struct mapped_area, shared);

		if (find_place(area->mm, &area->vma, page->index, &place) && !fn(ctx, &place))
			return;
	}
}

void rmap_walk(struct world *world, const struct page *page, rmap_fn fn, void *ctx)
{
	if (!compound_head(page)->mapping)
		return;
	read_lock(&world->platform, &world->lock);
	if (page_anon(page))
		rmap_walk_anon(page, fn, ctx);
	else
		rmap_walk_file(page, fn, ctx);
	read_unlock(&world->platform, &world->lock);
}

bool rmap_maps(const struct rmap_place *place, const struct page *page)
{
	const struct mm_pages *pages = place->mm->pages;
	uint64_t pte = pte_get(place->slot);

	return pte_present(pages->pgt.format, pte) &&
	       vm_normal_page(pages, pte) == (place->huge ? compound_head(page) : page);
}

/* ---- used, written -------------------------------------------------------------------------- */

struct clear_marks {
	const struct page *page;
	bool clean;			/* else: old */
	unsigned int found;
};

/* What the entry is for: [*start, the address returned). */
static umm_addr_t range_of(const struct rmap_place *place, umm_addr_t *start)
{
	uint64_t bytes = place->huge ? PMD_SIZE : PAGE_SIZE;

	*start = place->addr & ~(bytes - 1);
	return *start + bytes;
}

/*
 * Entries are changed in between: the notifiers hear of it before the table is locked, and after.
 */
static void change_begins(const struct rmap_place *place)
{
	umm_addr_t start, end = range_of(place, &start);

	mmu_notifier_start(place->mm, start, end);
	pgtable_lock(&place->mm->pages->pgt, place->table);
}

static void change_ends(const struct rmap_place *place)
{
	umm_addr_t start, end = range_of(place, &start);

	pgtable_unlock(&place->mm->pages->pgt, place->table);
	mmu_notifier_end(place->mm, start, end);
}

static bool clear_marks_one(void *ctx, const struct rmap_place *place)
{
	struct mm_pages *pages = place->mm->pages;
	const struct pgtable_format *f = pages->pgt.format;
	struct clear_marks *marks = ctx;
	uint64_t properties = marks->clean ? f->dirty | f->write : f->accessed;
	uint64_t pte = pte_get(place->slot);

	if (!rmap_maps(place, marks->page) || pte_without(f, pte, properties) == pte)
		return true;
	change_begins(place);
	if (rmap_maps(place, marks->page)) {
		umm_addr_t start, end = range_of(place, &start);

		(void)pte_clear_properties(f, place->slot, properties);
		flush_tlb_range(&pages->pgt, start, end);
		marks->found++;
	}
	change_ends(place);
	return true;
}

unsigned int page_referenced(struct world *world, struct page *page)
{
	struct clear_marks marks = { .page = page };

	rmap_walk(world, page, clear_marks_one, &marks);
	if (page_test(page, PG_REFERENCED)) {
		page_clear(page, PG_REFERENCED);
		marks.found++;
	}
	return marks.found;
}

unsigned int page_mkclean(struct world *world, struct page *page)
{
	struct clear_marks marks = { .page = page, .clean = true };

	mm_assert(!page_anon(page));
	rmap_walk(world, page, clear_marks_one, &marks);
	return marks.found;
}

/* ---- migration ------------------------------------------------------------------------------ */

struct migration {
	struct phys *phys;
	struct page *from, *to;
};

/* What the entry @pte of @page was, in one that says where it went. */
static uint64_t migration_pte(const struct migration *m, const struct pgtable_format *f,
			      uint64_t pte)
{
	uint64_t marks = 0;

	marks |= page_test(m->from, PG_ANON_EXCLUSIVE) ? PTE_SOFT_EXCLUSIVE : 0;
	marks |= pte_is(f, pte, f->accessed) ? PTE_SOFT_YOUNG : 0;
	marks |= pte_is(f, pte, f->dirty) ? PTE_SOFT_DIRTY : 0;
	marks |= pte_is(f, pte, f->soft_dirty) ? PTE_SOFT_SOFT_DIRTY : 0;
	return mk_soft_pte(pte_write(f, pte) ? PTE_MIGRATION_WRITE : PTE_MIGRATION_READ,
			   page_to_pfn(m->phys, m->from), marks);
}

static bool try_to_migrate_one(void *ctx, const struct rmap_place *place)
{
	struct mm_pages *pages = place->mm->pages;
	struct migration *m = ctx;
	uint64_t pte;

	if (!rmap_maps(place, m->from))
		return true;
	change_begins(place);
	if (rmap_maps(place, m->from)) {
		pte = pte_get_and_clear(place->slot);
		flush_tlb_page(&pages->pgt, place->addr);
		pte_set(place->slot, migration_pte(m, pages->pgt.format, pte));
		page_remove_rmap(m->from, place->mm);
		put_page(m->phys, m->from);
	}
	change_ends(place);
	return true;
}

void try_to_migrate(struct world *world, struct page *page)
{
	struct migration m = { world->phys, page, NULL };

	mm_assert(page_anon(page));
	rmap_walk(world, page, try_to_migrate_one, &m);
}

static void remove_migration_pte(const struct migration *m, const struct rmap_place *place)
{
	struct mm_pages *pages = place->mm->pages;
	const struct pgtable_format *f = pages->pgt.format;
	uint64_t pte = pte_get(place->slot), more = 0, protection;

	if (!pte_is_migration(f, pte) || pte_offset(pte) != page_to_pfn(m->phys, m->from))
		return;
	more |= pte & PTE_SOFT_YOUNG ? f->accessed : 0;
	more |= pte & PTE_SOFT_DIRTY ? f->dirty : 0;
	more |= pte & PTE_SOFT_SOFT_DIRTY ? f->soft_dirty : 0;
	protection = vma_protection(pages, place->vma);
	if (pte_type(pte) != PTE_MIGRATION_WRITE)
		protection &= ~f->write;
	if (pte & PTE_SOFT_EXCLUSIVE)
		page_set(m->to, PG_ANON_EXCLUSIVE);
	get_page(m->to);
	page_dup_rmap(m->to, place->mm);
	pte_set(place->slot,
		pte_with(f, mk_pte(f, page_to_pfn(m->phys, m->to), protection), more));
}

static bool remove_migration_one(void *ctx, const struct rmap_place *place)
{
	pgtable_lock(&place->mm->pages->pgt, place->table);
	remove_migration_pte(ctx, place);
	pgtable_unlock(&place->mm->pages->pgt, place->table);
	return true;
}

void remove_migration_ptes(struct world *world, struct page *from, struct page *to)
{
	struct migration m = { world->phys, from, to };

	rmap_walk(world, to, remove_migration_one, &m);
}

struct page *migrate_page(struct world *world, struct page *page)
{
	struct phys *phys = world->phys;
	struct page *to;

	if (!page_anon(page) || page_compound(page) || !page_mapcount(page) ||
	    page_count(page) != page_mapcount(page))
		return NULL;
	to = alloc_page(phys);
	if (!to)
		return NULL;
	get_page(page);
	try_to_migrate(world, page);
	mm_assert(page_mapcount(page) == 0);
	if (page_count(page) != 1) {	/* somebody has looked in since: he may write */
		remove_migration_ptes(world, page, page);
		put_page(phys, page);
		put_page(phys, to);
		return NULL;
	}
	copy_page(phys, to, page);
	to->mapping = page->mapping;
	to->index = page->index;
	page_set(to, PG_ANON | (page_test(page, PG_SWAPBACKED) ? PG_SWAPBACKED : 0));
	remove_migration_ptes(world, page, to);
	put_page(phys, page);
	put_page(phys, to);		/* the reference of alloc_page() */
	return to;
}

/* ---- a part of a file goes ------------------------------------------------------------------ */

static void unmap_mapping_vma(struct mm_struct *mm, const struct vm_area_struct *vma,
			      uint64_t first, uint64_t last)
{
	uint64_t pgoff_end = vma->vm_pgoff + vma_pages(vma);

	first = max_u64(first, vma->vm_pgoff);
	last = min_u64(last, pgoff_end);
	if (first < last)
		zap_file_pages(mm, vma->vm_start + ((first - vma->vm_pgoff) << PAGE_SHIFT),
			       vma->vm_start + ((last - vma->vm_pgoff) << PAGE_SHIFT));
}

void unmap_mapping_range(const struct file *host, uint64_t first, uint64_t last)
{
	struct interval_tree_node *node;

	if (first >= last)
		return;
	for (node = interval_tree_first(&host->i_mmap, first, last - 1); node;
	     node = interval_tree_next(node, first, last - 1)) {
		const struct mapped_area *area = container_of(node, struct mapped_area, shared);

		if (area->mm->pages)
			unmap_mapping_vma(area->mm, &area->vma, first, last);
	}
}
