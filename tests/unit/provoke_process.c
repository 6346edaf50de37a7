/*
 * provoke_process.c - provocations of PR_SET_MDWE, PR_SET_MM, io_setup and ARCH_MAP_VDSO_64.
 */
#include "provoke.h"

/* ---- PR_SET_MDWE ------------------------------------------------------------------------- */

static int64_t no_mdwe(struct lab *lab)
{
	lab_set_rule(lab, "mdwe", false);
	assert_int_equal(umm_prctl_get_mdwe(lab->mm, 0, 0, 0, 0, NULL), -UMM_EINVAL);
	return umm_prctl_set_mdwe(lab->mm, 0, 0, 0, 0, lab->listen);
}

static int64_t mdwe_args(struct lab *lab)
{
	return umm_prctl_set_mdwe(lab->mm, UMM_MDWE_REFUSE_EXEC_GAIN, 0, 1, 0, lab->listen);
}

static int64_t mdwe_bits(struct lab *lab)
{
	return umm_prctl_set_mdwe(lab->mm, UMM_MDWE_NO_INHERIT, 0, 0, 0, lab->listen);
}

static int64_t mdwe_is_set(struct lab *lab)
{
	uint64_t bits = UMM_MDWE_REFUSE_EXEC_GAIN | UMM_MDWE_NO_INHERIT;

	assert_int_equal(umm_prctl_set_mdwe(lab->mm, bits, 0, 0, 0, NULL), 0);
	assert_int_equal(umm_prctl_set_mdwe(lab->mm, bits, 0, 0, 0, NULL), 0);
	assert_int_equal(umm_prctl_get_mdwe(lab->mm, 0, 0, 0, 0, NULL), bits);
	assert_int_equal(umm_prctl_get_mdwe(lab->mm, 0, 0, 0, 1, NULL), -UMM_EINVAL);
	return umm_prctl_set_mdwe(lab->mm, 0, 0, 0, 0, lab->listen);
}

/* ---- PR_SET_MM --------------------------------------------------------------------------- */

/* What the lab's process says of itself; its own layout says the same. */
static struct umm_set_mm_map present(struct lab *lab)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	struct umm_set_mm_map map = {
		.size = sizeof(map),
		.start_code = 0x400000, .end_code = 0x401000,
		.start_data = 0x402000, .end_data = 0x403000,
		.start_brk = HEAP, .brk = HEAP,
		.start_stack = AT, .arg_start = AT, .arg_end = AT, .env_start = AT, .env_end = AT,
	};

	umm_mm_get_layout(lab->mm, &layout);
	layout.start_code = map.start_code;
	layout.end_code = map.end_code;
	layout.start_data = map.start_data;
	layout.end_data = map.end_data;
	layout.start_stack = layout.arg_start = layout.arg_end = AT;
	layout.env_start = layout.env_end = AT;
	assert_int_equal(umm_mm_set_layout(lab->mm, &layout), 0);
	return map;
}

static int64_t refused_map_of(struct lab *lab, const struct umm_set_mm_map *map)
{
	return umm_prctl_set_mm(lab->mm, UMM_SET_MM_MAP, AT, UMM_SET_MM_MAP_BYTES, 0, map,
				lab->listen);
}

static int64_t refused_option(struct lab *lab, uint64_t option, uint64_t addr)
{
	(void)present(lab);
	umm_mm_set_caps(lab->mm, UMM_CAP_SYS_RESOURCE);
	return umm_prctl_set_mm(lab->mm, option, addr, 0, 0, NULL, lab->listen);
}

static int64_t set_mm_args(struct lab *lab)
{
	return umm_prctl_set_mm(lab->mm, UMM_SET_MM_BRK, HEAP, 1, 0, NULL, lab->listen);
}

static int64_t set_mm_permission(struct lab *lab)
{
	return umm_prctl_set_mm(lab->mm, UMM_SET_MM_BRK, HEAP, 0, 0, NULL, lab->listen);
}

static int64_t set_mm_addr(struct lab *lab)
{
	return refused_option(lab, UMM_SET_MM_BRK, 0x1000);
}

