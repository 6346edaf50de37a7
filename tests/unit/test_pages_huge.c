/*
 * test_pages_huge.c - pages of 2 MiB: made, shared, cut and taken apart, on every format.
 *
 * What is said of each step here was seen on a kernel first (docs/kernel-notes.md, "Huge pages").
 */
#include "huge_lab.h"

static const uint32_t formats[] = {
	UMM_PAGE_TABLES_X86_64, UMM_PAGE_TABLES_X86_64_LA57, UMM_PAGE_TABLES_ARM64_4K,
};

static uint64_t tables_kib(struct umm_mm *mm)
{
	struct umm_mm_rss rss;

	umm_mm_rss(mm, &rss);
	return rss.page_table_bytes / 1024;
}

static void test_faults(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct umm_page_info info;
		struct lab lab;

		huge_scene_of(&lab, formats[i], UMM_PAGES_CONTENTS);
		info = info_of(lab.mm, HUGE(0) + 9 * PAGE);
		assert_true(info.present && info.huge && info.compound && info.exclusive);
		assert_true(info.may_write && info.dirty && info.anonymous);
		assert_int_equal(info.pfn, info_of(lab.mm, HUGE(0)).pfn + 9);
		info = info_of(lab.mm, HUGE(1));
		assert_true(info.present && info.huge && info.zero && !info.may_write);
		info = info_of(lab.mm, HUGE(2));
		assert_false(info.present || info.huge);
		assert_int_equal(smaps_sum(lab.mm, "\nRss:"), 2048 + 4);
		assert_int_equal(smaps_sum(lab.mm, "\nAnonHugePages:"), 2048);
		/* A table in reserve each, that of the small page, and those above (4 levels). */
		if (formats[i] != UMM_PAGE_TABLES_X86_64_LA57)
			assert_int_equal(tables_kib(lab.mm), 4 * (3 + 2));

		put_byte(lab.mm, HUGE(1) + PAGE, 9);	/* the zero page is written */
		info = info_of(lab.mm, HUGE(1));
		assert_true(info.huge && !info.zero && info.may_write);
		put_byte(lab.mm, HUGE(2), 1);		/* there is a table: small */
		assert_false(info_of(lab.mm, HUGE(2)).huge);
		assert_int_equal(smaps_sum(lab.mm, "\nAnonHugePages:"), 4096);
		huge_end(&lab);
	}
}

/* Who shares one by an entry of 2 MiB, and who by small ones, is counted for each frame. */
static void test_fork(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	child = fork_of(lab.mm);
	assert_int_equal(smaps_sum(child, "\nAnonHugePages:"), 2048);
	assert_int_equal(smaps_sum(child, "\nPss:"), 1024 + 2);
	assert_int_equal(smaps_sum(child, "\nShared_Dirty:"), 2048 + 4);
	assert_true(info_of(child, HUGE(1)).zero && info_of(child, HUGE(1)).huge);
	assert_true(umm_world_is_valid(lab.world));

	put_byte(child, HUGE(0) + 5 * PAGE, 2);
	assert_int_equal(get_byte(child, HUGE(0) + 5), 1);
	assert_int_equal(get_byte(lab.mm, HUGE(0) + 5 * PAGE), 0);
	assert_int_equal(smaps_sum(child, "\nAnonHugePages:"), 0);
	assert_int_equal(smaps_sum(lab.mm, "\nAnonHugePages:"), 2048);
	assert_int_equal(smaps_sum(child, "\nPrivate_Dirty:"), 4);
	assert_int_equal(smaps_sum(lab.mm, "\nPrivate_Dirty:"), 4);
	assert_int_equal(smaps_sum(child, "\nPss:"), 1026 + 2);
	assert_true(info_of(child, HUGE(0) + 5 * PAGE).exclusive);
	assert_false(info_of(child, HUGE(0)).exclusive);
	assert_true(umm_world_is_valid(lab.world));
	umm_mm_put(child);

	put_byte(lab.mm, HUGE(0), 7);		/* its own again, and still huge */
	assert_true(info_of(lab.mm, HUGE(0)).huge && info_of(lab.mm, HUGE(0)).exclusive);
	huge_end(&lab);
}

/* Of two that share one by small entries, who is left over alone writes in place. */
static void test_reuse(void **state)
{
	struct umm_page_info before;
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	child = fork_of(lab.mm);
	put_byte(lab.mm, HUGE(0), 2);
	before = info_of(lab.mm, HUGE(0) + PAGE);
	assert_true(before.compound && !before.huge && !before.exclusive);
	put_byte(lab.mm, HUGE(0) + PAGE, 3);
	assert_int_not_equal(info_of(lab.mm, HUGE(0) + PAGE).pfn, before.pfn);
	umm_mm_put(child);
	before = info_of(lab.mm, HUGE(0) + 2 * PAGE);
	put_byte(lab.mm, HUGE(0) + 2 * PAGE, 4);
	assert_int_equal(info_of(lab.mm, HUGE(0) + 2 * PAGE).pfn, before.pfn);
	assert_true(info_of(lab.mm, HUGE(0) + 2 * PAGE).exclusive);
	huge_end(&lab);
}

