/*
 * test_seq_model.c - sequences executed by the library, and which steps are left out.
 */
#include <errno.h>

#include "host/platform_posix.h"
#include "seq/model.h"

#include "unit.h"

static int64_t step(struct seq_model *model, const char *text)
{
	struct seq_step read;
	const char *error;

	if (seq_step_parse(text, &read, &error))
		fail_msg("%s: %s", text, error);
	return seq_model_step(model, &read, NULL);
}

static struct seq_model *plain_model(void)
{
	struct seq_model *model;

	assert_int_equal(seq_model_new(NULL, NULL, NULL, &model), 0);
	return model;
}

static uint64_t pool(const struct seq_model *model, uint64_t offset)
{
	return seq_model_bases(model)->base[SEQ_BASE_POOL] + offset;
}

static uint64_t areas(struct seq_model *model, unsigned int process)
{
	struct umm_mm_stats stats;

	umm_mm_stats(seq_model_mm(model, process), &stats);
	return stats.map_count;
}

/* At least one step of each call of calls.def, with the answer that Linux gives. */
static const struct {
	const char *text;
	int64_t answer;
} script[] = {
	{ "mmap(0, 0x3000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)", 1 },
	{ "munmap($0+0x1000, 0x1000)", 0 },
	{ "munmap($0+1, 0x1000)", -EINVAL },
	{ "mprotect($0, 0x1000, PROT_READ)", 0 },
	{ "pkey_mprotect($0, 0x1000, PROT_READ, 1)", -EINVAL },
	{ "mremap($0, 0x1000, 0x2000, 0, 0)", 1 },
	{ "remap_file_pages($0, 0x1000, 0, 0, 0)", -EINVAL },
	{ "brk(brk+0x5000)", 1 },
	{ "madvise($0, 0x1000, MADV_HUGEPAGE)", 0 },
	{ "process_madvise(0, $0, 0x1000, MADV_COLD, 0)", 0x1000 },
	{ "mlock($0, 0x1000)", 0 },
	{ "mlock2($0, 0x1000, MLOCK_ONFAULT)", 0 },
	{ "munlock($0, 0x1000)", 0 },
	{ "mlockall(MCL_FUTURE)", 0 },
	{ "munlockall()", 0 },
	{ "msync($0, 0x1000, MS_SYNC)", 0 },
	{ "mincore($0, 0x1000, $7-0x1000)", 0 },
	{ "mseal(pool, 0x1000, 0)", -ENOMEM },
	{ "mbind($0, 0x1000, 2, 1, 0)", 0 },
	{ "set_mempolicy(0, 1)", -EINVAL },
	{ "set_mempolicy_home_node($0, 0x1000, 0, 0)", 0 },
	{ "set_vma_name($0, 0x1000, 7)", 0 },
	{ "set_vma_name($0, 0x1000, 100)", -EINVAL },
	{ "set_vma_name($0, 0x1000, 101)", -EINVAL },
	{ "set_vma_name($0, 0x1000, 102)", -EFAULT },
	{ "shmget(0, 0x2000, IPC_CREAT)", 1 },
	{ "shmat($25, pool, 0)", 1 },
	{ "shmctl($25, IPC_RMID)", 0 },
	{ "shmdt(pool)", 0 },
	{ "shmat($25, pool, 0)", -EINVAL },
	{ "mmap(pool, 0x1000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, memfd, 0)", 1 },
	{ "add_seals(memfd_read_only, F_SEAL_WRITE)", -EPERM },
	{ "add_seals(memfd, F_SEAL_WRITE)", -EBUSY },
	{ "munmap(pool, 0x1000)", 0 },
	{ "add_seals(memfd, F_SEAL_WRITE)", 0 },
	{ "mmap(pool, 0x1000, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, memfd, 0)", -EPERM },
	{ "userfaultfd(UFFD_FEATURE_WP_ASYNC)", 1 },
	{ "uffd_register($36, $0, 0x1000, UFFDIO_REGISTER_MODE_WP)", 0 },
	{ "uffd_unregister($36, $0, 0x1000)", 0 },
	{ "uffd_close($36)", 0 },
	{ "uffd_close($36)", SEQ_SKIPPED },
	{ "setrlimit(RLIMIT_AS, size+0x100000, RLIM_INFINITY)", 0 },
	{ "mmap(0, 0x200000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)", -ENOMEM },
	{ "personality(0xffffffff)", 0x40000 },
	{ "set_mdwe(2)", -EINVAL },
	{ "set_thp_disable(1, 0)", 0 },
	{ "set_memory_merge(1)", 0 },
	{ "set_mm(PR_SET_MM_BRK, pool)", -EPERM },
	{ "read($0)", 0 },
	{ "write($0)", 2 },
	{ "read(pool)", 1 },
	{ "mmap(pool, 0x20000, PROT_READ, MAP_PRIVATE|MAP_FIXED, regular, 0)", 1 },
	{ "read(pool+0xf000)", 0 },
	{ "read(pool+0x10000)", 12 },
	{ "fork()", 1 },
	{ "1: munmap(pool, 0x20000)", 0 },
	{ "1: read(pool)", 1 },
	{ "read(pool)", 0 },
	{ "1: exit()", 0 },
	{ "1: exit()", SEQ_SKIPPED },
	{ "exit()", SEQ_SKIPPED },
	{ "many(pool, 0x40)", 0 },
	{ "store(pool+0x1000, 1)", 2 },
	{ "pages(pool, 0x1000, PAGES_ALL)", SEQ_SKIPPED },
	{ "smaps(pool, 0x1000, SMAPS_RSS)", SEQ_SKIPPED },
};

