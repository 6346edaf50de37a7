/*
 * test_exec.c - the ELF loader: where things go, the stack, scripts, and hostile files.
 *
 * The numbers are what Linux 6.18 does without randomisation; tests/kernel/exec.bats has the kernel
 * say so.
 */
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exec_lab.h"

#define TOP UINT64_C(0x7ffffffff000)
#define BASE UINT64_C(0x7ffff7fff000)		/* mmap_base for a stack of 8 MiB */
#define PIE UINT64_C(0x555555554000)

static struct lab lab;
static struct exec_lab x;

static int setup(void **state)
{
	(void)state;
	lab_init(&lab);
	lab_limit(&lab, UMM_RLIMIT_STACK, 8 * MIB);
	exec_lab_init(&x, &lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	exec_lab_destroy(&x);
	lab_destroy(&lab);
	return 0;
}

static void loads(void)
{
	int64_t start = exec_lab_load(&x);

	assert_true(start > 0);
	assert_int_equal(start, x.result.start);
	assert_false(x.result.fatal);
	assert_true(umm_mm_is_valid(lab.mm));
}

/* The area at @start: it ends at @end, with those flags of rwx, file and anon_vma. */
static void area_is(uint64_t start, uint64_t end, const char *perms, bool file, bool anon)
{
	struct umm_area area;
	uint64_t flags;

	if (!lab_area(&lab, start, &area))
		fail_msg("no area at %llx", (unsigned long long)start);
	flags = area.vm_flags;
	assert_int_equal(area.start, start);
	assert_int_equal(area.end, end);
	assert_int_equal(!!(flags & UMM_VM_READ), perms[0] == 'r');
	assert_int_equal(!!(flags & UMM_VM_WRITE), perms[1] == 'w');
	assert_int_equal(!!(flags & UMM_VM_EXEC), perms[2] == 'x');
	assert_int_equal(area.file != NULL, file);
	assert_int_equal(area.anon == UMM_ANON_OWN, anon);
}

static struct umm_layout layout(void)
{
	struct umm_layout got = { .size = sizeof(got) };

	umm_mm_get_layout(lab.mm, &got);
	return got;
}

static void test_static(void **state)
{
	(void)state;
	loads();
	area_is(0x400000, 0x401000, "r--", true, false);
	area_is(0x401000, 0x403000, "r-x", true, false);
	area_is(0x404000, 0x405000, "rw-", true, true);
	area_is(0x405000, 0x408000, "rw-", false, false);
	area_is(BASE - 8 * PAGE, BASE - 4 * PAGE, "r--", false, false);
	area_is(BASE - 4 * PAGE, BASE - 2 * PAGE, "r--", false, false);
	area_is(BASE - 2 * PAGE, BASE, "r-x", false, false);
	area_is(TOP - 33 * PAGE, TOP, "rw-", false, true);
	assert_int_equal(lab_areas(&lab), 8);
	assert_int_equal(layout().start_brk, 0x408000);
	assert_int_equal(layout().mmap_base, BASE);
	assert_int_equal(layout().start_code, 0x401000);
	assert_int_equal(layout().end_data, 0x404300);
	assert_int_equal(x.result.vdso, BASE - 2 * PAGE);
}

static int full_page(void *cookie, uint64_t pgoff, void *contents)
{
	(void)cookie;
	(void)pgoff;
	memset(contents, 0xaa, PAGE);
	return 0;
}

/* Behind the last byte of the file's data, up to where bss has pages of its own. */
static void test_zeroed(void **state)
{
	struct umm_file_desc desc;
	unsigned char bytes[PAGE];
	int fault;

	(void)state;
	exec_lab_destroy(&x);
	lab_destroy(&lab);
	lab_init(&lab);
	lab_set_pages(&lab, UMM_PAGES_CONTENTS, 1024);
	exec_lab_init(&x, &lab);
	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.read_page = full_page;
	assert_int_equal(umm_file_new(lab.world, &desc, &x.desc.program.file), 0);
	loads();
	umm_file_put(x.desc.program.file);
	assert_int_equal(umm_read(lab.mm, 0x404000, bytes, PAGE, &fault), PAGE);
	for (size_t i = 0; i < PAGE; i++)
		assert_int_equal(bytes[i], i < 0x300 ? 0xaa : 0);
}

static void test_pie(void **state)
{
	(void)state;
	exec_lab_pie(&x);
	loads();
	area_is(PIE, PIE + PAGE, "r--", true, false);
	area_is(PIE + 4 * PAGE, PIE + 5 * PAGE, "rw-", true, true);
	area_is(BASE - 4 * PAGE, BASE - 2 * PAGE, "r-x", true, false);
	area_is(BASE - 2 * PAGE, BASE - PAGE, "rw-", true, true);
	area_is(BASE - PAGE, BASE, "rw-", false, false);
	area_is(BASE - 6 * PAGE, BASE - 4 * PAGE, "r-x", false, false);
	assert_int_equal(x.result.load_bias, PIE);
	assert_int_equal(x.result.interpreter_base, BASE - 4 * PAGE);
	assert_int_equal(x.result.start, BASE - 4 * PAGE + 0x1234);
	assert_int_equal(x.result.entry, PIE + 0x1000);
	assert_int_equal(x.result.phdr, PIE + 64);
	assert_int_equal(layout().start_brk, PIE + 5 * PAGE);
}

/* Without an interpreter it goes where mmap would put it, and the heap goes elsewhere. */
static int64_t read_self(void *ctx, uint64_t offset, void *buf, size_t len)
{
	return pread(*(int *)ctx, buf, len, (off_t)offset);
}

/* What the kernel told this program of itself when it laid it out. */
static void test_self(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	exec_lab_pie(&x);
	x.desc.program.read = read_self;
	x.desc.program.ctx = &fd;
	x.desc.program.bytes = (uint64_t)st.st_size;
	loads();
	assert_int_equal(x.result.phdr - x.result.entry,
			 getauxval(AT_PHDR) - getauxval(AT_ENTRY));
	close(fd);
}

static void test_static_pie(void **state)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0, 0, 0x2000, 0x2000, PAGE },
		{ SEG_LOAD, SEG_RW, 0x2000, 0x202000, 0x1000, 0x1000, PAGE },
	};

	(void)state;
	exec_lab_segments(&x, ELF_DYN, segments, 2);
	loads();
	assert_int_equal(x.result.load_bias, BASE - 0x203000);
	area_is(BASE - PAGE, BASE, "rw-", true, false);
	assert_int_equal(layout().start_brk, UINT64_C(0x555555555000));
	/* The vdso goes into the hole between the segments. */
	assert_int_equal(x.result.vdso, BASE - 3 * PAGE);
}

