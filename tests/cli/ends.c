/*
 * ends.c - how processes and threads stop, are interrupted and end: argv[1] says which.  For
 * comparing the lines that a tracer prints of it.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void *exec_true(void *unused)
{
	execl("/bin/true", "true", NULL);
	return unused;
}

static void *exit_3(void *unused)
{
	exit(3);
	return unused;
}

static void from_a_thread(void *(*what)(void *))
{
	pthread_t thread;

	pthread_create(&thread, NULL, what, NULL);
	pause();
}

static void handler(int signo)
{
	(void)signo;
}

/* The child stops, is let go on, and ends: three times SIGCHLD. */
static void stopped_child(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		raise(SIGSTOP);
		_exit(2);
	}
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	waitpid(pid, &status, 0);
}

/* Long enough that the kernel's clock for processes ticks. */
static void busy_child(void)
{
	struct itimerval limit = { .it_value = { .tv_usec = 130000 } };

	if (!fork()) {
		setitimer(ITIMER_VIRTUAL, &limit, NULL);
		for (;;)
			;
	}
	wait(NULL);
}

static void vfork_child(void)
{
	if (!vfork())
		execl("/bin/true", "true", NULL);
	wait(NULL);
}

static void interrupted(void)
{
	struct itimerval soon = { .it_value = { .tv_usec = 100000 } };

	signal(SIGALRM, handler);
	setitimer(ITIMER_REAL, &soon, NULL);
	pause();
	raise(SIGALRM);
}

static void queued(void)
{
	signal(SIGRTMIN, handler);
	sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_ptr = (void *)0x123456789a });
	sigqueue(getpid(), SIGRTMAX, (union sigval){ .sival_int = 0 });
}

static void beyond_the_file(void)
{
	int fd = memfd_create("empty", 0);

	*(volatile char *)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) = 1;
}

__attribute__((noinline)) static void deep_stack(void)
{
	volatile char big[100000000];

	big[0] = 1;
}

static void jump_to_data(void)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	((void (*)(void))page)();
}

static void exec_in_thread(void)
{
	from_a_thread(exec_true);
}

static void exit_in_thread(void)
{
	from_a_thread(exit_3);
}

static void term(void)
{
	signal(SIGTERM, handler);
	raise(SIGTERM);
	signal(SIGTERM, SIG_DFL);
	raise(SIGTERM);
}

static void io(void)
{
	raise(SIGIO);
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "exec-in-thread", exec_in_thread }, { "exit-in-thread", exit_in_thread },
	{ "stopped-child", stopped_child }, { "busy-child", busy_child },
	{ "vfork-child", vfork_child }, { "interrupted", interrupted }, { "queued", queued },
	{ "beyond-the-file", beyond_the_file }, { "deep-stack", deep_stack },
	{ "jump-to-data", jump_to_data }, { "term", term }, { "io", io }, { "abort", abort },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (!strcmp(argv[1], ways[i].name))
			ways[i].run();
	return 0;
}
