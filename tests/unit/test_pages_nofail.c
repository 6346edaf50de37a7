/*
 * test_pages_nofail.c - frames, or the platform's memory, run out at the n-th one, for every n
 * until the call succeeds.  Each failure says so, leaves contents as they were and the world
 * valid, and the same call works when there is memory again.
 */
#include "elf_bytes.h"
#include "lab.h"
#include "phys/phys.h"
#include "rmap/rmap.h"

#define FRAMES 128
#define WRITTEN 8		/* pages at AT that hold a pattern before the step */
#define FAR (AT + (UINT64_C(1) << 40))

struct scenario {
	const char *name;
	void (*prepare)(struct lab *lab);
	int64_t (*step)(struct lab *lab);	/* 0 or the error */
	int64_t error;				/* that want of frames is, 0 for UMM_FAULT_OOM */
};

static struct umm_mm *child;

static void nothing(struct lab *lab)
{
	(void)lab;
}

static void unwritten(struct lab *lab)
{
	lab_map(lab, FAR, 4 * PAGE, RW, ANON);
}

static void read_before(struct lab *lab)
{
	unwritten(lab);
	assert_int_equal(umm_fault(lab->mm, FAR, UMM_ACCESS_READ, NULL), UMM_FAULT_OK);
}

static void has_child(struct lab *lab)
{
	assert_int_equal(umm_fork(lab->mm, &child, NULL), 0);
}

static int read_page(void *cookie, uint64_t pgoff, void *contents)
{
	(void)cookie;
	memset(contents, (int)pgoff + 1, PAGE);
	return 0;
}

static void file_private(struct lab *lab)
{
	struct umm_file_desc desc;

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.read_page = read_page;
	assert_int_equal(umm_file_new(lab->world, &desc, &lab->file), 0);
	lab_map(lab, FAR, 4 * PAGE, RW, PRIVATE);
}

static void shared(struct lab *lab)
{
	lab_map(lab, FAR, 4 * PAGE, RW, SHARED | UMM_MAP_ANONYMOUS);
}

static void stack(struct lab *lab)
{
	lab_map(lab, FAR, 4 * PAGE, RW, ANON | UMM_MAP_GROWSDOWN);
}

static int64_t write_far(struct lab *lab)
{
	return umm_fault(lab->mm, FAR, UMM_ACCESS_WRITE, NULL);
}

static int64_t read_far(struct lab *lab)
{
	return umm_fault(lab->mm, FAR, UMM_ACCESS_READ, NULL);
}

static int64_t write_below(struct lab *lab)
{
	return umm_fault(lab->mm, FAR - PAGE, UMM_ACCESS_WRITE, NULL);
}

static int64_t write_all(struct lab *lab)
{
	static const unsigned char bytes[4 * PAGE];
	uint64_t done;
	int fault;

	done = umm_write(lab->mm, FAR, bytes, sizeof(bytes), &fault);
	assert_true(done % PAGE == 0 && (done == sizeof(bytes)) == (fault == UMM_FAULT_OK));
	return fault;
}

/* What is written is what is there. */
static int64_t break_sharing(struct lab *lab)
{
	uint64_t done;
	int fault;

	done = umm_copy(lab->mm, AT, lab->mm, AT, WRITTEN * PAGE, &fault, NULL);
	assert_true((done == WRITTEN * PAGE) == (fault == UMM_FAULT_OK));
	return fault;
}

static int64_t do_fork(struct lab *lab)
{
	return umm_fork(lab->mm, &child, NULL);
}

static int64_t move(struct lab *lab)
{
	int64_t ret = umm_mremap(lab->mm, AT, WRITTEN * PAGE, WRITTEN * PAGE,
				 UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, FAR - 2 * PAGE, NULL);

	if (ret != (int64_t)(FAR - 2 * PAGE))
		return ret;
	/* And home again, where a table may have gone: there is room now. */
	return 0;
}

static int64_t populate(struct lab *lab)
{
	return umm_madvise(lab->mm, FAR, 4 * PAGE, UMM_MADV_POPULATE_WRITE, NULL);
}

static int64_t populate_read(struct lab *lab)
{
	return umm_madvise(lab->mm, FAR, 4 * PAGE, UMM_MADV_POPULATE_READ, NULL);
}

static int64_t populate_by_hand(struct lab *lab)
{
	int fault;

	(void)umm_populate(lab->mm, FAR, 4 * PAGE, UMM_ACCESS_WRITE, &fault);
	return fault;
}

static int64_t zero(struct lab *lab)
{
	int fault;

	(void)umm_zero(lab->mm, FAR + 10, 3 * PAGE, &fault);
	return fault;
}

static int64_t translate(struct lab *lab)
{
	uint64_t len;
	int fault;

	(void)umm_translate(lab->mm, FAR, UMM_ACCESS_WRITE, &len, &fault);
	return fault;
}

