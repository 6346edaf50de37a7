/*
 * int80.c - a 64-bit program that makes memory calls by the 32-bit entry, as 32-bit programs do.
 * Ends with 0, or 77 where the kernel has no 32-bit calls.
 */
#include <errno.h>
#include <stdio.h>

#define I386_BRK 45
#define I386_MPROTECT 125

static long call32(long nr, long a, long b, long c)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "0"(nr), "b"(a), "c"(b), "d"(c)
			 : "r8", "r9", "r10", "r11", "memory");
	return (int)result;
}

int main(void)
{
	long brk = call32(I386_BRK, 0, 0, 0);
	long nothing = call32(I386_MPROTECT, 0, 0, 0);

	printf("brk %#lx mprotect %ld\n", (unsigned long)brk, nothing);
	if (brk == -ENOSYS)
		return 77;
	return nothing == 0 ? 0 : 1;
}
