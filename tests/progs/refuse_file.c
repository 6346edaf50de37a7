/*
 * refuse_file.c - mappings that are refused because of the file or of how it was opened, and later
 * mprotect that asks for more than the file allows.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)

static long map_file(int fd, int prot, int type)
{
	return sys_mmap(NULL, PAGE, prot, type, fd, 0);
}

/* A file in the scratch directory, opened again with @flags. */
static int file_opened(int flags)
{
	char name[300];
	int fd;

	snprintf(name, sizeof(name), "%s/file", scratch_dir());
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 4 * PAGE) || close(fd))
		die(name);
	fd = open(name, flags | O_CLOEXEC);
	if (fd < 0)
		die(name);
	return fd;
}

static void bad_fd(void)
{
	expect_error(map_file(999, PROT_READ, MAP_PRIVATE), EBADF, "mmap of no descriptor");
}

static void path_fd(void)
{
	expect_error(map_file(file_opened(O_PATH), PROT_READ, MAP_PRIVATE), EBADF,
		     "mmap of an O_PATH descriptor");
}

static void write_only(void)
{
	expect_error(map_file(file_opened(O_WRONLY), PROT_WRITE, MAP_SHARED), EACCES,
		     "mmap of a write-only descriptor");
}

static void read_only(void)
{
	int fd = file_opened(O_RDONLY);

	expect_error(map_file(fd, RW, MAP_SHARED), EACCES,
		     "writable shared mmap of a read-only descriptor");
	expect_ok(map_file(fd, RW, MAP_PRIVATE), "the same, private");
}

static void read_only_mprotect(void)
{
	long at = map_file(file_opened(O_RDONLY), PROT_READ, MAP_SHARED);

	expect_ok(at, "shared mmap of a read-only descriptor");
	expect_error(sys_mprotect((char *)at, PAGE, RW), EACCES, "mprotect to writable");
}

static int append_fd;

static void end_append_only(void)
{
	int flags;

	if (ioctl(append_fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags &= ~FS_APPEND_FL;
		if (ioctl(append_fd, FS_IOC_SETFLAGS, &flags))
			perror("taking the append-only flag away again");
	}
}

static void append_only(void)
{
	int flags;
	int fd = file_opened(O_RDWR);

	append_fd = fd;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		skip("the file system of the scratch directory has no inode flags");
	flags |= FS_APPEND_FL;
	if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
		skip("may not make a file append-only here");
	expect_error(map_file(fd, PROT_READ, MAP_SHARED), EACCES,
		     "shared mmap of an append-only file open for writing");
	expect_ok(map_file(fd, PROT_READ, MAP_PRIVATE), "the same, private");
	end_append_only();
}

static void directory(void)
{
	int fd = open(scratch_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	expect_error(map_file(fd, PROT_READ, MAP_PRIVATE), ENODEV, "mmap of a directory");
}

static void pipe_end(void)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		die("pipe");
	expect_error(map_file(ends[0], PROT_READ, MAP_PRIVATE), ENODEV, "mmap of a pipe");
}

/* What stood in the range is gone when the socket's protocol says no. */
static void socket_end(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char *at = map_at(pool(3), 3, PROT_READ);

	if (fd < 0)
		die("socket");
	expect_error(sys_mmap(at + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0), ENODEV,
		     "mmap of a UNIX socket");
	expect_layout(at, "r--p:1 hole:1 r--p:1", "a hole is left");
}

/*
 * A file on a mount without execution.  The mount hangs in no directory: it lives as long as the
 * descriptors, and nobody else sees it.
 */
static int noexec_file(void)
{
#if defined(SYS_fsopen) && defined(SYS_fsconfig) && defined(SYS_fsmount)
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */), mount, fd;

	if (fs < 0)
		skip("may not make a mount: no noexec mount to try");
	if (syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		die("fsconfig");
	mount = (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 8 /* MOUNT_ATTR_NOEXEC */);
	if (mount < 0)
		die("fsmount");
	fd = openat(mount, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, PAGE))
		die("a file on the noexec mount");
	return fd;
#else
	skip("built without the mount calls: no noexec mount to try");
#endif
}

static void noexec_mount(void)
{
	expect_error(map_file(noexec_file(), PROT_READ | PROT_EXEC, MAP_PRIVATE), EPERM,
		     "executable mmap on a noexec mount");
}

