/*
 * pages.h - what is known of the pages behind the areas, in a world that keeps them.
 *
 * Layer: host.  See pages.c.
 */
#ifndef HOST_PAGES_H
#define HOST_PAGES_H

#include "host/follower.h"

/* Why it is not known what stands in a range. */
enum pages_doubt {
	PAGES_KNOWN,
	PAGES_BESIDE,			/* a fault beside a call, in its range: before or after? */
	PAGES_LOST,			/* records of faults were lost */
	PAGES_SHARED,			/* shared with whom, nobody knows: found, not followed */
	PAGES_HUGE,			/* may be a huge page */
	PAGES_WATCHED,			/* a userfaultfd fills it */
	PAGES_REFUSED,			/* the fault ended in SIGBUS */
	PAGES_GIVEN_AWAY,		/* MADV_PAGEOUT may have taken what may be dropped */
	PAGES_UNSEEN,			/* faults are not reported here */
};

/*
 * A fault was reported: say what access it was, if the record does not.  False if it makes nothing
 * that anybody compares.
 */
bool pages_fault(struct follower *f, struct space *space, struct fault_sample *sample);

/*
 * @task begins to exit, or is gone: what its exit writes to memory that others live on in, @left,
 * is written without a record.
 */
void pages_task_exits(struct follower *f, const struct task *task, const struct space *left);

/*
 * Look what stands in the private areas of [start, end), and make the model's pages that: after
 * exec, and after areas were taken over.  What cannot be said so is in doubt.
 */
void pages_observe(struct follower *f, struct space *space, uint64_t start, uint64_t end);

/* What stands in [start, end) is not known until somebody looks. */
void pages_note_doubt(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		      enum pages_doubt why);
void pages_note_doubt_all(struct follower *f, enum pages_doubt why);

/* The worst doubt about a page of [start, end). */
enum pages_doubt pages_in_doubt(const struct space *space, uint64_t start, uint64_t end);

/* Observe all that is in doubt; or what only single pages are. */
void pages_settle(struct follower *f, struct space *space, bool single);

/*
 * A fault of @task at @addr, while calls of others are under way in its space: those whose range it
 * is in may have come before it or after it.
 */
void pages_fault_beside(struct follower *f, struct task *task, uint64_t addr);

/* The call of @task has been predicted: the last faults of threads that run may not be through. */
void pages_call_beside(struct follower *f, struct task *task);

/* The call of @task is about to be predicted: what filling memory asks for is looked at. */
void pages_before_call(struct follower *f, struct task *task);

/* A number in the model's own text of smaps of the area at @addr. */
uint64_t pages_smaps_kib(struct umm_mm *mm, uint64_t addr, const char *field);

/* What advice does to pages that the model does not follow. */
void pages_advised(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		   int advice);

/* mremap moved areas: what is in doubt of them goes along. */
void pages_moved(struct follower *f, struct space *space, uint64_t start, uint64_t end,
		 uint64_t to);

/* A child of @space, which is not followed, shares its pages now. */
void pages_unfollowed(struct follower *f, struct space *space);

/* @child was forked from @parent. */
void pages_fork(struct follower *f, struct space *parent, struct space *child);

#endif
