/*
 * fault.h - a page fault as far as areas go: growth, permission, and the anon_vma of the first
 * write.
 *
 * Layer: fault.  mmap_lock held for write, unless it says otherwise.
 */
#ifndef FAULT_FAULT_H
#define FAULT_FAULT_H

#include "base/why.h"
#include "space/vma_lock.h"

/*
 * A fault at @addr.  UMM_FAULT_OK, UMM_SEGV_MAPERR, UMM_SEGV_ACCERR, UMM_BUS_ADRERR in a world with
 * pages, or -UMM_ENOMEM (UMM_FAULT_OOM) for want of our own memory or of frames: it can be tried
 * again.
 */
__must_check int handle_fault(struct mm_struct *mm, umm_addr_t addr, unsigned int access,
			      struct umm_why *why);

/*
 * What is held so that neither the area at an address nor its tables change: the area, or
 * mmap_lock.  Each allows a fault to do more than the one before.
 */
enum fault_lock { FAULT_AREA, FAULT_MMAP_READ, FAULT_MMAP_WRITE };

struct fault_hold {
	struct mm_struct *mm;
	enum fault_lock lock;
	struct vm_area_struct *vma;	/* but with FAULT_MMAP_WRITE */
	struct vma_reader *reader;	/* FAULT_AREA */
};

/*
 * The same, without a lock from the caller: the least that will do is taken.
 * => UMM_FAULT_OK: it is still held, until fault_release(); else nothing is.
 */
__must_check int fault_and_hold(struct mm_struct *mm, umm_addr_t addr, unsigned int access,
				struct umm_why *why, struct fault_hold *hold);
void fault_release(const struct fault_hold *hold);

/*
 * Does an access to @addr give @vma an anon_vma?  A write to private memory does, and a read where
 * a huge page can be put: the huge zero page is prepared as if for writing.
 */
bool fault_prepares(const struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t addr,
		    bool write);

/* Move the start of the stack @vma down to the page of @addr: 0, or refused. */
__must_check long expand_downwards(struct mm_struct *mm, struct vm_area_struct *vma,
				   umm_addr_t addr, struct umm_why *why);

#endif
