/*
 * test_answers.c - small questions with several answers, by tables: what hangs on pages, whose
 * inode it is, what a policy may be set on, PR_SET_MM, what another process may advise.
 */
#include "attrs.h"

struct place {
	uint64_t page, bytes;
};

/* Does the kernel's answer hang on what no area tells? */
static void test_madvise_depends(void **state)
{
	enum { ANONYMOUS, UNWRITTEN, REGULAR_SHARED, REGULAR_PRIVATE, SHMEM };
	static const struct {
		int what;		/* 1024 pages at AT, which begins a huge page */
		int advice;
		struct place place;
		bool depends;
	} rows[] = {
		{ ANONYMOUS, UMM_MADV_DONTNEED, { 0, PAGE }, false },
		{ ANONYMOUS, UMM_MADV_REMOVE, { 0, PAGE }, false },
		{ REGULAR_SHARED, UMM_MADV_REMOVE, { 0, PAGE }, true },
		{ REGULAR_SHARED, UMM_MADV_REMOVE, { 0, 0 }, false },
		{ REGULAR_SHARED, UMM_MADV_REMOVE, { 2000, PAGE }, false },
		{ REGULAR_PRIVATE, UMM_MADV_REMOVE, { 0, PAGE }, false },
		{ SHMEM, UMM_MADV_REMOVE, { 0, PAGE }, false },
		{ ANONYMOUS, UMM_MADV_COLLAPSE, { 0, 2 * MIB }, true },
		{ ANONYMOUS, UMM_MADV_COLLAPSE, { 1, 2 * MIB }, false },
		{ ANONYMOUS, UMM_MADV_COLLAPSE, { 1, 4 * MIB }, true },
		{ ANONYMOUS, UMM_MADV_COLLAPSE, { 513, MIB }, false },
		{ ANONYMOUS, UMM_MADV_COLLAPSE, { 1024, 4 * MIB }, false },
		{ UNWRITTEN, UMM_MADV_COLLAPSE, { 0, 2 * MIB }, false },
		{ REGULAR_PRIVATE, UMM_MADV_COLLAPSE, { 0, 2 * MIB }, false },
		{ SHMEM, UMM_MADV_COLLAPSE, { 0, 2 * MIB }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t flags = rows[i].what <= UNWRITTEN ? ANON :
				 rows[i].what == REGULAR_PRIVATE ? PRIVATE : SHARED;
		struct lab lab;

		lab_init(&lab);
		if (rows[i].what > UNWRITTEN)
			lab_file(&lab, rows[i].what == SHMEM ? UMM_FILE_SHMEM : UMM_FILE_REGULAR,
				 UMM_FMODE_READ | UMM_FMODE_WRITE);
		lab_map(&lab, AT, 4 * MIB, RW, flags);
		if (rows[i].what == ANONYMOUS)
			lab_write(&lab, AT);
		if (umm_madvise_depends(lab.mm, AT + rows[i].place.page * PAGE,
					rows[i].place.bytes, rows[i].advice) != rows[i].depends)
			fail_msg("row %zu: not %d", i, rows[i].depends);
		lab_destroy(&lab);
	}
}

/* To poison memory needs a capability; with it, it hangs on the pages. */
static void test_poison_depends(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_false(umm_madvise_depends(lab.mm, AT, PAGE, UMM_MADV_HWPOISON));
	umm_mm_set_caps(lab.mm, UMM_CAP_SYS_ADMIN);
	assert_true(umm_madvise_depends(lab.mm, AT, PAGE, UMM_MADV_HWPOISON));
	assert_true(umm_madvise_depends(lab.mm, AT, PAGE, UMM_MADV_SOFT_OFFLINE));
	lab_destroy(&lab);
}

/* Areas that may write to an inode, through whichever file of it. */
static void test_whose_inode(void **state)
{
	static const struct {
		uint32_t major, minor;
		uint64_t inode, writable;
	} rows[] = {
		{ 8, 0x11, 1234567, 1 }, { 9, 0x11, 1234567, 0 }, { 8, 0x12, 1234567, 0 },
		{ 8, 0x11, 1234568, 0 }, { 0, 0, 0, 0 },
	};
	struct umm_file *mapped, *asked;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	mapped = lab_new_file(&lab, "/a");
	asked = lab_new_file(&lab, "/a");
	lab_map_file(&lab, AT, PAGE, RW, SHARED, mapped, 0);
	lab_map_file(&lab, AT + PAGE, PAGE, RW, PRIVATE, mapped, 0);
	lab_map(&lab, AT + 2 * PAGE, PAGE, RW, SHARED | UMM_MAP_ANONYMOUS);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		umm_file_set_inode(asked, rows[i].major, rows[i].minor, rows[i].inode);
		assert_int_equal(umm_mm_writable_mappings(lab.mm, asked), rows[i].writable);
	}
	assert_int_equal(umm_mm_writable_mappings(lab.mm, mapped), 1);
	umm_file_put(mapped);
	umm_file_put(asked);
	lab_destroy(&lab);
}

