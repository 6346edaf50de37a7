/*
 * files.c - descriptors and areas to files.
 *
 * Theory
 * ------
 * The model wants to know of two mappings whether they are of the same open file description: only
 * then do they merge.  A number does not tell (dup, fork, close and reuse), an inode neither (two
 * opens).  So a descriptor is copied by pidfd_getfd and compared by kcmp with the copies that we
 * hold of files with mapped areas.  The copy lives as long as its umm_file, which lives as long as
 * the model has an area of it: the umm_file's release closes it.
 *
 * What exec mapped has no descriptor anywhere: nothing that a program opens is the same
 * description, so such a file (fd == -1) is found by inode for areas, never for descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "host/calls/shm.h"
#include "host/file_kinds.h"
#include "host/files.h"
#include "host/settings.h"

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027	/* Linux 6.10 */
#endif
#define PIDFD_THREAD_FLAG O_EXCL	/* Linux 6.9 */

static struct known_file **bucket(struct follower *f, uint64_t inode)
{
	return &f->files[inode % KNOWN_BUCKETS];
}

static void release(void *cookie)
{
	struct known_file *known = cookie;
	struct known_file **link = bucket(known->f, known->inode);

	while (*link && *link != known)
		link = &(*link)->next;
	if (*link)
		*link = known->next;
	if (known->fd >= 0)
		close(known->fd);
	free(known);
}

static struct known_file *known_new(struct follower *f, uint32_t dev_major, uint32_t dev_minor,
				    uint64_t inode, const char *path)
{
	struct known_file *known = calloc(1, sizeof(*known) + strlen(path) + 1);

	if (!known)
		return NULL;
	known->f = f;
	known->fd = -1;
	known->dev_major = dev_major;
	known->dev_minor = dev_minor;
	known->inode = inode;
	strcpy(known->path, path);
	return known;
}

/* Make the umm_file and put it in the table.  On an error @known is freed, its fd closed. */
static int publish(struct follower *f, struct known_file *known, enum umm_file_align align,
		   uint32_t huge_shift)
{
	struct umm_file_desc desc;
	int err;

	umm_file_desc_init(&desc, known->kind);
	desc.align = align;
	desc.flags = known->flags;
	desc.dev_major = known->dev_major;
	desc.dev_minor = known->dev_minor;
	desc.inode = known->inode;
	desc.huge_shift = huge_shift;
	desc.path = known->path;
	desc.cookie = known;
	desc.release = release;
	err = umm_file_new(f->world, &desc, &known->file);
	if (err) {
		if (known->fd >= 0)
			close(known->fd);
		free(known);
		return err;
	}
	known->next = *bucket(f, known->inode);
	*bucket(f, known->inode) = known;
	return 0;
}

/* ---- descriptors ---- */

int files_copy_descriptor(struct task *task, int fd)
{
	long copy;

	if (task->pidfd < 0) {
		task->pidfd = (int)syscall(SYS_pidfd_open, task->tid, PIDFD_THREAD_FLAG);
		if (task->pidfd < 0)
			task->pidfd = (int)syscall(SYS_pidfd_open, task->tgid, 0);
		if (task->pidfd < 0)
			return -errno;
	}
	copy = syscall(SYS_pidfd_getfd, task->pidfd, fd, 0);
	return copy < 0 ? -errno : (int)copy;
}

/* 1, 0, or a negative error.  Containers often forbid kcmp; the other way is Linux 6.10. */
static int same_description(int a, int b)
{
	pid_t self = getpid();
	long order = syscall(SYS_kcmp, self, self, KCMP_FILE, a, b);
	int same;

	if (order >= 0)
		return order == 0;
	same = fcntl(a, F_DUPFD_QUERY, b);
	return same >= 0 ? same : -errno;
}

/* 1 and *out, 0, or a negative error if nobody can say. */
static int find_known(struct follower *f, int fd, const struct stat *st, struct known_file **out)
{
	struct known_file *known;

	for (known = *bucket(f, st->st_ino); known; known = known->next) {
		int same;

		if (known->fd < 0 || known->inode != st->st_ino ||
		    known->dev_major != major(st->st_dev) || known->dev_minor != minor(st->st_dev))
			continue;
		same = same_description(known->fd, fd);
		*out = known;
		if (same)
			return same;
	}
	return 0;
}

/* What may have changed on a description since it was first seen. */
static void refresh(struct known_file *known, bool shared)
{
	uint32_t changing = 0, flags = known->flags;

	if (known->kind == UMM_FILE_SHMEM || known->kind == UMM_FILE_HUGETLB) {
		changing |= UMM_FILE_SEAL_WRITE | UMM_FILE_SEAL_FUTURE | UMM_FILE_SEAL_SEAL;
		flags = (flags & ~changing) | file_seals_of(known->fd);
	}
	if (shared && (flags & UMM_FMODE_WRITE)) {
		flags &= ~(uint32_t)UMM_FILE_APPEND_ONLY;
		if (file_is_append_only(known->fd))
			flags |= UMM_FILE_APPEND_ONLY;
	}
	if (flags != known->flags)
		umm_file_set_flags(known->file, flags);
	known->flags = flags;
}

