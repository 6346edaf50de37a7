/*
 * set_vma.h - prctl(PR_SET_VMA): names for anonymous areas.
 *
 * Layer: calls.
 */
#ifndef CALLS_SET_VMA_H
#define CALLS_SET_VMA_H

#include "base/why.h"
#include "space/mm_types.h"

/* mmap_lock held for write. */
__must_check long prctl_set_vma(struct mm_struct *mm, uint64_t attribute, umm_addr_t start,
				uint64_t len, const struct umm_anon_name *name,
				struct umm_why *why);

#endif
