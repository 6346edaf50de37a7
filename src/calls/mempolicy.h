/*
 * mempolicy.h - NUMA memory policy: what a call asks for, and giving it to areas.
 *
 * Layer: calls.
 */
#ifndef CALLS_MEMPOLICY_H
#define CALLS_MEMPOLICY_H

#include "base/why.h"
#include "space/vma_attrs.h"

/* What mbind and set_mempolicy are given to make a policy of. */
struct policy_request {
	uint16_t mode, flags;		/* UMM_MPOL_, UMM_MPOL_F_ */
	struct nodemask nodes;		/* as the caller's memory has them */
};

/* Mode, its flags and the caller's mask of nodes, checked as far as they go alone. */
__must_check long policy_arguments(const struct world *world, uint64_t mode,
				   const struct umm_nodemask *mask, struct policy_request *req,
				   struct umm_why *why);

/* The policy that is asked for; all zero for MPOL_DEFAULT. */
__must_check long mpol_new(const struct world *world, const struct policy_request *req,
			   struct mempolicy *policy, struct umm_why *why);

bool nodemask_empty(const struct nodemask *nodes);

/* The calls; mmap_lock held for write where there is an mm. */
struct mbind_request {
	umm_addr_t start;
	uint64_t len, mode, flags;
	const struct umm_nodemask *nodes;
	umm_addr_t misplaced;		/* a page on another node, or UINT64_MAX */
};

__must_check long do_mbind(struct mm_struct *mm, const struct mbind_request *req,
			   struct umm_why *why);
__must_check long do_set_mempolicy(const struct world *world, uint64_t mode,
				   const struct umm_nodemask *nodes, struct umm_why *why);
__must_check long do_set_mempolicy_home_node(struct mm_struct *mm, umm_addr_t start, uint64_t len,
					     uint64_t home_node, uint64_t flags,
					     struct umm_why *why);

#endif
