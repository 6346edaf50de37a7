/*
 * test_pages_huge_edges.c - pages of 2 MiB: what is flushed, and what happens when frames run out.
 */
#include "huge_lab.h"

/* ---- flushes -------------------------------------------------------------------------------- */

static void unmap_whole(struct lab *lab)
{
	assert_int_equal(umm_munmap(lab->mm, HUGE(0), 2 * MIB, NULL), 0);
}

static void cut_alone(struct lab *lab)
{
	huge_advise(lab, HUGE(0) + MIB, MIB, UMM_MADV_NOHUGEPAGE);
}

static void zero_given_back(struct lab *lab)
{
	huge_advise(lab, HUGE(1), 2 * MIB, UMM_MADV_DONTNEED);
}

static void zero_written(struct lab *lab)
{
	put_byte(lab->mm, HUGE(1), 1);
}

static void forked(struct lab *lab)
{
	umm_mm_put(fork_of(lab->mm));
}

static void collapsed(struct lab *lab)
{
	huge_advise(lab, HUGE(2), 2 * MIB, UMM_MADV_COLLAPSE);
}

static void protected(struct lab *lab)
{
	assert_int_equal(umm_mprotect(lab->mm, HUGE(0), 2 * MIB, R, -1, NULL), 0);
}

static void given_away(struct lab *lab)
{
	huge_advise(lab, HUGE(0), 2 * MIB, UMM_MADV_FREE);
}

static void referenced(struct lab *lab)
{
	struct page *page = pfn_to_page(machine(lab)->phys, info_of(lab->mm, HUGE(0) + PAGE).pfn);

	assert_int_equal(page_referenced(machine(lab), page), 1);
}

static const struct {
	const char *name;
	void (*step)(struct lab *lab);
	const char *flushed;		/* which of the 2 MiB, all of them */
} rows[] = {
	{ "munmap", unmap_whole, "0" },
	{ "an area that ends in the middle", cut_alone, "0" },
	{ "MADV_DONTNEED of the huge zero page", zero_given_back, "1" },
	{ "a write where the huge zero page was read", zero_written, "1" },
	{ "fork", forked, "012" },		/* one range */
	{ "MADV_COLLAPSE", collapsed, "2" },
	{ "mprotect", protected, "0" },
	{ "MADV_FREE", given_away, "0" },
	{ "page_referenced", referenced, "0" },
};

static void check_row(unsigned int row)
{
	struct tlb_flush flush[16];
	struct lab lab;
	size_t nr;

	huge_scene(&lab);
	unit_tlb_forget();
	rows[row].step(&lab);
	nr = unit_tlb_flushes(flush, 16);
	for (unsigned int i = 0; i < 4; i++) {
		umm_addr_t page = HUGE(i) + 3 * PAGE;	/* there, in the third */
		bool named = strchr(rows[row].flushed, '0' + (int)i), told = false;

		for (size_t j = 0; j < nr; j++)
			told = told || (flush[j].mm == lab.mm && flush[j].start <= page &&
					page < flush[j].end);
		if (named != told)
			fail_msg("%s: %u is %s", rows[row].name, i,
				 told ? "flushed" : "not flushed");
	}
	huge_end(&lab);
}

static void test_flushes(void **state)
{
	(void)state;
	for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		check_row(row);
}

/* More at once than a gather has room for. */
static void test_many(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab.settings.thp_enabled = UMM_THP_ALWAYS;
	lab_set_pages(&lab, UMM_PAGES_COUNTED, 80 * HUGE_PAGES);
	lab_map(&lab, AT, 140 * MIB, RW, ANON);
	for (unsigned int i = 0; i < 70; i++)
		put_byte(lab.mm, HUGE(i), 1);
	assert_int_equal(smaps_sum(lab.mm, "\nAnonHugePages:"), 140 * 1024);
	huge_advise(&lab, AT, 140 * MIB, UMM_MADV_DONTNEED);
	assert_int_equal(smaps_sum(lab.mm, "\nRss:"), 0);
	huge_end(&lab);
}

/* ---- frames run out ------------------------------------------------------------------------- */

/* All but @singles frames, and @blocks of 512 that lie side by side, are the caller's. */
struct hoard {
	struct page *taken[HUGE_FRAMES];
	size_t nr;
};