static int64_t set_mm_option(struct lab *lab)
{
	return refused_option(lab, 99, HEAP);
}

static int64_t set_mm_field(struct lab *lab)
{
	struct umm_set_mm_map map = present(lab);

	map.env_end = UINT64_C(0x7ffffffff000);
	return refused_map_of(lab, &map);
}

static int64_t set_mm_order(struct lab *lab)
{
	return refused_option(lab, UMM_SET_MM_BRK, HEAP - 1);
}

static int64_t set_mm_data_limit(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_DATA, 4 * PAGE);
	assert_int_equal(refused_option(lab, UMM_SET_MM_BRK, HEAP + 3 * PAGE), 0);
	return refused_option(lab, UMM_SET_MM_BRK, HEAP + 3 * PAGE + 1);
}

/* An area above is enough, whatever lies between. */
static int64_t set_mm_no_area(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	assert_int_equal(refused_option(lab, UMM_SET_MM_START_STACK, AT - 5 * PAGE), 0);
	return refused_option(lab, UMM_SET_MM_START_STACK, AT + PAGE);
}

static int64_t set_mm_map_size(struct lab *lab)
{
	struct umm_set_mm_map map = present(lab);

	return umm_prctl_set_mm(lab->mm, UMM_SET_MM_MAP, AT, 5, 0, &map, lab->listen);
}

static int64_t set_mm_map_fault(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	assert_int_equal(umm_prctl_set_mm(lab->mm, UMM_SET_MM_MAP_SIZE, AT, 0, 0, NULL, NULL),
			 -UMM_EFAULT);
	return refused_map_of(lab, NULL);
}

static int64_t set_mm_auxv(struct lab *lab)
{
	struct umm_set_mm_map map = present(lab);

	map.auxv_size = 8;
	return refused_map_of(lab, &map);
}

static int64_t set_mm_auxv_fault(struct lab *lab)
{
	struct umm_set_mm_map map = present(lab);

	map.auxv = 1;
	map.auxv_size = 8;
	return refused_map_of(lab, &map);
}

/* ---- io_setup, io_destroy ---------------------------------------------------------------- */

static int64_t refused_setup(struct lab *lab, uint32_t nr_events)
{
	uint64_t ring = 1;
	int64_t err = umm_io_setup(lab->mm, nr_events, AT, 0, 2, &ring, lab->listen);

	assert_int_equal(ring, 0);
	return err;
}

/* Read, but not written: the ring that was made goes again. */
static int64_t aio_fault(struct lab *lab)
{
	uint64_t before;
	int64_t err;

	lab_map(lab, AT, PAGE, R, ANON);
	before = lab_areas(lab);
	err = refused_setup(lab, 1);
	assert_int_equal(lab_areas(lab), before);
	return err;
}

static int64_t aio_args(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	return refused_setup(lab, 0);
}

static int64_t aio_too_many(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	return refused_setup(lab, 0x400001);
}

/* mmap would say EAGAIN. */
static int64_t aio_ring(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, PAGE);
	umm_mm_set_def_flags(lab->mm, UMM_VM_LOCKED);
	return refused_setup(lab, 1000);
}

/* The child has the memory, but not the context. */
static int64_t aio_no_context(struct lab *lab)
{
	uint64_t ring;

	lab_map(lab, AT, PAGE, R | W, ANON);
	assert_int_equal(umm_io_setup(lab->mm, 1, AT, 0, 2, &ring, NULL), 0);
	assert_int_equal(umm_io_destroy(lab->mm, ring, NULL), 0);
	assert_int_equal(umm_io_setup(lab->mm, 1, AT, 0, 2, &ring, NULL), 0);
	lab_become_child(lab);
	return umm_io_destroy(lab->mm, ring, lab->listen);
}

