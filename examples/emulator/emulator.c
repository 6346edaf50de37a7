/*
 * emulator.c - run a static Linux program, of x86-64 or of aarch64, whose memory is usermm's.
 *
 *	emulator PROGRAM [ARGS]
 *
 * A how-to for emulators: the processor is Unicorn's, the address space the library's.
 *
 *	- umm_exec_elf() lays the program out; the strings and vectors of its stack are written with
 *	  umm_write().
 *	- What the processor maps is a TLB: at first nothing.  An access that misses asks
 *	  umm_translate() for a pointer, which is mapped with the rights that were asked for; if it
 *	  says no, the program gets its SIGSEGV.
 *	- platform.tlb_flush() unmaps: that is all it takes for mprotect, munmap, mremap, fork.
 *	- Memory calls become umm_ calls; the few others that a C library makes at its start are
 *	  answered or passed on.
 *
 * What hangs on the processor is in machine.h.  Unicorn is under the GPL: this is not installed.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "examples/emulator/machine.h"
#include "host/platform_posix.h"

#define PAGE UINT64_C(4096)
#define TLB_SIZE 1024
#define SIGNALS 65

/* What the kernel keeps of a handler: the argument of rt_sigaction. */
struct handler {
	uint64_t function, flags, restorer, mask;
};

static struct emulator {
	const struct machine *machine;
	int program;			/* a descriptor: its pages are read when they are wanted */
	struct umm_world *world;
	struct umm_mm *mm;
	uc_engine *uc;
	uint64_t tlb[TLB_SIZE];		/* pages that the processor has mapped, by their number */
	uint8_t rights[TLB_SIZE];	/* UC_PROT_; 0: the entry is free */
	bool in_call;			/* it stopped at a system call */
	bool missed;			/* … or at an access to @addr of kind @access */
	uint64_t addr;
	unsigned int access;
	struct handler handler[SIGNALS];
} emu;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "emulator: %s\n", what);
	exit(125);
}

static uint64_t reg(int number)
{
	uint64_t value = 0;

	uc_reg_read(emu.uc, number, &value);
	return value;
}

static void set_reg(int number, uint64_t value)
{
	uc_reg_write(emu.uc, number, &value);
}

/* ---- the processor's memory: a TLB in front of the page tables ---- */

static void forget(size_t entry)
{
	uc_mem_unmap(emu.uc, emu.tlb[entry] * PAGE, PAGE);
	emu.rights[entry] = 0;
}

/* The library's: fewer rights than before in [start, end), or other pages. */
static void tlb_flush(void *ctx, struct umm_mm *mm, uint64_t start, uint64_t end)
{
	(void)ctx, (void)mm;
	for (size_t i = 0; i < TLB_SIZE; i++) {
		uint64_t page = emu.tlb[i] * PAGE;

		if (emu.rights[i] && page >= start && page < end)
			forget(i);
	}
}

static bool has_mapped(uint64_t addr, unsigned int rights)
{
	size_t entry = addr / PAGE % TLB_SIZE;

	return emu.tlb[entry] == addr / PAGE && (emu.rights[entry] & rights) == rights;
}

/* The access missed: ask the page tables, faulting as needed.  What umm_translate() says. */
static int refill(uint64_t addr, unsigned int access)
{
	size_t entry = addr / PAGE % TLB_SIZE;
	unsigned int rights = UC_PROT_READ | access;	/* Unicorn's bits are the library's */
	uint64_t start = addr / PAGE * PAGE, len;
	int fault;
	void *page = umm_translate(emu.mm, start, access, &len, &fault);

	if (!page)
		return fault;
	/* Of the same page it keeps the rights that it had, else it makes room. */
	if (has_mapped(addr, UC_PROT_READ))
		rights |= emu.rights[entry];
	if (emu.rights[entry])
		forget(entry);
	emu.tlb[entry] = addr / PAGE;
	emu.rights[entry] = (uint8_t)rights;
	if (uc_mem_map_ptr(emu.uc, start, PAGE, rights, page) != UC_ERR_OK)
		die("the processor's memory cannot be mapped");
	return UMM_FAULT_OK;
}

