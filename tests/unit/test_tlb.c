/*
 * test_tlb.c - who remembers translations is told to forget them: in time, all that is needed, and
 * nothing more.
 *
 * A row is a scene of eight pages at AT, most of them written through the simulated TLB, and a step
 * with the pages that it must flush; "-" is none.  A page that is not named must still be
 * remembered, one that is named must not.
 */
#include "lab.h"
#include "phys/phys.h"
#include "rmap/rmap.h"
#include "space/mm_types.h"
#include "tlb.h"

#define PAGES 8

static uint64_t at(unsigned int page)
{
	return AT + page * PAGE;
}

static void touch(struct lab *lab, unsigned int page, bool write)
{
	int fault;

	if (write)
		unit_tlb_write(lab->mm, at(page), (unsigned char)(page + 1), &fault);
	else
		(void)unit_tlb_read(lab->mm, at(page), &fault);
	assert_int_equal(fault, UMM_FAULT_OK);
}

static void unmap(struct lab *lab)
{
	assert_int_equal(umm_munmap(lab->mm, at(2), 4 * PAGE, NULL), 0);
}

static void map_over(struct lab *lab)
{
	lab_map(lab, at(1), 3 * PAGE, R, ANON);
}

static void advise(struct lab *lab, int advice)
{
	assert_int_equal(umm_madvise(lab->mm, at(3), 3 * PAGE, advice, NULL), 0);
}

static void dontneed(struct lab *lab)
{
	advise(lab, UMM_MADV_DONTNEED);
}

static void lazily_freed(struct lab *lab)
{
	advise(lab, UMM_MADV_FREE);
}

static void guarded(struct lab *lab)
{
	advise(lab, UMM_MADV_GUARD_INSTALL);
}

static void protect(struct lab *lab, uint64_t prot)
{
	assert_int_equal(umm_mprotect(lab->mm, at(0), 4 * PAGE, prot, -1, NULL), 0);
}

static void protect_read(struct lab *lab)
{
	protect(lab, R);
}

static void protect_none(struct lab *lab)
{
	protect(lab, 0);
}

static void protect_more(struct lab *lab)
{
	protect(lab, RW | X);
}

static void moved(struct lab *lab)
{
	assert_int_equal(umm_mremap(lab->mm, at(2), 3 * PAGE, 3 * PAGE,
				    UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, AT + 64 * PAGE, NULL),
			 AT + 64 * PAGE);
}

static void zero_page_given_back(struct lab *lab)
{
	assert_int_equal(umm_madvise(lab->mm, at(6), PAGE, UMM_MADV_DONTNEED, NULL), 0);
}

static void forked(struct lab *lab)
{
	struct umm_mm *child;

	assert_int_equal(umm_fork(lab->mm, &child, NULL), 0);
	umm_mm_put(child);
}

static void written_again(struct lab *lab)
{
	for (unsigned int page = 0; page < 6; page++)
		touch(lab, page, true);
}

static void zero_page_written(struct lab *lab)
{
	touch(lab, 6, true);
}

static struct page *frame_of(struct lab *lab, unsigned int page)
{
	struct umm_page_info info;

	assert_true(umm_page_info(lab->mm, at(page), &info));
	return pfn_to_page(((struct world *)lab->world)->phys, info.pfn);
}

static void migrated(struct lab *lab)
{
	assert_non_null(migrate_page((struct world *)lab->world, frame_of(lab, 4)));
}

static void referenced(struct lab *lab)
{
	assert_int_equal(page_referenced((struct world *)lab->world, frame_of(lab, 4)), 1);
	assert_int_equal(page_referenced((struct world *)lab->world, frame_of(lab, 4)), 0);
}

/* No entry is left, but a processor may remember where the table was. */
static void table_goes(struct lab *lab)
{
	assert_int_equal(umm_madvise(lab->mm, AT, PAGES * PAGE, UMM_MADV_DONTNEED, NULL), 0);
	unit_tlb_forget();
	assert_int_equal(umm_munmap(lab->mm, AT, PAGES * PAGE, NULL), 0);
}

