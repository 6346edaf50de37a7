/*
 * merge_change.c - a changed range: what mprotect and munmap split, and what mprotect merges.
 *
 * The picture: the changed range N is part or all of its area V; A ends where V starts and C starts
 * where V ends.  N merges with A if it begins V, with C if it ends V, and takes V with it if it is
 * all of it.
 */
#define _GNU_SOURCE
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

static void unmap(size_t page, size_t pages)
{
	expect(sys_munmap(at + page * PAGE, pages * PAGE) == 0, "munmap of %zu pages from page %zu",
	       pages, page);
}

static void left_whole(void)
{
	at = pool(4);
	map_at(at, 2, RO);
	map_at(at + 2 * PAGE, 2, RW);
	protect(2, 2, RO);
	expect_layout(at, "r--p:4", "A+V");
}

static void left_part(void)
{
	at = pool(4);
	map_at(at, 2, RO);
	map_at(at + 2 * PAGE, 2, RW);
	protect(2, 1, RO);
	expect_layout(at, "r--p:3 rw-p:1", "A+N | rest of V");
}

static void right_whole(void)
{
	at = pool(4);
	map_at(at, 2, RW);
	map_at(at + 2 * PAGE, 2, RO);
	protect(0, 2, RO);
	expect_layout(at, "r--p:4", "V+C");
}

static void right_part(void)
{
	at = pool(4);
	map_at(at, 2, RW);
	map_at(at + 2 * PAGE, 2, RO);
	protect(1, 1, RO);
	expect_layout(at, "rw-p:1 r--p:3", "rest of V | N+C");
}

static void both(void)
{
	at = pool(3);
	map_at(at, 1, RO);
	map_at(at + PAGE, 1, RW);
	map_at(at + 2 * PAGE, 1, RO);
	protect(1, 1, RO);
	expect_layout(at, "r--p:3", "A+V+C");
}

static void split_middle(void)
{
	at = pool(5);
	map_at(at, 5, RW);
	protect(2, 1, RO);
	expect_layout(at, "rw-p:2 r--p:1 rw-p:2", "V cut in three");
	protect(2, 1, RW);
	expect_layout(at, "rw-p:5", "and whole again");
}

static void split_middle_faulted(void)
{
	at = pool(5);
	map_at(at, 5, RW);
	touch(at);
	protect(2, 1, PROT_NONE);
	expect_layout(at, "rw-p:2 ---p:1 rw-p:2", "V cut in three");
	protect(2, 1, RW);
	expect_layout(at, "rw-p:5", "and whole again, of one anon_vma");
}

static void split_edges(void)
{
	at = pool(4);
	map_at(at, 4, RW);
	protect(0, 1, RO);
	protect(3, 1, RO);
	expect_layout(at, "r--p:1 rw-p:2 r--p:1", "a page cut off at each end");
	protect(1, 2, RO);
	expect_layout(at, "r--p:4", "the middle follows");
}

static void no_change(void)
{
	at = pool(3);
	touch(map_at(at, 1, RW));
	touch(map_at(at + 2 * PAGE, 1, RW));
	map_at(at + PAGE, 1, RW);
	protect(0, 3, RW);
	expect_layout(at, "rw-p:2 rw-p:1", "mprotect to what is there merges nothing");
}

