/*
 * test_pages_follow.c - pages as a follower has them: observed ones; hypotheses, which have none.
 */
#include "pages_lab.h"

static const enum umm_page_kind kinds[] = { UMM_PAGE_NONE, UMM_PAGE_ZERO, UMM_PAGE_ANON };

/* The page at @addr is of that kind, and nobody else's. */
static void is_of_kind(struct umm_mm *mm, umm_addr_t addr, enum umm_page_kind kind)
{
	struct umm_page_info info = { 0 };
	bool there = umm_page_info(mm, addr, &info);

	assert_int_equal(there, kind != UMM_PAGE_NONE);
	assert_int_equal(info.zero, kind == UMM_PAGE_ZERO);
	assert_int_equal(info.anonymous, kind == UMM_PAGE_ANON);
	if (kind == UMM_PAGE_ANON)
		assert_true(info.mapcount == 1 && info.exclusive);
}

/* Whatever stood there, of whatever is said to stand there now. */
static void test_adopt_pages(void **state)
{
	struct umm_mm_rss rss;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 9 * PAGE, RW, ANON);
	for (unsigned int i = 0; i < 9; i++) {
		umm_addr_t at = AT + i * PAGE;

		if (i / 3)
			fault_of(lab.mm, at, i / 3 == 1 ? UMM_ACCESS_READ : UMM_ACCESS_WRITE);
		assert_int_equal(umm_adopt_pages(lab.mm, at, at + PAGE, kinds[i % 3]), 0);
	}
	for (unsigned int i = 0; i < 9; i++)
		is_of_kind(lab.mm, AT + i * PAGE, kinds[i % 3]);
	umm_mm_rss(lab.mm, &rss);
	assert_int_equal(rss.anon, 3);
	assert_true(umm_world_is_valid(lab.world));
	lab_destroy(&lab);
}

/* What cannot be written now was written before; what is shared becomes one's own. */
static void test_adopt_pages_of_others(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 4 * PAGE, R, ANON);
	assert_int_equal(umm_adopt_pages(lab.mm, AT, AT + 2 * PAGE, UMM_PAGE_ANON), 0);
	is_of_kind(lab.mm, AT, UMM_PAGE_ANON);
	assert_false(info_of(lab.mm, AT).may_write);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_WRITE, NULL), UMM_SEGV_ACCERR);
	child = fork_of(lab.mm);
	assert_int_equal(info_of(child, AT + PAGE).mapcount, 2);
	assert_int_equal(umm_adopt_pages(child, AT, AT + 2 * PAGE, UMM_PAGE_ANON), 0);
	is_of_kind(child, AT + PAGE, UMM_PAGE_ANON);
	assert_int_equal(info_of(lab.mm, AT + PAGE).mapcount, 1);
	assert_true(umm_world_is_valid(lab.world));
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* Of 2 MiB at once; and single pages where a fault would make it a huge one. */
static void test_adopt_huge(void **state)
{
	const umm_addr_t at = UINT64_C(64) << 20, mib2 = UINT64_C(2) << 20;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab.settings.thp_enabled = UMM_THP_ALWAYS;
	lab_set_pages(&lab, UMM_PAGES_COUNTED, 4096);
	lab_map(&lab, at, 2 * mib2, RW, ANON);
	assert_int_equal(umm_adopt_pages(lab.mm, at, at + mib2, UMM_PAGE_HUGE), 0);
	assert_true(info_of(lab.mm, at + 5 * PAGE).huge);
	assert_int_equal(umm_adopt_pages(lab.mm, at + mib2, at + mib2 + PAGE, UMM_PAGE_ANON), 0);
	is_of_kind(lab.mm, at + mib2, UMM_PAGE_ANON);
	is_of_kind(lab.mm, at + mib2 + PAGE, UMM_PAGE_NONE);
	assert_int_equal(umm_adopt_pages(lab.mm, at + PAGE, at + 2 * PAGE, UMM_PAGE_NONE), 0);
	is_of_kind(lab.mm, at + PAGE, UMM_PAGE_NONE);
	is_of_kind(lab.mm, at + 2 * PAGE, UMM_PAGE_ANON);
	assert_int_equal(umm_adopt_pages(lab.mm, at + PAGE, at + mib2, UMM_PAGE_HUGE),
			 -UMM_EINVAL);
	assert_int_equal(umm_adopt_pages(lab.mm, at, at + 2 * mib2, UMM_PAGE_HUGE), 0);
	assert_true(info_of(lab.mm, at + mib2).huge);
	assert_true(umm_world_is_valid(lab.world));
	lab_destroy(&lab);
}

