/*
 * refuse_shm.c - System V shared memory that is refused.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shm_area.h"

#define STRANGER 54321

/* A key that no one has: of this process alone. */
static int free_key(void)
{
	int key = 0x5e000000 + (int)getpid();

	if (sys_shmget(key, 0, 0) != -ENOENT)
		skip("the key %#x is in use", (unsigned int)key);
	return key;
}

static long keyed_segment(int key, size_t bytes, int mode)
{
	long id = sys_shmget(key, bytes, IPC_CREAT | IPC_EXCL | mode);

	if (id < 0)
		die("shmget");
	return id;
}

static void become(uid_t user)
{
	if (getuid() != 0)
		skip("only root can become another user");
	if (setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0)
		die("setresuid");
}

static void size(void)
{
	expect_error(sys_shmget(IPC_PRIVATE, 0, 0600), EINVAL, "a segment of nothing");
	expect_error(sys_shmget(IPC_PRIVATE, (size_t)-1, 0600), EINVAL, "a segment of everything");
}

static void exists(void)
{
	int key = free_key();
	long id = keyed_segment(key, PAGE, 0600);

	expect_error(sys_shmget(key, PAGE, IPC_CREAT | IPC_EXCL), EEXIST, "a key that is taken");
	remove_segment(id);
}

static void no_key(void)
{
	expect_error(sys_shmget(free_key(), PAGE, 0600), ENOENT, "a key that nobody made");
}

static void too_small(void)
{
	int key = free_key();
	long id = keyed_segment(key, PAGE, 0600);

	expect_error(sys_shmget(key, PAGE + 1, 0600), EINVAL, "more than the segment has");
	remove_segment(id);
}

static int key_of_others;

static void get_as_stranger(void)
{
	become(STRANGER);
	expect_error(sys_shmget(key_of_others, PAGE, 0600), EACCES, "another user's segment");
}

static void get_permission(void)
{
	long id;

	key_of_others = free_key();
	id = keyed_segment(key_of_others, PAGE, 0600);
	expect(in_child(get_as_stranger) == 0, "the stranger's call went as expected");
	remove_segment(id);
}

static void huge_size(void)
{
	expect_error(sys_shmget(IPC_PRIVATE, PAGE, SHM_HUGETLB | (13 << 26) | 0600), EINVAL,
		     "huge pages of 8 KiB");
}

static void huge_permission(void)
{
	become(STRANGER);
	expect_error(sys_shmget(IPC_PRIVATE, PAGE, SHM_HUGETLB | 0600), EPERM,
		     "huge pages without CAP_IPC_LOCK");
}

