/*
 * exec_cases.c - programs that are replaced: what the new one finds, and what an exec that fails
 * leaves.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "elf_file.h"
#include "prog.h"

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

#define SELF "/proc/self/exe"
#define MANY 20000

extern char **environ;

/* The second run of this program, for another case, or to end at once ("quit"). */
static void run_again(const char *name)
{
	char *argv[] = { (char *)"exec_cases", (char *)name, NULL };

	execve(SELF, argv, environ);
	die("execve");
}

/* It goes on, and areas are looked at. */
static void work(void)
{
	char *at = expect_ok(sys_mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "mmap");

	touch(at);
	expect_ok(sys_munmap(at, 3 * PAGE), "munmap");
}

/* ---- personality, and what else is inherited ---- */

static void page_zero(void)
{
	if (personality(MMAP_PAGE_ZERO) < 0)
		die("personality");
	run_again("page_zero_now");
}

static void page_zero_now(void)
{
	struct prog_area area;

	if (!area_at(NULL, &area))
		skip("page 0 cannot be mapped here");
	expect(strcmp(area.perms, "r-xp") == 0, "page 0 is %s", area.perms);
	expect_error(sys_munmap(NULL, PAGE), EPERM, "munmap of page 0");
}

static void memory_merge(void)
{
	if (prctl(PR_SET_MEMORY_MERGE, 1, 0, 0, 0))
		skip("no PR_SET_MEMORY_MERGE: %s", strerror(errno));
	run_again("works");
}

static void old_habits(void)
{
	if (personality(READ_IMPLIES_EXEC | ADDR_COMPAT_LAYOUT) < 0)
		die("personality");
	run_again("works");
}

static void works(void)
{
	work();
}

/* ---- arguments ---- */

static void run_with(size_t argc, size_t envc, size_t bytes)
{
	static char *argv[MANY + 1], *envp[MANY + 1], text[64 * 1024];

	memset(text, 'x', sizeof(text) - 1);
	for (size_t i = 0; i < argc; i++)
		argv[i] = text + sizeof(text) - 1 - bytes;
	for (size_t i = 0; i < envc; i++)
		envp[i] = text + sizeof(text) - 1 - bytes;
	argv[0] = (char *)"exec_cases";
	if (argc > 1)
		argv[1] = (char *)"quit";
	execve(SELF, argv, envp);
	die("execve");
}

static void many_arguments(void)
{
	run_with(MANY, 2, 1);
}

static void many_variables(void)
{
	run_with(2, MANY, 3);
}

static void long_arguments(void)
{
	run_with(10, 10, 60 * 1024);
}

static void no_arguments(void)
{
	run_with(1, 0, 0);
}

/* ---- scripts: argv[0] goes, and leaves pages of the stack behind ---- */

static void script_with(size_t argv0_bytes)
{
	static char text[64 * 1024];
	char path[300], line[300], *argv[] = { text, (char *)"quit", NULL }, self[200];
	ssize_t n = readlink(SELF, self, sizeof(self) - 1);
	int status;
	pid_t pid;

	if (n < 0)
		die(SELF);
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/script", scratch_dir());
	n = snprintf(line, sizeof(line), "#!%s quit\n", self);
	write_program(path, line, (size_t)n);
	memset(text, 'x', argv0_bytes);
	text[argv0_bytes] = '\0';
	pid = fork();
	if (pid == 0) {
		execve(path, argv, environ);
		_exit(99);
	}
	expect(waitpid(pid, &status, 0) == pid && status == 0, "a script, argv[0] of %zu bytes",
	       argv0_bytes);
}

static void scripts(void)
{
	static const size_t bytes[] = { 1, 500, 1500, 2500, 3500, 4096, 5000, 9000, 60000 };

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		script_with(bytes[i]);
}

/* ---- who calls it, and how ---- */

static void vfork_exec(void)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execl(SELF, "exec_cases", "works", NULL);
		_exit(99);
	}
	expect(waitpid(pid, &status, 0) == pid && status == 0, "vfork and exec");
	work();
}

static void *exec_in_thread(void *unused)
{
	(void)unused;
	run_again("works");
	return NULL;
}

static void thread_exec(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_in_thread, NULL))
		die("pthread_create");
	pthread_join(thread, NULL);
}

/* A file that has no name, of tmpfs. */
static void memfd_exec(void)
{
	char *argv[] = { (char *)"exec_cases", NULL };
	static struct elf_file elf;
	int from, fd = memfd_create("program", 0), status;
	char path[300];
	pid_t pid;

	elf_file_init(&elf, ET_DYN, 0x800);
	elf_file_segment(&elf, PT_LOAD, PF_R | PF_X, 0, 0, 0x1000, 0x1000);
	elf_file_segment(&elf, PT_LOAD, PF_R | PF_W, 0x2000, 0x2000, 0x800, 0x2000);
	snprintf(path, sizeof(path), "%s/program", scratch_dir());
	elf_file_write(&elf, path);
	from = open(path, O_RDONLY);
	if (fd < 0 || from < 0 || copy_file_range(from, NULL, fd, NULL, ELF_FILE_SIZE, 0) < 0) {
		char buf[ELF_FILE_SIZE];

		if (read(from, buf, sizeof(buf)) != sizeof(buf) ||
		    write(fd, buf, sizeof(buf)) != sizeof(buf))
			die("memfd");
	}
	pid = fork();
	if (pid == 0) {
		fexecve(fd, argv, environ);
		_exit(99);
	}
	expect(waitpid(pid, &status, 0) == pid && status == 0, "exec of a memfd");
}

/* ---- exec fails: nothing has changed ---- */

static void fails_with(const char *path, char **argv, int error)
{
	execve(path, argv, environ);
	expect(errno == error, "execve(%.40s): error %d, got %d", path, error, errno);
	work();
}

static void failed_exec(void)
{
	char *argv[] = { (char *)"x", NULL }, path[300];
	static char *too_many[500001];
	volatile uintptr_t nowhere = 8;

	fails_with("/nowhere", argv, ENOENT);
	fails_with("/", argv, EACCES);
	snprintf(path, sizeof(path), "%s/text", scratch_dir());
	write_program(path, "just text\n", 10);
	fails_with(path, argv, ENOEXEC);
	for (size_t i = 0; i < 500000; i++)
		too_many[i] = (char *)"x";
	set_limit(3 /* RLIMIT_STACK */, 1 << 20);
	fails_with(SELF, too_many, E2BIG);
	fails_with(SELF, (char **)nowhere, EFAULT);
}

static const struct prog_case cases[] = {
	{ "page_zero", page_zero },
	{ "page_zero_now", page_zero_now },
	{ "memory_merge", memory_merge },
	{ "old_habits", old_habits },
	{ "works", works },
	{ "many_arguments", many_arguments },
	{ "many_variables", many_variables },
	{ "long_arguments", long_arguments },
	{ "no_arguments", no_arguments },
	{ "scripts", scripts },
	{ "vfork_exec", vfork_exec },
	{ "thread_exec", thread_exec },
	{ "memfd_exec", memfd_exec },
	{ "failed_exec", failed_exec },
};

int main(int argc, char **argv)
{
	if (argc == 1 || strcmp(argv[1], "quit") == 0)
		return 0;
	return prog_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
