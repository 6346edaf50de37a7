/*
 * exec.h - a program is loaded into a fresh address space.
 *
 * Layer: calls.
 */
#ifndef CALLS_EXEC_H
#define CALLS_EXEC_H

#include "base/why.h"
#include "space/mm_types.h"

/* As umm_exec_elf().  Takes mmap_lock. */
__must_check int64_t exec_elf(struct mm_struct *mm, const struct umm_exec_desc *desc,
			      struct umm_exec_result *result, struct umm_why *why);

/* As umm_exec_interpreter(). */
__must_check int64_t exec_interpreter(const struct umm_exec_image *program, char *buf,
				      size_t size);

/* As umm_exec_script(). */
__must_check int64_t exec_script(const char *bytes, size_t size, uint64_t path_bytes,
				 struct umm_exec_args *args, struct umm_exec_script *script,
				 struct umm_why *why);

/* ---- the stack: exec_stack.c ---- */

/* Are the sizes such that sums of them do not wrap around? */
bool exec_stack_is_sane(const struct mm_struct *mm, const struct umm_exec_desc *desc);

/*
 * The stack with its strings, as high as @random.stack says, and the room that Linux adds below
 * them.  Fills result->stack_top.  0, or refused.
 */
__must_check long exec_setup_stack(struct mm_struct *mm, const struct umm_exec_desc *desc,
				   bool executable, struct umm_exec_result *result,
				   struct umm_why *why);

/* The vectors below the strings: fills result->stack_pointer.  0, or refused. */
__must_check long exec_create_tables(struct mm_struct *mm, const struct umm_exec_desc *desc,
				     struct umm_exec_result *result, struct umm_why *why);

/* ---- segments: exec_segments.c ---- */

struct elf_header;

/* Where the segments of one image went. */
struct exec_loaded {
	umm_addr_t load_bias;
	/* Of the file's own addresses, not moved by load_bias. */
	umm_addr_t phdr;		/* the program headers, 0: in no segment */
	umm_addr_t start_code, end_code, start_data, end_data, end_bss;
};

/* Map the program itself.  @at: where a PIE with an interpreter goes.  0, or refused. */
__must_check long exec_load_program(struct mm_struct *mm, const struct umm_exec_image *image,
				    const struct elf_header *header, bool has_interpreter,
				    umm_addr_t at, struct exec_loaded *loaded, struct umm_why *why);

/* Map the interpreter of a program that was moved by @program_bias.  0, or refused. */
__must_check long exec_load_interpreter(struct mm_struct *mm, const struct umm_exec_image *image,
					const struct elf_header *header, umm_addr_t program_bias,
					struct exec_loaded *loaded, struct umm_why *why);

#endif
