/*
 * test_pages.c - pages behind areas: entries bit by bit, rights, counters.
 */
#include "pages_lab.h"

/* ---- entries, bit by bit -------------------------------------------------------------------- */

#define PFN_BITS UINT64_C(0x000ffffffffff000)

/* As the processor's manual has them; soft dirty (11), special (9), protnone (8) are ours. */
static void check_x86_64(struct lab *lab)
{
	const uint64_t nx = UINT64_C(1) << 63;

	lab_map(lab, AT, 8 * PAGE, RW, ANON);
	assert_int_equal(fault_of(lab->mm, AT, UMM_ACCESS_WRITE), UMM_FAULT_OK);
	assert_int_equal(entry(lab->mm, AT) & ~PFN_BITS, nx | 0x867);
	assert_int_equal(fault_of(lab->mm, AT + PAGE, UMM_ACCESS_READ), UMM_FAULT_OK);
	assert_int_equal(entry(lab->mm, AT + PAGE) & ~PFN_BITS, nx | 0x225);
	assert_int_equal(umm_mprotect(lab->mm, AT, PAGE, R | X, -1, NULL), 0);
	assert_int_equal(entry(lab->mm, AT) & ~PFN_BITS, 0x865);
	assert_int_equal(umm_mprotect(lab->mm, AT, PAGE, 0, -1, NULL), 0);
	assert_int_equal(entry(lab->mm, AT) & ~PFN_BITS, nx | 0x960);
	assert_int_equal(umm_mprotect(lab->mm, AT, PAGE, RW, -1, NULL), 0);
	assert_int_equal(entry(lab->mm, AT) & ~PFN_BITS, nx | 0x867);
}

static void check_arm64(struct lab *lab)
{
	const uint64_t frame = UINT64_C(0x0000fffffffff000), uxn = UINT64_C(1) << 54;
	const uint64_t leaf = (UINT64_C(1) << 53) | 0xb03;	/* PXN, nG, inner shareable, page */
	const uint64_t dirty = (UINT64_C(1) << 55) | (UINT64_C(1) << 57);

	lab_map(lab, AT, 8 * PAGE, RW, ANON);
	assert_int_equal(fault_of(lab->mm, AT, UMM_ACCESS_WRITE), UMM_FAULT_OK);
	assert_int_equal(entry(lab->mm, AT) & ~frame, leaf | uxn | dirty | 0x440);
	assert_int_equal(umm_mprotect(lab->mm, AT, PAGE, R | X, -1, NULL), 0);
	assert_int_equal(entry(lab->mm, AT) & ~frame, leaf | dirty | 0x4c0);
	assert_int_equal(umm_mprotect(lab->mm, AT, PAGE, 0, -1, NULL), 0);
	assert_int_equal(entry(lab->mm, AT) & 1, 0);
	assert_int_equal(umm_mprotect(lab->mm, AT, PAGE, RW, -1, NULL), 0);
	assert_int_equal(entry(lab->mm, AT) & ~frame, leaf | uxn | dirty | 0x440);
}

/* A table more is walked, for addresses above 47 bits. */
static void check_la57(struct lab *lab)
{
	struct umm_layout layout;
	umm_addr_t high = UINT64_C(0x80000000000000);
	struct umm_mm_rss rss;

	check_x86_64(lab);
	umm_mm_get_layout(lab->mm, &layout);
	layout.task_size = UINT64_C(0xfffffffffff000);
	assert_int_equal(umm_mm_set_layout(lab->mm, &layout), 0);
	lab_map(lab, high, PAGE, RW, ANON);
	put_byte(lab->mm, high, 9);
	if (lab->settings.pages == UMM_PAGES_CONTENTS)
		assert_int_equal(get_byte(lab->mm, high), 9);
	umm_mm_rss(lab->mm, &rss);
	assert_int_equal(rss.page_table_bytes, 8 * PAGE);
}

static void test_formats(void **state)
{
	static void (*const checks[])(struct lab *lab) = { check_x86_64, check_la57, check_arm64 };
	struct lab lab;

	(void)state;
	for (uint32_t format = 0; format < 3; format++) {
		begin(&lab, format, UMM_PAGES_CONTENTS);
		checks[format](&lab);
		lab_destroy(&lab);
		begin(&lab, format, UMM_PAGES_COUNTED);
		checks[format](&lab);
		lab_destroy(&lab);
	}
}

/* ---- rights --------------------------------------------------------------------------------- */

