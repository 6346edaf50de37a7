/*
 * exec_inputs.c - read what exec's layout follows from.
 *
 * The program is /proc/PID/exe; its interpreter is opened as the program would, below its root and
 * from its directory.  The strings are where stat says.  The sizes of vvar and vdso and the length
 * of the auxiliary vector are those of the kernel that runs: our own process has the same.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "host/exec_inputs.h"
#include "host/files.h"
#include "host/settings.h"

static int open_proc(pid_t pid, const char *name, int flags)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int exec_read_stat(pid_t pid, uint64_t field[STAT_FIELDS + 1])
{
	char text[2048], *at;
	int fd = open_proc(pid, "stat", O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	at = strrchr(text, ')');	/* the name may hold anything */
	if (!at || strlen(at) < 4)
		return -EPROTO;
	at += 3;			/* past ") R" */
	memset(field, 0, (STAT_FIELDS + 1) * sizeof(*field));
	for (int i = 4; i <= STAT_FIELDS && *at; i++)
		field[i] = strtoull(at, &at, 10);
	return 0;
}

size_t exec_read_memory(const struct task *task, uint64_t addr, void *buf, size_t len)
{
	struct iovec ours = { buf, len }, theirs = { (void *)(uintptr_t)addr, len };
	ssize_t n = process_vm_readv(task->tid, &ours, 1, &theirs, 1, 0);

	return n > 0 ? (size_t)n : 0;
}

/* ---- files ---- */

int exec_open_as(const struct task *task, const char *path)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
				.resolve = RESOLVE_IN_ROOT };
	int at;
	long fd;

	if (strncmp(path, "/dev/fd/", strlen("/dev/fd/")) == 0) {	/* of execveat */
		return open_proc(task->tgid, path + strlen("/dev/"),
				 O_RDONLY | O_NONBLOCK | O_NOCTTY);
	}
	if (*path != '/')
		how.resolve = 0;
	at = open_proc(task->tgid, *path == '/' ? "root" : "cwd", O_PATH | O_DIRECTORY);
	if (at < 0)
		return at;
	fd = syscall(SYS_openat2, at, path, &how, sizeof(how));
	if (fd < 0 && errno == ENOSYS)		/* Linux 5.6 */
		fd = openat(at, *path == '/' ? path + 1 : path, (int)how.flags);
	if (fd < 0)
		fd = -errno;
	close(at);
	return (int)fd;
}

static int64_t read_image(void *ctx, uint64_t offset, void *buf, size_t len)
{
	const struct exec_file *file = ctx;
	ssize_t n;

	if (offset <= file->nr && len <= file->nr - offset) {
		memcpy(buf, file->head + offset, len);
		return (int64_t)len;
	}
	n = pread(file->fd, buf, len, (off_t)offset);
	return n < 0 ? -errno : n;
}

static int set_image(struct follower *f, struct umm_exec_image *image, struct exec_file *file)
{
	struct stat st;
	ssize_t n;

	if (fstat(file->fd, &st) != 0)
		return -errno;
	n = pread(file->fd, file->head, sizeof(file->head), 0);
	file->nr = n > 0 ? (size_t)n : 0;
	image->read = read_image;
	image->ctx = file;
	image->bytes = (uint64_t)st.st_size;
	return files_of_exec(f, file->fd, &image->file);
}

int exec_open_exe(const struct task *task)
{
	return open_proc(task->tgid, "exe", O_RDONLY);
}

int exec_inputs_read_files(struct follower *f, struct task *task, struct exec_inputs *in,
			   int program_fd)
{
	char path[PATH_MAX] = "";
	int64_t length;
	int err;

	memset(in, 0, offsetof(struct exec_inputs, path));
	in->path[0] = '\0';
	umm_exec_desc_init(&in->desc);
	in->interpreter.fd = -1;
	in->program.fd = program_fd;
	if (in->program.fd < 0)
		return in->program.fd;
	err = set_image(f, &in->desc.program, &in->program);
	if (err)
		return err;
	length = umm_exec_interpreter(&in->desc.program, path, sizeof(path));
	if (length <= 0 || length > (int64_t)sizeof(path))
		return 0;		/* none, or the model will say why */
	path[sizeof(path) - 1] = '\0';
	in->interpreter.fd = exec_open_as(task, path);
	if (in->interpreter.fd < 0)
		return 0;
	return set_image(f, &in->desc.interpreter, &in->interpreter);
}

