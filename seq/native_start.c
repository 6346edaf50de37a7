/*
 * native_start.c - what an executor is before its first step, read from /proc.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/file_kinds.h"
#include "host/procmaps.h"
#include "seq/native_inside.h"

#define POOL UINT64_C(0x1000000000)

/* Fields of /proc/PID/stat by their number in proc(5). */
enum { STAT_START_CODE = 26, STAT_END_CODE, STAT_START_STACK, STAT_START_DATA = 45, STAT_END_DATA,
       STAT_START_BRK, STAT_ARG_START, STAT_ARG_END, STAT_ENV_START, STAT_ENV_END, STAT_FIELDS };

static int open_of(const struct seq_native *native, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "%d/%s", (int)native->pid, name);
	return openat(native->proc, path, O_RDONLY | O_CLOEXEC);
}

static bool read_of(const struct seq_native *native, const char *name, char *buf, size_t size)
{
	int fd = open_of(native, name);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return true;
}

static bool observe_layout(const struct seq_native *native, struct seq_start *start)
{
	const uint64_t window = UINT64_C(0x7ffffffff000);
	struct umm_layout *layout = &start->layout;
	uint64_t field[STAT_FIELDS] = { 0 };
	char text[1024], *at;

	if (!read_of(native, "stat", text, sizeof(text)) || !(at = strrchr(text, ')')))
		return false;
	at += 3;			/* ") S", the third field */
	for (int i = 4; i < STAT_FIELDS; i++)
		field[i] = strtoull(at, &at, 10);
	umm_layout_init(layout, start->stack.soft);
	layout->task_size = native->settings.task_size;
	layout->map_window = layout->task_size > window ? window : 0;
	layout->bottom_up = native->control->top < window / 2;
	if (layout->bottom_up)
		layout->mmap_base = layout->mmap_legacy_base = native->control->top - SEQ_PAGE;
	else
		layout->mmap_base = native->control->top;
	layout->start_code = field[STAT_START_CODE];
	layout->end_code = field[STAT_END_CODE];
	layout->start_data = field[STAT_START_DATA];
	layout->end_data = field[STAT_END_DATA];
	layout->start_brk = layout->brk = field[STAT_START_BRK];
	layout->start_stack = field[STAT_START_STACK];
	layout->arg_start = field[STAT_ARG_START];
	layout->arg_end = field[STAT_ARG_END];
	layout->env_start = field[STAT_ENV_START];
	layout->env_end = field[STAT_ENV_END];
	return true;
}

static bool observe_limits(const struct seq_native *native, struct seq_start *start)
{
	const struct {
		enum __rlimit_resource resource;
		struct seq_start_limit *limit;
	} limits[] = {
		{ RLIMIT_DATA, &start->data },
		{ RLIMIT_STACK, &start->stack },
		{ RLIMIT_MEMLOCK, &start->memlock },
		{ RLIMIT_AS, &start->as },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit;

		if (prlimit(native->pid, limits[i].resource, NULL, &limit) != 0)
			return false;
		limits[i].limit->soft = limit.rlim_cur;
		limits[i].limit->hard = limit.rlim_max;
	}
	return true;
}

/* The checks of memory management ask the first user namespace. */
static bool in_first_user_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/user", &st) == 0 && st.st_ino == 0xEFFFFFFDu;
}

static uint32_t caps_of(uint64_t effective)
{
	static const struct { int cap; uint32_t umm; } caps[] = {
		{ CAP_IPC_LOCK, UMM_CAP_IPC_LOCK },
		{ CAP_SYS_RAWIO, UMM_CAP_SYS_RAWIO },
		{ CAP_IPC_OWNER, UMM_CAP_IPC_OWNER },
		{ CAP_SYS_ADMIN, UMM_CAP_SYS_ADMIN },
		{ CAP_SYS_RESOURCE, UMM_CAP_SYS_RESOURCE },
		{ CAP_SYS_NICE, UMM_CAP_SYS_NICE },
	};
	uint32_t found = 0;

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		if (effective & (UINT64_C(1) << caps[i].cap))
			found |= caps[i].umm;
	return found;
}

