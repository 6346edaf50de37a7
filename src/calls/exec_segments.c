/*
 * exec_segments.c - the segments of a program and of its interpreter.
 *
 * Theory
 * ------
 * A segment is up to three things, all of which begin and end at pages:
 *
 *	file part	p_filesz bytes of the file, mapped privately
 *	last page of it	zeroed behind those bytes: if it can be written, it is now, and its area
 *			has an anon_vma
 *	bss		anonymous memory for the rest of p_memsz
 *
 * The first segment decides where all others go.  So that they find room, it is mapped as long as
 * all of them together, and what is too much is unmapped again; the others are then MAP_FIXED over
 * whatever is there.
 *
 *	ET_EXEC				p_vaddr, which must be free
 *	ET_DYN with an interpreter	two thirds of user space, and a random offset
 *	ET_DYN without one, and every	where mmap without a hint would put it; if a segment wants
 *	interpreter			to be aligned beyond a page, there and then down to that
 *
 * Kernels before 6.7 do the last two once for an interpreter: behind the last segment that has a
 * file part, up to where the last one ends in memory.
 *
 * An error in here comes past the point of no return: the program is dead.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/brk.h"
#include "calls/elf.h"
#include "calls/exec.h"
#include "calls/mmap.h"
#include "calls/munmap.h"
#include "fault/fault.h"
#include "fault/uaccess.h"
#include "space/anon_vma.h"
#include "space/vma_tree.h"

/* One image on its way into the address space. */
struct loading {
	/* in, read-only */
	struct mm_struct *mm;
	const struct umm_exec_image *image;
	const struct elf_header *header;
	struct umm_why *why;
	uint64_t alignment;		/* the largest that a segment asks for, in bytes */
	uint64_t total_size;		/* bytes from the first page to the last byte */
};

static uint64_t page_offset(umm_addr_t addr)
{
	return addr & ~PAGE_MASK;
}

static bool beyond_user_space(const struct mm_struct *mm, umm_addr_t addr)
{
	return addr >= mm->layout.task_size;
}

/* Header @i, which was there when the headers were looked at first. */
static long read_phdr(const struct loading *ld, unsigned int i, struct elf_phdr *phdr)
{
	if (elf_read_phdr(ld->image, ld->header, i, phdr))
		return 0;
	return refuse(ld->why, WHY_EXEC_PHDRS_CUT, ld->header->phoff, ld->image->bytes);
}

/* What all segments together need. */
static long measure(struct loading *ld)
{
	umm_addr_t min = UINT64_MAX, max = 0;
	bool any = false;

	ld->alignment = 0;
	for (unsigned int i = 0; i < ld->header->phnum; i++) {
		struct elf_phdr phdr;
		long err = read_phdr(ld, i, &phdr);

		if (err)
			return err;
		if (phdr.type != PT_LOAD)
			continue;
		any = true;
		min = min_u64(min, phdr.vaddr & PAGE_MASK);
		max = max_u64(max, phdr.vaddr + phdr.memsz);
		if (phdr.align && !(phdr.align & (phdr.align - 1)))
			ld->alignment = max_u64(ld->alignment, phdr.align);
	}
	ld->alignment = page_align(ld->alignment);
	ld->total_size = any ? max - min : 0;
	return 0;
}

static uint64_t prot_of(const struct elf_phdr *phdr)
{
	return (phdr->flags & PF_R ? UMM_PROT_READ : 0) |
	       (phdr->flags & PF_W ? UMM_PROT_WRITE : 0) |
	       (phdr->flags & PF_X ? UMM_PROT_EXEC : 0);
}

static int64_t vm_mmap(const struct loading *ld, umm_addr_t addr, uint64_t len, uint64_t prot,
		       uint64_t flags, uint64_t offset)
{
	struct mmap_request req = {
		.addr = addr, .len = len, .prot = prot, .flags = flags,
		.file = (struct file *)ld->image->file, .pgoff = offset >> PAGE_SHIFT,
	};
	struct umm_why_entry *mark = why_mark(ld->why);
	int64_t at;

	if (offset + page_align(len) < offset || !page_aligned(offset))
		return refuse(ld->why, WHY_EXEC_SEGMENT_OFFSET, offset, addr);
	at = do_mmap(ld->mm, &req, ld->why);
	if (!IS_ERR_VALUE(at))
		why_retract(ld->why, mark);	/* told segment by segment */
	return at;
}

