/*
 * file_kinds.c - what is known of files by their file system and type.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "host/file_kinds.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif
#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446
#endif
#define BCACHEFS_MAGIC 0xca451a4e
#define MQUEUE_MAGIC 0x19800202

static bool never_mappable_anon_inode(const char *path)
{
	static const char *const name[] = {
		"[eventfd]", "[eventpoll]", "[timerfd]", "[signalfd]", "inotify", "[fanotify]",
		"[userfaultfd]", "[pidfd]",
	};

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
		if (strstr(path, name[i]))
			return true;
	return false;
}

static enum umm_file_kind kind_of_character_device(dev_t rdev)
{
	unsigned int major_nr = major(rdev);

	if (rdev == makedev(1, 5))
		return UMM_FILE_ZERO;
	/* null, full, random, urandom; terminals and consoles: no mmap */
	if (major_nr == 1 && minor(rdev) >= 3)
		return UMM_FILE_NOT_MAPPABLE;
	if (major_nr == 4 || major_nr == 5 || (major_nr >= 136 && major_nr <= 143))
		return UMM_FILE_NOT_MAPPABLE;
	return UMM_FILE_DEVICE;
}

static int socket_option(int fd, int option)
{
	socklen_t len = sizeof(int);
	int value = -1;

	return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : -1;
}

/* Most protocols cannot be mapped, and are known not to; of others only they themselves know. */
static enum umm_file_kind kind_of_socket(int fd)
{
	switch (socket_option(fd, SO_DOMAIN)) {
	case AF_UNIX: case AF_NETLINK: case AF_ALG: case AF_VSOCK: case AF_KEY:
		return UMM_FILE_SOCKET;
	case AF_INET: case AF_INET6:
		return socket_option(fd, SO_TYPE) == SOCK_STREAM &&
		       socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP ? UMM_FILE_DEVICE :
								       UMM_FILE_SOCKET;
	default:
		return UMM_FILE_DEVICE;
	}
}

enum umm_file_kind file_kind_of(int fd, const struct stat *st, long fs_type, const char *path)
{
	switch (st->st_mode & S_IFMT) {
	case S_IFREG:
		switch (fs_type) {
		case TMPFS_MAGIC:
			return UMM_FILE_SHMEM;
		case HUGETLBFS_MAGIC:
			return UMM_FILE_HUGETLB;
		case PROC_SUPER_MAGIC:
		case SYSFS_MAGIC:
		case TRACEFS_MAGIC:
		case DEBUGFS_MAGIC:
		case SECURITYFS_MAGIC:
		case CGROUP_SUPER_MAGIC:
		case CGROUP2_SUPER_MAGIC:
		case MQUEUE_MAGIC:
		case NSFS_MAGIC:
		case PID_FS_MAGIC:
			return UMM_FILE_NOT_MAPPABLE;
		case SECRETMEM_MAGIC:
			return UMM_FILE_DEVICE;
		default:
			return UMM_FILE_REGULAR;
		}
	case S_IFBLK:
		return UMM_FILE_REGULAR;
	case S_IFCHR:
		return kind_of_character_device(st->st_rdev);
	case S_IFSOCK:
		return kind_of_socket(fd);
	case 0:
		return never_mappable_anon_inode(path) ? UMM_FILE_NOT_MAPPABLE : UMM_FILE_DEVICE;
	default:
		return UMM_FILE_NOT_MAPPABLE;	/* directory, pipe */
	}
}

/* The file systems that allow no execution on any mount: statfs shows only what a mount forbids. */
bool file_system_never_executes(const struct settings *settings, long fs_type)
{
	switch (fs_type) {
	case MQUEUE_MAGIC:
	case PROC_SUPER_MAGIC:
	case SECRETMEM_MAGIC:
	case SYSFS_MAGIC:
		return true;
	case ANON_INODE_FS_MAGIC:
		return settings->anon_inodes_noexec;
	case NSFS_MAGIC:
	case PID_FS_MAGIC:
	case PIPEFS_MAGIC:
	case SOCKFS_MAGIC:
		return settings->pipes_noexec;
	default:
		return false;
	}
}

