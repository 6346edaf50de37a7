/*
 * mm_clone.h - an address space as it might have become.
 *
 * Layer: space.
 */
#ifndef SPACE_MM_CLONE_H
#define SPACE_MM_CLONE_H

#include "space/mm_types.h"

/*
 * An exact copy of @mm with one user: what fork changes stays.  A hypothesis, see mm_suppose().
 * ERR_PTR(-UMM_ENOMEM).
 * => mmap_lock of @mm held.
 */
struct mm_struct *mm_clone(const struct mm_struct *mm);

/*
 * Would every call be answered alike by both?  Said of a clone and what it was cloned from; names
 * of anon_vmas and of objects that the calls made do not count.  False also without memory.
 * => mmap_lock of both held.
 */
bool mm_same(const struct mm_struct *a, const struct mm_struct *b);

#endif
