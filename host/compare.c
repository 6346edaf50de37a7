#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/limits.h"
#include "host/files.h"
#include "host/task.h"

/* What VmFlags has that no merge and no call of ours looks at. */
#define FLAGS_IGNORED UMM_VM_SOFTDIRTY

/* smaps is some five times as dear as maps; with so few areas it is read all the same. */
#define FLAGS_ALWAYS 500

/* Areas of the kernel one after the other: by query, or out of a text. */
struct cursor {
	int fd;				/* -1: from @text */
	const struct proc_areas *text;
	bool with_flags;		/* the text is of smaps */
	size_t next;
	char name[PROCMAPS_NAME_MAX];
};

static int cursor_next(struct cursor *cursor, uint64_t at, bool want_name, struct proc_area *area)
{
	if (cursor->fd >= 0)
		return procmaps_query(cursor->fd, at, area, want_name ? cursor->name : NULL);
	while (cursor->next < cursor->text->nr && cursor->text->area[cursor->next].end <= at)
		cursor->next++;
	if (cursor->next == cursor->text->nr)
		return 0;
	*area = cursor->text->area[cursor->next];
	return 1;
}

static const char *name_text(const struct umm_area *area)
{
	switch (area->name) {
	case UMM_NAME_HEAP:
		return "[heap]";
	case UMM_NAME_STACK:
		return "[stack]";
	case UMM_NAME_VDSO:
		return "[vdso]";
	case UMM_NAME_VVAR:
		return "[vvar]";
	case UMM_NAME_VVAR_VCLOCK:
		return "[vvar_vclock]";
	case UMM_NAME_OTHER_SPECIAL:
		return area->special ? area->special : "";
	case UMM_NAME_ANON:
	case UMM_NAME_NONE:
	case UMM_NAME_FILE:
		break;
	}
	return "";
}

static bool same_name(const struct umm_area *model, const struct proc_area *kernel)
{
	size_t length;

	if (model->name != UMM_NAME_ANON)
		return strcmp(name_text(model), kernel->name) == 0;
	length = strlen(model->anon_name);
	return strncmp(kernel->name, "[anon:", 6) == 0 &&
	       strncmp(kernel->name + 6, model->anon_name, length) == 0 &&
	       strcmp(kernel->name + 6 + length, "]") == 0;
}

/*
 * A file that the library made itself: its inode number is the kernel's to choose.  Learnt when it
 * is first seen, compared from then on.
 */
static bool same_made_file(struct follower *f, struct task *task, const struct umm_area *model,
			   const struct proc_area *kernel)
{
	unsigned int dev_major = 0, dev_minor = 0;
	uint64_t inode = 0;
	umm_addr_t next;
	char line[512];

	umm_maps_line(task->space->mm, model->start, line, sizeof(line), &next);
	if (sscanf(line, "%*s %*s %*s %x:%x %" SCNu64, &dev_major, &dev_minor, &inode) != 3)
		return false;
	if (inode || umm_file_shm(model->file) >= 0)
		return inode == kernel->inode && dev_major == kernel->dev_major &&
		       dev_minor == kernel->dev_minor;
	if (!kernel->inode)
		return false;
	umm_file_set_inode(model->file, kernel->dev_major, kernel->dev_minor, kernel->inode);
	adopt_count(f, task, &task->call.pub, ADOPT_SHMEM_INODE, NULL);
	return true;
}

static bool same_file(struct follower *f, struct task *task, const struct umm_area *model,
		      const struct proc_area *kernel)
{
	const struct known_file *known;

	if (!model->file)
		return !kernel->inode && !kernel->dev_major && !kernel->dev_minor &&
		       same_name(model, kernel);
	if (model->pgoff * UMM_PAGE_SIZE != kernel->offset)
		return false;
	known = umm_file_cookie(model->file);
	if (!known)
		return same_made_file(f, task, model, kernel);
	return known->inode == kernel->inode && known->dev_major == kernel->dev_major &&
	       known->dev_minor == kernel->dev_minor;
}

