/*
 * merge_new.c - a new range beside old areas: mmap, brk.
 *
 * The picture: the new range N lies between A (before it) and C (after it), which may be there or
 * not, and may or may not agree with it in flags, file, offset and anon_vma.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
#define RW (PROT_READ | PROT_WRITE)

static char *at;

/* One page of the pool, mapped with these flags. */
static void map_page(size_t page, int prot, int flags)
{
	expect_ok(sys_mmap(at + page * PAGE, PAGE, prot, flags, -1, 0), "a page");
}

static void map_file_page(size_t page, int prot, int type, int fd, size_t file_page)
{
	expect_ok(sys_mmap(at + page * PAGE, PAGE, prot, type | MAP_FIXED, fd, file_page * PAGE),
		  "a page of a file");
}

static void prev(void)
{
	at = pool(4);
	map_at(at, 2, RW);
	map_at(at + 2 * PAGE, 2, RW);
	expect_layout(at, "rw-p:4", "A+N");
}

static void prev_faulted(void)
{
	at = pool(4);
	touch(map_at(at, 2, RW));
	map_at(at + 2 * PAGE, 2, RW);
	expect_layout(at, "rw-p:4", "A+N, A written to");
}

static void next(void)
{
	at = pool(4);
	map_at(at + 2 * PAGE, 2, RW);
	map_at(at, 2, RW);
	expect_layout(at, "rw-p:4", "N+C");
}

static void next_faulted(void)
{
	at = pool(4);
	touch(map_at(at + 2 * PAGE, 2, RW));
	map_at(at, 2, RW);
	expect_layout(at, "rw-p:4", "N+C, C written to");
}

static void both(void)
{
	at = pool(3);
	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RW);
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:3", "A+N+C, none written to");
}

static void both_one_faulted(void)
{
	at = pool(7);
	touch(map_at(at, 1, RW));
	map_at(at + 2 * PAGE, 1, RW);
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:3", "A+N+C, A written to");
	map_at(at + 4 * PAGE, 1, RW);
	touch(map_at(at + 6 * PAGE, 1, RW));
	map_at(at + 5 * PAGE, 1, RW);
	expect_layout(at + 4 * PAGE, "rw-p:3", "A+N+C, C written to");
}

/* A and C got an anon_vma each: N joins the one before it. */
static void both_other_anon_vma(void)
{
	at = pool(3);
	touch(map_at(at, 1, RW));
	touch(map_at(at + 2 * PAGE, 1, RW));
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1", "A+N | C");
	touch(at + PAGE);
	expect_layout(at, "rw-p:2 rw-p:1", "A+N | C, all written to");
}

/* A first write takes the anon_vma of a neighbour, so order decides what merges later. */
static void both_same_anon_vma(void)
{
	at = pool(3);
	map_at(at, 3, RW);
	touch(at);
	touch(at + 2 * PAGE);
	expect(sys_munmap(at + PAGE, PAGE) == 0, "a hole in the middle");
	expect_layout(at, "rw-p:1 hole:1 rw-p:1", "A, hole, C");
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:3", "A+N+C of one anon_vma");
}

/* A neighbour's anon_vma is taken at the first write even where the protections differ. */
static void anon_vma_reused(void)
{
	at = pool(3);
	touch(map_at(at, 1, RW));
	map_at(at + PAGE, 1, RW | PROT_EXEC);
	touch(at + PAGE);
	expect_layout(at, "rw-p:1 rwxp:1 hole:1", "two areas, one anon_vma");
	expect(sys_mprotect(at + PAGE, PAGE, RW) == 0, "the same protection for both");
	expect_layout(at, "rw-p:2 hole:1", "they merge");
}

static void replaced_middle(void)
{
	at = pool(5);
	map_at(at, 5, RW);
	touch(at + 2 * PAGE);
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:5", "the middle replaced by the like");
	map_at(at + 2 * PAGE, 1, PROT_READ);
	expect_layout(at, "rw-p:2 r--p:1 rw-p:2", "the middle replaced by the unlike");
	map_at(at + PAGE, 3, RW);
	expect_layout(at, "rw-p:5", "three areas replaced at once");
}

static void replaced_edges(void)
{
	at = pool(4);
	map_at(at, 2, PROT_READ);
	map_at(at + 2 * PAGE, 2, RW);
	map_at(at + PAGE, 2, RW);
	expect_layout(at, "r--p:1 rw-p:3", "the end of A and the start of C replaced");
}

static void flags_differ(void)
{
	at = pool(6);
	map_page(0, RW, ANON);
	map_page(1, PROT_READ, ANON);
	map_page(2, RW, ANON);
	map_page(3, RW, ANON | MAP_NORESERVE);
	map_page(4, PROT_NONE, ANON);
	map_page(5, PROT_NONE, ANON | MAP_NORESERVE);
	expect_layout(at, "rw-p:1 r--p:1 rw-p:1 rw-p:1 ---p:1 ---p:1",
		      "six pages, each unlike its neighbours");
}

