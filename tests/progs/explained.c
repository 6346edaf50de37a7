/*
 * explained.c - each call that the follower explains, once and with success; one that this machine
 * cannot do is left out, and named on stdout.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm_area.h"

#define RW (PROT_READ | PROT_WRITE)

#ifndef SYS_mseal
#define SYS_mseal 462
#endif
#ifndef SYS_set_mempolicy_home_node
#define SYS_set_mempolicy_home_node 450
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif

static void done(const char *call, long result)
{
	if (result == -1)
		dprintf(STDOUT_FILENO, "without %s\n", call);
}

#define DO(call, ...) done(#call, syscall(SYS_##call, __VA_ARGS__))

static void areas(void)
{
	char *at = map_at(pool(16), 8, RW);
	unsigned char vec[8];
	struct iovec range = { at, PAGE };

	DO(mprotect, at, PAGE, PROT_READ);
	DO(munmap, at + 7 * PAGE, PAGE);
	DO(mremap, at + 6 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, 0);
	DO(madvise, at, PAGE, MADV_DONTFORK);
	DO(mlock, at + PAGE, PAGE);
	DO(mlock2, at + 2 * PAGE, PAGE, 1);
	DO(munlock, at + PAGE, PAGE);
	DO(mlockall, MCL_CURRENT);
	DO(munlockall, 0);
	DO(msync, at, PAGE, MS_ASYNC);
	DO(mincore, at, PAGE, vec);
	DO(mseal, at + 5 * PAGE, PAGE, 0);
	DO(process_madvise, (int)syscall(SYS_pidfd_open, getpid(), 0), &range, 1, MADV_COLD, 0);
	DO(brk, (char *)sbrk(0) + PAGE);
}

static void policies(void)
{
	char *at = map_at(pool(4), 4, RW);
	unsigned long node = 1;

	DO(set_mempolicy, 0, NULL, 0);
	DO(mbind, at, 2 * PAGE, 2 /* MPOL_BIND */, &node, 8, 0);
	DO(set_mempolicy_home_node, at, PAGE, 0, 0);
}

static void objects(void)
{
	int fd = memfd_create("explained", MFD_ALLOW_SEALING);
	aio_context_t context = 0;
	long id;
	char *at;

	if (fd < 0 || ftruncate(fd, 4 * PAGE) != 0)
		die("memfd");
	at = expect_ok(sys_mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0), "a file");
	DO(remap_file_pages, at, PAGE, 0, 1, 0);
	DO(fcntl, fd, 1033 /* F_ADD_SEALS */, 4 /* F_SEAL_GROW */);
	DO(io_setup, 1, &context);
	DO(io_destroy, context);
	id = syscall(SYS_shmget, IPC_PRIVATE, PAGE, 0600);
	done("shmget", id);
	at = (char *)syscall(SYS_shmat, id, NULL, 0);
	done("shmat", (long)at);
	DO(shmdt, at);
	DO(shmctl, id, IPC_RMID, NULL);
}

static void the_process(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_DATA, &limit);
	DO(setrlimit, RLIMIT_DATA, &limit);
	DO(prlimit64, 0, RLIMIT_DATA, &limit, NULL);
	DO(personality, ADDR_NO_RANDOMIZE);
	DO(prctl, PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

static void children(void)
{
	pid_t pid = (pid_t)syscall(SYS_fork);

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	areas();
	policies();
	objects();
	the_process();
	children();
	return 0;
}