/* What may not be executed is there all the same, once it was tried. */
static void test_execute_fills(void **state)
{
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	lab_map(&lab, AT + 8 * PAGE, PAGE, 0, ANON);
	assert_int_equal(fault_of(lab.mm, AT, UMM_ACCESS_EXEC), UMM_SEGV_ACCERR);
	assert_true(info_of(lab.mm, AT).zero);
	assert_int_equal(fault_of(lab.mm, AT + 8 * PAGE, UMM_ACCESS_EXEC), UMM_SEGV_ACCERR);
	assert_false(info_of(lab.mm, AT + 8 * PAGE).present);
	assert_int_equal(fault_of(lab.mm, AT + 20 * PAGE, UMM_ACCESS_EXEC), UMM_SEGV_MAPERR);
	/* Nor is a guard a page: it is met before the right is asked for, but not where none is. */
	for (unsigned int i = 0; i < 3; i++) {
		static const uint64_t prot[] = { RW, R | X, 0 };
		uint64_t at = AT + (30 + 2 * i) * PAGE;

		lab_map(&lab, at, PAGE, prot[i], ANON);
		assert_int_equal(umm_madvise(lab.mm, at, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
		assert_int_equal(fault_of(lab.mm, at, UMM_ACCESS_EXEC),
				 i < 2 ? UMM_SEGV_MAPERR : UMM_SEGV_ACCERR);
	}
	lab_destroy(&lab);
	begin(&lab, UMM_PAGE_TABLES_ARM64_4K, UMM_PAGES_CONTENTS);
	lab_map(&lab, AT, PAGE, RW, ANON);
	assert_int_equal(fault_of(lab.mm, AT, UMM_ACCESS_EXEC), UMM_SEGV_ACCERR);
	assert_false(info_of(lab.mm, AT).present);
	lab_destroy(&lab);
}

/* Several accesses at once are as an area is asked: for the first of write, execute, read. */
static void test_mixed_access(void **state)
{
	struct lab lab;
	uint64_t len;
	int fault;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 2 * PAGE, RW, ANON);
	for (unsigned int access = 0; access < 16; access++) {
		bool executes = (access & (UMM_ACCESS_WRITE | UMM_ACCESS_EXEC)) == UMM_ACCESS_EXEC;

		assert_int_equal(!umm_translate(lab.mm, AT, access, &len, &fault), executes);
		assert_int_equal(fault, executes ? UMM_SEGV_ACCERR : UMM_FAULT_OK);
	}
	lab_destroy(&lab);
}

/* What the kernel writes for a program needs frames as the program does. */
static void test_uaccess_without_frames(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_set_pages(&lab, UMM_PAGES_CONTENTS, 6);	/* zero page, tables, one for a page */
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	assert_int_equal(umm_mincore(lab.mm, AT, PAGE, AT, NULL), 0);
	assert_int_equal(umm_mincore(lab.mm, AT, PAGE, AT + PAGE, NULL), -UMM_EFAULT);
	lab_destroy(&lab);
}

/* Counts stop at the byte where the fault is. */
static void test_partial(void **state)
{
	unsigned char bytes[3 * PAGE];
	struct lab lab;
	bool at_source;
	int fault;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 2 * PAGE, RW, ANON);
	memset(bytes, 5, sizeof(bytes));
	assert_int_equal(umm_write(lab.mm, AT + 100, bytes, sizeof(bytes), &fault),
			 2 * PAGE - 100);
	assert_int_equal(fault, UMM_SEGV_MAPERR);
	assert_int_equal(umm_read(lab.mm, AT + PAGE, bytes, sizeof(bytes), &fault), PAGE);
	assert_int_equal(fault, UMM_SEGV_MAPERR);
	assert_int_equal(umm_zero(lab.mm, AT + 100, 50, &fault), 50);
	assert_int_equal(get_byte(lab.mm, AT + 149), 0);
	assert_int_equal(get_byte(lab.mm, AT + 150), 5);
	assert_int_equal(umm_copy(lab.mm, AT, lab.mm, AT + PAGE, 2 * PAGE, &fault, &at_source),
			 PAGE);
	assert_true(at_source && fault == UMM_SEGV_MAPERR);
	assert_int_equal(umm_copy(lab.mm, AT + PAGE + 7, lab.mm, AT, 2 * PAGE, &fault,
				  &at_source), PAGE - 7);
	assert_false(at_source);
	assert_int_equal(umm_read(lab.mm, UINT64_MAX - 10, bytes, 100, &fault), 0);
	assert_int_equal(fault, UMM_SEGV_MAPERR);
	assert_int_equal(umm_populate(lab.mm, AT, 2 * PAGE, UMM_ACCESS_EXEC, &fault), 0);
	assert_int_equal(fault, UMM_SEGV_ACCERR);
	lab_destroy(&lab);
}