static void path_of(int fd, char *path, size_t size)
{
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, size - 1);
	path[n > 0 ? n : 0] = '\0';
}

static int new_known(struct follower *f, int fd, const struct stat *st, bool shared,
		     struct umm_file **out)
{
	struct known_file *known;
	struct umm_file_desc desc;
	char path[4096];
	int err;

	path_of(fd, path, sizeof(path));
	known = known_new(f, major(st->st_dev), minor(st->st_dev), st->st_ino, path);
	if (!known)
		return -ENOMEM;
	file_desc_of(f->settings, fd, st, path, shared, &desc);
	known->fd = fd;
	known->flags = desc.flags;
	known->kind = desc.kind;
	err = publish(f, known, desc.align, desc.huge_shift);
	if (!err)
		*out = known->file;
	return err;
}

/* Pages that mmap fills end where the file does. */
static void note_size(const struct follower *f, struct umm_file *file, const struct stat *st)
{
	if (f->pages && S_ISREG(st->st_mode))
		umm_file_set_size(file, (uint64_t)st->st_size);
}

int files_of_descriptor(struct follower *f, struct task *task, int fd, bool shared,
			struct umm_file **out)
{
	int copy = files_copy_descriptor(task, fd), open_flags, found;
	struct known_file *known;
	struct stat st;

	*out = NULL;
	if (copy == -EBADF)
		return 0;
	if (copy < 0)
		return copy;
	open_flags = fcntl(copy, F_GETFL);
	if (open_flags < 0 || (open_flags & O_PATH)) {
		close(copy);
		return 0;
	}
	if (fstat(copy, &st) != 0) {
		int err = -errno;

		close(copy);
		return err;
	}
	found = find_known(f, copy, &st, &known);
	if (found < 0) {
		close(copy);
		return found;
	}
	if (found) {
		close(copy);
		refresh(known, shared);
		umm_file_get(known->file);
		*out = known->file;
		note_size(f, *out, &st);
		return 0;
	}
	found = new_known(f, copy, &st, shared, out);
	if (!found)
		note_size(f, *out, &st);
	return found;
}

/* Of a file that exec mapped nobody has a descriptor: its path may still lead to it. */
static bool stat_known(const struct known_file *known, struct stat *st)
{
	if (known->fd >= 0)
		return fstat(known->fd, st) == 0;
	return known->path[0] == '/' && stat(known->path, st) == 0 && st->st_ino == known->inode &&
	       major(st->st_dev) == known->dev_major && minor(st->st_dev) == known->dev_minor;
}

void files_observe(struct follower *f, struct space *space, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };

	for (uint64_t at = start; umm_find_area(space->mm, at, &area) && area.start < end;
	     at = area.end) {
		struct known_file *known = area.file ? umm_file_cookie(area.file) : NULL;
		struct stat st;

		if (!known)
			continue;
		if (known->fd >= 0)
			refresh(known, false);
		if (stat_known(known, &st) && S_ISREG(st.st_mode))
			umm_file_set_size(known->file, (uint64_t)st.st_size);
		f->summary->observed++;
	}
}

/* A description that no descriptor of anybody's refers to: known by its inode alone. */
static struct known_file *find_exec(struct follower *f, const struct stat *st)
{
	struct known_file *known;

	for (known = *bucket(f, st->st_ino); known; known = known->next)
		if (known->of_exec && known->inode == st->st_ino &&
		    known->dev_major == major(st->st_dev) && known->dev_minor == minor(st->st_dev))
			return known;
	return NULL;
}

int files_of_exec(struct follower *f, int fd, struct umm_file **out)
{
	struct known_file *known;
	struct statfs fs = { 0 };
	struct stat st;
	char path[4096];
	int err;

	if (fstat(fd, &st) != 0 || fstatfs(fd, &fs) != 0)
		return -errno;
	known = find_exec(f, &st);
	if (known) {
		umm_file_get(known->file);
		*out = known->file;
		return 0;
	}
	path_of(fd, path, sizeof(path));
	known = known_new(f, major(st.st_dev), minor(st.st_dev), st.st_ino, path);
	if (!known)
		return -ENOMEM;
	known->of_exec = true;
	known->flags = UMM_FMODE_READ | UMM_FILE_SIGNED_OFFSETS;
	known->kind = file_kind_of(fd, &st, (long)fs.f_type, path);
	err = publish(f, known, file_align_of(known->kind, (long)fs.f_type), 0);
	if (!err)
		*out = known->file;
	return err;
}

/* ---- areas ---- */

static struct known_file *find_inode(struct follower *f, const struct proc_area *kernel)
{
	struct known_file *known, *found = NULL;