static void huge_pool(void)
{
	if (read_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") > 100)
		skip("this machine has huge pages to spare");
	if (getuid() != 0)
		skip("only root may ask for them");
	expect_error(sys_shmget(IPC_PRIVATE, 1000 * HUGE, SHM_HUGETLB | (21 << 26) | 0600), ENOMEM,
		     "more huge pages than there are");
}

static void overcommit(void)
{
	if (read_number("/proc/sys/vm/overcommit_memory") != 0)
		skip("vm.overcommit_memory is not 0");
	expect_error(sys_shmget(IPC_PRIVATE, 1UL << 46, 0600), ENOMEM, "64 TiB");
}

static void file_size(void)
{
	expect_error(sys_shmget(IPC_PRIVATE, 1UL << 63, 0600 | SHM_NORESERVE), EINVAL,
		     "more than a file can hold");
}

/* Of an IPC namespace of its own, with these limits: the test makes one. */
static void total(void)
{
	if (read_number("/proc/sys/kernel/shmall") != 3)
		skip("kernel.shmall is not 3");
	new_segment(2, 0600);
	expect_error(sys_shmget(IPC_PRIVATE, 2 * PAGE, 0600), ENOSPC, "pages 3 and 4");
}

static void too_many(void)
{
	if (read_number("/proc/sys/kernel/shmmni") != 1)
		skip("kernel.shmmni is not 1");
	new_segment(1, 0600);
	expect_error(sys_shmget(IPC_PRIVATE, PAGE, 0600), ENOSPC, "a second segment");
}

static void no_segment(void)
{
	long id = new_segment(1, 0600);

	remove_segment(id);
	expect_error(sys_shmat(id, NULL, 0), EINVAL, "a segment that is gone");
	expect_error(sys_shmctl(id, IPC_RMID, NULL), EINVAL, "a segment that is gone");
	expect_error(sys_shmat(-1, NULL, 0), EINVAL, "a negative id");
}

/* The only attachment is taken away before the segment is attached anew. */
static void gone(void)
{
	long id = new_segment(1, 0600), at = sys_shmat(id, NULL, 0);

	if (at < 0)
		die("shmat");
	remove_segment(id);
	expect_error(syscall(SYS_remap_file_pages, at, PAGE, 0, 0, 0) < 0 ? -errno : 0, EINVAL,
		     "a segment whose last area was in the way");
}

static void addr(void)
{
	long id = new_segment(1, 0600);
	char *at = pool(2);

	expect_error(sys_shmat(id, at + 1, 0), EINVAL, "an odd address");
	remove_segment(id);
}

static void remap(void)
{
	long id = new_segment(1, 0600);

	expect_error(sys_shmat(id, NULL, SHM_REMAP), EINVAL, "SHM_REMAP of no address");
	expect_error(sys_shmat(id, (char *)1, SHM_REMAP | SHM_RND), EINVAL, "SHM_REMAP of 0");
	remove_segment(id);
}

static void permission(void)
{
	long id;

	become(STRANGER);
	id = new_segment(1, 0400);
	expect_error(sys_shmat(id, NULL, 0), EACCES, "a segment to read only");
	expect_ok(sys_shmat(id, NULL, SHM_RDONLY), "reading it");
	remove_segment(id);
}

static void wrap(void)
{
	long id = new_segment(1, 0600);

	expect_error(sys_shmat(id, (char *)-PAGE, 0), EINVAL, "the last page of all");
	remove_segment(id);
}

static void busy(void)
{
	long id = new_segment(2, 0600);
	char *at = pool(4);

	map_at(at + 2 * PAGE, 1, PROT_READ);
	expect_error(sys_shmat(id, at + PAGE, 0), EINVAL, "over an area's first page");
	expect_layout(at, "hole:2 r--p:1 hole:1", "nothing was replaced");
	remove_segment(id);
}

static void detach_addr(void)
{
	expect_error(sys_shmdt(pool(1) + 1), EINVAL, "an odd address");
}

static void detach_nothing(void)
{
	long id = new_segment(2, 0600);
	char *at = pool(4);

	expect_ok(sys_shmat(id, at, 0), "attached");
	expect_error(sys_shmdt(at + PAGE), EINVAL, "the second page of an attachment");
	expect(sys_shmdt(at) == 0, "detached");
	expect_error(sys_shmdt(at), EINVAL, "detached before");
	remove_segment(id);
}

static void negative_id(void)
{
	expect_error(sys_shmctl(-1, IPC_RMID, NULL), EINVAL, "shmctl of a negative id");
}

static long id_of_others;

static void control_as_stranger(void)
{
	become(STRANGER);
	expect_error(sys_shmctl(id_of_others, IPC_RMID, NULL), EPERM, "removing it");
}

static void owner(void)
{
	id_of_others = new_segment(1, 0666);
	expect(in_child(control_as_stranger) == 0, "the stranger's call went as expected");
	remove_segment(id_of_others);
}

static void lock_as_stranger(void)
{
	become(STRANGER);
	expect_error(sys_shmctl(id_of_others, SHM_LOCK, NULL), EPERM, "locking it");
}

static void lock_owner(void)
{
	id_of_others = new_segment(1, 0666);
	expect(in_child(lock_as_stranger) == 0, "the stranger's call went as expected");
	remove_segment(id_of_others);
}

static void lock_none(void)
{
	long id = new_segment(1, 0600);

	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, 0);
	expect_error(sys_shmctl(id, SHM_LOCK, NULL), EPERM, "locking with RLIMIT_MEMLOCK 0");
	remove_segment(id);
}

/* What is locked counts per user: root becomes one who has nothing else. */
static void lock_limit(void)
{
	long id;

	if (getuid() == 0)
		become(STRANGER + 1 + (uid_t)(getpid() % 10000));
	id = new_segment(3, 0600);
	drop_capability(CAP_IPC_LOCK);
	set_limit(RLIMIT_MEMLOCK, 2 * PAGE);
	expect_error(sys_shmctl(id, SHM_LOCK, NULL), ENOMEM, "locking 3 pages of 2");
	remove_segment(id);
}

/* The limits of mmap are those of shmat. */
static void address_space(void)
{
	long id = new_segment(1 << 16, 0600 | SHM_NORESERVE);

	set_limit(RLIMIT_AS, 100UL << 20);
	expect_error(sys_shmat(id, NULL, 0), ENOMEM, "256 MiB of 100");
	expect(attachments(id) == 0, "nothing is attached");
	remove_segment(id);
}

static const struct prog_case cases[] = {
	{ "size", size },
	{ "exists", exists },
	{ "no_key", no_key },
	{ "too_small", too_small },
	{ "get_permission", get_permission },
	{ "huge_size", huge_size },
	{ "huge_permission", huge_permission },
	{ "huge_pool", huge_pool },
	{ "overcommit", overcommit },
	{ "file_size", file_size },
	{ "total", total },
	{ "too_many", too_many },
	{ "no_segment", no_segment },
	{ "gone", gone },
	{ "addr", addr },
	{ "remap", remap },
	{ "permission", permission },
	{ "wrap", wrap },
	{ "busy", busy },
	{ "detach_addr", detach_addr },
	{ "detach_nothing", detach_nothing },
	{ "negative_id", negative_id },
	{ "owner", owner },
	{ "lock_owner", lock_owner },
	{ "lock_none", lock_none },
	{ "lock_limit", lock_limit },
	{ "address_space", address_space },
};

PROG_MAIN(cases)