/* The part of a segment that the file has.  @total: bytes to map at first, 0 for its own. */
static int64_t elf_map(const struct loading *ld, umm_addr_t addr, const struct elf_phdr *phdr,
		       uint64_t flags, uint64_t total)
{
	uint64_t size = page_align(phdr->filesz + page_offset(phdr->vaddr));
	uint64_t offset = phdr->offset - page_offset(phdr->vaddr);
	int64_t at;

	addr &= PAGE_MASK;
	if (!size)
		return (int64_t)addr;
	if (!total)
		return vm_mmap(ld, addr, size, prot_of(phdr), flags, offset);
	total = page_align(total);
	at = vm_mmap(ld, addr, total, prot_of(phdr), flags, offset);
	if (!IS_ERR_VALUE(at)) {	/* a refusal of this is nobody's business, as in Linux */
		long ignored = do_munmap(ld->mm, (umm_addr_t)at + size, total - size, NULL);

		(void)ignored;
	}
	return at;
}

/* Zero the rest of the page at @start.  If that fails: refused if it @must be, else it stays. */
static long padzero(const struct loading *ld, umm_addr_t start, uint64_t file_offset, bool must)
{
	long err;

	if (page_aligned(start))
		return 0;
	err = anon_vma_reserve(ld->mm, 1, ld->why);
	if (err)
		return err;
	/* The area must let itself be written, and the page must exist in the file. */
	if (handle_fault(ld->mm, start, UMM_ACCESS_WRITE, NULL) == UMM_FAULT_OK &&
	    (file_offset & PAGE_MASK) < ld->image->bytes) {
		clear_user(ld->mm, start, page_align(start) - start);
		note(ld->why, NOTE_EXEC_ZEROED, start, page_align(start), 0, 0);
		return 0;
	}
	return must ? refuse(ld->why, WHY_EXEC_CLEAR, start, ld->image->bytes) : 0;
}

static long elf_bss(const struct loading *ld, umm_addr_t start, umm_addr_t end, bool executable)
{
	struct umm_why_entry *mark = why_mark(ld->why);
	long err;

	start = page_align(start);
	end = page_align(end);
	err = vm_brk_flags(ld->mm, start, end - start, executable, ld->why);
	if (err)
		return err;
	why_retract(ld->why, mark);
	if (end != start)
		note(ld->why, NOTE_EXEC_BSS, start, end, 0, 0);
	return 0;
}

/* One segment at @addr, which is where its p_vaddr goes.  Its first page, or refused. */
static int64_t elf_load(const struct loading *ld, umm_addr_t addr, const struct elf_phdr *phdr,
			uint64_t flags, uint64_t total)
{
	umm_addr_t map, zero_start, zero_end;
	int64_t at;
	bool must;
	long err;

	if (phdr->filesz) {
		at = elf_map(ld, addr, phdr, flags, total);
		if (IS_ERR_VALUE(at))
			return at;
		map = (umm_addr_t)at;
		note(ld->why, NOTE_EXEC_SEGMENT, map,
		     map + page_align(phdr->filesz + page_offset(phdr->vaddr)), phdr->offset,
		     prot_of(phdr));
		zero_start = map + page_offset(phdr->vaddr) + phdr->filesz;
	} else {
		map = zero_start = addr & PAGE_MASK;
	}
	if (beyond_user_space(ld->mm, map))
		return refuse(ld->why, WHY_EXEC_SEGMENT_SIZE, map, ld->mm->layout.task_size);
	if (phdr->memsz <= phdr->filesz)
		return (int64_t)map;
	zero_end = map + page_offset(phdr->vaddr) + phdr->memsz;
	if (phdr->filesz) {
		must = (phdr->flags & PF_W) && rule(ld->mm->world, RULE_EXEC_ZERO_OR_DIE);
		err = padzero(ld, zero_start, phdr->offset + phdr->filesz, must);
		if (err)
			return err;
	}
	err = elf_bss(ld, zero_start, zero_end, phdr->flags & PF_X);
	return err ? err : (int64_t)map;
}

/* Linux asks this after it mapped the segment. */
static long check_segment(const struct loading *ld, umm_addr_t addr, const struct elf_phdr *phdr)
{
	uint64_t task_size = ld->mm->layout.task_size;
	bool good = addr < task_size && phdr->filesz <= phdr->memsz && phdr->memsz <= task_size &&
		    addr <= task_size - phdr->memsz;

	return good ? 0 : refuse(ld->why, WHY_EXEC_SEGMENT_SIZE, addr, task_size);
}

/* All segments passed: said once. */
static void passed_segments(const struct loading *ld)
{
	passed(ld->why, WHY_EXEC_SEGMENT_OFFSET, 0, 0);
	passed(ld->why, WHY_EXEC_SEGMENT_SIZE, 0, 0);
	passed(ld->why, WHY_EXEC_CLEAR, 0, 0);
}

