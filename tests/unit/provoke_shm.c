/*
 * provoke_shm.c - provocations of System V shared memory.
 */
#include "provoke.h"

#define KEY 0x162e
#define OWNER 1000
#define STRANGER 2000

static int64_t refused_get(struct lab *lab, int32_t key, uint64_t bytes, uint64_t flags)
{
	return umm_shmget(lab->mm, key, bytes, flags, lab->listen);
}

static int64_t refused_attach(struct lab *lab, int32_t id, uint64_t addr, uint64_t flags)
{
	return umm_shmat(lab->mm, id, addr, flags, lab->listen);
}

static int64_t refused_control(struct lab *lab, int32_t id, int cmd)
{
	return umm_shmctl(lab->mm, id, cmd, NULL, lab->listen);
}

/* A segment that is there. */
static int32_t segment(struct lab *lab, uint64_t pages, uint64_t mode)
{
	int64_t id = umm_shmget(lab->mm, KEY, pages * PAGE, UMM_IPC_CREAT | mode, NULL);

	assert_true(id >= 0);
	return (int32_t)id;
}

static void become(struct lab *lab, uint32_t user)
{
	assert_int_equal(umm_mm_set_ids(lab->mm, user, user, NULL, 0), 0);
}

static int64_t shmget_size(struct lab *lab)
{
	return refused_get(lab, UMM_IPC_PRIVATE, 0, 0600);
}

static int64_t shmget_total(struct lab *lab)
{
	lab->settings.shmall = 3;
	lab_settings_changed(lab);
	segment(lab, 2, 0600);
	return refused_get(lab, UMM_IPC_PRIVATE, 2 * PAGE, 0600);
}

static int64_t shmget_count(struct lab *lab)
{
	lab->settings.shmmni = 1;
	lab_settings_changed(lab);
	segment(lab, 1, 0600);
	return refused_get(lab, UMM_IPC_PRIVATE, PAGE, 0600);
}

static int64_t shmget_exists(struct lab *lab)
{
	segment(lab, 1, 0600);
	return refused_get(lab, KEY, PAGE, UMM_IPC_CREAT | UMM_IPC_EXCL);
}

static int64_t shmget_no_key(struct lab *lab)
{
	return refused_get(lab, KEY, PAGE, 0600);
}

static int64_t shmget_too_small(struct lab *lab)
{
	segment(lab, 1, 0600);
	return refused_get(lab, KEY, PAGE + 1, 0600);
}

static int64_t shmget_permission(struct lab *lab)
{
	become(lab, OWNER);
	segment(lab, 1, 0600);
	become(lab, STRANGER);
	return refused_get(lab, KEY, PAGE, 0400);
}

static int64_t shmget_huge_size(struct lab *lab)
{
	return refused_get(lab, KEY, PAGE, UMM_IPC_CREAT | UMM_SHM_HUGETLB |
			   UINT64_C(13) << UMM_MAP_HUGE_SHIFT);
}

static int64_t shmget_huge_permission(struct lab *lab)
{
	become(lab, OWNER);
	return refused_get(lab, KEY, PAGE, UMM_IPC_CREAT | UMM_SHM_HUGETLB);
}

static int64_t shmget_huge_pool(struct lab *lab)
{
	return refused_get(lab, KEY, 10 * MIB, UMM_IPC_CREAT | UMM_SHM_HUGETLB);
}

static int64_t shmget_overcommit(struct lab *lab)
{
	return refused_get(lab, KEY, 1000001 * PAGE, UMM_IPC_CREAT | 0600);
}

static int64_t shm_no_segment(struct lab *lab)
{
	return refused_attach(lab, 5, 0, 0);
}

/* The only attachment is taken away before the segment is attached anew. */
static int64_t shm_removed(struct lab *lab)
{
	int32_t id = segment(lab, 1, 0600);

	assert_int_equal(umm_shmat(lab->mm, id, AT, 0, NULL), AT);
	assert_int_equal(umm_shmctl(lab->mm, id, UMM_IPC_RMID, NULL, NULL), 0);
	return umm_remap_file_pages(lab->mm, AT, PAGE, 0, 0, 0, lab->listen);
}

static int64_t shmat_addr(struct lab *lab)
{
	return refused_attach(lab, segment(lab, 1, 0600), AT + 1, 0);
}

