/*
 * taken_over.c - calls whose effect a follower may have to take over from the kernel, because it
 * does not predict them; and after each, calls whose answer hangs on what it took over.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define SYS_MSEAL 462			/* 6.10 */

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RO PROT_READ
#define RW (PROT_READ | PROT_WRITE)

static char *at;

static void protect(size_t page, size_t pages, int prot)
{
	expect(sys_mprotect(at + page * PAGE, pages * PAGE, prot) == 0,
	       "mprotect of %zu pages from page %zu", pages, page);
}

static void move(size_t from, size_t to, size_t pages)
{
	char *moved = mremap(at + from * PAGE, pages * PAGE, pages * PAGE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, at + to * PAGE);

	expect(moved == at + to * PAGE, "mremap of page %zu to page %zu", from, to);
}

/* What was written to keeps its offset, and so does not merge with natives of the new place. */
static void moved_written(void)
{
	at = pool(16);
	touch(map_at(at, 4, RW));
	move(0, 8, 4);
	map_at(at + 12 * PAGE, 1, RW);
	map_at(at + 7 * PAGE, 1, RW);
	expect_layout(at + 7 * PAGE, "rw-p:1 rw-p:4 rw-p:1", "neighbours stay apart");
	expect(sys_munmap(at + 9 * PAGE, PAGE) == 0, "a hole in it");
	map_at(at + 9 * PAGE, 1, RW);
	expect_layout(at + 8 * PAGE, "rw-p:1 rw-p:1 rw-p:2 rw-p:1", "which does not heal");
}

static void moved_unwritten(void)
{
	at = pool(16);
	map_at(at, 4, RW);
	move(0, 8, 4);
	map_at(at + 12 * PAGE, 1, RW);
	expect_layout(at + 8 * PAGE, "rw-p:5", "never written to: it is at home where it is");
}

static void moved_back(void)
{
	at = pool(16);
	touch(map_at(at, 4, RW));
	move(1, 8, 2);
	expect_layout(at, "rw-p:1 hole:2 rw-p:1", "the middle moved away");
	protect(8, 1, RO);
	protect(8, 1, RW);
	expect_layout(at + 8 * PAGE, "rw-p:2", "cut and whole again elsewhere");
	move(8, 1, 2);
	expect_layout(at, "rw-p:4", "and home again");
}

static void moved_parts(void)
{
	at = pool(32);
	touch(map_at(at, 8, RW));
	move(0, 17, 4);
	move(4, 21, 4);
	expect_layout(at + 17 * PAGE, "rw-p:8", "moved in two parts, side by side again");
	protect(18, 1, RO);
	protect(18, 1, RW);
	expect(sys_munmap(at + 19 * PAGE, PAGE) == 0, "a hole");
	map_at(at + 19 * PAGE, 1, RW);
	expect_layout(at + 17 * PAGE, "rw-p:2 rw-p:1 rw-p:5", "filled with what is at home there");
}