static void hoard(struct lab *lab, struct hoard *h, size_t singles, size_t blocks)
{
	struct phys *phys = machine(lab)->phys;
	struct page *block[2], *page;

	for (size_t i = 0; i < blocks; i++)
		block[i] = alloc_huge_page(phys);
	for (h->nr = 0; (page = alloc_page(phys)); h->nr++)
		h->taken[h->nr] = page;
	while (singles--)
		put_page(phys, h->taken[--h->nr]);
	while (blocks--)
		put_page(phys, block[blocks]);
}

static void give_back(struct lab *lab, struct hoard *h)
{
	while (h->nr)
		put_page(machine(lab)->phys, h->taken[--h->nr]);
}

static int64_t write_fourth(struct lab *lab)
{
	return fault_of(lab->mm, HUGE(3), UMM_ACCESS_WRITE);
}

static int64_t read_fourth(struct lab *lab)
{
	return fault_of(lab->mm, HUGE(3), UMM_ACCESS_READ);
}

static int64_t write_zero(struct lab *lab)
{
	return fault_of(lab->mm, HUGE(1), UMM_ACCESS_WRITE);
}

static int64_t fork_and_exit(struct lab *lab)
{
	struct umm_mm *child;
	int64_t err = umm_fork(lab->mm, &child, NULL);

	if (!err)
		umm_mm_put(child);
	return err;
}

static int64_t collapse_third(struct lab *lab)
{
	return umm_madvise(lab->mm, HUGE(2), 2 * MIB, UMM_MADV_COLLAPSE, NULL);
}

static int64_t move_unaligned(struct lab *lab)
{
	int64_t ret = umm_mremap(lab->mm, HUGE(0), 4 * MIB, 4 * MIB, UMM_MREMAP_MAYMOVE |
				 UMM_MREMAP_FIXED, AT + 64 * MIB + PAGE, NULL);

	return ret == (int64_t)(AT + 64 * MIB + PAGE) ? 0 : ret;
}

static int64_t guard_fourth(struct lab *lab)
{
	return umm_madvise(lab->mm, HUGE(3) + PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL);
}

static int64_t cut_first(struct lab *lab)
{
	return umm_mprotect(lab->mm, HUGE(0) + PAGE, PAGE, R, -1, NULL);
}

static const struct {
	const char *name;
	int64_t (*step)(struct lab *lab);
	bool small_will_do;		/* without 512 frames side by side it works all the same */
	bool needs_none;		/* no frame beside a block, if it wants that */
} steps[] = {
	{ "write", write_fourth, true, false },
	{ "read", read_fourth, true, false },
	{ "write the huge zero page", write_zero, true, false },
	{ "fork", fork_and_exit, true, false },
	{ "collapse", collapse_third, false, true },
	{ "mremap", move_unaligned, true, false },
	{ "guard pages", guard_fourth, true, false },
	{ "mprotect", cut_first, true, true },
};

/* With that many frames: true if it worked. */
static bool attempt(size_t step, uint32_t pages, size_t singles, size_t blocks)
{
	static struct hoard h;
	struct lab lab;
	int64_t err;

	huge_scene_of(&lab, UMM_PAGE_TABLES_X86_64, pages);
	hoard(&lab, &h, singles, blocks);
	err = steps[step].step(&lab);
	if (err && err != -UMM_ENOMEM)
		fail_msg("%s: answer %lld", steps[step].name, (long long)err);
	assert_true(umm_world_is_valid(lab.world));
	give_back(&lab, &h);
	if (err)
		assert_int_equal(steps[step].step(&lab), 0);
	if (pages == UMM_PAGES_CONTENTS && info_of(lab.mm, HUGE(0)).present)
		assert_int_equal(get_byte(lab.mm, HUGE(0) + 5), 1);
	huge_end(&lab);
	return !err;
}

static void test_no_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		size_t singles = 0;

		while (!attempt(i, UMM_PAGES_CONTENTS, singles, !steps[i].small_will_do))
			singles++;
		if ((singles > 0) == steps[i].needs_none)
			fail_msg("%s: %zu frames were wanted", steps[i].name, singles);
		/* One block, and nothing for tables: it is taken for a huge page, or broken up. */
		(void)attempt(i, UMM_PAGES_COUNTED, 0, 1);
		if (!steps[i].small_will_do)
			assert_false(attempt(i, UMM_PAGES_CONTENTS, 20, 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flushes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
