/*
 * refuse_mlock.c - memory that may not be locked, or cannot be filled; prctl about huge pages and
 * merging by content.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)
#define GUARD_INSTALL 102

#ifndef PR_SET_MEMORY_MERGE
#define PR_SET_MEMORY_MERGE 67
#endif

static long lock2(const char *addr, size_t len, unsigned int flags)
{
	return syscall(SYS_mlock2, addr, len, flags) ? -errno : 0;
}

static long lock(const char *addr, size_t len)
{
	return syscall(SYS_mlock, addr, len) ? -errno : 0;
}

static char *anonymous(size_t pages)
{
	return map_at(pool(pages), pages, RW);
}

static void limited(uint64_t pages)
{
	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, pages * PAGE);
}

static void flags(void)
{
	expect_error(lock2(anonymous(1), PAGE, 2), EINVAL, "flags of mlock2");
}

/* Even for nothing at all. */
static void right(void)
{
	limited(0);
	expect_error(lock(NULL, 0), EPERM, "mlock with a limit of 0");
}

static void memlock(void)
{
	char *at = anonymous(12);

	limited(8);
	expect(lock(at, 8 * PAGE) == 0, "up to the limit");
	expect(lock(at, 8 * PAGE) == 0, "the same again counts once");
	expect_error(lock(at + 4 * PAGE, 8 * PAGE), ENOMEM, "half of it new");
	expect_layout(at, "rw-p:8 rw-p:4", "nothing more is locked");
}

static void wrap(void)
{
	expect_error(lock(anonymous(1), -PAGE), EINVAL, "an end below the start");
	expect(lock(anonymous(1) + 5, -5UL) == 0, "a length that wraps to nothing");
}

static void hole(void)
{
	char *at = map_at(pool(3), 2, RW);

	expect_error(lock(at + PAGE, 2 * PAGE), ENOMEM, "mlock of a hole");
	expect_layout(at, "rw-p:1 rw-p:1", "what lies below the hole is locked");
	expect(munlock(at, 2 * PAGE) == 0, "munlock");
	expect_layout(at, "rw-p:2", "it merged");
}

static void all_flags(void)
{
	expect_error(mlockall(MCL_ONFAULT) ? -errno : 0, EINVAL, "MCL_ONFAULT alone");
}

static void all_memlock(void)
{
	limited(8);
	expect_error(mlockall(MCL_CURRENT) ? -errno : 0, ENOMEM, "all that is mapped");
	expect(mlockall(MCL_FUTURE) == 0, "only what will be");
	expect_error(sys_mmap(NULL, 9 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EAGAIN,
		     "a mapping that would be locked");
}

static void access_(void)
{
	char *at = map_at(pool(3), 3, PROT_NONE);

	expect_error(lock(at + PAGE, PAGE), ENOMEM, "filling PROT_NONE");
	expect_layout(at, "---p:1 ---p:1 ---p:1", "it is locked all the same");
	expect(lock2(at, PAGE, 1) == 0, "on fault there is nothing to fill");
}

static void guard(void)
{
	char *at = anonymous(3);

	if (madvise(at + PAGE, PAGE, GUARD_INSTALL))
		skip("no MADV_GUARD_INSTALL");
	expect_error(lock(at, 3 * PAGE), ENOMEM, "filling a guard page");
	expect(lock(at + 2 * PAGE, PAGE) == 0, "beyond it");
}

static void eof(void)
{
	char *at = (char *)sys_mmap(NULL, 4 * PAGE, RW, MAP_PRIVATE, scratch_file(2), 0);

	expect_error(lock(at, 4 * PAGE), ENOMEM, "filling beyond the end of the file");
}

static void huge_pool(void)
{
	long at = sys_mmap(NULL, HUGE, RW,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_NORESERVE, -1, 0);

	if (at < 0 && at > -4096)
		skip("no huge pages");
	if (read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") != 0)
		skip("there are free huge pages");
	expect_error(lock((char *)at, PAGE), ENOMEM, "a huge page that nobody has");
}

static void thp_disable(void)
{
	expect_error(prctl(PR_SET_THP_DISABLE, 0, 2, 0, 0) ? -errno : 0, EINVAL,
		     "a flag to allow huge pages again");
	expect(prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) == 0, "no huge pages");
	expect(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 1, "no huge pages, as asked for");
}

static void memory_merge(void)
{
	if (prctl(PR_SET_MEMORY_MERGE, 0, 0, 0, 0))
		skip("no PR_SET_MEMORY_MERGE");
	expect_error(prctl(PR_SET_MEMORY_MERGE, 1, 1, 0, 0) ? -errno : 0, EINVAL,
		     "an argument too many");
}

static const struct prog_case cases[] = {
	{ "flags", flags },
	{ "right", right },
	{ "memlock", memlock },
	{ "wrap", wrap },
	{ "hole", hole },
	{ "all_flags", all_flags },
	{ "all_memlock", all_memlock },
	{ "access", access_ },
	{ "guard", guard },
	{ "eof", eof },
	{ "huge_pool", huge_pool },
	{ "thp_disable", thp_disable },
	{ "memory_merge", memory_merge },
};

PROG_MAIN(cases)
