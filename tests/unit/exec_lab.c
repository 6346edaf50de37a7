/*
 * exec_lab.c - a lab with a program to load.
 */
#include "exec_lab.h"

void exec_lab_init(struct exec_lab *x, struct lab *lab)
{
	memset(x, 0, sizeof(*x));
	x->lab = lab;
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	x->interpreter_file = lab_new_file(lab, "/lib/ld.so");
	elf_static(&x->program, lab->file);
	umm_exec_desc_init(&x->desc);
	x->desc.program = x->program.image;
	x->desc.args = (struct umm_exec_args){ .argc = 1, .envc = 2, .filename = 10, .argv = 5,
					       .envp = 40, .argv0 = 5 };
}

void exec_lab_destroy(struct exec_lab *x)
{
	umm_file_put(x->interpreter_file);
}

void exec_lab_pie(struct exec_lab *x)
{
	elf_pie(&x->program, x->lab->file);
	elf_interpreter(&x->interpreter, x->interpreter_file);
	x->desc.program = x->program.image;
	x->desc.interpreter = x->interpreter.image;
}

void exec_lab_segments(struct exec_lab *x, uint16_t type, const struct elf_segment *segments,
		       unsigned int nr)
{
	uint64_t entry = type == ELF_EXEC ? 0x401000 : 0x1000;

	elf_bytes_init(&x->program, type, entry, segments, nr, x->lab->file);
	x->desc.program = x->program.image;
}

int64_t exec_lab_load(struct exec_lab *x)
{
	return umm_exec_elf(x->lab->mm, &x->desc, &x->result, x->lab->listen);
}
