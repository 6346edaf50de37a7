/*
 * provoke_exec.c - provocations of the ELF loader and of scripts.
 */
#include "exec_lab.h"
#include "provoke.h"

static int64_t load_and_check(struct exec_lab *x, bool fatal)
{
	int64_t err = exec_lab_load(x);

	assert_int_equal(x->result.fatal, fatal);
	if (!fatal)
		assert_int_equal(lab_areas(x->lab), 0);
	exec_lab_destroy(x);
	return err;
}

/* A usual static program with another value of @bytes bytes at @offset. */
static int64_t spoilt(struct lab *lab, uint64_t offset, uint64_t value, unsigned int bytes,
		      bool fatal)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	elf_put(&x.program, offset, value, bytes);
	return load_and_check(&x, fatal);
}

/* The same of a PIE, and of its interpreter. */
static int64_t spoilt_pie(struct lab *lab, uint64_t offset, uint64_t value, unsigned int bytes)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_pie(&x);
	elf_put(&x.program, offset, value, bytes);
	return load_and_check(&x, false);
}

static int64_t spoilt_interpreter(struct lab *lab, uint64_t offset, uint64_t value,
				  unsigned int bytes, bool fatal)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_pie(&x);
	elf_put(&x.interpreter, offset, value, bytes);
	return load_and_check(&x, fatal);
}

/* Offsets in the header, and of members of program header @i. */
enum { E_TYPE = 16, E_MACHINE = 18, E_ENTRY = 24, E_PHENTSIZE = 54, E_PHNUM = 56 };
#define PHDR(i, member) (64 + 56 * (i) + (member))
enum { P_OFFSET = 8, P_VADDR = 16, P_FILESZ = 32, P_MEMSZ = 40 };

static int64_t magic(struct lab *lab)
{
	return spoilt(lab, 0, 0, 1, false);
}

static int64_t type(struct lab *lab)
{
	return spoilt(lab, E_TYPE, 1, 2, false);
}

static int64_t machine(struct lab *lab)
{
	return spoilt(lab, E_MACHINE, 3, 2, false);
}

static int64_t not_mappable(struct lab *lab)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	lab_file(lab, UMM_FILE_NOT_MAPPABLE, UMM_FMODE_READ);
	x.desc.program.file = lab->file;
	return load_and_check(&x, false);
}

static int64_t phentsize(struct lab *lab)
{
	return spoilt(lab, E_PHENTSIZE, 57, 2, false);
}

static int64_t phnum(struct lab *lab)
{
	return spoilt(lab, E_PHNUM, 1171, 2, false);
}

static int64_t phdrs_cut(struct lab *lab)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	x.program.size = PHDR(4, 0) - 1;
	return load_and_check(&x, false);
}

static int64_t interp_len(struct lab *lab)
{
	return spoilt_pie(lab, PHDR(0, P_FILESZ), 1, 8);
}

static int64_t interp_path_cut(struct lab *lab)
{
	return spoilt_pie(lab, PHDR(0, P_OFFSET), ELF_BYTES_MAX, 8);
}

static int64_t interp_nul(struct lab *lab)
{
	return spoilt_pie(lab, PHDR(0, P_FILESZ), 10, 8);
}

static int64_t no_interp(struct lab *lab)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_pie(&x);
	x.desc.interpreter.file = NULL;
	return load_and_check(&x, false);
}

static int64_t interp_cut(struct lab *lab)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_pie(&x);
	x.interpreter.size = 63;
	return load_and_check(&x, false);
}

static int64_t interp_bad(struct lab *lab)
{
	return spoilt_interpreter(lab, E_MACHINE, 3, 2, false);
}

static int64_t interp_type(struct lab *lab)
{
	return spoilt_interpreter(lab, E_TYPE, 1, 2, true);
}

static int64_t stack_room(struct lab *lab)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	x.desc.random.stack = UINT64_C(0x7ffffffff000) - 65536 - PAGE;
	return load_and_check(&x, true);
}

