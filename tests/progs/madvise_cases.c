/*
 * madvise_cases.c - advice, locks and guard pages that are granted, and what they leave.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "prog.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

/* Newer than the C library's headers. */
#define MERGEABLE 12
#define UNMERGEABLE 13
#define POPULATE_READ 22
#define POPULATE_WRITE 23
#define DONTNEED_LOCKED 24
#define COLLAPSE 25
#define GUARD_INSTALL 102
#define GUARD_REMOVE 103
#define SET_MEMORY_MERGE 67
#define GET_MEMORY_MERGE 68
#define SYS_PROCESS_MADVISE 440

static void done(const char *addr, size_t len, int advice, const char *what)
{
	if (syscall(SYS_madvise, addr, len, advice)) {
		int error = errno;

		if (error == EINVAL && syscall(SYS_madvise, NULL, 0, advice))
			skip("this kernel does not know %s", what);
		expect(false, "%s: errno %d", what, error);
	}
}

static bool refused(const char *addr, size_t len, int advice, int error)
{
	return syscall(SYS_madvise, addr, len, advice) != 0 && errno == error;
}

static char *anonymous(size_t pages)
{
	return map_at(pool(pages), pages, RW);
}

static void written(char *addr, size_t pages)
{
	for (size_t page = 0; page < pages; page++)
		touch(addr + page * PAGE);
}

/* ---- flags --------------------------------------------------------------------------------- */

/* There and back: the middle page is cut out, and merges again when it is like the others. */
static void there_and_back(int there, int back, const char *what)
{
	char *at = anonymous(3);

	written(at, 3);
	done(at + PAGE, PAGE, there, what);
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1", what);
	done(at + PAGE, PAGE, there, what);
	done(at, 3 * PAGE, back, what);
	expect_layout(at, "rw-p:3", what);
}

static void flags(void)
{
	there_and_back(MADV_RANDOM, MADV_NORMAL, "MADV_RANDOM");
	there_and_back(MADV_SEQUENTIAL, MADV_NORMAL, "MADV_SEQUENTIAL");
	there_and_back(MADV_DONTFORK, MADV_DOFORK, "MADV_DONTFORK");
	there_and_back(MADV_DONTDUMP, MADV_DODUMP, "MADV_DONTDUMP");
	there_and_back(MADV_WIPEONFORK, MADV_KEEPONFORK, "MADV_WIPEONFORK");
}

static void mergeable(void)
{
	there_and_back(MERGEABLE, UNMERGEABLE, "MADV_MERGEABLE");
}

/* No advice leads back from these. */
static void huge_pages(void)
{
	char *at = anonymous(3);

	done(at + PAGE, PAGE, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	done(at, 3 * PAGE, MADV_NOHUGEPAGE, "MADV_NOHUGEPAGE");
	expect_layout(at, "rw-p:3", "MADV_NOHUGEPAGE of all");
}

static void wipeonfork(void)
{
	done(anonymous(1), PAGE, MADV_WIPEONFORK, "MADV_WIPEONFORK");
}

static char *shared_at;

static void child_looks(void)
{
	_exit(prog_failures() + (int)count_areas(shared_at, shared_at + 3 * PAGE));
}

static void dontfork(void)
{
	shared_at = anonymous(3);
	written(shared_at, 3);
	done(shared_at + PAGE, PAGE, MADV_DONTFORK, "MADV_DONTFORK");
	expect(WEXITSTATUS(in_child(child_looks)) == 2, "the middle page is missing in the child");
}

/* ---- contents ------------------------------------------------------------------------------ */

static void contents(void)
{
	static const int advice[] = {
		MADV_WILLNEED, MADV_DONTNEED, MADV_COLD, MADV_PAGEOUT,
	};
	char *at = anonymous(3);
	long file = sys_mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, scratch_file(2), 0);

	written(at, 3);
	for (size_t i = 0; i < sizeof(advice) / sizeof(advice[0]); i++) {
		done(at, 3 * PAGE, advice[i], "advice about contents");
		done((char *)file, 2 * PAGE, advice[i], "advice about contents of a file");
	}
	expect_layout(at, "rw-p:3", "nothing is cut");
}

static void free_(void)
{
	char *at = anonymous(1);

	written(at, 1);
	done(at, PAGE, MADV_FREE, "MADV_FREE");
}

static void cold(void)
{
	done(anonymous(1), PAGE, MADV_COLD, "MADV_COLD");
}

static void dontneed_locked(void)
{
	char *at = anonymous(2);

	if (mlock(at, PAGE))
		skip("mlock");
	done(at, 2 * PAGE, DONTNEED_LOCKED, "MADV_DONTNEED_LOCKED");
}

