/*
 * executor.h - the rooms of the executor.
 *
 * Layer: seq/executor: no libc, no memory but bss and what control.h shares.
 */
#ifndef SEQ_EXECUTOR_EXECUTOR_H
#define SEQ_EXECUTOR_EXECUTOR_H

#include "seq/executor/control.h"

#define shared ((struct control *)EXECUTOR_CONTROL)

/* turns.c */

extern uint32_t executor_me;		/* the number of this process */

/* Make it the turn of @who, and go on when it is ours again. */
void turn_give(uint32_t who);
void turn_wait(void);

/* Serve whoever gives us the turn, for ever. */
_Noreturn void turn_serve(void);

/* calls.c: execute a step.  Its answer; fork and exit are turns.c's. */
int64_t call_make(const struct seq_step *step);

/* Time that passed in between counts as the step's. */
void call_begin(void);
void call_end(void);

/* access.c: catch signals of accesses; a byte touched: 0, or the code as calls.def says. */
void access_setup(void);
int64_t access_byte(uint64_t addr, int write);
int64_t access_store(uint64_t addr, unsigned char byte);

/* look.c */

/* Open what is looked at.  0 or a negative error. */
int64_t look_open(void);
uint64_t look_maps(void);
uint64_t look_smaps(void);
void look_status(uint64_t vm[SEQ_VMS]);

/* Each line of the file, as far as it is of memory below the upper half; without its newline. */
void look_lines(uint64_t fd, void (*take)(void *ctx, const char *line, size_t size), void *ctx);

/* Unmap all areas that are not in [EXECUTOR_OWN_START, EXECUTOR_HEAP). */
void look_unmap_others(void);

/* pages.c: the answers of `pages` and `smaps`, or a negative error. */
int64_t pages_look(uint64_t addr, uint64_t len, uint64_t look);
int64_t pages_smaps(uint64_t addr, uint64_t len, uint64_t field);
uint64_t pages_zero_pfn(void);

#endif
