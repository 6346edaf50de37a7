/*
 * effects_attrs.c - the rules of userfaultfd, memory policy and names, on and off.
 */
#include "attrs.h"
#include "effect.h"

static int64_t uffd_own_unregister(struct lab *lab)
{
	lab_map(lab, AT, PAGE, RW, ANON);
	assert_int_equal(watch(lab, 1, AT, PAGE, MISSING), 0);
	return unwatch(lab, 2, AT, PAGE);
}

static int64_t uffd_files_async(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	lab_map(lab, AT, PAGE, RW, SHARED);
	return watch_as(lab, 1, UMM_UFFD_FEATURE_WP_ASYNC, AT, PAGE, WP);
}

static int64_t uffd_nothing_above(struct lab *lab)
{
	return watch(lab, 1, AT, PAGE, MISSING);
}

/* Areas after: the upper page joins what is not watched. */
static int64_t uffd_cut_merges(struct lab *lab)
{
	lab_map(lab, AT, 3 * PAGE, RW, ANON);
	assert_int_equal(watch(lab, 1, AT, 2 * PAGE, MISSING), 0);
	assert_int_equal(unwatch(lab, 1, AT + PAGE, PAGE), 0);
	return (int64_t)lab_areas(lab);
}

static int64_t bind_area(struct lab *lab, uint64_t mode)
{
	lab_map(lab, AT, PAGE, RW, ANON);
	return bind_to(lab, AT, PAGE, mode, 1);
}

static int64_t mpol_preferred_many(struct lab *lab)
{
	return bind_area(lab, UMM_MPOL_PREFERRED_MANY);
}

static int64_t mpol_weighted(struct lab *lab)
{
	return bind_area(lab, UMM_MPOL_WEIGHTED_INTERLEAVE);
}

static int64_t mpol_balancing_many(struct lab *lab)
{
	return bind_area(lab, UMM_MPOL_PREFERRED_MANY | UMM_MPOL_F_NUMA_BALANCING);
}

static int64_t anon_shmem_name(struct lab *lab)
{
	lab_map(lab, AT, PAGE, RW, SHARED | UMM_MAP_ANONYMOUS);
	return name_it(lab, AT, PAGE, "shared");
}

const struct effect effects_attrs[] = {
	{ "uffd_own_unregister", uffd_own_unregister, -UMM_EINVAL, 0 },
	{ "uffd_nothing_above", uffd_nothing_above, -UMM_EINVAL, -UMM_ENOMEM },
	{ "uffd_cut_merges", uffd_cut_merges, 2, 3 },
	{ "uffd_files_async", uffd_files_async, 0, -UMM_EINVAL },
	{ "mpol_preferred_many", mpol_preferred_many, 0, -UMM_EINVAL },
	{ "mpol_weighted", mpol_weighted, 0, -UMM_EINVAL },
	{ "mpol_balancing_many", mpol_balancing_many, 0, -UMM_EINVAL },
	{ "anon_shmem_name", anon_shmem_name, 0, -UMM_EBADF },
	{ NULL, NULL, 0, 0 },
};
