/*
 * limits.c - resource limits and protection keys.
 */
#include "api/answer.h"
#include "api/handles.h"
#include "calls/limits.h"

int umm_mm_set_rlimit(struct umm_mm *handle, int resource, uint64_t soft, uint64_t hard)
{
	struct mm_struct *mm = to_mm(handle);
	int index = rlimit_index((uint32_t)resource);

	if (index < 0)
		return -UMM_EINVAL;	/* no reason: not a call */
	mmap_write_lock(mm);
	mm->rlimit[index] = (struct mm_rlimit){ soft, hard };
	mmap_write_unlock(mm);
	return 0;
}

int64_t umm_setrlimit(struct umm_mm *handle, uint32_t resource, uint64_t soft, uint64_t hard,
		      struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_setrlimit(mm, resource, soft, hard, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_pkey_alloc(struct umm_mm *handle, uint64_t flags, uint64_t rights, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_pkey_alloc(mm, flags, rights, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_pkey_free(struct umm_mm *handle, int pkey, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_pkey_free(mm, pkey, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}
