/*
 * long_lived.c - a program that a tracer comes to and leaves: it makes memory calls until SIGTERM
 * (or for a minute at most), and every answer must be the one that it would get alone.
 *
 *	long_lived KIND [THREADS]
 *
 * When it is told to end it prints "rounds N" and ends with 0 if all was well, else with 1.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "prog.h"

/* Said only if it did not hold: rounds are many. */
#define must(ok, what) ((ok) ? (void)0 : expect(false, "%s", what))

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif
#define POPULATE_READ 22
#define GUARD_INSTALL 102

#define THREADS_MAX 32
#define SECONDS_MAX 60

static volatile sig_atomic_t ends;
static atomic_ulong rounds;
static volatile sig_atomic_t alarms;

static void on_term(int signo)
{
	(void)signo;
	ends = 1;
}

static void on_alarm(int signo)
{
	(void)signo;
	alarms++;
}

static void nap(void)
{
	const struct timespec pause = { .tv_nsec = 300000 };

	nanosleep(&pause, NULL);
}

/* ---- what one round does ---- */

static char *anonymous(size_t pages)
{
	long got = sys_mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (got < 0)
		die("mmap");
	return (char *)got;
}

static void maps(unsigned int *seed)
{
	size_t pages = 3 + (size_t)(rand_r(seed) % 16);
	char *area = anonymous(pages);

	for (size_t i = 0; i < pages; i++)
		area[i * PAGE] = 1;
	if (rand_r(seed) % 2)
		must(sys_mprotect(area, PAGE, PROT_READ) == 0, "mprotect");
	must(sys_munmap(area + PAGE, PAGE) == 0, "munmap of the second page");
	must(sys_munmap(area, pages * PAGE) == 0, "munmap");
	must(sys_munmap(area + 1, PAGE) == -EINVAL, "munmap of an odd address");
}

static void breaks(unsigned int *seed)
{
	static char *top;
	char *want;

	if (!top)
		top = sys_brk(NULL);
	want = top + rand_r(seed) % 100000;
	must(sys_brk(want) == want, "brk");
	must(sys_brk(NULL) == want, "brk(NULL)");
}

/* The child ended well, whatever interrupted the wait for it. */
static bool ended_well(pid_t pid)
{
	int status = 0;
	pid_t got;

	do
		got = waitpid(pid, &status, 0);
	while (got < 0 && errno == EINTR);
	return got == pid && status == 0;
}

static void child_of_fork(void)
{
	unsigned int seed = 1;

	maps(&seed);
	_exit(prog_failures() != 0);
}

static void forks(unsigned int *seed)
{
	bool execs = rand_r(seed) % 4 != 0;
	pid_t pid = rand_r(seed) % 2 ? fork() : vfork();

	if (pid == 0) {
		if (!execs)
			_exit(0);
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	must(pid > 0 && ended_well(pid), "a child");
	pid = fork();
	if (pid == 0)
		child_of_fork();
	must(pid > 0 && ended_well(pid), "a child");
}

/* Whoever waits for a child of vfork() cannot be stopped. */
static void waits_for_vfork(unsigned int *seed)
{
	pid_t pid = vfork();

	if (pid == 0) {
		usleep(1400000);
		execl("/bin/true", "true", NULL);
		_exit(127);
	}
	must(pid > 0 && ended_well(pid), "a child of vfork");
	maps(seed);
}

static void *nothing(void *unused)
{
	return unused;
}

static void threads(unsigned int *seed)
{
	pthread_t thread;

	maps(seed);
	must(pthread_create(&thread, NULL, nothing, NULL) == 0, "pthread_create");
	must(pthread_join(thread, NULL) == 0, "pthread_join");
}

/* Asleep in calls that a signal interrupts, now and then. */
static void sleeps(unsigned int *seed)
{
	const struct timespec pause = { .tv_nsec = 3000000 };
	struct timespec rest = pause;
	int before = alarms;

	maps(seed);
	/* Without a handler that ran it must have slept it all. */
	if (nanosleep(&pause, &rest) != 0 && !ends)
		must(alarms != before, "nanosleep was interrupted by nobody");
}

static void writable_and_executable(unsigned int *seed)
{
	char *area = anonymous(4);

	(void)seed;
	must(sys_mprotect(area, PAGE, PROT_READ | PROT_EXEC) == -EACCES, "mprotect under MDWE");
	must(sys_munmap(area, 4 * PAGE) == 0, "munmap");
}

static char *guarded_area;

/* The guard page was there before anybody came, and so was the wish to merge by content. */
static void guarded(unsigned int *seed)
{
	char *area = anonymous(2);

	(void)seed;
	must(madvise(guarded_area, 3 * PAGE, POPULATE_READ) != 0 && errno == EFAULT,
	     "a guard page cannot be filled");
	must(madvise(guarded_area, PAGE, POPULATE_READ) == 0, "what lies below it can");
	must(madvise(area, 2 * PAGE, MADV_DONTDUMP) == 0, "MADV_DONTDUMP");
	must(sys_munmap(area, 2 * PAGE) == 0, "munmap");
}

/* ---- the kinds ---- */

static void start_alarms(void)
{
	const struct timeval often = { .tv_usec = 1700 };
	const struct itimerval timer = { .it_interval = often, .it_value = often };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void lock_all(void)
{
	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		skip("mlockall: %s", strerror(errno));
}

static void refuse_exec(void)
{
	if (prctl(PR_SET_MDWE, 1L, 0L, 0L, 0L) != 0)
		skip("PR_SET_MDWE: %s", strerror(errno));
}

static void guard(void)
{
	guarded_area = anonymous(4);
	if (madvise(guarded_area + PAGE, PAGE, GUARD_INSTALL) != 0 ||
	    prctl(PR_SET_MEMORY_MERGE, 1L, 0L, 0L, 0L) != 0)
		skip("guard pages or merging by content: %s", strerror(errno));
}

static const struct kind {
	const char *name;
	void (*before)(void);
	void (*round)(unsigned int *seed);
} kinds[] = {
	{ "maps", NULL, maps },
	{ "breaks", NULL, breaks },
	{ "forks", NULL, forks },
	{ "vfork", NULL, waits_for_vfork },
	{ "threads", NULL, threads },
	{ "signals", start_alarms, sleeps },
	{ "locked", lock_all, maps },
	{ "mdwe", refuse_exec, writable_and_executable },
	{ "guarded", guard, guarded },
};

static const struct kind *kind;

static void *work(void *arg)
{
	unsigned int seed = (unsigned int)(size_t)arg;

	while (!ends && prog_failures() == 0) {
		kind->round(&seed);
		atomic_fetch_add(&rounds, 1);
		nap();
	}
	return arg;
}

static void run(size_t nr)
{
	pthread_t thread[THREADS_MAX];

	for (size_t i = 1; i < nr; i++)
		must(pthread_create(&thread[i], NULL, work, (void *)(i + 1)) == 0, "a thread");
	work((void *)1UL);
	for (size_t i = 1; i < nr; i++)
		pthread_join(thread[i], NULL);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	size_t nr = argc > 2 ? (size_t)atoi(argv[2]) : 1;

	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(argv[1], kinds[i].name))
			kind = &kinds[i];
	if (!kind || !nr || nr > THREADS_MAX) {
		fputs("usage: long_lived KIND [THREADS]\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	alarm(SECONDS_MAX);
	if (kind->before)
		kind->before();
	printf("ready %d\n", (int)getpid());
	fflush(stdout);
	run(nr);
	printf("rounds %lu\n", atomic_load(&rounds));
	return prog_failures() != 0;
}
