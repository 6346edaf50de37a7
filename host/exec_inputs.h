/*
 * exec_inputs.h - what exec's layout follows from: files, sizes of strings, and where chance put
 * things.
 *
 * Layer: host.
 */
#ifndef HOST_EXEC_INPUTS_H
#define HOST_EXEC_INPUTS_H

#include <linux/limits.h>

#include "host/follower.h"

/* Fields of /proc/PID/stat by their number in proc(5). */
#define STAT_FIELDS 52
enum { STAT_START_CODE = 26, STAT_END_CODE, STAT_START_STACK, STAT_START_DATA = 45, STAT_END_DATA,
       STAT_START_BRK, STAT_ARG_START, STAT_ARG_END, STAT_ENV_START, STAT_ENV_END };

/* A file, and its beginning, where the headers nearly always are: the loader runs several times. */
struct exec_file {
	int fd;				/* -1: none */
	size_t nr;			/* bytes of head */
	unsigned char head[UMM_PAGE_SIZE];
};

struct exec_inputs {
	struct umm_exec_desc desc;
	struct exec_file program, interpreter;
	uint64_t stat[STAT_FIELDS + 1];
	/* From the auxiliary vector; looked at only where bases are random. */
	uint64_t base, entry, vdso;
	uint64_t filename;		/* where the path lies that exec was given */
	char path[PATH_MAX];		/* that path */
};

/* 0 or a negative error. */
int exec_read_stat(pid_t pid, uint64_t field[STAT_FIELDS + 1]);

/*
 * Read them of @task at PTRACE_EVENT_EXEC.  0 or a negative error, -ENOEXEC for a program that is
 * not ours to load.  exec_inputs_free() in either case.
 */
int exec_inputs_read(struct follower *f, struct task *task, struct exec_inputs *in);

/*
 * The two files alone: of a program that @program_fd, which becomes theirs, refers to.  An
 * interpreter that cannot be opened is none.
 */
int exec_inputs_read_files(struct follower *f, struct task *task, struct exec_inputs *in,
			   int program_fd);

/* What /proc/PID/exe refers to: a descriptor, or a negative error. */
int exec_open_exe(const struct task *task);
void exec_inputs_free(struct exec_inputs *in);

/* A file as the program sees it, by a path as it would give it: a descriptor, or an error. */
int exec_open_as(const struct task *task, const char *path);

/*
 * From the file at @path to a program that is no script: @path becomes its path, @args what lies on
 * the stack.  Refused: with the error in *refused and the check in @why.
 */
enum exec_way { EXEC_WAY_PROGRAM, EXEC_WAY_REFUSED, EXEC_WAY_UNKNOWN };
enum exec_way exec_go_the_way(const struct task *task, char path[PATH_MAX],
			      struct umm_exec_args *args, int64_t *refused, struct umm_why *why);

/*
 * If the program was found by way of scripts: the strings that lay on the stack on the way, from
 * those that lie there now.  @argv0: bytes of the first argument that exec was given.
 */
void exec_undo_scripts(const struct task *task, struct exec_inputs *in, uint64_t argv0);

/* The memory of @task: how many of @len bytes were read. */
size_t exec_read_memory(const struct task *task, uint64_t addr, void *buf, size_t len);

#endif