static void test_script(void **state)
{
	struct seq_model *model = plain_model();
	bool made[SEQ_CALLS] = { false };

	(void)state;
	for (size_t i = 0; i < sizeof(script) / sizeof(script[0]); i++) {
		int64_t answer = step(model, script[i].text);

		made[seq_model_state(model)->call[i]] = true;
		/* 1 stands for any success of those that answer something else than 0. */
		if (script[i].answer == 1 ? answer <= 0 && answer != 0 :
					    answer != script[i].answer)
			fail_msg("%zu: %s = %lld", i, script[i].text, (long long)answer);
		assert_true(seq_model_is_valid(model));
	}
	for (unsigned int i = 0; i < SEQ_CALLS; i++) {
		if (!made[i])
			fail_msg("no step calls %s", seq_call_info(i)->name);
	}
	seq_model_free(model);
}

/* What is seen of memory, in a world that has it. */
static void test_looks(void **state)
{
	static const struct {
		const char *text;
		uint64_t answer;
	} looks[] = {
		{ "pages(pool, 0x1000, PAGES_THERE)", 0 },
		{ "pages(pool, 0x1000, PAGES_ALL)", 0x10000000000 },	/* MAPERR */
		{ "mmap(pool, 0x2000, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)",
		  0x1000000000 },
		{ "read(pool)", 0 },
		{ "pages(pool, 0x1000, PAGES_THERE)", 0xb00000000 },	/* the zero page */
		{ "store(pool, 0)", 0 },
		{ "pages(pool, 0x1000, PAGES_THERE)", 0xd00000000 },	/* ours alone */
		{ "fork()", 1 },
		{ "pages(pool, 0x1000, PAGES_THERE)", 0x900000000 },	/* shared */
		{ "smaps(pool, 0x2000, SMAPS_SHARED_DIRTY)", 4 },
		{ "1: exit()", 0 },
		{ "smaps(pool, 0x2000, SMAPS_RSS)", 4 },
		{ "mmap(pool, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, pattern, 0x1000)",
		  0x1000000000 },
		{ "pages(pool+0x1000, 0x2000, PAGES_THERE)", 0 },
		{ "pages(pool, 0x1001, PAGES_ALL)", (uint64_t)SEQ_SKIPPED },
		{ "mmap(pool, 0x1000, PROT_READ, MAP_PRIVATE|MAP_FIXED, pattern, 0xa000)",
		  0x1000000000 },
		{ "pages(pool, 0x1000, PAGES_ALL)", 0xc0000000000 },	/* BUS_ADRERR */
	};
	struct umm_settings settings;
	struct seq_model *model;
	struct umm_platform platform;

	(void)state;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = 512;
	umm_platform_posix(&platform);
	assert_int_equal(seq_model_new(&settings, NULL, &platform, &model), 0);
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		int64_t answer = step(model, looks[i].text);

		if (answer != (int64_t)looks[i].answer)
			fail_msg("%s = %#llx", looks[i].text, (unsigned long long)answer);
	}
	assert_int_equal(seq_model_end(model), 1);
	seq_model_free(model);
}

