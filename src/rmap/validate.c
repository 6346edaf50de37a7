/*
 * validate.c - all that is mapped in a world fits together, looked at from both sides.
 *
 * From the tables: every entry of every address space is counted for its frame, and for the
 * address space's RSS; every table is counted.  From the frames: what was counted is the map count,
 * and the references are at least as many; the reverse map, walked from the frame, meets just as
 * many entries; free frames are on a list, and tables are those that were met.  Of a huge page each
 * frame is counted for itself, and its own counts are sums of theirs.
 */
#include "base/assert.h"
#include "phys/compound.h"
#include "rmap/rmap.h"
#include "space/vma_tree.h"

struct census {
	struct world *world;
	struct phys *phys;
	uint32_t *mapped;		/* entries met, by frame */
	uint64_t nr_tables;		/* of all address spaces, roots among them */
	struct mm_struct *mm;		/* the one that is looked at */
	int64_t rss[NR_MM_COUNTERS];
};

/* An entry inside @vma. */
static bool entry_is_valid(struct census *c, const struct vm_area_struct *vma, umm_addr_t addr,
			   uint64_t pte)
{
	const struct mm_pages *pages = c->mm->pages;
	const struct pgtable_format *f = pages->pgt.format;
	struct page *page;

	if (!pte_present(f, pte)) {
		if (!pte_is_migration(f, pte))
			return false;
		c->rss[mm_counter(pfn_to_page(c->phys, pte_offset(pte)))]++;
		return true;
	}
	if (pte_pfn(f, pte) >= c->phys->fresh)
		return false;
	/* Nobody may do what the area forbids. */
	if ((pte ^ f->invert) & ~vma_protection(pages, vma) & (f->present | f->write | f->exec))
		return false;
	page = vm_normal_page(pages, pte);
	if (!page)
		return pte_pfn(f, pte) == page_to_pfn(c->phys, c->phys->zero_page) &&
		       !pte_write(f, pte);
	if (page_pgoff(page) != linear_page_index(vma, addr) ||
	    page_test(page, PG_TABLE | PG_BUDDY))
		return false;
	/* Written in place by one alone. */
	if (page_anon(page) && pte_write(f, pte) && !page_test(page, PG_ANON_EXCLUSIVE))
		return false;
	if (!page_anon(page) && pte_write(f, pte) && !(vma->vm_flags & VM_SHARED))
		return false;
	c->mapped[page_to_pfn(c->phys, page)]++;
	c->rss[mm_counter(page)]++;
	return true;
}

/* An entry of 2 MiB: all of it lies in @vma, and it leads to all of a huge page. */
static bool huge_is_valid(struct census *c, const struct vm_area_struct *vma, umm_addr_t addr,
			  uint64_t pmd)
{
	const struct mm_pages *pages = c->mm->pages;
	const struct pgtable_format *f = pages->pgt.format;
	const struct page *head = vm_normal_page(pages, pmd);

	if (!pte_present(f, pmd) || vma->vm_end - addr < PMD_SIZE)
		return false;
	if (!head)
		return pages->has_huge_zero && !pte_write(f, pmd) && c->phys->huge_zero_page &&
		       pte_pfn(f, pmd) == page_to_pfn(c->phys, c->phys->huge_zero_page);
	if (!page_test(head, PG_HEAD) || !page_anon(head) || !entry_is_valid(c, vma, addr, pmd))
		return false;
	for (unsigned int i = 1; i < HUGE_PAGES; i++)
		c->mapped[page_to_pfn(c->phys, head) + i]++;
	c->rss[MM_ANONPAGES] += HUGE_PAGES - 1;
	return true;
}

/* All entries lie in areas. */
static bool entries_are_valid(struct census *c)
{
	uint64_t top = pgtable_span(&c->mm->pages->pgt);
	umm_addr_t addr = 0, stop;
	pte_t *slot;
	bool huge;

	for (; (slot = pgtable_next(&c->mm->pages->pgt, &addr, top, &stop, &huge)); addr = stop) {
		for (; addr < stop; addr += PAGE_SIZE, slot++) {
			const struct vm_area_struct *vma;
			uint64_t pte = pte_get(slot);

			if (pte_none(pte))
				continue;
			vma = find_vma(&c->mm->tree, addr);
			if (!vma || vma->vm_start > addr)
				return false;
			if (!(huge ? huge_is_valid : entry_is_valid)(c, vma, addr, pte))
				return false;
			if (huge)
				break;
		}
	}
	return true;
}

static bool mm_pages_are_valid(struct census *c, struct mm_struct *mm)
{
	c->mm = mm;
	if (!mm->pages)			/* the child of a hypothesis */
		return true;
	for (unsigned int i = 0; i < NR_MM_COUNTERS; i++)
		c->rss[i] = 0;
	if (!entries_are_valid(c))
		return false;
	for (unsigned int i = 0; i < NR_MM_COUNTERS; i++)
		if (c->rss[i] != sum_mm_counter(mm->pages, (enum mm_counter)i))
			return false;
	c->nr_tables += atomic_load(&mm->pages->pgt.nr_tables) + 1;
	return true;
}

struct met {
	const struct page *page;
	uint32_t entries;
};

static bool count_entry(void *ctx, const struct rmap_place *place)
{
	struct met *met = ctx;

	met->entries += rmap_maps(place, met->page);
	return true;
}

static bool head_is_valid(const struct page *head)
{
	uint64_t entries = page_entire_mapcount(head);

	for (unsigned int i = 0; i < HUGE_PAGES; i++) {
		entries += page_mapcount(&head[i]) - page_entire_mapcount(head);
		if (compound_head(&head[i]) != head || page_anon(&head[i]) != page_anon(head))
			return false;
	}
	return entries == page_large_mapcount(head) && entries <= page_count(head);
}

static bool frame_is_valid(struct census *c, struct page *page, uint32_t mapped)
{
	struct met met = { page, 0 };

	if (page_mapcount(page) != mapped || page_count(page) < mapped)
		return false;
	if (page_test(page, PG_HEAD) && !head_is_valid(page))
		return false;
	if (!mapped)
		return true;
	if (page_anon(page) && page_test(page, PG_ANON_EXCLUSIVE) && mapped != 1)
		return false;
	rmap_walk(c->world, page, count_entry, &met);
	return met.entries == mapped;
}

static bool frames_are_valid(struct census *c)
{
	uint64_t used = 0, tables = 0;

	for (uint64_t pfn = 0; pfn < c->phys->fresh; pfn++) {
		struct page *page = &c->phys->mem_map[pfn];

		if (!frame_is_valid(c, page, c->mapped[pfn]))
			return false;
		used += page_count(page) > 0;
		tables += page_count(page) > 0 && page_test(page, PG_TABLE);
	}
	return tables == c->nr_tables && used + phys_free_frames(c->phys) == c->phys->nr_frames;
}

bool world_pages_are_valid(struct world *world)
{
	const struct umm_platform *platform = &world->platform;
	struct census c = { .world = world, .phys = world->phys };
	size_t bytes = ((size_t)world->phys->fresh * sizeof(*c.mapped) + 63) & ~(size_t)63;
	struct mm_struct *mm = NULL;
	bool valid = true;

	if (!phys_is_valid(world->phys))
		return false;
	c.mapped = platform->alloc(platform->ctx, bytes);
	if (!c.mapped)
		return true;
	memset(c.mapped, 0, bytes);
	while (valid && (mm = world_next_mm(world, mm)))
		valid = mm_pages_are_valid(&c, mm);
	valid = valid && frames_are_valid(&c);
	platform->free(platform->ctx, c.mapped, bytes);
	return valid;
}
