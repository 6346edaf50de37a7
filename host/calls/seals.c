/*
 * seals.c - fcntl(F_ADD_SEALS).
 *
 * Whether a memfd can be sealed against writing hangs on who maps it: of processes that are
 * followed the models know.  That the kernel finds it busy where they do not is another's doing: a
 * process that is not followed, or input and output under way in its pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/files.h"

static void seals_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const struct known_file *known;
	struct umm_file *file;
	uint64_t mapped = 0;
	struct stat st;
	bool executable;

	if (files_of_descriptor(f, task, (int)call->pub.arg[0], false, &file) != 0) {
		adopt_answer(call, ADOPT_DESCRIPTOR);
		return;
	}
	if (!file) {
		call->pub.predicted = -EBADF;
		return;
	}
	known = umm_file_cookie(file);
	executable = known && known->fd >= 0 && fstat(known->fd, &st) == 0 && (st.st_mode & 0111);
	for (const struct space *space = f->spaces; space; space = space->next)
		if (space->mm)
			mapped += umm_mm_writable_mappings(space->mm, file);
	call->pub.predicted = umm_file_add_seals(file, (uint32_t)call->pub.arg[2], executable,
						 mapped, task->why);
	umm_file_put(file);
}

static bool seals_agree(struct follower *f, struct task *task)
{
	struct follow_call *pub = &task->call.pub;

	if (pub->got == -EBUSY && pub->predicted == 0) {
		pub->adopted = true;
		adopt_count(f, task, pub, ADOPT_OUTSIDE_ACTOR, "the memfd is in use elsewhere");
		return true;
	}
	return pub->got == pub->predicted;
}

static bool seals_take_over(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	(void)task;
	(void)got;
	return false;			/* no area changes */
}

const struct call_ops call_add_seals = {
	.predict = seals_predict,
	.agrees = seals_agree,
	.take_over = seals_take_over,
};