static int64_t mremap_aio_copy(struct lab *lab)
{
	uint64_t ring;

	lab_map(lab, AT, PAGE, R | W, ANON);
	assert_int_equal(umm_io_setup(lab->mm, 1, AT, 0, 2, &ring, NULL), 0);
	assert_int_equal(umm_mremap(lab->mm, ring, PAGE, PAGE, 3, AT + 4 * PAGE, NULL),
			 AT + 4 * PAGE);
	assert_int_equal(umm_io_destroy(lab->mm, ring, NULL), -UMM_EINVAL);
	lab_become_child(lab);
	return umm_mremap(lab->mm, AT + 4 * PAGE, PAGE, PAGE, 3, ring, lab->listen);
}

/* ---- the vdso ---------------------------------------------------------------------------- */

static void without_shadow_stacks(struct lab *lab)
{
	lab->settings.user_shstk = UMM_SHSTK_ABSENT;
	lab_settings_changed(lab);
}

static int64_t shstk_absent(struct lab *lab)
{
	without_shadow_stacks(lab);
	return umm_map_shadow_stack(lab->mm, 0, PAGE, 0, lab->listen);
}

static int64_t shstk_no_cpu(struct lab *lab)
{
	assert_int_equal(umm_shstk_prctl(lab->mm, true, 1, NULL), -UMM_EOPNOTSUPP);
	return umm_map_shadow_stack(lab->mm, 0, PAGE, 77, lab->listen);
}

static int64_t shstk_option(struct lab *lab)
{
	without_shadow_stacks(lab);
	return umm_shstk_prctl(lab->mm, true, 1, lab->listen);
}

static int64_t shstk_features(struct lab *lab)
{
	return umm_shstk_prctl(lab->mm, true, 3, lab->listen);
}

static int64_t vdso_option(struct lab *lab)
{
	const struct umm_vdso_image image = { sizeof(image), 4, 2, 2, false, true };

	return umm_map_vdso(lab->mm, AT, &image, lab->listen);
}

static int64_t vdso_exists(struct lab *lab)
{
	const struct umm_vdso_image image = { sizeof(image), 4, 2, 2, false, false };

	assert_int_equal(umm_map_vdso(lab->mm, AT, &image, NULL), 2 * PAGE);
	return umm_map_vdso(lab->mm, 0, &image, lab->listen);
}

const struct provocation provocations_process[] = {
	{ "NO_MDWE", no_mdwe, NULL },
	{ "MDWE_ARGS", mdwe_args, NULL },
	{ "MDWE_BITS", mdwe_bits, NULL },
	{ "MDWE_IS_SET", mdwe_is_set, NULL },
	{ "SET_MM_ARGS", set_mm_args, NULL },
	{ "SET_MM_PERMISSION", set_mm_permission, NULL },
	{ "SET_MM_ADDR", set_mm_addr, NULL },
	{ "SET_MM_OPTION", set_mm_option, NULL },
	{ "SET_MM_FIELD", set_mm_field, NULL },
	{ "SET_MM_ORDER", set_mm_order, NULL },
	{ "SET_MM_DATA_LIMIT", set_mm_data_limit, NULL },
	{ "SET_MM_NO_AREA", set_mm_no_area, NULL },
	{ "SET_MM_MAP_SIZE", set_mm_map_size, NULL },
	{ "SET_MM_MAP_FAULT", set_mm_map_fault, NULL },
	{ "SET_MM_AUXV", set_mm_auxv, NULL },
	{ "SET_MM_AUXV_FAULT", set_mm_auxv_fault, NULL },
	{ "AIO_FAULT", aio_fault, NULL },
	{ "AIO_ARGS", aio_args, NULL },
	{ "AIO_TOO_MANY", aio_too_many, NULL },
	{ "AIO_RING", aio_ring, NULL },
	{ "AIO_NO_CONTEXT", aio_no_context, NULL },
	{ "MREMAP_AIO_COPY", mremap_aio_copy, NULL },
	{ "SHSTK_ABSENT", shstk_absent, NULL },
	{ "SHSTK_NO_CPU", shstk_no_cpu, NULL },
	{ "SHSTK_OPTION", shstk_option, NULL },
	{ "SHSTK_FEATURES", shstk_features, NULL },
	{ "VDSO_OPTION", vdso_option, NULL },
	{ "VDSO_EXISTS", vdso_exists, NULL },
	{ NULL, NULL, NULL },
};
