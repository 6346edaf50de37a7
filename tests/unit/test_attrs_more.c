/*
 * test_attrs_more.c - masks of nodes wider and narrower than the machine's, userfaultfds that
 * follow a fork, what a name may consist of, and attributes that are taken over with a range.
 */
#include "attrs.h"

/* ---- masks ----------------------------------------------------------------------------------- */

static const uint64_t two_words[4] = { 1, 0, 0, 0 }, high_bit[4] = { 1, 0, 0, 1 };

static int64_t bind_mask(struct lab *lab, const uint64_t *word, uint64_t maxnode, uint64_t readable)
{
	const struct umm_nodemask mask = { word, maxnode, readable };

	return umm_mbind(lab->mm, AT, PAGE, UMM_MPOL_BIND, &mask, 0, UINT64_MAX, NULL);
}

/* Bits that the kernel has no nodes for must be clear, in whatever word of the mask they stand. */
static void test_masks(void **state)
{
	static const struct {
		uint32_t max_nodes;
		uint64_t word, maxnode;
		int64_t answer;
	} rows[] = {
		/* One word, of which eight bits count. */
		{ 8, 0x01, 65, 0 }, { 8, 0x101, 65, -UMM_EINVAL }, { 8, 0x1, 9, 0 },
		/* Fewer bits are given than the word has: those above were not meant. */
		{ 8, 0x101, 9, 0 }, { 8, 0x101, 10, -UMM_EINVAL }, { 8, 0x801, 12, 0 },
		{ 8, UINT64_C(1) << 63 | 1, 64, 0 }, { 8, UINT64_C(1) << 63 | 1, 65, -UMM_EINVAL },
		{ 64, 0x1, 65, 0 }, { 64, 0x1, 129, 0 }, { 64, 0x1, 130, 0 },
		{ 128, 0x1, 129, 0 }, { 128, 0x1, 140, 0 },
		/* Only bits that are not there: no node at all. */
		{ 64, 0x4, 3, -UMM_EINVAL }, { 64, 0x1, 1, -UMM_EINVAL },
		{ 64, 0x1, 0, -UMM_EINVAL },
	};
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t words[4] = { rows[i].word, 0, 0, 0 };
		int64_t answer;

		lab.settings.max_nodes = rows[i].max_nodes;
		lab_settings_changed(&lab);
		answer = bind_mask(&lab, words, rows[i].maxnode, 4);
		if (answer != rows[i].answer)
			fail_msg("row %zu: %lld", i, (long long)answer);
	}
	lab.settings.max_nodes = 64;
	lab_settings_changed(&lab);
	assert_int_equal(bind_mask(&lab, two_words, 257, 4), 0);
	assert_int_equal(bind_mask(&lab, high_bit, 257, 4), -UMM_EINVAL);
	assert_int_equal(bind_mask(&lab, high_bit, 193, 4), 0);
	/* Words are read from the top: the first that cannot be, or that may not, decides. */
	assert_int_equal(bind_mask(&lab, two_words, 257, 3), -UMM_EFAULT);
	assert_int_equal(bind_mask(&lab, two_words, 65, 0), -UMM_EFAULT);
	assert_int_equal(bind_mask(&lab, NULL, 65, 0), -UMM_EINVAL);
	assert_int_equal(bind_mask(&lab, two_words, 4096 * 8 + 2, 4), -UMM_EINVAL);
	lab_destroy(&lab);
}

/* A kernel without NUMA has none of the calls. */
static void test_no_numa(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	lab.settings.max_nodes = 0;
	lab_settings_changed(&lab);
	assert_int_equal(home(&lab, AT, PAGE, 0), -UMM_ENOSYS);
	assert_int_equal(bind_to(&lab, AT, PAGE, UMM_MPOL_BIND, 1), -UMM_ENOSYS);
	lab_destroy(&lab);
}

/* ---- userfaultfd ----------------------------------------------------------------------------- */