static void flags_ignored(void)
{
	at = pool(4);
	map_page(0, RW, ANON);
	map_page(1, RW, ANON | MAP_DENYWRITE);
	map_page(2, RW, ANON | MAP_EXECUTABLE);
	map_page(3, RW, ANON | MAP_POPULATE);
	expect_layout(at, "rw-p:4", "flags that leave no trace");
}

static void growsdown(void)
{
	at = pool(3);
	map_page(1, RW, ANON);
	map_page(2, RW, ANON | MAP_GROWSDOWN);
	expect_layout(at + PAGE, "rw-p:1 rw-p:1", "an area that grows down is its own");
}

static void file_offsets(void)
{
	int fd = scratch_file(8);

	at = pool(6);
	map_file_page(0, PROT_READ, MAP_PRIVATE, fd, 0);
	map_file_page(1, PROT_READ, MAP_PRIVATE, fd, 1);
	map_file_page(2, PROT_READ, MAP_PRIVATE, fd, 3);
	map_file_page(3, PROT_READ, MAP_SHARED, fd, 4);
	map_file_page(5, PROT_READ, MAP_SHARED, fd, 6);
	map_file_page(4, PROT_READ, MAP_SHARED, fd, 5);
	expect_layout(at, "r--p:2 r--p:1 r--s:3", "merged where the offsets go on");
}

static void file_writable(void)
{
	int fd = scratch_file(8);

	at = pool(6);
	map_file_page(0, RW, MAP_PRIVATE, fd, 0);
	touch(at);
	map_file_page(1, RW, MAP_PRIVATE, fd, 1);
	touch(at + PAGE);
	map_file_page(3, RW, MAP_PRIVATE, fd, 3);
	touch(at + 3 * PAGE);
	map_file_page(2, RW, MAP_PRIVATE, fd, 2);
	expect_layout(at, "rw-p:3 rw-p:1 hole:2", "private pages of a file, written to");
}

static void file_dup(void)
{
	int fd = scratch_file(4), same = dup(fd);

	at = pool(2);
	map_file_page(0, PROT_READ, MAP_SHARED, fd, 0);
	map_file_page(1, PROT_READ, MAP_SHARED, same, 1);
	expect_layout(at, "r--s:2", "two descriptors of one open file merge");
}

static void file_two_opens(void)
{
	int fd = memfd_create("twice", MFD_CLOEXEC), other;
	char name[64] = "/proc/self/fd/";
	char *digits = name + sizeof("/proc/self/fd/") - 1;

	if (fd < 0 || fd > 9 || ftruncate(fd, 4 * PAGE))
		die("memfd");
	digits[0] = (char)('0' + fd);
	other = open(name, O_RDWR | O_CLOEXEC);
	if (other < 0)
		die(name);
	at = pool(2);
	map_file_page(0, PROT_READ, MAP_SHARED, fd, 0);
	map_file_page(1, PROT_READ, MAP_SHARED, other, 1);
	expect_layout(at, "r--s:1 r--s:1", "one file opened twice does not merge");
}

