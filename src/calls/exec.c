/*
 * exec.c - the ELF loader: a program into an address space without areas.
 *
 * Theory
 * ------
 * All of the layout follows from the headers of two files, the sizes of what is put on the stack,
 * one limit (RLIMIT_STACK) and five random offsets, which are input here.  In Linux's order:
 *
 *	headers		checked; the interpreter is named and its headers are looked at
 *			── no way back past this line: an error kills the process ──
 *	bases		mmap_base leaves room for the stack as far as it may grow
 *	stack		exec_stack.c; the strings lie there already
 *	segments	exec_segments.c: the program's, then the interpreter's
 *	vdso		where mmap would put it: below the interpreter; on older kernels at a
 *			random place above the stack, if there is room
 *	vectors		argc, argv, envp, auxv: the stack may grow for them
 *	heap		behind bss; of a program that exec placed by mmap, at two thirds
 *	page zero	MMAP_PAGE_ZERO of the personality: mapped for programs of System V
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/elf.h"
#include "calls/exec.h"
#include "calls/mmap.h"
#include "calls/vdso.h"
#include "space/mm.h"
#include "space/unmapped_area.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

#define PATH_BYTES_MAX	UINT64_C(4096)
#define STACK_MAXRANDOM	(UINT64_C(0x3fffff) << PAGE_SHIFT)

/* One exec. */
struct exec_state {
	/* in, read-only */
	struct mm_struct *mm;
	const struct umm_exec_desc *desc;
	struct umm_exec_result *result;
	struct umm_why *why;
	uint32_t randomize;		/* 0, 1, 2: what desc and personality say together */
	/* internal */
	struct elf_header program, interpreter;
	struct exec_loaded loaded;	/* the program */
	bool has_interpreter;
	bool executable_stack;
};

/* PT_INTERP of the program in *found; phdr.type is not that if there is none. */
static long find_interpreter(const struct umm_exec_image *image, const struct elf_header *header,
			     struct elf_phdr *found, struct umm_why *why)
{
	char last;
	long err;

	for (unsigned int i = 0; i < header->phnum; i++) {
		if (!elf_read_phdr(image, header, i, found))
			return refuse(why, WHY_EXEC_PHDRS_CUT, header->phoff, image->bytes);
		if (found->type == PT_INTERP)
			break;
	}
	if (found->type != PT_INTERP)
		return 0;
	err = check(why, found->filesz >= 2 && found->filesz <= PATH_BYTES_MAX, WHY_EXEC_INTERP_LEN,
		    found->filesz, PATH_BYTES_MAX);
	if (err)
		return err;
	if (found->offset > INT64_MAX - PATH_BYTES_MAX ||
	    !elf_read(image, found->offset + found->filesz - 1, &last, 1))
		return refuse(why, WHY_EXEC_INTERP_PATH_CUT, found->offset, image->bytes);
	return check(why, last == '\0', WHY_EXEC_INTERP_NUL, found->filesz, 0);
}

/* The last PT_GNU_STACK decides; without one a 64-bit program's stack is not executable. */
static long find_stack_flags(struct exec_state *st)
{
	const struct umm_exec_image *image = &st->desc->program;
	struct elf_phdr phdr;

	for (unsigned int i = 0; i < st->program.phnum; i++) {
		if (!elf_read_phdr(image, &st->program, i, &phdr))
			return refuse(st->why, WHY_EXEC_PHDRS_CUT, st->program.phoff, image->bytes);
		if (phdr.type == PT_GNU_STACK)
			st->executable_stack = phdr.flags & PF_X;
	}
	return 0;
}

static long read_headers(struct exec_state *st)
{
	uint64_t phdrs_max = rule(st->mm->world, RULE_PHDRS_BEYOND_PAGE) ? ELF_PHDRS_MAX :
									  PAGE_SIZE;
	const struct umm_exec_image *program = &st->desc->program;
	const struct umm_exec_image *interpreter = &st->desc->interpreter;
	uint16_t machine = elf_machine(st->mm->world);
	struct elf_phdr interp;
	long err;

	err = elf_read_program(program, &st->program, machine, phdrs_max, st->why);
	if (err)
		return err;
	err = find_interpreter(program, &st->program, &interp, st->why);
	if (err)
		return err;
	st->has_interpreter = interp.type == PT_INTERP;
	if (st->has_interpreter) {
		err = check(st->why, interpreter->file != NULL, WHY_EXEC_NO_INTERP, 0, 0);
		if (err)
			return err;
	}
	err = find_stack_flags(st);
	if (err || !st->has_interpreter)
		return err;
	return elf_read_interpreter(interpreter, &st->interpreter, machine, phdrs_max, st->why);
}

