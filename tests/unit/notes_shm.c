/*
 * notes_shm.c - notes of System V shared memory and of resource limits.
 */
#include "notes.h"

#define KEY 0x162e

/* A segment of two pages. */
static int32_t segment(struct lab *lab)
{
	int64_t id = umm_shmget(lab->mm, KEY, 2 * PAGE, UMM_IPC_CREAT | 0600, NULL);

	assert_true(id >= 0);
	return (int32_t)id;
}

static void attach(struct lab *lab, int32_t id)
{
	assert_int_equal(umm_shmat(lab->mm, id, AT, 0, NULL), AT);
}

static void control(struct lab *lab, int32_t id, int cmd, const struct umm_shm *set)
{
	assert_int_equal(umm_shmctl(lab->mm, id, cmd, set, lab->listen), 0);
}

static void shm_made(struct lab *lab)
{
	assert_true(umm_shmget(lab->mm, UMM_IPC_PRIVATE, 3 * PAGE, 0600, lab->listen) >= 0);
}

static void shm_found(struct lab *lab)
{
	int32_t id = segment(lab);

	assert_int_equal(umm_shmget(lab->mm, KEY, 0, 0, lab->listen), id);
}

static void shm_rounded(struct lab *lab)
{
	int32_t id = segment(lab);

	assert_int_equal(umm_shmat(lab->mm, id, AT + 5, UMM_SHM_RND, lab->listen), AT);
}

static void shm_attached(struct lab *lab)
{
	int32_t id = segment(lab);

	assert_int_equal(umm_shmat(lab->mm, id, AT, 0, lab->listen), AT);
}

static void shm_detached(struct lab *lab)
{
	attach(lab, segment(lab));
	assert_int_equal(umm_shmdt(lab->mm, AT, lab->listen), 0);
}

/* The rest of an attachment that was sealed, as a follower imports it. */
static void shm_kept(struct lab *lab)
{
	struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + 2 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD | UMM_VM_MAYSHARE | UMM_VM_SEALED,
		.name = UMM_NAME_FILE,
	};

	assert_int_equal(umm_shm_file(lab->world, segment(lab), false, &area.file), 0);
	assert_int_equal(umm_area_import(lab->mm, &area), 0);
	umm_file_put(area.file);
	assert_int_equal(umm_shmdt(lab->mm, AT, lab->listen), 0);
	assert_int_equal(lab_areas(lab), 1);
}

static void shm_gone(struct lab *lab)
{
	control(lab, segment(lab), UMM_IPC_RMID, NULL);
}

static void shm_marked(struct lab *lab)
{
	int32_t id = segment(lab);

	attach(lab, id);
	control(lab, id, UMM_IPC_RMID, NULL);
}

static void shm_owner_set(struct lab *lab)
{
	struct umm_shm set = { .size = sizeof(set), .uid = 7, .gid = 8, .mode = 0640 };

	control(lab, segment(lab), UMM_IPC_SET, &set);
}

static void shm_locked(struct lab *lab)
{
	control(lab, segment(lab), UMM_SHM_LOCK, NULL);
}

static void shm_unlocked(struct lab *lab)
{
	control(lab, segment(lab), UMM_SHM_UNLOCK, NULL);
}

static void rlimit_set(struct lab *lab)
{
	assert_int_equal(umm_setrlimit(lab->mm, UMM_RLIMIT_AS, 4711, MIB, lab->listen), 0);
}

static void seals_added(struct lab *lab)
{
	lab_file(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE);
	assert_int_equal(umm_file_add_seals(lab->file, UMM_F_SEAL_WRITE, false, 0, lab->listen), 0);
	assert_int_equal(umm_mmap(lab->mm, AT, PAGE, RW, SHARED, lab->file, 0, NULL), -UMM_EPERM);
}

const struct scene scenes_shm[] = {
	{ "SEALS_ADDED", seals_added, "seals 8" },
	{ "RLIMIT_SET", rlimit_set, "4711" },
	{ "SHM_MADE", shm_made, "12 KiB" },
	{ "SHM_FOUND", shm_found, "8 KiB" },
	{ "SHM_ROUNDED", shm_rounded, "10000005 rounded down to 10000000" },
	{ "SHM_ATTACHED", shm_attached, "10000000-10002000" },
	{ "SHM_DETACHED", shm_detached, "10000000-10002000" },
	{ "SHM_KEPT", shm_kept, "10000000-10002000" },
	{ "SHM_GONE", shm_gone, "8 KiB" },
	{ "SHM_MARKED", shm_marked, "which there are 1" },
	{ "SHM_OWNER_SET", shm_owner_set, "0640" },
	{ "SHM_LOCKED", shm_locked, "8 KiB" },
	{ "SHM_UNLOCKED", shm_unlocked, "may be swapped out" },
	{ NULL, NULL, NULL }
};