/* Pages 0 to 5 are written, 6 was read, 7 never touched. */
static const struct {
	const char *name;
	void (*step)(struct lab *lab);
	const char *flushed;
} rows[] = {
	{ "munmap", unmap, "2345" },
	{ "mmap over", map_over, "123" },
	{ "MADV_DONTNEED", dontneed, "345" },
	{ "MADV_FREE", lazily_freed, "345" },
	{ "MADV_GUARD_INSTALL", guarded, "345" },
	{ "mprotect(PROT_READ)", protect_read, "0123" },
	{ "mprotect(PROT_NONE)", protect_none, "0123" },
	{ "mprotect to more", protect_more, "-" },
	{ "mremap", moved, "234" },
	{ "fork", forked, "012345" },
	{ "a second write", written_again, "-" },
	{ "a write where the zero page was read", zero_page_written, "6" },
	{ "MADV_DONTNEED of the zero page", zero_page_given_back, "6" },
	{ "munmap of a table without entries", table_goes, "01234567" },
	{ "migration", migrated, "4" },
	{ "page_referenced", referenced, "4" },
};

static void scene(struct lab *lab)
{
	lab_init(lab);
	unit_tlb_init(&lab->memory.platform);
	lab_set_pages(lab, UMM_PAGES_CONTENTS, 64);
	lab_map(lab, AT, PAGES * PAGE, RW, ANON);
	for (unsigned int page = 0; page < 6; page++)
		touch(lab, page, true);
	touch(lab, 6, false);
	/* What making the scene flushed does not count. */
	unit_tlb_forget();
	for (unsigned int page = 0; page < 6; page++)
		touch(lab, page, true);
	touch(lab, 6, false);
}

static void check_row(unsigned int row)
{
	struct lab lab;

	scene(&lab);
	rows[row].step(&lab);
	for (unsigned int page = 0; page < PAGES; page++) {
		struct tlb_flush flush[16];
		size_t nr = unit_tlb_flushes(flush, 16);
		bool named = strchr(rows[row].flushed, '0' + (int)page), told = false;

		for (size_t i = 0; i < nr; i++)
			told = told || (flush[i].mm == lab.mm && flush[i].start <= at(page) &&
					at(page) < flush[i].end);
		if (named != told)
			fail_msg("%s: page %u is %s", rows[row].name, page,
				 told ? "flushed" : "not flushed");
	}
	lab_destroy(&lab);
}

static void test_exact_ranges(void **state)
{
	(void)state;
	for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		check_row(row);
}

