/*
 * seize.c - PTRACE_SEIZE of a whole process.
 *
 * The list of threads changes while it is read: it is read again until there is nobody new.  Who is
 * made by a thread that is ours already is ours from birth, and found by its number in the list
 * as well, or at its first stop.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/ptrace.h"
#include "host/seize.h"
#include "host/task.h"

#define PF_KTHREAD 0x00200000u		/* in field 9 of /proc/PID/stat */

/* What /proc says of a thread. */
struct who {
	pid_t tgid, ppid, tracer;
	uid_t uid[3];			/* real, effective, saved */
	char state;
	char name[64];
	unsigned long flags;
};

static bool read_file(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return n > 0;
}

static long number_after(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? strtol(at + strlen(key), NULL, 10) : 0;
}

static bool look_up(pid_t pid, struct who *who)
{
	const char *at;
	char text[4096];

	memset(who, 0, sizeof(*who));
	if (!read_file(pid, "status", text, sizeof(text)))
		return false;
	who->tgid = (pid_t)number_after(text, "\nTgid:");
	who->ppid = (pid_t)number_after(text, "\nPPid:");
	who->tracer = (pid_t)number_after(text, "\nTracerPid:");
	sscanf(text, "Name:\t%63[^\n]", who->name);
	at = strstr(text, "\nState:\t");
	who->state = at ? at[8] : '?';
	at = strstr(text, "\nUid:");
	if (at)
		sscanf(at + 5, "%u %u %u", &who->uid[0], &who->uid[1], &who->uid[2]);
	if (read_file(pid, "stat", text, sizeof(text)) && (at = strrchr(text, ')')) != NULL)
		sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %lu", &who->flags);
	return true;
}

static int refuse(char *error, size_t size, int code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static int refuse(char *error, size_t size, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, size, format, args);
	va_end(args);
	return code;
}

static int cannot_be_traced(pid_t pid, const struct who *who, char *error, size_t size)
{
	struct who tracer;

	if (who->tgid == getpid())
		return refuse(error, size, -EPERM, "process %d is usermm itself", (int)pid);
	if (who->tgid != pid)
		return refuse(error, size, -EINVAL, "%d is a thread of process %d: use -p %d",
			      (int)pid, (int)who->tgid, (int)who->tgid);
	if (who->flags & PF_KTHREAD)
		return refuse(error, size, -EPERM, "%d is a kernel thread (%s): it has no memory"
			      " of its own", (int)pid, who->name);
	if (who->state == 'Z' || who->state == 'X')
		return refuse(error, size, -ESRCH, "process %d (%s) has ended: %s", (int)pid,
			      who->name, "nothing but its number is left until its parent asks");
	if (who->tracer && !look_up(who->tracer, &tracer))
		tracer.name[0] = '\0';
	if (who->tracer)
		return refuse(error, size, -EPERM, "process %d (%s) is traced already, by process"
			      " %d (%s)", (int)pid, who->name, (int)who->tracer, tracer.name);
	return 0;
}

static int ptrace_scope(void)
{
	int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char text[16] = "";

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atoi(text);
}

static const char *user_name(uid_t uid, char *buf, size_t size)
{
	const struct passwd *entry = getpwuid(uid);

	if (entry)
		snprintf(buf, size, "%s", entry->pw_name);
	else
		snprintf(buf, size, "user %u", (unsigned int)uid);
	return buf;
}

/* The kernel says EPERM and no more. */
static int not_permitted(pid_t pid, const struct who *who, char *error, size_t size)
{
	const uid_t us = geteuid();
	const int scope = ptrace_scope();
	char name[64];

	for (int i = 0; us && i < 3; i++)
		if (who->uid[i] != us)
			return refuse(error, size, -EPERM, "process %d (%s) is %s's: only they and"
				      " root may attach", (int)pid, who->name,
				      user_name(who->uid[i], name, sizeof(name)));
	if (scope == 3)
		return refuse(error, size, -EPERM, "cannot attach to process %d (%s): nobody may,"
			      " kernel.yama.ptrace_scope is 3", (int)pid, who->name);
	if (us && scope)
		return refuse(error, size, -EPERM, "cannot attach to process %d (%s):"
			      " kernel.yama.ptrace_scope is %d, which leaves that to %s", (int)pid,
			      who->name, scope, scope == 1 ? "its ancestors and to root" : "root");
	return refuse(error, size, -EPERM, "cannot attach to process %d (%s): it is not dumpable,"
		      " has privileges that usermm has not, or ptrace is not permitted here",
		      (int)pid, who->name);
}

/* A 32-bit program: other calls, other layout. */
static bool is_32bit(pid_t pid)
{
	unsigned char head[5] = { 0 };
	char path[64];
	bool known;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	known = read(fd, head, sizeof(head)) == sizeof(head) && memcmp(head, "\177ELF", 4) == 0;
	close(fd);
	return known && head[4] == 1;
}

static int new_thread(struct follower *f, pid_t pid, pid_t tid)
{
	struct task *task = task_new(f, tid);

	if (!task)
		return -ENOMEM;
	task->tgid = pid;
	task->state = TASK_RUNNING;
	return 0;
}

/* One thread of the list.  -ESRCH if it has gone. */
static int seize_thread(struct follower *f, pid_t pid, pid_t tid)
{
	struct who who;
	int err = ptrace_seize(tid);

	if (err == -EPERM && look_up(tid, &who)) {
		if (who.state == 'Z' || who.state == 'X')
			return -ESRCH;
		if (who.tracer == getpid())	/* ours from birth: its first stop comes */
			err = 0;
	}
	return err ? err : new_thread(f, pid, tid);
}

/* Once over the list: the number of new ones, or a negative error. */
static int seize_list(struct follower *f, pid_t pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;
	int found = 0, err = 0;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return -ESRCH;
	while (!err && (entry = readdir(dir)) != NULL) {
		pid_t tid = (pid_t)atoi(entry->d_name);

		if (tid <= 0 || task_find(f, tid))
			continue;
		err = seize_thread(f, pid, tid);
		if (err == -ESRCH)
			err = 0;
		else if (!err)
			found++;
	}
	closedir(dir);
	return err ? err : found;
}

int seize_more(struct follower *f, pid_t pid)
{
	int found, all = 0;

	while ((found = seize_list(f, pid)) > 0)
		all += found;
	return found < 0 ? found : all;
}

int seize_process(struct follower *f, pid_t pid, char *error, size_t size)
{
	struct who who;
	int err;

	if (!look_up(pid, &who))
		return refuse(error, size, -ESRCH, "there is no process %d", (int)pid);
	err = cannot_be_traced(pid, &who, error, size);
	if (err)
		return err;
	if (is_32bit(pid))
		return refuse(error, size, -ENOEXEC, "process %d (%s) is a 32-bit program: not"
			      " modelled", (int)pid, who.name);
	err = seize_more(f, pid);
	if (err == -EPERM)
		return not_permitted(pid, &who, error, size);
	if (err < 0 && err != -ESRCH)
		return refuse(error, size, err, "cannot attach to process %d (%s): %s", (int)pid,
			      who.name, strerror(-err));
	if (!task_find(f, pid))
		return refuse(error, size, -ESRCH, "process %d (%s) has ended, or its first thread"
			      " has", (int)pid, who.name);
	return 0;
}