static void test_adopt_pages_refused(void **state)
{
	struct umm_mm *clone;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	lab_map(&lab, AT + 8 * PAGE, PAGE, RW, UMM_MAP_SHARED | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED);
	assert_int_equal(umm_adopt_pages(lab.mm, AT, AT, UMM_PAGE_ANON), -UMM_EINVAL);
	assert_int_equal(umm_adopt_pages(lab.mm, AT + 1, AT + PAGE, UMM_PAGE_ANON), -UMM_EINVAL);
	assert_int_equal(umm_adopt_pages(lab.mm, AT, AT + 5 * PAGE, UMM_PAGE_NONE), -UMM_EINVAL);
	assert_int_equal(umm_adopt_pages(lab.mm, AT + 5 * PAGE, AT + 6 * PAGE, UMM_PAGE_NONE),
			 -UMM_EINVAL);
	assert_int_equal(umm_adopt_pages(lab.mm, AT + 8 * PAGE, AT + 9 * PAGE, UMM_PAGE_ANON),
			 -UMM_EINVAL);
	/* Past the end of the file. */
	lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	umm_file_set_size(lab.file, PAGE);
	lab_map(&lab, AT + 16 * PAGE, 2 * PAGE, RW, UMM_MAP_PRIVATE | UMM_MAP_FIXED);
	assert_int_equal(umm_adopt_pages(lab.mm, AT + 16 * PAGE, AT + 17 * PAGE, UMM_PAGE_ANON), 0);
	assert_int_equal(umm_adopt_pages(lab.mm, AT + 17 * PAGE, AT + 18 * PAGE, UMM_PAGE_ANON),
			 -UMM_EINVAL);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	assert_int_equal(umm_adopt_pages(clone, AT, AT + PAGE, UMM_PAGE_ANON), -UMM_EINVAL);
	umm_mm_put(clone);
	lab_destroy(&lab);
}

/* A hypothesis changes what it likes: no frame hears of it. */
static void test_clone(void **state)
{
	struct umm_mm *clone, *child;
	struct umm_page_info info;
	struct lab lab;
	uint64_t total, frames;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	put_byte(lab.mm, AT, 7);
	frames = umm_world_frames(lab.world, &total);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	assert_int_equal(umm_world_frames(lab.world, &total), frames);
	assert_false(umm_page_info(clone, AT, &info));
	assert_int_equal(umm_fault(clone, AT + PAGE, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
	assert_int_equal(umm_mlock(clone, AT, 4 * PAGE, 0, NULL), 0);
	assert_int_equal(umm_fork(clone, &child, NULL), 0);
	assert_int_equal(umm_munmap(clone, AT, PAGE, NULL), 0);
	assert_int_equal(umm_world_frames(lab.world, &total), frames);
	is_of_kind(lab.mm, AT, UMM_PAGE_ANON);
	assert_true(umm_world_is_valid(lab.world));
	umm_mm_put(child);
	umm_mm_put(clone);
	assert_true(umm_world_is_valid(lab.world));
	lab_destroy(&lab);
}

/* It was what happened: it begins without pages, and has them from then on. */
static void test_take_place(void **state)
{
	struct umm_mm *clone, *child;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	put_byte(lab.mm, AT, 7);
	child = fork_of(lab.mm);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	umm_mm_take_place(clone, lab.mm);
	assert_true(umm_world_is_valid(lab.world));
	assert_int_equal(info_of(child, AT).mapcount, 1);
	is_of_kind(clone, AT, UMM_PAGE_NONE);
	assert_int_equal(umm_adopt_pages(clone, AT, AT + PAGE, UMM_PAGE_ANON), 0);
	umm_mm_put(lab.mm);
	lab.mm = clone;
	put_byte(lab.mm, AT + PAGE, 8);
	is_of_kind(lab.mm, AT + PAGE, UMM_PAGE_ANON);
	assert_true(umm_world_is_valid(lab.world));
	umm_mm_put(child);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adopt_pages),
		cmocka_unit_test(test_adopt_pages_of_others),
		cmocka_unit_test(test_adopt_huge),
		cmocka_unit_test(test_adopt_pages_refused),
		cmocka_unit_test(test_clone),
		cmocka_unit_test(test_take_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
