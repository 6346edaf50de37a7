#include <errno.h>
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

/*
 * One line of /proc/PID/limits: "Max locked memory   8388608   unlimited   bytes".  Slower, but
 * allowed where prlimit() of another user's process wants CAP_SYS_RESOURCE.
 */
static bool limit_from_text(const char *text, const char *name, struct rlimit *limit)
{
	const char *line = strstr(text, name);
	char soft[32], hard[32];

	if (!line || sscanf(line + strlen(name), " %31s %31s", soft, hard) != 2)
		return false;
	limit->rlim_cur = *soft == 'u' ? RLIM_INFINITY : strtoull(soft, NULL, 10);
	limit->rlim_max = *hard == 'u' ? RLIM_INFINITY : strtoull(hard, NULL, 10);
	return true;
}

static const struct limit_kind {
	enum __rlimit_resource resource;
	int umm;
	const char *name;
} limit_kinds[] = {
	{ RLIMIT_AS, UMM_RLIMIT_AS, "Max address space" },
	{ RLIMIT_DATA, UMM_RLIMIT_DATA, "Max data size" },
	{ RLIMIT_STACK, UMM_RLIMIT_STACK, "Max stack size" },
	{ RLIMIT_MEMLOCK, UMM_RLIMIT_MEMLOCK, "Max locked memory" },
};

#define LIMIT_KINDS (sizeof(limit_kinds) / sizeof(limit_kinds[0]))

static bool read_limit(pid_t pid, const struct limit_kind *kind, struct rlimit *limit)
{
	char text[4096];

	return prlimit(pid, kind->resource, NULL, limit) == 0 ||
	       (read_proc(pid, "limits", text, sizeof(text)) &&
		limit_from_text(text, kind->name, limit));
}

/* What else may have happened is the same process's: each model has its limits. */
static void set_rlimit(struct space *space, int resource, const struct rlimit *limit)
{
	umm_mm_set_rlimit(space->mm, resource, limit->rlim_cur, limit->rlim_max);
	for (struct hypothesis *h = space->hypotheses; h; h = h->next)
		umm_mm_set_rlimit(h->mm, resource, limit->rlim_cur, limit->rlim_max);
}

static void read_limits(struct task *task)
{
	for (size_t i = 0; i < LIMIT_KINDS; i++) {
		const struct limit_kind *kind = &limit_kinds[i];
		struct rlimit limit;

		if (read_limit(task->tgid, kind, &limit))
			set_rlimit(task->space, kind->umm, &limit);
	}
}

bool limits_stack(pid_t pid, uint64_t *soft)
{
	struct rlimit limit;

	for (size_t i = 0; i < LIMIT_KINDS; i++) {
		if (limit_kinds[i].umm != UMM_RLIMIT_STACK ||
		    !read_limit(pid, &limit_kinds[i], &limit))
			continue;
		*soft = limit.rlim_cur;
		return true;
	}
	return false;
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
	if (effective & (UINT64_C(1) << CAP_IPC_OWNER))
		caps |= UMM_CAP_IPC_OWNER;
	if (effective & (UINT64_C(1) << CAP_SYS_ADMIN))
		caps |= UMM_CAP_SYS_ADMIN;
	if (effective & (UINT64_C(1) << CAP_SYS_RESOURCE))
		caps |= UMM_CAP_SYS_RESOURCE;
	if (effective & (UINT64_C(1) << CAP_SYS_NICE))
		caps |= UMM_CAP_SYS_NICE;
	return caps;
}

/* The numbers of the line "@key 1 2 3" of a status text: how many; at most @room are kept. */
static size_t status_numbers(const char *text, const char *key, uint32_t *number, size_t room)
{
	const char *at = strstr(text, key);
	size_t nr = 0;
	char *end;

	if (!at)
		return 0;
	for (at += strlen(key); *at != '\n' && *at; at = end, nr++) {
		unsigned long value = strtoul(at, &end, 10);

		if (end == at)
			break;
		if (nr < room)
			number[nr] = (uint32_t)value;
		while (*end == ' ' || *end == '\t')
			end++;
	}
	return nr;
}

int limits_read_ids(struct task *task)
{
	uint32_t uid[4], gid[4], groups[UMM_GROUPS_MAX];
	char text[8192];
	size_t nr;

	if (!read_proc(task->tid, "status", text, sizeof(text)) ||
	    status_numbers(text, "\nUid:", uid, 4) != 4 ||
	    status_numbers(text, "\nGid:", gid, 4) != 4)
		return -ESRCH;
	nr = status_numbers(text, "\nGroups:", groups, UMM_GROUPS_MAX);
	if (nr > UMM_GROUPS_MAX)
		return -ENOTSUP;
	return umm_mm_set_ids(task->space->mm, uid[1], gid[1], groups, nr);
}

void limits_read(struct task *task)
{
	struct space *space = task->space;
	uint32_t caps;

	if (!space || !space->mm)
		return;
	read_limits(task);
	caps = read_caps(task->tid);
	umm_mm_set_caps(space->mm, caps);
	for (struct hypothesis *h = space->hypotheses; h; h = h->next)
		umm_mm_set_caps(h->mm, caps);
	space->limits_of = task->tgid;
}

void limits_read_personality(struct task *task)
{
	struct space *space = task->space;
	char text[32];

	if (!space || !space->mm || !read_proc(task->tid, "personality", text, sizeof(text)))
		return;
	task->personality = (uint32_t)strtoul(text, NULL, 16);
	space->personality = task->personality;
	umm_mm_set_personality(space->mm, space->personality);
}

void limits_ensure_personality(struct task *task)
{
	struct space *space = task->space;

	if (!space || !space->mm || space->personality == task->personality)
		return;
	space->personality = task->personality;
	umm_mm_set_personality(space->mm, space->personality);
	for (struct hypothesis *h = space->hypotheses; h; h = h->next)
		umm_mm_set_personality(h->mm, space->personality);
}

void limits_forget(struct follower *f)
{
	for (struct space *space = f->spaces; space; space = space->next)
		space->limits_of = 0;
}

/* Another process may set them at any time (prlimit): they are looked at so often. */
#define LIMITS_LAST_NS UINT64_C(10000000)

void limits_ensure(struct task *task)
{
	uint64_t now = follower_now_ns();

	if (task->space->limits_of != task->tgid)
		limits_read(task);
	else if (now - task->space->limits_read_ns > LIMITS_LAST_NS)
		read_limits(task);
	else
		return;
	task->space->limits_read_ns = now;
}

bool limits_has_seccomp(pid_t tid)
{
	char text[4096];

	return read_proc(tid, "status", text, sizeof(text)) &&
	       (strstr(text, "\nSeccomp:\t2") || strstr(text, "\nSeccomp:\t1"));
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

void limits_read_wishes(struct task *task)
{
	static const uint64_t disable[4] = { 1, 0, 0, 0 };
	struct umm_mm *mm = task->space->mm;
	char text[4096];

	if (read_proc(task->tid, "status", text, sizeof(text)) && strstr(text, "THP_enabled:\t0"))
		(void)umm_set_thp_disable(mm, disable, NULL);
	if (read_proc(task->tid, "ksm_stat", text, sizeof(text)))
		umm_adopt_memory_merge(mm, strstr(text, "ksm_merge_any: yes") != NULL);
}
