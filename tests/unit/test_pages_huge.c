/*
 * test_pages_huge.c - pages of 2 MiB: made, shared, cut and taken apart, on every format.
 *
 * The scene are four times 2 MiB at AT that may have huge pages: the first was written, the second
 * read, the third has a table with one small page, the fourth was never touched.  What is said of
 * each step here was seen on a kernel first (docs/kernel-notes.md, "Huge pages").
 */
#include "pages_lab.h"
#include "phys/compound.h"
#include "tlb.h"

#define HUGE_FRAMES (16 * HUGE_PAGES)
#define HUGE(n) (AT + (n) * 2 * MIB)

static const uint32_t formats[] = {
	UMM_PAGE_TABLES_X86_64, UMM_PAGE_TABLES_X86_64_LA57, UMM_PAGE_TABLES_ARM64_4K,
};

static void advise(struct lab *lab, umm_addr_t addr, uint64_t len, int advice)
{
	assert_int_equal(umm_madvise(lab->mm, addr, len, advice, NULL), 0);
}

static void scene_of(struct lab *lab, uint32_t format, uint32_t pages)
{
	lab_init(lab);
	unit_tlb_init(&lab->memory.platform);
	lab->settings.thp_enabled = UMM_THP_MADVISE;
	lab->settings.page_tables = format;
	lab_set_pages(lab, pages, HUGE_FRAMES);
	lab_map(lab, AT, 8 * MIB, RW, ANON);
	advise(lab, AT, 4 * MIB, UMM_MADV_HUGEPAGE);
	put_byte(lab->mm, HUGE(0) + 5, 1);
	assert_int_equal(get_byte(lab->mm, HUGE(1) + 7 * PAGE), 0);
	put_byte(lab->mm, HUGE(2) + 3 * PAGE, 3);
	advise(lab, AT, 8 * MIB, UMM_MADV_HUGEPAGE);
}

static void scene(struct lab *lab)
{
	scene_of(lab, UMM_PAGE_TABLES_X86_64, UMM_PAGES_CONTENTS);
}

static void end(struct lab *lab)
{
	assert_true(umm_world_is_valid(lab->world));
	lab_destroy(lab);
}

/* A field of smaps, in KiB, of all areas together. */
static uint64_t smaps(struct umm_mm *mm, const char *name)
{
	umm_addr_t at = 0;
	char text[2048], *line;
	uint64_t sum = 0;

	while (umm_smaps_area(mm, at, text, sizeof(text), &at)) {
		line = strstr(text, name);
		assert_non_null(line);
		sum += strtoull(line + strlen(name), NULL, 10);
	}
	return sum;
}

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

		scene_of(&lab, formats[i], UMM_PAGES_CONTENTS);
		info = info_of(lab.mm, HUGE(0) + 9 * PAGE);
		assert_true(info.present && info.huge && info.compound && info.exclusive);
		assert_true(info.may_write && info.dirty && info.anonymous);
		assert_int_equal(info.pfn, info_of(lab.mm, HUGE(0)).pfn + 9);
		info = info_of(lab.mm, HUGE(1));
		assert_true(info.present && info.huge && info.zero && !info.may_write);
		info = info_of(lab.mm, HUGE(2));
		assert_false(info.present || info.huge);
		assert_int_equal(smaps(lab.mm, "\nRss:"), 2048 + 4);
		assert_int_equal(smaps(lab.mm, "\nAnonHugePages:"), 2048);
		/* A table in reserve each, that of the small page, and those above (4 levels). */
		if (formats[i] != UMM_PAGE_TABLES_X86_64_LA57)
			assert_int_equal(tables_kib(lab.mm), 4 * (3 + 2));

		put_byte(lab.mm, HUGE(1) + PAGE, 9);	/* the zero page is written */
		info = info_of(lab.mm, HUGE(1));
		assert_true(info.huge && !info.zero && info.may_write);
		put_byte(lab.mm, HUGE(2), 1);		/* there is a table: small */
		assert_false(info_of(lab.mm, HUGE(2)).huge);
		assert_int_equal(smaps(lab.mm, "\nAnonHugePages:"), 4096);
		end(&lab);
	}
}

