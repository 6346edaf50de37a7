/*
 * refuse_madvise.c - advice that is refused: madvise and process_madvise.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
#define HUGE_AREA (ANON | MAP_HUGETLB | MAP_NORESERVE)

/* Newer than the C library's headers. */
#define POPULATE_READ 22
#define POPULATE_WRITE 23
#define COLLAPSE 25
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103
#define SYS_MSEAL 462
#define SYS_PROCESS_MADVISE 440

static long advise(const char *addr, size_t len, int advice)
{
	return syscall(SYS_madvise, addr, len, advice) ? -errno : 0;
}

static void refused(const char *addr, size_t len, int advice, int error, const char *what)
{
	long result = advise(addr, len, advice);

	if (result == -EINVAL && error != EINVAL && advise(NULL, 0, advice))
		skip("this kernel does not know that advice");
	expect_error(result, error, what);
}

static char *anonymous(size_t pages)
{
	return map_at(pool(pages), pages, RW);
}

/* ---- arguments --------------------------------------------------------------------------- */

static void advice(void)
{
	refused(anonymous(1), PAGE, 5, EINVAL, "advice 5");
}

static void unaligned(void)
{
	refused(anonymous(1) + 1, PAGE, MADV_NORMAL, EINVAL, "an address inside a page");
}

static void range(void)
{
	char *at = anonymous(1);

	refused(at, -PAGE, MADV_NORMAL, EINVAL, "an end below the start");
	refused(at, -5UL, MADV_NORMAL, EINVAL, "a length that rounds to 0");
}

/* What is mapped gets the advice all the same. */
static void hole(void)
{
	char *at = pool(4);

	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 2, RW);
	refused(at, 3 * PAGE, MADV_DONTFORK, ENOMEM, "advice over a hole");
	expect_layout(at, "rw-p:1 hole:1 rw-p:1 rw-p:1", "what lies beyond the hole was cut");
}

/* ---- areas that do not suit ---------------------------------------------------------------- */

static void sealed(void)
{
	char *at = map_at(pool(1), 1, PROT_READ);

	if (syscall(SYS_MSEAL, at, PAGE, 0))
		skip("no mseal");
	refused(at, PAGE, MADV_DONTNEED, EPERM, "contents of a sealed read-only area");
}

static void locked(void)
{
	char *at = anonymous(1);

	if (mlock(at, PAGE))
		skip("mlock");
	refused(at, PAGE, MADV_DONTNEED, EINVAL, "contents of a locked area");
}

static char *huge_area(void)
{
	long at = sys_mmap(NULL, HUGE, RW, HUGE_AREA, -1, 0);

	if (at < 0 && at > -4096)
		skip("no huge pages");
	return (char *)at;
}

static void area(void)
{
	refused(huge_area(), PAGE, MADV_COLD, EINVAL, "huge pages cannot be cold");
}

static void hugetlb_start(void)
{
	char *at = huge_area();

	refused(at + PAGE, PAGE, MADV_DONTNEED, EINVAL, "inside a huge page");
	expect(advise(at, PAGE, MADV_DONTNEED) == 0, "the end is rounded down to nothing");
}

static void free_file(void)
{
	long at = sys_mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	refused((char *)at, PAGE, MADV_FREE, EINVAL, "MADV_FREE of shared memory");
}

static void remove_private(void)
{
	refused(anonymous(1), PAGE, MADV_REMOVE, EINVAL, "MADV_REMOVE of private memory");
}

static void remove_access(void)
{
	int fd = scratch_file(1);

	refused((char *)sys_mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0), PAGE, MADV_REMOVE, EACCES,
		"MADV_REMOVE of a private file mapping");
}

/* /dev/zero can be mapped from any offset on. */
static void refused_hole(unsigned long offset, int error, const char *what)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);
	long at = sys_mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, (long)offset);

	if (at < 0)
		die("mmap of /dev/zero");
	refused((char *)at, 4 * PAGE, MADV_REMOVE, error, what);
}

static void remove_offset(void)
{
	refused_hole(1UL << 63, EINVAL, "a hole at a negative offset");
}

static void remove_beyond(void)
{
	refused_hole((1UL << 63) - 4 * PAGE, EFBIG, "a hole that ends at 2^63");
}

static void remove_sealed(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	long at;

	if (fd < 0 || ftruncate(fd, PAGE))
		skip("memfd_create");
	at = sys_mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	if (fcntl(fd, F_ADD_SEALS, 0x10 /* F_SEAL_FUTURE_WRITE */))
		skip("F_SEAL_FUTURE_WRITE");
	refused((char *)at, PAGE, MADV_REMOVE, EPERM, "a hole in a sealed memfd");
}

/* ramfs, mounted where nobody else sees it. */
static void remove_fs(void)
{
	const char *dir = scratch_dir();
	char name[300];
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("ramfs", dir, "ramfs", 0, NULL))
		skip("cannot mount a ramfs");
	strcpy(name, dir);
	strcat(name, "/file");
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, PAGE))
		die(name);
	refused((char *)sys_mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), PAGE, MADV_REMOVE, EOPNOTSUPP,
		"a hole in a file of ramfs");
	umount2(dir, MNT_DETACH);
}