static void note_extent(struct exec_loaded *loaded, const struct elf_phdr *phdr, uint64_t phoff)
{
	umm_addr_t start = phdr->vaddr, end = start + phdr->filesz;

	if (phdr->offset <= phoff && phoff - phdr->offset < phdr->filesz)
		loaded->phdr = phoff - phdr->offset + start;
	if ((phdr->flags & PF_X) && start < loaded->start_code)
		loaded->start_code = start;
	loaded->start_data = max_u64(loaded->start_data, start);
	if (phdr->flags & PF_X)
		loaded->end_code = max_u64(loaded->end_code, end);
	loaded->end_data = max_u64(loaded->end_data, end);
	loaded->end_bss = max_u64(loaded->end_bss, start + phdr->memsz);
}

/* Where an image that goes anywhere would go, if it were aligned as it wants to be. */
static int64_t try_aligned(const struct loading *ld, const struct elf_phdr *phdr)
{
	struct umm_why_entry *mark = why_mark(ld->why);
	int64_t at = elf_load(ld, 0, phdr, UMM_MAP_PRIVATE, ld->total_size);
	long err;

	if (IS_ERR_VALUE(at))
		return at;
	err = do_munmap(ld->mm, (umm_addr_t)at, ld->total_size, ld->why);
	if (err)
		return err;
	why_retract(ld->why, mark);
	return (int64_t)((umm_addr_t)at & ~(ld->alignment - 1));
}

/* Settle bias and flags for the first segment of a program. */
static long place_first(const struct loading *ld, const struct elf_phdr *phdr, bool has_interpreter,
			umm_addr_t at, umm_addr_t *bias, uint64_t *flags)
{
	*flags = UMM_MAP_PRIVATE | UMM_MAP_FIXED_NOREPLACE;
	*bias = 0;
	if (ld->header->type == ET_EXEC)
		return 0;
	if (has_interpreter) {
		*bias = ld->alignment ? at & ~(ld->alignment - 1) : at;
	} else if (ld->alignment > PAGE_SIZE) {
		int64_t tried = try_aligned(ld, phdr);

		if (IS_ERR_VALUE(tried))
			return (long)tried;
		*bias = (umm_addr_t)tried;
	} else {
		*flags = UMM_MAP_PRIVATE;
	}
	*bias = (*bias - phdr->vaddr) & PAGE_MASK;
	return check(ld->why, ld->total_size != 0, WHY_EXEC_NO_LOAD, 0, 0);
}

static long load_first(const struct loading *ld, const struct elf_phdr *phdr, bool has_interpreter,
		       umm_addr_t where, umm_addr_t *bias)
{
	bool fixed = ld->header->type == ET_EXEC;
	uint64_t flags;
	int64_t at;
	long err;

	err = place_first(ld, phdr, has_interpreter, where, bias, &flags);
	if (err)
		return err;
	at = elf_load(ld, *bias + phdr->vaddr, phdr, flags, fixed ? 0 : ld->total_size);
	if (IS_ERR_VALUE(at))
		return (long)at;
	if (!fixed)
		*bias += (umm_addr_t)at - ((*bias + phdr->vaddr) & PAGE_MASK);
	return 0;
}

long exec_load_program(struct mm_struct *mm, const struct umm_exec_image *image,
		       const struct elf_header *header, bool has_interpreter, umm_addr_t at,
		       struct exec_loaded *loaded, struct umm_why *why)
{
	struct loading ld = { .mm = mm, .image = image, .header = header, .why = why };
	bool first = true;
	long err = measure(&ld);

	*loaded = (struct exec_loaded){ .start_code = UINT64_MAX };
	for (unsigned int i = 0; !err && i < header->phnum; i++) {
		struct elf_phdr phdr;
		int64_t map;

		err = read_phdr(&ld, i, &phdr);
		if (err || phdr.type != PT_LOAD)
			continue;
		if (first) {
			err = load_first(&ld, &phdr, has_interpreter, at, &loaded->load_bias);
		} else {
			map = elf_load(&ld, loaded->load_bias + phdr.vaddr, &phdr,
				       UMM_MAP_PRIVATE | UMM_MAP_FIXED, 0);
			err = IS_ERR_VALUE(map) ? (long)map : 0;
		}
		first = false;
		if (!err)
			err = check_segment(&ld, phdr.vaddr, &phdr);
		if (!err)
			note_extent(loaded, &phdr, header->phoff);
	}
	if (!err)
		passed_segments(&ld);
	return err;
}

/* Where an interpreter's segments end, in its file and in memory: of older kernels. */
struct interpreter_end {
	umm_addr_t file, memory;
	bool executable;		/* of the segment that ends last in memory */
};

