/*
 * uffd_threads.c - a userfaultfd registers, unregisters and is closed beside other threads' calls.
 *
 *	uffd_threads CALLS
 *
 * Of four threads one does that, two map, protect and drop memory, one writes to it; who meets
 * what is watched gets a SIGBUS (UFFD_FEATURE_SIGBUS).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "uffd.h"

#define POOL_PAGES 64
#define RW (PROT_READ | PROT_WRITE)

static char *at;
static unsigned long calls;
static atomic_bool done;
static _Thread_local sigjmp_buf after_touch;

static void on_sigbus(int signo)
{
	(void)signo;
	siglongjmp(after_touch, 1);
}

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

/* A range of the pool. */
static char *random_range(unsigned int *seed, size_t *len)
{
	size_t page = next_random(seed) % POOL_PAGES, pages = 1 + next_random(seed) % 6;

	if (page + pages > POOL_PAGES)
		pages = POOL_PAGES - page;
	*len = pages * PAGE;
	return at + page * PAGE;
}

static void try_page(char *addr)
{
	if (!sigsetjmp(after_touch, 1))
		touch(addr);
}

static void *write_pages(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	while (!atomic_load(&done))
		try_page(at + next_random(&seed) % POOL_PAGES * PAGE);
	return NULL;
}

static void *map_pages(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;

	for (unsigned long i = 0; i < calls; i++) {
		size_t len;
		char *start = random_range(&seed, &len);

		switch (next_random(&seed) % 3) {
		case 0:
			sys_mmap(start, len, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 1:
			sys_mprotect(start, len, RW);
			break;
		default:
			madvise(start, len, MADV_DONTNEED);
			break;
		}
	}
	return NULL;
}

static void *watch_pages(void *arg)
{
	unsigned int seed = (unsigned int)(uintptr_t)arg;
	int uffd = uffd_new(UFFD_FEATURE_SIGBUS);

	for (unsigned long i = 0; i < calls; i++) {
		size_t len;
		char *start = random_range(&seed, &len);

		switch (next_random(&seed) % 8) {
		case 0:
			close(uffd);
			uffd = uffd_new(UFFD_FEATURE_SIGBUS);
			break;
		case 1:
		case 2:
			uffd_unregister(uffd, start, len);
			break;
		default:
			uffd_register(uffd, start, len, 1 + next_random(&seed) % 3);
			break;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static void *(*const body[4])(void *) = { map_pages, map_pages, watch_pages, write_pages };
	pthread_t thread[4];

	if (argc != 2) {
		fprintf(stderr, "usage: %s CALLS\n", argv[0]);
		return 2;
	}
	calls = strtoul(argv[1], NULL, 0);
	signal(SIGBUS, on_sigbus);
	at = map_at(pool(POOL_PAGES), POOL_PAGES, RW);
	for (uintptr_t i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, body[i], (void *)(i + 1)))
			die("thread");
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	atomic_store(&done, true);
	pthread_join(thread[3], NULL);
	puts("ok      done");
	return 0;
}