static bool same_area(struct follower *f, struct task *task, const struct umm_area *model,
		      const struct proc_area *kernel)
{
	uint64_t flags = model->vm_flags;

	return model->start == kernel->start && model->end == kernel->end &&
	       !!(flags & UMM_VM_READ) == kernel->readable &&
	       !!(flags & UMM_VM_WRITE) == kernel->writable &&
	       !!(flags & UMM_VM_EXEC) == kernel->executable &&
	       !!(flags & UMM_VM_MAYSHARE) == kernel->shared &&
	       same_file(f, task, model, kernel);
}

/*
 * Areas that cannot be read are no agreement: unless the process is on its way out, it is said, and
 * the run does not end as one in which all was followed.
 */
static void unreadable(struct follower *f, const struct task *task, int err)
{
	if (err == 0 || err == -ESRCH || err == -ENOENT || f->unreadable)
		return;
	f->unreadable = f->gave_up = true;
	follower_warn(f, "cannot read the areas of process %d: %s", (int)task->tgid,
		      strerror(-err));
}

/* Where the two sides part, for whoever shows them. */
static bool differs(struct follower *f, const struct umm_area *model,
		    const struct proc_area *kernel, uint64_t flags)
{
	struct difference *difference = &f->difference;

	difference->flags = flags;
	difference->start = model && (!kernel || model->start < kernel->start) ? model->start :
										 kernel->start;
	difference->end = model && (!kernel || model->end > kernel->end) ? model->end : kernel->end;
	return false;
}

static bool same_range(struct follower *f, struct task *task, struct cursor *cursor,
		       uint64_t start, uint64_t end)
{
	struct umm_area model = { .size = sizeof(model) };
	struct proc_area kernel;
	uint64_t at = start ? start - 1 : 0, flags;

	for (;;) {
		bool in_model = umm_find_area(task->space->mm, at, &model) && model.start <= end;
		int got = cursor_next(cursor, at, in_model ? !model.file : true, &kernel);

		if (got < 0) {
			unreadable(f, task, got);
			return true;
		}
		if (got && kernel.start > end)
			got = 0;
		if (!in_model && !got)
			return true;
		if (!in_model || !got)
			return differs(f, in_model ? &model : NULL, got ? &kernel : NULL, 0);
		if (!same_area(f, task, &model, &kernel))
			return differs(f, &model, &kernel, 0);
		flags = (model.vm_flags ^ kernel.vm_flags) & ~FLAGS_IGNORED;
		if (cursor->with_flags && flags)
			return differs(f, &model, &kernel, flags);
		at = model.end;
	}
}

/* By one text: of maps, or of smaps for the flags. */
static bool compare_text(struct follower *f, struct task *task, uint64_t start, uint64_t end,
			 bool with_flags)
{
	struct proc_areas *areas = with_flags ? &f->smaps : &f->areas;
	struct cursor cursor = { .fd = -1, .text = areas, .with_flags = with_flags };
	int fd = with_flags ? space_smaps_fd(task->space) : space_maps_fd(task->space);
	int err = fd < 0 ? fd : procmaps_read(fd, areas);

	if (err || areas->nr == 0) {	/* none: it has just lost its address space */
		unreadable(f, task, err);
		return true;
	}
	return same_range(f, task, &cursor, start, end);
}

bool compare_range(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	static bool probed, no_query;
	struct cursor cursor = { .fd = space_maps_fd(task->space) };
	struct proc_area area;

	f->summary->maps++;
	if (cursor.fd < 0) {
		unreadable(f, task, cursor.fd);
		return true;
	}
	if (!probed)
		no_query = procmaps_query(cursor.fd, start, &area, NULL) == -ENOTTY;
	probed = true;
	if (no_query)
		return compare_text(f, task, start, end, false);
	return same_range(f, task, &cursor, start, end);
}

