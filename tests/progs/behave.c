/*
 * behave.c - ways to live and to die, for watching whether a follower leaves them as they are.
 *
 *	behave exit STATUS	make some calls, end with that status
 *	behave signal NUMBER	make some calls, end by that signal
 *	behave stop		stop, print "continued" when continued, end with 5
 *	behave term FILE	write the pid to FILE, wait; SIGTERM: print "terminated", end with 3
 *	behave loop FILE	write the pids of itself and a child to FILE; both go on making
 *				memory calls; when one fails, add a line that says how
 *	behave children		children that exit, die and stop are reported as they should be
 *	behave threads		three write to, protect and unmap neighbouring areas for a while
 *	behave affinity		print the number of CPUs that it may run on
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)
#define SECONDS_AT_MOST 30		/* nothing here lives longer, whatever goes wrong */

static void some_calls(void)
{
	char *at = pool(4);

	touch(map_at(at, 4, RW));
	sys_mprotect(at + PAGE, PAGE, PROT_READ);
	sys_munmap(at, 4 * PAGE);
}

static void write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, line, strlen(line)) < 0)
		_exit(1);
	close(fd);
}

static void write_number(const char *path, const char *format, long number)
{
	char line[64];

	snprintf(line, sizeof(line), format, number);
	write_line(path, line);
}

static void handle_term(int signo)
{
	static const char text[] = "terminated\n";

	(void)signo;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) > 0)
		_exit(3);
	_exit(1);
}

_Noreturn static void wait_for_term(const char *path)
{
	signal(SIGTERM, handle_term);
	write_number(path, "%ld\n", getpid());
	for (;;)
		pause();
}

/* Ends by alarm(2), or because somebody kills it. */
_Noreturn static void loop(const char *path)
{
	pid_t child = fork();

	alarm(SECONDS_AT_MOST);
	write_number(path, "%ld\n", getpid());
	for (;;) {
		long at = sys_mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		long result = at < 0 ? at : sys_munmap((char *)at, 16 * PAGE);

		if (result < 0 || child < 0) {
			write_number(path, "failed: %ld\n", child < 0 ? -errno : result);
			_exit(1);
		}
	}
}

static void be_killed(void)
{
	set_limit(RLIMIT_CORE, 0);
	some_calls();
	raise(SIGABRT);
}

static void exit_with_7(void)
{
	some_calls();
	_exit(7);
}

static void children(void)
{
	int status = in_child(exit_with_7);
	pid_t pid;

	expect(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a child that exits with 7");
	status = in_child(be_killed);
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "a child that aborts");

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		some_calls();
		raise(SIGSTOP);
		some_calls();
		_exit(9);
	}
	expect(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status) &&
	       WSTOPSIG(status) == SIGSTOP, "a child that stops is reported as stopped");
	kill(pid, SIGCONT);
	expect(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status),
	       "and as continued");
	expect(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9,
	       "and ends with 9");
}

static void *neighbours(void *unused)
{
	const int anon = MAP_PRIVATE | MAP_ANONYMOUS;
	long got;

	for (;;) {
		got = sys_mmap(NULL, 2 * PAGE, RW, anon, -1, 0);
		if (got < 0)
			break;
		touch((char *)got);
		if (sys_mprotect((char *)got, PAGE, PROT_READ) || sys_munmap((char *)got, 2 * PAGE))
			break;
	}
	expect(false, "a call failed");
	return unused;
}

static void threads(void)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread, NULL, neighbours, NULL))
			die("pthread_create");
	usleep(50000);
}

static int affinity(void)
{
	cpu_set_t set;

	/* Fast enough calls that a follower wants to share its CPU. */
	for (int i = 0; i < 2000; i++)
		some_calls();
	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	printf("%d\n", CPU_COUNT(&set));
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *arg = argc > 2 ? argv[2] : NULL;

	if (strcmp(what, "threads") == 0) {	/* before a fast start makes one CPU of it */
		threads();
		return prog_failures() ? 1 : 0;
	}
	some_calls();
	if (strcmp(what, "exit") == 0 && arg)
		return atoi(arg);
	if (strcmp(what, "signal") == 0 && arg) {
		set_limit(RLIMIT_CORE, 0);
		raise(atoi(arg));
		return 1;
	}
	if (strcmp(what, "stop") == 0) {
		raise(SIGSTOP);
		puts("continued");
		return 5;
	}
	if (strcmp(what, "term") == 0 && arg) {
		alarm(SECONDS_AT_MOST);
		wait_for_term(arg);
	}
	if (strcmp(what, "loop") == 0 && arg)
		loop(arg);
	if (strcmp(what, "children") == 0) {
		children();
		return prog_failures() ? 1 : 0;
	}
	if (strcmp(what, "affinity") == 0)
		return affinity();
	fprintf(stderr, "usage: see the head of behave.c\n");
	return 2;
}