/* As realloc() does: part of an area, and the kernel chooses the new place. */
static void moved_and_grown(void)
{
	at = pool(6);
	touch(map_at(at, 6, RW));
	at = mremap(at, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		die("mremap");
	expect(sys_munmap(at + 2 * PAGE, PAGE) == 0, "a hole in it");
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1 rw-p:5", "nothing merges with it");
	move(3, 1, 2);
	expect_layout(at, "rw-p:1 rw-p:2 hole:2 rw-p:3", "a part of it on the new page");
}

/* What stood at the new place leaves nothing behind. */
static void moved_onto_reservation(void)
{
	at = pool(32);
	touch(map_at(at, 4, RW));
	map_at(at + 8 * PAGE, 16, PROT_NONE);
	move(0, 12, 4);
	expect_layout(at + 8 * PAGE, "---p:4 rw-p:4 ---p:8", "in the middle of a reservation");
	expect(sys_munmap(at + 14 * PAGE, PAGE) == 0, "a hole in it");
	map_at(at + 14 * PAGE, 1, RW);
	expect_layout(at + 12 * PAGE, "rw-p:2 rw-p:1 rw-p:1", "nothing merges with it");
}

static void grown(void)
{
	at = pool(16);
	touch(map_at(at, 2, RW));
	expect(mremap(at, 2 * PAGE, 4 * PAGE, 0) == at, "grown in place");
	map_at(at + 4 * PAGE, 2, RW);
	expect_layout(at, "rw-p:6", "and on by mmap");
	expect(mremap(at, 6 * PAGE, 3 * PAGE, 0) == at, "made smaller");
	expect_layout(at, "rw-p:3 hole:3", "the rest is gone");
}

static void dontfork_child(void)
{
	expect_layout(at, "rw-p:2 hole:2 rw-p:4", "child: two pages were not copied");
	map_at(at + 2 * PAGE, 2, RW);
	expect_layout(at, "rw-p:2 rw-p:2 rw-p:4", "child: the hole filled");
}

static void dontfork(void)
{
	int status;

	at = pool(8);
	touch(map_at(at, 8, RW));
	expect(madvise(at + 2 * PAGE, 2 * PAGE, MADV_DONTFORK) == 0, "MADV_DONTFORK");
	expect_layout(at, "rw-p:2 rw-p:2 rw-p:4", "cut in three");
	status = in_child(dontfork_child);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's expectations");
	expect(madvise(at + 2 * PAGE, 2 * PAGE, MADV_DOFORK) == 0, "MADV_DOFORK");
	protect(0, 1, RO);
	protect(0, 1, RW);
	expect_layout(at, "rw-p:8", "whole again");
}

static void wipeonfork_child(void)
{
	map_at(at + 4 * PAGE, 1, RW);
	expect(madvise(at + 4 * PAGE, PAGE, MADV_WIPEONFORK) == 0, "child: MADV_WIPEONFORK");
	expect_layout(at, "rw-p:5", "child: wiped, so that it merges");
}

static void wipeonfork(void)
{
	int status;

	at = pool(8);
	touch(map_at(at, 4, RW));
	expect(madvise(at, 4 * PAGE, MADV_WIPEONFORK) == 0, "MADV_WIPEONFORK");
	status = in_child(wipeonfork_child);
	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's expectations");
}

static void locked(void)
{
	at = pool(6);
	map_at(at, 6, RW);
	expect(mlock(at + 2 * PAGE, 2 * PAGE) == 0, "mlock");
	expect_layout(at, "rw-p:2 rw-p:2 rw-p:2", "cut in three");
	protect(0, 6, RO);
	expect(munlock(at, 6 * PAGE) == 0, "munlock");
	protect(0, 6, RW);
	expect_layout(at, "rw-p:6", "whole again: only the middle had been written to");
}

static void locked_future(void)
{
	at = pool(6);
	map_at(at, 1, RW);
	expect(mlockall(MCL_FUTURE) == 0, "mlockall for the future");
	map_at(at + PAGE, 2, RW);
	expect_layout(at, "rw-p:1 rw-p:2", "what comes is locked");
	expect(munlockall() == 0, "munlockall");
	map_at(at + 3 * PAGE, 1, RW);
	expect_layout(at, "rw-p:4", "and what comes now is not");
}

static void shared_segment(void)
{
	int id = shmget(IPC_PRIVATE, 8 * PAGE, IPC_CREAT | 0600);

	if (id < 0)
		skip("no System V shared memory");
	at = shmat(id, NULL, 0);
	if (shmctl(id, IPC_RMID, NULL) || at == (char *)-1)
		die("shmat");
	protect(2, 2, RO);
	expect_layout(at, "rw-s:2 r--s:2 rw-s:4", "cut in three");
	expect(sys_munmap(at + 6 * PAGE, PAGE) == 0, "a hole");
	expect(shmdt(at) == 0, "shmdt takes all its pieces");
	expect_layout(at, "hole:8", "gone");
}

static void sealed(void)
{
	at = pool(6);
	map_at(at, 6, RW);
	if (syscall(SYS_MSEAL, at + 2 * PAGE, 2 * PAGE, 0))
		skip("this kernel has no mseal");
	expect_error(sys_munmap(at, 6 * PAGE), EPERM, "munmap over what is sealed");
	expect_error(sys_mprotect(at, 6 * PAGE, RO), EPERM, "mprotect over it");
	expect_layout(at, "r--p:2 rw-p:2 rw-p:2", "what comes before it is changed");
	expect_error(sys_mmap(at + PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0), EPERM,
		     "mmap fixed over it");
}

static const struct prog_case cases[] = {
	{ "moved_written", moved_written },
	{ "moved_unwritten", moved_unwritten },
	{ "moved_back", moved_back },
	{ "moved_parts", moved_parts },
	{ "moved_and_grown", moved_and_grown },
	{ "moved_onto_reservation", moved_onto_reservation },
	{ "grown", grown },
	{ "dontfork", dontfork },
	{ "wipeonfork", wipeonfork },
	{ "locked", locked },
	{ "locked_future", locked_future },
	{ "shared_segment", shared_segment },
	{ "sealed", sealed },
};

PROG_MAIN(cases)
