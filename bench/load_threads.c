/*
 * load_threads.c - four threads that do little else than memory calls: 5,000 mmap and munmap of a
 * page each, and 5,000 mprotect to and fro.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define THREADS 4
#define CALLS 5000
#define PAGE 4096

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *call(void *arg)
{
	char *region;

	(void)arg;
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
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, call, NULL))
			die("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