/* A segment that wants 2 MiB: the place is rounded down to that. */
static void test_alignment(void **state)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0, 0, 0x1000, 0x1000, 2 * MIB },
		{ SEG_LOAD, SEG_RW, 0x1000, 0x1000, 0x1000, 0x1000, 3 * PAGE },
	};

	(void)state;
	exec_lab_segments(&x, ELF_DYN, segments, 2);
	loads();
	assert_int_equal(x.result.load_bias, UINT64_C(0x7ffff7e00000));
	assert_int_equal(x.result.vdso, BASE - 2 * PAGE);
}

static void test_executable_stack(void **state)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0x1000, 0x401000, 0x1000, 0x1000, PAGE },
		{ SEG_STACK, SEG_RW, 0, 0, 0, 0, 16 },
		{ SEG_STACK, SEG_RW | SEG_X, 0, 0, 0, 0, 16 },
	};

	(void)state;
	exec_lab_segments(&x, ELF_EXEC, segments, 3);
	loads();
	area_is(TOP - 33 * PAGE, TOP, "rwx", false, true);
}

/* bss of a segment of which the file has nothing, and executable bss, which does not merge. */
static void test_bss(void **state)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0x1000, 0x401000, 0x1000, 0x1000, PAGE },
		{ SEG_LOAD, SEG_RW, 0, 0x402000, 0, 0x1800, PAGE },
		{ SEG_LOAD, SEG_RW, 0, 0x404000, 0, 0x1000, PAGE },
		{ SEG_LOAD, SEG_RW | SEG_X, 0, 0x405000, 0, 0x1000, PAGE },
	};

	(void)state;
	exec_lab_segments(&x, ELF_EXEC, segments, 4);
	loads();
	area_is(0x402000, 0x405000, "rw-", false, false);
	area_is(0x405000, 0x406000, "rwx", false, false);
	assert_int_equal(layout().start_brk, 0x406000);
}

