/*
 * userfaultfd.h - which areas a userfaultfd watches.
 *
 * Layer: calls.
 */
#ifndef CALLS_USERFAULTFD_H
#define CALLS_USERFAULTFD_H

#include "base/why.h"
#include "space/mm_types.h"

/* mmap_lock held for write; the rest as usermm.h says. */
__must_check long userfaultfd_register(struct mm_struct *mm, const struct umm_uffd *uffd,
				       const struct umm_uffd_range *range, struct umm_why *why);
__must_check long userfaultfd_unregister(struct mm_struct *mm, const struct umm_uffd *uffd,
					 const struct umm_uffd_range *range, struct umm_why *why);
__must_check long userfaultfd_release(struct mm_struct *mm, uint64_t id, struct umm_why *why);

/*
 * fork: the flags of the copy in @child of an area of @parent, with the attributes that it keeps.
 * => reserved in the child: one set of attributes.
 */
vm_flags_t dup_userfaultfd(struct mm_struct *child, const struct mm_struct *parent,
			   const struct vm_area_struct *vma, struct umm_why *why);

/*
 * mremap: what moved to @vma is watched there only if its userfaultfd wants to hear of moves; the
 * whole area loses it, also what the pages were merged with.
 * => reserved: one set of attributes.
 */
void mremap_userfaultfd_prep(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why);

#endif