/* ---- policies ------------------------------------------------------------------------------ */

static int64_t bind_with(struct lab *lab, uint64_t addr, uint64_t len, uint64_t flags,
			 umm_addr_t misplaced)
{
	const uint64_t node = 1;
	const struct umm_nodemask mask = { &node, 65, 1 };

	return umm_mbind(lab->mm, addr, len, UMM_MPOL_BIND, &mask, flags, misplaced, NULL);
}

static void test_strict_policies(void **state)
{
	const uint64_t strict = UMM_MPOL_MF_STRICT;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	lab_map(&lab, AT + 4 * PAGE, 4 * PAGE, R, ANON);
	/* The page that is in the wrong place is in the first area, in the second, nowhere. */
	assert_int_equal(bind_with(&lab, AT, 8 * PAGE, strict, AT + PAGE), -UMM_EIO);
	assert_int_equal(bind_with(&lab, AT, 8 * PAGE, strict, AT + 5 * PAGE), -UMM_EIO);
	assert_int_equal(lab_areas(&lab), 2);
	assert_int_equal(bind_with(&lab, AT, 8 * PAGE, 0, AT + PAGE), 0);
	assert_int_equal(bind_with(&lab, AT, 8 * PAGE, strict, UINT64_MAX), 0);
	/* Who may move them need not be told. */
	assert_int_equal(bind_with(&lab, AT, PAGE, strict | UMM_MPOL_MF_MOVE, AT), 0);
	assert_int_equal(bind_with(&lab, AT, PAGE, UMM_MPOL_MF_MOVE_ALL, UINT64_MAX), -UMM_EPERM);
	umm_mm_set_caps(lab.mm, UMM_CAP_SYS_NICE);
	assert_int_equal(bind_with(&lab, AT, PAGE, UMM_MPOL_MF_MOVE_ALL, UINT64_MAX), 0);
	/* Ranges of nothing, and holes. */
	assert_int_equal(bind_with(&lab, AT, 0, 0, UINT64_MAX), 0);
	assert_int_equal(bind_with(&lab, AT + 7 * PAGE, 2 * PAGE, 0, UINT64_MAX), -UMM_EFAULT);
	assert_int_equal(bind_with(&lab, AT - PAGE, 2 * PAGE, 0, UINT64_MAX), -UMM_EFAULT);
	assert_int_equal(home(&lab, AT + 1, PAGE, 0), -UMM_EINVAL);
	assert_int_equal(home(&lab, AT, 0, 0), 0);
	assert_int_equal(home(&lab, AT, UINT64_MAX - PAGE, 0), -UMM_EINVAL);
	assert_int_equal(home(&lab, AT, 8 * PAGE, 0), 0);
	lab_destroy(&lab);
}

