/*
 * exec_load.c - the layout that exec makes, predicted.
 *
 * Theory
 * ------
 * The model's loader is given what Linux's was given: two files, the sizes of the strings, limits
 * and personality.  Without randomisation that is all: what it answers is compared with maps,
 * VmFlags and stat, and nothing was looked at before.
 *
 * With randomisation six offsets are chance.  Each is learnt from one address that the process is
 * told itself or that stat has (an input, counted as observed):
 *
 *	stack		the end of the strings		stack pointer	stat
 *	image		AT_ENTRY of a PIE		heap		stat
 *	mmap_base	where the first thing was mapped below it: AT_BASE, of a program without
 *			an interpreter AT_ENTRY, of one at fixed addresses the vdso
 *	vdso		where it is, if an older kernel put it above the stack
 *
 * The loader runs once with all of them zero, and the differences are the offsets.  An image that
 * is aligned to more than a page leaves some of mmap_base open.  The vdso goes into the gap above,
 * and decides; if the gap has no room for it, mmap_base is known to a few pages only, until the
 * first small mapping shows (mmap_base.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/exec.h"
#include "host/exec_inputs.h"
#include "host/files.h"
#include "host/pages.h"
#include "host/settings.h"
#include "host/task.h"

#define TRIES 1024			/* pages of two huge pages */

/* 28 bits of pages, as distributions have it; up to 32 can be had. */
#define MMAP_RANDOM_MOST (UINT64_C(1) << 44)

/* One run of the loader, in a space that is thrown away. */
struct trial {
	struct umm_exec_result result;
	struct umm_layout layout;
};

static int try_loader(const struct task *task, const struct exec_inputs *in, struct trial *trial)
{
	struct umm_mm *mm;
	int64_t ret;
	int err = umm_exec(task->space->mm, &mm);

	if (err)
		return err;
	trial->layout.size = sizeof(trial->layout);
	ret = umm_exec_elf(mm, &in->desc, &trial->result, NULL);
	umm_mm_get_layout(mm, &trial->layout);
	umm_mm_put(mm);
	return ret < 0 ? (int)ret : 0;
}

/*
 * What was mapped first below mmap_base, as the loader and as the kernel placed it.  Images at
 * fixed addresses say nothing.
 */
static uint64_t anchor(const struct exec_inputs *in, const struct trial *trial, uint64_t *kernel)
{
	if (trial->result.interpreter_base) {
		*kernel = in->base;
		return trial->result.interpreter_base;
	}
	if (trial->result.load_bias && !in->desc.interpreter.file) {
		*kernel = in->entry;
		return trial->result.entry;
	}
	*kernel = in->vdso;
	return trial->result.vdso;
}

static bool places_agree(const struct exec_inputs *in, const struct trial *trial)
{
	uint64_t kernel;

	return anchor(in, trial, &kernel) == kernel && trial->result.vdso == in->vdso;
}

/* Does that mmap_base explain both the first mapping and the vdso?  *base is where it is. */
static bool base_fits(const struct task *task, struct exec_inputs *in, uint64_t random,
		      uint64_t *base)
{
	struct trial trial;

	in->desc.random.mmap = random;
	if (try_loader(task, in, &trial) != 0 || !places_agree(in, &trial))
		return false;
	*base = trial.layout.mmap_base;
	return true;
}

/* Look for one that does around @guess. */
static uint64_t find_mmap_random(const struct task *task, struct exec_inputs *in, uint64_t guess)
{
	uint64_t base;

	for (uint64_t i = 0; i < TRIES; i++) {
		uint64_t distance = (i + 1) / 2 * UMM_PAGE_SIZE;
		uint64_t random = i % 2 ? guess + distance : guess - distance;

		if (base_fits(task, in, random, &base))
			return random;
	}
	return guess;
}

/* Images at fixed addresses and the vdso above the stack: no address tells of mmap_base. */
static bool nothing_below_base(const struct task *task, const struct exec_inputs *in,
			       struct trial *trial)
{
	return in->desc.random.vdso && try_loader(task, in, trial) == 0 &&
	       !trial->result.interpreter_base && !trial->result.load_bias &&
	       !trial->layout.bottom_up;
}

