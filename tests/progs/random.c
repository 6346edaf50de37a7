#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"
#include "random.h"

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

void random_arguments(int argc, char **argv, uint64_t *seed, unsigned long *calls)
{
	if (argc != 3) {
		fprintf(stderr, "usage: %s SEED CALLS\n", argv[0]);
		exit(2);
	}
	*seed = strtoull(argv[1], NULL, 0) * GOLDEN + 1;
	*calls = strtoul(argv[2], NULL, 0);
}

uint64_t random_number(uint64_t *seed, uint64_t bound)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (*seed >> 11) % bound;
}

void random_child(uint64_t *seed, void (*body)(void *state), void *state)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		*seed += GOLDEN;
		body(state);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		/* Not through stdio: the break that it relies on may have moved about. */
		dprintf(STDOUT_FILENO, "FAILED  a child ended with %#x\n", (unsigned int)status);
		exit(1);
	}
}
