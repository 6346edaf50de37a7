/*
 * shm_cases.c - where segments are attached, what shmdt takes, who counts as attached.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm_area.h"

#define RW (PROT_READ | PROT_WRITE)

static void addresses(void)
{
	long id = new_segment(3, 0600);
	char *at = pool(8), *chosen;

	expect(sys_shmat(id, at + 5, SHM_RND) == (long)at, "SHM_RND rounds down");
	expect(sys_shmat(id, at + 2 * PAGE, SHM_REMAP) == (long)(at + 2 * PAGE), "SHM_REMAP");
	expect_layout(at, "rw-s:2 rw-s:3 hole:3", "the later attachment replaced a page");
	expect(sys_shmdt(at) == 0, "shmdt of what is left of the first");
	expect_layout(at, "hole:2 rw-s:3 hole:3", "the second stays");
	chosen = expect_ok(sys_shmat(id, NULL, SHM_RDONLY), "at an address of the kernel's");
	expect(sys_mprotect(chosen, PAGE, RW) == -EACCES, "read-only for good");
	expect(sys_shmdt(chosen) == 0 && sys_shmdt(at + 2 * PAGE) == 0, "shmdt");
	expect(attachments(id) == 0, "nothing is attached");
	remove_segment(id);
}

static void pieces(void)
{
	long id = new_segment(4, 0600);
	char *at = pool(10);

	expect_ok(sys_shmat(id, at, 0), "attached");
	expect(sys_mprotect(at + PAGE, PAGE, PROT_READ) == 0, "mprotect");
	expect(attachments(id) == 3, "each area counts");
	expect(sys_mprotect(at + PAGE, PAGE, RW) == 0, "mprotect back");
	expect_layout(at, "rw-s:1 rw-s:1 rw-s:2 hole:6", "areas of a segment do not merge again");
	expect(sys_munmap(at, PAGE) == 0, "munmap of the first page");
	expect(sys_shmdt(at + PAGE) == -EINVAL, "the rest does not begin there");
	expect(sys_shmdt(at) == 0, "but where it began");
	expect(count_areas(at, at + 10 * PAGE) == 0 && attachments(id) == 0, "all of it is gone");
	remove_segment(id);
}

static void two_of_one(void)
{
	long id = new_segment(2, 0600);
	char *at = pool(6);

	expect_ok(sys_shmat(id, at, 0), "attached");
	expect_ok(sys_shmat(id, at + 2 * PAGE, 0), "attached beside it");
	expect_layout(at, "rw-s:2 rw-s:2 hole:2", "two attachments do not merge");
	strcpy(at, "the same pages");
	expect(strcmp(at + 2 * PAGE, "the same pages") == 0, "both show the same");
	expect(sys_shmdt(at) == 0, "shmdt of one");
	expect_layout(at, "hole:2 rw-s:2 hole:2", "the other stays");
	expect(sys_munmap(at + 2 * PAGE, 2 * PAGE) == 0, "munmap of the other");
	expect(attachments(id) == 0, "nothing is attached");
	remove_segment(id);
}

static long shared_id;
static char *shared_at;

static void as_child(void)
{
	expect(attachments(shared_id) == 2, "parent and child are attached");
	expect(sys_shmdt(shared_at) == 0, "the child detaches");
	expect(attachments(shared_id) == 1, "the parent is attached");
	expect_ok(sys_shmat(shared_id, shared_at + 4 * PAGE, 0), "the child attaches again");
}

static void by_fork(void)
{
	shared_id = new_segment(2, 0600);
	shared_at = expect_ok(sys_shmat(shared_id, pool(8), 0), "attached");
	expect(in_child(as_child) == 0, "the child's calls went as expected");
	expect(attachments(shared_id) == 1, "exit detaches");
	remove_segment(shared_id);	/* goes with the last attachment: at exit */
	expect_ok(sys_shmat(shared_id, shared_at + 4 * PAGE, 0), "marked, it can be attached");
	expect(sys_shmdt(shared_at + 4 * PAGE) == 0, "shmdt");
	expect(attachments(shared_id) == 1, "it is there");
	expect(sys_munmap(shared_at, 2 * PAGE) == 0, "munmap of the last attachment");
	expect(sys_shmat(shared_id, NULL, 0) == -EINVAL, "with it the segment went");
}

static void keys(void)
{
	int key = 0x5f000000 + (int)getpid();
	long id = sys_shmget(key, 2 * PAGE, IPC_CREAT | IPC_EXCL | 0600);
	struct shmid_ds ds;

	if (id < 0)
		skip("the key %#x is in use", (unsigned int)key);
	expect(sys_shmget(key, 0, 0) == id && sys_shmget(key, PAGE, 0600) == id, "found by key");
	expect(sys_shmctl(id, SHM_LOCK, NULL) == 0 || geteuid() != 0, "SHM_LOCK");
	expect(sys_shmctl(id, SHM_UNLOCK, NULL) == 0, "SHM_UNLOCK");
	expect(sys_shmctl(id, IPC_STAT, &ds) == 0, "IPC_STAT");
	ds.shm_perm.mode = 0640;
	expect(sys_shmctl(id, IPC_SET, &ds) == 0, "IPC_SET");
	expect(sys_shmctl(id, IPC_SET, NULL) == -EFAULT, "IPC_SET from nowhere");
	if (geteuid() == 0)
		expect_ok(sys_shmat(id, NULL, SHM_EXEC | SHM_RDONLY), "SHM_EXEC, as root");
	else
		expect(sys_shmat(id, NULL, SHM_EXEC | SHM_RDONLY) == -EACCES,
		       "SHM_EXEC of what nobody may execute");
	remove_segment(id);
	expect(sys_shmget(key, 0, 0) == -ENOENT, "a removed segment has no key");
}

/* Sizes that are no multiple of a page, and those of no memory at all. */
static void sizes(void)
{
	long id = sys_shmget(IPC_PRIVATE, PAGE + 1, 0600), big;
	char *at = pool(4);

	expect(sys_shmat(id, at, 0) == (long)at, "attached");
	expect_layout(at, "rw-s:2 hole:2", "whole pages");
	expect(sys_shmdt(at) == 0, "shmdt");
	remove_segment(id);
	big = sys_shmget(IPC_PRIVATE, 1UL << 40, 0600 | SHM_NORESERVE);
	if (big < 0)
		return;			/* strict overcommit */
	at = expect_ok(sys_shmat(big, NULL, 0), "a TiB of nothing");
	expect(sys_shmdt(at) == 0, "shmdt");
	remove_segment(big);
}

static void huge(void)
{
	long id = sys_shmget(IPC_PRIVATE, PAGE, 0600 | SHM_HUGETLB | SHM_NORESERVE | (21 << 26));
	char *at;

	if (id < 0)
		skip("no huge pages, or no right to them");
	at = expect_ok(sys_shmat(id, NULL, 0), "a huge page");
	expect((uintptr_t)at % HUGE == 0, "aligned to it");
	expect(sys_shmat(id, at + HUGE + PAGE, 0) == -EINVAL, "nowhere else");
	expect(sys_munmap(at, PAGE) == -EINVAL && sys_mprotect(at, PAGE, PROT_READ) == -EINVAL,
	       "not a part of it");
	expect(sys_shmdt(at) == 0, "shmdt");
	remove_segment(id);
}

static const struct prog_case cases[] = {
	{ "addresses", addresses },
	{ "pieces", pieces },
	{ "two_of_one", two_of_one },
	{ "by_fork", by_fork },
	{ "keys", keys },
	{ "sizes", sizes },
	{ "huge", huge },
};

PROG_MAIN(cases)
