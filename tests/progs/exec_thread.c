/*
 * exec_thread.c - the ends of threads: exec by one that is not the first, exit and death in the
 * middle of other threads' calls.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)
#define THREADS 3

static atomic_uint calls;
static char self[4096];			/* /proc/self/exe goes with the first thread */

static void *call_for_ever(void *arg)
{
	(void)arg;
	for (;;) {
		char *addr = (char *)sys_mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
					      0);

		*(volatile char *)addr = 1;
		sys_mprotect(addr, PAGE, PROT_READ);
		sys_munmap(addr, 2 * PAGE);
		atomic_fetch_add(&calls, 1);
	}
	return NULL;
}

static void start(void *(*body)(void *), int nr)
{
	pthread_t thread;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		die("/proc/self/exe");
	for (int i = 0; i < nr; i++)
		if (pthread_create(&thread, NULL, body, NULL))
			die("pthread_create");
}

static void wait_for_calls(unsigned int nr)
{
	while (atomic_load(&calls) < nr)
		;
}

static void *exec_after_calls(void *arg)
{
	char *argv[] = { self, "plain", NULL };

	(void)arg;
	wait_for_calls(60);
	execv(argv[0], argv);
	die("execv");
}

/* What the exec of the others becomes. */
static void plain(void)
{
	char *addr = pool(2);

	touch(map_at(addr, 2, RW));
	expect_layout(addr, "rw-p:2", "a program like any other");
}

static void not_the_first(void)
{
	start(call_for_ever, THREADS);
	start(exec_after_calls, 1);
	call_for_ever(NULL);
}

/* All threads but the first call; the first execs. */
static void the_first(void)
{
	start(call_for_ever, THREADS);
	exec_after_calls(NULL);
}

/* The first thread is gone, the process lives on. */
static void first_gone(void)
{
	start(call_for_ever, THREADS);
	start(exec_after_calls, 1);
	syscall(SYS_exit, 0);
}

static void exit_beside(void)
{
	start(call_for_ever, THREADS);
	wait_for_calls(60);
	exit(0);
}

static void killed_child(void)
{
	start(call_for_ever, THREADS);
	wait_for_calls(60);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

static void killed(void)
{
	int status = in_child(killed_child);

	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "killed in its calls");
}

static void *few_calls(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++) {
		char *addr = (char *)sys_mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
					      0);

		*(volatile char *)addr = 1;
		sys_munmap(addr, 2 * PAGE);
	}
	return NULL;
}

/* Threads come and go while others call. */
static void come_and_go(void)
{
	pthread_t thread[4];

	for (int round = 0; round < 15; round++) {
		for (int i = 0; i < 4; i++)
			if (pthread_create(&thread[i], NULL, few_calls, NULL))
				die("pthread_create");
		for (int i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
	}
}

static const struct prog_case cases[] = {
	{ "plain", plain },
	{ "not_the_first", not_the_first },
	{ "the_first", the_first },
	{ "first_gone", first_gone },
	{ "exit_beside", exit_beside },
	{ "killed", killed },
	{ "come_and_go", come_and_go },
};

PROG_MAIN(cases)
