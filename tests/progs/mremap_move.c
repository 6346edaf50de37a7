/*
 * mremap_move.c - mremap that moves: where the copy goes and whom it merges with.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RO PROT_READ
#define RW (PROT_READ | PROT_WRITE)
#define MAYMOVE MREMAP_MAYMOVE
#define MOVE (MREMAP_MAYMOVE | MREMAP_FIXED)

static char *at;

/* mremap of @old pages from page @from to @new pages at page @to. */
static void move(size_t from, size_t old, size_t new, size_t to)
{
	long result = sys_mremap(at + from * PAGE, old * PAGE, new * PAGE, MOVE, at + to * PAGE);

	expect(result == (long)(at + to * PAGE), "%zu pages at %zu to %zu pages at %zu: %#lx", old,
	       from, new, to, (unsigned long)result);
}

static void written_page(size_t page)
{
	touch(map_at(at + page * PAGE, 1, RW));
}

static int dev_zero(void)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("/dev/zero");
	return fd;
}

/* ---- one area ------------------------------------------------------------------------------ */

/* Never written: it is at home wherever it goes. */
static void unwritten(void)
{
	at = pool(32);
	map_at(at, 4, RW);
	map_at(at + 8 * PAGE, 1, RW);
	map_at(at + 13 * PAGE, 1, RW);
	move(0, 4, 4, 9);
	expect_layout(at, "hole:8 rw-p:6", "it joins both neighbours");
	move(9, 2, 2, 0);
	expect_layout(at, "rw-p:2 hole:6 rw-p:1 hole:2 rw-p:3", "two pages go back");
}

static void unwritten_between_written(void)
{
	at = pool(32);
	map_at(at, 1, RW);
	written_page(8);
	written_page(10);
	move(0, 1, 1, 9);
	expect_layout(at, "hole:8 rw-p:2 rw-p:1", "it joins the lower one; those stay apart");
}

/* The copy merges with the area that it is copied from, which then is cut. */
static void beside_itself(void)
{
	at = pool(32);
	map_at(at + 8 * PAGE, 4, RW);
	move(8, 2, 2, 12);
	expect_layout(at, "hole:10 rw-p:4 hole:18", "to its upper end");
	move(12, 2, 2, 8);
	expect_layout(at, "hole:8 rw-p:4 hole:20", "and to its lower end");
	map_at(at + 4 * PAGE, 2, RW);
	move(10, 2, 2, 6);
	expect_layout(at, "hole:4 rw-p:6 hole:22", "between another area and itself");
}

static void written(void)
{
	at = pool(32);
	touch(map_at(at, 4, RW));
	map_at(at + 8 * PAGE, 1, RW);
	map_at(at + 13 * PAGE, 1, RW);
	move(0, 4, 4, 9);
	expect_layout(at, "hole:8 rw-p:1 rw-p:4 rw-p:1", "its pages remember where they were");
	move(9, 4, 4, 0);
	map_at(at + 4 * PAGE, 2, RW);
	expect_layout(at, "rw-p:6 hole:2 rw-p:1", "home again");
}

/* Home again, beside what was mapped there meanwhile and never written. */
static void written_to_unwritten(void)
{
	at = pool(32);
	touch(map_at(at, 3, RW));
	move(1, 1, 1, 16);
	expect(sys_munmap(at, 3 * PAGE) == 0, "the others unmapped");
	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RW);
	move(16, 1, 1, 1);
	expect_layout(at, "rw-p:3", "one area, whose pages are those of the middle one");
	expect(sys_mprotect(at, PAGE, RO) == 0 && sys_mprotect(at, PAGE, RW) == 0,
	       "cut and whole again");
	expect_layout(at, "rw-p:3", "of one anon_vma");
}

static void inherited_to_unwritten(void)
{
	expect(sys_munmap(at, PAGE) == 0 && sys_munmap(at + 2 * PAGE, PAGE) == 0,
	       "the others unmapped");
	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RW);
	move(16, 1, 1, 1);
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1", "child: what came through fork stays apart");
}

static void after_fork(void)
{
	at = pool(32);
	touch(map_at(at, 3, RW));
	move(1, 1, 1, 16);
	expect(in_child(inherited_to_unwritten) == 0, "the child");
}

/* ---- to a fixed place ---------------------------------------------------------------------- */