/* Names are given to what there is; the answer tells of a hole, wherever it is. */
static void test_names_and_holes(void **state)
{
	static const struct {
		struct place place;
		int64_t answer;
	} rows[] = {
		{ { 0, 2 * PAGE }, 0 }, { { 0, 6 * PAGE }, -UMM_ENOMEM },
		{ { 4, 3 * PAGE }, -UMM_ENOMEM }, { { 3, 2 * PAGE }, -UMM_ENOMEM },
		{ { 0, 12 * PAGE }, -UMM_ENOMEM }, { { 20, PAGE }, -UMM_ENOMEM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct umm_area area;
		struct lab lab;

		lab_init(&lab);
		lab_map(&lab, AT, 2 * PAGE, RW, ANON);
		lab_map(&lab, AT + 4 * PAGE, 2 * PAGE, RW, ANON);
		lab_map(&lab, AT + 8 * PAGE, 2 * PAGE, RW, ANON);
		assert_int_equal(name_it(&lab, AT + rows[i].place.page * PAGE,
					 rows[i].place.bytes, "name"), rows[i].answer);
		for (uint64_t page = 0; page < 10; page++) {
			uint64_t first = rows[i].place.page;
			bool asked = page >= first && page < first + rows[i].place.bytes / PAGE;

			if (lab_area(&lab, AT + page * PAGE, &area))
				assert_int_equal(area.anon_name != NULL, asked);
		}
		lab_destroy(&lab);
	}
}

/* ---- PR_SET_MM ----------------------------------------------------------------------------- */

static void test_set_auxv(void **state)
{
	const uint64_t auxv = UMM_SET_MM_AUXV;
	struct umm_set_mm_map readable = { .size = sizeof(readable), .auxv_readable = true };
	struct umm_set_mm_map unreadable = { .size = sizeof(unreadable) };
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, AT, 16, 0, &readable, NULL), -UMM_EPERM);
	umm_mm_set_caps(lab.mm, UMM_CAP_SYS_RESOURCE);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, AT, 16, 0, &readable, lab.listen), 0);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, AT, 416, 0, &readable, NULL), 0);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, AT, 417, 0, &readable, NULL), -UMM_EINVAL);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, AT, 16, 0, &unreadable, NULL), -UMM_EFAULT);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, AT, 16, 0, NULL, NULL), -UMM_EFAULT);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, 0, 0, 0, NULL, NULL), 0);
	assert_int_equal(umm_prctl_set_mm(lab.mm, auxv, AT, 16, 1, &readable, NULL), -UMM_EINVAL);
	/* The file is the embedder's to look at. */
	assert_int_equal(umm_prctl_set_mm(lab.mm, UMM_SET_MM_EXE_FILE, 3, 0, 0, NULL, NULL), 0);
	assert_int_equal(umm_prctl_set_mm(lab.mm, 0, AT, 0, 0, NULL, NULL), -UMM_EINVAL);
	assert_int_equal(umm_prctl_set_mm(lab.mm, UMM_SET_MM_BRK, UINT64_C(1) << 47, 0, 0, NULL,
					  NULL), -UMM_EINVAL);
	lab_destroy(&lab);
}

/* A whole map, with each of its members wrong in turn. */
static void test_set_map(void **state)
{
	const struct umm_set_mm_map good = {
		.size = sizeof(good), .start_code = AT, .end_code = AT + PAGE, .start_data = AT,
		.end_data = AT, .start_brk = AT, .brk = AT, .start_stack = AT, .arg_start = AT,
		.arg_end = AT, .env_start = AT, .env_end = AT, .auxv = AT, .auxv_size = 16,
		.auxv_readable = true,
	};
	struct umm_set_mm_map map = good;
	struct lab lab;

	(void)state;
	lab_init(&lab);
#define SETS(change, answer) do {								\
		map = good;									\
		change;										\
		assert_int_equal(umm_prctl_set_mm(lab.mm, UMM_SET_MM_MAP, AT,			\
						  UMM_SET_MM_MAP_BYTES, 0, &map, NULL),	\
				 answer);						\
	} while (0)
	SETS((void)0, 0);
	SETS(map.auxv_size = 0, 0);
	SETS(map.auxv = 0, -UMM_EINVAL);
	SETS(map.auxv_size = 417, -UMM_EINVAL);
	SETS(map.auxv_readable = false, -UMM_EFAULT);
	SETS(map.end_code = AT, -UMM_EINVAL);		/* the code alone may not be empty */
	SETS(map.end_code = AT - 1, -UMM_EINVAL);
	SETS(map.end_data = AT - 1, -UMM_EINVAL);
	SETS(map.env_end = AT - 1, -UMM_EINVAL);
	SETS(map.start_stack = 0, -UMM_EINVAL);
	SETS(map.start_stack = UINT64_C(1) << 47, -UMM_EINVAL);
