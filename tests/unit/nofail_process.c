/*
 * nofail_process.c - mincore, mseal, remap_file_pages, PR_SET_MM, io_setup and ARCH_MAP_VDSO_64
 * without memory.
 */
#include "nofail.h"

static void prepare_area(struct lab *lab)
{
	assert_int_equal(umm_mmap(lab->mm, AT, 8 * PAGE, RW, ANON | UMM_MAP_FIXED, NULL, 0, NULL),
			 AT);
}

static void prepare_written(struct lab *lab)
{
	prepare_area(lab);
	assert_int_equal(umm_fault(lab->mm, AT, UMM_ACCESS_WRITE, NULL), 0);
}

static void prepare_stack(struct lab *lab)
{
	assert_int_equal(umm_mmap(lab->mm, AT, PAGE, RW,
				  ANON | UMM_MAP_FIXED | UMM_MAP_GROWSDOWN, NULL, 0, NULL), AT);
}

static void prepare_shared(struct lab *lab)
{
	assert_int_equal(umm_mmap(lab->mm, AT, 8 * PAGE, RW, UMM_MAP_SHARED | UMM_MAP_FIXED,
				  lab->file, 0, NULL), AT);
}

static int64_t call_mincore(struct lab *lab)
{
	return umm_mincore(lab->mm, AT, 4 * PAGE, AT, &lab->why);
}

/* The vector begins below a stack, which grows. */
static int64_t call_mincore_grow(struct lab *lab)
{
	return umm_mincore(lab->mm, AT, PAGE, AT - PAGE, &lab->why);
}

static int64_t call_mseal(struct lab *lab)
{
	return umm_mseal(lab->mm, AT + 2 * PAGE, 2 * PAGE, 0, &lab->why);
}

static int64_t call_remap_file_pages(struct lab *lab)
{
	return umm_remap_file_pages(lab->mm, AT + 2 * PAGE, 2 * PAGE, 0, 100, 0, &lab->why);
}

static int64_t call_set_mm_map_size(struct lab *lab)
{
	return umm_prctl_set_mm(lab->mm, UMM_SET_MM_MAP_SIZE, AT, 0, 0, NULL, &lab->why);
}

static int64_t call_io_setup(struct lab *lab)
{
	uint64_t ring;

	return umm_io_setup(lab->mm, 1, AT, 0, 2, &ring, &lab->why);
}

static int64_t call_io_setup_grow(struct lab *lab)
{
	uint64_t ring;

	return umm_io_setup(lab->mm, 1, AT - PAGE, 0, 2, &ring, &lab->why);
}

static int64_t call_map_vdso(struct lab *lab)
{
	const struct umm_vdso_image image = { sizeof(image), 4, 2, 2, false, false };
	int64_t bytes = umm_map_vdso(lab->mm, 0, &image, &lab->why);

	return bytes < 0 ? bytes : 0;
}

static void prepare_nothing(struct lab *lab)
{
	(void)lab;
}

const struct scenario scenarios_process[] = {
	{ "mincore", prepare_area, call_mincore, false },
	{ "mincore into a stack", prepare_stack, call_mincore_grow, false },
	{ "mseal", prepare_written, call_mseal, false },
	{ "remap_file_pages", prepare_shared, call_remap_file_pages, false },
	{ "PR_SET_MM_MAP_SIZE", prepare_area, call_set_mm_map_size, false },
	{ "io_setup", prepare_area, call_io_setup, false },
	{ "io_setup into a stack", prepare_stack, call_io_setup_grow, false },
	{ "ARCH_MAP_VDSO_64", prepare_nothing, call_map_vdso, false },
	{ NULL, NULL, NULL, false },
};
