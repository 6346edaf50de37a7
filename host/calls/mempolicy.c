/*
 * mempolicy.c - mbind(2), set_mempolicy(2), set_mempolicy_home_node(2).
 *
 * With MPOL_MF_STRICT the answer hangs on where pages are.  They cannot be elsewhere if the mask
 * has every node with memory; and if there is one node and the mask has it not, each page is: then
 * the page tables are asked whether there is any.  What is left is taken over by name: pages on a
 * machine of several nodes, and whether all of them could be moved.
 */
#include <errno.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/memory.h"
#include "host/pagemap.h"
#include "host/settings.h"
#include "host/task.h"

#define MODE_FLAGS \
	(UMM_MPOL_F_STATIC_NODES | UMM_MPOL_F_RELATIVE_NODES | UMM_MPOL_F_NUMA_BALANCING)
#define MOVES (UMM_MPOL_MF_MOVE | UMM_MPOL_MF_MOVE_ALL)

/* The most that the kernel reads is a page. */
#define MASK_WORDS (UMM_PAGE_SIZE / 8)

struct mask {
	uint64_t word[MASK_WORDS];
	struct umm_nodemask nodes;
};

/* The caller's mask of nodes; false if it lies where reading could wait. */
static bool read_mask(const struct task *task, uint64_t addr, uint64_t maxnode, struct mask *mask)
{
	uint64_t nr_bits = maxnode - 1;
	long bytes = 0;

	mask->word[0] = 0;
	if (addr && nr_bits && nr_bits <= 64 * MASK_WORDS)
		bytes = memory_read(task, addr, mask->word, (nr_bits + 63) / 64 * 8);
	if (bytes < 0)
		return false;
	mask->nodes = (struct umm_nodemask){
		.word = addr ? mask->word : NULL,
		.maxnode = maxnode,
		.readable = (uint64_t)bytes / 8,
	};
	return true;
}

/* May pages that are not where the mask says decide the answer? */
static bool pages_matter(const struct follower *f, const struct call *call,
			 const struct umm_nodemask *nodes)
{
	uint64_t has = nodes->readable && nodes->maxnode > 1 ? nodes->word[0] : 0;
	uint64_t mode = (uint32_t)call->pub.arg[2] & ~(uint64_t)MODE_FLAGS;

	if (nodes->maxnode <= 64 && nodes->maxnode > 1)
		has &= (UINT64_C(1) << (nodes->maxnode - 1)) - 1;
	return (call->pub.arg[5] & UMM_MPOL_MF_STRICT) && mode != UMM_MPOL_DEFAULT &&
	       (f->settings->umm.memory_nodes & ~has);
}

static bool one_node(const struct follower *f)
{
	uint64_t nodes = f->settings->umm.memory_nodes;

	return !(nodes & (nodes - 1));
}

/* The first page in the range that is a page of its own, not the zero page or the kernel's. */
static uint64_t first_page(struct task *task, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };
	int fd = space_pagemap_fd(task->space);

	for (uint64_t at = start; fd >= 0 && umm_find_area(task->space->mm, at, &area) &&
	     area.start < end; at = area.end) {
		uint64_t from = area.start < start ? start : area.start;
		uint64_t to = area.end < end ? area.end : end, page;

		if (area.name == UMM_NAME_VDSO || (area.vm_flags & (UMM_VM_IO | UMM_VM_PFNMAP)))
			continue;
		if (pagemap_first_present(fd, from, to, &page) > 0)
			return page;
	}
	return UINT64_MAX;
}

static void mbind_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t misplaced = UINT64_MAX;
	struct mask mask;

	observe_settings(f, task, false);
	observe_range(call, arg[0], arg[1]);
	observe_anon(f, task, call->start, call->end);
	if (!read_mask(task, arg[3], arg[4], &mask)) {
		adopt_answer(call, ADOPT_WATCHED_ARGUMENT);
		return;
	}
	if (pages_matter(f, call, &mask.nodes) && !(arg[5] & MOVES)) {
		if (!one_node(f)) {
			adopt_answer(call, ADOPT_PAGE_NODES);
			return;
		}
		misplaced = first_page(task, call->start, call->end);
		f->summary->observed++;
	}
	call->pub.predicted = umm_mbind(task->space->mm, arg[0], arg[1], arg[2], &mask.nodes,
					arg[5], misplaced, task->why);
}

/* Some pages were to move and did not: the policy is set all the same. */
static bool mbind_agrees(struct follower *f, struct task *task)
{
	struct follow_call *pub = &task->call.pub;

	if (pub->got == pub->predicted)
		return true;
	if (pub->got != -EIO || pub->predicted != 0 || !(pub->arg[5] & MOVES) ||
	    !(pub->arg[5] & UMM_MPOL_MF_STRICT))
		return false;
	pub->adopted = true;
	adopt_count(f, task, pub, ADOPT_PAGE_NODES, NULL);
	return true;
}

const struct call_ops call_mbind = { .predict = mbind_predict, .agrees = mbind_agrees };

/* It changes no area; what it is refused for is worth saying. */
static void set_mempolicy_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	struct mask mask;

	(void)f;
	if (!read_mask(task, call->pub.arg[1], call->pub.arg[2], &mask)) {
		adopt_answer(call, ADOPT_WATCHED_ARGUMENT);
		return;
	}
	call->pub.predicted = umm_set_mempolicy(task->space->mm, call->pub.arg[0], &mask.nodes,
						task->why);
}

static bool nothing_to_take_over(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	(void)task;
	(void)got;
	return false;
}

const struct call_ops call_set_mempolicy = {
	.predict = set_mempolicy_predict,
	.take_over = nothing_to_take_over,
};

static void home_node_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;

	observe_settings(f, task, false);
	observe_range(call, arg[0], arg[1]);
	observe_anon(f, task, call->start, call->end);
	call->pub.predicted = umm_set_mempolicy_home_node(task->space->mm, arg[0], arg[1], arg[2],
							  arg[3], task->why);
}

const struct call_ops call_home_node = { .predict = home_node_predict };
