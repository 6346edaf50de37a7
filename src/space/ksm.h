/*
 * ksm.h - which areas may have their pages merged by content (kernel same-page merging).
 *
 * Layer: space.
 */
#ifndef SPACE_KSM_H
#define SPACE_KSM_H

#include "space/mm_types.h"

/* Shared memory, and what a driver or the kernel itself laid out, never. */
static inline bool ksm_compatible(vm_flags_t flags)
{
	return !(flags & (VM_SHARED | UMM_VM_MAYSHARE | VM_SPECIAL | VM_HUGETLB | VM_DROPPABLE));
}

/* The flags of a new area: after prctl(PR_SET_MEMORY_MERGE) VM_MERGEABLE where that can be. */
static inline vm_flags_t ksm_vma_flags(const struct mm_struct *mm, vm_flags_t flags)
{
	return mm->merge_any && ksm_compatible(flags) ? flags | VM_MERGEABLE : flags;
}

#endif
