/*
 * signals.c - die, or not, of one signal: how it is sent decides what is known of it.
 */
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void timer(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec soon = { .it_value = { .tv_nsec = 1000 } };
	timer_t id;

	timer_create(CLOCK_MONOTONIC, &event, &id);
	timer_settime(id, 0, &soon, NULL);
	pause();
}

static void child(int status, int signo)
{
	if (!fork()) {
		if (signo)
			raise(signo);
		_exit(status);
	}
	wait(NULL);
	exit(0);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (!strcmp(how, "maperr"))
		*(volatile char *)0x4242 = 1;
	else if (!strcmp(how, "accerr"))
		*(volatile char *)page = 1;
	else if (!strcmp(how, "noncanonical"))
		*(volatile char *)(uintptr_t)0x8000000000000000 = 1;
	else if (!strcmp(how, "illegal"))
		__asm__("ud2");
	else if (!strcmp(how, "trap"))
		__asm__("int3");
	else if (!strcmp(how, "divide"))
		__asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; idiv %%ecx" ::
				 : "rcx", "rdx", "cc");
	else if (!strcmp(how, "raise"))
		raise(SIGTERM);
	else if (!strcmp(how, "kill"))
		kill(getpid(), SIGUSR2);
	else if (!strcmp(how, "realtime"))
		raise(SIGRTMIN + 2);
	else if (!strcmp(how, "queue"))
		sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 7 });
	else if (!strcmp(how, "timer"))
		timer();
	else if (!strcmp(how, "exited"))
		child(3, 0);
	else if (!strcmp(how, "killed"))
		child(0, SIGKILL);
	return 0;
}