static uint64_t kb_after(const char *text, const char *word)
{
	const char *at = strstr(text, word);

	return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

/* Without CAP_SYS_PTRACE, which no executor gives up, it is the machine's to allow. */
static bool gets_userfaultfd(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool observe_status(const struct seq_native *native, struct seq_start *start)
{
	char text[4096];
	const char *caps;
	gid_t groups[UMM_GROUPS_MAX];
	int nr = getgroups(UMM_GROUPS_MAX, groups);

	if (!read_of(native, "status", text, sizeof(text)))
		return false;
	start->base[SEQ_BASE_SIZE] = kb_after(text, "\nVmSize:") * 1024;
	start->base[SEQ_BASE_DATA] = kb_after(text, "\nVmData:") * 1024;
	caps = strstr(text, "\nCapEff:");
	if (caps && in_first_user_namespace())
		start->caps = caps_of(strtoull(caps + strlen("\nCapEff:"), NULL, 16));
	start->uid = geteuid();
	start->gid = getegid();
	for (int i = 0; i < nr; i++)
		start->groups[i] = groups[i];
	start->nr_groups = nr < 0 ? 0 : (size_t)nr;
	start->personality = ADDR_NO_RANDOMIZE;
	return true;
}

static void observe_file(const struct seq_native *native, int fd, struct seq_start_file *file)
{
	struct umm_file_desc desc;
	struct stat st;
	char link[32], path[SEQ_START_PATH] = "";

	if (fd < 0 || fstat(fd, &st) != 0)
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (readlink(link, path, sizeof(path) - 1) < 0)
		path[0] = '\0';
	file_desc_of(&native->settings, fd, &st, path, true, &desc);
	file->kind = desc.kind;
	file->align = desc.align;
	file->flags = desc.flags;
	file->dev_major = desc.dev_major;
	file->dev_minor = desc.dev_minor;
	file->inode = desc.inode;
	file->huge_shift = desc.huge_shift;
	file->executable = (st.st_mode & 0111) != 0;
	file->bytes = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : UINT64_MAX;
	strcpy(file->path, path);
}

/* The one that an area maps: of no descriptor that a sequence can name. */
static uint16_t file_of_area(struct seq_start *start, const struct proc_area *area, uint16_t *nr)
{
	struct seq_start_file *file;

	for (uint16_t i = SEQ_FILES; i < *nr; i++)
		if (start->file[i].inode == area->inode &&
		    start->file[i].dev_minor == area->dev_minor)
			return i;
	if (*nr == SEQ_START_FILES)
		return SEQ_FILE_NONE;
	file = &start->file[*nr];
	file->kind = UMM_FILE_SHMEM;
	file->flags = UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_SIGNED_OFFSETS;
	file->dev_major = area->dev_major;
	file->dev_minor = area->dev_minor;
	file->inode = area->inode;
	file->bytes = UINT64_MAX;
	snprintf(file->path, sizeof(file->path), "%s", area->name);
	return (*nr)++;
}

static enum umm_area_name name_of(const struct proc_area *area)
{
	static const struct { const char *text; enum umm_area_name name; } names[] = {
		{ "[vdso]", UMM_NAME_VDSO },
		{ "[vvar]", UMM_NAME_VVAR },
		{ "[vvar_vclock]", UMM_NAME_VVAR_VCLOCK },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(area->name, names[i].text) == 0)
			return names[i].name;
	return area->inode ? UMM_NAME_FILE : UMM_NAME_NONE;
}

static int observe_areas(const struct seq_native *native, struct seq_start *start)
{
	struct proc_areas areas = { 0 };
	uint16_t nr_files = SEQ_FILES;
	int fd = open_of(native, "smaps"), err;

	if (fd < 0)
		return -errno;
	err = procmaps_read(fd, &areas);
	close(fd);
	if (!err && areas.nr > SEQ_START_AREAS)
		err = -E2BIG;
	for (size_t i = 0; !err && i < areas.nr; i++) {
		const struct proc_area *from = &areas.area[i];
		struct seq_start_area *to = &start->area[start->nr_areas++];

		to->start = from->start;
		to->end = from->end;
		to->vm_flags = from->vm_flags;
		to->name = name_of(from);
		to->file = from->inode ? file_of_area(start, from, &nr_files) : SEQ_FILE_NONE;
		to->offset = from->inode ? from->offset : from->start;
		to->written = !from->inode && to->name == UMM_NAME_NONE;
	}
	proc_areas_free(&areas);
	return err;
}

int native_start_observe(struct seq_native *native, struct seq_start *start)
{
	memset(start, 0, sizeof(*start));
	if (!observe_limits(native, start) || !observe_layout(native, start) ||
	    !observe_status(native, start))
		return -ESRCH;
	start->base[SEQ_BASE_POOL] = POOL;
	start->base[SEQ_BASE_TOP] = native->control->top;
	start->base[SEQ_BASE_BRK] = start->layout.brk;
	start->own_start = EXECUTOR_OWN_START;
	start->own_end = EXECUTOR_HEAP;
	start->pages_seen = native->control->has_pagemap;
	start->no_userfaultfd = !gets_userfaultfd();
	start->zero_seen = native->control->zero_pfn != 0;
	start->shm_key = native->shm_key;
	for (int i = SEQ_FILE_NONE + 1; i < SEQ_FILES; i++)
		observe_file(native, native->file[i], &start->file[i]);
	return observe_areas(native, start);
}
