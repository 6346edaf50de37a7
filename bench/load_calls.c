/*
 * load_calls.c - a program that does little else than memory calls: 20,000 mmap and munmap of a
 * page, and 20,000 mprotect to and fro.  What a follower costs shows here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CALLS 20000
#define PAGE 4096

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

int main(void)
{
	char *region;

	for (int i = 0; i < CALLS; i++) {
		void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);

		if (page == MAP_FAILED)
			die("mmap");
		if (munmap(page, PAGE))
			die("munmap");
	}
	region = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region == MAP_FAILED)
		die("mmap");
	for (int i = 0; i < CALLS; i++)
		if (mprotect(region + PAGE, PAGE, i & 1 ? PROT_READ | PROT_WRITE : PROT_READ))
			die("mprotect");
	return 0;
}
