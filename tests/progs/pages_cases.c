/*
 * pages_cases.c - pages that are made, shared, copied, moved and given away: what smaps counts.
 *
 * Each case leaves its areas as they are when it ends, for who compares them then.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

static char *at;			/* of the case's memory, shared with its threads */

static void written(char *addr, size_t pages)
{
	for (size_t page = 0; page < pages; page++)
		touch(addr + page * PAGE);
}

static void read_pages(const char *addr, size_t pages)
{
	for (size_t page = 0; page < pages; page++)
		look(addr + page * PAGE);
}

/* A memory call, at which what has happened so far may be compared. */
static void comma(void)
{
	expect(sys_brk(NULL) != NULL, "brk");
}

static pid_t child_of(void (*body)(void))
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid == 0) {
		body();
		_exit(prog_failures() != 0);
	}
	return pid;
}

static void wait_for(pid_t pid)
{
	int status;

	expect(waitpid(pid, &status, 0) == pid && status == 0, "the child ends well");
}

/* ---- one process ---- */

static void made(void)
{
	at = map_at(pool(64), 64, RW);
	written(at, 8);
	read_pages(at + 16 * PAGE, 8);
	comma();
	written(at + 20 * PAGE, 8);	/* some of them read before */
	expect(madvise(at + 32 * PAGE, 8 * PAGE, MADV_POPULATE_WRITE) == 0, "populate");
	expect(madvise(at + 40 * PAGE, 8 * PAGE, MADV_POPULATE_READ) == 0, "populate");
	expect_ok(sys_mmap(at + 48 * PAGE, 8 * PAGE, RW, ANON | MAP_FIXED | MAP_POPULATE, -1, 0),
		  "MAP_POPULATE");
	expect(getcwd(at + 60 * PAGE, PAGE) != NULL, "the kernel writes as well");
}

static void given_away(void)
{
	at = map_at(pool(64), 64, RW);
	written(at, 64);
	expect(madvise(at + 4 * PAGE, 8 * PAGE, MADV_DONTNEED) == 0, "DONTNEED");
	comma();
	written(at + 6 * PAGE, 2);
	expect(sys_munmap(at + 16 * PAGE, 8 * PAGE) == 0, "munmap");
	expect_ok(sys_mmap(at + 32 * PAGE, 8 * PAGE, RW, ANON | MAP_FIXED, -1, 0), "over it");
	touch(at + 33 * PAGE);
}

/* What may be dropped is not dropped yet; written again, it may not be. */
static void lazily_freed(void)
{
	at = map_at(pool(32), 32, RW);
	written(at, 32);
	expect(madvise(at, 16 * PAGE, MADV_FREE) == 0, "FREE");
	comma();
	written(at + 4 * PAGE, 4);
}

static void locked(void)
{
	at = map_at(pool(64), 64, RW);
	written(at, 4);
	expect(mlock(at, 16 * PAGE) == 0, "mlock");
	expect(syscall(SYS_mlock2, at + 16 * PAGE, 16 * PAGE, 1) == 0, "MLOCK_ONFAULT");
	written(at + 20 * PAGE, 2);
	comma();
	expect(munlock(at + 4 * PAGE, 4 * PAGE) == 0, "munlock");
	expect(sys_mprotect(at + 40 * PAGE, 8 * PAGE, PROT_READ) == 0, "read-only");
	expect(mlock(at + 40 * PAGE, 8 * PAGE) == 0, "the zero page, locked");
}

static void moved(void)
{
	at = map_at(pool(64), 16, RW);
	written(at, 8);
	at = expect_ok(sys_mremap(at, 16 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
				  at + 24 * PAGE), "mremap");
	touch(at + 12 * PAGE);
	at = expect_ok(sys_mremap(at, 16 * PAGE, 24 * PAGE, 0, NULL), "grown");
	written(at + 16 * PAGE, 4);
	at = expect_ok(sys_mremap(at, 24 * PAGE, 18 * PAGE, 0, NULL), "shrunk");
	expect_ok(sys_mremap(at, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | 4, NULL), "DONTUNMAP");
	touch(at);
}

