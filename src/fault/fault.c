/*
 * fault.c - a page fault as far as areas go.
 *
 *	no area at or above the address, or one that does not grow	MAPERR
 *	a stack above it						grows, or MAPERR
 *	the area does not allow the access				ACCERR
 *	a guard marker							MAPERR
 *	a write to private memory					the area has an anon_vma now
 *	a read in private memory that huge pages may back		the same: the huge zero page
 *	and then, in a world with pages					memory.c
 *
 * Most faults change no area and are not refused, and hold just the area that they are in, or
 * mmap_lock to read where it is not found so: fault_and_hold().  All others are done again with
 * mmap_lock to write, and it is there that a refusal says why.
 */
#include "base/assert.h"
#include "fault/fault.h"
#include "fault/memory.h"
#include "fault/thp.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/guards.h"
#include "space/i_mmap.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

/* Small pages were there, or are: then the next is small as well.  Areas alone do not tell. */
static bool has_table(const struct mm_struct *mm, umm_addr_t addr)
{
	return mm->pages && pgtable_lookup(&mm->pages->pgt, addr);
}

bool fault_prepares(const struct mm_struct *mm, const struct vm_area_struct *vma,
			   umm_addr_t addr, bool write)
{
	if ((vma->vm_flags & (VM_SHARED | VM_PFNMAP)) || vma->anon_vma)
		return false;
	return write || (thp_fault_eligible(mm, vma, addr) && !has_table(mm, addr));
}

static long check_stack_limits(const struct mm_struct *mm, const struct vm_area_struct *vma,
			       uint64_t size, uint64_t grow, struct umm_why *why)
{
	uint64_t total = mm->total_vm + grow, as_limit = rlimit_pages(mm, MM_RLIMIT_AS);
	uint64_t stack_limit = mm->rlimit[MM_RLIMIT_STACK].soft;
	long err;

	err = check(why, total <= as_limit, WHY_STACK_AS, total, as_limit);
	if (err)
		return err;
	err = check(why, size <= stack_limit, WHY_STACK_LIMIT, size, stack_limit);
	if (err)
		return err;
	return mlock_future_ok((struct mm_struct *)mm, vma->vm_flags, grow, WHY_STACK_MLOCK, why);
}

/* What lies below must keep its distance, unless nobody can touch it anyway. */
static long check_guard_gap(const struct mm_struct *mm, const struct vm_area_struct *vma,
			    umm_addr_t addr, struct umm_why *why)
{
	const struct vm_area_struct *prev = vma_prev(vma);
	uint64_t gap = mm->world->settings.stack_guard_gap;

	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && (prev->vm_flags & VM_ACCESS_FLAGS)) {
		uint64_t distance = addr > prev->vm_end ? addr - prev->vm_end : 0;

		if (distance < gap)
			return refuse4(why, WHY_STACK_GUARD_GAP, distance, gap, prev->vm_start,
				       prev->vm_end);
	}
	/* Whatever it allows, it is there. */
	if (prev && addr < prev->vm_end)
		return refuse4(why, WHY_STACK_GUARD_GAP, 0, gap, prev->vm_start, prev->vm_end);
	passed(why, WHY_STACK_GUARD_GAP, prev ? addr - prev->vm_end : addr, gap);
	return 0;
}

long expand_downwards(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr,
		      struct umm_why *why)
{
	umm_addr_t low = mm->world->settings.mmap_min_addr;
	uint64_t grow;
	long err;

	addr &= PAGE_MASK;
	err = check(why, addr >= low, WHY_STACK_MIN_ADDR, addr, low);
	if (err)
		return err;
	err = check_guard_gap(mm, vma, addr, why);
	if (err) {
		ruled_out(why, vma->vm_end - addr <= mm->rlimit[MM_RLIMIT_STACK].soft,
			  WHY_STACK_LIMIT, vma->vm_end - addr, mm->rlimit[MM_RLIMIT_STACK].soft);
		return err;
	}
	if (anon_vma_prepare(mm, vma))
		return refuse(why, WHY_NO_METADATA, 1, 0);

	grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	err = check(why, grow <= vma->vm_pgoff, WHY_STACK_PGOFF, grow, vma->vm_pgoff);
	if (err)
		return err;
	err = check_stack_limits(mm, vma, vma->vm_end - addr, grow, why);
	if (err)
		return err;
	/*
	 * The charge of a stack that is not accounted is the machine's loss: nobody gives it back.
	 */
	err = vm_enough_memory_charge(mm, vma->vm_flags & VM_ACCOUNT ? mm : COMMIT_OBJECT, grow,
				      WHY_STACK_OVERCOMMIT, 0, 0, why);
	if (err)
		return err;
	vma_start_write(mm, vma);
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm += grow;
	vm_stat_account(mm, vma->vm_flags, (int64_t)grow);
	vma_prepare(mm, vma, NULL);
	vma->vm_pgoff -= grow;
	vma_set_range(&mm->tree, vma, addr, vma->vm_end);
	vma_complete(mm, vma, NULL);
	note(why, NOTE_STACK_GREW, grow, vma->vm_start, vma->vm_end, 0);
	world_event(mm->world, UMM_EVENT_AREA_CHANGE, mm, vma->vm_start, vma->vm_end, 0);
	return 0;
}

static bool access_error(const struct vm_area_struct *vma, unsigned int access)
{
	if (access & UMM_ACCESS_WRITE)
		return !(vma->vm_flags & VM_WRITE);
	if (access & UMM_ACCESS_EXEC)
		return !(vma->vm_flags & VM_EXEC);
	return !(vma->vm_flags & VM_ACCESS_FLAGS);
}

static bool meets_guard(const struct mm_struct *mm, umm_addr_t addr)
{
	umm_addr_t page = addr & PAGE_MASK;

	return guards_first(mm, page, page + PAGE_SIZE) == page;
}

/*
 * x86-64 tells whether a page may be executed when it is there: where nothing is, the access first
 * makes what a read makes, and fails when it is tried again.  arm64 asks the area at once.
 */
static bool fetch_is_read(const struct mm_struct *mm, const struct vm_area_struct *vma,
			  unsigned int access)
{
	return (access & (UMM_ACCESS_EXEC | UMM_ACCESS_WRITE)) == UMM_ACCESS_EXEC &&
	       !(vma->vm_flags & VM_EXEC) && (vma->vm_flags & VM_ACCESS_FLAGS) &&
	       mm->world->settings.page_tables != UMM_PAGE_TABLES_ARM64_4K;
}

static bool execute_fills(const struct mm_struct *mm, const struct vm_area_struct *vma,
			  umm_addr_t addr, unsigned int access)
{
	return mm->pages && fetch_is_read(mm, vma, access) && !meets_guard(mm, addr) &&
	       !page_is_mapped(mm, addr);
}

static int no_area(umm_addr_t addr, struct umm_why *why)
{
	return refuse(why, WHY_FAULT_NO_AREA, addr, 0) ? UMM_SEGV_MAPERR : UMM_FAULT_OK;
}