static bool find_vvar(void *ctx, const struct prog_area *found)
{
	if (strcmp(found->name, "[vvar]"))
		return true;
	*(char **)ctx = (char *)found->start;
	return false;
}

static void dofork_io(void)
{
	char *vvar = NULL;

	for_each_area(find_vvar, &vvar);
	if (!vvar)
		skip("no [vvar]");
	refused(vvar, PAGE, MADV_DOFORK, EINVAL, "MADV_DOFORK of [vvar]");
}

static void wipe_shared(void)
{
	long at = sys_mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	refused((char *)at, PAGE, MADV_WIPEONFORK, EINVAL, "MADV_WIPEONFORK of shared memory");
}

static char *droppable(void)
{
	long at = sys_mmap(NULL, PAGE, RW, MAP_ANONYMOUS | MAP_DROPPABLE, -1, 0);

	if (at < 0 && at > -4096)
		skip("no MAP_DROPPABLE");
	return (char *)at;
}

static void keep_droppable(void)
{
	refused(droppable(), PAGE, MADV_KEEPONFORK, EINVAL, "MADV_KEEPONFORK of droppable memory");
}

static void dodump(void)
{
	refused(droppable(), PAGE, MADV_DODUMP, EINVAL, "MADV_DODUMP of droppable memory");
}

#define MOST_AREAS 200000

static void map_count(void)
{
	long long limit = read_number("/proc/sys/vm/max_map_count");
	char *at = anonymous(3), *filler;
	size_t have;

	if (limit < 0 || limit > MOST_AREAS)
		skip("vm.max_map_count is %lld: more areas than this test wants to make", limit);
	filler = map_at(pool((size_t)limit + 16), (size_t)limit + 16, PROT_NONE);
	have = count_all_areas();
	for (char *page = filler + PAGE; have + 2 <= (size_t)limit; page += 2 * PAGE, have += 2)
		if (sys_mprotect(page, PAGE, PROT_READ))
			die("using up areas");
	refused(at + PAGE, PAGE, MADV_DONTDUMP, EAGAIN, "a middle page at the limit of areas");
	expect(advise(at, 3 * PAGE, MADV_DONTDUMP) == 0, "the whole area needs no other");
}

static void guard(void)
{
	char *at = anonymous(1);

	if (mlock(at, PAGE))
		skip("mlock");
	refused(at, PAGE, GUARD_INSTALL, EINVAL, "a guard page in locked memory");
}

static void collapse(void)
{
	long at = sys_mmap(NULL, 2 * HUGE, RW, ANON, -1, 0);

	refused((char *)at, 2 * HUGE, COLLAPSE, EINVAL, "huge pages of memory never written");
}

static void collapse_range(void)
{
	char *at = (char *)sys_mmap(NULL, 2 * HUGE, RW, ANON, -1, 0);

	touch(at);
	refused(at + PAGE, PAGE, COLLAPSE, EINVAL, "no boundary of 2 MiB in the range");
}

/* ---- filling ------------------------------------------------------------------------------- */

static void populate_hole(void)
{
	char *at = map_at(pool(3), 2, RW);

	refused(at, 3 * PAGE, POPULATE_WRITE, ENOMEM, "filling a hole");
}

/* What lies behind the hole could not be filled either, for another reason. */
static void populate_hole_first(void)
{
	char *at = map_at(pool(3), 1, RW);

	map_at(at + 2 * PAGE, 1, PROT_READ);
	refused(at, 3 * PAGE, POPULATE_WRITE, ENOMEM, "filling a hole, then read-only memory");
}

static void populate_access(void)
{
	refused(map_at(pool(1), 1, PROT_READ), PAGE, POPULATE_WRITE, EINVAL,
		"filling read-only memory for writing");
}

static char *guarded(void)
{
	char *at = anonymous(4);

	if (advise(at + PAGE, PAGE, GUARD_INSTALL))
		skip("no MADV_GUARD_INSTALL");
	expect_layout(at, "rw-p:4", "a guard page cuts nothing");
	return at;
}

static void populate_guard(void)
{
	char *at = guarded();

	refused(at, 4 * PAGE, POPULATE_READ, EFAULT, "filling a guard page");
	expect(advise(at, 4 * PAGE, MADV_DONTNEED) == 0, "MADV_DONTNEED over a guard page");
	refused(at, 4 * PAGE, POPULATE_READ, EFAULT, "it is still there");
	expect(advise(at, 4 * PAGE, GUARD_REMOVE) == 0, "MADV_GUARD_REMOVE");
	expect(advise(at, 4 * PAGE, POPULATE_READ) == 0, "now it can be filled");
}