/* The kernel's own mounts forbid it too, before anybody asks whether the object can be mapped. */
static void noexec_pipe(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		die("pipe");
	expect_error(map_file(fds[0], PROT_READ | PROT_EXEC, MAP_PRIVATE), EPERM,
		     "executable mmap of a pipe");
}

static void noexec_proc(void)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/maps");
	expect_error(map_file(fd, PROT_READ | PROT_EXEC, MAP_PRIVATE), EPERM,
		     "executable mmap of a file in /proc");
}

static void noexec_mprotect(void)
{
	long at = map_file(noexec_file(), PROT_READ, MAP_PRIVATE);

	expect_ok(at, "readable mmap on a noexec mount");
	expect_error(sys_mprotect((char *)at, PAGE, PROT_READ | PROT_EXEC), EACCES,
		     "mprotect to executable on a noexec mount");
}

static int sealed_memfd(void)
{
	int fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, PAGE) || fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE))
		die("a sealed memfd");
	return fd;
}

static void sealed(void)
{
	int fd = sealed_memfd();

	expect_error(map_file(fd, RW, MAP_SHARED), EPERM, "writable mmap of a sealed memfd");
	expect_ok(map_file(fd, RW, MAP_PRIVATE), "the same, private");
}

static void sealed_mprotect(void)
{
	long at = map_file(sealed_memfd(), PROT_READ, MAP_SHARED);

	if (at == -EPERM)
		skip("this kernel maps no write-sealed memfd shared");
	expect_ok(at, "readable mmap of a sealed memfd");
	expect_error(sys_mprotect((char *)at, PAGE, RW), EACCES, "mprotect to writable");
}

/* Bit 21 of the flags means nothing (yet). */
static void shared_validate(void)
{
	int fd = file_opened(O_RDWR);

	expect_error(map_file(fd, RW, MAP_SHARED_VALIDATE | 1 << 21), EOPNOTSUPP,
		     "MAP_SHARED_VALIDATE with an unknown flag");
	expect_ok(map_file(fd, RW, MAP_SHARED | 1 << 21), "the same with MAP_SHARED");
}

static void file_size_limit(void)
{
	int fd = file_opened(O_RDWR);

	expect_error(sys_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0x7ffffffffffff000),
		     EOVERFLOW, "mmap of the page past the largest offset");
}

static void proc_size_limit(void)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/maps");
	expect_error(sys_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0x7ffffffffffff000),
		     EOVERFLOW, "the same of a regular file that cannot be mapped");
}

/* The file system of the scratch folder must be one that knows DAX and has none. */
static void sync_without_dax(void)
{
	int fd = file_opened(O_RDWR);
	long at = sys_mmap(NULL, PAGE, RW, MAP_SHARED | MAP_SYNC, fd, 0);

	if (at >= 0)
		skip("this file system takes MAP_SYNC");
	expect_error(at, EOPNOTSUPP, "MAP_SYNC of a file that is not on DAX");
}

static void file_growsdown(void)
{
	expect_error(map_file(file_opened(O_RDWR), RW, MAP_PRIVATE | MAP_GROWSDOWN), EINVAL,
		     "mmap of a file that grows down");
}

static void file_hugetlb(void)
{
	expect_error(map_file(file_opened(O_RDWR), RW, MAP_PRIVATE | MAP_HUGETLB), EINVAL,
		     "MAP_HUGETLB of an ordinary file");
}

static void file_map_type(void)
{
	expect_error(map_file(file_opened(O_RDWR), RW, 0), EINVAL,
		     "mmap of a file neither shared nor private");
}

static const struct prog_case cases[] = {
	{ "bad_fd", bad_fd },
	{ "path_fd", path_fd },
	{ "write_only", write_only },
	{ "read_only", read_only },
	{ "read_only_mprotect", read_only_mprotect },
	{ "append_only", append_only },
	{ "directory", directory },
	{ "pipe_end", pipe_end },
	{ "socket_end", socket_end },
	{ "noexec_mount", noexec_mount },
	{ "noexec_pipe", noexec_pipe },
	{ "noexec_proc", noexec_proc },
	{ "noexec_mprotect", noexec_mprotect },
	{ "sealed", sealed },
	{ "sealed_mprotect", sealed_mprotect },
	{ "shared_validate", shared_validate },
	{ "file_size_limit", file_size_limit },
	{ "proc_size_limit", proc_size_limit },
	{ "sync_without_dax", sync_without_dax },
	{ "file_growsdown", file_growsdown },
	{ "file_hugetlb", file_hugetlb },
	{ "file_map_type", file_map_type },
};

PROG_MAIN(cases)
