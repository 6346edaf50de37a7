/*
 * strace_flags.h - flag words as strace prints them.
 *
 * Layer: cli.
 */
#ifndef CLI_STRACE_FLAGS_H
#define CLI_STRACE_FLAGS_H

#include <stdint.h>

#include "cli/text.h"

void strace_prot(struct text *text, uint64_t prot);
void strace_mmap_flags(struct text *text, uint32_t flags);
void strace_mremap_flags(struct text *text, uint64_t flags);
void strace_madvise(struct text *text, uint32_t advice);
void strace_mlock2_flags(struct text *text, uint32_t flags);
void strace_mlockall_flags(struct text *text, uint32_t flags);
void strace_msync_flags(struct text *text, uint32_t flags);
void strace_mempolicy(struct text *text, uint64_t word);		/* with its mode flags */
void strace_mempolicy_mode(struct text *text, uint64_t mode);		/* one value */
void strace_mbind_flags(struct text *text, uint32_t flags);
void strace_move_pages_flags(struct text *text, uint32_t flags);
void strace_get_mempolicy_flags(struct text *text, uint64_t flags);
void strace_shm_key(struct text *text, uint32_t key);
void strace_shmget_flags(struct text *text, uint32_t flags);	/* with the mode */
void strace_shmctl_command(struct text *text, uint32_t command);
void strace_shmat_flags(struct text *text, uint32_t flags);
void strace_shadow_stack_flags(struct text *text, uint32_t flags);
void strace_clone_flags(struct text *text, uint64_t flags);

/* "NULL", or hexadecimal. */
void strace_addr(struct text *text, uint64_t addr);

/* Hexadecimal as "%#x" has it: 0 stays "0". */
void strace_hex(struct text *text, uint64_t value);

void strace_personality(struct text *text, uint32_t word);
void strace_prctl_option(struct text *text, uint32_t option);
void strace_set_mm_option(struct text *text, uint64_t option);
void strace_set_vma_option(struct text *text, uint64_t option);
void strace_arch_prctl_option(struct text *text, uint32_t option);

/* "ENOMEM", or the number. */
void strace_errno(struct text *text, int error);

/* "SIGSEGV", "SIGRT_4", or the number. */
void strace_signal_name(struct text *text, int signo);

#endif
