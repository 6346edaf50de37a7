/*
 * load_compute.c - a program that only computes, for about a second: no memory call, no fault after
 * its start.  Prints the result so that the work cannot be left out.
 */
#include <stdint.h>
#include <stdio.h>

int main(void)
{
	uint64_t x = 88172645463325252u, sum = 0;

	for (uint64_t i = 0; i < UINT64_C(700000000); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		sum += x;
	}
	printf("%016llx\n", (unsigned long long)sum);
	return 0;
}