/* The limit decides mmap_base, and how much is added to the strings. */
static void test_stack_limits(void **state)
{
	static const struct {
		uint64_t limit, base, pages;
	} row[] = {
		{ 1 * MIB, BASE, 33 }, { 8 * MIB, BASE, 33 }, { 1024 * MIB, 0x7fffbfeff000, 33 },
		{ UMM_RLIM_INFINITY, 0x155555556000, 33 }, { 64 * 1024, BASE, 16 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct umm_mm *old = lab.mm;

		lab_limit(&lab, UMM_RLIMIT_STACK, row[i].limit);
		assert_int_equal(umm_exec(old, &lab.mm), 0);
		umm_mm_put(old);
		loads();
		assert_int_equal(layout().mmap_base, row[i].base);
		area_is(TOP - row[i].pages * PAGE, TOP, "rw-", false, true);
	}
}

/* Strings of 300 KiB; pointers beyond the 128 KiB that are added. */
static void test_long_arguments(void **state)
{
	struct umm_mm *old = lab.mm;

	(void)state;
	x.desc.args = (struct umm_exec_args){ .argc = 2, .filename = 10, .argv = 300 * 1024 };
	loads();
	area_is(TOP - 76 * PAGE - 32 * PAGE, TOP, "rw-", false, true);

	assert_int_equal(umm_exec(old, &lab.mm), 0);
	umm_mm_put(old);
	x.desc.args = (struct umm_exec_args){ .argc = 40000, .filename = 10, .argv = 80000 };
	loads();
	assert_true(x.result.stack_pointer < TOP - (20 + 32) * PAGE);
	area_is(x.result.stack_pointer & ~(PAGE - 1), TOP, "rw-", false, true);
}

/* Each random offset moves what it names, and nothing else. */
static void test_random(void **state)
{
	struct umm_mm *old = lab.mm;
	struct umm_exec_result still;
	uint64_t brk;

	(void)state;
	exec_lab_pie(&x);
	x.desc.randomize_va_space = 2;
	loads();
	still = x.result;
	brk = layout().start_brk;
	assert_int_equal(layout().mmap_base, BASE + 128 * MIB - 8 * MIB - MIB -
					     (UINT64_C(0x3fffff) << 12));
	assert_int_equal(brk, PIE + 6 * PAGE);

	assert_int_equal(umm_exec(old, &lab.mm), 0);
	umm_mm_put(old);
	x.desc.random = (struct umm_exec_random){ .stack = 7 * PAGE, .stack_pointer = 160,
						  .mmap = 5 * PAGE, .image = 9 * PAGE,
						  .brk = 11 * PAGE };
	loads();
	assert_int_equal(x.result.stack_top, still.stack_top - 7 * PAGE);
	assert_int_equal(x.result.stack_pointer, still.stack_pointer - 7 * PAGE - 160);
	assert_int_equal(x.result.interpreter_base, still.interpreter_base - 5 * PAGE);
	assert_int_equal(x.result.load_bias, still.load_bias + 9 * PAGE);
	assert_int_equal(layout().start_brk, brk + 9 * PAGE + 11 * PAGE);
}

static void test_bottom_up(void **state)
{
	(void)state;
	exec_lab_pie(&x);
	umm_mm_set_personality(lab.mm, UMM_ADDR_COMPAT_LAYOUT);
	loads();
	assert_true(layout().bottom_up);
	assert_int_equal(x.result.interpreter_base, UINT64_C(0x2aaaaaaab000));
	assert_int_equal(x.result.vdso, UINT64_C(0x2aaaaaaab000) + 10 * PAGE);
}

/* The page tables say what processor it is, and so whose programs it runs. */
static void test_machine(void **state)
{
	const struct umm_why_entry *refused;

	(void)state;
	elf_put(&x.program, 18, 183, 2);	/* e_machine: AArch64 */
	assert_int_equal(exec_lab_load(&x), -UMM_ENOEXEC);
	exec_lab_destroy(&x);
	lab_destroy(&lab);
	lab_init(&lab);
	lab.settings.page_tables = UMM_PAGE_TABLES_ARM64_4K;
	lab_set_pages(&lab, UMM_PAGES_COUNTED, 256);
	exec_lab_init(&x, &lab);
	assert_int_equal(umm_exec_elf(lab.mm, &x.desc, NULL, &lab.why), -UMM_ENOEXEC);
	refused = umm_why_refusal(&lab.why);
	assert_non_null(refused);
	assert_int_equal(refused->value[1], 183);
	elf_put(&x.program, 18, 183, 2);
	loads();
}

/* MDWE kills a program with a segment that is both; limits kill too. */
static void test_killed(void **state)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RW | SEG_X, 0, 0x401000, 0x1000, 0x1000, PAGE },
	};

	(void)state;
	exec_lab_segments(&x, ELF_EXEC, segments, 1);
	umm_mm_set_mdwe(lab.mm, true);
	assert_int_equal(exec_lab_load(&x), -UMM_EACCES);
	assert_true(x.result.fatal);
}

