/*
 * crash.c - see crash.h.
 */
#include <setjmp.h>
#include <signal.h>

#include "crash.h"

/* What assertions end with, and what happens where there was none. */
static const int signals[] = { SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE };

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static sigjmp_buf before;

static void on_signal(int number)
{
	siglongjmp(before, number);
}

int crash_caught(void (*run)(void *ctx), void *ctx)
{
	const struct sigaction action = { .sa_handler = on_signal };
	struct sigaction old[SIGNALS];
	int number;

	for (unsigned int i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, &old[i]);
	number = sigsetjmp(before, 1);
	if (number == 0)
		run(ctx);
	for (unsigned int i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &old[i], NULL);
	return number;
}
