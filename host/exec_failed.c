/*
 * exec_failed.c - an exec that did not bring a program to run.
 *
 * Either it returned with an error, and then nothing has changed; or it had gone past the point of
 * no return: then the process has lost its address space, and is killed before it gets back.
 *
 * Why a file is no program is the loader's business, and predicted: after the fact, since exec asks
 * much before (permissions, other loaders) that is not.  Other errors are not of this library.
 */
#include <asm/unistd.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/calls/observe.h"
#include "host/compare.h"
#include "host/exec.h"
#include "host/exec_inputs.h"
#include "host/files.h"
#include "host/limits.h"
#include "host/samples.h"
#include "host/task.h"

#define STRINGS_MAX (UINT64_C(6) << 20)	/* three quarters of 8 MiB: so much at most */

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

/*
 * The loader killed it: does the model's, too?  The strings are gone.  What hangs on them is how
 * far the stack had to grow: from next to nothing to the most that exec allows.
 */
static bool dies_too(struct task *task, struct exec_inputs *in, bool many_strings)
{
	struct umm_exec_args *args = &in->desc.args;
	struct umm_exec_result result;
	struct umm_mm *mm;
	uint64_t limit;
	bool dies;

	*args = (struct umm_exec_args){ .argc = 1, .filename = 1, .argv = 1 };
	if (many_strings && limits_stack(task->tgid, &limit)) {
		limit = limit / 4 < STRINGS_MAX ? limit / 4 : STRINGS_MAX;
		args->argc = args->argv = limit / 10;	/* short ones, and a pointer to each */
	}
	if (umm_exec(task->space->mm, &mm) != 0)
		return false;
	dies = umm_exec_elf(mm, &in->desc, &result, task->why) < 0 && result.fatal;
	umm_mm_put(mm);
	return dies;
}

static void follow_death(struct follower *f, struct task *task, struct exec_inputs *in)
{
	const struct known_file *known;

	if (exec_inputs_read_files(f, task, in, exec_open_exe(task)) != 0)
		return;
	known = umm_file_cookie(in->desc.program.file);
	snprintf(in->path, sizeof(in->path), "%s", known->path);
	if (dies_too(task, in, false) || dies_too(task, in, true))
		exec_tell(f, task, in->path, true);
	else
		compare_diverged_text(f, task, "in execve", "the program is loaded",
				      "the process is killed");
}

/* ---- refused before that ---- */

/*
 * The model's error for the program at in->path, and why in task->why; 0 if it would be loaded, 1
 * if nobody can say.
 */
static int64_t model_error(struct follower *f, struct task *task, struct exec_inputs *in)
{
	struct umm_exec_args args = { .argc = 1, .filename = 1, .argv = 1, .argv0 = 1 };
	char path[PATH_MAX];
	struct umm_mm *mm;
	int64_t ret = 0;

	snprintf(path, sizeof(path), "%s", in->path);
	switch (exec_go_the_way(task, path, &args, &ret, task->why)) {
	case EXEC_WAY_REFUSED:
		return ret;
	case EXEC_WAY_UNKNOWN:
		return 1;
	case EXEC_WAY_PROGRAM:
		break;
	}
	if (exec_inputs_read_files(f, task, in, exec_open_as(task, path)) != 0 ||
	    umm_exec(task->space->mm, &mm) != 0)
		return 1;
	in->desc.args = args;
	ret = umm_exec_elf(mm, &in->desc, NULL, task->why);
	umm_mm_put(mm);
	return ret < 0 ? ret : 0;
}

static bool is_loaders_error(int64_t error)
{
	return error == -UMM_ENOEXEC || error == -UMM_ELIBBAD || error == -UMM_EIO ||
	       error == -UMM_ELOOP;
}

static void follow_refusal(struct follower *f, struct task *task, struct exec_inputs *in,
			   int64_t got)
{
	char path[PATH_MAX], model[32], kernel[32];
	size_t n = exec_read_memory(task, task->call.pub.arg[0], path, sizeof(path) - 1);
	int64_t error;

	memset(in, 0, sizeof(*in));
	in->program.fd = in->interpreter.fd = -1;
	path[n] = '\0';
	if (!n || !*path)
		return;
	strcpy(in->path, path);
	error = model_error(f, task, in);
	if (error == got) {
		exec_tell(f, task, path, false);
	} else if (error <= 0 && is_loaders_error(got)) {
		snprintf(model, sizeof(model), "error %" PRId64, -error);
		snprintf(kernel, sizeof(kernel), "error %" PRId64, -got);
		compare_diverged_text(f, task, "after execve", model, kernel);
	}
}

static void compare_untouched(struct follower *f, struct task *task)
{
	if (task->space->nr_tasks == 1 && f->options->verify >= FOLLOW_VERIFY_MAPS &&
	    !compare_whole(f, task))
		compare_diverged_maps(f, task, "after a failed execve", 0, TASK_SIZE_64);
}

/* ---- what the loop calls ---- */

void exec_failed(struct follower *f, struct task *task, int64_t got)
{
	struct exec_inputs *in = malloc(sizeof(*in));
	bool at_path = task->call.pub.nr == __NR_execve, dying = is_dying(task);

	if (!in) {
		f->no_memory = true;
		return;
	}
	task->call.desc = NULL;
	if (dying)
		samples_forget(f, task);
	task->in_exec = false;
	samples_apply(f);
	if (!dying) {
		if (at_path && (is_loaders_error(got) || got == -UMM_ENOENT)) {
			follow_refusal(f, task, in, got);
			exec_inputs_free(in);
		}
		compare_untouched(f, task);
	} else {
		/* Limits and personality need not be those of whom it shared its memory with. */
		if (exec_new_space(f, task) == 0) {
			follow_death(f, task, in);
			exec_inputs_free(in);
		}
		task_set_space(f, task, NULL);
	}
	free(in);
}