/* Who shares one by an entry of 2 MiB, and who by small ones, is counted for each frame. */
static void test_fork(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	scene(&lab);
	child = fork_of(lab.mm);
	assert_int_equal(smaps(child, "\nAnonHugePages:"), 2048);
	assert_int_equal(smaps(child, "\nPss:"), 1024 + 2);
	assert_int_equal(smaps(child, "\nShared_Dirty:"), 2048 + 4);
	assert_true(info_of(child, HUGE(1)).zero && info_of(child, HUGE(1)).huge);
	assert_true(umm_world_is_valid(lab.world));

	put_byte(child, HUGE(0) + 5 * PAGE, 2);
	assert_int_equal(get_byte(child, HUGE(0) + 5), 1);
	assert_int_equal(get_byte(lab.mm, HUGE(0) + 5 * PAGE), 0);
	assert_int_equal(smaps(child, "\nAnonHugePages:"), 0);
	assert_int_equal(smaps(lab.mm, "\nAnonHugePages:"), 2048);
	assert_int_equal(smaps(child, "\nPrivate_Dirty:"), 4);
	assert_int_equal(smaps(lab.mm, "\nPrivate_Dirty:"), 4);
	assert_int_equal(smaps(child, "\nPss:"), 1026 + 2);
	assert_true(info_of(child, HUGE(0) + 5 * PAGE).exclusive);
	assert_false(info_of(child, HUGE(0)).exclusive);
	assert_true(umm_world_is_valid(lab.world));
	umm_mm_put(child);

	put_byte(lab.mm, HUGE(0), 7);		/* its own again, and still huge */
	assert_true(info_of(lab.mm, HUGE(0)).huge && info_of(lab.mm, HUGE(0)).exclusive);
	end(&lab);
}

/* Of two that share one by small entries, who is left over alone writes in place. */
static void test_reuse(void **state)
{
	struct umm_page_info before;
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	scene(&lab);
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
	end(&lab);
}

/* An area that ends within one cuts the entry, not the page; the page stays until all has gone. */
static void test_cut(void **state)
{
	uint64_t total, free_frames;
	struct lab lab;

	(void)state;
	scene(&lab);
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
	end(&lab);
}

/* A part of one joins the area below or above it. */
static void test_boundary_moves(void **state)
{
	struct lab lab;

	(void)state;
	scene(&lab);
	advise(&lab, HUGE(2), 2 * MIB, UMM_MADV_COLLAPSE);
	put_byte(lab.mm, HUGE(1), 2);
	assert_int_equal(umm_mprotect(lab.mm, HUGE(1), 2 * MIB, R, -1, NULL), 0);
	assert_true(info_of(lab.mm, HUGE(1)).huge && !info_of(lab.mm, HUGE(1)).may_write);
	assert_int_equal(umm_mprotect(lab.mm, HUGE(1) - PAGE, PAGE, R, -1, NULL), 0);
	assert_int_equal(umm_mprotect(lab.mm, HUGE(2), PAGE, R, -1, NULL), 0);
	assert_int_equal(lab_areas(&lab), 3);
	assert_true(info_of(lab.mm, HUGE(1)).huge);
	assert_false(info_of(lab.mm, HUGE(0)).huge || info_of(lab.mm, HUGE(2)).huge);
	assert_true(info_of(lab.mm, HUGE(0)).may_write);
	assert_false(info_of(lab.mm, HUGE(2)).may_write);
	end(&lab);
}