/* Its answers are written to memory that has no page yet. */
static int64_t residency(struct lab *lab)
{
	return umm_mincore(lab->mm, AT, WRITTEN * PAGE, FAR, NULL);
}

static int64_t migrate(struct lab *lab)
{
	struct phys *phys = ((struct world *)lab->world)->phys;
	struct umm_page_info info;

	assert_true(umm_page_info(lab->mm, AT, &info));
	return migrate_page((struct world *)lab->world, pfn_to_page(phys, info.pfn)) ?
	       0 : UMM_FAULT_OOM;
}

/* What came half-way into being goes with the address space. */
static int64_t exec(struct lab *lab)
{
	struct umm_exec_desc desc;
	struct elf_bytes program;
	int64_t ret = umm_exec(lab->mm, &child);

	if (ret)
		return ret;
	elf_static(&program, lab->file);
	umm_exec_desc_init(&desc);
	desc.program = program.image;
	desc.args = (struct umm_exec_args){ .argc = 1, .filename = 2, .argv = 2 };
	ret = umm_exec_elf(child, &desc, NULL, NULL);
	if (ret >= 0)
		return 0;
	umm_mm_put(child);
	child = NULL;
	return ret;
}

static int64_t lock(struct lab *lab)
{
	return umm_mlock(lab->mm, FAR, 4 * PAGE, 0, NULL);
}

static int64_t new_mm(struct lab *lab)
{
	return umm_mm_new(lab->world, &child);
}

static int64_t adopt_pages(struct lab *lab)
{
	return umm_adopt_pages(lab->mm, FAR, FAR + 4 * PAGE, UMM_PAGE_ANON);
}

static const struct scenario scenarios[] = {
	{ "write", unwritten, write_far, 0 },
	{ "read", unwritten, read_far, 0 },
	{ "write after read", read_before, write_far, 0 },
	{ "write a file's", file_private, write_far, 0 },
	{ "read a file's", file_private, read_far, 0 },
	{ "write shared", shared, write_far, 0 },
	{ "grow a stack", stack, write_below, 0 },
	{ "umm_write", unwritten, write_all, 0 },
	{ "copy on write", has_child, break_sharing, 0 },
	{ "fork", nothing, do_fork, -UMM_ENOMEM },
	{ "mremap", nothing, move, -UMM_ENOMEM },
	{ "MADV_POPULATE_WRITE", unwritten, populate, -UMM_ENOMEM },
	{ "MADV_POPULATE_READ", unwritten, populate_read, -UMM_ENOMEM },
	{ "umm_populate", unwritten, populate_by_hand, 0 },
	{ "umm_zero", unwritten, zero, 0 },
	{ "umm_translate", unwritten, translate, 0 },
	{ "mincore", unwritten, residency, -UMM_EFAULT },
	{ "migration", nothing, migrate, 0 },
	{ "exec", file_private, exec, -UMM_EFAULT },
	{ "mlock", unwritten, lock, -UMM_EAGAIN },
	{ "adopt pages", unwritten, adopt_pages, -UMM_ENOMEM },
	{ "mm_new", nothing, new_mm, -UMM_ENOMEM },
};

static unsigned char pattern(uint64_t page)
{
	return (unsigned char)(page * 3 + 1);
}

static void begin(struct lab *lab, const struct scenario *s, uint32_t pages)
{
	unsigned char bytes[PAGE];
	int fault;

	lab_init(lab);
	lab_set_pages(lab, pages, FRAMES);
	lab_map(lab, AT, WRITTEN * PAGE, RW, ANON);
	for (uint64_t page = 0; page < WRITTEN; page++) {
		memset(bytes, pattern(page), sizeof(bytes));
		assert_int_equal(umm_write(lab->mm, AT + page * PAGE, bytes, PAGE, &fault), PAGE);
	}
	child = NULL;
	s->prepare(lab);
}

/* What was written before is there, at its place or where it was moved to. */
static void check_contents(struct lab *lab, const struct scenario *s)
{
	uint64_t total;

	if (!umm_world_is_valid(lab->world))
		fail_msg("%s: the world is not valid", s->name);
	if (lab->settings.pages != UMM_PAGES_CONTENTS)
		return;
	(void)umm_world_frames(lab->world, &total);
	for (uint64_t page = 0; page < WRITTEN; page++) {
		struct umm_page_info info;
		umm_addr_t addr = AT + page * PAGE;
		unsigned char byte = 0;
		int fault;

		if (!umm_page_info(lab->mm, addr, &info))
			addr = FAR + (page - 2) * PAGE;
		assert_int_equal(umm_read(lab->mm, addr + 77, &byte, 1, &fault), 1);
		assert_int_equal(byte, pattern(page));
	}
}

static void end(struct lab *lab)
{
	if (child)
		umm_mm_put(child);
	lab_destroy(lab);
}

