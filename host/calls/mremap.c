/*
 * mremap.c - mremap(2): two ranges, the old and the new.
 *
 * Whether the copy merges hangs on the pages of the source and of what stands around the place it
 * goes to; so the model is asked for the place first, and both are observed.
 */
#include <sys/mman.h>

#include "host/adopt.h"
#include "host/calls/calls.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/files.h"
#include "host/limits.h"
#include "host/pages.h"

/* The arguments under their names. */
struct mremap_args {
	uint64_t addr, old_len, new_len, flags, new_addr;
};

static struct mremap_args args_of(const struct task *task)
{
	const uint64_t *arg = task->call.pub.arg;

	return (struct mremap_args){ arg[0], arg[1], arg[2], arg[3], arg[4] };
}

/* Huge pages round further: so much more may be touched. */
static uint64_t page_size_at(const struct task *task, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	if (umm_find_area(task->space->mm, addr, &area) && area.start <= addr &&
	    (area.vm_flags & UMM_VM_HUGETLB))
		return area.end - area.start;
	return 0;
}

/* The range [addr, addr + len), cut to user space, with @more above it. */
static void range(uint64_t addr, uint64_t len, uint64_t more, uint64_t *start, uint64_t *end)
{
	struct call cut;

	len = len < TASK_SIZE_64 ? page_up(len) + more : TASK_SIZE_64;
	observe_range(&cut, addr, len);
	*start = cut.start;
	*end = cut.end;
}

/* A driver may place its mapping as it likes, or refuse to have it moved. */
static void ask_for_driver(struct task *task, uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };
	const struct known_file *known;

	if (!umm_find_area(task->space->mm, addr, &area) || area.start > addr || !area.file)
		return;
	known = umm_file_cookie(area.file);
	if (!known || known->kind != UMM_FILE_DEVICE)
		return;
	task->call.adopt_reason = adopt_device_reason(known->path);
	task->call.adopt_detail = known->path;
}

static void mremap_predict(struct follower *f, struct task *task)
{
	const struct mremap_args a = args_of(task);
	struct umm_mm *mm = task->space->mm;
	struct call *call = &task->call;
	uint64_t more = page_size_at(task, a.addr);
	int64_t target;

	observe_settings(f, task, a.old_len >= BIG_REQUEST || a.new_len >= BIG_REQUEST);
	range(a.addr, a.old_len > a.new_len ? a.old_len : a.new_len, more, &call->from_start,
	      &call->from_end);
	observe_anon(f, task, call->from_start, call->from_end);
	target = umm_mremap_target(mm, a.addr, a.old_len, a.new_len, a.flags, a.new_addr);
	if (target >= 0 && (uint64_t)target != a.addr) {
		range((uint64_t)target, a.new_len, more, &call->start, &call->end);
		observe_anon(f, task, call->start, call->end);
		if (a.flags & MREMAP_FIXED)
			observe_what_goes(task);
	}
	ask_for_driver(task, a.addr);
	call->pub.predicted = umm_mremap(mm, a.addr, a.old_len, a.new_len, a.flags, a.new_addr,
					 task->why);
}

static void mremap_place(struct follower *f, struct task *task, int64_t got)
{
	const struct mremap_args a = args_of(task);
	struct call *call = &task->call;

	(void)f;
	if (got >= 0)
		range((uint64_t)got, a.new_len, page_size_at(task, (uint64_t)got), &call->start,
		      &call->end);
}

static void mremap_after(struct follower *f, struct task *task, int64_t got)
{
	const struct mremap_args a = args_of(task);

	if (got >= 0 && (uint64_t)got != a.addr)
		pages_moved(f, task->space, page_down(a.addr), a.addr + page_up(a.old_len),
			    (uint64_t)got);
}

static void mremap_diverged(struct follower *f, struct task *task, int64_t got)
{
	(void)f;
	(void)got;
	umm_adopt_locked_vm(task->space->mm, limits_locked_pages(task->tid));
}

/* The driver had its say: if it did as anybody would, there is nothing to take over. */
static bool mremap_take_over(struct follower *f, struct task *task, int64_t got)
{
	struct call *call = &task->call;

	mremap_place(f, task, got);
	if (got == call->pub.predicted &&
	    compare_range(f, task, call->start, call->end) &&
	    compare_range(f, task, call->from_start, call->from_end))
		return false;
	adopt_everything(f, task);
	mremap_diverged(f, task, got);
	return true;
}

const struct call_ops call_mremap = {
	.predict = mremap_predict,
	.place = mremap_place,
	.after = mremap_after,
	.diverged = mremap_diverged,
	.take_over = mremap_take_over,
};