/* How far others do as well: that is what stays open, until something is mapped there. */
static void find_slack(struct task *task, struct exec_inputs *in, uint64_t random)
{
	struct space *space = task->space;
	struct trial trial;
	uint64_t low, high;

	in->desc.random.mmap = 0;
	if (nothing_below_base(task, in, &trial)) {
		space->base_high = trial.layout.mmap_base;
		space->base_low = space->base_high - MMAP_RANDOM_MOST;
	} else if (base_fits(task, in, random, &low)) {
		high = low;
		for (uint64_t i = 1; i < TRIES; i++)
			if (!base_fits(task, in, random + i * UMM_PAGE_SIZE, &low))
				break;
		for (uint64_t i = 1; i < TRIES; i++)
			if (!base_fits(task, in, random - i * UMM_PAGE_SIZE, &high))
				break;
		space->base_low = low < high ? low : high;
		space->base_high = low < high ? high : low;
	}
	in->desc.random.mmap = random;
}

/* Where older kernels put it, if they did. */
static uint64_t vdso_above_stack(const struct exec_inputs *in)
{
	const struct umm_vdso_image *image = &in->desc.vdso;

	if (in->vdso < in->stat[STAT_START_STACK])
		return 0;
	return in->vdso - (image->vvar_pages + image->vclock_pages) * UMM_PAGE_SIZE;
}

static void find_random(struct follower *f, struct task *task, struct exec_inputs *in)
{
	struct umm_exec_random *random = &in->desc.random;
	const struct umm_exec_args *args = &in->desc.args;
	uint64_t top = in->filename + args->filename + sizeof(uint64_t), kernel, base;
	struct trial trial;

	random->stack = MAP_WINDOW_64 - top;
	random->vdso = vdso_above_stack(in);
	if (try_loader(task, in, &trial) != 0)
		return;
	random->stack_pointer = trial.result.stack_pointer - in->stat[STAT_START_STACK];
	if (in->desc.interpreter.file && trial.result.load_bias)
		random->image = in->entry - trial.result.entry;
	random->brk = in->stat[STAT_START_BRK] - trial.layout.start_brk - random->image;
	random->mmap = anchor(in, &trial, &kernel) - kernel;
	if (trial.layout.bottom_up)
		random->mmap = -random->mmap;
	if (!base_fits(task, in, random->mmap, &base))
		random->mmap = find_mmap_random(task, in, random->mmap);
	find_slack(task, in, random->mmap);
	f->summary->observed += (random->stack != 0) + (random->stack_pointer != 0) +
				(random->image != 0) + (random->brk != 0) + (random->mmap != 0) +
				(random->vdso != 0);
}

/* ---- comparing ---- */

struct layout_text {
	char buf[256];
};

static struct layout_text layout_text(uint64_t start_code, uint64_t end_code, uint64_t start_data,
				      uint64_t end_data, uint64_t start_brk, uint64_t start_stack)
{
	struct layout_text text;

	snprintf(text.buf, sizeof(text.buf),
		 "code %" PRIx64 "-%" PRIx64 " data %" PRIx64 "-%" PRIx64 " brk %" PRIx64
		 " stack pointer %" PRIx64, start_code, end_code, start_data, end_data, start_brk,
		 start_stack);
	return text;
}

static bool layout_agrees(struct follower *f, struct task *task, const struct exec_inputs *in)
{
	struct umm_layout l = { .size = sizeof(l) };
	const uint64_t *stat = in->stat;
	struct layout_text model, kernel;

	umm_mm_get_layout(task->space->mm, &l);
	model = layout_text(l.start_code, l.end_code, l.start_data, l.end_data, l.start_brk,
			    l.start_stack);
	kernel = layout_text(stat[STAT_START_CODE], stat[STAT_END_CODE], stat[STAT_START_DATA],
			     stat[STAT_END_DATA], stat[STAT_START_BRK], stat[STAT_START_STACK]);
	if (strcmp(model.buf, kernel.buf) == 0)
		return true;
	compare_diverged_text(f, task, "after execve", model.buf, kernel.buf);
	return false;
}

