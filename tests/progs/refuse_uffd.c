/*
 * refuse_uffd.c - registrations with a userfaultfd that are refused.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "uffd.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define MISSING UFFDIO_REGISTER_MODE_MISSING
#define WP UFFDIO_REGISTER_MODE_WP

static char *area(void)
{
	return map_at(pool(8), 8, RW);
}

static void no_api(void)
{
	expect_error(uffd_register(uffd_raw(), area(), PAGE, MISSING), EINVAL, "before UFFDIO_API");
}

static void argument(void)
{
	int uffd = uffd_new(0);

	expect(ioctl(uffd, UFFDIO_REGISTER, (void *)8) == -1 && errno == EFAULT,
	       "no memory there: EFAULT");
}

static void mode(void)
{
	int uffd = uffd_new(0);

	expect_error(uffd_register(uffd, area(), PAGE, 8), EINVAL, "an unknown mode");
	expect_error(uffd_register(uffd, area(), PAGE, 0), EINVAL, "no mode");
}

static void unaligned(void)
{
	int uffd = uffd_new(0);

	expect_error(uffd_register(uffd, area() + 1, PAGE, MISSING), EINVAL, "an odd start");
	expect_error(uffd_register(uffd, area(), PAGE + 1, MISSING), EINVAL, "an odd length");
}

static void range(void)
{
	int uffd = uffd_new(0);

	expect_error(uffd_register(uffd, area(), 0, MISSING), EINVAL, "nothing");
	expect_error(uffd_register(uffd, (void *)0, PAGE, MISSING), EINVAL, "below all");
	expect_error(uffd_unregister(uffd, (void *)(TASK_END - PAGE), 2 * PAGE), EINVAL,
		     "above all");
}

static void nothing(void)
{
	expect_error(uffd_register(uffd_new(0), pool(4), PAGE, MISSING), EINVAL, "a hole");
}

/* The stack is the last, some pages below the end. */
static void nothing_above(void)
{
	struct prog_area area;
	char *last = (char *)TASK_END - PAGE;

	if (area_at(last, &area))
		skip("something is mapped at the end of user space");
	expect_error(uffd_register(uffd_new(0), last, PAGE, MISSING), EINVAL,
		     "the end of user space");
}

static void huge_page(void)
{
	char *huge = (char *)sys_mmap(NULL, HUGE, RW, ANON | MAP_HUGETLB | MAP_NORESERVE, -1, 0);
	int uffd = uffd_new(0);

	if ((long)huge < 0)
		skip("no huge pages: %s", "mmap");
	expect_error(uffd_register(uffd, huge + PAGE, HUGE - PAGE, MISSING), EINVAL,
		     "from within a huge page");
	expect_error(uffd_register(uffd, huge, PAGE, MISSING), EINVAL, "to within a huge page");
}

static void kind(void)
{
	char *file = (char *)sys_mmap(NULL, PAGE, RW, MAP_SHARED, scratch_file(1), 0);

	expect_error(uffd_register(uffd_new(0), file, PAGE, WP), EINVAL, "a file");
}

static void kind_minor(void)
{
	expect_error(uffd_register(uffd_new(0), area(), PAGE, UFFD_MODE_MINOR), EINVAL,
		     "minor faults of private memory");
}

static void kind_unregister(void)
{
	char *file = (char *)sys_mmap(NULL, PAGE, RW, MAP_SHARED, scratch_file(1), 0);

	expect_error(uffd_unregister(uffd_new(0), file, PAGE), EINVAL, "a file");
}

static void not_writable(void)
{
	int memfd = memfd_create("refuse_uffd", MFD_CLOEXEC), reader;
	char path[64], *map;

	if (memfd < 0 || ftruncate(memfd, PAGE))
		die("memfd");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	map = (char *)sys_mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 0);
	expect_error(uffd_register(uffd_new(0), map, PAGE, MISSING), EPERM,
		     "shared memory that may only be read");
}

static void busy(void)
{
	char *at = area();

	expect_ok(uffd_register(uffd_new(0), at + 2 * PAGE, PAGE, MISSING), "the first");
	expect_error(uffd_register(uffd_new(0), at, 8 * PAGE, MISSING), EBUSY, "the second");
	expect_layout(at, "rw-p:2 rw-p:1 rw-p:5", "nothing changed");
}

static void not_ours(void)
{
	char *at = area();

	expect_ok(uffd_register(uffd_new(0), at + 2 * PAGE, PAGE, MISSING), "the first");
	expect_error(uffd_unregister(uffd_new(0), at, 8 * PAGE), EINVAL, "the second");
}

/* It is registered all the same. */
static void answer(void)
{
	struct uffdio_register *reg = (void *)area();
	int uffd = uffd_new(0);
	char *at = area();

	*reg = (struct uffdio_register){ .range = { (uintptr_t)at, PAGE }, .mode = MISSING };
	sys_mprotect(reg, PAGE, PROT_READ);
	expect(ioctl(uffd, UFFDIO_REGISTER, reg) == -1 && errno == EFAULT,
	       "the answer cannot be written: EFAULT");
	expect_layout(at, "rw-p:1 rw-p:7", "registered");
}

static const struct prog_case cases[] = {
	{ "no_api", no_api },
	{ "argument", argument },
	{ "mode", mode },
	{ "unaligned", unaligned },
	{ "range", range },
	{ "nothing", nothing },
	{ "nothing_above", nothing_above }, { "huge_page", huge_page },
	{ "kind", kind },
	{ "kind_minor", kind_minor },
	{ "kind_unregister", kind_unregister },
	{ "not_writable", not_writable },
	{ "busy", busy },
	{ "not_ours", not_ours },
	{ "answer", answer },
};

PROG_MAIN(cases)
