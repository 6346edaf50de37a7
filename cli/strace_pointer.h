/*
 * strace_pointer.h - arguments that point somewhere: what stands there, as strace prints it.
 *
 * Layer: cli.  Where the memory cannot be looked at (peek.h), the address is printed.
 */
#ifndef CLI_STRACE_POINTER_H
#define CLI_STRACE_POINTER_H

#include <stdint.h>
#include <sys/types.h>

#include "cli/text.h"
#include "host/follow.h"

void strace_nodemask(struct text *text, pid_t tid, uint64_t addr, uint64_t maxnode);
void strace_got_mempolicy(struct text *text, const struct follow_call *call);
void strace_residence(struct text *text, const struct follow_call *call);
void strace_pages(struct text *text, const struct follow_call *call);
void strace_nodes(struct text *text, const struct follow_call *call);
void strace_page_status(struct text *text, const struct follow_call *call);
void strace_aio_context(struct text *text, const struct follow_call *call);
void strace_iovec(struct text *text, pid_t tid, uint64_t addr, uint64_t nr);
void strace_clone(struct text *text, const struct follow_call *call);
void strace_clone3(struct text *text, const struct follow_call *call);

#endif
