/*
 * answer.h - how a call ends.
 *
 * Layer: api.
 */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include "base/err.h"
#include "base/why.h"
#include "space/mm_types.h"

/* The call is over.  A refusal is an event too; its value is the error number. */
static inline int64_t answer(struct mm_struct *mm, umm_addr_t addr, int64_t ret,
			     struct umm_why *why)
{
	why_end(why);
	if (IS_ERR_VALUE(ret))
		world_event(mm->world, UMM_EVENT_REFUSAL, mm, addr, addr, (uint64_t)-ret);
	return ret;
}

#endif
