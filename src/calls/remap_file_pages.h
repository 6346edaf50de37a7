/*
 * remap_file_pages.h - other pages of the same file in a part of a shared mapping.
 *
 * Layer: calls.
 */
#ifndef CALLS_REMAP_FILE_PAGES_H
#define CALLS_REMAP_FILE_PAGES_H

#include "base/why.h"
#include "space/mm_types.h"

/* remap_file_pages(2).  mmap_lock held for write. */
__must_check long do_remap_file_pages(struct mm_struct *mm, umm_addr_t start, uint64_t size,
				      uint64_t prot, uint64_t pgoff, uint64_t flags,
				      struct umm_why *why);

#endif
