/*
 * refuse_args.c - calls that are refused for what they ask for, whatever the limits: addresses,
 * lengths, flags.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

static void zero_length(void)
{
	expect_error(sys_mmap(NULL, 0, RW, ANON, -1, 0), EINVAL, "mmap of nothing");
	expect_error(sys_mmap(NULL, 0, RW, MAP_PRIVATE, scratch_file(1), 0), EINVAL,
		     "mmap of nothing of a file");
}

static void length_overflow(void)
{
	expect_error(sys_mmap(NULL, (size_t)-1, PROT_READ, ANON, -1, 0), ENOMEM,
		     "mmap of a length that wraps when rounded");
}

static void length_task_size(void)
{
	expect_error(sys_mmap(NULL, TASK_END + PAGE, PROT_NONE, ANON, -1, 0), ENOMEM,
		     "mmap of more than an address space");
}

static void offset_unaligned(void)
{
	expect_error(sys_mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 100), EINVAL,
		     "mmap at byte 100 of a file");
}

static void addr_unaligned(void)
{
	char *page = pool(1);

	expect_error(sys_mmap(page + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0), EINVAL,
		     "mmap fixed at an odd address");
}

static void addr_too_high(void)
{
	expect_error(sys_mmap((char *)TASK_END, PAGE, RW, ANON | MAP_FIXED, -1, 0), ENOMEM,
		     "mmap fixed past the end of the address space");
}

static void no_gap(void)
{
	size_t len = TASK_END - (16UL << 20);

	expect_error(sys_mmap(NULL, len, PROT_NONE, ANON | MAP_NORESERVE, -1, 0), ENOMEM,
		     "mmap of nearly the whole address space");
}

static void min_addr(void)
{
	if (read_number("/proc/sys/vm/mmap_min_addr") <= 0)
		skip("vm.mmap_min_addr is 0: nothing lies below it");
	drop_capability(CAP_SYS_RAWIO);
	expect_error(sys_mmap(NULL, PAGE, RW, ANON | MAP_FIXED, -1, 0), EPERM,
		     "mmap fixed at 0 without CAP_SYS_RAWIO");
}

static void noreplace(void)
{
	char *at = pool(4);

	map_at(at + PAGE, 2, RW);
	expect_error(sys_mmap(at, 2 * PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST,
		     "mmap that may not replace, over an area's first page");
	expect_layout(at, "hole:1 rw-p:2 hole:1", "nothing was replaced");
}

static void map_type(void)
{
	expect_error(sys_mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL,
		     "mmap neither shared nor private");
}

static void map_type_validate(void)
{
	expect_error(sys_mmap(NULL, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0), EINVAL,
		     "MAP_SHARED_VALIDATE without a file");
}

static void shared_growsdown(void)
{
	expect_error(sys_mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0),
		     EINVAL, "shared memory that grows down");
}

static void droppable_locked(void)
{
	long result = sys_mmap(NULL, PAGE, RW, MAP_DROPPABLE | MAP_ANONYMOUS, -1, 0);

	if (result == -EINVAL)
		skip("this kernel has no MAP_DROPPABLE");
	expect_ok(result, "droppable memory");
	expect_error(sys_mmap(NULL, PAGE, RW, MAP_DROPPABLE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0),
		     EINVAL, "droppable and locked");
}

static void huge_size(void)
{
	expect_error(sys_mmap(NULL, HUGE, RW, ANON | MAP_HUGETLB | (13 << 26), -1, 0), EINVAL,
		     "huge pages of 8 KiB");
}

static void munmap_unaligned(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_munmap(at + 1, PAGE), EINVAL, "munmap at an odd address");
}

static void munmap_zero(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_munmap(at, 0), EINVAL, "munmap of nothing");
}

static void munmap_too_high(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_munmap(at, TASK_END), EINVAL, "munmap past the end of the address space");
}

static void mprotect_unaligned(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mprotect(at + 1, PAGE, PROT_READ), EINVAL, "mprotect at an odd address");
}

static void mprotect_wrap(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mprotect(at, (size_t)-1, PROT_READ), ENOMEM,
		     "mprotect of a length that wraps");
}

static void mprotect_bits(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mprotect(at, PAGE, 0x40), EINVAL, "mprotect to an unknown protection");
}

static void mprotect_grows_both(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mprotect(at, PAGE, PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP), EINVAL,
		     "mprotect growing both ways");
}

static void mprotect_not_growsdown(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(sys_mprotect(at, PAGE, PROT_READ | PROT_GROWSDOWN), EINVAL,
		     "mprotect down to the start of what does not grow");
}

static void mprotect_unmapped(void)
{
	expect_error(sys_mprotect(pool(2), PAGE, PROT_READ), ENOMEM, "mprotect of a hole");
}

/* What lies before the hole is changed all the same. */
static void mprotect_hole(void)
{
	char *at = pool(6);

	map_at(at, 2, RW);
	map_at(at + 4 * PAGE, 2, RW);
	expect_error(sys_mprotect(at + PAGE, 4 * PAGE, PROT_READ), ENOMEM,
		     "mprotect over a hole");
	expect_layout(at, "rw-p:1 r--p:1 hole:2 rw-p:2", "the part before the hole");
}

static void mprotect_hole_at_end(void)
{
	char *at = pool(4);

	map_at(at, 2, RW);
	expect_error(sys_mprotect(at, 3 * PAGE, PROT_READ), ENOMEM, "mprotect into a hole");
	expect_layout(at, "r--p:2 hole:2", "the part before the hole");
}

static const struct prog_case cases[] = {
	{ "zero_length", zero_length },
	{ "length_overflow", length_overflow },
	{ "length_task_size", length_task_size },
	{ "offset_unaligned", offset_unaligned },
	{ "addr_unaligned", addr_unaligned },
	{ "addr_too_high", addr_too_high },
	{ "no_gap", no_gap },
	{ "min_addr", min_addr },
	{ "noreplace", noreplace },
	{ "map_type", map_type },
	{ "map_type_validate", map_type_validate },
	{ "shared_growsdown", shared_growsdown },
	{ "droppable_locked", droppable_locked },
	{ "huge_size", huge_size },
	{ "munmap_unaligned", munmap_unaligned },
	{ "munmap_zero", munmap_zero },
	{ "munmap_too_high", munmap_too_high },
	{ "mprotect_unaligned", mprotect_unaligned },
	{ "mprotect_wrap", mprotect_wrap },
	{ "mprotect_bits", mprotect_bits },
	{ "mprotect_grows_both", mprotect_grows_both },
	{ "mprotect_not_growsdown", mprotect_not_growsdown },
	{ "mprotect_unmapped", mprotect_unmapped },
	{ "mprotect_hole", mprotect_hole },
	{ "mprotect_hole_at_end", mprotect_hole_at_end },
};

PROG_MAIN(cases)
