#include "host/adopt.h"
#include "host/calls/adopted.h"
#include "host/compare.h"

bool take_over_if_changed(struct follower *f, struct task *task, uint64_t start, uint64_t end,
			  uint64_t moved_from)
{
	bool same = task->call.desc->flags & CALL_FLAGS ? compare_flags(f, task, start, end) :
							  compare_range(f, task, start, end);

	if (same)
		return false;
	if (adopt_areas(f, task->space, start, end, moved_from) != 0)
		adopt_everything(f, task);
	return true;
}
