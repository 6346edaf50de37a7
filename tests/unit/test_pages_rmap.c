/*
 * test_pages_rmap.c - pages behind areas: the reverse map, migration, objects that are mapped.
 */
#include "pages_lab.h"

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

	/* A hole takes what is the file's from everybody, and what is a copy from nobody. */
	put_byte(lab.mm, shared + PAGE, 103);
	assert_int_equal(get_byte(lab.mm, AT + PAGE), 103);
	assert_int_equal(umm_madvise(lab.mm, shared, 2 * PAGE, UMM_MADV_REMOVE, NULL), 0);
	assert_false(info_of(lab.mm, AT + PAGE).present);
	assert_int_equal(get_byte(lab.mm, AT), 100);
	assert_int_equal(get_byte(lab.mm, AT + PAGE), 2);	/* asked for again */
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
		cmocka_unit_test(test_rmap),
		cmocka_unit_test(test_migrate),
		cmocka_unit_test(test_migration_entries),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_shm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
