/*
 * numa_cases.c - what memory policy does to areas.  Node 0 is all that is asked for: every machine
 * has it, and where a second one has memory as well, some expectations do not hold: skipped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"

#ifndef __NR_set_mempolicy_home_node
#define __NR_set_mempolicy_home_node 450
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef __NR_mseal
#define __NR_mseal 462
#endif

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, MANY, WEIGHTED };
#define STATIC_NODES (1 << 15)
#define BALANCING (1 << 13)

static char *at;

static void need_one_node(void)
{
	char text[8] = "";
	int fd = open("/sys/devices/system/node/has_memory", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		skip("this kernel has no NUMA");
	close(fd);
	if (strcmp(text, "0\n") != 0)
		skip("nodes with memory: %s", text);
}

static void eight(void)
{
	need_one_node();
	at = map_at(pool(8), 8, RW);
}

static long bind_pages(size_t page, size_t pages, int mode, unsigned long nodes)
{
	return syscall(SYS_mbind, at + page * PAGE, pages * PAGE, mode, &nodes, 65, 0) ? -errno : 0;
}

static void bound(size_t page, size_t pages, int mode, unsigned long nodes)
{
	expect_ok(bind_pages(page, pages, mode, nodes), "mbind");
}

static void home(size_t page, size_t pages)
{
	expect_ok(syscall(__NR_set_mempolicy_home_node, at + page * PAGE, pages * PAGE, 0UL, 0UL) ?
		  -errno : 0, "set_mempolicy_home_node");
}

static void split_and_mend(void)
{
	eight();
	bound(2, 4, BIND, 1);
	expect_layout(at, "rw-p:2 rw-p:4 rw-p:2", "cut out");
	bound(3, 1, DEFAULT, 0);
	expect_layout(at, "rw-p:2 rw-p:1 rw-p:1 rw-p:2 rw-p:2", "cut again");
	bound(0, 8, DEFAULT, 0);
	expect_layout(at, "rw-p:8", "one area");
}

static void equal_by_value(void)
{
	eight();
	bound(0, 2, BIND, 1);
	bound(2, 2, BIND, 3);
	expect_layout(at, "rw-p:4 rw-p:4", "node 1 has no memory: the same policy");
	bound(4, 2, LOCAL, 0);
	bound(6, 2, PREFERRED, 0);
	expect_layout(at, "rw-p:4 rw-p:4", "nothing preferred is local");
}

static void mask_is_part(void)
{
	eight();
	bound(0, 2, BIND | STATIC_NODES, 1);
	bound(2, 2, BIND | STATIC_NODES, 3);
	bound(4, 2, BIND, 1);
	bound(6, 2, BIND | BALANCING, 1);
	expect_layout(at, "rw-p:2 rw-p:2 rw-p:2 rw-p:2", "masks and flags differ");
}

static void modes_differ(void)
{
	eight();
	bound(0, 2, INTERLEAVE, 1);
	bound(2, 2, MANY, 1);
	bound(4, 2, PREFERRED, 1);
	bound(6, 2, WEIGHTED, 1);
	expect_layout(at, "rw-p:2 rw-p:2 rw-p:2 rw-p:2", "modes differ");
}

static void balancing_many(void)
{
	eight();
	bound(2, 4, MANY | BALANCING, 1);
	expect_layout(at, "rw-p:2 rw-p:4 rw-p:2", "balanced among many");
}

static void new_beside(void)
{
	eight();
	bound(0, 4, BIND, 1);
	sys_munmap(at + 2 * PAGE, 4 * PAGE);
	map_at(at + 2 * PAGE, 4, RW);
	expect_layout(at, "rw-p:2 rw-p:6", "new memory has no policy");
	sys_mprotect(at, PAGE, PROT_READ);
	sys_mprotect(at, PAGE, RW);
	expect_layout(at, "rw-p:2 rw-p:6", "mprotect keeps it");
}

static void default_over_holes(void)
{
	eight();
	bound(0, 8, BIND, 1);
	sys_munmap(at + 3 * PAGE, PAGE);
	bound(0, 8, DEFAULT, 0);
	map_at(at + 3 * PAGE, 1, RW);
	expect_layout(at, "rw-p:8", "taken from all of it");
}

static void home_node(void)
{
	eight();
	bound(2, 4, BIND, 1);
	home(0, 4);
	expect_layout(at, "rw-p:2 rw-p:2 rw-p:2 rw-p:2", "half of it has a home");
	home(0, 8);
	expect_layout(at, "rw-p:2 rw-p:4 rw-p:2", "all of it");
}

static void shared_and_files(void)
{
	int file = scratch_file(8);

	need_one_node();
	at = (char *)sys_mmap(NULL, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bound(2, 4, BIND, 1);
	expect_layout(at, "rw-s:2 rw-s:4 rw-s:2", "shared memory");
	bound(0, 8, DEFAULT, 0);
	expect_layout(at, "rw-s:8", "mended");
	at = (char *)sys_mmap(NULL, 8 * PAGE, RW, MAP_SHARED, file, 0);
	bound(2, 4, BIND, 1);
	expect_layout(at, "rw-s:2 rw-s:4 rw-s:2", "a file");
}

static void child_keeps(void)
{
	sys_mprotect(at + 2 * PAGE, PAGE, PROT_READ);
	sys_mprotect(at + 2 * PAGE, PAGE, RW);
	expect_layout(at, "rw-p:2 rw-p:4 rw-p:2", "the child has it too");
	bound(0, 8, DEFAULT, 0);
	expect_layout(at, "rw-p:8", "and its own");
}

static void fork_keeps(void)
{
	eight();
	bound(2, 4, BIND, 1);
	expect(in_child(child_keeps) == 0, "the child");
	expect_layout(at, "rw-p:2 rw-p:4 rw-p:2", "the parent's stays");
}

static void move_keeps(void)
{
	char *to = pool(4);

	eight();
	bound(2, 4, BIND, 1);
	expect_ok(syscall(SYS_mremap, at + 2 * PAGE, 2 * PAGE, 2 * PAGE,
			  MREMAP_MAYMOVE | MREMAP_FIXED, to), "mremap");
	map_at(to + 2 * PAGE, 1, RW);
	expect_layout(to, "rw-p:2 rw-p:1", "moved with its policy");
}

/* Areas that differ in policy do not share an anon_vma: they stay apart when it is equal. */
static void written_apart(void)
{
	eight();
	bound(0, 4, BIND, 1);
	touch(at);
	touch(at + 5 * PAGE);
	bound(0, 8, DEFAULT, 0);
	expect_layout(at, "rw-p:4 rw-p:4", "written while they differed");
}

