#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/tracepoints.h"

static int read_id(const char *root, const char *name)
{
	char path[160], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/events/exceptions/%s/id", root, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return atoi(text);
}

static bool read_ids(const char *root, int id[2])
{
	id[0] = read_id(root, "page_fault_user");
	id[1] = read_id(root, "page_fault_kernel");
	return id[0] > 0 && id[1] > 0;
}

/* The child's part: its own mounts, then the ids through the pipe. */
static void ids_child(int fd)
{
	int id[2];

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) != 0 ||
	    !read_ids("/sys/kernel/tracing", id))
		_exit(1);
	_exit(write(fd, id, sizeof(id)) != sizeof(id));
}

bool tracepoints_of_faults(int id[2])
{
	int fd[2], status;
	bool found;
	pid_t pid;

	if (read_ids("/sys/kernel/tracing", id) || read_ids("/sys/kernel/debug/tracing", id))
		return true;
	if (geteuid() != 0 || pipe2(fd, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		close(fd[0]);
		ids_child(fd[1]);
	}
	close(fd[1]);
	found = pid > 0 && read(fd[0], id, 2 * sizeof(id[0])) == 2 * (ssize_t)sizeof(id[0]);
	close(fd[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return found;
}