/* Take all frames but @left. */
static size_t take_frames(struct lab *lab, struct page **taken, uint64_t left)
{
	struct phys *phys = ((struct world *)lab->world)->phys;
	size_t nr = 0;

	while (phys_free_frames(phys) > left) {
		taken[nr] = alloc_page(phys);
		assert_non_null(taken[nr++]);
	}
	return nr;
}

static void give_frames(struct lab *lab, struct page **taken, size_t nr)
{
	while (nr--)
		put_page(((struct world *)lab->world)->phys, taken[nr]);
}

static void must_fail_as(const struct scenario *s, int64_t err)
{
	int64_t frames = s->error ? s->error : UMM_FAULT_OOM;

	if (err != frames && err != -UMM_ENOMEM)
		fail_msg("%s: answer %lld", s->name, (long long)err);
}

/* With @left frames: true if that was enough. */
static bool with_frames(const struct scenario *s, uint32_t pages, uint64_t left)
{
	struct page *taken[FRAMES];
	struct lab lab;
	int64_t err;
	size_t nr;

	begin(&lab, s, pages);
	nr = take_frames(&lab, taken, left);
	err = s->step(&lab);
	if (err) {
		must_fail_as(s, err);
		check_contents(&lab, s);
		give_frames(&lab, taken, nr);
		assert_int_equal(s->step(&lab), 0);
	} else {
		give_frames(&lab, taken, nr);
	}
	check_contents(&lab, s);
	end(&lab);
	return !err;
}

/* With the n-th allocation refused: true if it was not reached. */
static bool with_allocations(const struct scenario *s, uint32_t pages, uint64_t n)
{
	struct lab lab;
	bool reached;
	int64_t err;

	begin(&lab, s, pages);
	unit_memory_fail_at(&lab.memory, n);
	err = s->step(&lab);
	reached = lab.memory.calls >= n;
	unit_memory_fail_at(&lab.memory, 0);
	if (err) {
		assert_true(reached);
		must_fail_as(s, err);
		check_contents(&lab, s);
		assert_int_equal(s->step(&lab), 0);
	}
	check_contents(&lab, s);
	end(&lab);
	return !reached;
}

static void play(uint32_t pages)
{
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		const struct scenario *s = &scenarios[i];
		uint64_t left = 0, n = 1;

		while (!with_frames(s, pages, left))
			left++;
		/* A step that needs no frame would test nothing. */
		if (!left)
			fail_msg("%s: no frame was ever wanted", s->name);
		while (!with_allocations(s, pages, n))
			n++;
	}
}

static void test_contents(void **state)
{
	(void)state;
	play(UMM_PAGES_CONTENTS);
}

static void test_counted(void **state)
{
	(void)state;
	play(UMM_PAGES_COUNTED);
}

/* What gives memory back needs none. */
static void test_never_fail(void **state)
{
	struct page *taken[FRAMES];
	struct lab lab;
	size_t nr;

	(void)state;
	begin(&lab, &scenarios[0], UMM_PAGES_CONTENTS);
	nr = take_frames(&lab, taken, 0);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R, -1, NULL), 0);
	assert_int_equal(umm_madvise(lab.mm, AT + PAGE, PAGE, UMM_MADV_FREE, NULL), 0);
	assert_int_equal(umm_madvise(lab.mm, AT + PAGE, PAGE, UMM_MADV_DONTNEED, NULL), 0);
	assert_int_equal(umm_munmap(lab.mm, AT, WRITTEN * PAGE, NULL), 0);
	give_frames(&lab, taken, nr);
	end(&lab);
}

/* What makes pages because it was asked to, but promised nothing, leaves them out. */
static void test_left_out(void **state)
{
	struct page *taken[FRAMES];
	struct umm_page_info info;
	struct lab lab;
	size_t nr;

	(void)state;
	begin(&lab, &scenarios[0], UMM_PAGES_CONTENTS);
	nr = take_frames(&lab, taken, 0);
	lab_map(&lab, FAR + 8 * PAGE, 4 * PAGE, RW, ANON | UMM_MAP_POPULATE);
	assert_int_equal(umm_mlockall(lab.mm, UMM_MCL_CURRENT | UMM_MCL_FUTURE, NULL), 0);
	lab_map(&lab, FAR + 16 * PAGE, 4 * PAGE, RW, ANON);
	assert_true(umm_world_is_valid(lab.world));
	assert_false(umm_page_info(lab.mm, FAR + 8 * PAGE, &info));
	assert_false(umm_page_info(lab.mm, FAR + 16 * PAGE, &info));
	give_frames(&lab, taken, nr);
	assert_int_equal(umm_fault(lab.mm, FAR + 8 * PAGE, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
	assert_true(umm_page_info(lab.mm, FAR + 8 * PAGE, &info));
	end(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_counted),
		cmocka_unit_test(test_never_fail),
		cmocka_unit_test(test_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
