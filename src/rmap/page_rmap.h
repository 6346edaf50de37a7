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

/* One entry more: the reference is the caller's to take. */
static inline void page_dup_rmap(struct page *page)
{
	atomic_fetch_add_explicit(&page->mapcount, 1, memory_order_relaxed);
}

/* One entry fewer: the reference is the caller's to drop. */
static inline void page_remove_rmap(struct page *page)
{
	unsigned int old = atomic_fetch_sub_explicit(&page->mapcount, 1, memory_order_acq_rel);

	mm_assert_debug(old > 0);
	if (old == 1 && page_anon(page))
		page_clear(page, PG_ANON_EXCLUSIVE);
}

#endif
