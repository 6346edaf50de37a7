/*
 * signals.h - signals to the follower itself, and its clock tick.
 *
 * Layer: host.  Everything here only interrupts waitpid(); what came is asked for afterwards.
 */
#ifndef HOST_SIGNALS_H
#define HOST_SIGNALS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SIGNALS_RING_SIGNO SIGIO

/*
 * Install the handlers.  SIGINT, SIGTERM, SIGHUP and SIGQUIT that somebody sends to us are sent on
 * to @main_pid; those of the terminal reach it by themselves.
 */
void signals_open(pid_t main_pid);

/*
 * The same for processes that ran before us: whoever sends one of these to us, or types it, asks
 * us to leave.  It is kept for signals_forward(), and the clock ticks until that is asked.
 */
void signals_open_attached(void);

/* The first program has ended: from now on they are kept for signals_forward(). */
void signals_main_gone(void);

/* The last signal that came since, 0 for none: it is for all who are left. */
int signals_forward(void);

/* Put back what was there before. */
void signals_close(void);

/* Tick every @period_ns from now on, or stop to (0).  Free if that is so already. */
void signals_tick(uint64_t period_ns);

/* True if a tick came since the last question. */
bool signals_ticked(void);

#endif
