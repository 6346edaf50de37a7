/*
 * exec_lab.h - a lab with a program to load.
 */
#ifndef TESTS_EXEC_LAB_H
#define TESTS_EXEC_LAB_H

#include "elf_bytes.h"
#include "lab.h"

struct exec_lab {
	struct lab *lab;
	struct umm_file *interpreter_file;
	struct elf_bytes program, interpreter;
	struct umm_exec_desc desc;
	struct umm_exec_result result;
};

/* lab->file becomes the program's file, and the program a usual static one. */
void exec_lab_init(struct exec_lab *x, struct lab *lab);
void exec_lab_destroy(struct exec_lab *x);

/* The program becomes a PIE with an interpreter, or one with these segments. */
void exec_lab_pie(struct exec_lab *x);
void exec_lab_segments(struct exec_lab *x, uint16_t type, const struct elf_segment *segments,
		       unsigned int nr);

/* umm_exec_elf() into lab->mm, which keeps its areas. */
int64_t exec_lab_load(struct exec_lab *x);

#endif