	for (known = *bucket(f, kernel->inode); known; known = known->next) {
		if (known->inode != kernel->inode || known->dev_major != kernel->dev_major ||
		    known->dev_minor != kernel->dev_minor)
			continue;
		if (known->fd < 0)
			return known;		/* what exec mapped, rather than a descriptor */
		found = known;
	}
	return found;
}

bool files_known_without_descriptor(const struct umm_file *file)
{
	const struct known_file *known = umm_file_cookie(file), *other;

	if (!known)
		return false;
	for (other = *bucket(known->f, known->inode); other; other = other->next)
		if (other->fd < 0 && other->inode == known->inode &&
		    other->dev_major == known->dev_major && other->dev_minor == known->dev_minor)
			return true;
	return false;
}

/* What only its path can tell of a file that was opened before we came. */
static enum umm_file_kind kind_by_name(const char *name)
{
	if (strcmp(name, "/dev/zero") == 0)
		return UMM_FILE_ZERO;
	return strncmp(name, "/memfd:", 7) == 0 ? UMM_FILE_SHMEM : UMM_FILE_REGULAR;
}

static int file_of_area(struct follower *f, struct umm_mm *mm, const struct proc_area *kernel,
			struct umm_file **out)
{
	struct known_file *known = find_inode(f, kernel);
	bool huge = kernel->vm_flags & UMM_VM_HUGETLB;
	int err;

	if (strncmp(kernel->name, "/SYSV", 5) == 0 && shm_file_of_area(f, mm, kernel, out) == 0)
		return 0;
	if (known) {
		umm_file_get(known->file);
		*out = known->file;
		return 0;
	}
	known = known_new(f, kernel->dev_major, kernel->dev_minor, kernel->inode, kernel->name);
	if (!known)
		return -ENOMEM;
	known->kind = huge ? UMM_FILE_HUGETLB : kind_by_name(kernel->name);
	known->flags = UMM_FMODE_READ;
	if (kernel->vm_flags & UMM_VM_SHARED)	/* or it would not be */
		known->flags |= UMM_FMODE_WRITE;
	/* A segment of shmget() has a close operation, which keeps its areas apart. */
	if (strncmp(kernel->name, "/SYSV", 5) == 0)
		known->flags |= UMM_FILE_VM_CLOSE;
	err = publish(f, known, huge ? UMM_ALIGN_HUGETLB : UMM_ALIGN_NONE, huge ? 21 : 0);
	if (!err)
		*out = known->file;
	return err;
}

static enum umm_area_name name_of(const char *name)
{
	static const struct { const char *text; enum umm_area_name name; } names[] = {
		{ "", UMM_NAME_NONE }, { "[heap]", UMM_NAME_HEAP }, { "[stack]", UMM_NAME_STACK },
		{ "[vdso]", UMM_NAME_VDSO }, { "[vvar]", UMM_NAME_VVAR },
		{ "[vvar_vclock]", UMM_NAME_VVAR_VCLOCK },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].text) == 0)
			return names[i].name;
	return UMM_NAME_OTHER_SPECIAL;
}

static uint64_t flags_from_permissions(const struct proc_area *kernel)
{
	uint64_t flags = UMM_VM_MAYREAD | UMM_VM_MAYWRITE | UMM_VM_MAYEXEC;

	if (kernel->readable)
		flags |= UMM_VM_READ;
	if (kernel->writable)
		flags |= UMM_VM_WRITE;
	if (kernel->executable)
		flags |= UMM_VM_EXEC;
	if (kernel->shared)
		flags |= UMM_VM_SHARED | UMM_VM_MAYSHARE;
	else if (kernel->writable)
		flags |= UMM_VM_ACCOUNT;
	return flags;
}

int files_area_from_kernel(struct follower *f, struct umm_mm *mm, const struct proc_area *kernel,
			   struct umm_area *area)
{
	bool has_file = kernel->inode || kernel->dev_major || kernel->dev_minor;

	*area = (struct umm_area){
		.size = sizeof(*area),
		.start = kernel->start,
		.end = kernel->end,
		.vm_flags = kernel->vm_flags ? kernel->vm_flags : flags_from_permissions(kernel),
		.pgoff = has_file ? kernel->offset / UMM_PAGE_SIZE : kernel->start / UMM_PAGE_SIZE,
		.name = has_file ? UMM_NAME_FILE : name_of(kernel->name),
		.anon = kernel->shared ? UMM_ANON_NONE : UMM_ANON_UNKNOWN,
	};
	if (area->name == UMM_NAME_OTHER_SPECIAL && strncmp(kernel->name, "[anon:", 6) == 0) {
		area->name = UMM_NAME_ANON;
		area->anon_name = kernel->name + 6;
	}
	if (area->name == UMM_NAME_OTHER_SPECIAL)
		area->special = kernel->name;
	return has_file ? file_of_area(f, mm, kernel, &area->file) : 0;
}
