/*
 * test_pages.c - pages behind areas: entries bit by bit, objects, the reverse map, counters.
 */
#include "lab.h"
#include "phys/phys.h"
#include "rmap/rmap.h"
#include "space/mm_pages.h"

#define FRAMES 256

static struct mm_struct *core(struct umm_mm *mm)
{
	return (struct mm_struct *)mm;
}

static struct world *machine(struct lab *lab)
{
	return (struct world *)lab->world;
}

static void begin(struct lab *lab, uint32_t page_tables, uint32_t pages)
{
	lab_init(lab);
	lab->settings.page_tables = page_tables;
	lab_set_pages(lab, pages, FRAMES);
}

static void begin_simple(struct lab *lab)
{
	begin(lab, UMM_PAGE_TABLES_X86_64, UMM_PAGES_CONTENTS);
}

static uint64_t entry(struct umm_mm *mm, umm_addr_t addr)
{
	const pte_t *slot = pgtable_lookup(&core(mm)->pages->pgt, addr);

	return slot ? pte_get(slot) : 0;
}

static void put_byte(struct umm_mm *mm, umm_addr_t addr, unsigned char byte)
{
	int fault;

	assert_int_equal(umm_write(mm, addr, &byte, 1, &fault), 1);
}

static int get_byte(struct umm_mm *mm, umm_addr_t addr)
{
	unsigned char byte;
	int fault;

	assert_int_equal(umm_read(mm, addr, &byte, 1, &fault), 1);
	return byte;
}

static int fault_of(struct umm_mm *mm, umm_addr_t addr, unsigned int access)
{
	return umm_fault(mm, addr, access, NULL);
}

static struct umm_page_info info_of(struct umm_mm *mm, umm_addr_t addr)
{
	struct umm_page_info info;

	(void)umm_page_info(mm, addr, &info);
	return info;
}

static struct umm_mm *fork_of(struct umm_mm *mm)
{
	struct umm_mm *child;

	assert_int_equal(umm_fork(mm, &child, NULL), 0);
	return child;
}

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
	assert_true(says(text, "VmPeak:\t      40 kB\nVmSize:\t      12 kB\nVmLck:\t       0 kB\n"));
	assert_true(says(text, "VmHWM:\t      12 kB\nVmRSS:\t       4 kB\nRssAnon:\t       0 kB\n"));
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

	/* What is shared is given away too, by one who does not know of the other's writing. */
	put_byte(lab.mm, AT + PAGE, 4);
	child = fork_of(lab.mm);
	assert_int_equal(umm_madvise(child, AT + PAGE, PAGE, UMM_MADV_FREE, NULL), 0);
	assert_false(info_of(child, AT + PAGE).dirty);
	assert_true(info_of(lab.mm, AT + PAGE).dirty);
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* ---- the reverse map ------------------------------------------------------------------------ */

struct seen {
	struct {
		struct umm_mm *mm;
		umm_addr_t addr;
	} place[16];
	unsigned int nr;
};

static bool see(void *ctx, struct umm_mm *mm, umm_addr_t addr)
{
	struct seen *seen = ctx;

	assert_true(seen->nr < 16);
	seen->place[seen->nr].mm = mm;
	seen->place[seen->nr++].addr = addr;
	return true;
}

static bool saw(const struct seen *seen, struct umm_mm *mm, umm_addr_t addr)
{
	for (unsigned int i = 0; i < seen->nr; i++)
		if (seen->place[i].mm == mm && seen->place[i].addr == addr)
			return true;
	return false;
}

/* Split, moved, forked and forked again: all of them are found, and nobody else. */
static void test_rmap(void **state)
{
	struct umm_mm *child, *grandchild;
	struct seen seen = { .nr = 0 };
	struct lab lab;
	uint64_t pfn;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 8 * PAGE, RW, ANON);
	for (unsigned int i = 0; i < 8; i++)
		put_byte(lab.mm, AT + i * PAGE, (unsigned char)i);
	child = fork_of(lab.mm);
	assert_int_equal(umm_mprotect(child, AT + 2 * PAGE, 2 * PAGE, R, -1, NULL), 0);
	assert_int_equal(umm_mremap(child, AT + 3 * PAGE, PAGE, PAGE, 3, AT + 100 * PAGE, NULL),
			 AT + 100 * PAGE);
	grandchild = fork_of(child);
	pfn = info_of(lab.mm, AT + 3 * PAGE).pfn;
	assert_int_equal(info_of(lab.mm, AT + 3 * PAGE).mapcount, 3);
	assert_int_equal(umm_rmap(lab.world, pfn, see, &seen), 3);
	assert_true(saw(&seen, lab.mm, AT + 3 * PAGE));
	assert_true(saw(&seen, child, AT + 100 * PAGE));
	assert_true(saw(&seen, grandchild, AT + 100 * PAGE));
	assert_int_equal(umm_munmap(child, AT + 100 * PAGE, PAGE, NULL), 0);
	put_byte(lab.mm, AT + 3 * PAGE, 99);
	seen.nr = 0;
	assert_int_equal(umm_rmap(lab.world, pfn, see, &seen), 1);
	assert_true(saw(&seen, grandchild, AT + 100 * PAGE));
	assert_int_equal(get_byte(grandchild, AT + 100 * PAGE), 3);
	assert_int_equal(umm_rmap(lab.world, FRAMES, see, &seen), -UMM_EINVAL);
	umm_mm_put(child);
	umm_mm_put(grandchild);
	lab_destroy(&lab);
}

