/*
 * hello.c - an ordinary little program: large and small blocks from malloc, a file, a child.  It is
 * built static, static-PIE, at a fixed address and as the compiler likes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_BLOCKS 200

#ifdef BSS_MIB
static char bss[BSS_MIB << 20];
#else
static char bss[1];
#endif

static int by_number(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

/* Blocks of many sizes, some past malloc's threshold for a mapping of their own. */
static int allocate(unsigned int salt)
{
	char *blocks[NR_BLOCKS] = { NULL };
	int sum = 0;

	for (unsigned int i = 0; i < NR_BLOCKS; i++) {
		size_t len = 16 + (i * 7919u + salt) % (i % 20 ? 9000 : 400000);

		blocks[i] = malloc(len);
		if (!blocks[i])
			abort();
		memset(blocks[i], (int)i, len);
		if (i % 3 == 2) {
			free(blocks[i - 1]);
			blocks[i - 1] = NULL;
		}
	}
	for (unsigned int i = 0; i < NR_BLOCKS; i++) {
		sum += blocks[i] ? blocks[i][5] : 0;
		free(blocks[i]);
	}
	return sum;
}

int main(void)
{
	int numbers[1000], status;
	FILE *file = tmpfile();
	pid_t pid;

	for (int i = 0; i < 1000; i++)
		numbers[i] = (i * 7919) % 1009;
	qsort(numbers, 1000, sizeof(numbers[0]), by_number);
	if (!file || fwrite(numbers, sizeof(numbers), 1, file) != 1 || fclose(file))
		return 1;
	allocate(1);
	pid = fork();
	if (pid == 0)
		_exit(allocate(2) == allocate(2) ? 0 : 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return 1;
	allocate(3);
	bss[sizeof(bss) / 2] = 1;
	printf("hello %d\n", numbers[500]);
	return 0;
}