static void pick_layout(struct exec_state *st)
{
	struct mm_struct *mm = st->mm;
	const struct umm_settings *settings = &mm->world->settings;
	uint64_t pad = settings->stack_guard_gap;

	/* Of the address space before, nothing is left. */
	mm->layout = (struct umm_layout){ .size = sizeof(mm->layout),
					  .task_size = mm->layout.task_size,
					  .map_window = mm->layout.map_window };
	if (st->randomize)
		pad += STACK_MAXRANDOM;
	arch_pick_mmap_layout(&mm->layout, mm->rlimit[MM_RLIMIT_STACK].soft,
			      (mm->personality & UMM_ADDR_COMPAT_LAYOUT) ||
				      settings->legacy_va_layout,
			      pad, st->desc->random.mmap);
	note(st->why, NOTE_EXEC_LAYOUT, mm->layout.mmap_base, mm->rlimit[MM_RLIMIT_STACK].soft,
	     st->desc->random.mmap, 0);
}

/* Two thirds of user space: where a PIE goes, and the heap of what goes elsewhere. */
static umm_addr_t dyn_base(const struct mm_struct *mm)
{
	return mm->layout.map_window / 3 * 2;
}

static long load_images(struct exec_state *st)
{
	const struct umm_exec_desc *desc = st->desc;
	struct exec_loaded interpreter;
	long err;

	err = exec_load_program(st->mm, &desc->program, &st->program, st->has_interpreter,
				dyn_base(st->mm) + desc->random.image, &st->loaded, st->why);
	if (err)
		return err;
	st->result->load_bias = st->loaded.load_bias;
	st->result->phdr = st->loaded.phdr + st->loaded.load_bias;
	st->result->entry = st->program.entry + st->loaded.load_bias;
	st->result->start = st->result->entry;
	note(st->why, NOTE_EXEC_PROGRAM, st->loaded.load_bias, st->result->entry, 0, 0);
	if (st->has_interpreter) {
		err = exec_load_interpreter(st->mm, &desc->interpreter, &st->interpreter,
					    st->loaded.load_bias, &interpreter, st->why);
		if (err)
			return err;
		st->result->interpreter_base = interpreter.load_bias;
		st->result->start = st->interpreter.entry + interpreter.load_bias;
		note(st->why, NOTE_EXEC_INTERP, interpreter.load_bias, st->result->start, 0, 0);
	}
	return check(st->why, st->result->start < st->mm->layout.task_size, WHY_EXEC_ENTRY,
		     st->result->start, st->mm->layout.task_size);
}

static long exec_map_vdso(struct exec_state *st)
{
	const struct umm_vdso_image *image = &st->desc->vdso;
	struct umm_why_entry *mark = why_mark(st->why);
	umm_addr_t vvar, hint = 0;
	int64_t vdso;

	if (!rule(st->mm->world, RULE_VDSO_LIKE_MMAP))
		hint = st->desc->random.vdso;
	if (!(image->vvar_pages | image->vclock_pages | image->vdso_pages))
		return 0;
	vdso = map_vdso(st->mm, hint, image, &vvar, st->why);
	if (IS_ERR_VALUE(vdso))
		return (long)vdso;
	why_retract(st->why, mark);
	st->result->vdso = image->vdso_pages ? (umm_addr_t)vdso : 0;
	note(st->why, NOTE_EXEC_VDSO, vvar, (umm_addr_t)vdso + image->vdso_pages * PAGE_SIZE,
	     (umm_addr_t)vdso, 0);
	return 0;
}

static void set_heap(struct exec_state *st)
{
	struct umm_layout *layout = &st->mm->layout;
	umm_addr_t bias = st->loaded.load_bias, brk;
	bool moved = st->program.type == ET_DYN && !st->has_interpreter;

	layout->start_code = st->loaded.start_code + bias;
	layout->end_code = st->loaded.end_code + bias;
	layout->start_data = st->loaded.start_data + bias;
	layout->end_data = st->loaded.end_data + bias;
	layout->start_stack = st->result->stack_pointer;

	brk = page_align(moved ? dyn_base(st->mm) : st->loaded.end_bss + bias);
	if (st->randomize > 1)
		brk += (moved ? 0 : PAGE_SIZE) + st->desc->random.brk;
	layout->start_brk = layout->brk = brk;
	note(st->why, moved ? NOTE_EXEC_HEAP_MOVED : NOTE_EXEC_HEAP, brk, 0, st->desc->random.brk,
	     0);
}

