/*
 * strace_line.h - a call, a signal, an end, as strace 6.1 writes them.
 *
 * Layer: cli.
 */
#ifndef CLI_STRACE_LINE_H
#define CLI_STRACE_LINE_H

#include <stdbool.h>

#include "cli/text.h"
#include "host/follow.h"

/* The name of a call; "syscall_0x1ce" for one that we have no name for. */
void strace_call_name(struct text *text, long nr);

/* True if strace counts the call among its `memory` class, or would if it were as young. */
bool strace_is_memory_call(long nr);

/* True if the call answers with an address rather than a number. */
bool strace_returns_address(long nr);

/* How many arguments the call has; all six registers for one that we have no name for. */
size_t strace_nr_args(long nr);

/*
 * "mmap(NULL, 4096, …) = 0x7f…", without a newline.  @text may hold a prefix ("[pid 12] ") from
 * byte @line on: the answer is aligned as if that were part of the call.  May read the memory of
 * call->tid.
 */
void strace_line(struct text *text, size_t line, const struct follow_call *call);

/* The call alone, "mmap(NULL, 4096, …)"; the answer alone, "-1 ENOMEM (Cannot allocate …)". */
void strace_call(struct text *text, const struct follow_call *call);
void strace_answer(struct text *text, long nr, int64_t value);

/* "--- SIGSEGV {si_signo=SIGSEGV, …} ---" */
void strace_signal(struct text *text, const struct follow_signal *signal);

/* "--- stopped by SIGSTOP ---" */
void strace_stopped(struct text *text, int signo);

/* "+++ exited with 0 +++" */
void strace_exited(struct text *text, int wait_status);

#endif
