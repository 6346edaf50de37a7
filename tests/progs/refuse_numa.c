/*
 * refuse_numa.c - memory policies that are refused, and names for areas.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
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

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

enum { DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL };
#define STATIC_NODES (1 << 15)
#define RELATIVE_NODES (1 << 14)
#define BALANCING (1 << 13)
#define STRICT 1
#define MOVE_ALL 4

static unsigned long mask[64];		/* more nodes than any kernel has */

static char *area(void)
{
	return map_at(pool(8), 8, RW);
}

static long mbind_to(const void *addr, size_t len, int mode, unsigned long nodes, int flags)
{
	mask[0] = nodes;
	return syscall(SYS_mbind, addr, len, mode, mask, 65UL, flags) ? -errno : 0;
}

static long set_policy(int mode, const unsigned long *nodes, unsigned long maxnode)
{
	return syscall(SYS_set_mempolicy, mode, nodes, maxnode) ? -errno : 0;
}

static long home(const void *addr, size_t len, unsigned long node, unsigned long flags)
{
	return syscall(__NR_set_mempolicy_home_node, addr, len, node, flags) ? -errno : 0;
}

static void mode(void)
{
	expect_error(mbind_to(area(), PAGE, 99, 1, 0), EINVAL, "a mode that is none");
}

static void mode_flags(void)
{
	expect_error(mbind_to(area(), PAGE, BIND | STATIC_NODES | RELATIVE_NODES, 1, 0), EINVAL,
		     "static and relative");
	expect_error(mbind_to(area(), PAGE, INTERLEAVE | BALANCING, 1, 0), EINVAL,
		     "interleaved and balanced");
}

static void mask_size(void)
{
	mask[0] = 1;
	expect_error(set_policy(BIND, mask, 40000), EINVAL, "more bits than a page has");
	expect_error(set_policy(BIND, mask, 0), EINVAL, "a mask without bits");
}

static void mask_memory(void)
{
	expect_error(set_policy(BIND, (unsigned long *)8, 64), EFAULT, "no memory there");
}

/* The words in front of the end of memory can be read, the next cannot. */
static void mask_memory_end(void)
{
	unsigned long *end = (unsigned long *)(map_at(pool(2), 1, RW) + PAGE);

	end[-1] = 1;
	expect_ok(set_policy(BIND, end - 1, 65), "64 nodes");
	expect_ok(set_policy(DEFAULT, NULL, 0), "default");
	expect_error(set_policy(BIND, end - 1, 66), EFAULT, "65 nodes");
}

static void mask_bits(void)
{
	mask[0] = 1;
	mask[63] = 1;
	expect_error(set_policy(BIND, mask, 64 * 64), EINVAL, "a node that no kernel has");
	mask[63] = 1UL << 40;
	expect_error(set_policy(BIND, mask, 63 * 64 + 2), EINVAL, "also behind the length");
	expect_ok(set_policy(BIND, mask, 63 * 64 + 1), "but not in the next word");
}

static void nodes(void)
{
	expect_error(mbind_to(area(), PAGE, DEFAULT, 1, 0), EINVAL, "default, of a node");
	expect_error(mbind_to(area(), PAGE, BIND, 0, 0), EINVAL, "bound to nothing");
}

static void no_memory(void)
{
	if (read_number("/sys/devices/system/node/node63/meminfo") >= 0)
		skip("%s", "there is a node 63");
	expect_error(mbind_to(area(), PAGE, BIND, 1UL << 63, 0), EINVAL, "no memory in node 63");
}

static void flags(void)
{
	expect_error(mbind_to(area(), PAGE, BIND, 1, 64), EINVAL, "an unknown flag");
}

static void move_all(void)
{
	drop_capability(CAP_SYS_NICE);
	expect_error(mbind_to(area(), PAGE, BIND, 1, MOVE_ALL), EPERM, "without CAP_SYS_NICE");
}

static void unaligned(void)
{
	expect_error(mbind_to(area() + 1, PAGE, BIND, 1, 0), EINVAL, "an odd address");
}

static void wrap(void)
{
	expect_error(mbind_to(area(), 0 - PAGE, BIND, 1, 0), EINVAL, "all the way round");
}

static void hole(void)
{
	char *at = area();

	sys_munmap(at + 4 * PAGE, PAGE);
	expect_error(mbind_to(at, 8 * PAGE, BIND, 1, 0), EFAULT, "over a hole");
	expect_layout(at, "rw-p:4 hole:1 rw-p:3", "nothing changed");
	expect_error(mbind_to(at + 4 * PAGE, PAGE, DEFAULT, 0, 0), EFAULT, "a hole and no more");
}

/* The page is on node 0, the local policy names no node. */
static void misplaced(void)
{
	char *at = area();

	expect_ok(mbind_to(at, 8 * PAGE, LOCAL, 0, STRICT), "no page yet");
	touch(at + 3 * PAGE);
	expect_error(mbind_to(at, 8 * PAGE, PREFERRED, 0, STRICT), EIO, "a page is elsewhere");
}

static void home_flags(void)
{
	expect_error(home(area(), PAGE, 0, 1), EINVAL, "a flag");
}

static void home_offline(void)
{
	expect_error(home(area(), PAGE, 4096, 0), EINVAL, "a node that no kernel has");
}

static void home_policy(void)
{
	char *at = area();

	expect_ok(mbind_to(at, 8 * PAGE, INTERLEAVE, 1, 0), "mbind");
	expect_error(home(at, 8 * PAGE, 0, 0), EOPNOTSUPP, "interleaved memory has no home");
}

static void home_nothing(void)
{
	expect_error(home(area(), PAGE, 0, 0), ENOENT, "no policy there");
}

static void names(void)
{
	char *at = area();

	if (prctl(PR_SET_VMA, 0, at, 0, 0) == 0)
		skip("%s", "this kernel has names for areas");
	expect(prctl(PR_SET_VMA, 0, at, PAGE, "name") == -1 && errno == EINVAL, "a name: EINVAL");
}

static const struct prog_case cases[] = {
	{ "mode", mode },
	{ "mode_flags", mode_flags },
	{ "mask_size", mask_size },
	{ "mask_memory", mask_memory },
	{ "mask_memory_end", mask_memory_end },
	{ "mask_bits", mask_bits },
	{ "nodes", nodes },
	{ "no_memory", no_memory },
	{ "flags", flags },
	{ "move_all", move_all },
	{ "unaligned", unaligned },
	{ "wrap", wrap },
	{ "hole", hole },
	{ "misplaced", misplaced },
	{ "home_flags", home_flags },
	{ "home_offline", home_offline },
	{ "home_policy", home_policy },
	{ "home_nothing", home_nothing },
	{ "names", names },
};

PROG_MAIN(cases)