bool compare_whole(struct follower *f, struct task *task)
{
	struct umm_mm_stats stats;

	f->summary->maps++;
	task->space->calls_since_whole = 0;
	umm_mm_stats(task->space->mm, &stats);
	return compare_text(f, task, 0, TASK_SIZE_64,
			    task->space->flag_calls || stats.map_count <= FLAGS_ALWAYS ||
				    f->options->verify == FOLLOW_VERIFY_SMAPS);
}

bool compare_flags(struct follower *f, struct task *task, uint64_t start, uint64_t end)
{
	f->summary->maps++;
	return compare_text(f, task, start, end, true);
}

/* The same byte at @at, whatever the areas around it. */
static bool same_at(struct follower *f, struct task *task, uint64_t at, struct umm_area model,
		    struct proc_area kernel)
{
	at &= ~(uint64_t)(UMM_PAGE_SIZE - 1);	/* the last byte before a range, say */
	if (model.file) {
		model.pgoff += (at - model.start) / UMM_PAGE_SIZE;
		kernel.offset += at - kernel.start;
	} else {
		model.name = UMM_NAME_NONE;	/* [heap] and [stack] follow the boundaries */
		kernel.name = "";
	}
	kernel.start = model.start;
	kernel.end = model.end;
	return same_area(f, task, &model, &kernel);
}

bool compare_differs_by_merging(struct follower *f, struct task *task, uint64_t *start,
				uint64_t *end)
{
	struct cursor cursor = { .fd = -1, .text = &f->areas };
	struct umm_area model = { .size = sizeof(model) };
	uint64_t at = *start ? *start - 1 : 0, last = *end;
	int fd = space_maps_fd(task->space);
	struct proc_area kernel;

	if (fd < 0 || procmaps_read(fd, &f->areas) != 0)
		return false;
	for (;;) {
		bool in_model = umm_find_area(task->space->mm, at, &model) && model.start <= last;
		int got = cursor_next(&cursor, at, true, &kernel);

		if (got && kernel.start > last)
			got = 0;
		if (!in_model || !got)
			return !in_model && !got;
		if (at < model.start || at < kernel.start) {
			uint64_t low = model.start < kernel.start ? model.start : kernel.start;

			if (low > at)		/* a hole on both sides */
				at = low;
			if (at < model.start || at < kernel.start)
				return false;
		}
		if (!same_at(f, task, at, model, kernel))
			return false;
		if (kernel.start < *start)
			*start = kernel.start;
		if (kernel.end > *end)
			*end = kernel.end;
		at = model.end < kernel.end ? model.end : kernel.end;
	}
}

/* ---- both sides, for people ---- */

static void flags_line(uint64_t vm_flags, FILE *out)
{
	char text[256];

	umm_vm_flags_text(vm_flags & ~FLAGS_IGNORED, text, sizeof(text));
	fprintf(out, "VmFlags: %s\n", text);
}

static void model_lines(struct task *task, uint64_t start, uint64_t end, bool flags, FILE *out)
{
	uint64_t at = start ? start - 1 : 0;
	struct umm_area area = { .size = sizeof(area) };

	while (umm_find_area(task->space->mm, at, &area) && area.start <= end) {
		char line[4400];
		umm_addr_t next;

		umm_maps_line(task->space->mm, at, line, sizeof(line), &next);
		fputs(line, out);
		if (flags)
			flags_line(area.vm_flags, out);
		at = area.end;
	}
}

static void kernel_lines(struct follower *f, struct task *task, uint64_t start, uint64_t end,
			 bool flags, FILE *out)
{
	struct proc_areas *areas = flags ? &f->smaps : &f->areas;
	int fd = flags ? space_smaps_fd(task->space) : space_maps_fd(task->space);
	char line[4400];

	if (fd < 0 || procmaps_read(fd, areas) != 0)
		return;
	for (size_t i = 0; i < areas->nr; i++) {
		const struct proc_area *area = &areas->area[i];

		if (area->end < start || area->start > end)
			continue;
		proc_area_text(area, line, sizeof(line));
		fprintf(out, "%s\n", line);
		if (flags)
			flags_line(area->vm_flags, out);
	}
}