/* The file systems whose files can have no holes punched into them. */
bool file_system_never_punched(long fs_type)
{
	switch (fs_type) {
	case ISOFS_SUPER_MAGIC:
	case MSDOS_SUPER_MAGIC:
	case RAMFS_MAGIC:
	case SQUASHFS_MAGIC:
	case V9FS_MAGIC:
		return true;
	default:
		return false;
	}
}

/* Their mmap operation was not split in two, as most were with Linux 6.16 and 6.17. */
bool file_system_maps_late(long fs_type)
{
	return fs_type == OVERLAYFS_SUPER_MAGIC || fs_type == FUSE_SUPER_MAGIC;
}

/* The file systems whose files ask for addresses that suit huge pages. */
enum umm_file_align file_align_of(enum umm_file_kind kind, long fs_type)
{
	if (kind == UMM_FILE_HUGETLB)
		return UMM_ALIGN_HUGETLB;
	if (kind == UMM_FILE_ZERO)
		return UMM_ALIGN_THP;
	if (kind != UMM_FILE_REGULAR)
		return UMM_ALIGN_NONE;
	switch (fs_type) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case EROFS_SUPER_MAGIC_V1:
	case (long)BCACHEFS_MAGIC:
		return UMM_ALIGN_THP;
	default:
		return UMM_ALIGN_NONE;
	}
}

/* ---- descriptors ---- */

uint32_t file_seals_of(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);
	uint32_t flags = 0;

	if (seals < 0)
		return 0;
	if (seals & F_SEAL_WRITE)
		flags |= UMM_FILE_SEAL_WRITE;
	if (seals & F_SEAL_SEAL)
		flags |= UMM_FILE_SEAL_SEAL;
	if (seals & F_SEAL_FUTURE_WRITE)
		flags |= UMM_FILE_SEAL_FUTURE;
	return flags;
}

bool file_is_append_only(int fd)
{
	struct statx stx;

	return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_APPEND);
}

static uint32_t mode_flags(int open_flags)
{
	switch (open_flags & O_ACCMODE) {
	case O_RDONLY:
		return UMM_FMODE_READ;
	case O_WRONLY:
		return UMM_FMODE_WRITE;
	case O_RDWR:
		return UMM_FMODE_READ | UMM_FMODE_WRITE;
	default:
		return 0;
	}
}

void file_desc_of(const struct settings *settings, int fd, const struct stat *st, const char *path,
		  bool shared, struct umm_file_desc *desc)
{
	int open_flags = fcntl(fd, F_GETFL);
	struct statfs fs = { 0 };

	umm_file_desc_init(desc, UMM_FILE_REGULAR);
	desc->flags = mode_flags(open_flags < 0 ? O_PATH | O_ACCMODE : open_flags);
	if (fstatfs(fd, &fs) == 0 &&
	    ((fs.f_flags & ST_NOEXEC) || file_system_never_executes(settings, (long)fs.f_type)))
		desc->flags |= UMM_FILE_NOEXEC;
	if (S_ISREG(st->st_mode) || S_ISSOCK(st->st_mode))
		desc->flags |= UMM_FILE_SIGNED_OFFSETS;
	if (file_system_never_punched((long)fs.f_type))
		desc->flags |= UMM_FILE_NO_PUNCH;
	if (file_system_maps_late((long)fs.f_type))
		desc->flags |= UMM_FILE_LATE_MMAP;
	desc->kind = file_kind_of(fd, st, (long)fs.f_type, path);
	if (desc->kind == UMM_FILE_SHMEM || desc->kind == UMM_FILE_HUGETLB)
		desc->flags |= file_seals_of(fd);
	if (desc->kind == UMM_FILE_HUGETLB)
		desc->huge_shift = (uint32_t)__builtin_ctzl((unsigned long)fs.f_bsize | 1UL << 40);
	if (desc->kind == UMM_FILE_DEVICE && st->st_rdev == makedev(1, 1))
		desc->flags |= UMM_FILE_LARGE_OFFSETS;
	if (shared && (desc->flags & UMM_FMODE_WRITE) && file_is_append_only(fd))
		desc->flags |= UMM_FILE_APPEND_ONLY;
	desc->align = file_align_of(desc->kind, (long)fs.f_type);
	desc->dev_major = major(st->st_dev);
	desc->dev_minor = minor(st->st_dev);
	desc->inode = st->st_ino;
	desc->path = path;
}
