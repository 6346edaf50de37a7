/*
 * filter.h - the seccomp filter that stops a program at the calls of calls_table.
 *
 * Layer: host.
 */
#ifndef HOST_FILTER_H
#define HOST_FILTER_H

#include <stdint.h>

/* What PTRACE_EVENT_SECCOMP's message says. */
#define FILTER_CALL	1	/* an x86-64 call of the table */
#define FILTER_FOREIGN	2	/* an i386 or x32 call: other numbers, other rules */

/* The same of a call that no filter saw: of a process that ran before us. */
uint32_t filter_would_say(uint32_t arch, uint64_t nr);

/*
 * Install the filter for the calling process, for ever: whoever calls this must be traced by a
 * tracer with PTRACE_O_EXITKILL, because each of these calls gives ENOSYS once no tracer is left.
 * 0 or a negative error.
 */
int filter_install(void);

#endif
