/*
 * clone_vm.c - two processes in one address space: clone(CLONE_VM) without CLONE_THREAD.
 *
 * What one maps the other has.  Limits are a process's own, so the same call is refused to one and
 * granted to the other.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define STACK_PAGES 16
#define BIG (64UL << 20)

static char stack[STACK_PAGES * PAGE] __attribute__((aligned(4096)));
static char *at;
static atomic_int turn;

static void with_child(int (*child)(void *arg), void (*meanwhile)(void))
{
	int status;
	pid_t pid = clone(child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	if (pid < 0)
		die("clone");
	if (meanwhile)
		meanwhile();
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	expect(status == 0, "the child's status is %d", status);
}

static void wait_for(int value)
{
	while (atomic_load(&turn) != value)
		sched_yield();
}

static int map_two(void *arg)
{
	(void)arg;
	touch(map_at(at, 2, RW));
	return sys_mprotect(at + PAGE, PAGE, PROT_READ) != 0;
}

static void seen(void)
{
	at = pool(4);
	with_child(map_two, NULL);
	expect_layout(at, "rw-p:1 r--p:1 hole:2", "what the child mapped is here");
	expect(sys_munmap(at, 2 * PAGE) == 0, "and may go");
}

static int limited(void *arg)
{
	long answer;

	(void)arg;
	set_limit(RLIMIT_AS, 32UL << 20);
	atomic_store(&turn, 1);
	wait_for(2);
	answer = sys_mmap(NULL, BIG, RW, ANON, -1, 0);
	atomic_store(&turn, 3);
	return answer != -ENOMEM;
}

static void unlimited(void)
{
	char *big;

	wait_for(1);
	big = expect_ok(sys_mmap(NULL, BIG, RW, ANON, -1, 0), "the parent may map much");
	atomic_store(&turn, 2);
	wait_for(3);
	expect(sys_munmap(big, BIG) == 0, "munmap");
}

static void limits(void)
{
	with_child(limited, unlimited);
}

static int many_calls(void *arg)
{
	(void)arg;
	for (int i = 0; i < 300; i++) {
		char *addr = (char *)sys_mmap(NULL, 3 * PAGE, RW, ANON, -1, 0);

		touch(addr + PAGE);
		if (sys_mprotect(addr, PAGE, PROT_READ) || sys_munmap(addr, 3 * PAGE))
			return 1;
	}
	return 0;
}

static void many_calls_here(void)
{
	expect(many_calls(NULL) == 0, "calls of the parent");
}

static void at_once(void)
{
	with_child(many_calls, many_calls_here);
}

static int exec_something(void *arg)
{
	char *argv[] = { "/proc/self/exe", "--list", NULL }, *environ_[] = { NULL };

	(void)arg;
	execve(argv[0], argv, environ_);
	return 1;
}

static void exec_leaves(void)
{
	at = pool(4);
	map_at(at, 1, RW);
	with_child(exec_something, many_calls_here);
	expect_layout(at, "rw-p:1 hole:3", "the parent's memory stays");
}

static const struct prog_case cases[] = {
	{ "seen", seen },
	{ "limits", limits },
	{ "at_once", at_once },
	{ "exec_leaves", exec_leaves },
};

PROG_MAIN(cases)