/* Who has written to what: the loader, and nobody else so far. */
static bool anon_agrees(struct follower *f, struct task *task)
{
	if (!adopt_anon(f, task->space, 0, TASK_SIZE_64, ADOPT_ANON_EXEC))
		return true;
	compare_diverged_text(f, task, "after execve", "the loader wrote to stack and bss alone",
			      "an area that the loader did not write to has a page of its own");
	return false;
}

static bool all_agrees(struct follower *f, struct task *task, const struct exec_inputs *in)
{
	if (f->options->verify >= FOLLOW_VERIFY_MAPS &&
	    !compare_flags(f, task, 0, TASK_SIZE_64)) {
		compare_diverged_maps(f, task, "after execve", 0, TASK_SIZE_64);
		return false;
	}
	return layout_agrees(f, task, in) && anon_agrees(f, task);
}

void exec_tell(struct follower *f, struct task *task, const char *path, bool killed)
{
	struct follow_exec exec = { .pid = task->tgid, .path = path, .killed = killed,
				    .why = task->why };

	if (f->sink->exec && task->reported && !task->quiet)
		f->sink->exec(f->sink->ctx, &exec);
}

/* ---- what the loop calls ---- */

/* The model's areas went wrong, or were never right: the kernel's instead. */
static int start_again(struct follower *f, struct task *task)
{
	int err = exec_new_space(f, task);

	return err ? err : exec_import(f, task);
}

/* The loader is not ours: 32-bit programs, binfmt_misc, a file that cannot be read. */
static int take_over(struct follower *f, struct task *task, const char *detail)
{
	adopt_count(f, task, NULL, ADOPT_EXEC, detail);
	return start_again(f, task);
}

/* The model would not have let it run: by which check. */
static void refused_wrongly(struct follower *f, struct task *task, const struct exec_inputs *in)
{
	struct umm_why why = { 0 };
	struct umm_why_info info;
	const struct umm_why_entry *entry;
	char text[128] = "not loaded";
	struct umm_mm *mm;

	if (umm_exec(task->space->mm, &mm) == 0) {
		(void)umm_exec_elf(mm, &in->desc, NULL, &why);
		entry = umm_why_refusal(&why);
		if (entry && umm_why_info(entry->code, &info) == 0)
			snprintf(text, sizeof(text), "not loaded: %s", info.name);
		umm_mm_put(mm);
	}
	compare_diverged_text(f, task, "after execve", text, "it runs");
}

static int load(struct follower *f, struct task *task, struct exec_inputs *in)
{
	struct umm_exec_result result;
	int64_t ret;

	in->desc.randomize_va_space = f->settings->randomize > 2 ? 2 : f->settings->randomize;
	exec_undo_scripts(task, in, task->call.argv0_bytes);
	if (task->space->randomized)
		find_random(f, task, in);
	ret = umm_exec_elf(task->space->mm, &in->desc, &result, task->why);
	if (ret == -UMM_ENOMEM && !result.fatal)
		return -ENOMEM;
	if (ret < 0) {
		refused_wrongly(f, task, in);
		return start_again(f, task);
	}
	if (!all_agrees(f, task, in))
		return start_again(f, task);
	pages_observe(f, task->space, 0, TASK_SIZE_64);
	exec_tell(f, task, in->path, false);
	return 0;
}

int exec_follow(struct follower *f, struct task *task)
{
	struct exec_inputs *in = malloc(sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	err = exec_inputs_read(f, task, in);
	if (err == -ENOEXEC)
		err = take_over(f, task, "a loader that usermm does not model");
	else if (err)
		err = take_over(f, task, "its files could not be read");
	else
		err = load(f, task, in);
	exec_inputs_free(in);
	free(in);
	return err;
}
