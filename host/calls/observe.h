/*
 * observe.h - what families of calls look at before the model answers.
 *
 * Layer: host.
 */
#ifndef HOST_CALLS_OBSERVE_H
#define HOST_CALLS_OBSERVE_H

#include "host/follower.h"

/* No user space ends above this, with five levels of page tables. */
#define TASK_SIZE_64 UINT64_C(0xfffffffffff000)

/* Where the stack ends, and all that is placed without a hint: with four levels all there is. */
#define MAP_WINDOW_64 UINT64_C(0x7ffffffff000)

/* A request of this size may meet the overcommit check or the size of memory. */
#define BIG_REQUEST (UINT64_C(64) << 20)

static inline uint64_t page_up(uint64_t x)
{
	return (x + UMM_PAGE_SIZE - 1) & ~(uint64_t)(UMM_PAGE_SIZE - 1);
}

static inline uint64_t page_down(uint64_t x)
{
	return x & ~(uint64_t)(UMM_PAGE_SIZE - 1);
}

/*
 * The caller's limits and capabilities; max_map_count where the call can reach it; memory and swap
 * if the request is @big.
 */
void observe_settings(struct follower *f, struct task *task, bool big);

/*
 * Which private writable areas that touch [start, end) have an anon_vma: a fault by
 * get_user_pages() is not reported.  The model must answer right after it: a fault of another
 * thread may still come before the call or after it (orders.h).
 */
void observe_anon(struct follower *f, struct task *task, uint64_t start, uint64_t end);

/*
 * What filling [start, end) of @space asks for: sizes and seals of files, and how many huge pages
 * are free if there are areas of such.
 */
void observe_contents(struct follower *f, struct task *task, struct space *space, uint64_t start,
		      uint64_t end);

/* The range to compare: [addr, addr + len) rounded out to pages and cut to user space. */
void observe_range(struct call *call, uint64_t addr, uint64_t len);

/* The call clears its range: what is not known of areas that are wholly in it ends with them. */
void observe_what_goes(struct task *task);

#endif
