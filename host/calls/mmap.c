/*
 * mmap.c - mmap(2).
 *
 * One answer is not the model's to give: the place of MAP_32BIT under randomisation, or of anything
 * while mmap_base is not known to the page.  That call is done in the model afterwards, at the
 * kernel's address.  Another is a driver's own, for the mapping of a device.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/calls/adopted.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/files.h"
#include "host/mmap_base.h"
#include "host/settings.h"

static int mmap_file(struct follower *f, struct task *task, struct umm_file **file)
{
	struct call *call = &task->call;
	uint64_t flags = call->pub.arg[3];
	const struct known_file *known;
	int err;

	*file = NULL;
	if (flags & MAP_ANONYMOUS)
		return 0;
	err = files_of_descriptor(f, task, (int)call->pub.arg[4], flags & MAP_SHARED, file);
	if (err) {
		call->adopt_reason = ADOPT_DESCRIPTOR;
		if (!f->hidden_descriptors && err != -ESRCH)
			follower_warn(f, "cannot look at the descriptors of process %d (%s): what"
					 " is mapped of files is taken over from the kernel",
				      (int)task->tgid, strerror(-err));
		f->hidden_descriptors |= err != -ESRCH;
		return err;
	}
	known = *file ? umm_file_cookie(*file) : NULL;
	if (known && known->kind == UMM_FILE_DEVICE) {
		call->adopt_reason = adopt_device_reason(known->path);
		call->adopt_detail = known->path;
	}
	return 0;
}

/* True if the kernel will throw dice for the address. */
static bool is_by_chance(const struct task *task, int64_t chosen)
{
	const uint64_t *arg = task->call.pub.arg;
	uint64_t hint = page_down(arg[0]);

	if (!(arg[3] & MAP_32BIT) || (arg[3] & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
		return false;
	if (!task->space->randomized)
		return false;
	return chosen >= 0 && !(hint && (uint64_t)chosen == hint);
}

static void mmap_predict(struct follower *f, struct task *task)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	struct umm_mm *mm = task->space->mm;
	struct umm_file *file;
	int64_t chosen;
	bool by_base;

	observe_settings(f, task, arg[1] >= BIG_REQUEST || (arg[3] & MAP_HUGETLB));
	if (mmap_file(f, task, &file) != 0) {
		call->pub.modelled = false;
		return;
	}
	chosen = umm_get_unmapped_area(mm, arg[0], arg[1], arg[2], arg[3], file, arg[5]);
	if (chosen >= 0) {
		observe_range(call, (uint64_t)chosen, arg[1]);
		observe_anon(f, task, call->start, call->end);
		observe_what_goes(task);
	}
	by_base = mmap_base_decides(task, file);
	if (by_base || is_by_chance(task, chosen)) {
		call->placed_by_chance = true;
		call->adopt_reason = by_base ? ADOPT_MMAP_BASE : ADOPT_MAP_32BIT;
		call->pub.predicted_any = true;
		call->pub.predicted = chosen;
		call->file = file;
		return;
	}
	call->pub.predicted = umm_mmap(mm, arg[0], arg[1], arg[2], arg[3], file, arg[5], task->why);
	if (file)
		umm_file_put(file);
}

static void mmap_place(struct follower *f, struct task *task, int64_t got)
{
	struct call *call = &task->call;

	(void)f;
	if (got < 0)
		return;
	call->start = (uint64_t)got;
	call->end = call->start + page_up(call->pub.arg[1]);
}

/* MAP_POPULATE and locked areas: pages without a fault that anybody sees. */
static void mmap_after(struct follower *f, struct task *task, int64_t got)
{
	const struct call *call = &task->call;

	if (got >= 0 && (call->pub.arg[3] & (MAP_POPULATE | MAP_LOCKED)))
		adopt_anon(f, task->space, call->start, call->end, ADOPT_ANON_WRITABLE);
}

static void map_where_the_kernel_did(struct follower *f, struct task *task, int64_t got)
{
	struct call *call = &task->call;
	const uint64_t *arg = call->pub.arg;
	uint64_t flags = (arg[3] & ~(uint64_t)MAP_32BIT) | MAP_FIXED;

	if (got >= 0)
		mmap_base_learn(task, call->file, (uint64_t)got);
	if (got < 0 || umm_mmap(task->space->mm, (umm_addr_t)got, arg[1], arg[2], flags, call->file,
				arg[5], task->why) != got) {
		adopt_everything(f, task);
		return;
	}
	mmap_place(f, task, got);
}

static bool mmap_take_over(struct follower *f, struct task *task, int64_t got)
{
	struct call *call = &task->call;

	if (call->placed_by_chance) {
		map_where_the_kernel_did(f, task, got);
		return true;
	}
	if (!call->pub.modelled)	/* a descriptor that hid itself */
		return take_over_if_changed(f, task, 0, TASK_SIZE_64, 0);
	if (got < 0 && got == call->pub.predicted)
		return false;		/* refused before the driver was asked */
	/* Flags that no check of ours knows, perhaps a refusal of the driver's own. */
	adopt_everything(f, task);
	return true;
}

const struct call_ops call_mmap = {
	.predict = mmap_predict,
	.place = mmap_place,
	.after = mmap_after,
	.take_over = mmap_take_over,
};
