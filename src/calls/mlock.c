/*
 * mlock.c - memory that stays: locked areas, now and from now on.
 *
 *	right		to lock anything at all
 *	limit		what is locked now and what is asked for, overlaps counted once
 *	apply		area by area from below; what was done below a refusal stays
 *	fill		what is locked now; a page that cannot be had is an error, the lock stays
 *
 * locked_vm counts pages of areas with VM_LOCKED, whether they are there or not.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mlock.h"
#include "fault/populate.h"
#include "space/accounting.h"
#include "space/file.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_tree.h"

#define MCL_KNOWN (UMM_MCL_CURRENT | UMM_MCL_FUTURE | UMM_MCL_ONFAULT)

/* Rounded out to pages: an end that wraps around is the caller's to look at. */
struct lock_range {
	umm_addr_t start;
	uint64_t len;
};

static struct lock_range lock_range(umm_addr_t start, uint64_t len)
{
	return (struct lock_range){ start & PAGE_MASK, page_align(len + (start & ~PAGE_MASK)) };
}

/* Pages of the range that are locked already. */
static uint64_t count_locked(const struct mm_struct *mm, struct lock_range range)
{
	umm_addr_t end = range.len > UINT64_MAX - range.start ? UINT64_MAX
							      : range.start + range.len;
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, range.start, end);
	uint64_t bytes = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		if (vma->vm_flags & VM_LOCKED)
			bytes += min_u64(vma->vm_end, end) - max_u64(vma->vm_start, range.start);
	return bytes >> PAGE_SHIFT;
}

static long check_right(const struct mm_struct *mm, struct umm_why *why)
{
	return check(why, can_do_mlock(mm), WHY_MLOCK_RIGHT, mm->rlimit[MM_RLIMIT_MEMLOCK].soft, 0);
}

static long check_limit(const struct mm_struct *mm, struct lock_range range, struct umm_why *why)
{
	uint64_t limit = rlimit_pages(mm, MM_RLIMIT_MEMLOCK);
	uint64_t locked = mm->locked_vm + (range.len >> PAGE_SHIFT);

	if (capable(mm, UMM_CAP_IPC_LOCK))
		return 0;
	if (locked > limit)
		locked -= count_locked(mm, range);
	if (locked > limit)
		return refuse4(why, WHY_MLOCK_MEMLOCK, locked, limit, mm->locked_vm, 0);
	passed(why, WHY_MLOCK_MEMLOCK, locked, limit);
	return 0;
}

/*
 * Linux counts here in an int, so 8 TiB and more at once go wrong; and the sum may go below zero,
 * as it does when such a range is unlocked in pieces.
 */
static uint64_t as_int(uint64_t nr_pages)
{
	return (uint64_t)(int64_t)(int32_t)(uint32_t)nr_pages;
}

static void count_lock(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, vm_flags_t old_flags,
		       vm_flags_t new_flags, struct umm_why *why)
{
	uint64_t nr_pages = (end - start) >> PAGE_SHIFT;

	if (!(new_flags & VM_LOCKED)) {
		mm->locked_vm += as_int(-nr_pages);
		note(why, NOTE_MUNLOCKED, start, end, nr_pages, mm->locked_vm);
		return;
	}
	if (old_flags & VM_LOCKED)
		nr_pages = 0;
	mm->locked_vm += as_int(nr_pages);
	note(why, NOTE_MLOCKED, start, end, nr_pages, mm->locked_vm);
}

/* Give [start, end) of @vma the lock flags of @lock.  0, or refused: a cut already made stays. */
static long mlock_fixup(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t start,
			umm_addr_t end, vm_flags_t lock, struct umm_why *why)
{
	vm_flags_t old_flags = vma->vm_flags, new_flags = (old_flags & ~VM_LOCKED_MASK) | lock;
	struct vm_area_struct *changed;

	if (new_flags == old_flags) {
		note(why, NOTE_MLOCK_SAME, start, end, old_flags, 0);
		return 0;
	}
	if (!vma_supports_mlock(vma)) {
		note(why, NOTE_MLOCK_SKIPPED, vma->vm_start, vma->vm_end, old_flags, 0);
		return 0;
	}
	changed = vma_modify(mm, vma, start, end, new_flags, why);
	if (IS_ERR(changed))
		return PTR_ERR(changed);
	count_lock(mm, start, end, old_flags, new_flags, why);
	return 0;
}

static long apply_vma_lock_flags(struct mm_struct *mm, struct lock_range range, vm_flags_t lock,
				 struct umm_why *why)
{
	umm_addr_t end = range.start + range.len, at = range.start;
	long err;

	err = check(why, end >= range.start, WHY_MLOCK_WRAP, range.start, range.len);
	if (err || !range.len)
		return err;
	err = vma_modify_reserve(mm, range.start, end, why);
	if (err)
		return err;
	while (at < end) {
		struct vm_area_struct *vma = find_vma(&mm->tree, at);
		umm_addr_t past;

		if (!vma || vma->vm_start > at)
			return refuse4(why, WHY_MLOCK_HOLE, at, 0, range.start, end);
		past = min_u64(vma->vm_end, end);
		err = mlock_fixup(mm, vma, at, past, lock, why);
		if (err)
			return err;
		at = past;
	}
	passed(why, WHY_MLOCK_HOLE, 0, 0);
	mm_assert_expensive(mm_is_valid(mm));
	return 0;
}

