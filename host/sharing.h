/*
 * sharing.h - who shares pages with whom: told at a fork, and at the write that ends it.
 *
 * Layer: host.  Where nobody listens (follow_sink), or no pages are followed, nothing is done.
 */
#ifndef HOST_SHARING_H
#define HOST_SHARING_H

#include "host/follower.h"

/* @task forked, and @child is the model of its child: tell what the two share. */
void sharing_tell_fork(struct follower *f, const struct task *task, struct umm_mm *child);

/* What stands at the page of a fault, before it. */
struct sharing {
	uint64_t pfn;
	struct follow_unshared unshared;
};

/* A fault of @task is about to be done in the model: false if no page is shared there. */
bool sharing_before_fault(struct follower *f, struct task *task,
			  const struct fault_sample *sample, struct sharing *sharing);
/* It has been done. */
void sharing_after_fault(struct follower *f, struct task *task, struct sharing *sharing);

#endif
