/*
 * exec_script.c - the strings that lay on a stack while exec went from script to interpreter.
 *
 * Afterwards only the last set is there.  An argv[0] that was taken off may have needed a page more
 * than what came in its place, and the stack keeps it: so argv[0] is measured at the entry, and the
 * way is gone again.
 */
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <asm/unistd.h>

#include "host/exec.h"
#include "host/exec_inputs.h"

#define STRING_MAX (32 * UMM_PAGE_SIZE)		/* MAX_ARG_STRLEN */

/* Bytes of the string at @addr with its NUL, or 0. */
static uint64_t string_bytes(const struct task *task, uint64_t addr)
{
	uint64_t bytes = 0;

	while (bytes < STRING_MAX) {
		uint64_t at = addr + bytes;
		char buf[512];
		size_t want = sizeof(buf), got;
		const char *end;

		if (want > UMM_PAGE_SIZE - at % UMM_PAGE_SIZE)
			want = UMM_PAGE_SIZE - at % UMM_PAGE_SIZE;
		got = exec_read_memory(task, at, buf, want);
		if (!got)
			return 0;
		end = memchr(buf, '\0', got);
		if (end)
			return bytes + (uint64_t)(end - buf) + 1;
		bytes += got;
	}
	return 0;
}

void exec_entered(struct task *task)
{
	struct call *call = &task->call;
	uint64_t argv = call->pub.arg[call->pub.nr == __NR_execveat ? 2 : 1], first = 0;

	call->argv0_bytes = 1;		/* without one, exec adds an empty one */
	if (argv && exec_read_memory(task, argv, &first, sizeof(first)) == sizeof(first) && first)
		call->argv0_bytes = string_bytes(task, first);
}

enum exec_way exec_go_the_way(const struct task *task, char path[PATH_MAX],
			      struct umm_exec_args *args, int64_t *refused, struct umm_why *why)
{
	for (;;) {
		struct umm_exec_script script;
		char head[UMM_EXEC_HEAD];
		int fd = exec_open_as(task, path);
		ssize_t n;

		if (fd < 0)
			return EXEC_WAY_UNKNOWN;
		n = pread(fd, head, sizeof(head), 0);
		close(fd);
		if (n < 0)
			return EXEC_WAY_UNKNOWN;
		*refused = umm_exec_script(head, (size_t)n, strlen(path) + 1, args, &script, why);
		if (*refused < 0)
			return EXEC_WAY_REFUSED;
		if (*refused == 0)
			return EXEC_WAY_PROGRAM;
		memcpy(path, head + script.interpreter, script.interpreter_bytes);
		path[script.interpreter_bytes] = '\0';
	}
}

void exec_undo_scripts(const struct task *task, struct exec_inputs *in, uint64_t argv0)
{
	struct umm_exec_args *now = &in->desc.args, there, again;
	char path[PATH_MAX];
	int64_t refused;

	if (!argv0)
		return;
	/* What the scripts put there, and so what else there was all the time. */
	there = (struct umm_exec_args){ .filename = now->filename, .envp = now->envp, .argc = 1,
					.argv = argv0, .argv0 = argv0 };
	again = there;
	snprintf(path, sizeof(path), "%s", in->path);
	if (exec_go_the_way(task, path, &there, &refused, NULL) != EXEC_WAY_PROGRAM ||
	    !there.depth || there.argv > now->argv)
		return;
	again.argv += now->argv - there.argv;
	snprintf(path, sizeof(path), "%s", in->path);
	if (exec_go_the_way(task, path, &again, &refused, NULL) == EXEC_WAY_PROGRAM &&
	    again.argv == now->argv)
		now->peak = again.peak;
}