/* A page changes its frame under three users, and none sees it but in the number. */
static void test_migrate(void **state)
{
	struct umm_page_info before, after;
	struct umm_mm *child;
	struct page *page;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 3 * PAGE, RW, ANON);
	for (unsigned int i = 0; i < 3; i++)
		put_byte(lab.mm, AT + i * PAGE, (unsigned char)(i + 1));
	child = fork_of(lab.mm);
	put_byte(child, AT + PAGE, 50);		/* exclusive again, in both once the next is done */
	put_byte(lab.mm, AT + PAGE, 51);
	for (unsigned int i = 0; i < 2; i++) {
		before = info_of(lab.mm, AT + i * PAGE);
		page = pfn_to_page(machine(&lab)->phys, before.pfn);
		page = migrate_page(machine(&lab), page);
		assert_non_null(page);
		after = info_of(lab.mm, AT + i * PAGE);
		assert_int_not_equal(after.pfn, before.pfn);
		assert_int_equal(after.pfn, page_to_pfn(machine(&lab)->phys, page));
		after.pfn = before.pfn;
		assert_memory_equal(&after, &before, sizeof(after));
		assert_true(umm_world_is_valid(lab.world));
	}
	assert_int_equal(get_byte(lab.mm, AT), 1);
	assert_int_equal(get_byte(child, AT), 1);
	assert_int_equal(get_byte(lab.mm, AT + PAGE), 51);
	assert_int_equal(get_byte(child, AT + PAGE), 50);
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* While a page is on its way, nobody gets at it; what stays, stays; what goes, goes. */
static void test_migration_entries(void **state)
{
	struct umm_mm *child;
	struct page *page;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	put_byte(lab.mm, AT, 3);
	page = pfn_to_page(machine(&lab)->phys, info_of(lab.mm, AT).pfn);
	get_page(page);
	try_to_migrate(machine(&lab), page);
	assert_true(info_of(lab.mm, AT).migrating);
	assert_true(umm_world_is_valid(lab.world));
	assert_int_equal(fault_of(lab.mm, AT, UMM_ACCESS_READ), UMM_FAULT_OOM);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R, -1, NULL), 0);
	child = fork_of(lab.mm);
	assert_true(info_of(child, AT).migrating);
	assert_int_equal(umm_munmap(child, AT, PAGE, NULL), 0);
	assert_int_equal(umm_mremap(lab.mm, AT, PAGE, PAGE, 3, AT + 64 * PAGE, NULL),
			 AT + 64 * PAGE);
	remove_migration_ptes(machine(&lab), page, page);
	put_page(machine(&lab)->phys, page);
	assert_true(umm_world_is_valid(lab.world));
	assert_int_equal(get_byte(lab.mm, AT + 64 * PAGE), 3);
	assert_int_equal(fault_of(lab.mm, AT + 64 * PAGE, UMM_ACCESS_WRITE), UMM_SEGV_ACCERR);
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* ---- objects -------------------------------------------------------------------------------- */

static int read_errors;

static int read_page(void *cookie, uint64_t pgoff, void *contents)
{
	(void)cookie;
	memset(contents, (int)pgoff + 1, PAGE);
	return read_errors ? -UMM_EINVAL : 0;
}

static void make_file(struct lab *lab, uint64_t bytes)
{
	struct umm_file_desc desc;

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.read_page = read_page;
	desc.bytes = bytes;
	assert_int_equal(umm_file_new(lab->world, &desc, &lab->file), 0);
}

