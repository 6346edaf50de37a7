/*
 * refuse_rest.c - refusals that need an unusual scene: huge pages that are not there, stacks in odd
 * places, a break over a hole.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define HUGE_ANON (ANON | MAP_HUGETLB | MAP_NORESERVE | (21 << 26))

static char *victim;			/* what the child touches */

static void touch_victim(void)
{
	signal(SIGSEGV, SIG_DFL);
	touch(victim);
}

static void look_at_victim(void)
{
	signal(SIGSEGV, SIG_DFL);
	look(victim);
}

static void expect_segv(void (*body)(void), const char *what)
{
	int status = in_child(body);

	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "%s: SIGSEGV, got %#x", what,
	       (unsigned int)status);
}

static void brk_nothing(void)
{
	char *start = sys_brk(NULL), *old;

	start = (char *)(((uintptr_t)start + PAGE - 1) & ~(PAGE - 1));
	old = sys_brk(start + 3 * PAGE);
	if (old != start + 3 * PAGE)
		skip("the heap cannot grow");
	expect(sys_munmap(start, 3 * PAGE) == 0, "munmap of the heap");
	expect(sys_brk(start) == old, "the break cannot go back over a hole");
}

static void fault_no_area(void)
{
	victim = pool(1);
	expect_segv(look_at_victim, "a read where nothing is mapped");
}

static void fault_access(void)
{
	victim = map_at(pool(1), 1, PROT_READ);
	expect_segv(touch_victim, "a write to what is for reading");
}

static char *huge_page(void)
{
	long result = sys_mmap(NULL, HUGE, RW, HUGE_ANON, -1, 0);

	if (result < 0)
		skip("this machine has no huge pages of 2 MiB");
	return (char *)result;
}

static void hugetlb_addr(void)
{
	char *at = huge_page();

	expect_error(sys_mmap(at + PAGE, HUGE, RW, HUGE_ANON | MAP_FIXED, -1, 0), EINVAL,
		     "a huge page at an address that is none");
}

static void hugetlb_split(void)
{
	expect_error(sys_munmap(huge_page(), PAGE), EINVAL, "a part of a huge page");
}

static void no_pkey(void)
{
	char *at = map_at(pool(1), 1, RW);
	long ret = syscall(SYS_pkey_mprotect, at, PAGE, PROT_READ, 7);

	expect(ret < 0 && errno == EINVAL, "a key that nobody allocated");
}

static void refused_key(unsigned long flags, unsigned long rights, int error, const char *what)
{
	long ret = syscall(SYS_pkey_alloc, flags, rights);

	if (ret >= 0)
		skip("this processor has protection keys");
	expect(errno == error, "%s: %s, got %d", what, strerrorname_np(error), errno);
}

static void pkey_flags(void)
{
	refused_key(1, 0, EINVAL, "flags");
}

static void pkey_rights(void)
{
	refused_key(0, 8, EINVAL, "unknown rights");
}

static void pkey_no_cpu(void)
{
	refused_key(0, 0, EINVAL, "a key of no processor");
}

static void pkey_exhausted(void)
{
	refused_key(0, 3, EINVAL, "the first");
	refused_key(0, 3, ENOSPC, "the second");
}

static void key_free(void)
{
	expect(syscall(SYS_pkey_free, 5) < 0 && errno == EINVAL, "a key of nobody");
}

static void set(int resource, rlim_t soft, rlim_t hard, int error, const char *what)
{
	struct rlimit limit = { soft, hard };
	long ret = syscall(SYS_prlimit64, 0, resource, &limit, NULL);

	expect(ret == (error ? -1 : 0) && (!error || errno == error), "%s: got %ld, errno %d", what,
	       ret, errno);
}

static void limit_resource(void)
{
	set(16, 1, 1, EINVAL, "a resource that is none");
}

static void limit_order(void)
{
	set(RLIMIT_AS, 1UL << 41, 1UL << 40, EINVAL, "soft above hard");
}

static void limit_raise(void)
{
	drop_capability(CAP_SYS_RESOURCE);
	set(RLIMIT_DATA, 1UL << 40, 1UL << 40, 0, "lowered");
	set(RLIMIT_DATA, 1UL << 40, 1UL << 41, EPERM, "raised again");
}

static int memfd(void)
{
	int fd = memfd_create("refuse_rest", MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, PAGE) != 0)
		die("memfd_create");
	return fd;
}

static void seal(int fd, int seals, int error, const char *what)
{
	long ret = syscall(SYS_fcntl, fd, F_ADD_SEALS, seals);

	expect(ret == (error ? -1 : 0) && (!error || errno == error), "%s: got %ld, errno %d", what,
	       ret, errno);
}

static void seals_read_only(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", memfd());
	seal(open(path, O_RDONLY), F_SEAL_GROW, EPERM, "through a descriptor for reading");
}

static void seals_unknown(void)
{
	seal(memfd(), 0x1000, EINVAL, "seals that are none");
}

static void seals_no_memfd(void)
{
	seal(open("/dev/null", O_RDWR), F_SEAL_GROW, EINVAL, "a device");
	seal(1000, F_SEAL_GROW, EBADF, "nothing");
}

static void seals_sealed(void)
{
	int fd = memfd();

	seal(fd, F_SEAL_SEAL, 0, "sealed");
	seal(fd, F_SEAL_GROW, EPERM, "sealed against seals");
}