static void test_bad_descriptions(void **state)
{
	struct umm_exec_desc good = x.desc;

	(void)state;
	x.desc.size--;
	assert_int_equal(exec_lab_load(&x), -UMM_EINVAL);
	x.desc = good;
	x.desc.random.mmap = 1;
	assert_int_equal(exec_lab_load(&x), -UMM_EINVAL);
	x.desc = good;
	x.desc.args.argc = UINT64_MAX / 2;
	assert_int_equal(exec_lab_load(&x), -UMM_EINVAL);
	x.desc = good;
	loads();
	assert_int_equal(exec_lab_load(&x), -UMM_EINVAL);	/* no longer empty */
}

/* ---- scripts ----------------------------------------------------------------------------- */

static void script_is(const char *head, size_t size, const char *name, const char *argument)
{
	struct umm_exec_args args = { .argc = 2, .filename = 9, .argv = 1005, .argv0 = 1000 };
	struct umm_exec_script s;
	uint64_t bytes = strlen(name) + 1 + 9 + 5 + (*argument ? strlen(argument) + 1 : 0);

	assert_int_equal(umm_exec_script(head, size, 9, &args, &s, NULL), 1);
	assert_int_equal(s.interpreter_bytes, strlen(name));
	assert_memory_equal(head + s.interpreter, name, strlen(name));
	assert_int_equal(s.argument_bytes, strlen(argument));
	if (*argument)
		assert_memory_equal(head + s.argument, argument, strlen(argument));
	assert_int_equal(args.argc, *argument ? 4 : 3);
	assert_int_equal(args.argv, bytes);
	assert_int_equal(args.peak, 8 + 9 + 1005);
	assert_int_equal(args.depth, 1);
}

