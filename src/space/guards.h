/*
 * guards.h - the guard markers of an address space (madvise(MADV_GUARD_INSTALL)).
 *
 * Layer: space.  mmap_lock held for write to change, for read to look.
 */
#ifndef SPACE_GUARDS_H
#define SPACE_GUARDS_H

#include "base/why.h"
#include "space/mm_types.h"

/*
 * Make sure that the next changes that leave up to @more ranges more can be made.  0, or refused
 * with nothing changed.  Removing a range, or moving one, leaves one more per guard that it cuts.
 */
__must_check long guards_reserve(struct mm_struct *mm, size_t more, struct umm_why *why);

/* => room for one range more was reserved. */
void guards_install(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);
void guards_remove(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/*
 * What is in [from, from + len) is now in [to, to + len), where nothing is left of before; the two
 * do not overlap.  => room for guards_in(mm, from, from + len) + 2 ranges more was reserved.
 */
void guards_move(struct mm_struct *mm, umm_addr_t from, umm_addr_t to, uint64_t len);

/* The ranges that touch [start, end). */
size_t guards_in(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* The first guarded page in [start, end), or @end. */
umm_addr_t guards_first(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/*
 * @dst has in [start, end) what @src has there.  Ascending calls on a fresh @dst.
 * 0, or refused with nothing changed.
 */
__must_check long guards_copy(struct mm_struct *dst, const struct mm_struct *src, umm_addr_t start,
			      umm_addr_t end, struct umm_why *why);

void guards_free(struct mm_struct *mm);

/* True if the ranges are in order, apart, and aligned. */
bool guards_are_valid(const struct mm_struct *mm);

#endif