static void protected(void)
{
	at = map_at(pool(32), 32, RW);
	written(at, 16);
	expect(sys_mprotect(at + 4 * PAGE, 20 * PAGE, PROT_READ) == 0, "read-only");
	read_pages(at + 4 * PAGE, 20);
	comma();
	expect(sys_mprotect(at + 4 * PAGE, 20 * PAGE, RW) == 0, "writable");
	written(at + 10 * PAGE, 10);
}

/* A private mapping of a file: pages of its own where it was written. */
static void of_a_file(void)
{
	int fd = scratch_file(16);

	at = expect_ok(sys_mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE, fd, 0), "mmap");
	read_pages(at, 8);
	written(at + 4 * PAGE, 8);
	comma();
	expect(madvise(at + 5 * PAGE, 2 * PAGE, MADV_DONTNEED) == 0, "the file's again");
}

static void truncated(void)
{
	int fd = scratch_file(16);

	at = expect_ok(sys_mmap(NULL, 16 * PAGE, RW, MAP_PRIVATE, fd, 0), "mmap");
	written(at, 16);
	comma();
	expect(ftruncate(fd, 4 * PAGE) == 0, "ftruncate");
}

static int deep(int depth)
{
	volatile char frame[PAGE];

	frame[0] = (char)depth;
	return depth ? deep(depth - 1) + frame[0] : frame[0];
}

static void stack_and_heap(void)
{
	char *brk = sys_brk(NULL);

	expect(deep(100) >= 0, "a deep stack");
	expect(sys_brk(brk + 64 * PAGE) == brk + 64 * PAGE, "brk");
	written(brk + PAGE, 32);
	comma();
	expect(sys_brk(brk + 16 * PAGE) == brk + 16 * PAGE, "brk back");
}

/* So many huge pages' room, aligned and advised: whether one is free is the machine's to say. */
static void huge_room(size_t pages)
{
	char *hole = pool((pages + 2) * HUGE / PAGE);

	at = (char *)(((uintptr_t)hole + HUGE - 1) & ~(HUGE - 1));
	map_at(at, pages * HUGE / PAGE, RW);
	if (madvise(at, pages * HUGE, MADV_HUGEPAGE) != 0)
		skip("no transparent huge pages here");
}

static void huge(void)
{
	huge_room(1);
	touch(at + 5 * PAGE);
	comma();
	expect(sys_munmap(at, 16 * PAGE) == 0, "a part of it");
}

/* Each in its own way a page of many again. */
static void huge_split(void)
{
	huge_room(5);
	for (int i = 0; i < 5; i++)
		touch(at + i * HUGE);
	comma();
	expect(madvise(at + 3 * PAGE, 5 * PAGE, MADV_DONTNEED) == 0, "DONTNEED of a part");
	expect(sys_mprotect(at + HUGE + 7 * PAGE, PAGE, PROT_READ) == 0, "mprotect of a part");
	expect_ok(sys_mremap(at + 2 * HUGE + PAGE, PAGE, PAGE, MREMAP_MAYMOVE, NULL), "mremap");
	expect(madvise(at + 3 * HUGE, HUGE, MADV_DONTNEED) == 0, "DONTNEED of all");
	comma();
	look(at + 3 * HUGE);		/* the huge zero page */
	touch(at + 3 * HUGE + PAGE);
}

/* ---- several processes ---- */

static void writes_some(void)
{
	written(at + 8 * PAGE, 8);
	comma();
}

static void waits_for_own_child(void)
{
	comma();
	written(at, 4);
	wait_for(child_of(writes_some));
	comma();
	written(at + 10 * PAGE, 4);
	comma();
}

/* Shared three times, copied on write on every level, and left to the last one. */
static void fork_tree(void)
{
	at = map_at(pool(32), 32, RW);
	written(at, 24);
	wait_for(child_of(waits_for_own_child));
	comma();
	written(at, 24);
}

static int go[2];

static void reads_go(void)
{
	char byte;

	expect(read(go[0], &byte, 1) == 1, "told to go on");
	comma();
	written(at + 4 * PAGE, 4);
}

/* The parent takes its copies while the child has the pages. */
static void parent_writes(void)
{
	pid_t pid;

	at = map_at(pool(32), 32, RW);
	written(at, 16);
	if (pipe(go) != 0)
		die("pipe");
	pid = child_of(reads_go);
	written(at, 8);
	comma();
	expect(sys_mprotect(at + 12 * PAGE, 2 * PAGE, PROT_READ) == 0, "of what is shared");
	expect(madvise(at + 14 * PAGE, PAGE, MADV_DONTNEED) == 0, "of what is shared");
	expect(write(go[1], "", 1) == 1, "tell the child");
	wait_for(pid);
	comma();
	written(at + 8 * PAGE, 4);	/* nobody else's any more: no copy */
}

