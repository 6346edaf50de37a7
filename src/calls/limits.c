/*
 * limits.c - setrlimit, and protection keys of a processor that has none.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/limits.h"

#define RLIM_NLIMITS	16
#define PKEY_ACCESS_MASK UINT64_C(0x3)	/* PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE */

int rlimit_index(uint32_t resource)
{
	switch (resource) {
	case UMM_RLIMIT_DATA:
		return MM_RLIMIT_DATA;
	case UMM_RLIMIT_STACK:
		return MM_RLIMIT_STACK;
	case UMM_RLIMIT_MEMLOCK:
		return MM_RLIMIT_MEMLOCK;
	case UMM_RLIMIT_AS:
		return MM_RLIMIT_AS;
	default:
		return -1;
	}
}

long do_setrlimit(struct mm_struct *mm, uint32_t resource, uint64_t soft, uint64_t hard,
		  struct umm_why *why)
{
	int index = rlimit_index(resource);
	struct mm_rlimit *limit;
	long err;

	err = check(why, resource < RLIM_NLIMITS, WHY_SETRLIMIT_RESOURCE, resource, RLIM_NLIMITS);
	if (!err)
		err = check(why, soft <= hard, WHY_SETRLIMIT_ORDER, soft, hard);
	if (err || index < 0)		/* of those that no memory call asks for no more is known */
		return err;
	limit = &mm->rlimit[index];
	err = check(why, hard <= limit->hard || capable(mm, UMM_CAP_SYS_RESOURCE),
		    WHY_SETRLIMIT_RAISE, hard, limit->hard);
	if (err)
		return err;
	note(why, NOTE_RLIMIT_SET, resource, soft, limit->soft, 0);
	*limit = (struct mm_rlimit){ soft, hard };
	return 0;
}

/*
 * Linux hands out key 0, finds that the processor has none, and cannot take the key back: key 0
 * then counts as the one that execute-only memory uses, which nobody may free.
 */
long do_pkey_alloc(struct mm_struct *mm, uint64_t flags, uint64_t rights, struct umm_why *why)
{
	long err;

	err = check(why, !flags, WHY_PKEY_FLAGS, flags, 0);
	if (!err)
		err = check(why, !(rights & ~PKEY_ACCESS_MASK), WHY_PKEY_RIGHTS, rights,
			    PKEY_ACCESS_MASK);
	if (!err)
		err = check(why, !mm->pkey_taken, WHY_PKEY_EXHAUSTED, 0, 0);
	if (err)
		return err;
	mm->pkey_taken = true;
	return refuse(why, WHY_PKEY_NO_CPU, 0, 0);
}

long do_pkey_free(struct mm_struct *mm, int pkey, struct umm_why *why)
{
	(void)mm;
	return refuse(why, WHY_PKEY_NOT_ALLOCATED, (uint64_t)(int64_t)pkey, 0);
}
