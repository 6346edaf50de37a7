/*
 * notes_process.c - what msync, mincore, mseal, remap_file_pages, prctl, personality, io_setup and
 * ARCH_MAP_VDSO_64 decide.
 */
#include "notes.h"

static void shared_file(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	lab_map(lab, AT, 2 * PAGE, R | W, SHARED);
}

static void synced(struct lab *lab)
{
	shared_file(lab);
	assert_int_equal(umm_msync(lab->mm, AT, 2 * PAGE, UMM_MS_SYNC, lab->listen), 0);
}

static void sync_nothing(struct lab *lab)
{
	shared_file(lab);
	assert_int_equal(umm_msync(lab->mm, AT, 2 * PAGE, UMM_MS_ASYNC, lab->listen), 0);
}

static void in_core(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R | W, ANON);
	assert_int_equal(umm_mincore(lab->mm, AT, PAGE + 1, AT, lab->listen), 0);
}

static void seal(struct lab *lab)
{
	assert_int_equal(umm_mseal(lab->mm, AT, PAGE, 0, lab->listen), 0);
}

static void sealed_now(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R | W, ANON);
	seal(lab);
	assert_int_equal(lab_areas(lab), 2);
}

static void sealed_already(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	seal(lab);
	seal(lab);
}

static void remapped(struct lab *lab)
{
	struct umm_area area;

	shared_file(lab);
	assert_int_equal(umm_remap_file_pages(lab->mm, AT, PAGE, 0, 7, 0, lab->listen), 0);
	assert_true(lab_area(lab, AT, &area));
	assert_int_equal(area.pgoff, 7);
}

static void mdwe_set(struct lab *lab)
{
	assert_int_equal(umm_prctl_set_mdwe(lab->mm, 1, 0, 0, 0, lab->listen), 0);
}

static void mdwe_dropped(struct lab *lab)
{
	struct umm_mm *child;

	assert_int_equal(umm_prctl_set_mdwe(lab->mm, 3, 0, 0, 0, NULL), 0);
	assert_int_equal(umm_fork(lab->mm, &child, lab->listen), 0);
	assert_int_equal(umm_prctl_get_mdwe(child, 0, 0, 0, 0, NULL), 0);
	umm_mm_put(child);
}

static void set_mm(struct lab *lab, uint64_t brk, uint64_t stack)
{
	const struct umm_set_mm_map map = {
		.size = sizeof(map),
		.start_code = 0x400000, .end_code = 0x401000,
		.start_data = 0x402000, .end_data = 0x403000,
		.start_brk = brk, .brk = brk,
		.start_stack = stack, .arg_start = AT, .arg_end = AT, .env_start = AT,
		.env_end = AT,
	};

	assert_int_equal(umm_prctl_set_mm(lab->mm, UMM_SET_MM_MAP, AT, UMM_SET_MM_MAP_BYTES, 0,
					  &map, lab->listen), 0);
}

/* Whoever moves the heap moves what brk answers. */
static void set_mm_heap(struct lab *lab)
{
	set_mm(lab, AT + 8, AT);
	assert_int_equal(umm_brk(lab->mm, AT + 16, NULL), AT + 16);
	assert_int_equal(umm_brk(lab->mm, AT, NULL), AT + 16);
}

static void set_mm_stack(struct lab *lab)
{
	set_mm(lab, HEAP, AT);
}

static void set_mm_same(struct lab *lab)
{
	set_mm(lab, HEAP, AT);
	set_mm(lab, HEAP, AT);
}

static void personality(struct lab *lab)
{
	assert_int_equal(umm_personality(lab->mm, UMM_READ_IMPLIES_EXEC, lab->listen), 0);
	assert_int_equal(umm_personality(lab->mm, UMM_PERSONALITY_QUERY, NULL),
			 UMM_READ_IMPLIES_EXEC);
}

static void personality_exec(struct lab *lab)
{
	umm_personality(lab->mm, UMM_READ_IMPLIES_EXEC | UMM_ADDR_NO_RANDOMIZE, lab->listen);
}

static uint64_t ring(struct lab *lab, struct umm_why *why)
{
	uint64_t at;

	lab_map(lab, AT, PAGE, R | W, ANON);
	assert_int_equal(umm_io_setup(lab->mm, 1000, AT, 0, 2, &at, why), 0);
	return at;
}

/* 1000 events, twice, and two more: 32 bytes each, as the head has. */
static void aio_ring_size(struct lab *lab)
{
	struct umm_area area;

	assert_true(lab_area(lab, ring(lab, lab->listen), &area));
	assert_int_equal(area.end - area.start, 16 * PAGE);
	assert_true(area.vm_flags & UMM_VM_DONTEXPAND);
	assert_false(area.vm_flags & UMM_VM_MAYEXEC);
}

static void aio_ring_gone(struct lab *lab)
{
	uint64_t at = ring(lab, NULL);

	assert_int_equal(umm_io_destroy(lab->mm, at, lab->listen), 0);
	assert_int_equal(lab_areas(lab), 1);
}

static void vdso_mapped(struct lab *lab)
{
	const struct umm_vdso_image image = { sizeof(image), 4, 2, 2, false, false };

	assert_int_equal(umm_map_vdso(lab->mm, AT + 5, &image, lab->listen), 2 * PAGE);
	assert_int_equal(lab_areas(lab), 3);
}

const struct scene scenes_process[] = {
	{ "SYNCED", synced, "10000000-10002000" },
	{ "SYNC_NOTHING", sync_nothing, "10000000-10002000" },
	{ "IN_CORE", in_core, "2 pages of [10000000-10002000)" },
	{ "SEALED_NOW", sealed_now, "10000000-10001000" },
	{ "SEALED_ALREADY", sealed_already, "10000000-10001000" },
	{ "REMAPPED", remapped, "from page 7" },
	{ "MDWE_SET", mdwe_set, "bits 1" },
	{ "MDWE_DROPPED", mdwe_dropped, "no MDWE" },
	{ "SET_MM_HEAP", set_mm_heap, "[10000008-10000008) from now on, it was [500000-500000)" },
	{ "SET_MM_STACK", set_mm_stack, "10000000" },
	{ "SET_MM_SAME", set_mm_same, "heap and stack stay" },
	{ "PERSONALITY", personality, "from 0 to 400000" },
	{ "PERSONALITY_EXEC", personality_exec, "40000 takes effect" },
	{ "AIO_RING_SIZE", aio_ring_size, "64 KiB for 2000 events" },
	{ "AIO_RING_GONE", aio_ring_gone, "7ffff7fef000-7ffff7fff000" },
	{ "VDSO_MAPPED", vdso_mapped, "[vdso] from 10006000 to 10008000" },
	{ NULL, NULL, NULL },
};