static void note_end(struct interpreter_end *end, umm_addr_t addr, const struct elf_phdr *phdr)
{
	end->file = max_u64(end->file, addr + phdr->filesz);
	if (addr + phdr->memsz <= end->memory)
		return;
	end->memory = addr + phdr->memsz;
	end->executable = phdr->flags & PF_X;
}

/* The page of the last byte that is of the file, whichever segment lies there, must be writable. */
static long zero_once(const struct loading *ld, umm_addr_t start)
{
	const struct vm_area_struct *vma = find_vma_intersection(&ld->mm->tree, start, start + 1);
	uint64_t offset = 0;
	long err;

	if (vma && vma->vm_file)
		offset = (vma->vm_pgoff << PAGE_SHIFT) + (start - vma->vm_start);
	err = padzero(ld, start, offset, true);
	if (err != -UMM_EFAULT || !vma || (vma->vm_flags & VM_WRITE))
		return err;
	why_unrefuse(ld->why);
	return refuse(ld->why, WHY_EXEC_CLEAR_READONLY, start, 0);
}

/* Behind all segments, instead of behind each. */
static long bss_once(const struct loading *ld, const struct interpreter_end *end)
{
	umm_addr_t start = page_align(end->file), top = page_align(end->memory);
	long err = zero_once(ld, end->file);

	if (!err && top > start)
		err = elf_bss(ld, start, top, end->executable);
	return err;
}

/* The part of an interpreter's segment that this kernel maps at once. */
static int64_t load_interpreter_segment(const struct loading *ld, umm_addr_t addr,
					const struct elf_phdr *phdr, uint64_t flags, uint64_t total)
{
	int64_t at;

	if (rule(ld->mm->world, RULE_INTERP_BSS_PER_SEGMENT))
		return elf_load(ld, addr, phdr, flags, total);
	at = elf_map(ld, addr, phdr, flags, total);
	if (!IS_ERR_VALUE(at) && beyond_user_space(ld->mm, (umm_addr_t)at))
		return refuse(ld->why, WHY_EXEC_SEGMENT_SIZE, (umm_addr_t)at,
			      ld->mm->layout.task_size);
	if (!IS_ERR_VALUE(at))
		note(ld->why, NOTE_EXEC_SEGMENT, (umm_addr_t)at,
		     (umm_addr_t)at + page_align(phdr->filesz + page_offset(phdr->vaddr)),
		     phdr->offset, prot_of(phdr));
	return at;
}

long exec_load_interpreter(struct mm_struct *mm, const struct umm_exec_image *image,
			   const struct elf_header *header, umm_addr_t program_bias,
			   struct exec_loaded *loaded, struct umm_why *why)
{
	struct loading ld = { .mm = mm, .image = image, .header = header, .why = why };
	uint64_t fixed = header->type == ET_EXEC ? UMM_MAP_FIXED : 0;
	struct interpreter_end end = { 0 };
	bool first = true;
	long err;

	*loaded = (struct exec_loaded){ .start_code = UINT64_MAX };
	err = check(why, (fixed || header->type == ET_DYN) && elf_can_mmap(image),
		    WHY_EXEC_INTERP_TYPE, header->type, 0);
	if (!err)
		err = measure(&ld);
	if (!err)
		err = check(why, ld.total_size != 0, WHY_EXEC_NO_LOAD, 0, 0);
	for (unsigned int i = 0; !err && i < header->phnum; i++) {
		struct elf_phdr phdr;
		umm_addr_t bias;
		int64_t map;

		err = read_phdr(&ld, i, &phdr);
		if (err || phdr.type != PT_LOAD)
			continue;
		/* Of a program that was not moved, the interpreter's address is a hint. */
		if (first && !fixed && program_bias)
			loaded->load_bias = -phdr.vaddr;
		bias = loaded->load_bias;
		map = load_interpreter_segment(&ld, bias + phdr.vaddr, &phdr,
					       UMM_MAP_PRIVATE | fixed,
					       first ? ld.total_size : 0);
		if (IS_ERR_VALUE(map))
			return (long)map;
		if (first && !fixed)
			loaded->load_bias = (umm_addr_t)map - (phdr.vaddr & PAGE_MASK);
		fixed = UMM_MAP_FIXED;
		first = false;
		err = check_segment(&ld, loaded->load_bias + phdr.vaddr, &phdr);
		if (!err) {
			note_extent(loaded, &phdr, header->phoff);
			note_end(&end, loaded->load_bias + phdr.vaddr, &phdr);
		}
	}
	if (!err && !rule(mm->world, RULE_INTERP_BSS_PER_SEGMENT))
		err = bss_once(&ld, &end);
	if (!err)
		passed_segments(&ld);
	return err;
}