/* A segment that cannot be written takes the place of the stack. */
static int64_t tables(struct lab *lab)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0x1000, 0x401000, 0x1000, 0x1000, PAGE },
		{ SEG_LOAD, SEG_R, 0, UINT64_C(0x7fffffff0000), 0x3000, 0x3000, PAGE },
		{ SEG_LOAD, SEG_R, 0, UINT64_C(0x7fffffff3000), 0x3000, 0x3000, PAGE },
		{ SEG_LOAD, SEG_R, 0, UINT64_C(0x7fffffff6000), 0x3000, 0x3000, PAGE },
		{ SEG_LOAD, SEG_R, 0, UINT64_C(0x7fffffff9000), 0x3000, 0x3000, PAGE },
		{ SEG_LOAD, SEG_R, 0, UINT64_C(0x7fffffffc000), 0x3000, 0x3000, PAGE },
	};
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_segments(&x, ELF_EXEC, segments, 6);
	return load_and_check(&x, true);
}

static int64_t no_load(struct lab *lab)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0, 0, 0, 0, PAGE },
	};
	struct exec_lab x;

	exec_lab_init(&x, lab);
	exec_lab_segments(&x, ELF_DYN, segments, 1);
	return load_and_check(&x, true);
}

static int64_t segment_offset(struct lab *lab)
{
	return spoilt(lab, PHDR(0, P_OFFSET), 16, 8, true);
}

static int64_t segment_size(struct lab *lab)
{
	return spoilt(lab, PHDR(0, P_MEMSZ), 0x4ff, 8, true);
}

static int64_t clear(struct lab *lab)
{
	struct exec_lab x;

	exec_lab_init(&x, lab);
	x.program.size = x.desc.program.bytes = 0x3000;
	return load_and_check(&x, true);
}

/* An older kernel, and an interpreter whose last segment is read-only. */
static int64_t clear_readonly(struct lab *lab)
{
	const struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0, 0, 0x800, 0x800, PAGE },
	};
	struct exec_lab x;

	lab_set_rule(lab, "interp_bss_per_segment", false);
	exec_lab_init(&x, lab);
	exec_lab_pie(&x);
	elf_bytes_init(&x.interpreter, ELF_DYN, 0x400, segments, 1, x.interpreter_file);
	x.desc.interpreter = x.interpreter.image;
	return load_and_check(&x, true);
}

static int64_t entry(struct lab *lab)
{
	return spoilt(lab, E_ENTRY, UINT64_C(0x7ffffffff000), 8, true);
}

static int64_t script(struct lab *lab, const char *line, uint32_t depth)
{
	struct umm_exec_args args = { .argc = 1, .argv = 5, .argv0 = 5, .depth = depth };
	struct umm_exec_script found;

	return umm_exec_script(line, strlen(line), 9, &args, &found, lab->listen);
}

static int64_t script_line(struct lab *lab)
{
	return script(lab, "#!  \t\necho\n", 0);
}

static int64_t script_depth(struct lab *lab)
{
	assert_int_equal(script(lab, "#!/bin/sh\n", 4), 1);
	return script(lab, "#!/bin/sh\n", 5);
}

const struct provocation provocations_exec[] = {
	{ "EXEC_MAGIC", magic, NULL },
	{ "EXEC_TYPE", type, NULL },
	{ "EXEC_MACHINE", machine, NULL },
	{ "EXEC_NOT_MAPPABLE", not_mappable, NULL },
	{ "EXEC_PHENTSIZE", phentsize, NULL },
	{ "EXEC_PHNUM", phnum, NULL },
	{ "EXEC_PHDRS_CUT", phdrs_cut, NULL },
	{ "EXEC_INTERP_LEN", interp_len, NULL },
	{ "EXEC_INTERP_PATH_CUT", interp_path_cut, NULL },
	{ "EXEC_INTERP_NUL", interp_nul, NULL },
	{ "EXEC_NO_INTERP", no_interp, NULL },
	{ "EXEC_INTERP_CUT", interp_cut, NULL },
	{ "EXEC_INTERP_BAD", interp_bad, NULL },
	{ "EXEC_INTERP_TYPE", interp_type, NULL },
	{ "EXEC_STACK_ROOM", stack_room, NULL },
	{ "EXEC_TABLES", tables, NULL },
	{ "EXEC_NO_LOAD", no_load, NULL },
	{ "EXEC_SEGMENT_OFFSET", segment_offset, NULL },
	{ "EXEC_SEGMENT_SIZE", segment_size, NULL },
	{ "EXEC_CLEAR", clear, NULL },
	{ "EXEC_CLEAR_READONLY", clear_readonly, NULL },
	{ "EXEC_ENTRY", entry, NULL },
	{ "EXEC_SCRIPT_LINE", script_line, NULL },
	{ "EXEC_SCRIPT_DEPTH", script_depth, NULL },
	{ NULL, NULL, NULL },
};