static void test_file(void **state)
{
	umm_addr_t shared = AT + 32 * PAGE;
	struct umm_mm_rss rss;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	make_file(&lab, 2 * PAGE + 10);
	lab_map(&lab, AT, 4 * PAGE, RW, PRIVATE);
	lab_map(&lab, shared, 4 * PAGE, RW, SHARED);
	read_errors = 1;
	assert_int_equal(fault_of(lab.mm, AT, UMM_ACCESS_READ), UMM_BUS_ADRERR);
	read_errors = 0;
	assert_int_equal(get_byte(lab.mm, AT), 1);
	assert_int_equal(get_byte(lab.mm, AT + 2 * PAGE + 9), 3);
	assert_int_equal(get_byte(lab.mm, AT + 2 * PAGE + 10), 0);
	assert_int_equal(fault_of(lab.mm, AT + 3 * PAGE, UMM_ACCESS_READ), UMM_BUS_ADRERR);
	assert_int_equal(fault_of(lab.mm, AT + 3 * PAGE, UMM_ACCESS_WRITE), UMM_BUS_ADRERR);
	umm_mm_rss(lab.mm, &rss);
	assert_int_equal(rss.file, 2);

	put_byte(lab.mm, AT, 100);			/* a copy: the file does not see it */
	assert_int_equal(get_byte(lab.mm, shared), 1);
	put_byte(lab.mm, shared + PAGE, 101);		/* the file itself: who reads it does */
	assert_int_equal(get_byte(lab.mm, AT + PAGE), 101);
	put_byte(lab.mm, AT + 2 * PAGE, 102);
	umm_mm_rss(lab.mm, &rss);
	assert_int_equal(rss.file, 3);
	assert_int_equal(rss.anon, 2);
	assert_true(umm_world_is_valid(lab.world));
	assert_int_equal(page_mkclean(machine(&lab), pfn_to_page(machine(&lab)->phys,
					      info_of(lab.mm, shared + PAGE).pfn)), 1);
	assert_false(info_of(lab.mm, shared + PAGE).may_write);
	lab_destroy(&lab);
}

/* Shared memory is the same for parent and child, and a hole in it is seen by both. */
static void test_shared(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, SHARED | UMM_MAP_ANONYMOUS);
	put_byte(lab.mm, AT, 1);
	child = fork_of(lab.mm);
	assert_false(info_of(child, AT).present);	/* found again by a fault */
	put_byte(child, AT, 2);
	put_byte(child, AT + PAGE, 3);
	assert_int_equal(get_byte(lab.mm, AT), 2);
	assert_int_equal(get_byte(lab.mm, AT + PAGE), 3);
	assert_int_equal(umm_madvise(lab.mm, AT, PAGE, UMM_MADV_DONTNEED, NULL), 0);
	assert_int_equal(get_byte(lab.mm, AT), 2);
	assert_int_equal(umm_madvise(lab.mm, AT, PAGE, UMM_MADV_REMOVE, NULL), 0);
	assert_false(info_of(child, AT).present);
	assert_int_equal(get_byte(child, AT), 0);
	assert_int_equal(get_byte(child, AT + PAGE), 3);
	umm_mm_put(child);
	lab_destroy(&lab);
}

/* Two attachments of a segment are the same memory. */
static void test_shm(void **state)
{
	int64_t id, first, second;
	struct lab lab;

	(void)state;
	begin_simple(&lab);
	id = umm_shmget(lab.mm, UMM_IPC_PRIVATE, 2 * PAGE, 0600, NULL);
	assert_true(id >= 0);
	first = umm_shmat(lab.mm, (int32_t)id, 0, 0, NULL);
	second = umm_shmat(lab.mm, (int32_t)id, 0, 0, NULL);
	assert_true(first > 0 && second > 0);
	put_byte(lab.mm, (umm_addr_t)first + PAGE, 12);
	assert_int_equal(get_byte(lab.mm, (umm_addr_t)second + PAGE), 12);
	assert_true(umm_world_is_valid(lab.world));
	assert_int_equal(umm_shmdt(lab.mm, (umm_addr_t)first, NULL), 0);
	assert_int_equal(get_byte(lab.mm, (umm_addr_t)second + PAGE), 12);
	assert_int_equal(umm_shmdt(lab.mm, (umm_addr_t)second, NULL), 0);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_execute_fills),
		cmocka_unit_test(test_partial),
		cmocka_unit_test(test_copy_overlap),
		cmocka_unit_test(test_no_pages),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_status_text),
		cmocka_unit_test(test_lazyfree),
		cmocka_unit_test(test_rmap),
		cmocka_unit_test(test_migrate),
		cmocka_unit_test(test_migration_entries),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_shm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
