/*
 * provoke_limits.c - provocations of resource limits and protection keys.
 */
#include "provoke.h"

static int64_t refused_limit(struct lab *lab, uint32_t resource, uint64_t soft, uint64_t hard)
{
	return umm_setrlimit(lab->mm, resource, soft, hard, &lab->why);
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
	return umm_pkey_alloc(lab->mm, 1, 0, &lab->why);
}

static int64_t pkey_rights(struct lab *lab)
{
	return umm_pkey_alloc(lab->mm, 0, 4, &lab->why);
}

static int64_t pkey_no_cpu(struct lab *lab)
{
	return umm_pkey_alloc(lab->mm, 0, 0, &lab->why);
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
	return umm_pkey_alloc(lab->mm, 0, 0, &lab->why);
}

static int64_t pkey_not_allocated(struct lab *lab)
{
	return umm_pkey_free(lab->mm, 0, &lab->why);
}

const struct provocation provocations_limits[] = {
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