/* Where both places are aligned the entry moves, and its table in reserve with it. */
static void test_move(void **state)
{
	const uint64_t flags = UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED;
	umm_addr_t far = AT + (UINT64_C(1) << 31);	/* other tables above it */
	struct lab lab;

	(void)state;
	scene(&lab);
	assert_int_equal(umm_mremap(lab.mm, AT, 6 * MIB, 6 * MIB, flags, far, NULL), far);
	assert_true(info_of(lab.mm, far).huge && info_of(lab.mm, far + 2 * MIB).huge);
	assert_int_equal(get_byte(lab.mm, far + 5), 1);
	assert_true(umm_world_is_valid(lab.world));
	assert_int_equal(umm_mremap(lab.mm, far, 6 * MIB, 6 * MIB, flags, AT + 64 * MIB + PAGE,
				    NULL), AT + 64 * MIB + PAGE);
	assert_false(info_of(lab.mm, AT + 64 * MIB + PAGE).huge);
	assert_int_equal(get_byte(lab.mm, AT + 64 * MIB + PAGE + 5), 1);
	assert_int_equal(smaps(lab.mm, "\nAnonymous:"), 2048 + 4);
	end(&lab);
}

static void test_collapse(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	scene(&lab);
	advise(&lab, HUGE(0), 6 * MIB, UMM_MADV_COLLAPSE);
	assert_true(info_of(lab.mm, HUGE(1)).zero);	/* huge already */
	assert_true(info_of(lab.mm, HUGE(2)).huge && info_of(lab.mm, HUGE(2)).exclusive);
	assert_int_equal(get_byte(lab.mm, HUGE(2) + 3 * PAGE), 3);
	assert_int_equal(get_byte(lab.mm, HUGE(2) + 4 * PAGE), 0);
	assert_int_equal(smaps(lab.mm, "\nPrivate_Dirty:"), 4096);
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
	end(&lab);
}

/* Advice about a part of one takes the page apart, and what is all zero in it goes. */
static void test_split_page(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	scene(&lab);
	for (unsigned int page = 0; page < HUGE_PAGES; page += 4)
		put_byte(lab.mm, HUGE(0) + page * PAGE, 1);
	child = fork_of(lab.mm);
	advise(&lab, HUGE(0) + PAGE, PAGE, UMM_MADV_COLD);	/* shared: not ours to split */
	assert_true(info_of(lab.mm, HUGE(0)).huge);
	umm_mm_put(child);
	advise(&lab, HUGE(0), 2 * MIB, UMM_MADV_COLD);		/* all of it */
	assert_true(info_of(lab.mm, HUGE(0)).huge);
	advise(&lab, HUGE(0) + PAGE, PAGE, UMM_MADV_COLD);
	assert_false(info_of(lab.mm, HUGE(0)).compound);
	assert_true(info_of(lab.mm, HUGE(0) + PAGE).zero);
	assert_int_equal(smaps(lab.mm, "\nAnonymous:"), 128 * 4 + 4);
	assert_int_equal(get_byte(lab.mm, HUGE(0) + 8 * PAGE), 1);
	end(&lab);
}

static void test_lazyfree(void **state)
{
	struct lab lab;

	(void)state;
	scene(&lab);
	advise(&lab, HUGE(0), 2 * MIB, UMM_MADV_FREE);
	assert_true(info_of(lab.mm, HUGE(0)).huge && info_of(lab.mm, HUGE(0)).lazyfree);
	assert_int_equal(smaps(lab.mm, "\nLazyFree:"), 2048);
	put_byte(lab.mm, HUGE(0) + 8, 1);
	assert_int_equal(smaps(lab.mm, "\nLazyFree:"), 0);
	advise(&lab, HUGE(0) + PAGE, 3 * PAGE, UMM_MADV_FREE);
	assert_false(info_of(lab.mm, HUGE(0)).compound);
	assert_int_equal(smaps(lab.mm, "\nAnonymous:"), 4 + 4);
	end(&lab);
}