/* A child has one userfaultfd for all that one of the parent's watched, another for another's. */
static void test_forked_contexts(void **state)
{
	struct umm_area area;
	uint64_t first, second;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	for (uint64_t i = 0; i < 4; i++)
		lab_map(&lab, AT + 4 * i * PAGE, 2 * PAGE, RW, ANON);
	lab_map(&lab, AT - 4 * PAGE, PAGE, RW, ANON);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(watch_as(&lab, 7 + i / 2, UMM_UFFD_FEATURE_EVENT_FORK,
					  AT + 4 * i * PAGE, 2 * PAGE, MISSING), 0);
	assert_int_equal(watch_as(&lab, 9, 0, AT + 12 * PAGE, 2 * PAGE, MISSING), 0);
	lab_become_child(&lab);
	assert_true(lab_area(&lab, AT, &area));
	first = area.uffd;
	assert_true(first && first != 7);
	assert_true(lab_area(&lab, AT + 4 * PAGE, &area));
	assert_int_equal(area.uffd, first);
	assert_true(lab_area(&lab, AT + 8 * PAGE, &area));
	second = area.uffd;
	assert_true(second && second != first && second != 8);
	assert_true(lab_area(&lab, AT + 12 * PAGE, &area));
	assert_int_equal(area.uffd, 0);
	assert_int_equal(area.vm_flags & UMM_VM_UFFD_MISSING, 0);
	assert_int_equal(umm_userfaultfd_release(lab.mm, first, NULL), 2);
	lab_destroy(&lab);
}

/* Who asked to be told of moves goes along, who did not is left behind. */
static void test_moved_contexts(void **state)
{
	struct umm_area area;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	for (uint64_t told = 0; told < 2; told++) {
		uint64_t to = AT + (32 + 8 * told) * PAGE;

		lab_map(&lab, AT, 2 * PAGE, RW, ANON);
		assert_int_equal(watch_as(&lab, 7, told ? UMM_UFFD_FEATURE_EVENT_REMAP : 0, AT,
					  2 * PAGE, MISSING), 0);
		assert_int_equal(umm_mremap(lab.mm, AT, 2 * PAGE, 2 * PAGE,
					    UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, to, NULL), to);
		assert_true(lab_area(&lab, to, &area));
		assert_int_equal(area.uffd, told ? 7 : 0);
		assert_int_equal(!(area.vm_flags & UMM_VM_UFFD_MISSING), !told);
	}
	lab_destroy(&lab);
}

