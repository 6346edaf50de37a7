#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/limits.h"

static bool read_proc(pid_t pid, const char *name, char *buf, size_t size)
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
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return true;
}

static void read_limit(struct task *task, enum __rlimit_resource resource, int umm_resource)
{
	struct rlimit limit;

	if (prlimit(task->tgid, resource, NULL, &limit) == 0)
		umm_mm_set_rlimit(task->space->mm, umm_resource, limit.rlim_cur, limit.rlim_max);
}

/* These checks ask the first user namespace: whoever lives in another has no such capability. */
static bool in_first_user_namespace(pid_t tid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)tid);
	/* PROC_USER_INIT_INO, the same on every Linux */
	return stat(path, &st) == 0 && st.st_ino == 0xEFFFFFFDu;
}

static uint32_t read_caps(pid_t tid)
{
	char text[4096];
	const char *at;
	uint64_t effective;
	uint32_t caps = 0;

	if (!in_first_user_namespace(tid) || !read_proc(tid, "status", text, sizeof(text)))
		return 0;
	at = strstr(text, "CapEff:");
	effective = at ? strtoull(at + strlen("CapEff:"), NULL, 16) : 0;
	if (effective & (UINT64_C(1) << CAP_IPC_LOCK))
		caps |= UMM_CAP_IPC_LOCK;
	if (effective & (UINT64_C(1) << CAP_SYS_RAWIO))
		caps |= UMM_CAP_SYS_RAWIO;
	if (effective & (UINT64_C(1) << CAP_SYS_ADMIN))
		caps |= UMM_CAP_SYS_ADMIN;
	return caps;
}

void limits_read(struct task *task)
{
	struct space *space = task->space;

	if (!space || !space->mm)
		return;
	read_limit(task, RLIMIT_AS, UMM_RLIMIT_AS);
	read_limit(task, RLIMIT_DATA, UMM_RLIMIT_DATA);
	read_limit(task, RLIMIT_STACK, UMM_RLIMIT_STACK);
	read_limit(task, RLIMIT_MEMLOCK, UMM_RLIMIT_MEMLOCK);
	umm_mm_set_caps(space->mm, read_caps(task->tid));
	space->limits_of = task->tgid;
}

void limits_read_personality(struct task *task)
{
	struct space *space = task->space;
	char text[32];

	if (!space || !space->mm || !read_proc(task->tid, "personality", text, sizeof(text)))
		return;
	space->personality = (uint32_t)strtoul(text, NULL, 16);
	umm_mm_set_personality(space->mm, space->personality);
}

void limits_ensure(struct task *task)
{
	if (task->space->limits_of != task->tgid)
		limits_read(task);
}

uint64_t limits_locked_pages(pid_t pid)
{
	char text[4096];
	const char *at;

	if (!read_proc(pid, "status", text, sizeof(text)))
		return 0;
	at = strstr(text, "VmLck:");
	return at ? strtoull(at + strlen("VmLck:"), NULL, 10) * 1024 / UMM_PAGE_SIZE : 0;
}
