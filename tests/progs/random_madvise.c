/*
 * random_madvise.c - advice, locks and guard pages at random, among other memory calls.
 *
 *	random_madvise SEED CALLS
 *
 * A pool of addresses around a boundary of 2 MiB: most calls are about a few pages of it, some
 * about half of it.  The children of its forks do the same for a while, and seal some of it.  Odd
 * seeds may lock only a little.  Nothing hangs on chance: MADV_COLLAPSE is left out.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "prog.h"
#include "random.h"

#define POOL_PAGES 1536UL		/* 6 MiB */
#define WINDOW 48UL			/* pages, with a boundary of 2 MiB in their middle */
#define CALLS_OF_A_CHILD 40

#define RW (PROT_READ | PROT_WRITE)

struct random_state {
	uint64_t seed;
	char *at;			/* the pool, aligned to 2 MiB */
	int file, memory;		/* POOL_PAGES long, or shorter */
	bool child;
	unsigned long calls, refused;
};

struct range {
	size_t page;
	char *start;
	size_t len;
};

static sigjmp_buf after_access;

static void caught(int signo)
{
	siglongjmp(after_access, signo);
}

/* xorshift */
static uint64_t random_below(struct random_state *state, uint64_t bound)
{
	return random_number(&state->seed, bound);
}

#define RANDOM_OF(state, table) \
	((table)[random_below(state, sizeof(table) / sizeof((table)[0]))])

static struct range random_range(struct random_state *state)
{
	struct range range;
	size_t pages;

	if (random_below(state, 12)) {
		range.page = 512 - WINDOW / 2 + random_below(state, WINDOW);
		pages = 1 + random_below(state, 9);
	} else {
		range.page = random_below(state, 8) * 128;
		pages = 64 + random_below(state, 900);
	}
	if (range.page + pages > POOL_PAGES)
		pages = POOL_PAGES - range.page;
	range.start = state->at + range.page * PAGE;
	range.len = pages * PAGE;
	return range;
}

static void count(struct random_state *state, long result)
{
	state->calls++;
	state->refused += result < 0;
}

static void map(struct random_state *state)
{
	static const int prots[] = { RW, RW, RW, RW, PROT_READ, PROT_READ, PROT_NONE, PROT_EXEC };
	static const int flags[] = {
		MAP_PRIVATE, MAP_PRIVATE, MAP_PRIVATE, MAP_PRIVATE, MAP_PRIVATE, MAP_SHARED,
		MAP_PRIVATE | MAP_STACK, MAP_PRIVATE | MAP_NORESERVE, MAP_PRIVATE | MAP_POPULATE,
		MAP_PRIVATE | MAP_LOCKED, MAP_DROPPABLE, MAP_PRIVATE | MAP_GROWSDOWN,
	};
	struct range range = random_range(state);
	int flag = RANDOM_OF(state, flags), fd = -1, prot = RANDOM_OF(state, prots);

	switch (random_below(state, 5)) {
	case 0:
		fd = state->file;
		break;
	case 1:
		fd = state->memory;
		break;
	default:
		flag |= MAP_ANONYMOUS;
		break;
	}
	if (random_below(state, 40) == 0) {	/* huge pages that nobody has */
		range = (struct range){ 512, state->at + HUGE, HUGE };
		flag = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE;
		fd = -1;
	}
	count(state, sys_mmap(range.start, range.len, prot, flag | MAP_FIXED, fd,
			      range.page * PAGE));
}

static void protect(struct random_state *state)
{
	static const int prots[] = { RW, RW, RW, PROT_READ, PROT_NONE };
	struct range range = random_range(state);

	count(state, sys_mprotect(range.start, range.len, RANDOM_OF(state, prots)));
}

static void unmap(struct random_state *state)
{
	struct range range = random_range(state);

	count(state, sys_munmap(range.start, range.len));
}

static void move(struct random_state *state)
{
	struct range from = random_range(state), to = random_range(state);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	/* Of equal length, or the longer one's end is gone. */
	if (random_below(state, 4))
		to.len = from.len;
	else if (random_below(state, 2))
		flags |= 4;		/* MREMAP_DONTUNMAP: refused but for equal lengths */
	if (to.page * PAGE + to.len > POOL_PAGES * PAGE)
		return;
	count(state, syscall(SYS_mremap, from.start, from.len, to.len, flags, to.start));
}

static int random_advice(struct random_state *state)
{
	static const int advice[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE,
		MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK, MADV_DOFORK, 12 /* MERGEABLE */,
		13 /* UNMERGEABLE */, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
		MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT,
		22 /* POPULATE_READ */, 23 /* POPULATE_WRITE */, 23, 24 /* DONTNEED_LOCKED */,
		102 /* GUARD_INSTALL */, 102, 102, 103 /* GUARD_REMOVE */, 103, 5 /* none */,
	};

	return RANDOM_OF(state, advice);
}