static bool on_miss(uc_engine *uc, uc_mem_type type, uint64_t addr, int size, int64_t value,
		    void *ctx)
{
	(void)uc, (void)value, (void)ctx;
	emu.missed = true;
	emu.access = UMM_ACCESS_READ;
	if (type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT)
		emu.access = UMM_ACCESS_WRITE;
	if (type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT)
		emu.access = UMM_ACCESS_EXEC;
	/* An access across two pages is reported at its beginning, whichever was missing. */
	emu.addr = addr % PAGE + (uint64_t)size > PAGE && has_mapped(addr, emu.access) ?
		   (addr / PAGE + 1) * PAGE : addr;
	return false;			/* stop; the instruction is started anew */
}

static void on_syscall(uc_engine *uc)
{
	emu.in_call = true;
	uc_emu_stop(uc);
}

/* Called before each instruction, so that the processor's state is exact wherever it stops. */
static void on_instruction(void) {}

/* ---- signals ---- */

/* Where handlers return to: nothing is ever mapped there, and the miss says that one did. */
#define RETURN_ADDRESS UINT64_C(0x7ffffffff000)

/*
 * On the stack.  A handler that looks at its third argument wants the kernel's ucontext instead;
 * and signals are not blocked here.
 */
struct frame {
	uint64_t return_address;
	uint64_t regs[SAVED_MOST];
	siginfo_t info;
};

/* The program dies of it, or its handler is next. */
static void raise_fault(uint64_t addr, int fault)
{
	const struct machine *m = emu.machine;
	int signo = fault == UMM_BUS_ADRERR ? SIGBUS : SIGSEGV;
	const struct handler *handler = &emu.handler[signo];
	struct frame frame = { .return_address = RETURN_ADDRESS };
	uint64_t sp = ((reg(m->sp) - 128 - sizeof(frame)) & ~UINT64_C(15)) - (m->link ? 0 : 8);

	if (fault == UMM_FAULT_OOM)
		die("out of memory");
	frame.info = (siginfo_t){ .si_signo = signo, .si_code = fault & 0xff };
	frame.info.si_addr = (void *)(uintptr_t)addr;
	for (int i = 0; i < m->nr_saved; i++)
		frame.regs[i] = reg(m->saved[i]);
	if (handler->function <= (uintptr_t)SIG_IGN ||
	    umm_write(emu.mm, sp, &frame, sizeof(frame), &fault) != sizeof(frame)) {
		signal(signo, SIG_DFL);
		raise(signo);
	}
	set_reg(m->sp, sp);
	set_reg(m->arg[0], (uint64_t)signo);
	set_reg(m->arg[1], sp + offsetof(struct frame, info));
	set_reg(m->pc, handler->function);
	if (m->link)
		set_reg(m->link, RETURN_ADDRESS);
}

static void return_from_handler(void)
{
	const struct machine *m = emu.machine;
	uint64_t sp = reg(m->sp) - (m->link ? 0 : 8);	/* the return took the address */
	struct frame frame;
	int fault;

	if (umm_read(emu.mm, sp, &frame, sizeof(frame), &fault) != sizeof(frame))
		die("a handler returned without its frame");
	for (int i = 0; i < m->nr_saved; i++)
		set_reg(m->saved[i], frame.regs[i]);
}

/* ---- system calls ---- */

/* As much as one buffer takes: who calls write() goes on by himself. */
static int64_t call_write(int fd, uint64_t addr, uint64_t len)
{
	static char buf[16 * PAGE];
	int fault;
	uint64_t got = umm_read(emu.mm, addr, buf, len < sizeof(buf) ? len : sizeof(buf), &fault);
	ssize_t done = got || !len ? write(fd, buf, got) : -1;

	return done >= 0 ? done : got ? -errno : -EFAULT;
}