/* From below, byte by byte. */
static void test_copy_overlap(void **state)
{
	struct lab lab;
	int fault;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 2 * PAGE, RW, ANON);
	for (unsigned int i = 0; i < 8; i++)
		put_byte(lab.mm, AT + PAGE - 4 + i, (unsigned char)(i + 1));
	assert_int_equal(umm_copy(lab.mm, AT + PAGE - 3, lab.mm, AT + PAGE - 4, 6, &fault, NULL),
			 6);
	for (unsigned int i = 0; i < 7; i++)
		assert_int_equal(get_byte(lab.mm, AT + PAGE - 4 + i), 1);
	lab_destroy(&lab);
}

/* A world without pages answers and does nothing. */
static void test_no_pages(void **state)
{
	struct umm_mmu_notifier notifier = { NULL, NULL, NULL };
	struct umm_page_info info;
	struct umm_mm_rss rss;
	unsigned char byte;
	struct lab lab;
	uint64_t len;
	int fault;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	lab_write(&lab, AT);
	assert_null(umm_translate(lab.mm, AT, UMM_ACCESS_READ, &len, &fault));
	assert_int_equal(fault, UMM_FAULT_OK);
	assert_int_equal(umm_read(lab.mm, AT, &byte, 1, &fault), 0);
	assert_false(umm_page_info(lab.mm, AT, &info));
	assert_int_equal(umm_mmu_sequence(lab.mm), 0);
	assert_int_equal(umm_rmap(lab.world, 0, NULL, NULL), -UMM_EINVAL);
	umm_mm_rss(lab.mm, &rss);
	assert_int_equal(rss.anon + rss.page_table_bytes, 0);
	assert_int_equal(umm_world_frames(lab.world, &len), 0);
	assert_int_equal(len, 0);
	assert_int_equal(umm_mmu_notifier_register(lab.mm, &notifier), -UMM_EINVAL);
	lab_destroy(&lab);
}

/* Without contents all is as with them, but for the bytes. */
static void test_counted(void **state)
{
	struct umm_mm *child;
	struct lab lab;
	uint64_t len;
	int fault;

	(void)state;
	begin(&lab, UMM_PAGE_TABLES_X86_64, UMM_PAGES_COUNTED);
	lab_map(&lab, AT, 2 * PAGE, RW, ANON);
	put_byte(lab.mm, AT, 7);
	assert_int_equal(get_byte(lab.mm, AT), 0);
	assert_true(info_of(lab.mm, AT).exclusive);
	assert_null(umm_translate(lab.mm, AT, UMM_ACCESS_READ, &len, &fault));
	assert_int_equal(fault, UMM_FAULT_OK);
	child = fork_of(lab.mm);
	assert_true(info_of(child, AT).present && !info_of(child, AT).accessed);
	assert_true(info_of(lab.mm, AT).accessed);
	put_byte(child, AT, 8);
	assert_int_equal(info_of(lab.mm, AT).mapcount, 1);
	assert_int_not_equal(info_of(lab.mm, AT).pfn, info_of(child, AT).pfn);
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* ---- counters ------------------------------------------------------------------------------- */

static void test_counters(void **state)
{
	struct umm_mm_rss rss;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 8 * PAGE, RW, ANON);
	lab_map(&lab, AT + 16 * PAGE, 4 * PAGE, RW, SHARED | UMM_MAP_ANONYMOUS);
	for (unsigned int i = 0; i < 4; i++)
		put_byte(lab.mm, AT + i * PAGE, 1);
	(void)get_byte(lab.mm, AT + 5 * PAGE);		/* the zero page counts nowhere */
	put_byte(lab.mm, AT + 16 * PAGE, 1);
	(void)get_byte(lab.mm, AT + 17 * PAGE);		/* but a hole of shared memory is a page */
	umm_mm_rss(lab.mm, &rss);
	assert_int_equal(rss.anon, 4);
	assert_int_equal(rss.shmem, 2);
	assert_int_equal(rss.file, 0);
	assert_int_equal(rss.page_table_bytes, 3 * PAGE);
	assert_int_equal(umm_madvise(lab.mm, AT, 8 * PAGE, UMM_MADV_DONTNEED, NULL), 0);
	umm_mm_rss(lab.mm, &rss);
	assert_int_equal(rss.anon, 0);
	assert_int_equal(rss.hiwater, 6);
	assert_int_equal(umm_munmap(lab.mm, AT, 20 * PAGE, NULL), 0);
	umm_mm_rss(lab.mm, &rss);
	assert_int_equal(rss.shmem, 0);
	assert_int_equal(rss.page_table_bytes, 0);
	assert_int_equal(rss.hiwater, 6);
	lab_destroy(&lab);
}