/* Which memory can be watched for what; who only wants to know later which pages were written. */
static void test_what_can_be_watched(void **state)
{
	enum { REGULAR, SHMEM, HUGE_MEMORY, PLAIN };
	static const struct {
		int what;
		uint64_t features, mode;
		int64_t answer;
	} rows[] = {
		{ PLAIN, 0, MISSING, 0 }, { PLAIN, 0, MINOR, -UMM_EINVAL }, { PLAIN, 0, WP, 0 },
		{ SHMEM, 0, MISSING, 0 }, { SHMEM, 0, MINOR, 0 }, { SHMEM, 0, WP, 0 },
		{ HUGE_MEMORY, 0, MISSING, 0 }, { HUGE_MEMORY, 0, MINOR, 0 },
		{ REGULAR, 0, MISSING, -UMM_EINVAL }, { REGULAR, 0, WP, -UMM_EINVAL },
		{ REGULAR, UMM_UFFD_FEATURE_WP_ASYNC, WP, 0 },
		{ REGULAR, UMM_UFFD_FEATURE_WP_ASYNC, WP | MISSING, -UMM_EINVAL },
		{ REGULAR, UMM_UFFD_FEATURE_WP_ASYNC, MISSING, -UMM_EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t len = rows[i].what == HUGE_MEMORY ? 2 * MIB : 2 * PAGE;
		int64_t answer;
		struct lab lab;

		lab_init(&lab);
		if (rows[i].what == REGULAR || rows[i].what == SHMEM)
			lab_file(&lab, rows[i].what == SHMEM ? UMM_FILE_SHMEM : UMM_FILE_REGULAR,
				 UMM_FMODE_READ | UMM_FMODE_WRITE);
		lab_map(&lab, AT, len, RW, rows[i].what == PLAIN ? ANON :
			rows[i].what == HUGE_MEMORY ? ANON | UMM_MAP_HUGETLB : SHARED);
		answer = watch_as(&lab, 7, rows[i].features, AT, len, rows[i].mode);
		if (answer != rows[i].answer)
			fail_msg("row %zu: %lld", i, (long long)answer);
		lab_destroy(&lab);
	}
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Any character that can be printed, but for those that a shell or maps takes for another thing. */
static void test_characters(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	for (int c = 1; c < 256; c++) {
		const char text[] = { 'a', (char)c, '\0' };
		bool allowed = c >= ' ' && c <= '~' && !strchr("\\`$[]", c);
		int64_t answer = name_it(&lab, AT, PAGE, text);

		if (answer != (allowed ? 0 : -UMM_EINVAL))
			fail_msg("character %d: %lld", c, (long long)answer);
	}
	lab_destroy(&lab);
}

/* Files cannot be named, but for memory that is shared and has no name of its own. */
static void test_named_files(void **state)
{
	static const struct {
		enum umm_file_kind kind;
		const char *path;
		int64_t answer;
	} rows[] = {
		{ UMM_FILE_REGULAR, "/a/file", -UMM_EBADF },
		{ UMM_FILE_REGULAR, "/a/file (deleted)", -UMM_EBADF },
		{ UMM_FILE_SHMEM, "/dev/shm/x", -UMM_EBADF },
		{ UMM_FILE_SHMEM, "x", -UMM_EBADF },
		{ UMM_FILE_SHMEM, NULL, -UMM_EBADF },
		{ UMM_FILE_SHMEM, "/dev/zero (deleted)", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct umm_file_desc desc;
		int64_t answer;
		struct lab lab;

		lab_init(&lab);
		umm_file_desc_init(&desc, rows[i].kind);
		desc.flags = UMM_FMODE_READ | UMM_FMODE_WRITE;
		desc.path = rows[i].path;
		assert_int_equal(umm_file_new(lab.world, &desc, &lab.file), 0);
		lab_map(&lab, AT, PAGE, RW, SHARED);
		answer = name_it(&lab, AT, PAGE, "name");
		if (answer != rows[i].answer)
			fail_msg("row %zu: %lld", i, (long long)answer);
		lab_destroy(&lab);
	}
}

/* ---- taken over ------------------------------------------------------------------------------ */

static struct umm_area as_it_is(struct lab *lab)
{
	struct umm_area area;

	assert_true(lab_area(lab, AT, &area));
	return area;
}

static struct umm_area adopted_as(struct lab *lab, const struct umm_area *area)
{
	assert_int_equal(umm_adopt_range(lab->mm, AT, AT + 8 * PAGE, area, 1, 0), 0);
	return as_it_is(lab);
}

/* What is said of an area replaces what was known, what is not said stays, the heap hides names. */
static void test_adopted_attributes(void **state)
{
	char long_name[UMM_ANON_NAME_MAX + 20];
	struct umm_area area, got;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 8 * PAGE, RW, ANON);
	assert_int_equal(name_it(&lab, AT, 8 * PAGE, "first"), 0);
	area = as_it_is(&lab);
	area.name = UMM_NAME_HEAP;
	area.anon_name = NULL;
	got = adopted_as(&lab, &area);
	assert_string_equal(got.anon_name, "first");	/* maps says [heap] */
	area.name = UMM_NAME_NONE;
	got = adopted_as(&lab, &area);
	assert_null(got.anon_name);

	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	area.anon_name = long_name;
	got = adopted_as(&lab, &area);
	assert_int_equal(strlen(got.anon_name), UMM_ANON_NAME_MAX - 1);

	/* Watched: by somebody, by the one it was, by another. */
	area.anon_name = NULL;
	area.vm_flags |= UMM_VM_UFFD_MISSING;
	got = adopted_as(&lab, &area);
	assert_int_equal(got.uffd, UMM_UFFD_UNKNOWN);
	area.uffd = 5;
	got = adopted_as(&lab, &area);
	assert_int_equal(got.uffd, 5);
	got = adopted_as(&lab, &area);
	assert_int_equal(got.uffd, 5);
	area.uffd = 0;
	got = adopted_as(&lab, &area);
	assert_int_equal(got.uffd, 5);
	area.uffd = 6;
	got = adopted_as(&lab, &area);
	assert_int_equal(got.uffd, 6);
	lab_destroy(&lab);
}

/* More locked memory goes than was known of: the counter stops at none. */
static void test_adopted_locks(void **state)
{
	struct umm_mm_stats stats;
	struct umm_area area;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 8 * PAGE, RW, ANON);
	assert_int_equal(umm_mlock(lab.mm, AT, 8 * PAGE, 0, NULL), 0);
	umm_adopt_locked_vm(lab.mm, 3);
	area = as_it_is(&lab);
	area.vm_flags &= ~UMM_VM_LOCKED;
	area = adopted_as(&lab, &area);
	umm_mm_stats(lab.mm, &stats);
	assert_int_equal(stats.locked_vm, 0);
	area.vm_flags |= UMM_VM_LOCKED;
	area = adopted_as(&lab, &area);
	umm_mm_stats(lab.mm, &stats);
	assert_int_equal(stats.locked_vm, 8);
	lab_destroy(&lab);
}

/*
 * Found where mremap may have brought it: a file's area comes from an area of the same file, a
 * written one before one that was not.
 */
static void test_adopted_movers(void **state)
{
	const uint64_t from = AT + 0x100000;
	struct umm_file *file, *other;
	struct umm_area area = { .size = sizeof(area) }, got;
	uint64_t written;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	file = lab_new_file(&lab, "/a");
	other = lab_new_file(&lab, "/b");
	lab_map_file(&lab, from, 2 * PAGE, RW, PRIVATE, other, 0);
	lab_write(&lab, from);
	lab_map_file(&lab, from + 2 * PAGE, 2 * PAGE, RW, PRIVATE, file, 0);
	lab_map_file(&lab, from + 4 * PAGE, 2 * PAGE, RW, PRIVATE, file, 8 * PAGE);
	lab_write(&lab, from + 4 * PAGE);
	lab_map(&lab, from + 6 * PAGE, 2 * PAGE, RW, ANON);
	lab_write(&lab, from + 6 * PAGE);
	assert_true(lab_area(&lab, from + 4 * PAGE, &area));
	written = area.anon_id;
	assert_true(written != 0);

	area.start = AT;
	area.end = AT + 8 * PAGE;
	area.anon = UMM_ANON_NONE;
	area.anon_id = 0;
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 8 * PAGE, &area, 1, from), 0);
	got = as_it_is(&lab);
	assert_int_equal(got.anon_id, written);
	assert_ptr_equal(got.file, file);

	/* The file is not said: it is the mover's. */
	area.file = NULL;
	area.name = UMM_NAME_FILE;
	assert_int_equal(umm_munmap(lab.mm, AT, 8 * PAGE, NULL), 0);
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 8 * PAGE, &area, 1, from + 2 * PAGE), 0);
	assert_int_equal(as_it_is(&lab).anon_id, written);

	/* And what stays within what it was comes from there, not from elsewhere. */
	got = as_it_is(&lab);
	got.end -= PAGE;
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 8 * PAGE, &got, 1, from + 6 * PAGE), 0);
	assert_int_equal(as_it_is(&lab).anon_id, written);
	assert_true(umm_mm_is_valid(lab.mm));
	umm_file_put(file);
	umm_file_put(other);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_no_numa),
		cmocka_unit_test(test_forked_contexts),
		cmocka_unit_test(test_moved_contexts),
		cmocka_unit_test(test_what_can_be_watched),
		cmocka_unit_test(test_characters),
		cmocka_unit_test(test_named_files),
		cmocka_unit_test(test_adopted_attributes),
		cmocka_unit_test(test_adopted_locks),
		cmocka_unit_test(test_adopted_movers),
	};

	return cmocka_run_group_tests_name("attrs_more", tests, NULL, NULL);
}
