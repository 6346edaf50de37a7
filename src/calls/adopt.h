/*
 * adopt.h - areas as somebody else says they are: what exec laid out, what attach found, what the
 * kernel did in a call that no function here predicts.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_ADOPT_H
#define CALLS_ADOPT_H

#include "space/file.h"

/* As umm_area_import(). */
__must_check int import_vma(struct mm_struct *mm, const struct umm_area *area);

/* As umm_adopt_range(). */
__must_check int adopt_range(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			     const struct umm_area *areas, size_t nr, umm_addr_t moved_from);

/* As umm_adopt_pages(). */
__must_check int adopt_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			     enum umm_page_kind kind);

/* As umm_area_set_anon(). */
int set_anon(struct mm_struct *mm, umm_addr_t addr, enum umm_anon anon);

#endif