void exec_inputs_free(struct exec_inputs *in)
{
	if (in->desc.program.file)
		umm_file_put(in->desc.program.file);
	if (in->desc.interpreter.file)
		umm_file_put(in->desc.interpreter.file);
	if (in->program.fd >= 0)
		close(in->program.fd);
	if (in->interpreter.fd >= 0)
		close(in->interpreter.fd);
}

/* ---- the kernel's own sizes ---- */

/* Read all of auxv: the entries up to AT_NULL and with it. */
static size_t read_auxv(pid_t pid, Elf64_auxv_t *auxv, size_t room)
{
	int fd = open_proc(pid, "auxv", O_RDONLY);
	ssize_t n;
	size_t nr = 0;

	if (fd < 0)
		return 0;
	n = read(fd, auxv, room * sizeof(*auxv));
	close(fd);
	while (n > 0 && nr < (size_t)n / sizeof(*auxv))
		if (auxv[nr++].a_type == AT_NULL)
			break;
	return nr;
}

#define AUXV_MAX 64

/* The same for every program of this kernel. */
static uint64_t auxv_entries(void)
{
	static size_t entries;		/* read once */
	Elf64_auxv_t auxv[AUXV_MAX];

	if (!entries)
		entries = read_auxv(getpid(), auxv, AUXV_MAX);
	return entries;
}

/* ---- strings ---- */

static int count_strings(const struct task *task, uint64_t start, uint64_t end, uint64_t *nr)
{
	char buf[16384];

	*nr = 0;
	while (start < end) {
		size_t want = end - start < sizeof(buf) ? (size_t)(end - start) : sizeof(buf);
		size_t got = exec_read_memory(task, start, buf, want);

		if (!got)
			return -EFAULT;
		for (size_t i = 0; i < got; i++)
			*nr += buf[i] == '\0';
		start += got;
	}
	return 0;
}

static int read_strings(const struct task *task, struct exec_inputs *in)
{
	struct umm_exec_args *args = &in->desc.args;
	const uint64_t *stat = in->stat;
	size_t got = exec_read_memory(task, in->filename, in->path, sizeof(in->path) - 1);
	int err;

	in->path[got] = '\0';		/* what ends at the end of the stack is shorter */
	args->filename = strlen(in->path) + 1;
	args->argv = stat[STAT_ARG_END] - stat[STAT_ARG_START];
	args->envp = stat[STAT_ENV_END] - stat[STAT_ENV_START];
	err = count_strings(task, stat[STAT_ARG_START], stat[STAT_ARG_END], &args->argc);
	if (!err)
		err = count_strings(task, stat[STAT_ENV_START], stat[STAT_ENV_END], &args->envc);
	return err;
}

static void read_vector(const struct task *task, struct exec_inputs *in)
{
	Elf64_auxv_t auxv[AUXV_MAX];
	size_t nr = read_auxv(task->tgid, auxv, AUXV_MAX);

	in->desc.auxv = auxv_entries();
	for (size_t i = 0; i < nr; i++) {
		switch (auxv[i].a_type) {
		case AT_BASE:
			in->base = auxv[i].a_un.a_val;
			break;
		case AT_ENTRY:
			in->entry = auxv[i].a_un.a_val;
			break;
		case AT_SYSINFO_EHDR:
			in->vdso = auxv[i].a_un.a_val;
			break;
		case AT_EXECFN:
			in->filename = auxv[i].a_un.a_val;
			break;
		case AT_EXECFD:		/* only some programs have it, and we were not one */
			in->desc.auxv++;
			break;
		}
	}
}

int exec_inputs_read(struct follower *f, struct task *task, struct exec_inputs *in)
{
	int err = exec_inputs_read_files(f, task, in, exec_open_exe(task));

	/* Of a program for another machine neither vector nor strings are what they are here. */
	if (!err && umm_exec_interpreter(&in->desc.program, NULL, 0) == -UMM_ENOEXEC)
		err = -ENOEXEC;
	if (!err)
		err = exec_read_stat(task->tgid, in->stat);
	if (err)
		return err;
	in->desc.vdso = f->settings->vdso;
	f->summary->observed += !f->own_counted;
	f->own_counted = true;
	read_vector(task, in);
	return read_strings(task, in);
}
