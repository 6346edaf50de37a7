/*
 * madvise_vma.h - what the parts of madvise share: the call, and what is done to one area.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_MADVISE_VMA_H
#define CALLS_MADVISE_VMA_H

#include "base/why.h"
#include "space/mm_types.h"

/* The call, on its way along the range. */
struct madvise_state {
	/* in, read-only after the checks */
	struct mm_struct *mm;
	umm_addr_t start, end;
	int behavior;
	struct umm_why *why;
};

/* Is it advice that does nothing but change flags?  Then: those that @vma shall have. */
bool madvise_changes_flags(int behavior);
__must_check long madvise_new_flags(const struct vm_area_struct *vma, int behavior,
				    vm_flags_t *new_flags, struct umm_why *why);

/* What a seal forbids. */
__must_check long can_madvise_modify(const struct madvise_state *st,
				     const struct vm_area_struct *vma);

/* Contents given back, read ahead, cold: does @vma suit? */
__must_check long madvise_contents(const struct madvise_state *st,
				   const struct vm_area_struct *vma, umm_addr_t start,
				   umm_addr_t end);

/* And in a world with pages: what becomes of those of [start, end), which is in @vma. */
void madvise_pages(const struct madvise_state *st, const struct vm_area_struct *vma,
		   umm_addr_t start, umm_addr_t end);

/* May @vma have huge pages because it is asked for, whatever is set for the machine? */
bool thp_vma_allowable(const struct mm_struct *mm, const struct vm_area_struct *vma);
__must_check long madvise_collapse(const struct madvise_state *st,
				   const struct vm_area_struct *vma, umm_addr_t start,
				   umm_addr_t end);

/* => to install: an anon_vma, and a range of guards, were reserved. */
__must_check long madvise_guard_install(const struct madvise_state *st,
					struct vm_area_struct *vma, umm_addr_t start,
					umm_addr_t end);
__must_check long madvise_guard_remove(const struct madvise_state *st,
				       const struct vm_area_struct *vma, umm_addr_t start,
				       umm_addr_t end);

#endif