static void test_many(void **state)
{
	struct umm_settings settings;
	struct seq_model *model;

	(void)state;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.max_map_count = 300;
	assert_int_equal(seq_model_new(&settings, NULL, NULL, &model), 0);
	assert_int_equal(step(model, "many(pool, 110)"), 0);
	assert_int_equal(areas(model, 0), 110);
	assert_int_equal(step(model, "many(pool, 70000)"), -ENOMEM);
	assert_int_equal(areas(model, 0), 301);
	assert_int_equal(step(model, "many(pool, 70001)"), SEQ_SKIPPED);
	seq_model_free(model);
}

/* What would reach into the executor, or into somebody else's things. */
static void test_left_out(void **state)
{
	static const char *const texts[] = {
		"munmap(0x400000, 0x1000)", "munmap(0, 0x400001)", "munmap(0x40ffff, 1)",
		"mmap(0x40f000, 0x2000, 0, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, none, 0)",
		"mremap(pool, 0x1000, 0x1000, MREMAP_MAYMOVE|MREMAP_FIXED, 0x400000)",
		"mremap(0x400000, 0, 0x1000, MREMAP_MAYMOVE, 0)",
		"mincore(pool, 0x1000, 0x400000)", "mprotect(0x3ff000, 0xffffffff, 0)",
		"madvise(0x3ff000, 0x1001, MADV_DONTNEED)", "brk(0x400000)", "brk(0x1000)",
		"many(0x3ff000, 2)", "write(0x400000)", "process_madvise(0, 0x400000, 1, 20, 0)",
		"mbind(0x400000, 0x1000, 0, 0, 0)", "set_mm(PR_SET_MM_START_BRK, 0x1000)",
		"munmap($0, 0x1000)", "shmat(0, pool, 0)", "shmctl(5, IPC_RMID)",
		"shmget(0x12345, 0x1000, IPC_CREAT)", "uffd_close(3)", "setrlimit(0, 1, 1)",
		"userfaultfd(UFFD_FEATURE_EVENT_FORK)", "madvise(pool, 0x1000, MADV_HWPOISON)",
		"read(0x800000000000)", "1: munmap(pool, 0x1000)", "personality(8)",
		"process_madvise(1, pool, 1, 20, 0)", "mmap(pool, 1, 0, 2, 99, 0)",
		"mmap(0, 0x10000000, 3, MAP_PRIVATE|MAP_ANONYMOUS|MAP_POPULATE, none, 0)",
	};
	static const char *const executed[] = {
		"munmap(0, 0x400000)", "munmap(0x410000, 0x1000)", "brk(0)", "brk(0x410000)",
		"mmap(0x400000, 0x1000, 0, MAP_PRIVATE|MAP_ANONYMOUS, none, 0)",
		"shmat(0xffffffff, pool, 0)", "setrlimit(99, 1, 1)",
		"process_madvise(0, pool, 1, 20, 0)", "munmap(0xfffffffffffff000, 0x1000)",
	};
	struct seq_start start;
	struct seq_model *model;

	(void)state;
	seq_start_plain(&start);
	start.own_start = 0x400000;
	start.own_end = 0x410000;
	assert_int_equal(seq_model_new(NULL, &start, NULL, &model), 0);
	assert_int_equal(step(model, "munmap(1, 1)"), -EINVAL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (step(model, texts[i]) != SEQ_SKIPPED)
			fail_msg("executed: %s", texts[i]);
	}
	for (size_t i = 0; i < sizeof(executed) / sizeof(executed[0]); i++) {
		if (step(model, executed[i]) == SEQ_SKIPPED)
			fail_msg("left out: %s", executed[i]);
	}
	seq_model_free(model);
}

