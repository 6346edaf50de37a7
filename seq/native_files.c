/*
 * native_files.c - the descriptors that sequences name, opened, and what they are to a model.
 *
 * The regular file is one for all executors: nothing that a sequence does to it lasts.  The others
 * can be sealed and are made anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "seq/native_inside.h"
#include "seq/pages.h"

static int reopen(int fd, int flags)
{
	char path[32];

	if (fd < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

/* A file that nobody else sees and that goes with its descriptors. */
static int unnamed_file(const char *directory)
{
	char path[4096];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (snprintf(path, sizeof(path), "%s/usermm-XXXXXX", directory) >= (int)sizeof(path))
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int regular_file(void)
{
	const char *directory = getenv("TMPDIR");
	int fd = unnamed_file(directory ? directory : "/var/tmp");

	if (fd < 0)
		fd = unnamed_file(".");
	if (fd >= 0 && ftruncate(fd, SEQ_FILE_BYTES) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int pattern_file(void)
{
	static unsigned char bytes[SEQ_PATTERN_BYTES];
	int fd = regular_file();

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = seq_pattern_byte(i);
	if (fd >= 0 && (ftruncate(fd, 0) != 0 ||
			pwrite(fd, bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))) {
		close(fd);
		return -1;
	}
	return fd;
}

int native_files_open(struct seq_native *native)
{
	int *fd = native->regular;

	fd[0] = regular_file();
	fd[1] = reopen(fd[0], O_RDWR);
	fd[2] = reopen(fd[0], O_RDONLY);
	fd[3] = reopen(fd[0], O_WRONLY);
	fd[4] = pattern_file();
	for (int i = 0; i < NATIVE_REGULAR; i++)
		if (fd[i] < 0)
			return -errno;
	return 0;
}

static int memory_file(const char *name, unsigned int flags)
{
	int fd = memfd_create(name, MFD_CLOEXEC | flags);

	if (fd >= 0 && ftruncate(fd, SEQ_FILE_BYTES) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* One end is enough: nobody writes. */
static int one_end(int pair[2])
{
	close(pair[1]);
	return pair[0];
}

static int pipe_end(void)
{
	int pair[2];

	return pipe2(pair, O_CLOEXEC) == 0 ? one_end(pair) : -1;
}

static int socket_end(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 ? one_end(pair) : -1;
}

int native_files_renew(struct seq_native *native)
{
	int *file = native->file;

	file[SEQ_FILE_REGULAR] = native->regular[0];
	file[SEQ_FILE_REOPENED] = native->regular[1];
	file[SEQ_FILE_READ_ONLY] = native->regular[2];
	file[SEQ_FILE_WRITE_ONLY] = native->regular[3];
	file[SEQ_FILE_PATTERN] = native->regular[4];
	file[SEQ_FILE_MEMFD] = memory_file("seq", MFD_ALLOW_SEALING);
	file[SEQ_FILE_MEMFD2] = memory_file("seq2", MFD_ALLOW_SEALING);
	file[SEQ_FILE_MEMFD_READ_ONLY] = reopen(file[SEQ_FILE_MEMFD], O_RDONLY);
	file[SEQ_FILE_ZERO] = open("/dev/zero", O_RDWR | O_CLOEXEC);
	/* Its size stays 0; where hugetlbfs is missing it is closed. */
	file[SEQ_FILE_HUGETLB] = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING |
						      MFD_HUGETLB | 21u << 26);
	file[SEQ_FILE_DIRECTORY] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	file[SEQ_FILE_PIPE] = pipe_end();
	file[SEQ_FILE_SOCKET] = socket_end();
	for (int i = SEQ_FILE_NONE + 1; i < SEQ_FILES; i++)
		if (file[i] < 0 && i != SEQ_FILE_HUGETLB) {
			int err = -errno;

			native_files_close_new(native);
			return err;
		}
	return 0;
}

void native_files_close_new(struct seq_native *native)
{
	for (int i = SEQ_FILE_MEMFD; i < SEQ_FILES; i++) {
		if (native->file[i] >= 0)
			close(native->file[i]);
		native->file[i] = -1;
	}
}

void native_files_close(struct seq_native *native)
{
	for (int i = 0; i < NATIVE_REGULAR; i++)
		if (native->regular[i] >= 0)
			close(native->regular[i]);
}