/* An area that ends within one cuts the entry, not the page; the page stays until all has gone. */
static void test_cut(void **state)
{
	uint64_t total, free_frames;
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	free_frames = umm_world_frames(lab.world, &total);
	assert_int_equal(umm_mprotect(lab.mm, HUGE(0) + PAGE, PAGE, R, -1, NULL), 0);
	assert_true(info_of(lab.mm, HUGE(0)).compound && !info_of(lab.mm, HUGE(0)).huge);
	assert_true(info_of(lab.mm, HUGE(0)).may_write && info_of(lab.mm, HUGE(0)).exclusive);
	assert_false(info_of(lab.mm, HUGE(0) + PAGE).may_write);
	assert_int_equal(umm_mprotect(lab.mm, HUGE(1) + PAGE, PAGE, R, -1, NULL), 0);
	assert_true(info_of(lab.mm, HUGE(1) + 8 * PAGE).zero);
	assert_false(info_of(lab.mm, HUGE(1) + 8 * PAGE).huge);
	assert_int_equal(umm_munmap(lab.mm, HUGE(0) + PAGE, 2 * MIB - PAGE, NULL), 0);
	assert_int_equal(umm_world_frames(lab.world, &total), free_frames);
	assert_int_equal(get_byte(lab.mm, HUGE(0) + 5), 1);
	assert_int_equal(umm_munmap(lab.mm, HUGE(0), PAGE, NULL), 0);
	assert_true(umm_world_frames(lab.world, &total) >= free_frames + HUGE_PAGES);
	huge_end(&lab);
}

/* A part of one joins the area of the other: no area more, and its own entry is cut. */
static void check_boundary(unsigned int other)
{
	umm_addr_t part = other ? HUGE(1) - PAGE : HUGE(1);
	struct lab lab;
	uint64_t areas;

	huge_scene(&lab);
	put_byte(lab.mm, HUGE(1), 2);
	assert_int_equal(umm_mprotect(lab.mm, HUGE(other), 2 * MIB, R, -1, NULL), 0);
	assert_true(info_of(lab.mm, HUGE(other)).huge && !info_of(lab.mm, HUGE(other)).may_write);
	areas = lab_areas(&lab);
	assert_int_equal(umm_mprotect(lab.mm, part, PAGE, R, -1, NULL), 0);
	assert_int_equal(lab_areas(&lab), areas);
	assert_true(info_of(lab.mm, HUGE(other)).huge);
	assert_false(info_of(lab.mm, part).huge || info_of(lab.mm, part).may_write);
	assert_true(info_of(lab.mm, HUGE(!other) + 9 * PAGE).may_write);
	huge_end(&lab);
}

static void test_boundary_moves(void **state)
{
	(void)state;
	check_boundary(0);
	check_boundary(1);
}

/* Where both places are aligned the entry moves, and its table in reserve with it. */
static void test_move(void **state)
{
	const uint64_t flags = UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED;
	umm_addr_t far = AT + (UINT64_C(1) << 31);	/* other tables above it */
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	assert_int_equal(umm_mremap(lab.mm, AT, 6 * MIB, 6 * MIB, flags, far, NULL), far);
	assert_true(info_of(lab.mm, far).huge && info_of(lab.mm, far + 2 * MIB).huge);
	assert_int_equal(get_byte(lab.mm, far + 5), 1);
	assert_true(umm_world_is_valid(lab.world));
	assert_int_equal(umm_mremap(lab.mm, far, 6 * MIB, 6 * MIB, flags, AT + 64 * MIB + PAGE,
				    NULL), AT + 64 * MIB + PAGE);
	assert_false(info_of(lab.mm, AT + 64 * MIB + PAGE).huge);
	assert_int_equal(get_byte(lab.mm, AT + 64 * MIB + PAGE + 5), 1);
	assert_int_equal(smaps_sum(lab.mm, "\nAnonymous:"), 2048 + 4);
	huge_end(&lab);
}

static void test_collapse(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	huge_advise(&lab, HUGE(0), 6 * MIB, UMM_MADV_COLLAPSE);
	assert_true(info_of(lab.mm, HUGE(1)).zero);	/* huge already */
	assert_true(info_of(lab.mm, HUGE(2)).huge && info_of(lab.mm, HUGE(2)).exclusive);
	assert_int_equal(get_byte(lab.mm, HUGE(2) + 3 * PAGE), 3);
	assert_int_equal(get_byte(lab.mm, HUGE(2) + 4 * PAGE), 0);
	assert_int_equal(smaps_sum(lab.mm, "\nPrivate_Dirty:"), 4096);
	assert_int_equal(tables_kib(lab.mm), 4 * (3 + 2));

	/* What is shared is copied. */
	child = fork_of(lab.mm);
	put_byte(child, HUGE(2), 8);
	assert_int_equal(umm_madvise(child, HUGE(2), 2 * MIB, UMM_MADV_COLLAPSE, NULL), 0);
	assert_true(info_of(child, HUGE(2)).huge && info_of(child, HUGE(2)).exclusive);
	assert_int_equal(get_byte(child, HUGE(2) + 3 * PAGE), 3);
	put_byte(child, HUGE(2) + 3 * PAGE, 4);
	assert_int_equal(get_byte(lab.mm, HUGE(2) + 3 * PAGE), 3);
	umm_mm_put(child);
	huge_end(&lab);
}

