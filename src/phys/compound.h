/*
 * compound.h - 512 frames that are one page, and how many map what of it.
 *
 * Layer: phys.
 *
 * The theory is at the head of compound.c.
 */
#ifndef PHYS_COMPOUND_H
#define PHYS_COMPOUND_H

#include "phys/phys.h"

#define HUGE_ORDER	9
#define HUGE_PAGES	(1u << HUGE_ORDER)

/* The head, with one reference and contents undefined; NULL: no 512 frames lie side by side. */
struct page *alloc_huge_page(struct phys *phys);

/*
 * One page becomes 512: each has the references of its own entries.
 * => no entry of 2 MiB; @owner maps it alone, and keeps everybody from it.
 * => false: somebody holds a reference that is no entry's, and nothing has changed.
 * => true: frames that nobody maps have been freed.
 */
bool split_compound(struct phys *phys, struct page *head);

/* @nr entries more, or fewer, in the tables of @owner, an address space. */
void folio_add_large_mapcount(struct page *head, unsigned int nr, const void *owner);
void folio_sub_large_mapcount(struct page *head, unsigned int nr, const void *owner);

/* May there be entries of several address spaces?  Never no if there are. */
bool folio_maybe_mapped_shared(const struct page *page);

/* 2 MiB: nothing to do in a world without contents. */
void clear_huge_page(const struct phys *phys, struct page *head);

/* Is all of the frame zero?  False in a world without contents: nobody knows. */
bool page_is_zero(const struct phys *phys, const struct page *page);

/* 2 MiB of zeros for all to read, kept until all who got it put it; NULL: no frames. */
struct page *get_huge_zero_page(struct phys *phys);
void put_huge_zero_page(struct phys *phys);

#endif
