/*
 * provoke_limits.c - provocations of resource limits, protection keys and seals.
 */
#include "provoke.h"

static int64_t refused_limit(struct lab *lab, uint32_t resource, uint64_t soft, uint64_t hard)
{
	return umm_setrlimit(lab->mm, resource, soft, hard, lab->listen);
}

static int64_t setrlimit_resource(struct lab *lab)
{
	return refused_limit(lab, 16, 1, 1);
}

static int64_t setrlimit_order(struct lab *lab)
{
	return refused_limit(lab, UMM_RLIMIT_AS, 2, 1);
}

static int64_t setrlimit_raise(struct lab *lab)
{
	assert_int_equal(umm_setrlimit(lab->mm, UMM_RLIMIT_AS, MIB, 2 * MIB, NULL), 0);
	umm_mm_set_caps(lab->mm, UMM_CAP_SYS_RESOURCE);
	assert_int_equal(umm_setrlimit(lab->mm, UMM_RLIMIT_AS, MIB, 3 * MIB, NULL), 0);
	umm_mm_set_caps(lab->mm, 0);
	return refused_limit(lab, UMM_RLIMIT_AS, MIB, 4 * MIB);
}

static int64_t pkey_flags(struct lab *lab)
{
	return umm_pkey_alloc(lab->mm, 1, 0, lab->listen);
}

static int64_t pkey_rights(struct lab *lab)
{
	return umm_pkey_alloc(lab->mm, 0, 4, lab->listen);
}

static int64_t pkey_no_cpu(struct lab *lab)
{
	return umm_pkey_alloc(lab->mm, 0, 0, lab->listen);
}

/* A child finds the key taken too; a new program does not. */
static int64_t pkey_exhausted(struct lab *lab)
{
	struct umm_mm *fresh;

	assert_int_equal(umm_pkey_alloc(lab->mm, 0, 0, NULL), -UMM_EINVAL);
	lab_become_child(lab);
	assert_int_equal(umm_exec(lab->mm, &fresh), 0);
	assert_int_equal(umm_pkey_alloc(fresh, 0, 0, NULL), -UMM_EINVAL);
	umm_mm_put(fresh);
	return umm_pkey_alloc(lab->mm, 0, 0, lab->listen);
}

static int64_t pkey_not_allocated(struct lab *lab)
{
	return umm_pkey_free(lab->mm, 0, lab->listen);
}

static int64_t refused_seals(struct lab *lab, enum umm_file_kind kind, uint32_t flags,
			     uint32_t seals)
{
	lab_file(lab, kind, flags);
	return umm_file_add_seals(lab->file, seals, false, 0, lab->listen);
}

static int64_t seals_read_only(struct lab *lab)
{
	return refused_seals(lab, UMM_FILE_SHMEM, UMM_FMODE_READ, UMM_F_SEAL_GROW);
}

static int64_t seals_unknown(struct lab *lab)
{
	return refused_seals(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE, 0x100);
}

static int64_t seals_no_memfd(struct lab *lab)
{
	return refused_seals(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE, 1);
}

static int64_t seals_sealed(struct lab *lab)
{
	assert_int_equal(refused_seals(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE,
				       UMM_F_SEAL_SEAL), 0);
	return umm_file_add_seals(lab->file, UMM_F_SEAL_GROW, false, 0, lab->listen);
}

/* Readable now, but through a descriptor that may write; F_SEAL_FUTURE_WRITE does not mind. */
static int64_t seals_busy(struct lab *lab)
{
	uint64_t areas;

	lab_file(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE);
	lab_map(lab, AT, PAGE, R, SHARED | FIXED);
	lab_map(lab, AT + PAGE, PAGE, RW, PRIVATE | FIXED);
	areas = umm_mm_writable_mappings(lab->mm, lab->file);
	assert_int_equal(areas, 1);
	assert_int_equal(umm_file_add_seals(lab->file, UMM_F_SEAL_FUTURE_WRITE, false, areas, NULL),
			 0);
	assert_int_equal(umm_file_add_seals(lab->file, UMM_F_SEAL_EXEC, false, areas, NULL), 0);
	return umm_file_add_seals(lab->file, UMM_F_SEAL_EXEC, true, areas, lab->listen);
}

const struct provocation provocations_limits[] = {
	{ "SEALS_READ_ONLY", seals_read_only, NULL },
	{ "SEALS_UNKNOWN", seals_unknown, NULL },
	{ "SEALS_NO_MEMFD", seals_no_memfd, NULL },
	{ "SEALS_SEALED", seals_sealed, NULL },
	{ "SEALS_BUSY", seals_busy, NULL },
	{ "SETRLIMIT_RESOURCE", setrlimit_resource, NULL },
	{ "SETRLIMIT_ORDER", setrlimit_order, NULL },
	{ "SETRLIMIT_RAISE", setrlimit_raise, NULL },
	{ "PKEY_FLAGS", pkey_flags, NULL },
	{ "PKEY_RIGHTS", pkey_rights, NULL },
	{ "PKEY_NO_CPU", pkey_no_cpu, NULL },
	{ "PKEY_EXHAUSTED", pkey_exhausted, NULL },
	{ "PKEY_NOT_ALLOCATED", pkey_not_allocated, NULL },
	{ NULL, NULL, NULL },
};
