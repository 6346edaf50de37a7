/*
 * brk.h - the heap.
 *
 * Layer: calls.
 */
#ifndef CALLS_BRK_H
#define CALLS_BRK_H

#include "base/why.h"
#include "space/mm_types.h"

/* brk(2) as the kernel answers it: the break after the call.  Takes mmap_lock. */
umm_addr_t sys_brk(struct mm_struct *mm, umm_addr_t brk, struct umm_why *why);

/*
 * Anonymous memory at [start, start + @request rounded up), instead of what is there: bss.
 * => mmap_lock held for write.
 */
__must_check long vm_brk_flags(struct mm_struct *mm, umm_addr_t start, uint64_t request,
			       bool executable, struct umm_why *why);

#endif