static bool says(const char *text, const char *line)
{
	return strstr(text, line) != NULL;
}

static void test_status_text(void **state)
{
	char text[1024];
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 8 * PAGE, RW, ANON);
	put_byte(lab.mm, AT, 1);
	put_byte(lab.mm, AT + PAGE, 1);
	lab_map(&lab, AT + 32 * PAGE, 2 * PAGE, RW, SHARED | UMM_MAP_ANONYMOUS);
	put_byte(lab.mm, AT + 32 * PAGE, 1);
	/* What stands in two places for a moment is no peak. */
	assert_int_equal(umm_mremap(lab.mm, AT, 8 * PAGE, 8 * PAGE, 3, AT + 64 * PAGE, NULL),
			 AT + 64 * PAGE);
	assert_int_equal(umm_munmap(lab.mm, AT + 64 * PAGE, 7 * PAGE, NULL), 0);
	assert_true(umm_status_text(lab.mm, text, sizeof(text)) < sizeof(text));
	assert_true(says(text, "VmPeak:\t      40 kB\nVmSize:\t      12 kB\n"));
	assert_true(says(text, "VmHWM:\t      12 kB\nVmRSS:\t       4 kB\n"));
	assert_true(says(text, "VmLck:\t       0 kB\nVmPin:\t       0 kB\n"));
	assert_true(says(text, "RssFile:\t       0 kB\nRssShmem:\t       4 kB\n"));
	assert_true(says(text, "VmData:\t       4 kB\n"));
	assert_true(says(text, "VmPTE:\t      12 kB\nVmSwap:\t       0 kB\n"));
	lab_destroy(&lab);
}

/* MADV_FREE gives away what nobody else has, until it is written again. */
static void test_lazyfree(void **state)
{
	struct umm_page_info info;
	struct umm_mm *child;
	struct lab lab;
	uint64_t len;
	int fault;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 2 * PAGE, RW, ANON);
	put_byte(lab.mm, AT, 4);
	assert_int_equal(umm_madvise(lab.mm, AT, PAGE, UMM_MADV_FREE, NULL), 0);
	info = info_of(lab.mm, AT);
	assert_true(info.lazyfree && !info.dirty && !info.accessed);
	put_byte(lab.mm, AT, 5);
	info = info_of(lab.mm, AT);
	assert_true(info.lazyfree && info.dirty && info.accessed);

	assert_int_equal(umm_madvise(lab.mm, AT, PAGE, UMM_MADV_FREE, NULL), 0);
	assert_non_null(umm_translate(lab.mm, AT, UMM_ACCESS_READ, &len, &fault));
	assert_false(info_of(lab.mm, AT).dirty);
	assert_non_null(umm_translate(lab.mm, AT, UMM_ACCESS_WRITE, &len, &fault));
	assert_true(info_of(lab.mm, AT).dirty);

	/* What is shared is given away too, by one who does not know of the other's writing. */
	put_byte(lab.mm, AT + PAGE, 4);
	child = fork_of(lab.mm);
	assert_int_equal(umm_madvise(child, AT + PAGE, PAGE, UMM_MADV_FREE, NULL), 0);
	assert_false(info_of(child, AT + PAGE).dirty);
	assert_true(info_of(lab.mm, AT + PAGE).dirty);
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* Faults that find their area without mmap_lock stop at guard markers like all others. */
static void test_guards_in_faulted_area(void **state)
{
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	for (umm_addr_t addr = AT; addr < AT + 3 * PAGE; addr += PAGE)
		put_byte(lab.mm, addr, 1);
	assert_int_equal(umm_madvise(lab.mm, AT + PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
	for (int i = 0; i < 3; i++) {
		put_byte(lab.mm, AT, 2);
		assert_int_equal(fault_of(lab.mm, AT + PAGE, UMM_ACCESS_READ), UMM_SEGV_MAPERR);
		put_byte(lab.mm, AT + 2 * PAGE, 2);
	}
	assert_int_equal(umm_madvise(lab.mm, AT + PAGE, PAGE, UMM_MADV_GUARD_REMOVE, NULL), 0);
	put_byte(lab.mm, AT + PAGE, 3);
	assert_int_equal(get_byte(lab.mm, AT + PAGE), 3);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_execute_fills),
		cmocka_unit_test(test_mixed_access),
		cmocka_unit_test(test_uaccess_without_frames),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_copy_overlap),
		cmocka_unit_test(test_no_pages),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_status_text),
		cmocka_unit_test(test_lazyfree),
		cmocka_unit_test(test_guards_in_faulted_area),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
