/*
 * predict.c - observe, then answer.
 *
 * Theory
 * ------
 * Everything that the answer depends on and that the model does not know by itself is read here,
 * while the caller stands still before its call: limits, the descriptor's facts, and whether areas
 * that could merge hold anonymous pages (faults by get_user_pages are not sampled; pages go only by
 * memory calls, so a look before each of them misses none).  Then the model does the call.  What
 * it answered stands in call.pub.predicted and is not touched again.  How a call is answered is
 * its family's business, calls/.
 */
#include "host/calls/calls.h"
#include "host/limits.h"
#include "host/predict.h"
#include "host/userfaultfd.h"

void predict_call(struct follower *f, struct task *task)
{
	struct call *call = &task->call;

	if (task->why)
		task->why->nr = 0;
	call->pub.modelled = true;
	userfaultfd_refresh(f, task);
	limits_ensure_personality(task);
	call->desc->ops->predict(f, task);
	call->pub.why = call->pub.modelled ? task->why : NULL;
}
