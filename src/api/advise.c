/*
 * advise.c - advice, locked memory, and what a process says of all its memory.
 */
#include "api/answer.h"
#include "api/handles.h"
#include "calls/madvise.h"
#include "calls/mlock.h"
#include "calls/prctl.h"
#include "calls/process_madvise.h"
#include "space/guards.h"

int64_t umm_madvise(struct umm_mm *handle, umm_addr_t addr, uint64_t len, int advice,
		    struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_madvise(mm, addr, len, advice, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

bool umm_madvise_depends(struct umm_mm *handle, umm_addr_t addr, uint64_t len, int advice)
{
	struct mm_struct *mm = to_mm(handle);
	bool depends;

	mmap_read_lock(mm);
	depends = madvise_depends(mm, addr, len, advice);
	mmap_read_unlock(mm);
	return depends;
}

int64_t umm_process_madvise(struct umm_mm *caller, struct umm_mm *target,
			    const struct umm_range *range, uint64_t nr, int advice,
			    uint64_t flags, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(caller);
	struct process_madvise_request req = {
		.target = target ? to_mm(target) : NULL,
		.range = range, .nr = nr, .behavior = advice, .flags = flags,
	};

	why_begin(why);
	return answer(mm, 0, process_madvise(mm, &req, why), why);
}

int64_t umm_mlock(struct umm_mm *handle, umm_addr_t addr, uint64_t len, uint64_t flags,
		  struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_mlock(mm, addr, len, flags, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_munlock(struct umm_mm *handle, umm_addr_t addr, uint64_t len, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_munlock(mm, addr, len, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_mlockall(struct umm_mm *handle, uint64_t flags, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_mlockall(mm, flags, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_munlockall(struct umm_mm *handle, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_munlockall(mm, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_set_thp_disable(struct umm_mm *handle, const uint64_t arg[4], struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = prctl_set_thp_disable(mm, arg, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_set_memory_merge(struct umm_mm *handle, const uint64_t arg[4], struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = prctl_set_memory_merge(mm, arg, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

unsigned int umm_thp_disable(struct umm_mm *handle)
{
	static const unsigned int shown[] = {
		[THP_NOT_DISABLED] = 0,
		[THP_DISABLED] = 1,
		[THP_DISABLED_EXCEPT_ADVISED] = 1 | UMM_THP_DISABLE_EXCEPT_ADVISED,
	};
	struct mm_struct *mm = to_mm(handle);
	unsigned int value;

	mmap_read_lock(mm);
	value = shown[mm->thp_disable];
	mmap_read_unlock(mm);
	return value;
}

bool umm_memory_merge(struct umm_mm *handle)
{
	struct mm_struct *mm = to_mm(handle);
	bool on;

	mmap_read_lock(mm);
	on = mm->merge_any;
	mmap_read_unlock(mm);
	return on;
}

umm_addr_t umm_find_guard(struct umm_mm *handle, umm_addr_t start, umm_addr_t end)
{
	struct mm_struct *mm = to_mm(handle);
	umm_addr_t found;

	mmap_read_lock(mm);
	found = guards_first(mm, start & PAGE_MASK, end);
	mmap_read_unlock(mm);
	return found;
}
