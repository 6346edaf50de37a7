/*
 * move_page_tables.h - mremap's part of the page tables.
 *
 * Layer: fault.  mmap_lock held for write; mm->pages is there.
 */
#ifndef FAULT_MOVE_PAGE_TABLES_H
#define FAULT_MOVE_PAGE_TABLES_H

#include "space/mm_pages.h"

/* Make the tables that moving [from, from + len) to @to needs: 0 or -UMM_ENOMEM. */
__must_check int move_page_tables_reserve(struct mm_struct *mm, umm_addr_t from, umm_addr_t to,
					  uint64_t len);

/*
 * What stands in [from, from + len) stands in [to, to + len) now, where nothing was; they do not
 * overlap.
 * => reserved: cannot fail.
 */
void move_page_tables(struct mm_struct *mm, umm_addr_t from, umm_addr_t to, uint64_t len);

#endif