static int busy_fd;

static void map_in_child(void)
{
	expect_ok(sys_mmap(NULL, PAGE, PROT_READ, MAP_SHARED, busy_fd, 0), "mapped by a child");
	seal(busy_fd, F_SEAL_WRITE, EBUSY, "mapped by the child itself");
}

static void seals_exec(void)
{
	seal(memfd(), 0x20 /* F_SEAL_EXEC */, 0, "F_SEAL_EXEC");
}

static void seals_busy(void)
{
	char *at;

	busy_fd = memfd();
	at = expect_ok(sys_mmap(NULL, PAGE, PROT_READ, MAP_SHARED, busy_fd, 0), "mapped");
	seal(busy_fd, F_SEAL_WRITE, EBUSY, "mapped, and may be written to");
	seal(busy_fd, F_SEAL_FUTURE_WRITE, 0, "F_SEAL_FUTURE_WRITE");
	expect(sys_munmap(at, PAGE) == 0, "unmapped");
	seal(busy_fd, F_SEAL_WRITE, 0, "nobody maps it");
	expect_error(sys_mmap(NULL, PAGE, RW, MAP_SHARED, busy_fd, 0), EPERM, "sealed");
	busy_fd = memfd();
	expect(in_child(map_in_child) == 0, "the child's calls went as expected");
	seal(busy_fd, F_SEAL_WRITE, 0, "the child is gone");
}

static void stack_mlock(void)
{
	char *at = pool(600);		/* the guard gap is 256 pages */

	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, PAGE);
	expect_ok(sys_mmap(at + 599 * PAGE, PAGE, RW,
			   ANON | MAP_FIXED | MAP_GROWSDOWN | MAP_LOCKED, -1, 0), "a locked stack");
	victim = at + 598 * PAGE;
	/* The lock is the parent's alone: its own fault. */
	signal(SIGSEGV, SIG_DFL);
	touch(victim);
}

static void stack_min_addr(void)
{
	uintptr_t low = (uintptr_t)read_number("/proc/sys/vm/mmap_min_addr");

	if (low < PAGE)
		skip("vm.mmap_min_addr is 0: nothing lies below it");
	if (sys_mmap((char *)low, PAGE, RW, ANON | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN, -1, 0) < 0)
		skip("the lowest address cannot be mapped");
	victim = (char *)low - PAGE;
	expect_segv(touch_victim, "a stack below the lowest address");
}

/* Moved up, a written area keeps its offset: as many pages as lay below it then can come below. */
static void stack_pgoff(void)
{
	uintptr_t low = 64UL << 10;
	char *top = pool(1024) + 1023 * PAGE, *at;
	long result;

	if (low < (uintptr_t)read_number("/proc/sys/vm/mmap_min_addr"))
		skip("vm.mmap_min_addr is above 64 KiB");
	result = sys_mmap((char *)low, PAGE, RW, ANON | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN, -1, 0);
	if (result < 0)
		skip("64 KiB cannot be mapped");
	at = (char *)result;
	touch(at);
	result = syscall(SYS_mremap, at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, top);
	expect(result == (long)top, "moved up");
	victim = top - 100 * PAGE;
	expect_segv(touch_victim, "growth by more pages than lie before its offset");
}

static void stack_overcommit(void)
{
	uint64_t memory = (uint64_t)(meminfo_kb("MemTotal") + meminfo_kb("SwapTotal")) << 10;
	uint64_t room = (memory & ~(PAGE - 1)) + (16UL << 20);
	char *low;
	long result;

	if (read_number("/proc/sys/vm/overcommit_memory") != 0)
		skip("vm.overcommit_memory is not 0");
	result = sys_mmap(NULL, room, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	if (result < 0)
		skip("no room for a hole as large as memory");
	low = (char *)result;
	expect(sys_munmap(low, room) == 0, "a hole");
	set_limit(RLIMIT_STACK, RLIM_INFINITY);
	expect_ok(sys_mmap(low + room - PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0),
		  "a stack above it");
	victim = low + (4UL << 20);
	expect_segv(touch_victim, "a stack larger than memory");
}

static const struct prog_case cases[] = {
	{ "brk_nothing", brk_nothing },
	{ "fault_no_area", fault_no_area },
	{ "fault_access", fault_access },
	{ "hugetlb_addr", hugetlb_addr },
	{ "hugetlb_split", hugetlb_split },
	{ "no_pkey", no_pkey },
	{ "pkey_flags", pkey_flags },
	{ "pkey_rights", pkey_rights },
	{ "pkey_no_cpu", pkey_no_cpu },
	{ "pkey_exhausted", pkey_exhausted },
	{ "pkey_free", key_free },
	{ "seals_read_only", seals_read_only },
	{ "seals_unknown", seals_unknown },
	{ "seals_no_memfd", seals_no_memfd },
	{ "seals_sealed", seals_sealed },
	{ "seals_exec", seals_exec },
	{ "seals_busy", seals_busy },
	{ "limit_resource", limit_resource },
	{ "limit_order", limit_order },
	{ "limit_raise", limit_raise },
	{ "stack_mlock", stack_mlock },
	{ "stack_min_addr", stack_min_addr },
	{ "stack_pgoff", stack_pgoff },
	{ "stack_overcommit", stack_overcommit },
};

PROG_MAIN(cases)
