/*
 * nofail_shm.c - System V shared memory without memory.
 */
#include "nofail.h"

#define KEY 0x162e

/* A segment, and a written area of which it will replace the end. */
static void prepare_segment(struct lab *lab)
{
	int64_t id = umm_shmget(lab->mm, KEY, 4 * PAGE, UMM_IPC_CREAT | 0600, NULL);

	assert_true(id >= 0);
	assert_int_equal(umm_mmap(lab->mm, AT, 3 * PAGE, RW, ANON | UMM_MAP_FIXED, NULL, 0, NULL),
			 AT);
	assert_int_equal(umm_fault(lab->mm, AT, UMM_ACCESS_WRITE, NULL), 0);
}

static void prepare_nothing(struct lab *lab)
{
	(void)lab;
}

static int64_t only_error(int64_t result)
{
	return result < 0 ? result : 0;
}

static int64_t call_shmget(struct lab *lab)
{
	return only_error(umm_shmget(lab->mm, KEY, PAGE, UMM_IPC_CREAT | 0600, &lab->why));
}

static int64_t call_shmget_huge(struct lab *lab)
{
	umm_mm_set_caps(lab->mm, UMM_CAP_IPC_LOCK);
	return only_error(umm_shmget(lab->mm, KEY, PAGE, UMM_IPC_CREAT | UMM_SHM_HUGETLB | 0600,
				     &lab->why));
}

static int64_t call_shmat(struct lab *lab)
{
	return only_error(umm_shmat(lab->mm, umm_shm_next(lab->world, -1), AT + PAGE,
				    UMM_SHM_REMAP, &lab->why));
}

static int64_t call_shm_import(struct lab *lab)
{
	const struct umm_shm shm = { .size = sizeof(shm), .id = 7, .bytes = PAGE, .mode = 0600 };

	return umm_shm_import(lab->world, &shm);
}

static int64_t call_shm_file(struct lab *lab)
{
	return umm_shm_file(lab->world, umm_shm_next(lab->world, -1), true, &lab->new_file);
}

const struct scenario scenarios_shm[] = {
	{ "shmget", prepare_nothing, call_shmget, false },
	{ "shmget with huge pages", prepare_nothing, call_shmget_huge, false },
	{ "shmat over an area", prepare_segment, call_shmat, false },
	{ "importing a segment", prepare_nothing, call_shm_import, true },
	{ "the file of a segment", prepare_segment, call_shm_file, true },
	{ NULL, NULL, NULL, false },
};