static void onto_others(void)
{
	at = pool(32);
	touch(map_at(at, 4, RW));
	map_at(at + 8 * PAGE, 2, RO);
	map_at(at + 11 * PAGE, 4, PROT_NONE);
	move(0, 4, 4, 9);
	expect_layout(at, "hole:8 r--p:1 rw-p:4 ---p:2 hole:17", "two areas cut");
}

/* Old and new place in one area. */
static void within_itself(void)
{
	at = pool(32);
	touch(map_at(at, 8, RW));
	move(0, 2, 2, 4);
	expect_layout(at, "hole:2 rw-p:2 rw-p:2 rw-p:2 hole:24", "in the middle of itself");
}

static void larger(void)
{
	at = pool(32);
	touch(map_at(at, 4, RW));
	map_at(at + 16 * PAGE, 8, RO);
	move(1, 2, 5, 17);
	expect_layout(at, "rw-p:1 hole:2 rw-p:1 hole:12 r--p:1 rw-p:5 r--p:2", "and larger");
}

/* The tail is unmapped first, whatever lies in it. */
static void smaller(void)
{
	at = pool(32);
	touch(map_at(at, 4, RW));
	map_at(at + 5 * PAGE, 2, RO);
	move(1, 5, 2, 16);
	expect_layout(at, "rw-p:1 hole:5 r--p:1 hole:9 rw-p:2", "and smaller");
}

/* ---- several areas ------------------------------------------------------------------------- */

static void several(void)
{
	at = pool(64);
	touch(map_at(at, 4, RW));
	map_at(at + 4 * PAGE, 2, RO);
	written_page(8);
	map_at(at + 32 * PAGE, 16, PROT_NONE);
	move(2, 10, 10, 33);
	expect_layout(at, "rw-p:2 hole:30 ---p:1 rw-p:2 r--p:2 ---p:2 rw-p:1 ---p:8 hole:16",
		      "the gaps as well, and what is behind the last is let be");
}

/* Each by its own rule: one was written, the other is at home anywhere. */
static void several_unlike(void)
{
	at = pool(64);
	written_page(0);
	map_at(at + PAGE, 2, PROT_NONE);
	move(0, 3, 3, 8);
	expect(sys_mprotect(at + 9 * PAGE, 2 * PAGE, RW) == 0, "alike from now on");
	expect_layout(at, "hole:8 rw-p:1 rw-p:2", "but one remembers where it was");
	move(8, 3, 3, 0);
	expect_layout(at, "rw-p:3", "at home they join");
}

static void several_kept(void)
{
	at = pool(64);
	touch(map_at(at, 2, RW));
	map_at(at + 3 * PAGE, 2, RO);
	expect(sys_mremap(at, 5 * PAGE, 5 * PAGE, MOVE | MREMAP_DONTUNMAP, at + 16 * PAGE) ==
	       (long)(at + 16 * PAGE), "MREMAP_DONTUNMAP of two areas");
	expect_layout(at, "rw-p:2 hole:1 r--p:2 hole:11 rw-p:2 hole:1 r--p:2", "in both places");
}

/* ---- wherever there is room ---------------------------------------------------------------- */

static char *move_away(size_t old_len, size_t new_len)
{
	return expect_ok(sys_mremap(at, old_len, new_len, MAYMOVE, NULL), "a larger place");
}

static void away(void)
{
	at = pool(8);
	touch(map_at(at, 4, RW));
	map_at(at + 4 * PAGE, 1, RO);
	at = move_away(4 * PAGE, 6 * PAGE);
	at = move_away(2 * PAGE, 3 * PAGE);
	expect_layout(at, "rw-p:3", "two of its pages, and larger");
}

