/*
 * test_exec_reads.c - programs that cannot be read, or not at once: at each read of the loader in
 * turn.  And descriptions that no embedder should make.
 */
#include "exec_lab.h"

enum manner { ALL_IS_WELL, END_OF_FILE, AN_ERROR, MORE_THAN_ASKED, BY_SEVENS };

/* Reads through another image; the read number @at, counted from 1, is not as it should be. */
struct spoiler {
	struct umm_exec_image image;
	unsigned int count, at;
	enum manner manner;
};

static int64_t spoiled_read(void *ctx, uint64_t offset, void *buf, size_t len)
{
	struct spoiler *s = ctx;

	s->count++;
	if (s->manner == BY_SEVENS)
		return s->image.read(s->image.ctx, offset, buf, len < 7 ? len : 7);
	if (s->count != s->at)
		return s->image.read(s->image.ctx, offset, buf, len);
	switch (s->manner) {
	case END_OF_FILE:
		return 0;
	case AN_ERROR:
		return -5;
	case MORE_THAN_ASKED:
		return (int64_t)len + 1;
	default:
		return s->image.read(s->image.ctx, offset, buf, len);
	}
}

static void spoil(struct umm_exec_image *image, struct spoiler *s, enum manner manner,
		  unsigned int at)
{
	*s = (struct spoiler){ .image = *image, .at = at, .manner = manner };
	image->read = spoiled_read;
	image->ctx = s;
}

static struct lab lab;
static struct exec_lab x;

static int setup(void **state)
{
	(void)state;
	lab_init(&lab);
	exec_lab_init(&x, &lab);
	exec_lab_pie(&x);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	exec_lab_destroy(&x);
	lab_destroy(&lab);
	return 0;
}

static void begin_anew(void)
{
	struct umm_mm *old = lab.mm;

	assert_int_equal(umm_exec(old, &lab.mm), 0);
	umm_mm_put(old);
}

/* Every read of the program, or of its interpreter, is spoiled once. */
static void spoil_each(enum manner manner, bool interpreter)
{
	struct spoiler s;
	unsigned int at = 0;

	do {
		int64_t ret;

		exec_lab_pie(&x);
		spoil(interpreter ? &x.desc.interpreter : &x.desc.program, &s, manner, ++at);
		begin_anew();
		ret = exec_lab_load(&x);
		assert_true(umm_mm_is_valid(lab.mm));
		if (s.count < at) {		/* none was spoiled */
			assert_true(ret >= 0);
		} else {
			if (ret != -UMM_EIO && ret != -UMM_ENOEXEC && ret != -UMM_ELIBBAD)
				fail_msg("read %u: answer %lld", at, (long long)ret);
			assert_non_null(umm_why_refusal(&lab.why));
		}
	} while (s.count >= at);
	assert_true(at > 2);
}

static void test_spoiled_reads(void **state)
{
	(void)state;
	for (int interpreter = 0; interpreter < 2; interpreter++) {
		spoil_each(END_OF_FILE, interpreter);
		spoil_each(AN_ERROR, interpreter);
		spoil_each(MORE_THAN_ASKED, interpreter);
	}
}

/* Short reads are gone on with: the same areas. */
static void test_short_reads(void **state)
{
	struct spoiler program, interpreter;
	char *at_once, *by_sevens;

	(void)state;
	assert_true(exec_lab_load(&x) >= 0);
	at_once = lab_maps(&lab);
	spoil(&x.desc.program, &program, BY_SEVENS, 0);
	spoil(&x.desc.interpreter, &interpreter, BY_SEVENS, 0);
	begin_anew();
	assert_true(exec_lab_load(&x) >= 0);
	assert_true(program.count > 10 && interpreter.count > 10);
	by_sevens = lab_maps(&lab);
	assert_string_equal(at_once, by_sevens);
	free(at_once);
	free(by_sevens);
}

static void test_interpreter_path(void **state)
{
	struct umm_exec_image good = x.desc.program;
	struct spoiler s;
	unsigned int at = 0;
	char path[64];
	int64_t ret;

	(void)state;
	do {
		x.desc.program = good;
		spoil(&x.desc.program, &s, END_OF_FILE, ++at);
		ret = umm_exec_interpreter(&x.desc.program, path, sizeof(path));
		assert_true(s.count < at ? ret > 0 : ret == -UMM_EIO || ret == -UMM_ENOEXEC);
	} while (s.count >= at);
	assert_true(at > 2);
}

/* ---- descriptions ---------------------------------------------------------------------------- */

static void no_size(struct umm_exec_desc *desc)
{
	desc->size--;
}

static void no_vdso_size(struct umm_exec_desc *desc)
{
	desc->vdso.size = 0;
}

static void no_reader(struct umm_exec_desc *desc)
{
	desc->program.read = NULL;
}

static void no_interpreter_reader(struct umm_exec_desc *desc)
{
	desc->interpreter.read = NULL;
}

static void odd_image_base(struct umm_exec_desc *desc)
{
	desc->random.image = 5;
}

static void wide_mmap_base(struct umm_exec_desc *desc)
{
	desc->random.mmap = UINT64_C(1) << 45;
}

static void wide_image_base(struct umm_exec_desc *desc)
{
	desc->random.image = UINT64_C(1) << 45;
}

static void wide_brk(struct umm_exec_desc *desc)
{
	desc->random.brk = UINT64_C(1) << 48;
}

static void odd_stack(struct umm_exec_desc *desc)
{
	desc->random.stack = 5;
}