static void other_anon_vma(void)
{
	at = pool(3);
	touch(map_at(at, 1, RW));
	touch(map_at(at + 2 * PAGE, 1, RW));
	map_at(at + PAGE, 1, PROT_NONE);
	protect(1, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1", "N merges to the left alone");
}

/* A and C were written first, then the area between them: it takes the anon_vma of the next. */
static void order_a_c_b(void)
{
	at = pool(3);
	touch(map_at(at, 1, RW));
	touch(map_at(at + 2 * PAGE, 1, RW));
	map_at(at + PAGE, 1, RW | PROT_EXEC);
	touch(at + PAGE);
	expect_layout(at, "rw-p:1 rwxp:1 rw-p:1", "three areas");
	protect(1, 1, RW);
	expect_layout(at, "rw-p:1 rw-p:2", "the middle goes with the one after it");
}

static void order_a_b_c(void)
{
	at = pool(3);
	touch(map_at(at, 1, RW));
	map_at(at + PAGE, 1, RW | PROT_EXEC);
	touch(at + PAGE);
	touch(map_at(at + 2 * PAGE, 1, RW));
	protect(1, 1, RW);
	expect_layout(at, "rw-p:3", "one anon_vma handed on from area to area");
}

static void faulted_into_unfaulted(void)
{
	at = pool(4);
	map_at(at, 2, RO);
	map_at(at + 2 * PAGE, 2, PROT_READ | PROT_EXEC);
	protect(0, 2, RW);
	touch(at);
	protect(2, 2, RW);
	expect_layout(at, "rw-p:4", "an area never written to joins one that was");
	at = pool(4);
	map_at(at, 2, RW);
	map_at(at + 2 * PAGE, 2, RW | PROT_EXEC);
	touch(at + 2 * PAGE);
	protect(2, 2, RW);
	expect_layout(at, "rw-p:4", "an area that was joins one never written to");
}

/* Read-only memory that was written to goes on being charged, and so differs. */
static void charge_kept(void)
{
	at = pool(4);
	map_at(at, 2, RO);
	map_at(at + 2 * PAGE, 2, RW);
	touch(at + 2 * PAGE);
	protect(2, 2, RO);
	expect_layout(at, "r--p:2 r--p:2", "charged beside uncharged");
}

static void charge_dropped(void)
{
	at = pool(4);
	map_at(at, 2, RO);
	map_at(at + 2 * PAGE, 2, RW);
	look(at + 2 * PAGE);
	protect(2, 2, RO);
	expect_layout(at, "r--p:4", "never written to: the charge is dropped");
}

static void many_areas(void)
{
	at = pool(8);
	for (size_t page = 0; page < 8; page++)
		map_at(at + page * PAGE, 1, page % 2 ? RO : PROT_NONE);
	expect_layout(at, "---p:1 r--p:1 ---p:1 r--p:1 ---p:1 r--p:1 ---p:1 r--p:1", "alternating");
	protect(1, 6, RO);
	expect_layout(at, "---p:1 r--p:7", "one mprotect over six areas");
	protect(0, 8, RW);
	expect_layout(at, "rw-p:8", "and over both");
}

static void file_areas(void)
{
	int fd = scratch_file(8);

	at = pool(8);
	expect_ok(sys_mmap(at, 8 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0), "a private file");
	touch(at);
	protect(2, 3, RO);
	expect_layout(at, "rw-p:2 r--p:3 rw-p:3", "cut in three");
	protect(3, 1, PROT_NONE);
	expect_layout(at, "rw-p:2 r--p:1 ---p:1 r--p:1 rw-p:3", "in five");
	protect(2, 3, RW);
	expect_layout(at, "rw-p:8", "whole again");
}

static void shared_file_areas(void)
{
	int fd = scratch_file(4);

	at = pool(4);
	expect_ok(sys_mmap(at, 4 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), "a shared file");
	touch(at);
	protect(1, 2, RO);
	protect(1, 1, RW);
	expect_layout(at, "rw-s:2 r--s:1 rw-s:1", "cut and moved");
	unmap(1, 1);
	expect_ok(sys_mmap(at + PAGE, PAGE, RO, MAP_SHARED | MAP_FIXED, fd, PAGE), "the same page");
	expect_layout(at, "rw-s:1 r--s:2 rw-s:1", "mapped again, with its right neighbour");
}

static void down_to_start(void)
{
	at = pool(4);
	expect_ok(sys_mmap(at, 4 * PAGE, RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0),
		  "an area that grows down");
	expect(sys_mprotect(at + 2 * PAGE, PAGE, RO | PROT_GROWSDOWN) == 0, "PROT_GROWSDOWN");
	expect_layout(at, "r--p:3 rw-p:1", "changed from its start on");
}

static void unmap_parts(void)
{
	at = pool(8);
	map_at(at, 8, RW);
	touch(at + 4 * PAGE);
	unmap(0, 1);
	unmap(7, 1);
	unmap(3, 2);
	expect_layout(at, "hole:1 rw-p:2 hole:2 rw-p:2 hole:1", "head, tail and middle gone");
	unmap(0, 8);
	expect_layout(at, "hole:8", "all gone");
	expect(sys_munmap(at, PAGE) == 0, "munmap of nothing mapped succeeds");
}

static void unmap_across(void)
{
	at = pool(6);
	map_at(at, 2, RW);
	map_at(at + 2 * PAGE, 1, RO);
	map_at(at + 4 * PAGE, 2, RW);
	unmap(1, 4);
	expect_layout(at, "rw-p:1 hole:4 rw-p:1", "the end, an area, a hole, a start");
}

static void map_again(void)
{
	at = pool(6);
	map_at(at, 6, RW);
	touch(at);
	touch(at + 5 * PAGE);
	unmap(2, 2);
	map_at(at + 2 * PAGE, 1, RW);
	map_at(at + 3 * PAGE, 1, RW);
	expect_layout(at, "rw-p:6", "the hole filled page by page");
}

static const struct prog_case cases[] = {
	{ "left_whole", left_whole },
	{ "left_part", left_part },
	{ "right_whole", right_whole },
	{ "right_part", right_part },
	{ "both", both },
	{ "split_middle", split_middle },
	{ "split_middle_faulted", split_middle_faulted },
	{ "split_edges", split_edges },
	{ "no_change", no_change },
	{ "other_anon_vma", other_anon_vma },
	{ "order_a_c_b", order_a_c_b },
	{ "order_a_b_c", order_a_b_c },
	{ "faulted_into_unfaulted", faulted_into_unfaulted },
	{ "charge_kept", charge_kept },
	{ "charge_dropped", charge_dropped },
	{ "many_areas", many_areas },
	{ "file_areas", file_areas },
	{ "shared_file_areas", shared_file_areas },
	{ "down_to_start", down_to_start },
	{ "unmap_parts", unmap_parts },
	{ "unmap_across", unmap_across },
	{ "map_again", map_again },
};

PROG_MAIN(cases)