/* What others map by small entries as well is not given away: it was written before it was cut. */
static void test_lazyfree_shared(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	scene(&lab);
	child = fork_of(lab.mm);
	for (int i = 0; i < 2; i++)
		assert_int_equal(umm_mprotect(child, HUGE(0), PAGE, i ? RW : R, -1, NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(umm_mprotect(lab.mm, HUGE(0), PAGE, i ? RW : R, -1, NULL), 0);
	assert_int_equal(umm_madvise(child, HUGE(0), 2 * MIB, UMM_MADV_FREE, NULL), 0);
	assert_int_equal(smaps(child, "\nShared_Dirty:"), 2048 + 4);
	umm_mm_put(child);
	advise(&lab, HUGE(0), 2 * MIB, UMM_MADV_FREE);
	assert_int_equal(smaps(lab.mm, "\nPrivate_Clean:"), 2048);
	end(&lab);
}

/* MADV_DONTNEED of all 2 MiB takes the table too, and the next page is huge again. */
static void test_dontneed(void **state)
{
	struct lab lab;
	uint64_t tables;

	(void)state;
	scene(&lab);
	tables = tables_kib(lab.mm);
	advise(&lab, HUGE(2), 2 * MIB, UMM_MADV_DONTNEED);
	assert_int_equal(tables_kib(lab.mm), tables - 4);
	put_byte(lab.mm, HUGE(2), 1);
	assert_true(info_of(lab.mm, HUGE(2)).huge);
	advise(&lab, HUGE(2), 2 * MIB - PAGE, UMM_MADV_DONTNEED);
	assert_false(info_of(lab.mm, HUGE(2)).present);
	advise(&lab, HUGE(2) + 2 * MIB - PAGE, PAGE, UMM_MADV_DONTNEED);
	put_byte(lab.mm, HUGE(2), 1);		/* a table was left */
	assert_false(info_of(lab.mm, HUGE(2)).huge);
	/* Guard markers keep it. */
	advise(&lab, HUGE(3) + PAGE, PAGE, UMM_MADV_GUARD_INSTALL);
	tables = tables_kib(lab.mm);
	advise(&lab, HUGE(3), 2 * MIB, UMM_MADV_DONTNEED);
	assert_int_equal(tables_kib(lab.mm), tables);
	put_byte(lab.mm, HUGE(3), 1);
	assert_false(info_of(lab.mm, HUGE(3)).huge);
	end(&lab);
}

/* ---- flushes -------------------------------------------------------------------------------- */

static void unmap_whole(struct lab *lab)
{
	assert_int_equal(umm_munmap(lab->mm, HUGE(0), 2 * MIB, NULL), 0);
}

static void cut_alone(struct lab *lab)
{
	advise(lab, HUGE(0) + MIB, MIB, UMM_MADV_NOHUGEPAGE);
}

static void zero_given_back(struct lab *lab)
{
	advise(lab, HUGE(1), 2 * MIB, UMM_MADV_DONTNEED);
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
	advise(lab, HUGE(2), 2 * MIB, UMM_MADV_COLLAPSE);
}

static void protected(struct lab *lab)
{
	assert_int_equal(umm_mprotect(lab->mm, HUGE(0), 2 * MIB, R, -1, NULL), 0);
}

static void given_away(struct lab *lab)
{
	advise(lab, HUGE(0), 2 * MIB, UMM_MADV_FREE);
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

	scene(&lab);
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
	end(&lab);
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
	assert_int_equal(smaps(lab.mm, "\nAnonHugePages:"), 140 * 1024);
	advise(&lab, AT, 140 * MIB, UMM_MADV_DONTNEED);
	assert_int_equal(smaps(lab.mm, "\nRss:"), 0);
	end(&lab);
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

	scene_of(&lab, UMM_PAGE_TABLES_X86_64, pages);
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
	end(&lab);
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
		cmocka_unit_test(test_flushes),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_no_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