static void written_alike(void)
{
	eight();
	bound(0, 8, BIND, 1);
	sys_mprotect(at, 4 * PAGE, RW | PROT_EXEC);
	touch(at);
	touch(at + 5 * PAGE);
	bound(0, 4, DEFAULT, 0);
	bound(0, 4, BIND, 1);
	sys_mprotect(at, 4 * PAGE, RW);
	expect_layout(at, "rw-p:8", "written while only the protection differed");
}

static void sealed(void)
{
	eight();
	if (syscall(__NR_mseal, at, 4 * PAGE, 0UL) != 0)
		skip("mseal: %s", strerrorname_np(errno));
	bound(2, 4, BIND, 1);
	expect_layout(at, "rw-p:2 rw-p:2 rw-p:2 rw-p:2", "a seal does not mind");
}

/* The vdso can have a policy, as a whole. */
static bool find_vdso(void *ctx, const struct prog_area *area)
{
	if (strcmp(area->name, "[vdso]") == 0)
		*(struct prog_area *)ctx = *area;
	return true;
}

static void vdso(void)
{
	struct prog_area area = { 0 };

	need_one_node();
	for_each_area(find_vdso, &area);
	at = (char *)area.start;
	if (!at)
		skip("%s", "no vdso");
	bound(0, (area.end - area.start) / PAGE, BIND, 1);
	expect_error(bind_pages(0, 1, LOCAL, 0), EINVAL, "half of it");
}

/* ---- names, which are attributes as well --------------------------------------------------- */

static long name_pages(size_t page, size_t pages, const char *name)
{
	return prctl(PR_SET_VMA, 0, at + page * PAGE, pages * PAGE, name) ? -errno : 0;
}

static void need_names(void)
{
	if (prctl(PR_SET_VMA, 0, 0UL, 0UL, NULL) != 0)
		skip("%s", "this kernel has no names for areas");
}

static void named(void)
{
	struct prog_area area;

	need_names();
	at = map_at(pool(8), 8, RW);
	expect_ok(name_pages(2, 2, "one"), "a name");
	expect_ok(name_pages(4, 2, "one"), "the same");
	expect_ok(name_pages(6, 2, "two"), "another");
	expect_layout(at, "rw-p:2 rw-p:4 rw-p:2", "names differ");
	expect(area_at(at + 2 * PAGE, &area) && strcmp(area.name, "[anon:one]") == 0, "shown");
	expect_ok(name_pages(0, 8, NULL), "no name");
	expect_layout(at, "rw-p:8", "mended");
}

static void named_shared(void)
{
	need_names();
	at = (char *)sys_mmap(NULL, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	expect_ok(name_pages(2, 4, "one"), "a name for shared memory");
	expect_layout(at, "rw-s:2 rw-s:4 rw-s:2", "cut out");
}

static const struct prog_case cases[] = {
	{ "split_and_mend", split_and_mend },
	{ "equal_by_value", equal_by_value },
	{ "mask_is_part", mask_is_part },
	{ "modes_differ", modes_differ },
	{ "balancing_many", balancing_many },
	{ "new_beside", new_beside },
	{ "default_over_holes", default_over_holes },
	{ "home_node", home_node },
	{ "shared_and_files", shared_and_files },
	{ "fork_keeps", fork_keeps },
	{ "move_keeps", move_keeps },
	{ "written_apart", written_apart },
	{ "written_alike", written_alike },
	{ "sealed", sealed },
	{ "vdso", vdso },
	{ "named", named },
	{ "named_shared", named_shared },
};

PROG_MAIN(cases)
