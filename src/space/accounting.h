/*
 * accounting.h - counters, limits and the commit charge.
 *
 * Layer: space.  Every function wants mmap_lock for write.
 */
#ifndef SPACE_ACCOUNTING_H
#define SPACE_ACCOUNTING_H

#include "base/why.h"
#include "space/mm_types.h"

/* The soft limit in pages; UINT64_MAX for none. */
uint64_t rlimit_pages(const struct mm_struct *mm, enum mm_rlimit_index which);

/* Private, writable, not a stack: what RLIMIT_DATA counts. */
bool is_data_mapping(vm_flags_t flags);

/* Add @pages (may be negative) of an area with @flags to the counters. */
void vm_stat_account(struct mm_struct *mm, vm_flags_t flags, int64_t pages);

/* May the address space grow by @pages of that kind?  RLIMIT_AS, then RLIMIT_DATA. */
__must_check long may_expand_vm(struct mm_struct *mm, vm_flags_t flags, int64_t pages,
				struct umm_why *why);

/* Is memory with these flags charged?  Hugetlb has a pool of its own. */
bool accountable_mapping(vm_flags_t flags);

/* The holder of what is charged to objects, and not to an address space. */
#define COMMIT_OBJECT ((struct mm_struct *)0)

/*
 * Can @pages be charged?  They are, to @to: COMMIT_OBJECT, or an mm (@mm, its child).  Whoever asks
 * at the same time finds them charged: together they do not get more than there is.  @code names
 * the check in the heuristic mode, v2 and v3 are handed to it.
 */
__must_check long vm_enough_memory_charge(const struct mm_struct *mm, struct mm_struct *to,
					  uint64_t pages, enum why_code code, umm_addr_t v2,
					  umm_addr_t v3, struct umm_why *why);

/* The same question, and nothing is charged. */
__must_check long vm_enough_memory(const struct mm_struct *mm, uint64_t pages, enum why_code code,
				   umm_addr_t v2, umm_addr_t v3, struct umm_why *why);

/* Charge a mapping of this mm: 0, or refused with nothing charged. */
__must_check long security_vm_enough_memory_mm(struct mm_struct *mm, uint64_t pages,
					       struct umm_why *why);
void vm_unacct_memory(struct mm_struct *mm, uint64_t pages, struct umm_why *why);

/* Charge without asking: what the kernel granted already. */
void vm_acct_memory(struct mm_struct *mm, int64_t pages);

/* Does the process have the right to lock anything? */
bool can_do_mlock(const struct mm_struct *mm);

/* May @pages more be locked?  @code: what the refusal is called. */
__must_check long mlock_future_ok(struct mm_struct *mm, vm_flags_t flags, uint64_t pages,
				  enum why_code code, struct umm_why *why);

#endif
