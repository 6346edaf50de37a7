/*
 * exec_stack.c - the first stack of a program.
 *
 *	end of user space ─┐
 *	                   │ random.stack: pages left free
 *	stack_top ─────────┤ 8 bytes, the file name, the environment, the arguments
 *	strings ───────────┤ random.stack_pointer, then "x86_64", 16 random bytes,
 *	                   │ the auxiliary vector, envp[], argv[], argc
 *	stack_pointer ─────┤
 *	                   │ 128 KiB below the page of the strings, as far as RLIMIT_STACK goes
 *	start of the area ─┘
 *
 * The strings are copied while the area still ends where user space does, before anything random
 * is known; then it moves down with its pages and keeps the offsets of the old place.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/exec.h"
#include "fault/fault.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/vma.h"
#include "space/vma_tree.h"

#define STACK_EXPAND		(UINT64_C(128) << 10)
#define POINTER			UINT64_C(8)
#define RANDOM_BYTES		UINT64_C(16)	/* AT_RANDOM */
#define STACK_ALIGN		UINT64_C(16)

static uint64_t strings_size(const struct umm_exec_args *args)
{
	return POINTER + args->filename + args->argv + args->envp;
}

bool exec_stack_is_sane(const struct mm_struct *mm, const struct umm_exec_desc *desc)
{
	const struct umm_exec_args *args = &desc->args;
	uint64_t most = mm->layout.task_size / 32;
	const uint64_t size[] = { args->filename, args->argv, args->envp, args->peak,
				  args->argc, args->envc, desc->auxv, desc->platform,
				  desc->random.stack_pointer };

	for (size_t i = 0; i < ARRAY_SIZE(size); i++)
		if (size[i] > most / 16)
			return false;
	return page_aligned(desc->random.stack) && desc->random.stack < mm->layout.task_size;
}

/* Bytes from the top of the stack down to the stack pointer, but for what aligns it. */
static uint64_t whole_size(const struct umm_exec_desc *desc)
{
	return strings_size(&desc->args) + desc->random.stack_pointer + desc->platform +
	       RANDOM_BYTES + desc->auxv * 2 * POINTER +
	       (3 + desc->args.argc + desc->args.envc) * POINTER + 2 * STACK_ALIGN;
}

/* An area that is there already, with the pages that the strings were copied to. */
static struct vm_area_struct *make_stack(struct mm_struct *mm, umm_addr_t top, uint64_t size,
					 uint64_t shift, bool executable)
{
	vm_flags_t flags = VM_READ | VM_WRITE | VM_MAY_FLAGS | VM_GROWSDOWN | VM_ACCOUNT;
	struct vm_area_struct *vma;
	struct vma_slot slot;
	bool free_slot;
	int err;

	if (executable)
		flags |= VM_EXEC;
	vma = vm_area_alloc(mm, top - size, top, flags);
	vma->vm_pgoff = (top + shift - size) >> PAGE_SHIFT;
	free_slot = find_vma_links(&mm->tree, vma->vm_start, vma->vm_end, &slot);
	mm_assert(free_slot);
	vma_link(&mm->tree, vma, &slot);
	vm_stat_account(mm, flags, (int64_t)vma_pages(vma));
	vm_acct_memory(mm, (int64_t)vma_pages(vma));
	world_event(mm->world, UMM_EVENT_AREA_ADD, mm, vma->vm_start, vma->vm_end, 0);
	err = anon_vma_prepare(mm, vma);
	mm_assert(!err);		/* reserved */
	return vma;
}

/* Make the stack reach down to @addr, if it does not yet. */
static long stack_reach(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr,
			struct umm_why *why)
{
	struct umm_why_entry *mark = why_mark(why);
	long err;

	if (addr >= vma->vm_start)
		return 0;
	err = expand_downwards(mm, vma, addr, why);
	if (!err)
		why_retract(why, mark);		/* told as a whole */
	return err;
}

long exec_setup_stack(struct mm_struct *mm, const struct umm_exec_desc *desc, bool executable,
		      struct umm_exec_result *result, struct umm_why *why)
{
	uint64_t limit = mm->rlimit[MM_RLIMIT_STACK].soft & PAGE_MASK;
	uint64_t size = page_align(max_u64(strings_size(&desc->args), desc->args.peak));
	umm_addr_t top = mm->layout.map_window - desc->random.stack;
	umm_addr_t low = mm->world->settings.mmap_min_addr;
	uint64_t room = top > low ? top - low : 0;
	struct vm_area_struct *vma;
	long err;

	err = check(why, size < room && whole_size(desc) < room, WHY_EXEC_STACK_ROOM,
		    max_u64(size, whole_size(desc)), room);
	if (err)
		return err;
	err = mm_reserve(mm, 1, 0, why);
	if (err)
		return err;
	err = anon_vma_reserve(mm, 1, why);
	if (err)
		return err;
	vma = make_stack(mm, top, size, desc->random.stack, executable);
	result->stack_top = top;
	return stack_reach(mm, vma, top - min_u64(limit, size + STACK_EXPAND), why);
}

/* The area that holds @sp, grown for it; a segment may have taken the stack's place. */
static long find_extend_vma(struct mm_struct *mm, umm_addr_t sp, struct vm_area_struct **out,
			    struct umm_why *why)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, sp);

	if (!vma || (sp < vma->vm_start && !(vma->vm_flags & VM_GROWSDOWN)))
		return refuse(why, WHY_EXEC_TABLES, sp, 0);
	*out = vma;
	return stack_reach(mm, vma, sp, why);
}

/* Each page of [start, end) is written. */
static long write_pages(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			struct umm_why *why)
{
	long err;

	for (umm_addr_t at = start & PAGE_MASK; at < end; at += PAGE_SIZE) {
		err = anon_vma_reserve(mm, 1, why);
		if (err)
			return err;
		if (handle_fault(mm, at, UMM_ACCESS_WRITE, NULL))
			return refuse(why, WHY_EXEC_TABLES, at, 0);
	}
	passed(why, WHY_EXEC_TABLES, 0, 0);
	return 0;
}

long exec_create_tables(struct mm_struct *mm, const struct umm_exec_desc *desc,
			struct umm_exec_result *result, struct umm_why *why)
{
	uint64_t pointers = 1 + desc->args.argc + 1 + desc->args.envc + 1;
	umm_addr_t strings = result->stack_top - strings_size(&desc->args);
	struct vm_area_struct *vma = NULL;
	umm_addr_t sp;
	long err;

	sp = (strings - desc->random.stack_pointer) & ~(STACK_ALIGN - 1);
	sp -= desc->platform + RANDOM_BYTES + desc->auxv * 2 * POINTER;
	sp = (sp - pointers * POINTER) & ~(STACK_ALIGN - 1);
	err = find_extend_vma(mm, sp, &vma, why);
	if (err)
		return err;
	err = write_pages(mm, sp, strings, why);
	if (err)
		return err;
	result->stack_pointer = sp;
	mm->layout.arg_start = strings;
	mm->layout.arg_end = mm->layout.env_start = strings + desc->args.argv;
	mm->layout.env_end = mm->layout.env_start + desc->args.envp;
	note(why, NOTE_EXEC_STACK, vma->vm_start, vma->vm_end, sp, vma->vm_flags);
	return 0;
}
