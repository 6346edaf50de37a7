/*
 * strace_process.h - prctl, arch_prctl and personality, as strace prints them.
 *
 * Layer: cli.
 */
#ifndef CLI_STRACE_PROCESS_H
#define CLI_STRACE_PROCESS_H

#include "cli/text.h"
#include "host/follow.h"

/* All arguments. */
void strace_prctl(struct text *text, const struct follow_call *call);
void strace_arch_prctl(struct text *text, const struct follow_call *call);

/* 0xffffffff asks and sets nothing. */
void strace_personality_argument(struct text *text, uint32_t word);

#endif