/* Protected now, but it may be written again. */
static void remove_maywrite(void)
{
	long at = sys_mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (sys_mprotect((char *)at, PAGE, PROT_READ))
		die("mprotect");
	done((char *)at, 2 * PAGE, MADV_REMOVE, "MADV_REMOVE");
}

static void remove_file(void)
{
	long at = sys_mmap(NULL, 4 * PAGE, RW, MAP_SHARED, scratch_file(4), 0);

	done((char *)at + PAGE, PAGE, MADV_REMOVE, "MADV_REMOVE of a file");
}

/* ---- filling ------------------------------------------------------------------------------- */

/* Two areas filled apart have their own pages, and what comes between merges with one only. */
static void populate(void)
{
	char *at = pool(3);

	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RW);
	done(at, PAGE, POPULATE_WRITE, "MADV_POPULATE_WRITE");
	done(at + 2 * PAGE, PAGE, POPULATE_WRITE, "MADV_POPULATE_WRITE");
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1", "filled apart");
}

/* Nothing behind a hole is filled, or all of it: then that is not anybody's who comes beside it. */
static void populate_behind_hole(void)
{
	char *at = pool(5);

	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RW);
	map_at(at + 4 * PAGE, 1, RW);
	touch(at + 4 * PAGE);
	expect(syscall(SYS_madvise, at, 3 * PAGE, POPULATE_WRITE) == -1 && errno == ENOMEM,
	       "MADV_POPULATE_WRITE over a hole");
	map_at(at + 3 * PAGE, 1, RW);
	expect_layout(at, "rw-p:1 hole:1 rw-p:3", "the page behind the hole was not written");
}

/* Filling for reading shows the zero page only: nothing belongs to anybody yet. */
static void populate_read(void)
{
	char *at = pool(3);

	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RW);
	done(at, PAGE, POPULATE_READ, "MADV_POPULATE_READ");
	done(at + 2 * PAGE, PAGE, POPULATE_READ, "MADV_POPULATE_READ");
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:3", "read only");
}

static void collapse_nothing(void)
{
	char *at = (char *)sys_mmap(NULL, 2 * HUGE, RW, ANON, -1, 0);

	touch(at);
	at = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	done(at, PAGE, COLLAPSE, "MADV_COLLAPSE of less than a huge page");
}

static void collapse(void)
{
	char *at = (char *)sys_mmap(NULL, 2 * HUGE, RW, ANON, -1, 0);

	written(at, 2 * HUGE / PAGE);
	/* Whatever the answer: there may be no huge page. */
	(void)syscall(SYS_madvise, at, 2 * HUGE, COLLAPSE);
	expect(sys_munmap(at, 2 * HUGE) == 0, "munmap");
}

/* ---- guard pages --------------------------------------------------------------------------- */

static void guard_moves(void)
{
	char *at = pool(8);

	map_at(at, 3, RW);
	done(at + PAGE, PAGE, GUARD_INSTALL, "MADV_GUARD_INSTALL");
	if (syscall(SYS_mremap, at, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    at + 4 * PAGE) != (long)(at + 4 * PAGE))
		die("mremap");
	map_at(at, 3, RW);
	done(at, 3 * PAGE, POPULATE_READ, "no guard is left behind");
	expect(refused(at + 4 * PAGE, 3 * PAGE, POPULATE_READ, EFAULT), "it went with the page");
	expect(sys_munmap(at + 5 * PAGE, PAGE) == 0, "munmap of the guard page");
	map_at(at + 5 * PAGE, 1, RW);
	done(at + 4 * PAGE, 3 * PAGE, POPULATE_READ, "what is mapped anew has none");
}

static int child_populates(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(refused(shared_at, 3 * PAGE, POPULATE_READ, EFAULT));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("fork");
	return WEXITSTATUS(status);
}

static void guard_fork(void)
{
	shared_at = anonymous(3);
	done(shared_at + PAGE, PAGE, GUARD_INSTALL, "MADV_GUARD_INSTALL");
	expect(child_populates() == 1, "the child has the guard page");
	done(shared_at, 3 * PAGE, MADV_WIPEONFORK, "MADV_WIPEONFORK");
	expect(child_populates() == 0, "a child with wiped memory has none");
}

/* In anonymous memory a guard page counts as written, in a file's not. */
static void guard_merge(void)
{
	char *at = pool(3);

	map_at(at, 1, RW);
	map_at(at + 2 * PAGE, 1, RW);
	done(at, PAGE, GUARD_INSTALL, "MADV_GUARD_INSTALL");
	done(at + 2 * PAGE, PAGE, GUARD_INSTALL, "MADV_GUARD_INSTALL");
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1", "guard pages apart");
}

