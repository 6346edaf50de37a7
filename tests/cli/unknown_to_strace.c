/*
 * unknown_to_strace.c - calls and values that are younger than strace 6.1: see docs/strace.md.
 */
#include <sys/syscall.h>
#include <unistd.h>

int main(void)
{
	long area = syscall(SYS_mmap, 0, 8192, 3, 0x22, -1L, 0);

	syscall(SYS_madvise, area, 4096, 102);			/* MADV_GUARD_INSTALL */
	syscall(SYS_madvise, area, 4096, 103);			/* MADV_GUARD_REMOVE */
	syscall(SYS_mmap, 0, 4096, 3, 0x28, -1L, 0);		/* MAP_DROPPABLE */
	syscall(SYS_mmap, 0, 4096, 3, 0xa2, -1L, 0);		/* MAP_ABOVE4G */
	syscall(SYS_mbind, area, 4096, 6, 0, 0, 0);		/* MPOL_WEIGHTED_INTERLEAVE */
	syscall(462, area, 4096, 0);				/* mseal */
	syscall(453, 0, 4096, 1);				/* map_shadow_stack */
	return 0;
}