static void test_scripts(void **state)
{
	char line[UMM_EXEC_HEAD + 10];
	struct umm_exec_args args = { .argc = 1 };
	struct umm_exec_script s;

	(void)state;
	script_is("#!/bin/sh\necho", 14, "/bin/sh", "");
	script_is("#! \t/bin/sh\t -e  x \t\n", 21, "/bin/sh", "-e  x");
	script_is("#!/bin/sh", 9, "/bin/sh", "");
	script_is("#!/bin/sh -e", 12, "/bin/sh", "-e");
	script_is("#! \t/bin/sh", 11, "/bin/sh", "");
	script_is("#!", 2, "", "");			/* a name that cannot be opened */
	assert_int_equal(umm_exec_script("#!\n", 3, 9, &args, &s, NULL), -UMM_ENOEXEC);
	assert_int_equal(umm_exec_script("#", 1, 9, &args, &s, NULL), 0);
	assert_int_equal(umm_exec_script("\177ELF", 4, 9, &args, &s, NULL), 0);

	/* Nothing but blanks, as far as is looked. */
	memset(line, ' ', sizeof(line));
	memcpy(line, "#!", 2);
	assert_int_equal(umm_exec_script(line, sizeof(line), 9, &args, &s, NULL), -UMM_ENOEXEC);

	/* The name fills what is looked at: it may go on. */
	memset(line, 'x', sizeof(line));
	memcpy(line, "#!/", 3);
	assert_int_equal(umm_exec_script(line, sizeof(line), 9, &args, &s, NULL), -UMM_ENOEXEC);
	line[100] = ' ';		/* its argument is cut, no more */
	assert_int_equal(umm_exec_script(line, sizeof(line), 9, &args, &s, NULL), 1);
	assert_int_equal(s.interpreter_bytes, 98);
	assert_int_equal(s.argument_bytes, UMM_EXEC_HEAD - 1 - 101);
}

static void test_interpreter_path(void **state)
{
	char path[64];

	(void)state;
	assert_int_equal(umm_exec_interpreter(&x.desc.program, path, sizeof(path)), 0);
	exec_lab_pie(&x);
	assert_int_equal(umm_exec_interpreter(&x.desc.program, path, sizeof(path)), 11);
	assert_string_equal(path, "/lib/ld.so");
	assert_int_equal(umm_exec_interpreter(&x.desc.program, path, 4), 11);
}

/* ---- hostile files ----------------------------------------------------------------------- */

/* Addresses and sizes at which sums wrap, or which are plausible. */
static uint64_t nasty(struct unit_random *random)
{
	static const uint64_t value[] = {
		0, 1, 0xfff, 0x1000, 0x400000, TOP - 0x1000, TOP, 1ull << 63, ~0ull, ~0xfffull,
		0x7fffffffffffffff, 0x4fff, TOP / 3 * 2,
	};
	uint64_t base = value[unit_random_below(random, sizeof(value) / sizeof(value[0]))];

	return unit_random_below(random, 3) ? base : base + unit_random_below(random, 0x3000);
}

static void test_hostile(void **state)
{
	struct unit_random random = unit_random_init();
	uint64_t loaded = 0, refused = 0, killed = 0, rounds = unit_iterations(20000);

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		struct elf_bytes *victim = &x.program;
		struct umm_mm *old = lab.mm;
		int64_t ret;

		exec_lab_pie(&x);
		if (unit_random_below(&random, 4) == 0)
			victim = &x.interpreter;
		for (uint64_t n = unit_random_below(&random, 4) + 1; n; n--) {
			uint64_t at = unit_random_below(&random, 64 + 5 * 56);

			if (unit_random_below(&random, 2))
				elf_put(victim, at & ~7ull, nasty(&random), 8);
			else
				elf_put(victim, at, unit_random(&random), 1);
		}
		assert_int_equal(umm_exec(old, &lab.mm), 0);
		umm_mm_put(old);
		ret = exec_lab_load(&x);
		loaded += ret >= 0;
		refused += ret < 0 && !x.result.fatal;
		killed += ret < 0 && x.result.fatal;
		assert_true(umm_mm_is_valid(lab.mm));
		if (ret < 0)
			assert_non_null(umm_why_refusal(&lab.why));
		if (ret < 0 && !x.result.fatal)
			assert_int_equal(lab_areas(&lab), 0);
	}
	assert_true(loaded > rounds / 20 && refused > rounds / 20 && killed > rounds / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_static, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pie, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zeroed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self, setup, teardown),
		cmocka_unit_test_setup_teardown(test_static_pie, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alignment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_executable_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bss, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stack_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bottom_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_machine, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_descriptions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interpreter_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};

	return cmocka_run_group_tests_name("exec", tests, NULL, NULL);
}
