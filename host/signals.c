#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>

#include "host/signals.h"

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

#define NR_FORWARDED (sizeof(forwarded) / sizeof(forwarded[0]))

#define LEAVE_TICK_US 5000

static struct {
	volatile sig_atomic_t main_pid, ticked, kept;
	uint64_t period_ns;
	struct sigaction old[NR_FORWARDED], old_alarm, old_io;
} state;

static void on_forwarded(int signo, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	/* From the terminal: the whole foreground group has it, the program too. */
	if (info->si_code <= 0) {
		if (state.main_pid > 0)
			kill((pid_t)state.main_pid, signo);
		else
			state.kept = signo;
	}
	errno = saved;
}

static void on_alarm(int signo)
{
	(void)signo;
	state.ticked = 1;
}

static void on_io(int signo)
{
	(void)signo;			/* to interrupt waitpid() is all */
	state.ticked = 1;
}

/* If it came just before waitpid(), nothing would interrupt that: so tick. */
static void on_leave(int signo, siginfo_t *info, void *context)
{
	const struct timeval soon = { .tv_usec = LEAVE_TICK_US };
	const struct itimerval ticks = { .it_interval = soon, .it_value = soon };
	int saved = errno;

	(void)info;
	(void)context;
	state.kept = signo;
	setitimer(ITIMER_REAL, &ticks, NULL);
	errno = saved;
}

static void open_signals(pid_t main_pid, void (*on_end)(int, siginfo_t *, void *))
{
	struct sigaction forward = { .sa_sigaction = on_end, .sa_flags = SA_SIGINFO };
	struct sigaction alarm_action = { .sa_handler = on_alarm };
	struct sigaction io_action = { .sa_handler = on_io };

	state.main_pid = (sig_atomic_t)main_pid;
	state.ticked = state.kept = 0;
	state.period_ns = 0;
	for (size_t i = 0; i < NR_FORWARDED; i++)
		sigaction(forwarded[i], &forward, &state.old[i]);
	sigaction(SIGALRM, &alarm_action, &state.old_alarm);
	sigaction(SIGIO, &io_action, &state.old_io);
	/*
	 * What we have to say must not stop us where the program took the terminal's foreground,
	 * nor end us, and the program with us, where nobody reads any more.  For good: the last
	 * line comes when the program is gone.
	 */
	signal(SIGTTOU, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

void signals_open(pid_t main_pid)
{
	open_signals(main_pid, on_forwarded);
}

void signals_open_attached(void)
{
	open_signals(0, on_leave);
}

void signals_main_gone(void)
{
	state.main_pid = 0;
}

int signals_forward(void)
{
	int signo = state.kept;

	state.kept = 0;
	return signo;
}

void signals_close(void)
{
	signals_tick(0);
	for (size_t i = 0; i < NR_FORWARDED; i++)
		sigaction(forwarded[i], &state.old[i], NULL);
	sigaction(SIGALRM, &state.old_alarm, NULL);
	sigaction(SIGIO, &state.old_io, NULL);
}

void signals_tick(uint64_t period_ns)
{
	struct itimerval timer = {
		.it_interval = { .tv_sec = 0, .tv_usec = (suseconds_t)(period_ns / 1000) },
		.it_value = { .tv_sec = 0, .tv_usec = (suseconds_t)(period_ns / 1000) },
	};

	if (period_ns == state.period_ns)
		return;
	state.period_ns = period_ns;
	setitimer(ITIMER_REAL, &timer, NULL);
}

bool signals_ticked(void)
{
	bool ticked = state.ticked;

	state.ticked = 0;
	return ticked;
}
