/*
 * sys.h - system calls without a libc.
 *
 * Layer: seq/executor.
 */
#ifndef SEQ_EXECUTOR_SYS_H
#define SEQ_EXECUTOR_SYS_H

#include <stdint.h>

#include <asm/unistd.h>

static inline int64_t sys6(long nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e,
			   uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	int64_t answer;

	__asm__ volatile("syscall"
			 : "=a"(answer)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return answer;
}

static inline int64_t sys3(long nr, uint64_t a, uint64_t b, uint64_t c)
{
	return sys6(nr, a, b, c, 0, 0, 0);
}

static inline int64_t sys1(long nr, uint64_t a)
{
	return sys6(nr, a, 0, 0, 0, 0, 0);
}

/* An address as the kernel takes it. */
static inline uint64_t at(const volatile void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

#endif
