/*
 * smap.h - what stands in a range, added up as smaps shows it.
 *
 * Layer: rmap.  mmap_lock held; mm->pages is there.
 */
#ifndef RMAP_SMAP_H
#define RMAP_SMAP_H

#include "space/mm_pages.h"

/* A share of a frame that several map is kept in fractions of a byte. */
#define PSS_SHIFT 12

struct mem_size_stats {
	uint64_t resident, shared_clean, shared_dirty, private_clean, private_dirty;	/* bytes */
	uint64_t referenced, anonymous, anonymous_thp, lazyfree;	/* bytes */
	uint64_t pss, pss_dirty, pss_locked;		/* bytes << PSS_SHIFT */
};

/* Add what stands in @vma to @mss. */
void smap_gather_stats(const struct mm_struct *mm, const struct vm_area_struct *vma,
		       struct mem_size_stats *mss);

#endif