static int64_t call_sigaction(uint64_t signo, uint64_t new, uint64_t old)
{
	const uint64_t size = sizeof(struct handler);
	int fault;

	if (!signo || signo >= SIGNALS)
		return -EINVAL;
	if ((old && umm_write(emu.mm, old, &emu.handler[signo], size, &fault) != size) ||
	    (new && umm_read(emu.mm, new, &emu.handler[signo], size, &fault) != size))
		return -EFAULT;
	return 0;
}

static int64_t do_syscall(uint64_t nr, const uint64_t a[6])
{
	switch (nr) {
	case SYS_mmap:			/* files: a program that wants them is another example */
		return umm_mmap(emu.mm, a[0], a[1], a[2], a[3], NULL, a[5], NULL);
	case SYS_munmap:
		return umm_munmap(emu.mm, a[0], a[1], NULL);
	case SYS_mprotect:
		return umm_mprotect(emu.mm, a[0], a[1], a[2], -1, NULL);
	case SYS_mremap:
		return umm_mremap(emu.mm, a[0], a[1], a[2], a[3], a[4], NULL);
	case SYS_madvise:
		return umm_madvise(emu.mm, a[0], a[1], (int)a[2], NULL);
	case SYS_brk:
		return (int64_t)umm_brk(emu.mm, a[0], NULL);
	case SYS_write:
		return call_write((int)a[0], a[1], a[2]);
	case SYS_rt_sigaction:
		return call_sigaction(a[0], a[1], a[2]);
	case SYS_arch_prctl:
		if (a[0] != ARCH_SET_FS)
			return -EINVAL;
		set_reg(emu.machine->thread, a[1]);
		return 0;
	case SYS_exit:
	case SYS_exit_group:
		exit((int)(a[0] & 0xff));
	default:			/* C libraries live without */
		return -ENOSYS;
	}
}

static void syscall_entered(void)
{
	const struct machine *m = emu.machine;
	uint64_t nr = reg(m->number), a[6];
	int i = 0;

	for (int arg = 0; arg < 6; arg++)
		a[arg] = reg(m->arg[arg]);
	while (m->calls && m->calls[i][0] >= 0 && (uint64_t)m->calls[i][0] != nr)
		i++;
	set_reg(m->result, (uint64_t)do_syscall(m->calls ? (uint64_t)m->calls[i][1] : nr, a));
}

/* ---- the program ---- */

static int64_t read_image(void *ctx, uint64_t offset, void *buf, size_t len)
{
	ssize_t got = pread(emu.program, buf, len, (off_t)offset);

	(void)ctx;
	return got < 0 ? -errno : got;
}

static int read_page(void *cookie, uint64_t pgoff, void *contents)
{
	return read_image(cookie, pgoff * PAGE, contents, PAGE) < 0 ? -1 : 0;
}

/* Strings below the top of the stack, from low to high, and the vectors that point to them. */
static void write_stack(const struct umm_exec_result *at, uint64_t strings, int argc, char **argv,
			const Elf64_Ehdr *header)
{
	const uint64_t auxv[] = {
		AT_PAGESZ, PAGE, AT_PHDR, at->phdr, AT_PHENT, header->e_phentsize, AT_PHNUM,
		header->e_phnum, AT_ENTRY, at->entry, AT_RANDOM, strings, AT_NULL, 0,
	};
	uint64_t vector[64 + sizeof(auxv) / 8] = { (uint64_t)argc };
	int fault = UMM_FAULT_OK;

	for (int i = 0; i < argc; i++) {
		vector[1 + i] = strings;
		strings += umm_write(emu.mm, strings, argv[i], strlen(argv[i]) + 1, &fault);
	}
	/* NULL ends argv, and an empty envp. */
	memcpy(&vector[3 + argc], auxv, sizeof(auxv));
	(void)umm_write(emu.mm, at->stack_pointer, vector, 8 * (3 + (uint64_t)argc) + sizeof(auxv),
			&fault);
	if (fault)
		die("the stack cannot be written");
}