static void wiped_and_left_out(void)
{
	at = map_at(pool(32), 24, RW);
	written(at, 24);
	expect(madvise(at + 4 * PAGE, 4 * PAGE, MADV_WIPEONFORK) == 0, "WIPEONFORK");
	expect(madvise(at + 12 * PAGE, 4 * PAGE, MADV_DONTFORK) == 0, "DONTFORK");
	wait_for(child_of(comma));
	comma();
}

static void moves_and_unmaps(void)
{
	expect_ok(sys_mremap(at, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     at + 40 * PAGE), "mremap");
	touch(at + 41 * PAGE);
	expect(sys_munmap(at + 8 * PAGE, 4 * PAGE) == 0, "munmap");
	expect(mlock(at + 12 * PAGE, 4 * PAGE) == 0, "mlock copies");
	comma();
}

static void shared_and_moved(void)
{
	at = map_at(pool(64), 16, RW);
	written(at, 16);
	wait_for(child_of(moves_and_unmaps));
	comma();
}

/* Without a page fault, what is shared is copied all the same. */
static void futex_copies(void)
{
	struct timespec none = { 0 };

	syscall(SYS_futex, at, FUTEX_WAIT, 1, &none, NULL, 0);
	comma();
}

static void futex_of_shared(void)
{
	at = map_at(pool(4), 4, RW);
	written(at, 4);
	*at = 1;
	wait_for(child_of(futex_copies));
	comma();
}

/* What a part of one is given away with is the kernel's to say. */
static void huge_aged(void)
{
	huge_room(3);
	touch(at);
	touch(at + HUGE);
	touch(at + 2 * HUGE);
	comma();
	expect(madvise(at + PAGE, PAGE, MADV_COLD) == 0, "MADV_COLD of a part");
	expect(madvise(at + HUGE + PAGE, PAGE, MADV_FREE) == 0, "MADV_FREE of a part");
	expect(madvise(at + 2 * HUGE, HUGE, MADV_FREE) == 0, "MADV_FREE of all");
	comma();
	touch(at + 2 * PAGE);
}

static void writes_in_huge(void)
{
	touch(at + 9 * PAGE);
	comma();
	expect(sys_munmap(at + HUGE, HUGE) == 0, "munmap of the other");
	comma();
}

static void huge_shared(void)
{
	huge_room(2);
	touch(at);
	touch(at + HUGE);
	wait_for(child_of(writes_in_huge));
	comma();
	touch(at + PAGE);
	touch(at + HUGE + PAGE);
}

/* ---- threads ---- */

static void *thread_writes(void *arg)
{
	written(at + *(int *)arg * 64 * PAGE, 64);
	comma();
	expect(madvise(at + *(int *)arg * 64 * PAGE, 32 * PAGE, MADV_DONTNEED) == 0, "DONTNEED");
	return NULL;
}

static void threads(void)
{
	pthread_t thread[4];
	int number[4];

	at = map_at(pool(256), 256, RW);
	for (int i = 0; i < 4; i++) {
		number[i] = i;
		if (pthread_create(&thread[i], NULL, thread_writes, &number[i]) != 0)
			die("pthread_create");
	}
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	comma();
}

static const struct prog_case cases[] = {
	{ "made", made },
	{ "given_away", given_away },
	{ "lazily_freed", lazily_freed },
	{ "locked", locked },
	{ "moved", moved },
	{ "protected", protected },
	{ "of_a_file", of_a_file },
	{ "truncated", truncated },
	{ "stack_and_heap", stack_and_heap },
	{ "huge", huge },
	{ "huge_split", huge_split },
	{ "huge_shared", huge_shared },
	{ "huge_aged", huge_aged },
	{ "fork_tree", fork_tree },
	{ "parent_writes", parent_writes },
	{ "wiped_and_left_out", wiped_and_left_out },
	{ "shared_and_moved", shared_and_moved },
	{ "futex_of_shared", futex_of_shared },
	{ "threads", threads },
};

PROG_MAIN(cases)