#undef SETS
	lab_destroy(&lab);
}

/* ---- what another may advise --------------------------------------------------------------- */

static void test_advice_of_another(void **state)
{
	const struct umm_range range[] = { { AT, PAGE }, { AT + PAGE, 0 },
					   { AT + 2 * PAGE, PAGE } };
	struct umm_mm *other;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	assert_int_equal(umm_mm_new(lab.world, &other), 0);
	assert_int_equal(umm_process_madvise(other, lab.mm, range, 3, UMM_MADV_COLD, 0, NULL),
			 -UMM_EPERM);
	umm_mm_set_caps(other, UMM_CAP_SYS_NICE);
	assert_int_equal(umm_process_madvise(other, lab.mm, range, 3, UMM_MADV_COLD, 0, NULL),
			 2 * PAGE);
	assert_int_equal(umm_process_madvise(other, lab.mm, range, 3, UMM_MADV_DONTNEED, 0, NULL),
			 -UMM_EINVAL);
	/* Nothing is wide enough for a huge page. */
	assert_int_equal(umm_process_madvise(other, lab.mm, range, 3, UMM_MADV_COLLAPSE, 0, NULL),
			 -UMM_EINVAL);
	lab_set_rule(&lab, "madv_collapse", false);
	assert_int_equal(umm_process_madvise(other, lab.mm, range, 3, UMM_MADV_COLLAPSE, 0, NULL),
			 -UMM_EINVAL);
	umm_mm_put(other);
	lab_destroy(&lab);
}

/* ---- rings of io_setup --------------------------------------------------------------------- */

/* What io_destroy takes for a ring: its beginning, readable, and a context that is still there. */
static void test_rings(void **state)
{
	umm_addr_t ring;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	assert_int_equal(umm_io_setup(lab.mm, 0, AT, 0, 2, &ring, NULL), -UMM_EINVAL);
	assert_int_equal(umm_io_setup(lab.mm, 1, AT, 5, 2, &ring, NULL), -UMM_EINVAL);
	assert_int_equal(umm_io_setup(lab.mm, 1, AT + 8 * PAGE, 0, 2, &ring, NULL), -UMM_EFAULT);
	assert_int_equal(umm_io_setup(lab.mm, 400, AT, 0, 2, &ring, NULL), 0);
	assert_int_equal(umm_io_destroy(lab.mm, AT, NULL), -UMM_EINVAL);
	assert_int_equal(umm_io_destroy(lab.mm, AT + 8 * PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_io_destroy(lab.mm, ring + PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_io_destroy(lab.mm, UINT64_C(0x7ffffffff000) - PAGE, NULL),
			 -UMM_EINVAL);
	/* Its second half is an area of its own, and no ring. */
	assert_int_equal(umm_mprotect(lab.mm, ring + PAGE, PAGE, R, -1, NULL), 0);
	assert_int_equal(umm_io_destroy(lab.mm, ring + PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_mprotect(lab.mm, ring, PAGE, 0, -1, NULL), 0);
	assert_int_equal(umm_io_destroy(lab.mm, ring, NULL), -UMM_EINVAL);
	assert_int_equal(umm_mprotect(lab.mm, ring, PAGE, R, -1, NULL), 0);
	/* A sealed ring stays, and is nobody's any more. */
	assert_int_equal(umm_mseal(lab.mm, ring, PAGE, 0, NULL), 0);
	assert_int_equal(umm_io_destroy(lab.mm, ring, lab.listen), 0);
	assert_int_equal(umm_io_destroy(lab.mm, ring, NULL), -UMM_EINVAL);
	assert_true(umm_mm_is_valid(lab.mm));
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_madvise_depends),
		cmocka_unit_test(test_poison_depends),
		cmocka_unit_test(test_whose_inode),
		cmocka_unit_test(test_strict_policies),
		cmocka_unit_test(test_names_and_holes),
		cmocka_unit_test(test_set_auxv),
		cmocka_unit_test(test_set_map),
		cmocka_unit_test(test_advice_of_another),
		cmocka_unit_test(test_rings),
	};

	return cmocka_run_group_tests_name("answers", tests, NULL, NULL);
}
