/*
 * load_touch.c - a program that touches 1 GiB for the first time, a page at a time: 262,144 faults
 * and hardly a call.
 */
#include <stdio.h>
#include <sys/mman.h>

#define SIZE (1ul << 30)
#define PAGE 4096

int main(void)
{
	char *region = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (region == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	/* Small pages: a huge page would be one fault for 512 pages. */
	if (madvise(region, SIZE, MADV_NOHUGEPAGE))
		perror("madvise");	/* a kernel without huge pages: nothing to switch off */
	for (unsigned long i = 0; i < SIZE; i += PAGE)
		((volatile char *)region)[i] = 1;
	return 0;
}