/* Nobody reads the messages of a userfaultfd: what is watched must not be touched. */
static void test_watched(void **state)
{
	struct seq_model *model = plain_model();

	(void)state;
	assert_int_equal(step(model, "mmap(pool, 0x3000, 3, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, "
				     "none, 0)"), pool(model, 0));
	assert_true(step(model, "userfaultfd(0)") > 0);
	assert_int_equal(step(model, "fork()"), 1);
	assert_int_equal(step(model, "uffd_register($1, pool, 0x1000, "
				     "UFFDIO_REGISTER_MODE_MISSING)"), 0);
	assert_int_equal(step(model, "write(pool)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "mlock(pool, 0x2000)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "mlock(pool+0x1000, 0x1000)"), 0);
	assert_int_equal(step(model, "mlockall(MCL_CURRENT)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "mincore(pool+0x1000, 0x1000, pool)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "madvise(pool, 0x1000, MADV_POPULATE_READ)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "write(pool+0x1000)"), 0);
	/* The child holds the descriptor open; what it watches is the parent's memory. */
	assert_int_equal(step(model, "uffd_close($1)"), 0);
	assert_int_equal(step(model, "write(pool)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "1: write(pool)"), 0);
	assert_int_equal(step(model, "1: uffd_register($1, pool+0x1000, 0x1000, "
				     "UFFDIO_REGISTER_MODE_MISSING)"), 0);
	assert_int_equal(step(model, "write(pool+0x1000)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "1: exit()"), 0);
	assert_int_equal(step(model, "write(pool)"), 0);
	seq_model_free(model);
}

/* A page table that a page left behind keeps a huge page away: areas do not tell. */
static void test_page_tables(void **state)
{
	struct umm_settings settings;
	struct seq_model *model;

	(void)state;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.thp_configured = true;
	settings.thp_enabled = UMM_THP_MADVISE;
	assert_int_equal(seq_model_new(&settings, NULL, NULL, &model), 0);
	assert_int_equal(step(model, "mmap(pool, 0x1000000, PROT_READ, "
				     "MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, none, 0)"),
			 pool(model, 0));
	assert_int_equal(step(model, "read(pool+0x400000)"), 0);
	assert_int_equal(step(model, "madvise(pool, 0x1000000, MADV_HUGEPAGE)"), 0);
	assert_int_equal(step(model, "read(pool+0x401000)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "mlock(pool+0x3ff000, 0x2000)"), SEQ_SKIPPED);
	assert_int_equal(step(model, "madvise(pool+0x400000, 0x1000, MADV_POPULATE_READ)"),
			 SEQ_SKIPPED);
	assert_int_equal(step(model, "read(pool+0x800000)"), 0);
	/* The huge zero page: it has an anon_vma now, and nothing is left to be known. */
	assert_int_equal(step(model, "read(pool+0x801000)"), 0);
	seq_model_free(model);
}

/* Areas, files and limits that are there before the first step. */
static void test_start(void **state)
{
	struct seq_start start;
	struct seq_model *model;
	struct umm_area area = { .size = sizeof(area) };
	char text[512];

	(void)state;
	seq_start_plain(&start);
	start.file[SEQ_FILES] = (struct seq_start_file){
		.kind = UMM_FILE_REGULAR, .bytes = 0x2000, .dev_major = 8, .inode = 77,
		.flags = UMM_FMODE_READ, .path = "/executor",
	};
	start.area[0] = (struct seq_start_area){
		.start = 0x400000, .end = 0x402000, .offset = 0x1000, .file = SEQ_FILES,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD | UMM_VM_WRITE | UMM_VM_MAYWRITE,
		.written = true,
	};
	start.nr_areas = 1;
	start.as.soft = 0x4000;
	assert_int_equal(seq_model_new(NULL, &start, NULL, &model), 0);
	umm_maps_text(seq_model_mm(model, 0), text, sizeof(text));
	assert_non_null(strstr(text, "00400000-00402000 rw-p 00001000 08:00 77"));
	assert_non_null(strstr(text, "/executor"));
	assert_true(umm_find_area(seq_model_mm(model, 0), 0, &area));
	assert_int_equal(area.anon, UMM_ANON_OWN);
	assert_int_equal(step(model, "mmap(0, 0x3000, 0, 0x22, none, 0)"), -ENOMEM);
	assert_true(step(model, "mmap(0, 0x2000, 0, 0x22, none, 0)") > 0);
	seq_model_free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_watched),
		cmocka_unit_test(test_page_tables),
		cmocka_unit_test(test_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
