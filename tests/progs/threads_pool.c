/*
 * threads_pool.c - a pool of threads that allocate as programs do, through the C library.
 *
 *	threads_pool THREADS JOBS
 *
 * Jobs of many sizes are taken from a queue; memory goes from thread to thread; now and then a job
 * forks.  Whatever was written is read again by whoever frees it.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define SLOTS 64

static struct slot {
	unsigned char *memory;
	size_t len;
} slot[SLOTS];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_long jobs;
static atomic_bool broken;

static unsigned int below(unsigned int *seed, unsigned int bound)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % bound;
}

/* Small ones of the heap, large ones of mmap(2). */
static size_t any_size(unsigned int *seed)
{
	static const size_t most[] = { 200, 4000, 60000, 300000, 3000000 };

	return 1 + (below(seed, 1 << 15) * 101u) % most[below(seed, 5)];
}

static void swap_slot(size_t i, struct slot *mine)
{
	struct slot was;

	pthread_mutex_lock(&lock);
	was = slot[i];
	slot[i] = *mine;
	pthread_mutex_unlock(&lock);
	*mine = was;
}

static void check(const struct slot *s)
{
	for (size_t i = 0; s->memory && i < s->len; i += 997)
		if (s->memory[i] != (unsigned char)s->len)
			atomic_store(&broken, true);
}

static void child_job(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		unsigned char *memory = malloc(500000);

		if (!memory)
			_exit(1);
		memset(memory, 1, 500000);
		free(memory);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *worker(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (atomic_fetch_sub(&jobs, 1) > 0) {
		struct slot mine = { .len = any_size(&seed) };

		mine.memory = malloc(mine.len);
		if (!mine.memory)
			die("malloc");
		memset(mine.memory, (int)(unsigned char)mine.len, mine.len);
		swap_slot(below(&seed, SLOTS), &mine);
		check(&mine);
		free(mine.memory);
		if (below(&seed, 400) == 0)
			child_job();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	long nr = argc == 3 ? strtol(argv[1], NULL, 0) : 4;
	pthread_t thread[64];

	atomic_store(&jobs, argc == 3 ? strtol(argv[2], NULL, 0) : 2000);
	/* No threshold that adapts: large ones are mapped and unmapped each time. */
	mallopt(M_MMAP_THRESHOLD, 100000);
	mallopt(M_TRIM_THRESHOLD, 100000);
	if (nr < 1 || nr > 64)
		die("1 to 64 threads");
	for (long i = 0; i < nr; i++)
		if (pthread_create(&thread[i], NULL, worker, (void *)(uintptr_t)(i + 1)))
			die("pthread_create");
	for (long i = 0; i < nr; i++)
		pthread_join(thread[i], NULL);
	for (size_t i = 0; i < SLOTS; i++) {
		check(&slot[i]);
		free(slot[i].memory);
	}
	puts(atomic_load(&broken) ? "FAILED  memory changed" : "ok");
	return atomic_load(&broken);
}
