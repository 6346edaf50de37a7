/*
 * mmap.h - making areas.
 *
 * Layer: calls.
 */
#ifndef CALLS_MMAP_H
#define CALLS_MMAP_H

#include "base/why.h"
#include "space/file.h"

/* What mmap(2) was asked for, on its way through the checks. */
struct mmap_request {
	/* in; the checks round and change them */
	umm_addr_t addr;
	uint64_t len;			/* bytes */
	uint64_t prot;
	uint64_t flags;			/* MAP_ */
	struct file *file;		/* borrowed, NULL for anonymous memory */
	uint64_t pgoff;			/* pages */
	/* internal */
	vm_flags_t vm_flags;
	bool populate;			/* out: fill the range when the lock is dropped */
};

/* The system call: byte offset, and a file that was looked up.  Takes mmap_lock. */
__must_check int64_t sys_mmap(struct mm_struct *mm, struct mmap_request *req, uint64_t offset,
			      struct umm_why *why);

/* The address that sys_mmap() would choose; @req is used up. */
__must_check int64_t mmap_choose_address(struct mm_struct *mm, struct mmap_request *req,
					 uint64_t offset);

/*
 * Length, offset and the number of areas: before anything is searched.  Rounds @req.
 * => mmap_lock held for read.
 */
__must_check long mmap_check_size(struct mm_struct *mm, struct mmap_request *req,
				  struct umm_why *why);

/* The ordered checks.  mmap_lock held for write. */
__must_check int64_t do_mmap(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why);

/* Does this kernel ask about the seals of @file before what a fixed mapping replaces is gone? */
bool seals_are_checked_first(const struct world *world, const struct file *file);

/*
 * May @file be mapped with these flags, as it is sealed?  What may never be written loses
 * VM_MAYWRITE.  0, or refused.
 */
__must_check long memfd_check_seals(const struct world *world, const struct file *file,
				    vm_flags_t *vm_flags, struct umm_why *why);

/*
 * Map [req->addr, req->addr + req->len), replacing what is there.
 * => mmap_lock held for write.
 * => refused by a limit or the charge: cuts at the edges stay, contents do not change (as Linux).
 * => refused by the object: the replaced range stays a hole (as Linux).
 */
__must_check int64_t mmap_region(struct mm_struct *mm, struct mmap_request *req,
				 struct umm_why *why);

/* Would making [vm_flags] of what was [old] break PR_SET_MDWE? */
static inline bool map_deny_write_exec(const struct mm_struct *mm, vm_flags_t old_flags,
				       vm_flags_t new_flags)
{
	if (!mm->mdwe || !(new_flags & VM_EXEC))
		return false;
	return (new_flags & VM_WRITE) || !(old_flags & VM_EXEC);
}

#endif
