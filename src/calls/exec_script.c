/*
 * exec_script.c - "#!": the first line of a script names the program that runs it.
 *
 * Of the line only what lies in the first UMM_EXEC_HEAD bytes counts.  A longer one is good enough
 * if the name of the interpreter ends within them: a name that was cut could be another program.
 * The rest of the line after the name, blanks at its ends taken off, is one argument.
 *
 * argv[0] is taken off the strings on the stack, and the name, the argument and the script's own
 * path are put in its place.  What is taken off leaves its pages behind: hence the peak.
 */
#include "calls/exec.h"

#define SCRIPTS_MAX 6u			/* the program itself is the last of so many */

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool ends_name(char c)
{
	return blank(c) || c == '\0';
}

/* Where the line ends: [2, *end), without blanks at its end.  False: the name is cut, or none. */
static bool find_line(const char head[UMM_EXEC_HEAD], size_t *end)
{
	size_t at = 2, stop = 2;

	while (stop < UMM_EXEC_HEAD && head[stop] && head[stop] != '\n')
		stop++;
	if (stop == UMM_EXEC_HEAD || !head[stop]) {
		while (at < UMM_EXEC_HEAD && blank(head[at]))
			at++;
		while (at < UMM_EXEC_HEAD && !ends_name(head[at]))
			at++;
		if (at == UMM_EXEC_HEAD)
			return false;
		stop = UMM_EXEC_HEAD - 1;
	}
	while (stop > 2 && blank(head[stop - 1]))
		stop--;
	*end = stop;
	return true;
}

static void split_line(const char *head, size_t end, struct umm_exec_script *script)
{
	size_t at = 2;

	while (at < end && blank(head[at]))
		at++;
	script->interpreter = at;
	while (at < end && !ends_name(head[at]))
		at++;
	script->interpreter_bytes = at - script->interpreter;
	while (at < end && blank(head[at]))
		at++;
	script->argument = at;
	while (at < end && head[at])
		at++;
	script->argument_bytes = at - script->argument;
}

static uint64_t lies_there(const struct umm_exec_args *args)
{
	return sizeof(uint64_t) + args->filename + args->argv + args->envp;
}

static void replace_argv0(struct umm_exec_args *args, const struct umm_exec_script *script,
			  uint64_t path_bytes)
{
	args->peak = max_u64(args->peak, lies_there(args));
	args->argv -= min_u64(args->argv0, args->argv);
	args->argv0 = script->interpreter_bytes + 1;
	args->argv += args->argv0 + path_bytes;
	args->argc++;
	if (script->argument_bytes) {
		args->argv += script->argument_bytes + 1;
		args->argc++;
	}
	args->peak = max_u64(args->peak, lies_there(args));
	args->depth++;
}

int64_t exec_script(const char *bytes, size_t size, uint64_t path_bytes,
		    struct umm_exec_args *args, struct umm_exec_script *script,
		    struct umm_why *why)
{
	char head[UMM_EXEC_HEAD] = { 0 };	/* beyond the end of a file there are zeros */
	size_t end = 2;
	bool named;
	long err;

	*script = (struct umm_exec_script){ 0 };
	memcpy(head, bytes, (size_t)min_u64(size, UMM_EXEC_HEAD));
	if (head[0] != '#' || head[1] != '!')
		return 0;
	named = find_line(head, &end);
	if (named)
		split_line(head, end, script);
	/* A name of no bytes, before a zero, is one that cannot be opened. */
	err = check(why, named && script->interpreter < end, WHY_EXEC_SCRIPT_LINE, size,
		    UMM_EXEC_HEAD);
	if (err)
		return err;
	err = check(why, args->depth + 1 < SCRIPTS_MAX, WHY_EXEC_SCRIPT_DEPTH, args->depth + 1,
		    SCRIPTS_MAX);
	if (err)
		return err;
	replace_argv0(args, script, path_bytes);
	return 1;
}