/* The descriptor is closed between the two: the area keeps the file open. */
static void file_closed_between(void)
{
	int fd = scratch_file(4), same = dup(fd);

	at = pool(2);
	map_file_page(0, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	map_file_page(1, PROT_READ, MAP_SHARED, same, 1);
	expect_layout(at, "r--s:2", "merged through another descriptor");
}

static void file_beside_anonymous(void)
{
	int fd = scratch_file(2), zero = open("/dev/zero", O_RDWR | O_CLOEXEC);

	if (zero < 0)
		skip("/dev/zero cannot be opened");
	at = pool(4);
	map_file_page(0, RW, MAP_PRIVATE, fd, 0);
	map_page(1, RW, ANON);
	map_file_page(2, RW, MAP_PRIVATE, zero, 0);
	map_page(3, RW, ANON);
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1 rw-p:1", "a file, nothing, /dev/zero, nothing");
}

static void shared_anonymous(void)
{
	at = pool(2);
	map_page(0, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
	map_page(1, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
	expect_layout(at, "rw-s:1 rw-s:1", "each shared mapping has a file of its own");
}

/* Without MAP_FIXED: where the search puts them they touch. */
static void searched(void)
{
	char *first = expect_ok(sys_mmap(NULL, 64 * PAGE, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
					 -1, 0), "somewhere");
	char *second = expect_ok(sys_mmap(first - 64 * PAGE, 64 * PAGE, PROT_EXEC,
					  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "hinted below it");

	expect(second == first - 64 * PAGE, "the hint was free");
	expect_layout(second, "--xp:128", "merged with the one above");
}

static char *heap_top(void)
{
	char *brk = sys_brk(NULL);

	return (char *)(((uintptr_t)brk + PAGE - 1) & ~(PAGE - 1));
}

static void expect_brk(char *to)
{
	char *got = sys_brk(to);

	expect(got == to, "brk(%p), got %p", (void *)to, (void *)got);
}

static void brk_extends(void)
{
	char *top = heap_top();

	expect_brk(top + 4 * PAGE);
	expect_brk(top + 8 * PAGE);
	touch(top);
	expect_brk(top + 12 * PAGE);
	expect_layout(top, "rw-p:12 hole:1", "one heap");
	expect_brk(top + 4 * PAGE);
	expect_layout(top, "rw-p:4 hole:1", "a shorter heap");
}

static void brk_after_mprotect(void)
{
	char *top = heap_top();

	expect_brk(top + 4 * PAGE);
	expect(sys_mprotect(top + 3 * PAGE, PAGE, PROT_READ) == 0, "the last page read-only");
	expect_brk(top + 6 * PAGE);
	expect_layout(top, "rw-p:3 r--p:1 rw-p:2 hole:1", "a heap in three pieces");
	expect(sys_mprotect(top + 3 * PAGE, PAGE, RW) == 0, "the page writable again");
	expect_layout(top, "rw-p:6 hole:1", "and in one");
}

/* The heap grows up to one page below an area that it would merge with, and no further. */
static void brk_below_area(void)
{
	char *top = heap_top();

	expect_brk(top);
	map_at(top + 4 * PAGE, 1, RW);
	expect_brk(top + 3 * PAGE);
	expect(sys_brk(top + 4 * PAGE) == top + 3 * PAGE, "brk up to the area is refused");
	expect_layout(top, "rw-p:3 hole:1 rw-p:1", "heap, a free page, area");
	map_at(top + 3 * PAGE, 1, RW);
	expect_layout(top, "rw-p:5", "mmap fills the page and joins both");
	expect_brk(top + PAGE);
	expect_layout(top, "rw-p:1 hole:2 rw-p:2", "brk takes its own back");
}

static void brk_over_hole(void)
{
	char *top = heap_top();

	expect_brk(top + 6 * PAGE);
	expect(sys_munmap(top + 2 * PAGE, 2 * PAGE) == 0, "a hole in the heap");
	expect_brk(top + 7 * PAGE);
	expect_layout(top, "rw-p:2 hole:2 rw-p:3 hole:1", "the end of the heap grew");
	expect_brk(top + PAGE);
	expect_layout(top, "rw-p:1 hole:6", "brk back over the hole");
}

/* What lies below the heap may have become one with it: then it grows with it. */
static void brk_joined_below(void)
{
	char *top = heap_top();

	expect_brk(top + 2 * PAGE);
	map_at(top - 3 * PAGE, 3, RW);
	expect_layout(top - 3 * PAGE, "rw-p:5", "the area below is joined");
	expect_brk(top + 4 * PAGE);
	expect_layout(top - 3 * PAGE, "rw-p:7", "and the heap still grows in one");
	expect_brk(top);
	expect_brk(top + PAGE);
	expect_layout(top - 3 * PAGE, "rw-p:3 rw-p:1", "where it begins, it begins anew");
}

static const struct prog_case cases[] = {
	{ "prev", prev },
	{ "prev_faulted", prev_faulted },
	{ "next", next },
	{ "next_faulted", next_faulted },
	{ "both", both },
	{ "both_one_faulted", both_one_faulted },
	{ "both_other_anon_vma", both_other_anon_vma },
	{ "both_same_anon_vma", both_same_anon_vma },
	{ "anon_vma_reused", anon_vma_reused },
	{ "replaced_middle", replaced_middle },
	{ "replaced_edges", replaced_edges },
	{ "flags_differ", flags_differ },
	{ "flags_ignored", flags_ignored },
	{ "growsdown", growsdown },
	{ "file_offsets", file_offsets },
	{ "file_writable", file_writable },
	{ "file_dup", file_dup },
	{ "file_two_opens", file_two_opens },
	{ "file_closed_between", file_closed_between },
	{ "file_beside_anonymous", file_beside_anonymous },
	{ "shared_anonymous", shared_anonymous },
	{ "searched", searched },
	{ "brk_extends", brk_extends },
	{ "brk_after_mprotect", brk_after_mprotect },
	{ "brk_below_area", brk_below_area },
	{ "brk_over_hole", brk_over_hole },
	{ "brk_joined_below", brk_joined_below },
};

PROG_MAIN(cases)