int handle_fault(struct mm_struct *mm, umm_addr_t addr, unsigned int access, struct umm_why *why)
{
	bool write = access & UMM_ACCESS_WRITE, guard;
	struct vm_area_struct *vma;

	if (addr >= mm->layout.task_size)
		return no_area(addr, why);
	vma = find_vma(&mm->tree, addr);
	if (!vma || (addr < vma->vm_start && !(vma->vm_flags & VM_GROWSDOWN)))
		return no_area(addr, why);
	if (addr < vma->vm_start) {
		/* Our own memory first: running out of it is not Linux's answer. */
		if (!vma->anon_vma && anon_vma_reserve(mm, 1, why))
			return -UMM_ENOMEM;
		if (expand_downwards(mm, vma, addr, why))
			return UMM_SEGV_MAPERR;
	}

	if (execute_fills(mm, vma, addr, access)) {
		int fault;

		if (fault_prepares(mm, vma, addr, false) && anon_vma_prepare(mm, vma))
			return (int)refuse(why, WHY_NO_METADATA, 1, 0);
		fault = handle_mm_fault(mm, vma, addr, UMM_ACCESS_READ);
		if (fault != UMM_FAULT_OK)
			return fault;
	}
	guard = meets_guard(mm, addr);
	if (access_error(vma, access) && !(guard && fetch_is_read(mm, vma, access))) {
		if (refuse4(why, WHY_FAULT_ACCESS, access, addr, vma->vm_start, vma->vm_end))
			return UMM_SEGV_ACCERR;
	}
	if (guard) {
		if (refuse4(why, WHY_FAULT_GUARD, addr, 0, vma->vm_start, vma->vm_end))
			return UMM_SEGV_MAPERR;
	}
	if (fault_prepares(mm, vma, addr, write) && anon_vma_prepare(mm, vma))
		return (int)refuse(why, WHY_NO_METADATA, 1, 0);
	return mm->pages ? handle_mm_fault(mm, vma, addr, access) : UMM_FAULT_OK;
}

/* A lock that allows more is needed.  No UMM_FAULT_ has this number. */
#define FAULT_RETRY (-1)

/* Take @lock.  False, and it is not: under this one nothing can be done. */
static bool hold_area(struct fault_hold *hold, umm_addr_t addr, enum fault_lock lock)
{
	struct mm_struct *mm = hold->mm;

	hold->lock = lock;
	if (lock == FAULT_MMAP_WRITE) {
		mmap_write_lock(mm);
		return true;
	}
	if (lock == FAULT_AREA) {
		hold->vma = vma_start_read(mm, addr, &hold->reader);
		return hold->vma != NULL;
	}
	mmap_read_lock(mm);
	hold->vma = find_vma(&mm->tree, addr);
	if (hold->vma && hold->vma->vm_start <= addr && !meets_guard(mm, addr))
		return true;
	mmap_read_unlock(mm);
	return false;
}

void fault_release(const struct fault_hold *hold)
{
	switch (hold->lock) {
	case FAULT_AREA:
		vma_end_read(hold->reader);
		break;
	case FAULT_MMAP_READ:
		mmap_read_unlock(hold->mm);
		break;
	case FAULT_MMAP_WRITE:
		mmap_write_unlock(hold->mm);
		break;
	}
}

/* In an area that contains @addr, has no guard marker there, and must not be changed. */
static int fault_in_area(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t addr,
			 unsigned int access)
{
	bool may_prepare = (access & UMM_ACCESS_WRITE) || vma_is_anonymous(vma);

	if (access_error(vma, access))
		return FAULT_RETRY;
	if (may_prepare && !vma->anon_vma && !(vma->vm_flags & VM_SHARED))
		return FAULT_RETRY;
	return handle_mm_fault(mm, vma, addr, access);
}

int fault_and_hold(struct mm_struct *mm, umm_addr_t addr, unsigned int access, struct umm_why *why,
		   struct fault_hold *hold)
{
	int lock = mm->pages ? FAULT_AREA : FAULT_MMAP_WRITE, fault = FAULT_RETRY;

	hold->mm = mm;
	for (; fault == FAULT_RETRY; lock++) {
		mm_assert_debug(lock <= FAULT_MMAP_WRITE);
		if (!hold_area(hold, addr, (enum fault_lock)lock))
			continue;
		fault = lock == FAULT_MMAP_WRITE ? handle_fault(mm, addr, access, why)
						 : fault_in_area(mm, hold->vma, addr, access);
		if (fault != UMM_FAULT_OK)
			fault_release(hold);
		else if (lock == FAULT_MMAP_READ)
			vma_publish(mm, hold->vma, addr);
	}
	return fault;
}
