/*
 * page_rmap.h - a frame is mapped, or not any more.
 *
 * Layer: rmap.
 *
 * An anonymous frame knows the anon_vma that its areas are found through, and the offset under
 * which each of them has it (rmap.h); one of a file, the file.
 */
#ifndef RMAP_PAGE_RMAP_H
#define RMAP_PAGE_RMAP_H

#include "phys/compound.h"
#include "space/anon_vma.h"
#include "space/mm_pages.h"

/* A new frame, with one reference, is about to be mapped at @addr alone. */
static inline void page_add_new_anon_rmap(struct page *page, const struct vm_area_struct *vma,
					  umm_addr_t addr)
{
	unsigned int flags = PG_ANON | PG_ANON_EXCLUSIVE;

	mm_assert_debug(vma->anon_vma);
	if (!(vma->vm_flags & VM_DROPPABLE))
		flags |= PG_SWAPBACKED;
	page->mapping = vma->anon_vma;
	page->index = linear_page_index(vma, addr);
	atomic_store_explicit(&page->flags, flags, memory_order_relaxed);
	atomic_store_explicit(&page->mapcount, 1, memory_order_relaxed);
}

/*
 * Is the one reference to the frame that of the entry that the caller has locked?  Then nobody else
 * reaches it, and its counts and marks are changed without locked instructions.
 */
static inline bool page_is_only_here(const struct page *page)
{
	unsigned int others = ~(unsigned int)(PG_ANON_EXCLUSIVE | PG_SWAPBACKED | PG_DIRTY |
					      PG_REFERENCED);

	return (atomic_load_explicit(&page->flags, memory_order_relaxed) & others) == PG_ANON &&
	       atomic_load_explicit(&page->refcount, memory_order_acquire) == 1;
}

/* That entry goes (0), or another one comes (2). */
static inline void page_set_mapcount_here(struct page *page, unsigned int mapcount)
{
	unsigned int flags = atomic_load_explicit(&page->flags, memory_order_relaxed);

	mm_assert_debug(page_mapcount(page) == 1);
	atomic_store_explicit(&page->flags, flags & ~(unsigned int)PG_ANON_EXCLUSIVE,
			      memory_order_relaxed);
	atomic_store_explicit(&page->mapcount, mapcount, memory_order_relaxed);
}

/* As page_add_new_anon_rmap(), of a huge page by one entry at @addr. */
static inline void page_add_new_anon_rmap_huge(struct page *head, const struct vm_area_struct *vma,
					       umm_addr_t addr, const struct mm_struct *mm)
{
	page_add_new_anon_rmap(head, vma, addr);
	page_set(head, PG_HEAD);
	atomic_store_explicit(&head->mapcount, 0, memory_order_relaxed);
	atomic_store_explicit(&head->entire_mapcount, 1, memory_order_relaxed);
	for (unsigned int i = 1; i < HUGE_PAGES; i++)
		page_set(&head[i], PG_ANON);
	folio_add_large_mapcount(head, 1, mm);
}

/* One entry of @mm more: the reference is the caller's to take. */
static inline void page_dup_rmap(struct page *page, const struct mm_struct *mm)
{
	atomic_fetch_add_explicit(&page->mapcount, 1, memory_order_relaxed);
	if (unlikely(page_compound(page)))
		folio_add_large_mapcount(compound_head(page), 1, mm);
}

static inline void page_dup_rmap_huge(struct page *head, const struct mm_struct *mm)
{
	atomic_fetch_add_explicit(&head->entire_mapcount, 1, memory_order_relaxed);
	folio_add_large_mapcount(head, 1, mm);
}

/* One entry more at fork, and a reference for it: the frame is nobody's alone any more. */
static inline void page_share(struct page *page, const struct mm_struct *mm)
{
	if (likely(page_is_only_here(page))) {
		page_set_mapcount_here(page, 2);
		atomic_store_explicit(&page->refcount, 2, memory_order_relaxed);
		return;
	}
	get_page(page);
	page_dup_rmap(page, mm);
	if (page_anon(page))
		page_clear(page, PG_ANON_EXCLUSIVE);
}

/* One entry of @mm fewer: the reference is the caller's to drop. */
static inline void page_remove_rmap(struct page *page, const struct mm_struct *mm)
{
	unsigned int old;

	if (page_is_only_here(page)) {
		page_set_mapcount_here(page, 0);
		return;
	}
	old = atomic_fetch_sub_explicit(&page->mapcount, 1, memory_order_acq_rel);

	mm_assert_debug(old > 0);
	if (old == 1 && page_anon(page))
		page_clear(page, PG_ANON_EXCLUSIVE);
	if (unlikely(page_compound(page)))
		folio_sub_large_mapcount(compound_head(page), 1, mm);
}

static inline void page_remove_rmap_huge(struct page *head, const struct mm_struct *mm)
{
	unsigned int old = atomic_fetch_sub_explicit(&head->entire_mapcount, 1,
						     memory_order_acq_rel);

	mm_assert_debug(old > 0);
	if (old == 1 && !page_mapcount(head))
		page_clear(head, PG_ANON_EXCLUSIVE);
	folio_sub_large_mapcount(head, 1, mm);
}

#endif
