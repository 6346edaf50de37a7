/*
 * aio.h - io_setup(2) and io_destroy(2): the ring of completions that they map and unmap.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_AIO_H
#define CALLS_AIO_H

#include "base/why.h"
#include "space/mm_types.h"

struct io_setup_request {
	uint32_t nr_events;
	umm_addr_t ctxp;		/* where the context is written */
	uint64_t ctx;			/* what stands there */
	uint32_t possible_cpus;
};

/* => *ring is the ring's address if the call succeeds. */
__must_check long do_io_setup(struct mm_struct *mm, const struct io_setup_request *req,
			      umm_addr_t *ring, struct umm_why *why);

__must_check long do_io_destroy(struct mm_struct *mm, umm_addr_t ctx, struct umm_why *why);

#endif
