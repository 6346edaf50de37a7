/*
 * refused.c - a few calls that succeed in telling ways and a few that do not; with an argument, a
 * write to where nothing is.  Ends with 0 if all went as Linux has it.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096

int main(int argc, char **argv)
{
	char *base, *a, *b;

	(void)argv;
	if (argc > 1)
		*(volatile char *)0x4242 = 1;

	/* Room of our own, so that what follows does not depend on the neighbours. */
	base = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return 1;
	/* The first replaces and splits, the second merges, the third splits; then a hole. */
	a = mmap(base + 4 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	b = mmap(base + 8 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (a == MAP_FAILED || b == MAP_FAILED)
		return 1;
	if (munmap(base + 6 * PAGE, PAGE))
		return 1;
	if (!mprotect(base + 5 * PAGE, 4 * PAGE, PROT_READ) || errno != ENOMEM)
		return 1;
	if (mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ||
	    errno != EINVAL)
		return 1;
	if (mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0) != MAP_FAILED || errno != EBADF)
		return 1;
	return 0;
}