static void tell(struct follower *f, struct task *task, enum follow_divergence_kind kind,
		 const char *where, const char *model, const char *kernel)
{
	struct follow_divergence divergence = {
		.kind = kind,
		.pid = task->tgid,
		.tid = task->tid,
		.call = task->call.desc ? &task->call.pub : NULL,
		.where = where,
		.model = model ? model : "",
		.kernel = kernel ? kernel : "",
	};

	f->summary->divergences++;
	if (f->sink->divergence)
		f->sink->divergence(f->sink->ctx, &divergence);
}

static void result_text(int64_t result, char *buf, size_t size)
{
	const char *name = result < 0 && result > -4096 ? strerrorname_np((int)-result) : NULL;

	if (name)
		snprintf(buf, size, "-1 %s", name);
	else
		snprintf(buf, size, "0x%" PRIx64, (uint64_t)result);
}

void compare_diverged_result(struct follower *f, struct task *task, int64_t model, int64_t kernel)
{
	char where[64], model_text[64], kernel_text[64];

	snprintf(where, sizeof(where), "after %s", task->call.desc->name);
	result_text(model, model_text, sizeof(model_text));
	result_text(kernel, kernel_text, sizeof(kernel_text));
	if (task->call.pub.predicted_any && model >= 0)
		snprintf(model_text, sizeof(model_text), "success");
	tell(f, task, FOLLOW_DIVERGED_RESULT, where, model_text, kernel_text);
}

void compare_diverged_text(struct follower *f, struct task *task, const char *where,
			   const char *model, const char *kernel)
{
	tell(f, task, FOLLOW_DIVERGED_RESULT, where, model, kernel);
}

void compare_diverged_smaps(struct follower *f, struct task *task, const char *where,
			    const char *model, const char *kernel)
{
	tell(f, task, FOLLOW_DIVERGED_SMAPS, where, model, kernel);
}

void compare_diverged_maps(struct follower *f, struct task *task, const char *where,
			   uint64_t start, uint64_t end)
{
	char *text[2] = { NULL, NULL };
	size_t size[2];
	FILE *out[2] = { open_memstream(&text[0], &size[0]), open_memstream(&text[1], &size[1]) };

	/* Of a whole address space, what stands around the first difference. */
	if (start < f->difference.start)
		start = f->difference.start;
	if (end > f->difference.end)
		end = f->difference.end;
	if (out[0])
		model_lines(task, start, end, f->difference.flags, out[0]);
	if (out[1])
		kernel_lines(f, task, start, end, f->difference.flags, out[1]);
	for (int i = 0; i < 2; i++)
		if (out[i])
			fclose(out[i]);
	tell(f, task, FOLLOW_DIVERGED_MAPS, where, text[0], text[1]);
	free(text[0]);
	free(text[1]);
}

void compare_locked(struct follower *f, struct task *task)
{
	char where[64], model_text[64], kernel_text[64];
	struct umm_mm_stats stats;
	uint64_t kernel;

	if (task->space->nr_tasks > 1 || f->supposing ||
	    f->options->verify < FOLLOW_VERIFY_MAPS)
		return;
	umm_mm_stats(task->space->mm, &stats);
	kernel = limits_locked_pages(task->tid);
	if (stats.locked_vm == kernel)
		return;
	snprintf(where, sizeof(where), "after %s", task->call.desc->name);
	snprintf(model_text, sizeof(model_text), "VmLck: %" PRIu64 " pages", stats.locked_vm);
	snprintf(kernel_text, sizeof(kernel_text), "VmLck: %" PRIu64 " pages", kernel);
	tell(f, task, FOLLOW_DIVERGED_MAPS, where, model_text, kernel_text);
	umm_adopt_locked_vm(task->space->mm, kernel);
}