static int64_t shmat_remap(struct lab *lab)
{
	return refused_attach(lab, segment(lab, 1, 0600), 1, UMM_SHM_RND | UMM_SHM_REMAP);
}

static int64_t shmat_permission(struct lab *lab)
{
	become(lab, OWNER);
	return refused_attach(lab, segment(lab, 1, 0400), 0, 0);
}

static int64_t shmat_wrap(struct lab *lab)
{
	return refused_attach(lab, segment(lab, 2, 0600), UINT64_MAX - PAGE + 1, 0);
}

static int64_t shmat_busy(struct lab *lab)
{
	lab_map(lab, AT + PAGE, PAGE, R, ANON);
	return refused_attach(lab, segment(lab, 2, 0600), AT, 0);
}

static int64_t shmdt_addr(struct lab *lab)
{
	return umm_shmdt(lab->mm, AT + 1, lab->listen);
}

static int64_t shmdt_nothing(struct lab *lab)
{
	assert_int_equal(umm_shmat(lab->mm, segment(lab, 2, 0600), AT, 0, NULL), AT);
	return umm_shmdt(lab->mm, AT + PAGE, lab->listen);
}

static int64_t shmctl_command(struct lab *lab)
{
	return refused_control(lab, segment(lab, 1, 0600), 12345);
}

static int64_t shmctl_owner(struct lab *lab)
{
	int32_t id = segment(lab, 1, 0666);

	become(lab, STRANGER);
	return refused_control(lab, id, UMM_IPC_RMID);
}

static int64_t shmctl_lock_owner(struct lab *lab)
{
	int32_t id = segment(lab, 1, 0666);

	become(lab, STRANGER);
	return refused_control(lab, id, UMM_SHM_LOCK);
}

static int64_t shmctl_lock_none(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 0);
	return refused_control(lab, segment(lab, 1, 0600), UMM_SHM_LOCK);
}

static int64_t shmctl_lock_limit(struct lab *lab)
{
	int32_t id = segment(lab, 1, 0600);

	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 2 * PAGE);
	assert_int_equal(umm_shmctl(lab->mm, id, UMM_SHM_LOCK, NULL, NULL), 0);
	return refused_control(lab, (int32_t)umm_shmget(lab->mm, UMM_IPC_PRIVATE, 2 * PAGE, 0600,
							NULL), UMM_SHM_LOCK);
}

const struct provocation provocations_shm[] = {
	{ "SHMGET_SIZE", shmget_size, NULL },
	{ "SHMGET_TOTAL", shmget_total, NULL },
	{ "SHMGET_COUNT", shmget_count, NULL },
	{ "SHMGET_EXISTS", shmget_exists, NULL },
	{ "SHMGET_NO_KEY", shmget_no_key, NULL },
	{ "SHMGET_TOO_SMALL", shmget_too_small, NULL },
	{ "SHMGET_PERMISSION", shmget_permission, NULL },
	{ "SHMGET_HUGE_SIZE", shmget_huge_size, NULL },
	{ "SHMGET_HUGE_PERMISSION", shmget_huge_permission, NULL },
	{ "SHMGET_HUGE_POOL", shmget_huge_pool, NULL },
	{ "SHMGET_OVERCOMMIT", shmget_overcommit, NULL },
	{ "SHM_NO_SEGMENT", shm_no_segment, NULL },
	{ "SHM_REMOVED", shm_removed, NULL },
	{ "SHMAT_ADDR", shmat_addr, NULL },
	{ "SHMAT_REMAP", shmat_remap, NULL },
	{ "SHMAT_PERMISSION", shmat_permission, NULL },
	{ "SHMAT_WRAP", shmat_wrap, NULL },
	{ "SHMAT_BUSY", shmat_busy, NULL },
	{ "SHMDT_ADDR", shmdt_addr, NULL },
	{ "SHMDT_NOTHING", shmdt_nothing, NULL },
	{ "SHMCTL_COMMAND", shmctl_command, NULL },
	{ "SHMCTL_OWNER", shmctl_owner, NULL },
	{ "SHMCTL_LOCK_OWNER", shmctl_lock_owner, NULL },
	{ "SHMCTL_LOCK_NONE", shmctl_lock_none, NULL },
	{ "SHMCTL_LOCK_LIMIT", shmctl_lock_limit, NULL },
	{ NULL, NULL, NULL },
};
