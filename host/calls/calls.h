/*
 * calls.h - what the follower does about each family of memory calls.
 *
 * Layer: host.  One file per family; calls_table.c says which call is of which.  A family observes,
 * lets the model answer, and says what its answer leaves to be looked at; stops and turns are
 * events.c's, agreement and divergence outcome.c's.
 */
#ifndef HOST_CALLS_CALLS_H
#define HOST_CALLS_CALLS_H

#include "host/follower.h"

struct call_ops {
	/*
	 * At the entry stop, with the turn: observe what the answer depends on, let the model
	 * answer, and write into task->call
	 *	pub.predicted	the answer; or pub.modelled = false if the model has none
	 *	start, end	whose areas are compared afterwards; nothing if they are equal
	 *	adopt_reason	if the kernel's answer will have to be taken over: why
	 */
	void (*predict)(struct follower *f, struct task *task);

	/* Does the answer agree?  NULL: got == predicted. */
	bool (*agrees)(struct follower *f, struct task *task);

	/* It agreed: where areas are compared, if that hangs on the answer.  NULL: as predicted. */
	void (*place)(struct follower *f, struct task *task, int64_t got);

	/* It agreed, and so did the areas: what it left that nobody reports.  NULL: nothing. */
	void (*after)(struct follower *f, struct task *task, int64_t got);

	/* It diverged, and the areas were read again: what they do not tell.  NULL: nothing. */
	void (*diverged)(struct follower *f, struct task *task, int64_t got);

	/*
	 * The model has no answer (pub.modelled is false, or there is an adopt_reason): make it
	 * what the kernel has.  True if anything had changed, which is then counted as adopted.
	 * NULL: the whole address space is compared and taken over.
	 */
	bool (*take_over)(struct follower *f, struct task *task, int64_t got);
};

extern const struct call_ops call_rlimit, call_pkey, call_add_seals;
extern const struct call_ops call_shmget, call_shmat, call_shmdt, call_shmctl;
extern const struct call_ops call_mmap, call_munmap, call_mprotect, call_brk, call_fork;
extern const struct call_ops call_mremap;
extern const struct call_ops call_msync, call_mincore, call_mseal, call_remap_file_pages;
extern const struct call_ops call_set_mdwe, call_set_mm, call_personality, call_map_vdso;
extern const struct call_ops call_io_setup, call_io_destroy;
extern const struct call_ops call_map_shadow_stack, call_shstk;
extern const struct call_ops call_mbind, call_set_mempolicy, call_home_node, call_set_vma;
extern const struct call_ops call_userfaultfd;

extern const struct call_ops call_madvise, call_process_madvise, call_mlock, call_prctl_memory;

/* The model has no answer: the kernel's is taken over, by that name of host/adopt.h. */
static inline void adopt_answer(struct call *call, const char *reason)
{
	call->pub.modelled = false;
	call->adopt_reason = reason;
}

#endif