static void load(const Elf64_Ehdr *header, int argc, char **argv)
{
	struct umm_exec_desc desc;
	struct umm_exec_result at;
	struct umm_file_desc file;
	struct stat st;

	if (argc > 60 || fstat(emu.program, &st))
		die("the program cannot be read");
	umm_file_desc_init(&file, UMM_FILE_REGULAR);
	file.path = argv[0];
	file.flags = UMM_FMODE_READ;
	file.bytes = (uint64_t)st.st_size;
	file.read_page = read_page;
	umm_exec_desc_init(&desc);
	if (umm_file_new(emu.world, &file, &desc.program.file))
		die("out of memory");
	desc.program.read = read_image;
	desc.program.bytes = file.bytes;
	desc.vdso = (struct umm_vdso_image){ .size = sizeof(desc.vdso) };
	desc.args.argc = (uint64_t)argc;
	desc.args.filename = desc.args.argv0 = strlen(argv[0]) + 1;
	for (int i = 0; i < argc; i++)
		desc.args.argv += strlen(argv[i]) + 1;
	if (umm_exec_elf(emu.mm, &desc, &at, NULL) < 0)
		die("the program cannot be loaded");
	umm_file_put(desc.program.file);
	write_stack(&at, at.stack_top - 8 - desc.args.filename - desc.args.argv, argc, argv,
		    header);
	set_reg(emu.machine->pc, at.start);
	set_reg(emu.machine->sp, at.stack_pointer);
}

static void run(void)
{
	for (;;) {
		int fault;

		emu.in_call = emu.missed = false;
		uc_err err = uc_emu_start(emu.uc, reg(emu.machine->pc), 0, 0, 0);

		if (emu.in_call) {
			syscall_entered();
		} else if (emu.missed && emu.addr == RETURN_ADDRESS) {
			return_from_handler();
		} else if (emu.missed) {
			fault = refill(emu.addr, emu.access);
			if (fault)
				raise_fault(emu.addr, fault);
		} else {
			die(uc_strerror(err));
		}
	}
}

static void new_processor(const Elf64_Ehdr *header)
{
	const struct machine *m = machines;
	uc_hook hook[3];
	bool x86;

	while (m->elf != header->e_machine)
		if (++m == machines + sizeof(machines) / sizeof(machines[0]))
			die("no such processor");
	emu.machine = m;
	x86 = m->arch == UC_ARCH_X86;
	if (uc_open(m->arch, m->mode, &emu.uc) != UC_ERR_OK ||
	    uc_hook_add(emu.uc, &hook[0], UC_HOOK_MEM_INVALID, (void *)on_miss, NULL, 1, 0) ||
	    uc_hook_add(emu.uc, &hook[1], x86 ? UC_HOOK_INSN : UC_HOOK_INTR, (void *)on_syscall,
			NULL, 1, 0, UC_X86_INS_SYSCALL) ||
	    uc_hook_add(emu.uc, &hook[2], UC_HOOK_CODE, (void *)on_instruction, NULL, 1, 0))
		die("no processor");
	if (!x86)			/* programs may use its floating point registers */
		set_reg(UC_ARM64_REG_CPACR_EL1, 3 << 20);
}

static void new_memory(void)
{
	struct umm_platform platform;
	struct umm_settings settings;

	umm_platform_posix(&platform);
	platform.tlb_flush = tlb_flush;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.page_tables = emu.machine->page_tables;
	settings.totalram_pages = (UINT64_C(64) << 20) / PAGE;
	if (umm_world_new(&platform, &settings, &emu.world) || umm_mm_new(emu.world, &emu.mm))
		die("out of memory");
}

int main(int argc, char **argv)
{
	Elf64_Ehdr header;

	emu.program = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
	if (read_image(NULL, 0, &header, sizeof(header)) != sizeof(header))
		die("usage: emulator PROGRAM [ARGS]");
	new_processor(&header);
	new_memory();
	load(&header, argc - 1, argv + 1);
	run();
}