static void advise(struct random_state *state)
{
	struct range range = random_range(state);

	count(state, syscall(SYS_madvise, range.start, range.len, random_advice(state)));
}

static void advise_several(struct random_state *state)
{
	struct iovec vector[3];
	int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	for (size_t i = 0; i < 3; i++) {
		struct range range = random_range(state);

		vector[i].iov_base = range.start;
		vector[i].iov_len = random_below(state, 5) ? range.len : 0;
	}
	count(state, syscall(440 /* process_madvise */, pidfd, vector, 3, random_advice(state), 0));
	close(pidfd);
}

static void lock(struct random_state *state)
{
	struct range range = random_range(state);
	char *start = range.start + random_below(state, 2) * 7;

	switch (random_below(state, 4)) {
	case 0:
		count(state, syscall(SYS_mlock2, start, range.len, 1));
		break;
	case 1:
		count(state, syscall(SYS_mlock, start, range.len));
		break;
	default:
		count(state, syscall(SYS_munlock, start, range.len));
		break;
	}
}

/* All at once: now and then, for most stays as it is until the next. */
static void everything(struct random_state *state)
{
	static const int flags[] = { 1, 2, 3, 5, 6, 7, 0, 4 };

	switch (random_below(state, 6)) {
	case 0:
		count(state, syscall(SYS_mlockall, RANDOM_OF(state, flags)));
		break;
	case 1:
	case 2:
		count(state, syscall(SYS_munlockall));
		break;
	case 3:
		count(state, prctl(67 /* PR_SET_MEMORY_MERGE */, random_below(state, 2), 0, 0, 0));
		break;
	case 4:
		count(state, prctl(41 /* PR_SET_THP_DISABLE */, random_below(state, 2),
				   random_below(state, 2) * 2, 0, 0));
		break;
	default:
		if (ftruncate(random_below(state, 2) ? state->file : state->memory,
			      (off_t)(random_below(state, POOL_PAGES * PAGE))))
			die("ftruncate");
		break;
	}
}

/* Guard pages and what lies beyond a file's end give signals. */
static void access_page(struct random_state *state)
{
	char *addr = state->at + (512 - WINDOW / 2 + random_below(state, WINDOW)) * PAGE;
	bool write = random_below(state, 3) != 0;

	if (sigsetjmp(after_access, 1))
		return;
	if (write)
		touch(addr);
	else
		look(addr);
}

/* For good: not where it would be in the way of all that follows. */
static void seal(struct random_state *state)
{
	struct range range = random_range(state);

	if (state->child)
		count(state, syscall(462 /* mseal */, range.start, range.len, 0));
}

static void some_call(struct random_state *state)
{
	uint64_t choice = random_below(state, 100);

	if (choice < 20)
		map(state);
	else if (choice < 30)
		protect(state);
	else if (choice < 33)
		unmap(state);
	else if (choice < 38)
		move(state);
	else if (choice < 72)
		advise(state);
	else if (choice < 76)
		advise_several(state);
	else if (choice < 88)
		lock(state);
	else if (choice < 91)
		everything(state);
	else if (choice < 93)
		seal(state);
	for (uint64_t n = random_below(state, 4); n > 0; n--)
		access_page(state);
}

static void child(void *arg)
{
	struct random_state *state = arg;

	state->child = true;
	for (state->calls = 0; state->calls < CALLS_OF_A_CHILD;)
		some_call(state);
}

static void fork_one(struct random_state *state)
{
	random_child(&state->seed, child, state);
	state->calls++;
}

int main(int argc, char **argv)
{
	static struct random_state state;
	static char signal_stack[64 * 1024];
	stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	struct sigaction action = { .sa_handler = caught, .sa_flags = SA_ONSTACK };
	unsigned long wanted;

	random_arguments(argc, argv, &state.seed, &wanted);
	if (strtoul(argv[1], NULL, 0) % 2) {
		drop_capability(CAP_IPC_LOCK);
		set_limit(RLIMIT_MEMLOCK, 600 * PAGE);
	}
	state.file = scratch_file(POOL_PAGES);
	state.memory = memfd_create("random_madvise", MFD_CLOEXEC);
	if (state.memory < 0 || ftruncate(state.memory, (off_t)(POOL_PAGES * PAGE)))
		die("memfd");
	state.at = pool(POOL_PAGES + 512);
	state.at = (char *)(((uintptr_t)state.at + HUGE - 1) & ~(HUGE - 1));
	if (sigaltstack(&stack, NULL) || sigaction(SIGSEGV, &action, NULL) ||
	    sigaction(SIGBUS, &action, NULL))
		die("sigaction");
	while (state.calls < wanted) {
		if (random_below(&state, 150) == 0)
			fork_one(&state);
		else
			some_call(&state);
	}
	dprintf(STDOUT_FILENO, "calls %lu refused %lu\n", state.calls, state.refused);
	return 0;
}
