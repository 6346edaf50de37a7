/*
 * guest.c - what the emulator runs: a static program that prints, allocates, faults and catches it.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096

static char zeroes[3 * PAGE + 100];
static int numbers[] = { 1, 2, 3 };
static sigjmp_buf back;
static volatile siginfo_t seen;

static void caught(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)context;
	seen = *info;
	siglongjmp(back, 1);
}

/* Whoever skips an instruction returns from the handler; here it is made to work instead. */
static char *closed;

static volatile char *volatile nowhere = (char *)8;

static void opened(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	(void)info;
	(void)context;
	mprotect(closed, PAGE, PROT_READ | PROT_WRITE);
}

static void on_segv(void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_flags = SA_SIGINFO, .sa_sigaction = handler };

	sigaction(SIGSEGV, &action, NULL);
}

static void provoke(const char *what, volatile char *at)
{
	if (!sigsetjmp(back, 1)) {
		*at = 1;
		printf("%s: written\n", what);
		return;
	}
	printf("%s: SIGSEGV, %s\n", what, seen.si_code == SEGV_MAPERR ? "nothing is mapped there" :
	       seen.si_code == SEGV_ACCERR ? "not allowed" : "?");
}

static unsigned int sum(const char *at, size_t len)
{
	unsigned int total = 0;

	for (size_t i = 0; i < len; i++)
		total += (unsigned char)at[i];
	return total;
}

/* Some pages of stack, each written. */
static int deep(int levels)
{
	volatile char room[PAGE];

	room[0] = (char)levels;
	room[PAGE - 1] = 1;
	return levels ? deep(levels - 1) + room[PAGE - 1] : room[0];
}

int main(int argc, char **argv)
{
	char *heap, *mapped;

	printf("arguments: %d, the last is %s\n", argc - 1, argv[argc - 1]);
	printf("bss: %u, data: %d\n", sum(zeroes, sizeof(zeroes)), numbers[0] + numbers[2]);
	heap = malloc(100000);
	memset(heap, 7, 100000);
	printf("heap: %u\n", sum(heap, 100000));
	mapped = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	strcpy(mapped + PAGE - 3, "across two pages");
	mapped = mremap(mapped, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE);
	printf("mapped: %s, and %u behind it\n", mapped + PAGE - 3, sum(mapped + 4 * PAGE, PAGE));
	madvise(mapped, PAGE, MADV_DONTNEED);
	printf("given back: %u\n", sum(mapped, PAGE));
	printf("stack: %d\n", deep(60));

	on_segv(caught);
	mprotect(mapped, PAGE, PROT_READ);
	provoke("read-only", mapped);
	provoke("null", NULL);
	munmap(mapped, PAGE);
	provoke("unmapped", mapped);
	provoke("the rest", mapped + PAGE);

	closed = mapped + 2 * PAGE;
	mprotect(closed, PAGE, PROT_NONE);
	on_segv(opened);
	closed[10] = 3;
	printf("opened by its handler: %d\n", closed[10]);
	fflush(stdout);
	signal(SIGSEGV, SIG_DFL);
	if (argc > 1 && !strcmp(argv[1], "crash"))
		*nowhere = 1;
	return 7;
}