/* After fork, who writes first gets the copy and forgets; the last one writes in place. */
static void test_copy_on_write(void **state)
{
	struct umm_mm *child;
	struct tlb_flush flush[4];
	struct lab lab;
	int fault;

	(void)state;
	scene(&lab);
	assert_int_equal(umm_fork(lab.mm, &child, NULL), 0);
	(void)unit_tlb_read(lab.mm, at(1), &fault);
	(void)unit_tlb_read(child, at(1), &fault);
	unit_tlb_forget();
	(void)unit_tlb_read(lab.mm, at(1), &fault);
	(void)unit_tlb_read(child, at(1), &fault);
	unit_tlb_write(child, at(1), 77, &fault);
	assert_int_equal(unit_tlb_flushes(flush, 4), 1);
	assert_ptr_equal(flush[0].mm, child);
	assert_int_equal(flush[0].start, at(1));
	assert_int_equal(flush[0].end, at(2));
	assert_int_equal(unit_tlb_read(child, at(1), &fault), 77);
	assert_int_equal(unit_tlb_read(lab.mm, at(1), &fault), 2);
	unit_tlb_write(lab.mm, at(1), 78, &fault);
	assert_int_equal(unit_tlb_flushes(flush, 4), 1);
	assert_int_equal(unit_tlb_read(child, at(1), &fault), 77);
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* Exit names everything that it takes away, before the frames can be another's. */
static void test_exit(void **state)
{
	struct umm_mm *other;
	struct lab lab;

	(void)state;
	scene(&lab);
	assert_int_equal(umm_mm_new(lab.world, &other), 0);
	umm_mm_put(lab.mm);
	for (unsigned int page = 0; page < PAGES; page++) {
		assert_false(unit_tlb_holds(lab.mm, at(page), UMM_ACCESS_READ));
		assert_false(unit_tlb_holds(lab.mm, at(page), UMM_ACCESS_WRITE));
	}
	lab.mm = other;
	lab_destroy(&lab);
}

/* ---- frames outlive the flush --------------------------------------------------------------- */

static struct phys *watched;
static uint64_t watched_pfn;
static unsigned int watched_flushes;
static bool was_free;

static void watch(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end)
{
	(void)ctx;
	(void)mm;
	(void)start;
	(void)end;
	watched_flushes++;
	was_free = was_free || page_count(&watched->mem_map[watched_pfn]) == 0;
}

/* A frame, and the table that led to it, are nobody's before the flush. */
static void check_order(struct lab *lab, uint64_t pfn)
{
	watched = ((struct world *)lab->world)->phys;
	watched_pfn = pfn;
	watched_flushes = 0;
	was_free = false;
	assert_int_equal(umm_munmap(lab->mm, AT, PAGES * PAGE, NULL), 0);
	assert_int_equal(watched_flushes, 1);
	assert_false(was_free);
	assert_int_equal(page_count(&watched->mem_map[pfn]), 0);
}

static void test_flush_first(void **state)
{
	struct lab lab;

	(void)state;
	for (int table = 0; table < 2; table++) {
		uint64_t pfn = 0;

		lab_init(&lab);
		lab.memory.platform.tlb_flush = watch;
		lab_set_pages(&lab, UMM_PAGES_CONTENTS, 64);
		watched = ((struct world *)lab.world)->phys;
		lab_map(&lab, AT, PAGES * PAGE, RW, ANON);
		lab_write(&lab, at(3));
		for (uint64_t i = 0; table && i < watched->fresh; i++)
			if (page_test(&watched->mem_map[i], PG_TABLE))
				pfn = i;
		if (!table)
			pfn = page_to_pfn(watched, frame_of(&lab, 3));
		check_order(&lab, pfn);
		lab_destroy(&lab);
	}
}

/* ---- notifiers ------------------------------------------------------------------------------ */

struct follower {
	struct umm_mmu_notifier notifier;
	uint64_t start, end;
	int depth, calls;
	bool flushed_outside;
	struct umm_mm *mm;
};

static struct follower follower;

static void invalidate_start(struct umm_mmu_notifier *self, struct umm_mm *mm, umm_addr_t start,
			     umm_addr_t end)
{
	(void)mm;
	assert_ptr_equal(self, &follower.notifier);
	assert_int_equal(follower.depth++, 0);
	follower.start = start;
	follower.end = end;
	follower.calls++;
}

static void invalidate_end(struct umm_mmu_notifier *self, struct umm_mm *mm, umm_addr_t start,
			   umm_addr_t end)
{
	(void)mm;
	assert_ptr_equal(self, &follower.notifier);
	assert_int_equal(--follower.depth, 0);
	assert_int_equal(start, follower.start);
	assert_int_equal(end, follower.end);
}

static void flush_inside(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end)
{
	(void)ctx;
	if (mm != follower.mm)
		return;			/* a child that goes */
	assert_true(umm_mmu_sequence(mm) & 1);
	if (follower.depth != 1 || start < follower.start || follower.end < end)
		follower.flushed_outside = true;
}

/* Every flush lies between the two calls, and in their range; the sequence tells of both. */
static void test_notifiers(void **state)
{
	struct lab lab;
	uint64_t sequence;

	(void)state;
	for (unsigned int row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		scene(&lab);
		lab.memory.platform.tlb_flush = flush_inside;
		lab_set_pages(&lab, UMM_PAGES_CONTENTS, 64);
		follower = (struct follower){ .mm = lab.mm, .notifier = {
			.invalidate_start = invalidate_start, .invalidate_end = invalidate_end } };
		lab_map(&lab, AT, PAGES * PAGE, RW, ANON);
		unit_tlb_forget();
		for (unsigned int page = 0; page < 6; page++)
			touch(&lab, page, true);
		touch(&lab, 6, false);
		assert_int_equal(umm_mmu_notifier_register(lab.mm, &follower.notifier), 0);
		sequence = umm_mmu_sequence(lab.mm);
		rows[row].step(&lab);
		assert_int_equal(umm_mmu_sequence(lab.mm) & 1, 0);
		assert_int_equal(umm_mmu_sequence(lab.mm) != sequence, follower.calls > 0);
		assert_false(follower.flushed_outside);
		assert_true(follower.calls > 0 || rows[row].flushed[0] == '-');
		assert_int_equal(umm_mmu_notifier_unregister(lab.mm, &follower.notifier), 0);
		assert_int_equal(umm_mmu_notifier_unregister(lab.mm, &follower.notifier),
				 -UMM_EINVAL);
		unit_tlb_forget();
		lab_destroy(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_ranges),
		cmocka_unit_test(test_copy_on_write),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_flush_first),
		cmocka_unit_test(test_notifiers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
