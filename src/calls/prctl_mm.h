/*
 * prctl_mm.h - what a process says of its own address space: PR_SET_MDWE, PR_SET_MM, personality.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_PRCTL_MM_H
#define CALLS_PRCTL_MM_H

#include "base/why.h"
#include "space/mm_types.h"

/* prctl(PR_SET_MDWE) with its four arguments, and PR_GET_MDWE. */
__must_check long prctl_set_mdwe(struct mm_struct *mm, uint64_t bits, const uint64_t unused[3],
				 struct umm_why *why);
__must_check long prctl_get_mdwe(const struct mm_struct *mm, const uint64_t unused[4],
				 struct umm_why *why);

/*
 * prctl(PR_SET_MM).  @map: what @addr points to under PR_SET_MM_MAP, NULL if it cannot be read.
 * PR_SET_MM_EXE_FILE ends after its permission check: the rest is no matter of memory.
 */
__must_check long prctl_set_mm(struct mm_struct *mm, const uint64_t arg[4],
			       const struct umm_set_mm_map *map, struct umm_why *why);

/* personality(2): the old one. */
uint32_t do_personality(struct mm_struct *mm, uint32_t personality, struct umm_why *why);

#endif
