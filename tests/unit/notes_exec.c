/*
 * notes_exec.c - scenes for what the ELF loader tells.
 */
#include "exec_lab.h"
#include "notes.h"

static void load_static(struct lab *lab)
{
	struct exec_lab x;

	lab_limit(lab, UMM_RLIMIT_STACK, 8 * MIB);
	exec_lab_init(&x, lab);
	assert_true(exec_lab_load(&x) > 0);
	exec_lab_destroy(&x);
}

static void load_pie(struct lab *lab)
{
	struct exec_lab x;

	lab_limit(lab, UMM_RLIMIT_STACK, 8 * MIB);
	exec_lab_init(&x, lab);
	exec_lab_pie(&x);
	assert_true(exec_lab_load(&x) > 0);
	exec_lab_destroy(&x);
}

/* One segment, so that each note of it is there once. */
static void load_one(struct lab *lab)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RW, 0x100, 0x401100, 0x200, 0x3000, PAGE },
	};
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_segments(&x, ELF_EXEC, segments, 1);
	assert_true(exec_lab_load(&x) > 0);
	exec_lab_destroy(&x);
}

static void load_static_pie(struct lab *lab)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0, 0, 0x2000, 0x2000, PAGE },
	};
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_segments(&x, ELF_DYN, segments, 1);
	assert_true(exec_lab_load(&x) > 0);
	exec_lab_destroy(&x);
}

static void load_page_zero(struct lab *lab)
{
	umm_mm_set_personality(lab->mm, UMM_MMAP_PAGE_ZERO);
	umm_mm_set_caps(lab->mm, UMM_CAP_SYS_RAWIO);
	load_static(lab);
}

const struct scene scenes_exec[] = {
	{ "EXEC_LAYOUT", load_static, "7ffff7fff000" },
	{ "EXEC_STACK", load_static, "7ffffffde000-7ffffffff000" },
	{ "EXEC_SEGMENT", load_one, "401000-402000) rw-p from offset 100 " },
	{ "EXEC_ZEROED", load_one, "401300-402000" },
	{ "EXEC_BSS", load_one, "402000-405000" },
	{ "EXEC_PROGRAM", load_static, "begins at 401000" },
	{ "EXEC_INTERP", load_pie, "7ffff7ffb000" },
	{ "EXEC_VDSO", load_static, "7ffff7ff7000-7ffff7fff000" },
	{ "EXEC_HEAP", load_static, "408000" },
	{ "EXEC_HEAP_MOVED", load_static_pie, "555555555000" },
	{ "EXEC_PAGE_ZERO", load_page_zero, "page 0" },
	{ NULL, NULL, NULL },
};