static void populate_eof(void)
{
	char *at = (char *)sys_mmap(NULL, 4 * PAGE, RW, MAP_SHARED, scratch_file(2), 0);

	refused(at, 4 * PAGE, POPULATE_READ, EFAULT, "filling beyond the end of the file");
	expect(advise(at, 2 * PAGE, POPULATE_READ) == 0, "up to the end it can be filled");
}

static void populate_pool(void)
{
	char *at = huge_area();

	if (read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") != 0)
		skip("there are free huge pages");
	refused(at, PAGE, POPULATE_READ, EFAULT, "a huge page that nobody has");
}

static void memory_failure(void)
{
	if (advise(NULL, 0, 100))
		skip("this kernel cannot poison pages (CONFIG_MEMORY_FAILURE)");
	drop_capability(CAP_SYS_ADMIN);
	refused(anonymous(1), PAGE, 100, EPERM, "MADV_HWPOISON without CAP_SYS_ADMIN");
}

static char *guard_page;

static void touch_guard_page(void)
{
	touch(guard_page);
}

static void fault_guard(void)
{
	int status;

	set_limit(RLIMIT_CORE, 0);
	guard_page = guarded() + PAGE;
	status = in_child(touch_guard_page);
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "SIGSEGV, got %#x",
	       (unsigned int)status);
}

/* ---- process_madvise ----------------------------------------------------------------------- */

static void refused_vector(int pidfd, const void *vector, size_t nr, int how, unsigned int flags,
			   int error, const char *what)
{
	long result = syscall(SYS_PROCESS_MADVISE, pidfd, vector, nr, how, flags);

	if (result < 0 && errno == ENOSYS)
		skip("no process_madvise");
	expect_error(result < 0 ? -errno : result, error, what);
}

static int self(void)
{
	return (int)syscall(SYS_pidfd_open, getpid(), 0);
}

static void process_flags(void)
{
	struct iovec one = { anonymous(1), PAGE };

	refused_vector(self(), &one, 1, MADV_COLD, 1, EINVAL, "a flag");
}

static void process_nr(void)
{
	static struct iovec many[1025];

	refused_vector(self(), many, 1025, MADV_COLD, 0, EINVAL, "1025 ranges");
}

static void process_vector(void)
{
	refused_vector(self(), (void *)8, 2, MADV_COLD, 0, EFAULT, "a vector that is nowhere");
}

static void process_length(void)
{
	struct iovec one = { anonymous(1), -PAGE };

	refused_vector(self(), &one, 1, MADV_COLD, 0, EINVAL, "a negative length");
}

static void process_address(void)
{
	struct iovec one = { (void *)(1UL << 63), PAGE };

	refused_vector(self(), &one, 1, MADV_COLD, 0, EFAULT, "an address of the kernel's");
}

static void process_pidfd(void)
{
	struct iovec one = { anonymous(1), PAGE };

	refused_vector(-1, &one, 1, MADV_COLD, 0, EBADF, "no pidfd");
	refused_vector(scratch_file(1), &one, 1, MADV_COLD, 0, EBADF, "a file is no pidfd");
}

static void with_child(int how, int error, const char *what)
{
	struct iovec one = { anonymous(1), PAGE };
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0)
		for (;;)
			pause();
	refused_vector((int)syscall(SYS_pidfd_open, child, 0), &one, 1, how, 0, error, what);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void process_advice(void)
{
	with_child(MADV_DONTNEED, EINVAL, "another process's contents");
}

static void process_nice(void)
{
	drop_capability(CAP_SYS_NICE);
	with_child(MADV_COLD, EPERM, "another process without CAP_SYS_NICE");
}

static const struct prog_case cases[] = {
	{ "advice", advice },
	{ "unaligned", unaligned },
	{ "range", range },
	{ "hole", hole },
	{ "sealed", sealed },
	{ "locked", locked },
	{ "area", area },
	{ "hugetlb_start", hugetlb_start },
	{ "free_file", free_file },
	{ "remove_private", remove_private },
	{ "remove_access", remove_access },
	{ "remove_offset", remove_offset },
	{ "remove_beyond", remove_beyond },
	{ "remove_sealed", remove_sealed },
	{ "remove_fs", remove_fs },
	{ "dofork_io", dofork_io },
	{ "wipe_shared", wipe_shared },
	{ "keep_droppable", keep_droppable },
	{ "dodump", dodump },
	{ "map_count", map_count },
	{ "guard", guard },
	{ "collapse", collapse },
	{ "collapse_range", collapse_range },
	{ "populate_hole", populate_hole },
	{ "populate_hole_first", populate_hole_first },
	{ "populate_access", populate_access },
	{ "populate_guard", populate_guard },
	{ "populate_eof", populate_eof },
	{ "populate_pool", populate_pool },
	{ "memory_failure", memory_failure },
	{ "fault_guard", fault_guard },
	{ "process_flags", process_flags },
	{ "process_nr", process_nr },
	{ "process_vector", process_vector },
	{ "process_length", process_length },
	{ "process_address", process_address },
	{ "process_pidfd", process_pidfd },
	{ "process_advice", process_advice },
	{ "process_nice", process_nice },
};

PROG_MAIN(cases)