static void wide_stack(struct umm_exec_desc *desc)
{
	desc->random.stack = UINT64_C(1) << 47;
}

static void wide_vdso(struct umm_exec_desc *desc)
{
	desc->vdso.vdso_pages = UINT64_C(1) << 40;
}

static void too_random(struct umm_exec_desc *desc)
{
	desc->randomize_va_space = 3;
}

static void many_strings(struct umm_exec_desc *desc)
{
	desc->args.peak = UINT64_C(1) << 46;
}

static void test_bad_descriptions(void **state)
{
	static void (*const spoilers[])(struct umm_exec_desc *desc) = {
		no_size, no_vdso_size, no_reader, no_interpreter_reader, odd_image_base,
		wide_mmap_base, wide_image_base, wide_brk, odd_stack, wide_stack, wide_vdso,
		too_random, many_strings,
	};
	struct umm_exec_desc good = x.desc;

	(void)state;
	for (size_t i = 0; i < sizeof(spoilers) / sizeof(spoilers[0]); i++) {
		x.desc = good;
		spoilers[i](&x.desc);
		assert_int_equal(exec_lab_load(&x), -UMM_EINVAL);
		assert_int_equal(lab_areas(&lab), 0);
	}
	x.desc = good;
	assert_true(exec_lab_load(&x) >= 0);
}

/* ---- what need not be there ------------------------------------------------------------------ */

static bool has_line(const char *name)
{
	char *maps = lab_maps(&lab);
	bool found = strstr(maps, name) != NULL;

	free(maps);
	return found;
}

static void test_no_vdso(void **state)
{
	(void)state;
	x.desc.vdso.vvar_pages = x.desc.vdso.vclock_pages = x.desc.vdso.vdso_pages = 0;
	assert_true(exec_lab_load(&x) >= 0);
	assert_false(has_line("[vdso]") || has_line("[vvar]"));
	assert_int_equal(x.result.vdso, 0);

	begin_anew();
	x.desc.vdso.vvar_pages = 4;
	assert_true(exec_lab_load(&x) >= 0);
	assert_true(has_line("[vvar]") && !has_line("[vdso]") && !has_line("[vvar_vclock]"));
	assert_int_equal(x.result.vdso, 0);

	begin_anew();
	x.desc.vdso.vdso_pages = 2;
	x.desc.vdso.sealed = true;
	assert_true(exec_lab_load(&x) >= 0);
	assert_int_equal(umm_munmap(lab.mm, x.result.vdso, 2 * PAGE, NULL), -UMM_EPERM);
}

/* Of no program: a heap that may be anywhere, none of it, and only what begins at two. */
static void test_heap_at_random(void **state)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	umm_addr_t brk[3];

	(void)state;
	x.desc.interpreter = (struct umm_exec_image){ .file = NULL };
	x.desc.random.brk = 16 * PAGE;
	for (uint32_t level = 0; level < 3; level++) {
		const struct elf_segment segments[] = {
			{ SEG_LOAD, SEG_RX, 0, 0, 0x2000, 0x2000, 0x1000 },
		};

		exec_lab_segments(&x, ELF_DYN, segments, 1);
		begin_anew();
		x.desc.randomize_va_space = level;
		assert_true(exec_lab_load(&x) >= 0);
		umm_mm_get_layout(lab.mm, &layout);
		assert_int_equal(layout.start_brk, layout.brk);
		brk[level] = layout.brk;
	}
	/* A static PIE's heap is moved away from it, to where PIEs go. */
	assert_int_equal(brk[0], brk[1]);
	assert_int_equal(brk[2], brk[1] + 16 * PAGE);

	/* The personality has the last word. */
	begin_anew();
	umm_mm_set_personality(lab.mm, UMM_ADDR_NO_RANDOMIZE);
	assert_true(exec_lab_load(&x) >= 0);
	umm_mm_get_layout(lab.mm, &layout);
	assert_int_equal(layout.brk, brk[0]);
}

/* The sysctl is asked where the personality says nothing. */
static void test_legacy_layout(void **state)
{
	struct umm_layout layout = { .size = sizeof(layout) };

	(void)state;
	for (int legacy = 0; legacy < 2; legacy++) {
		lab.settings.legacy_va_layout = legacy;
		lab_settings_changed(&lab);
		begin_anew();
		exec_lab_pie(&x);
		assert_true(exec_lab_load(&x) >= 0);
		umm_mm_get_layout(lab.mm, &layout);
		assert_int_equal(layout.bottom_up, legacy);
	}
}

/* Page 0 is mapped before all else; where it may not be, nothing is said. */
static void test_page_zero(void **state)
{
	struct umm_area area = { .size = sizeof(area) };

	(void)state;
	for (int allowed = 0; allowed < 2; allowed++) {
		lab.settings.mmap_min_addr = lab.settings.hint_min_addr = allowed ? 0 : 65536;
		lab_settings_changed(&lab);
		umm_mm_set_personality(lab.mm, UMM_MMAP_PAGE_ZERO);
		begin_anew();
		exec_lab_pie(&x);
		assert_true(exec_lab_load(&x) >= 0);
		assert_int_equal(lab_area(&lab, 0, &area), allowed);
	}
	assert_int_equal(area.end, PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_spoiled_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_interpreter_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_descriptions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_vdso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_heap_at_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_legacy_layout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_page_zero, setup, teardown),
	};

	return cmocka_run_group_tests_name("exec_reads", tests, NULL, NULL);
}