/* A multiple of 2 MiB goes where huge pages fit; of a file, so that they fit its offset. */
static void away_aligned(void)
{
	int fd = scratch_file(3 * HUGE / PAGE);
	char *big;

	at = pool(8);
	map_at(at, 4, RW);
	map_at(at + 4 * PAGE, 1, RO);
	big = move_away(4 * PAGE, HUGE);
	expect((uintptr_t)big % HUGE == 0, "2 MiB are aligned");
	at = pool(8);
	map_at(at, 4, RW);
	map_at(at + 4 * PAGE, 1, RO);
	move_away(4 * PAGE, HUGE + PAGE);
	at = pool(8);
	expect_ok(sys_mmap(at, 4 * PAGE, RO, MAP_SHARED | MAP_FIXED, fd, PAGE), "a file");
	map_at(at + 4 * PAGE, 1, RO);
	move_away(4 * PAGE, 2 * HUGE);
	at = pool(8);
	expect_ok(sys_mmap(at, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
		  "shared memory");
	map_at(at + 4 * PAGE, 1, RO);
	move_away(4 * PAGE, HUGE);
}

/* ---- kinds of areas ------------------------------------------------------------------------ */

/* Anonymous in all but name: the offset follows the address, which shows in maps. */
static void zero_device(void)
{
	int fd = dev_zero();
	struct prog_area area;

	at = pool(32);
	expect_ok(sys_mmap(at, 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, PAGE), "/dev/zero");
	move(0, 2, 2, 16);
	expect(area_at(at + 16 * PAGE, &area) && area.offset == (unsigned long)(at + 16 * PAGE),
	       "its offset is its address");
	touch(at + 16 * PAGE);
	move(16, 2, 2, 0);
	expect(area_at(at, &area) && area.offset == (unsigned long)(at + 16 * PAGE),
	       "and stays once it is written");
	expect_ok(sys_mmap(at + 4 * PAGE, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), "shared");
	move(4, 2, 2, 20);
}

static void stack(void)
{
	at = pool(1200);
	expect_ok(sys_mmap(at + 800 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0),
		  "an area that grows down");
	touch(at + 799 * PAGE);
	expect_layout(at + 790 * PAGE, "hole:9 rw-p:3", "it grew");
	move(799, 3, 3, 400);
	touch(at + 399 * PAGE);
	expect_layout(at + 390 * PAGE, "hole:9 rw-p:4", "and grows at the new place");
}

static void locked(void)
{
	at = pool(32);
	expect_ok(sys_mmap(at, 4 * PAGE, RW, ANON | MAP_FIXED | MAP_LOCKED, -1, 0), "locked");
	move(0, 2, 4, 16);
	map_at(at + 20 * PAGE, 1, RW);
	expect_layout(at, "hole:2 rw-p:2 hole:12 rw-p:4 rw-p:1", "locked in both places");
}

static void huge_pages(void)
{
	char *room = pool(8 * HUGE / PAGE);

	at = (char *)(((uintptr_t)room + HUGE - 1) & ~(HUGE - 1));
	if (sys_mmap(at, 2 * HUGE, RW,
		     ANON | MAP_HUGETLB | MAP_NORESERVE | MAP_FIXED | (21 << 26), -1, 0) < 0)
		skip("no huge pages of 2 MiB here");
	move(0, 1, 1, 4 * HUGE / PAGE);
	expect_layout(at, "hole:512 rw-p:512 hole:1024 rw-p:512", "a page is a huge page");
	move(HUGE / PAGE, 512, 512, 5 * HUGE / PAGE);
	expect_layout(at, "hole:2048 rw-p:512 rw-p:512", "side by side, as two areas");
}

static bool find_vdso(void *ctx, const struct prog_area *area)
{
	if (strcmp(area->name, "[vdso]") == 0)
		*(struct prog_area *)ctx = *area;
	return true;
}

/* Nothing here reads the clock afterwards. */
static void vdso(void)
{
	struct prog_area area = { .start = 0 };
	size_t pages;
	long to;

	for_each_area(find_vdso, &area);
	if (!area.start)
		skip("no vdso");
	pages = (area.end - area.start) / PAGE;
	at = pool(16);
	to = sys_mremap((void *)area.start, pages * PAGE, pages * PAGE, MOVE, at + 4 * PAGE);
	expect(to == (long)(at + 4 * PAGE), "the vdso moves as a whole");
	expect(area_at(at + 4 * PAGE, &area) && strcmp(area.name, "[vdso]") == 0, "with its name");
}

static const struct prog_case cases[] = {
	{ "unwritten", unwritten },
	{ "unwritten_between_written", unwritten_between_written },
	{ "beside_itself", beside_itself },
	{ "written", written },
	{ "written_to_unwritten", written_to_unwritten },
	{ "after_fork", after_fork },
	{ "onto_others", onto_others },
	{ "within_itself", within_itself },
	{ "larger", larger },
	{ "smaller", smaller },
	{ "several", several },
	{ "several_unlike", several_unlike },
	{ "several_kept", several_kept },
	{ "away", away },
	{ "away_aligned", away_aligned },
	{ "zero_device", zero_device },
	{ "stack", stack },
	{ "locked", locked },
	{ "huge_pages", huge_pages },
	{ "vdso", vdso },
};

PROG_MAIN(cases)