static void guard_file(void)
{
	int fd = scratch_file(3);
	char *at = pool(3);

	for (int page = 0; page < 3; page += 2) {
		if (sys_mmap(at + page * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd,
			     (uint64_t)page * PAGE) < 0)
			die("mmap");
		done(at + page * PAGE, PAGE, GUARD_INSTALL, "MADV_GUARD_INSTALL in a file");
	}
	if (sys_mmap(at + PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, PAGE) < 0)
		die("mmap");
	expect_layout(at, "rw-p:3", "guard pages in a file");
}

/* ---- locks --------------------------------------------------------------------------------- */

static void lock(void)
{
	char *at = anonymous(3);

	if (mlock(at + PAGE, PAGE))
		skip("mlock");
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1", "the locked page is cut out");
	expect(syscall(SYS_mlock2, at + PAGE, PAGE, 1) == 0, "on fault");
	expect(mlock(at, 3 * PAGE) == 0, "all");
	expect_layout(at, "rw-p:3", "all are locked alike");
	expect(munlock(at, 3 * PAGE) == 0, "munlock");
}

static void lock_future(void)
{
	char *at = pool(3);

	map_at(at, 1, RW);
	if (mlockall(MCL_FUTURE | MCL_ONFAULT))
		skip("mlockall");
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:1 rw-p:1", "what comes later is locked");
	expect(mlockall(MCL_CURRENT) == 0, "what is there, and no more");
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:2 rw-p:1", "what comes now is not locked");
	expect(munlockall() == 0, "munlockall");
	expect_layout(at, "rw-p:3", "areas merge as their locks go");
}

static void lock_droppable(void)
{
	char *at = pool(2);

	if (mlockall(MCL_FUTURE))
		skip("mlockall");
	for (int page = 0; page < 2; page++)
		if (sys_mmap(at + page * PAGE, PAGE, RW, MAP_ANONYMOUS | MAP_DROPPABLE | MAP_FIXED,
			     -1, 0) < 0)
			skip("no MAP_DROPPABLE");
	expect_layout(at, "rw-p:1 rw-p:1", "locked it would have been, but it is droppable");
	expect(mlock(at, 2 * PAGE) == 0, "mlock passes over it");
}

/* ---- the whole process --------------------------------------------------------------------- */

static void child_maps(void)
{
	written(anonymous(2), 2);
}

static void merge_any(void)
{
	char *at = pool(4);

	map_at(at, 1, RW);
	if (prctl(SET_MEMORY_MERGE, 1, 0, 0, 0))
		skip("no PR_SET_MEMORY_MERGE");
	map_at(at + PAGE, 1, RW);
	expect_layout(at, "rw-p:2", "old and new areas can be merged by content");
	done(at + PAGE, PAGE, UNMERGEABLE, "MADV_UNMERGEABLE");
	expect_layout(at, "rw-p:1 rw-p:1", "but not that page");
	sys_brk(sys_brk(NULL) + PAGE);
	expect(in_child(child_maps) == 0, "a child");
	expect(prctl(SET_MEMORY_MERGE, 0, 0, 0, 0) == 0, "no more");
	map_at(at + 2 * PAGE, 1, RW);
	expect_layout(at, "rw-p:1 rw-p:2", "nothing is joined by that, but new areas join");
}

/* Neighbours in a file that is only asked when they are made: the mark comes too late to join. */
static void late_file(int fd)
{
	char *at = pool(2);

	if (prctl(SET_MEMORY_MERGE, 1, 0, 0, 0))
		skip("no PR_SET_MEMORY_MERGE");
	for (int page = 0; page < 2; page++)
		if (sys_mmap(at + page * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd,
			     (uint64_t)page * PAGE) < 0)
			die("mmap");
	expect_layout(at, "rw-p:1 rw-p:1", "the first is marked when the second is compared");
}

static void merge_any_zero(void)
{
	late_file(open("/dev/zero", O_RDWR | O_CLOEXEC));
}

static int make(const char *dir, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return mkdir(path, 0700);
}

