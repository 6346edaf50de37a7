/*
 * mm.h - the life of an address space.
 *
 * Layer: space.
 */
#ifndef SPACE_MM_H
#define SPACE_MM_H

#include "base/why.h"
#include "space/mm_types.h"

/* An empty address space with one user; ERR_PTR(-UMM_ENOMEM). */
struct mm_struct *mm_alloc(struct world *world);

/* The same without pages, whatever the world has: what a hypothesis is. */
struct mm_struct *mm_alloc_areas(struct world *world);

/* What survives exec, and fork besides: limits, capabilities, personality, layout. */
void mm_inherit(struct mm_struct *mm, const struct mm_struct *from);

/*
 * @mm is what may have happened, beside what did: nobody counts its charge, and its areas give
 * nothing back to their objects when they go.  And: it is what happened after all.
 */
void mm_suppose(struct mm_struct *mm);
void mm_happened(struct mm_struct *mm);

/* Every area goes, ascending, and its charge is given back. */
void exit_mmap(struct mm_struct *mm);

static inline void mmget(struct mm_struct *mm)
{
	atomic_fetch_add(&mm->users, 1);
}

/* The last one frees it. */
void mmput(struct mm_struct *mm);

/* Pages of [start, end) that areas cover. */
uint64_t count_vma_pages_range(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* True if every invariant holds: tree, chains, counters.  O(areas). */
bool mm_is_valid(const struct mm_struct *mm);

#endif
