/*
 * vfork_maps.c - what the child of a vfork maps, its parent has; and its parent sleeps meanwhile,
 * so that who lets in one call at a time must not wait for the vfork to come back.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)

static char *at;

/* No function of the C library's that keeps state runs in the child. */
#define IN_VFORK(what)								\
	do {									\
		int vfork_status;						\
		pid_t vfork_pid = vfork();					\
										\
		if (vfork_pid < 0)						\
			die("vfork");						\
		if (vfork_pid == 0) {						\
			what;							\
		}								\
		if (waitpid(vfork_pid, &vfork_status, 0) != vfork_pid)		\
			die("waitpid");						\
		expect(vfork_status == 0, "the child's status is %d", vfork_status);	\
	} while (0)

static void map_some(void)
{
	long flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	sys_mmap(at, 2 * PAGE, RW, (int)flags, -1, 0);
	*(volatile char *)at = 1;
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
}

static void exec_true(void)
{
	char *argv[] = { "/proc/self/exe", "--list", NULL }, *env[] = { NULL };

	execve(argv[0], argv, env);
	_exit(1);
}

static void exits(void)
{
	at = pool(4);
	IN_VFORK(map_some(); _exit(0));
	expect_layout(at, "rw-p:1 r--p:1 hole:2", "the child's areas are the parent's");
	expect(sys_munmap(at, 2 * PAGE) == 0, "munmap");
}

static void execs(void)
{
	at = pool(4);
	IN_VFORK(map_some(); exec_true());
	expect_layout(at, "rw-p:1 r--p:1 hole:2", "the child's areas are the parent's");
}

/* A child of a vfork forks itself. */
static void forks_in_it(void)
{
	at = pool(4);
	IN_VFORK(
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			map_some();
			_exit(0);
		}
		_exit(waitpid(pid, &status, 0) != pid || status != 0));
	expect_layout(at, "hole:4", "the grandchild had its own");
}

static void *other_calls(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		char *addr = (char *)sys_mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
					      0);

		*(volatile char *)addr = 1;
		sys_munmap(addr, 2 * PAGE);
	}
	return NULL;
}

static void beside_threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, other_calls, NULL))
		die("pthread_create");
	at = pool(4);
	for (int i = 0; i < 10; i++) {
		IN_VFORK(map_some(); _exit(0));
		IN_VFORK(exec_true());
	}
	pthread_join(thread, NULL);
	expect_layout(at, "rw-p:1 r--p:1 hole:2", "the child's areas are the parent's");
}

static const struct prog_case cases[] = {
	{ "exits", exits },
	{ "execs", execs },
	{ "forks_in_it", forks_in_it },
	{ "beside_threads", beside_threads },
};

PROG_MAIN(cases)
