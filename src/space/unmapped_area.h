/*
 * unmapped_area.h - where a mapping goes.
 *
 * Layer: space.  Every function wants mmap_lock, for read at least, and changes nothing.
 */
#ifndef SPACE_UNMAPPED_AREA_H
#define SPACE_UNMAPPED_AREA_H

#include "base/why.h"
#include "space/file.h"

/*
 * Choose or check the address of a mapping of @file (NULL: anonymous): the address, or refused.
 */
__must_check int64_t get_unmapped_area(struct mm_struct *mm, const struct file *file,
				       const struct unmapped_area_request *req,
				       struct umm_why *why);

/* The layout's own search, for objects that have no wish; aligned to @align_mask + 1. */
__must_check int64_t mm_get_unmapped_area(struct mm_struct *mm,
					  const struct unmapped_area_request *req,
					  uint64_t align_mask, struct umm_why *why);

/* A search that leaves room for huge pages: file systems whose page cache has them. */
__must_check int64_t thp_get_unmapped_area(struct mm_struct *mm, const struct file *file,
					   const struct unmapped_area_request *req,
					   struct umm_why *why);

/* The first byte that a mapping below @vma must keep free: its guard gap taken off. */
umm_addr_t vm_start_gap(const struct mm_struct *mm, const struct vm_area_struct *vma);

/*
 * The layout that exec would choose with that stack limit.  @pad: the guard gap, and what a random
 * stack may need besides; @random: how far the bases move.
 */
void arch_pick_mmap_layout(struct umm_layout *layout, uint64_t stack_limit, bool compat,
			   uint64_t pad, uint64_t random);

#endif