/* Advice about a part of one takes the page apart, and what is all zero in it goes. */
static void test_split_page(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	for (unsigned int page = 0; page < HUGE_PAGES; page += 4)
		put_byte(lab.mm, HUGE(0) + page * PAGE, 1);
	child = fork_of(lab.mm);
	huge_advise(&lab, HUGE(0) + PAGE, PAGE, UMM_MADV_COLD);	/* shared: not ours to split */
	assert_true(info_of(lab.mm, HUGE(0)).huge);
	umm_mm_put(child);
	huge_advise(&lab, HUGE(0), 2 * MIB, UMM_MADV_COLD);		/* all of it */
	assert_true(info_of(lab.mm, HUGE(0)).huge);
	huge_advise(&lab, HUGE(0) + PAGE, PAGE, UMM_MADV_COLD);
	assert_false(info_of(lab.mm, HUGE(0)).compound);
	assert_true(info_of(lab.mm, HUGE(0) + PAGE).zero);
	assert_int_equal(smaps_sum(lab.mm, "\nAnonymous:"), 128 * 4 + 4);
	assert_int_equal(get_byte(lab.mm, HUGE(0) + 8 * PAGE), 1);
	huge_end(&lab);
}

static void test_lazyfree(void **state)
{
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	huge_advise(&lab, HUGE(0), 2 * MIB, UMM_MADV_FREE);
	assert_true(info_of(lab.mm, HUGE(0)).huge && info_of(lab.mm, HUGE(0)).lazyfree);
	assert_int_equal(smaps_sum(lab.mm, "\nLazyFree:"), 2048);
	put_byte(lab.mm, HUGE(0) + 8, 1);
	assert_int_equal(smaps_sum(lab.mm, "\nLazyFree:"), 0);
	huge_advise(&lab, HUGE(0) + PAGE, 3 * PAGE, UMM_MADV_FREE);
	assert_false(info_of(lab.mm, HUGE(0)).compound);
	assert_int_equal(smaps_sum(lab.mm, "\nAnonymous:"), 4 + 4);
	huge_end(&lab);
}

/* What others map by small entries as well is not given away: it was written before it was cut. */
static void test_lazyfree_shared(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	huge_scene(&lab);
	child = fork_of(lab.mm);
	for (int i = 0; i < 2; i++)
		assert_int_equal(umm_mprotect(child, HUGE(0), PAGE, i ? RW : R, -1, NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(umm_mprotect(lab.mm, HUGE(0), PAGE, i ? RW : R, -1, NULL), 0);
	assert_int_equal(umm_madvise(child, HUGE(0), 2 * MIB, UMM_MADV_FREE, NULL), 0);
	assert_int_equal(smaps_sum(child, "\nShared_Dirty:"), 2048 + 4);
	umm_mm_put(child);
	huge_advise(&lab, HUGE(0), 2 * MIB, UMM_MADV_FREE);
	assert_int_equal(smaps_sum(lab.mm, "\nPrivate_Clean:"), 2048);
	huge_end(&lab);
}

/* MADV_DONTNEED of all 2 MiB takes the table too, and the next page is huge again. */
static void test_dontneed(void **state)
{
	struct lab lab;
	uint64_t tables;

	(void)state;
	huge_scene(&lab);
	tables = tables_kib(lab.mm);
	huge_advise(&lab, HUGE(2), 2 * MIB, UMM_MADV_DONTNEED);
	assert_int_equal(tables_kib(lab.mm), tables - 4);
	put_byte(lab.mm, HUGE(2), 1);
	assert_true(info_of(lab.mm, HUGE(2)).huge);
	huge_advise(&lab, HUGE(2), 2 * MIB - PAGE, UMM_MADV_DONTNEED);
	assert_false(info_of(lab.mm, HUGE(2)).present);
	huge_advise(&lab, HUGE(2) + 2 * MIB - PAGE, PAGE, UMM_MADV_DONTNEED);
	put_byte(lab.mm, HUGE(2), 1);		/* a table was left */
	assert_false(info_of(lab.mm, HUGE(2)).huge);
	/* Guard markers keep it. */
	huge_advise(&lab, HUGE(3) + PAGE, PAGE, UMM_MADV_GUARD_INSTALL);
	tables = tables_kib(lab.mm);
	huge_advise(&lab, HUGE(3), 2 * MIB, UMM_MADV_DONTNEED);
	assert_int_equal(tables_kib(lab.mm), tables);
	put_byte(lab.mm, HUGE(3), 1);
	assert_false(info_of(lab.mm, HUGE(3)).huge);
	huge_end(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_reuse),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_boundary_moves),
		cmocka_unit_test(test_move),
		cmocka_unit_test(test_collapse),
		cmocka_unit_test(test_split_page),
		cmocka_unit_test(test_lazyfree),
		cmocka_unit_test(test_lazyfree_shared),
		cmocka_unit_test(test_dontneed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
