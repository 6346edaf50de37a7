/*
 * uaccess.h - the kernel reads and writes a program's memory for it.
 *
 * Layer: fault.  mmap_lock held for write.
 */
#ifndef FAULT_UACCESS_H
#define FAULT_UACCESS_H

#include "base/why.h"
#include "space/mm_types.h"

/*
 * Reserve what accessing [addr, addr + bytes) may need: an anon_vma for each area, and one for a
 * stack that grows.  0, or refused.
 */
__must_check long uaccess_reserve(struct mm_struct *mm, umm_addr_t addr, uint64_t bytes,
				  struct umm_why *why);

/*
 * Write to [addr, addr + bytes), or read there: the first address that cannot be accessed, or the
 * end.  What lies below is faulted in.
 * => uaccess_reserve() came before, with no other fault since.
 */
umm_addr_t user_access(struct mm_struct *mm, umm_addr_t addr, uint64_t bytes, bool write);

/*
 * Zero the contents of [addr, addr + bytes), if pages have any.
 * => it lies in one page, which was just faulted in for writing.
 */
void clear_user(struct mm_struct *mm, umm_addr_t addr, uint64_t bytes);

#endif
