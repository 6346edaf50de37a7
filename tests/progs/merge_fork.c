/*
 * merge_fork.c - what fork does to merging: in the child an area that had been written to has an
 * anon_vma that came through fork, and nothing new joins it.
 */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define RO PROT_READ
#define RW (PROT_READ | PROT_WRITE)

static char *at;

static void protect(size_t page, size_t pages, int prot)
{
	long result = sys_mprotect(at + page * PAGE, pages * PAGE, prot);

	expect(result == 0, "mprotect of %zu pages from page %zu", pages, page);
}

static void run_child(void (*body)(void))
{
	int status = in_child(body);

	expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's expectations");
}

static void nothing(void)
{
}

static void fresh_beside(void)
{
	map_at(at + 2 * PAGE, 2, RW);
	expect_layout(at, "rw-p:2 rw-p:2", "child: a new area beside an inherited one");
}

static void child_beside_faulted(void)
{
	at = pool(4);
	touch(map_at(at, 2, RW));
	run_child(fresh_beside);
	map_at(at + 2 * PAGE, 2, RW);
	expect_layout(at, "rw-p:4", "parent: merged as ever");
}

static void fresh_joined(void)
{
	map_at(at + 2 * PAGE, 2, RW);
	expect_layout(at, "rw-p:4", "child: beside an area never written to it merges");
}

static void child_beside_unfaulted(void)
{
	at = pool(4);
	map_at(at, 2, RW);
	run_child(fresh_joined);
}

static void child_splits(void)
{
	protect(1, 1, RO);
	expect_layout(at, "rw-p:1 r--p:1 rw-p:1", "child: cut in three");
	protect(1, 1, RW);
	expect_layout(at, "rw-p:3", "child: pieces of one inherited area merge again");
}

static void child_split_again(void)
{
	at = pool(3);
	touch(map_at(at, 3, RW));
	run_child(child_splits);
}

static void child_rejoins(void)
{
	protect(1, 1, RW);
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1", "child: each piece has its own anon_vma now");
}

static void child_same_anon_vma(void)
{
	at = pool(3);
	touch(map_at(at, 3, RW));
	protect(1, 1, RO);
	run_child(child_rejoins);
	protect(1, 1, RW);
	expect_layout(at, "rw-p:3", "parent: they merge");
}

static void child_fills_hole(void)
{
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1", "child: the hole filled, nothing merged");
	touch(at + PAGE);
	protect(0, 3, RO);
	protect(0, 3, RW);
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1", "child: nor after the first write");
}

static void child_hole(void)
{
	at = pool(3);
	touch(map_at(at, 3, RW));
	expect(sys_munmap(at + PAGE, PAGE) == 0, "a hole");
	run_child(child_fills_hole);
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:3", "parent: the hole filled, all merged");
}

static char *heap;

static void child_brk_grows(void)
{
	expect(sys_brk(heap + 4 * PAGE) == heap + 4 * PAGE, "child: brk");
	expect_layout(heap, "rw-p:2 rw-p:2", "child: a second heap area");
	expect(sys_brk(heap + 6 * PAGE) == heap + 6 * PAGE, "child: brk again");
	expect_layout(heap, "rw-p:2 rw-p:4", "child: which grows");
}

static void child_brk(void)
{
	heap = (char *)(((uintptr_t)sys_brk(NULL) + PAGE - 1) & ~(PAGE - 1));
	expect(sys_brk(heap + 2 * PAGE) == heap + 2 * PAGE, "brk");
	touch(heap);
	run_child(child_brk_grows);
}

static void grandchild_beside(void)
{
	map_at(at + 3 * PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1 rw-p:1", "grandchild: three areas");
	protect(0, 4, RO);
	expect_layout(at, "r--p:2 r--p:1 r--p:1", "grandchild: still, all charged");
}

static void child_of_child(void)
{
	touch(map_at(at + 2 * PAGE, 1, RW));
	run_child(grandchild_beside);
	map_at(at + 3 * PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:2", "child: its own area grows");
}

static void grandchild(void)
{
	at = pool(4);
	touch(map_at(at, 2, RW));
	run_child(child_of_child);
}

static void parent_after(void)
{
	at = pool(6);
	touch(map_at(at, 2, RW));
	run_child(nothing);
	map_at(at + 2 * PAGE, 1, RW);
	protect(0, 1, RO);
	protect(0, 1, RW);
	touch(at);
	map_at(at + 3 * PAGE, 3, RW);
	expect_layout(at, "rw-p:6", "parent: as if there had been no fork");
}

static void own_pool_in_child(void)
{
	at = pool(6);
	touch(map_at(at, 2, RW));
	map_at(at + 3 * PAGE, 2, RW);
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:5 hole:1", "child: one area, inherited");
	protect(0, 2, RO);
	expect_layout(at, "r--p:2 rw-p:3 hole:1", "child: cut");
	map_at(at + 5 * PAGE, 1, RW);
	expect_layout(at, "r--p:2 rw-p:4", "child: its own pool has nothing inherited");
}

static void child_own_pool(void)
{
	run_child(own_pool_in_child);
}

static void child_shared_file(void)
{
	expect_layout(at, "rw-s:2 hole:2", "child: the shared area");
	expect(sys_munmap(at + PAGE, PAGE) == 0, "child: half of it gone");
	protect(0, 1, RO);
}

static void shared_file(void)
{
	int fd = scratch_file(4);

	at = pool(4);
	expect_ok(sys_mmap(at, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), "a shared file");
	touch(at);
	run_child(child_shared_file);
	expect_ok(sys_mmap(at + 2 * PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 2 * PAGE),
		  "the rest of the file");
	expect_layout(at, "rw-s:4", "parent: merged");
}

/* The child of vfork runs in the parent's address space. */
static void vfork_shares(void)
{
	int status;
	pid_t pid;

	at = pool(4);
	touch(map_at(at, 2, RW));
	pid = vfork();
	if (pid == 0) {
		sys_mmap(at + 2 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		_exit(0);
	}
	expect(pid > 0 && waitpid(pid, &status, 0) == pid, "vfork");
	expect_layout(at, "rw-p:3 hole:1", "what the child mapped is there, and merged");
	map_at(at + 3 * PAGE, 1, RW);
	expect_layout(at, "rw-p:4", "and goes on merging");
}

static const struct prog_case cases[] = {
	{ "child_beside_faulted", child_beside_faulted },
	{ "child_beside_unfaulted", child_beside_unfaulted },
	{ "child_split_again", child_split_again },
	{ "child_same_anon_vma", child_same_anon_vma },
	{ "child_hole", child_hole },
	{ "child_brk", child_brk },
	{ "child_own_pool", child_own_pool },
	{ "grandchild", grandchild },
	{ "parent_after", parent_after },
	{ "shared_file", shared_file },
	{ "vfork_shares", vfork_shares },
};

PROG_MAIN(cases)
