/*
 * limits_cases.c - what cannot be known from outside, each provoked: docs/limits.md.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "prog.h"
#include "uffd.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_SEAL_WRITE 0x8
#endif

/* A child that does something and says so, and stays until the pipe is closed. */
struct helper {
	pid_t pid;
	int stay, ready;
};

static struct helper helper_start(void (*body)(void *arg), void *arg)
{
	int stay[2], ready[2];
	struct helper helper;
	char c = 0;

	if (pipe(stay) || pipe(ready))
		die("pipe");
	helper.pid = fork();
	if (helper.pid < 0)
		die("fork");
	if (!helper.pid) {
		close(stay[1]);
		body(arg);
		if (write(ready[1], &c, 1) == 1 && read(stay[0], &c, 1) == 0)
			_exit(0);
		_exit(1);
	}
	close(stay[0]);
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		die("the helper");
	helper.stay = stay[1];
	helper.ready = ready[0];
	return helper;
}

static void helper_end(struct helper *helper)
{
	int status;

	close(helper->stay);
	close(helper->ready);
	expect(waitpid(helper->pid, &status, 0) == helper->pid && status == 0, "the helper");
}

static bool is_traced(void)
{
	char text[4096];
	const char *line;
	ssize_t got;
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	got = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	line = strstr(text, "TracerPid:\t");
	return line && line[strlen("TracerPid:\t")] != '0';
}

static void nothing(void *arg)
{
	(void)arg;
}

/* ---- places and numbers that the kernel chooses ---- */

static void map_32bit(void)
{
	expect_ok(sys_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0),
		  "mmap");
}

static void shmem_inode(void)
{
	expect_ok(sys_mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0), "mmap");
}

/* ---- answers that are not memory management's ---- */

static void driver(void)
{
	struct io_uring_params params;
	long fd;

	memset(&params, 0, sizeof(params));
	fd = syscall(SYS_io_uring_setup, 1, &params);
	if (fd < 0)
		skip("no io_uring: %s", strerror(errno));
	expect_ok(sys_mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd,
			   IORING_OFF_SQ_RING), "the driver's mmap");
}

static void aio_ring_overwritten(void)
{
	unsigned long ctx = 0;
	unsigned int id;

	if (syscall(SYS_io_setup, 1, &ctx) < 0)
		skip("no asynchronous I/O: %s", strerror(errno));
	memcpy(&id, (void *)ctx, sizeof(id));
	id += 12345;
	memcpy((void *)ctx, &id, sizeof(id));
	expect_error(syscall(SYS_io_destroy, ctx) < 0 ? -errno : 0, EINVAL, "io_destroy");
}

static void collapse(void)
{
	char *at = expect_ok(sys_mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "mmap");

	at = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	touch(at);
	if (madvise(at, HUGE, MADV_COLLAPSE) && errno == EINVAL)
		skip("no huge pages");
}

/* A filter of its own refuses mprotect; the call comes when somebody traces us. */
static void own_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	char *at = map_at(pool(1), 1, PROT_READ | PROT_WRITE);
	const struct timespec moment = { .tv_nsec = 20000000 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		skip("no seccomp filters: %s", strerror(errno));
	for (int i = 0; i < 500 && !is_traced(); i++)
		nanosleep(&moment, NULL);
	expect(is_traced(), "somebody traces us");
	expect_error(sys_mprotect(at, PAGE, PROT_READ), EPERM, "mprotect");
}

/* ---- others, who are not followed: run without -f ---- */

static void map_it(void *arg)
{
	if (mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, *(int *)arg, 0) == MAP_FAILED)
		_exit(1);
}

static void sealed_elsewhere(void)
{
	int fd = (int)syscall(SYS_memfd_create, "limits", 2 /* MFD_ALLOW_SEALING */);
	struct helper helper;

	if (fd < 0 || ftruncate(fd, PAGE))
		die("memfd_create");
	helper = helper_start(map_it, &fd);
	expect_error(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 ? -errno : 0, EBUSY, "F_ADD_SEALS");
	helper_end(&helper);
}

static void advised_elsewhere(void)
{
	char *at = map_at(pool(1), 1, PROT_READ | PROT_WRITE);
	struct iovec range = { at, PAGE };
	struct helper helper = helper_start(nothing, NULL);
	long pidfd = syscall(434 /* pidfd_open */, helper.pid, 0), advised;

	expect(pidfd >= 0, "pidfd_open");
	advised = syscall(440 /* process_madvise */, pidfd, &range, 1, MADV_COLD, 0);
	if (advised < 0)
		advised = -errno;
	helper_end(&helper);
	if (advised == -EPERM)
		skip("process_madvise of another: no CAP_SYS_NICE");
	expect(advised == (long)PAGE, "process_madvise");
}

static void make_uffd(void *arg)
{
	*(volatile int *)arg = uffd_new(0);
}

/* A userfaultfd that somebody else made, and that watches his memory. */
static void stranger(void)
{
	int *shared = (int *)expect_ok(sys_mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
						MAP_SHARED | MAP_ANONYMOUS, -1, 0), "mmap");
	char *at = pool(2);
	struct helper helper;
	long pidfd, uffd;

	map_at(at, 2, PROT_READ | PROT_WRITE);
	helper = helper_start(make_uffd, shared);
	pidfd = syscall(434 /* pidfd_open */, helper.pid, 0);
	uffd = syscall(438 /* pidfd_getfd */, pidfd, *shared, 0);
	if (uffd < 0)
		skip("pidfd_getfd: %s", strerror(errno));
	expect(uffd_register((int)uffd, at, PAGE, UFFDIO_REGISTER_MODE_MISSING) == 0, "register");
	helper_end(&helper);
}

/* ---- arguments in memory that nobody may look at before the kernel ---- */

static int filler_uffd;
static char *filled;

static void *fill(void *arg)
{
	struct uffd_msg msg;

	(void)arg;
	while (read(filler_uffd, &msg, sizeof(msg)) != sizeof(msg))
		sched_yield();
	expect(uffd_fill(filler_uffd, filled) == 0, "fill");
	return NULL;
}

static void watched_argument(void)
{
	char *at = pool(1), *mask = pool(1);
	pthread_t thread;

	map_at(at, 1, PROT_READ | PROT_WRITE);
	filled = map_at(mask, 1, PROT_READ | PROT_WRITE);
	filler_uffd = uffd_new(0);
	expect(uffd_register(filler_uffd, mask, PAGE, UFFDIO_REGISTER_MODE_MISSING) == 0,
	       "register");
	if (pthread_create(&thread, NULL, fill, NULL))
		die("pthread_create");
	/* MPOL_DEFAULT with an empty mask. */
	expect(syscall(SYS_mbind, at, PAGE, 0, mask, 64, 0) == 0, "mbind");
	pthread_join(thread, NULL);
}

static const struct prog_case cases[] = {
	{ "map_32bit", map_32bit },
	{ "shmem_inode", shmem_inode },
	{ "driver", driver },
	{ "aio_ring_overwritten", aio_ring_overwritten },
	{ "collapse", collapse },
	{ "own_filter", own_filter },
	{ "sealed_elsewhere", sealed_elsewhere },
	{ "advised_elsewhere", advised_elsewhere },
	{ "stranger", stranger },
	{ "watched_argument", watched_argument },
};

PROG_MAIN(cases)
