/*
 * process_madvise.c - advice about several ranges, perhaps of another process.
 *
 * The vector is looked at as readv(2) does: lengths, then whether each range lies in user space,
 * and in all no more than MAX_RW_COUNT bytes are taken; the rest is cut off.
 */
#include "base/assert.h"
#include "calls/madvise.h"
#include "calls/process_madvise.h"

#define UIO_MAXIOV	1024
#define MAX_RW_COUNT	(UINT64_C(0x7fffffff) & PAGE_MASK)
#define SSIZE_MAX_64	UINT64_C(0x7fffffffffffffff)

/* A range as much of it as still fits in a call that takes MAX_RW_COUNT bytes. */
static struct umm_range cut_to(struct umm_range range, uint64_t left)
{
	range.len = min_u64(range.len, left);
	return range;
}

static long check_range(const struct mm_struct *mm, struct umm_range range, size_t i,
			struct umm_why *why)
{
	uint64_t task_size = mm->layout.task_size;

	if (range.len > SSIZE_MAX_64)
		return refuse4(why, WHY_PROCESS_MADVISE_LENGTH, range.len, 0, i, 0);
	if (range.start > task_size || range.len > task_size - range.start)
		return refuse4(why, WHY_PROCESS_MADVISE_ADDRESS, range.start, task_size, i,
			       range.len);
	return 0;
}

static long import_iovec(const struct mm_struct *mm, const struct process_madvise_request *req,
			 struct umm_why *why)
{
	long err;

	err = check(why, req->nr <= UIO_MAXIOV, WHY_PROCESS_MADVISE_NR, req->nr, UIO_MAXIOV);
	if (err)
		return err;
	err = check(why, req->range || !req->nr, WHY_PROCESS_MADVISE_VECTOR, 0, 0);
	if (err)
		return err;
	for (size_t i = 0; i < req->nr; i++) {
		struct umm_range range = req->range[i];

		/* A single one is cut before it is looked at, but for its sign. */
		if (req->nr == 1 && range.len <= SSIZE_MAX_64)
			range = cut_to(range, MAX_RW_COUNT);
		err = check_range(mm, range, i, why);
		if (err)
			return err;
	}
	passed(why, WHY_PROCESS_MADVISE_LENGTH, 0, 0);
	passed(why, WHY_PROCESS_MADVISE_ADDRESS, 0, 0);
	return 0;
}

/* What one process may have done to another's memory: nothing that loses contents. */
static bool remote_valid(const struct world *world, int behavior)
{
	switch (behavior) {
	case UMM_MADV_COLD:
	case UMM_MADV_PAGEOUT:
	case UMM_MADV_WILLNEED:
		return true;
	case UMM_MADV_COLLAPSE:
		return rule(world, RULE_MADV_COLLAPSE);
	default:
		return false;
	}
}

static long check_target(const struct mm_struct *mm, const struct process_madvise_request *req,
			 struct umm_why *why)
{
	bool self = req->target == mm;
	long err;

	err = check(why, req->target != NULL, WHY_PROCESS_MADVISE_PIDFD, 0, 0);
	if (err)
		return err;
	if (!self || !rule(mm->world, RULE_PROCESS_MADVISE_SELF)) {
		err = check(why, remote_valid(mm->world, req->behavior),
			    WHY_PROCESS_MADVISE_ADVICE, (uint64_t)(int64_t)req->behavior, 0);
		if (err)
			return err;
	}
	if (self && rule(mm->world, RULE_PROCESS_MADVISE_SELF))
		return 0;
	return check(why, capable(mm, UMM_CAP_SYS_NICE), WHY_PROCESS_MADVISE_NICE, 0, 0);
}

/* One range at a time: @req->range is the caller's, and stays as it is. */
static int64_t advise(struct mm_struct *mm, const struct process_madvise_request *req,
		      struct umm_why *why)
{
	uint64_t left = 0, done = 0;
	long err = 0;

	for (size_t i = 0; i < req->nr; i++)
		left = min_u64(left + req->range[i].len, MAX_RW_COUNT);
	for (size_t i = 0; i < req->nr && left; i++) {
		struct umm_range range = cut_to(req->range[i], left);

		/* Ranges of no length are passed over, but for the first. */
		if (i && !range.len)
			continue;
		err = do_madvise(mm, range.start, range.len, req->behavior, why);
		if (err && done) {
			why_unrefuse(why);
			note(why, NOTE_PROCESS_MADVISE_STOPPED, i, range.start, range.len,
			     (uint64_t)-err);
		}
		if (err)
			break;
		done += range.len;
		left -= range.len;
	}
	return done ? (int64_t)done : err;
}

int64_t process_madvise(struct mm_struct *mm, const struct process_madvise_request *req,
			struct umm_why *why)
{
	int64_t ret;

	mmap_read_lock(mm);
	ret = check(why, !req->flags, WHY_PROCESS_MADVISE_FLAGS, req->flags, 0);
	if (!ret)
		ret = import_iovec(mm, req, why);
	if (!ret)
		ret = check_target(mm, req, why);
	mmap_read_unlock(mm);
	if (ret)
		return ret;
	mmap_write_lock(req->target);
	ret = advise(req->target, req, why);
	mmap_write_unlock(req->target);
	return ret;
}
