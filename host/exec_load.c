/*
 * exec_load.c - the layout that exec makes, predicted.
 *
 * Theory
 * ------
 * The model's loader is given what Linux's was given: two files, the sizes of the strings, limits
 * and personality.  Without randomisation that is all: what it answers is compared with maps,
 * VmFlags and stat, and nothing was looked at before.
 *
 * With randomisation five offsets are chance.  Each is learnt from one address that the process is
 * told itself or that stat has (an input, counted as observed):
 *
 *	stack		the end of the strings		stack pointer	stat
 *	image		AT_ENTRY of a PIE		heap		stat
 *	mmap_base	where the first thing was mapped below it: AT_BASE, of a program without
 *			an interpreter AT_ENTRY, of one at fixed addresses the vdso
 *
 * The loader runs once with all of them zero, and the differences are the offsets.  A large image
 * that is aligned for huge pages leaves some of mmap_base open; the vdso, which goes into the gap
 * above, decides then.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/adopt.h"
#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/exec.h"
#include "host/exec_inputs.h"
#include "host/files.h"
#include "host/settings.h"
#include "host/task.h"

#define TRIES 1024			/* pages of two huge pages */

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

/* What was mapped first below mmap_base, as the loader and as the kernel placed it. */
static uint64_t anchor(const struct exec_inputs *in, const struct trial *trial)
{
	if (in->desc.interpreter.file)
		return trial->result.interpreter_base;
	return trial->result.load_bias ? trial->result.entry : trial->result.vdso;
}

static uint64_t true_anchor(const struct exec_inputs *in, const struct trial *trial)
{
	if (in->desc.interpreter.file)
		return in->base;
	return trial->result.load_bias ? in->entry : in->vdso;
}

static bool places_agree(const struct exec_inputs *in, const struct trial *trial)
{
	return anchor(in, trial) == true_anchor(in, trial) && trial->result.vdso == in->vdso;
}

/* Look for the mmap_base around @guess that explains both the first mapping and the vdso. */
static int find_mmap_random(const struct task *task, struct exec_inputs *in, uint64_t guess)
{
	struct umm_exec_random *random = &in->desc.random;
	struct trial trial;
	int err = -ERANGE;

	for (uint64_t i = 0; i < TRIES; i++) {
		uint64_t above = guess + (i + 1) / 2 * UMM_PAGE_SIZE;
		uint64_t below = guess - (i + 1) / 2 * UMM_PAGE_SIZE;

		random->mmap = i % 2 ? above : below;
		err = try_loader(task, in, &trial);
		if (!err && places_agree(in, &trial))
			return 0;
	}
	random->mmap = guess;
	return err;
}

static void find_random(struct follower *f, const struct task *task, struct exec_inputs *in)
{
	struct umm_exec_random *random = &in->desc.random;
	const struct umm_exec_args *args = &in->desc.args;
	uint64_t top = in->filename + args->filename + sizeof(uint64_t);
	struct trial trial;

	random->stack = MAP_WINDOW_64 - top;
	if (try_loader(task, in, &trial) != 0)
		return;
	random->stack_pointer = trial.result.stack_pointer - in->stat[STAT_START_STACK];
	if (in->desc.interpreter.file && trial.result.load_bias)
		random->image = in->entry - trial.result.entry;
	random->brk = in->stat[STAT_START_BRK] - trial.layout.start_brk - random->image;
	random->mmap = anchor(in, &trial) - true_anchor(in, &trial);
	if (trial.layout.bottom_up)
		random->mmap = -random->mmap;
	if (try_loader(task, in, &trial) == 0 && !places_agree(in, &trial))
		(void)find_mmap_random(task, in, random->mmap);
	f->summary->observed += (random->stack != 0) + (random->stack_pointer != 0) +
				(random->image != 0) + (random->brk != 0) + (random->mmap != 0);
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
	if (!compare_flags(f, task, 0, TASK_SIZE_64)) {
		compare_diverged_maps(f, task, "after execve", 0, TASK_SIZE_64);
		return false;
	}
	return layout_agrees(f, task, in) && anon_agrees(f, task);
}

static void tell(struct follower *f, struct task *task, const struct exec_inputs *in, bool killed)
{
	struct follow_exec exec = { .pid = task->tgid, .path = in->path, .killed = killed,
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

static bool no_program_of_ours(int64_t ret)
{
	return ret == -UMM_ENOEXEC;
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
	if (no_program_of_ours(ret))
		return take_over(f, task, "a loader that usermm does not model");
	if (ret == -UMM_ENOMEM && !result.fatal)
		return -ENOMEM;
	if (ret < 0) {
		compare_diverged_text(f, task, "after execve", "the program cannot be loaded",
				      "it runs");
		return start_again(f, task);
	}
	if (!all_agrees(f, task, in))
		return start_again(f, task);
	tell(f, task, in, false);
	return 0;
}

int exec_follow(struct follower *f, struct task *task)
{
	struct exec_inputs *in = malloc(sizeof(*in));
	int err;

	if (!in)
		return -ENOMEM;
	err = exec_inputs_read(f, task, in);
	if (err)
		err = take_over(f, task, "its files could not be read");
	else
		err = load(f, task, in);
	exec_inputs_free(in);
	free(in);
	return err;
}

/* Has a signal that cannot be caught been sent to itself, as the kernel does past no return? */
static bool is_dying(const struct task *task)
{
	char path[64], line[256];
	uint64_t pending = 0, mask;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)task->tid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "SigPnd: %" SCNx64, &mask) == 1 ||
		    sscanf(line, "ShdPnd: %" SCNx64, &mask) == 1)
			pending |= mask;
	if (status)
		fclose(status);
	return pending & (UINT64_C(1) << (SIGSEGV - 1));
}

/* The loader killed it: does the model's, too?  The strings are gone; any will do. */
static void follow_death(struct follower *f, struct task *task, struct exec_inputs *in)
{
	const struct known_file *known;
	struct umm_exec_result result;
	struct umm_mm *mm;

	if (exec_inputs_read_files(f, task, in) != 0 || umm_exec(task->space->mm, &mm) != 0)
		return;
	in->desc.args = (struct umm_exec_args){ .argc = 1, .filename = 1, .argv = 1 };
	known = umm_file_cookie(in->desc.program.file);
	snprintf(in->path, sizeof(in->path), "%s", known->path);
	if (umm_exec_elf(mm, &in->desc, &result, task->why) < 0 && result.fatal)
		tell(f, task, in, true);
	else
		compare_diverged_text(f, task, "in execve", "the program is loaded",
				      "the process is killed");
	umm_mm_put(mm);
}

void exec_failed(struct follower *f, struct task *task)
{
	struct exec_inputs *in;

	task->call.desc = NULL;
	if (!is_dying(task)) {
		if (task->space->nr_tasks == 1 && f->options->verify == FOLLOW_VERIFY_MAPS &&
		    !compare_whole(f, task))
			compare_diverged_maps(f, task, "after a failed execve", 0, TASK_SIZE_64);
		return;
	}
	in = malloc(sizeof(*in));
	if (in) {
		follow_death(f, task, in);
		exec_inputs_free(in);
	}
	f->no_memory |= !in;
	free(in);
	task_set_space(f, task, NULL);
}
