/*
 * effects_exec.c - the rules of exec, on and off.
 */
#include "effect.h"
#include "exec_lab.h"

static int64_t page_zero_sealed(struct lab *lab)
{
	struct exec_lab x;

	umm_mm_set_personality(lab->mm, UMM_MMAP_PAGE_ZERO);
	umm_mm_set_caps(lab->mm, UMM_CAP_SYS_RAWIO);
	exec_lab_init(&x, lab);
	assert_true(exec_lab_load(&x) > 0);
	exec_lab_destroy(&x);
	return umm_munmap(lab->mm, 0, PAGE, NULL);
}

static int64_t vdso_like_mmap(struct lab *lab)
{
	struct exec_lab x;
	int64_t near_stack;

	exec_lab_init(&x, lab);
	x.desc.random.stack = 1024 * PAGE;	/* room above it */
	x.desc.random.vdso = UINT64_C(0x7ffffffff000) - 512 * PAGE;
	assert_true(exec_lab_load(&x) > 0);
	near_stack = x.result.vdso > x.result.stack_top;
	exec_lab_destroy(&x);
	return near_stack;
}

/* More headers than fit a page, all but the first few of them empty. */
static int64_t phdrs_beyond_page(struct lab *lab)
{
	struct exec_lab x;
	int64_t ret;

	exec_lab_init(&x, lab);
	elf_put(&x.program, 56, 74, 2);
	ret = exec_lab_load(&x);
	exec_lab_destroy(&x);
	return ret < 0 ? ret : 0;
}

/* Is there bss behind an interpreter's first segment, which is not its last? */
static int64_t interp_bss_per_segment(struct lab *lab)
{
	const struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0, 0, 0x800, 0x1800, PAGE },
		{ SEG_LOAD, SEG_RW, 0x2000, 4 * PAGE, 0x800, 0x800, PAGE },
	};
	struct umm_area area;
	struct exec_lab x;
	int64_t bss;

	exec_lab_init(&x, lab);
	exec_lab_pie(&x);
	elf_bytes_init(&x.interpreter, ELF_DYN, 0x400, segments, 2, x.interpreter_file);
	x.desc.interpreter = x.interpreter.image;
	assert_true(exec_lab_load(&x) > 0);
	bss = lab_area(lab, x.result.interpreter_base + PAGE, &area);
	exec_lab_destroy(&x);
	return bss;
}

/* The last page of a writable segment lies beyond the end of the file. */
static int64_t exec_zero_or_die(struct lab *lab)
{
	struct exec_lab x;
	int64_t ret;

	exec_lab_init(&x, lab);
	x.program.size = x.desc.program.bytes = 3 * PAGE;
	ret = exec_lab_load(&x);
	exec_lab_destroy(&x);
	return ret < 0 ? ret : 0;
}

const struct effect effects_exec[] = {
	{ "phdrs_beyond_page", phdrs_beyond_page, 0, -UMM_ENOEXEC },
	{ "interp_bss_per_segment", interp_bss_per_segment, 1, 0 },
	{ "exec_zero_or_die", exec_zero_or_die, -UMM_EFAULT, 0 },
	{ "vdso_like_mmap", vdso_like_mmap, 0, 1 },
	{ "page_zero_sealed", page_zero_sealed, -UMM_EPERM, 0 },
	{ NULL, NULL, 0, 0 },
};