/* An overlay within a tmpfs, mounted where nobody else sees it. */
static void merge_any_overlay(void)
{
	const char *dir = scratch_dir();
	char options[1000], path[300];
	int fd;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", dir, "tmpfs", 0, NULL))
		skip("cannot mount");
	snprintf(options, sizeof(options), "lowerdir=%s/l,upperdir=%s/u,workdir=%s/w", dir, dir,
		 dir);
	snprintf(path, sizeof(path), "%s/m", dir);
	if (make(dir, "l") || make(dir, "u") || make(dir, "w") || make(dir, "m") ||
	    mount("overlay", path, "overlay", 0, options))
		skip("cannot mount an overlay");
	strcat(path, "/file");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 2 * PAGE))
		die(path);
	late_file(fd);
	umount2(dir, MNT_DETACH);
}

static void merge_any_exec(void)
{
	if (!getenv("AFTER_EXEC")) {
		if (prctl(SET_MEMORY_MERGE, 1, 0, 0, 0))
			skip("no PR_SET_MEMORY_MERGE");
		setenv("AFTER_EXEC", "1", 1);
		execl("/proc/self/exe", "madvise_cases", "merge_any_exec", NULL);
		die("exec");
	}
	expect(prctl(GET_MEMORY_MERGE, 0, 0, 0, 0) == 1, "exec inherits it");
	written(anonymous(2), 2);
}

/* With a huge page at hand, even reading makes memory belong to somebody; unless there is none. */
static void thp_disable(void)
{
	char *at = pool(3 * HUGE / PAGE), *block;

	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		skip("no PR_SET_THP_DISABLE");
	map_at(at, 3 * HUGE / PAGE - 2, RW);
	done(at, 3 * HUGE - 2 * PAGE, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	block = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
	look(block);
	map_at(at + 3 * HUGE - PAGE, 1, RW);
	touch(at + 3 * HUGE - PAGE);
	map_at(at + 3 * HUGE - 2 * PAGE, 1, RW);
	done(at + 3 * HUGE - 2 * PAGE, 2 * PAGE, MADV_HUGEPAGE, "MADV_HUGEPAGE");
	expect(count_areas(at, at + 3 * HUGE) == 1, "all of it is one area");
}

static void thp_disable_flags(void)
{
	if (prctl(PR_SET_THP_DISABLE, 1, 2, 0, 0))
		skip("no PR_THP_DISABLE_EXCEPT_ADVISED");
	expect(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0) == 3, "it was set");
}

/* ---- several ranges ------------------------------------------------------------------------ */

static void process_self(void)
{
	char *at = pool(6);
	struct iovec vector[] = {
		{ at, PAGE }, { at + 2 * PAGE, PAGE }, { at + 4 * PAGE, PAGE }, { at, PAGE },
	};
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	long result;

	map_at(at, 4, RW);
	result = syscall(SYS_PROCESS_MADVISE, self, vector, 4, MADV_DONTFORK, 0);
	if (result < 0 && errno == EINVAL)
		skip("only some advice may be given to oneself");
	expect(result == 2 * PAGE, "two ranges done, the third is a hole: %ld", result);
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1 rw-p:1", "both are cut out");
}

static void process_other(void)
{
	struct iovec one = { anonymous(2), 2 * PAGE };
	pid_t child = fork();
	long result;

	if (child == 0)
		for (;;)
			pause();
	if (child < 0)
		die("fork");
	result = syscall(SYS_PROCESS_MADVISE, syscall(SYS_pidfd_open, child, 0), &one, 1,
			 MADV_COLD, 0);
	expect(result == 2 * PAGE, "advice for another process: %ld", result);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static const struct prog_case cases[] = {
	{ "flags", flags },
	{ "mergeable", mergeable },
	{ "huge_pages", huge_pages },
	{ "wipeonfork", wipeonfork },
	{ "dontfork", dontfork },
	{ "contents", contents },
	{ "free", free_ },
	{ "cold", cold },
	{ "dontneed_locked", dontneed_locked },
	{ "remove_maywrite", remove_maywrite },
	{ "remove_file", remove_file },
	{ "populate", populate },
	{ "populate_read", populate_read },
	{ "populate_behind_hole", populate_behind_hole },
	{ "collapse_nothing", collapse_nothing },
	{ "collapse", collapse },
	{ "guard_moves", guard_moves },
	{ "guard_fork", guard_fork },
	{ "guard_merge", guard_merge },
	{ "guard_file", guard_file },
	{ "lock", lock },
	{ "lock_future", lock_future },
	{ "lock_droppable", lock_droppable },
	{ "merge_any", merge_any },
	{ "merge_any_zero", merge_any_zero },
	{ "merge_any_overlay", merge_any_overlay },
	{ "merge_any_exec", merge_any_exec },
	{ "thp_disable", thp_disable },
	{ "thp_disable_flags", thp_disable_flags },
	{ "process_self", process_self },
	{ "process_other", process_other },
};

PROG_MAIN(cases)
