/*
 * fork.h - a process is copied, and replaced.
 *
 * Layer: calls.
 */
#ifndef CALLS_FORK_H
#define CALLS_FORK_H

#include "base/why.h"
#include "space/mm_types.h"

/* fork(2)'s part: a copy with one user, or ERR_PTR(refused) with @parent as it was. */
__must_check struct mm_struct *dup_mm(struct mm_struct *parent, struct umm_why *why);

/* execve(2)'s part: an empty address space that keeps what survives exec.  ERR_PTR(-UMM_ENOMEM). */
__must_check struct mm_struct *exec_mm(struct mm_struct *mm);

#endif