/* Whether it works is nobody's business, as in Linux. */
static void map_page_zero(struct exec_state *st)
{
	struct mmap_request req = {
		.len = PAGE_SIZE, .prot = UMM_PROT_READ | UMM_PROT_EXEC,
		.flags = UMM_MAP_FIXED | UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS,
	};
	struct vm_area_struct *vma;

	if (!(st->mm->personality & UMM_MMAP_PAGE_ZERO) ||
	    IS_ERR_VALUE(do_mmap(st->mm, &req, NULL)))
		return;
	vma = find_vma_intersection(&st->mm->tree, 0, PAGE_SIZE);
	if (vma && rule(st->mm->world, RULE_PAGE_ZERO_SEALED)) {
		vma_start_write(st->mm, vma);
		vma->vm_flags |= VM_SEALED;
	}
	note(st->why, NOTE_EXEC_PAGE_ZERO, 0, PAGE_SIZE, 0, 0);
}

/* Past the point of no return. */
static long load(struct exec_state *st)
{
	long err;

	pick_layout(st);
	err = exec_setup_stack(st->mm, st->desc, st->executable_stack, st->result, st->why);
	if (err)
		return err;
	err = load_images(st);
	if (err)
		return err;
	err = exec_map_vdso(st);
	if (err)
		return err;
	err = exec_create_tables(st->mm, st->desc, st->result, st->why);
	if (err)
		return err;
	set_heap(st);
	map_page_zero(st);
	return 0;
}

static bool desc_is_sane(const struct mm_struct *mm, const struct umm_exec_desc *desc)
{
	const struct umm_exec_random *random = &desc->random;
	const struct umm_exec_image *program = &desc->program, *interp = &desc->interpreter;
	uint64_t task_size = mm->layout.task_size, task_pages = task_size >> PAGE_SHIFT;
	uint64_t bytes = random->mmap | random->image | random->brk;
	uint64_t pages = desc->vdso.vvar_pages | desc->vdso.vclock_pages | desc->vdso.vdso_pages;

	return desc->size == sizeof(*desc) && desc->vdso.size == sizeof(desc->vdso) &&
	       program->read && (!interp->file || interp->read) &&
	       page_aligned(bytes) && random->mmap <= task_size / 8 &&
	       random->image <= task_size / 8 && random->brk <= task_size &&
	       pages < task_pages / 4 && desc->randomize_va_space <= 2 &&
	       exec_stack_is_sane(mm, desc);
}

int64_t exec_elf(struct mm_struct *mm, const struct umm_exec_desc *desc,
		 struct umm_exec_result *result, struct umm_why *why)
{
	struct umm_exec_result unasked;
	struct exec_state st = { .mm = mm, .desc = desc, .result = result ? result : &unasked,
				 .why = why };
	long err;

	memset(st.result, 0, sizeof(*st.result));
	mmap_write_lock(mm);
	st.randomize = mm->personality & UMM_ADDR_NO_RANDOMIZE ? 0 : desc->randomize_va_space;
	if (!desc_is_sane(mm, desc) || mm->tree.first) {
		err = -UMM_EINVAL;	/* no reason: not a call */
	} else {
		err = read_headers(&st);
		if (!err) {
			st.result->fatal = true;
			err = load(&st);
			st.result->fatal = err != 0;
		}
		mm_assert_expensive(mm_is_valid(mm));
	}
	mmap_write_unlock(mm);
	return err ? err : (int64_t)st.result->start;
}

int64_t exec_interpreter(const struct umm_exec_image *program, char *buf, size_t size)
{
	struct elf_header header;
	struct elf_phdr interp;
	long err = elf_read_program(program, &header, 0, ELF_PHDRS_MAX, NULL);

	if (!err)
		err = find_interpreter(program, &header, &interp, NULL);
	if (err || interp.type != PT_INTERP)
		return err;
	if (!elf_read(program, interp.offset, buf, (size_t)min_u64(size, interp.filesz)))
		return refuse(NULL, WHY_EXEC_INTERP_PATH_CUT, interp.offset, program->bytes);
	return (int64_t)interp.filesz;
}
