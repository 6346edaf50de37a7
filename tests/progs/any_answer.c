/*
 * any_answer.c - each of the calls that a follower predicts, sixty times, and never mind the
 * answers: so that somebody may falsify one of them and nothing else changes.
 *
 *	any_answer mmap|munmap|mprotect|mremap|brk|fork|vfork|clone
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define TIMES 60
#define RW (PROT_READ | PROT_WRITE)

static char *at;

static void call_mmap(int i)
{
	sys_mmap(at + i * (long)PAGE, PAGE, i % 2 ? RW : PROT_READ,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void call_munmap(int i)
{
	sys_munmap(at + i * (long)PAGE, PAGE);
}

static void call_mprotect(int i)
{
	sys_mprotect(at + i * (long)PAGE, PAGE, PROT_READ);
}

static void call_mremap(int i)
{
	sys_mremap(at + i * (long)PAGE, PAGE, PAGE, 0, NULL);
}

static void call_brk(int i)
{
	static char *start;

	if (i == 0)
		start = sys_brk(NULL);
	sys_brk(start + (i % 5) * (long)PAGE);
}

/* The child ends at once; the parent waits for whatever children there are. */
static void end_of(long pid)
{
	if (pid == 0)
		_exit(0);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void call_fork(int i)
{
	(void)i;
	end_of(syscall(SYS_fork));
}

static void call_vfork(int i)
{
	pid_t pid = vfork();

	(void)i;
	if (pid == 0)
		_exit(0);
	end_of(pid);
}

static void call_clone(int i)
{
	(void)i;
	end_of(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static const struct {
	const char *name;
	void (*call)(int i);
} calls[] = {
	{ "mmap", call_mmap },
	{ "munmap", call_munmap },
	{ "mprotect", call_mprotect },
	{ "mremap", call_mremap },
	{ "brk", call_brk },
	{ "fork", call_fork },
	{ "vfork", call_vfork },
	{ "clone", call_clone },
};

int main(int argc, char **argv)
{
	at = pool(TIMES);
	map_at(at, TIMES, RW);
	for (size_t n = 0; argc == 2 && n < sizeof(calls) / sizeof(calls[0]); n++) {
		if (strcmp(argv[1], calls[n].name) != 0)
			continue;
		for (int i = 0; i < TIMES; i++)
			calls[n].call(i);
		return 0;
	}
	fprintf(stderr, "usage: see the head of any_answer.c\n");
	return 2;
}
