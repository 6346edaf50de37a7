/*
 * refuse_sysctl.c - refusals of a machine whose administrator set vm.overcommit_memory=2 or a low
 * vm.max_map_count.  Only virtual machines are set so: tests/vm/.
 *
 *	refuse_sysctl CASE
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define MIB ((size_t)1 << 20)

/* KiB of a line of /proc/meminfo. */
static size_t meminfo(const char *name)
{
	FILE *in = fopen("/proc/meminfo", "re");
	char line[256];
	size_t kib = 0;

	while (in && fgets(line, sizeof(line), in)) {
		char format[64];

		snprintf(format, sizeof(format), "%s: %%zu", name);
		if (sscanf(line, format, &kib) == 1)
			break;
	}
	if (in)
		fclose(in);
	return kib;
}

/* Bytes that can still be promised; the two ends are not told exactly. */
static size_t room(void)
{
	size_t limit = meminfo("CommitLimit"), committed = meminfo("Committed_AS");

	return limit > committed ? (limit - committed) * 1024 : 0;
}

static void never_mmap(void)
{
	size_t left = room();

	expect_ok(sys_mmap(NULL, left / 2, RW, ANON, -1, 0), "half of what is left");
	expect_error(sys_mmap(NULL, left, RW, ANON, -1, 0), ENOMEM, "and all of it");
	expect_ok(sys_mmap(NULL, left, PROT_READ, ANON, -1, 0), "read-only costs nothing");
	expect_error(sys_mmap(NULL, left, RW, ANON | MAP_NORESERVE, -1, 0), ENOMEM,
		     "MAP_NORESERVE is ignored");
}

static void never_mprotect(void)
{
	size_t left = room();
	char *at = expect_ok(sys_mmap(NULL, left + 64 * MIB, PROT_READ, ANON, -1, 0), "read-only");

	expect_error(sys_mprotect(at, left + 64 * MIB, RW), ENOMEM, "writable all at once");
	expect(sys_mprotect(at, 64 * MIB, RW) == 0, "a part");
}

static void never_fork(void)
{
	size_t left = room();
	pid_t pid;

	expect_ok(sys_mmap(NULL, left / 4 * 3, RW, ANON, -1, 0), "three quarters");
	pid = fork();
	if (pid == 0)
		_exit(0);
	expect(pid < 0 && errno == ENOMEM, "a copy of it");
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void never_brk(void)
{
	size_t left = room();		/* before: it allocates */
	char *at = sys_brk(NULL);

	expect(sys_brk(at + left + 64 * MIB) == at, "the break stays");
	expect(sys_brk(at + MIB) == at + MIB, "a little is had");
}

/* Areas that do not merge, until there are no more. */
static void map_count(void)
{
	size_t most = 70000, nr;
	char *at = pool(2 * most);

	for (nr = 0; nr < most; nr++)
		if (sys_mmap(at + 2 * nr * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) < 0)
			break;
	expect(nr < most, "no more areas");
	expect_error(sys_mmap(NULL, PAGE, RW, ANON, -1, 0), ENOMEM, "none by mmap");
	expect(sys_munmap(at, PAGE) == 0, "one less");
	expect_ok(sys_mmap(at, PAGE, RW, ANON | MAP_FIXED, -1, 0), "and one more");
}

/* With as many areas as there may be, nothing can be cut. */
static void map_count_split(void)
{
	size_t most = 70000, nr;
	char *at = pool(2 * most + 4);
	char *whole = at + 2 * most * PAGE;

	expect_ok(sys_mmap(whole, 3 * PAGE, RW, ANON | MAP_FIXED, -1, 0), "three pages");
	for (nr = 0; nr < most; nr++)
		if (sys_mmap(at + 2 * nr * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) < 0)
			break;
	expect(nr < most, "no more areas");
	expect_error(sys_mprotect(whole + PAGE, PAGE, PROT_READ), ENOMEM, "mprotect of the middle");
	expect_error(sys_munmap(whole + PAGE, PAGE), ENOMEM, "munmap of the middle");
}

static const struct prog_case cases[] = {
	{ "never_mmap", never_mmap },
	{ "never_mprotect", never_mprotect },
	{ "never_fork", never_fork },
	{ "never_brk", never_brk },
	{ "map_count", map_count },
	{ "map_count_split", map_count_split },
};

PROG_MAIN(cases)