/*
 * Fill what was locked, and areas that cannot be; not those locked on fault.  mlock has error
 * numbers of its own for what a fault would say.
 */
static long mlock_populate(struct mm_struct *mm, struct lock_range range, vm_flags_t lock,
			   struct umm_why *why)
{
	struct populate_result result = mm_populate(mm, range.start, range.start + range.len);

	switch (result.stop) {
	case POPULATE_HOLE:		/* passed over: not here any more */
	case POPULATE_DONE:
		break;
	case POPULATE_ACCESS:
		return refuse4(why, WHY_MLOCK_ACCESS, result.at, 0, result.vma->vm_start,
			       result.vma->vm_end);
	case POPULATE_GUARD:
		return refuse(why, WHY_MLOCK_GUARD, result.at, 0);
	case POPULATE_BEYOND_EOF:
		return refuse(why, WHY_MLOCK_EOF, result.at, result.vma->vm_file->size);
	case POPULATE_NO_HUGE_PAGE:
		return refuse(why, WHY_MLOCK_POOL, result.at, 0);
	case POPULATE_NO_FRAME:
		return refuse(why, WHY_MLOCK_FRAMES, result.at, 0);
	}
	passed(why, WHY_MLOCK_ACCESS, 0, 0);
	if (range.len && !(lock & VM_LOCKONFAULT))
		note(why, NOTE_POPULATED, range.start, range.start + range.len, 0, 0);
	return 0;
}

long do_mlock(struct mm_struct *mm, umm_addr_t start, uint64_t len, uint64_t flags,
	       struct umm_why *why)
{
	struct lock_range range = lock_range(start, len);
	vm_flags_t lock = VM_LOCKED;
	long err;

	err = check(why, !(flags & ~(uint64_t)UMM_MLOCK_ONFAULT), WHY_MLOCK2_FLAGS, flags,
		    UMM_MLOCK_ONFAULT);
	if (err)
		return err;
	if (flags & UMM_MLOCK_ONFAULT)
		lock |= VM_LOCKONFAULT;
	err = check_right(mm, why);
	if (err)
		return err;
	err = check_limit(mm, range, why);
	if (err)
		return err;
	err = populate_reserve(mm, range.start, range.start + range.len, why);
	if (err)
		return err;
	err = apply_vma_lock_flags(mm, range, lock, why);
	if (err)
		return err;
	return mlock_populate(mm, range, lock, why);
}

long do_munlock(struct mm_struct *mm, umm_addr_t start, uint64_t len, struct umm_why *why)
{
	return apply_vma_lock_flags(mm, lock_range(start, len), 0, why);
}

/* New areas first; then, if asked for, every area there is, whatever it says to that. */
static void apply_mlockall_flags(struct mm_struct *mm, uint64_t flags, struct umm_why *why)
{
	vm_flags_t lock = VM_LOCKED | (flags & UMM_MCL_ONFAULT ? VM_LOCKONFAULT : 0);
	vm_flags_t before = mm->def_flags;
	long err;

	mm->def_flags &= ~VM_LOCKED_MASK;
	if (flags & UMM_MCL_FUTURE) {
		mm->def_flags |= lock;
		note(why, NOTE_LOCK_FUTURE, mm->def_flags, 0, 0, 0);
		if (!(flags & UMM_MCL_CURRENT))
			return;
	} else if (before & VM_LOCKED_MASK) {
		note(why, NOTE_LOCK_FUTURE_OFF, 0, 0, 0, 0);
	}
	if (!(flags & UMM_MCL_CURRENT))
		lock = 0;
	for (umm_addr_t at = 0; at < mm->layout.task_size;) {
		struct vm_area_struct *vma = find_vma(&mm->tree, at);

		if (!vma)
			break;
		at = vma->vm_end;
		err = mlock_fixup(mm, vma, vma->vm_start, vma->vm_end, lock, why);
		mm_assert(!err);	/* a whole area is not cut: nothing to refuse */
	}
	mm_assert_expensive(mm_is_valid(mm));
}

static long mlockall_reserve(struct mm_struct *mm, struct umm_why *why)
{
	long err = populate_reserve(mm, 0, mm->layout.task_size, why);

	return err ? err : vma_modify_reserve(mm, 0, mm->layout.task_size, why);
}

long do_mlockall(struct mm_struct *mm, uint64_t flags, struct umm_why *why)
{
	uint64_t limit = rlimit_pages(mm, MM_RLIMIT_MEMLOCK);
	bool current = flags & UMM_MCL_CURRENT;
	long err;

	err = check(why, flags && !(flags & ~(uint64_t)MCL_KNOWN) && flags != UMM_MCL_ONFAULT,
		    WHY_MLOCKALL_FLAGS, flags, MCL_KNOWN);
	if (err)
		return err;
	err = check_right(mm, why);
	if (err)
		return err;
	if (current && !capable(mm, UMM_CAP_IPC_LOCK)) {
		err = check(why, mm->total_vm <= limit, WHY_MLOCKALL_MEMLOCK, mm->total_vm, limit);
		if (err)
			return err;
	}
	err = mlockall_reserve(mm, why);
	if (err)
		return err;
	apply_mlockall_flags(mm, flags, why);
	if (current)
		populate_range(mm, 0, mm->layout.task_size);
	return 0;
}

long do_munlockall(struct mm_struct *mm, struct umm_why *why)
{
	long err = mlockall_reserve(mm, why);

	if (err)
		return err;
	apply_mlockall_flags(mm, 0, why);
	return 0;
}
