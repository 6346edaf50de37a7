/*
 * emulator.c - run a static x86-64 Linux program whose memory is usermm's.
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
 * Unicorn is under the GPL: this is an example to read and to run, it is not installed.
 */
#include <asm/prctl.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <unicorn/unicorn.h>

#include <usermm/usermm.h>

#include "host/platform_posix.h"

#define PAGE UINT64_C(4096)
#define TLB_SIZE 1024
#define SIGNALS 65

/* What the kernel keeps of a handler: the argument of rt_sigaction. */
struct handler {
	uint64_t function, flags, restorer, mask;
};

static struct emulator {
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
	uint64_t blocked;		/* signals */
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

static void set_reg(int number, uint64_t value) { uc_reg_write(emu.uc, number, &value); }

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

static unsigned int rights_for(unsigned int access)
{
	return UC_PROT_READ | (access == UMM_ACCESS_WRITE ? UC_PROT_WRITE :
			       access == UMM_ACCESS_EXEC ? UC_PROT_EXEC : 0);
}

static bool has_mapped(uint64_t addr, unsigned int access)
{
	size_t entry = addr / PAGE % TLB_SIZE;
	unsigned int rights = rights_for(access);

	return emu.tlb[entry] == addr / PAGE && (emu.rights[entry] & rights) == rights;
}

/* The access missed: ask the page tables, faulting as needed.  What umm_translate() says. */
static int refill(uint64_t addr, unsigned int access)
{
	size_t entry = addr / PAGE % TLB_SIZE;
	unsigned int rights = rights_for(access);
	uint64_t start = addr / PAGE * PAGE, len;
	int fault;
	void *page = umm_translate(emu.mm, start, access, &len, &fault);

	if (!page)
		return fault;
	/* Of the same page it keeps the rights that it had, else it makes room. */
	if (has_mapped(addr, UMM_ACCESS_READ))
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
	emu.access = type == UC_MEM_WRITE_UNMAPPED || type == UC_MEM_WRITE_PROT ? UMM_ACCESS_WRITE :
		     type == UC_MEM_FETCH_UNMAPPED || type == UC_MEM_FETCH_PROT ? UMM_ACCESS_EXEC :
										  UMM_ACCESS_READ;
	/* An access across two pages is reported at its beginning, whichever was missing. */
	emu.addr = addr % PAGE + (uint64_t)size > PAGE && has_mapped(addr, emu.access) ?
		   (addr / PAGE + 1) * PAGE : addr;
	return false;			/* stop; the instruction is started anew */
}

static void on_syscall(uc_engine *uc, void *ctx)
{
	(void)ctx;
	emu.in_call = true;
	uc_emu_stop(uc);
}

/* Called before each instruction, so that the processor's state is exact wherever it stops. */
static void on_instruction(void) {}

/* ---- signals ---- */

static const int saved_regs[] = {	/* in the order of the kernel's sigcontext */
	UC_X86_REG_R8, UC_X86_REG_R9, UC_X86_REG_R10, UC_X86_REG_R11, UC_X86_REG_R12,
	UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15, UC_X86_REG_RDI, UC_X86_REG_RSI,
	UC_X86_REG_RBP, UC_X86_REG_RBX, UC_X86_REG_RDX, UC_X86_REG_RAX, UC_X86_REG_RCX,
	UC_X86_REG_RSP, UC_X86_REG_RIP, UC_X86_REG_RFLAGS,
};

#define SAVED (sizeof(saved_regs) / sizeof(saved_regs[0]))

struct frame {				/* struct rt_sigframe of x86-64 Linux */
	uint64_t restorer;
	uint64_t flags, link, stack[3];
	uint64_t regs[23];		/* the saved ones, segments, error, trap, mask, cr2 */
	uint64_t fpstate, reserved[8];
	uint64_t mask;
	siginfo_t info;
};

/* The program dies of it, or its handler is next. */
static void raise_fault(uint64_t addr, int fault)
{
	int signo = fault == UMM_BUS_ADRERR ? SIGBUS : SIGSEGV;
	const struct handler *handler = &emu.handler[signo];
	struct frame frame = { .restorer = handler->restorer, .mask = emu.blocked };
	uint64_t sp;

	if (fault == UMM_FAULT_OOM)
		die("out of memory");
	frame.info.si_signo = signo;
	frame.info.si_code = fault & 0xff;
	frame.info.si_addr = (void *)(uintptr_t)addr;
	for (size_t i = 0; i < SAVED; i++)
		frame.regs[i] = reg(saved_regs[i]);
	sp = ((reg(UC_X86_REG_RSP) - 128 - sizeof(frame)) & ~UINT64_C(15)) - 8;
	if (handler->function == (uintptr_t)SIG_DFL || handler->function == (uintptr_t)SIG_IGN ||
	    emu.blocked >> (signo - 1) & 1 ||
	    umm_write(emu.mm, sp, &frame, sizeof(frame), &fault) != sizeof(frame)) {
		signal(signo, SIG_DFL);
		raise(signo);
	}
	emu.blocked |= handler->mask | UINT64_C(1) << (signo - 1);
	set_reg(UC_X86_REG_RSP, sp);
	set_reg(UC_X86_REG_RDI, (uint64_t)signo);
	set_reg(UC_X86_REG_RSI, sp + offsetof(struct frame, info));
	set_reg(UC_X86_REG_RDX, sp + offsetof(struct frame, flags));
	set_reg(UC_X86_REG_RIP, handler->function);
}

static void return_from_handler(void)
{
	uint64_t sp = reg(UC_X86_REG_RSP) - 8;		/* the handler's return took the restorer */
	struct frame frame;
	int fault;

	if (umm_read(emu.mm, sp, &frame, sizeof(frame), &fault) != sizeof(frame))
		die("a handler returned without its frame");
	emu.blocked = frame.mask;
	for (size_t i = 0; i < SAVED; i++)
		set_reg(saved_regs[i], frame.regs[i]);
}

/* ---- system calls ---- */

/* -EFAULT where the program's memory cannot be reached. */
static int64_t copy_out(uint64_t addr, const void *from, uint64_t len)
{
	int fault;

	return !addr || umm_write(emu.mm, addr, from, len, &fault) == len ? 0 : -EFAULT;
}

static int64_t copy_in(void *to, uint64_t addr, uint64_t len)
{
	int fault;

	return umm_read(emu.mm, addr, to, len, &fault) == len ? 0 : -EFAULT;
}

static int64_t call_write(int fd, uint64_t addr, uint64_t len)
{
	uint64_t done, part = 0;
	const void *bytes;
	int fault;

	for (done = 0; done < len; done += part) {
		bytes = umm_translate(emu.mm, addr + done, UMM_ACCESS_READ, &part, &fault);
		part = part < len - done ? part : len - done;
		if (!bytes || write(fd, bytes, part) != (ssize_t)part)
			return done ? (int64_t)done : -EFAULT;
	}
	return (int64_t)done;
}

static int64_t call_sigaction(uint64_t signo, uint64_t new, uint64_t old)
{
	struct handler *handler = &emu.handler[signo];

	if (!signo || signo >= SIGNALS)
		return -EINVAL;
	if (copy_out(old, handler, sizeof(*handler)))
		return -EFAULT;
	return new ? copy_in(handler, new, sizeof(*handler)) : 0;
}

static int64_t call_sigmask(uint64_t how, uint64_t new, uint64_t old)
{
	uint64_t set, was = emu.blocked;

	if (new) {
		if (copy_in(&set, new, sizeof(set)))
			return -EFAULT;
		emu.blocked = how == SIG_BLOCK ? was | set : how == SIG_UNBLOCK ? was & ~set : set;
	}
	return copy_out(old, &was, sizeof(was));
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
	case SYS_rt_sigprocmask:
		return call_sigmask(a[0], a[1], a[2]);
	case SYS_arch_prctl:
		if (a[0] != ARCH_SET_FS)
			return -EINVAL;
		set_reg(UC_X86_REG_FS_BASE, a[1]);
		return 0;
	case SYS_exit:
	case SYS_exit_group:
		exit((int)(a[0] & 0xff));
	case SYS_set_tid_address:
	case SYS_getpid:
	case SYS_gettid:
		return getpid();
	case SYS_set_robust_list:
		return 0;
	case SYS_ioctl:
		return -ENOTTY;
	default:			/* C libraries live without */
		return -ENOSYS;
	}
}

static void syscall_entered(void)
{
	static const int arg_regs[] = { UC_X86_REG_RDI, UC_X86_REG_RSI, UC_X86_REG_RDX,
					UC_X86_REG_R10, UC_X86_REG_R8, UC_X86_REG_R9 };
	uint64_t nr = reg(UC_X86_REG_RAX), a[6];

	for (int i = 0; i < 6; i++)
		a[i] = reg(arg_regs[i]);
	if (nr == SYS_rt_sigreturn)
		return_from_handler();
	else
		set_reg(UC_X86_REG_RAX, (uint64_t)do_syscall(nr, a));
}

/* ---- the program ---- */

static int64_t read_image(void *ctx, uint64_t offset, void *buf, size_t len)
{
	ssize_t got = pread(*(int *)ctx, buf, len, (off_t)offset);

	return got < 0 ? -errno : got;
}

static int read_page(void *cookie, uint64_t pgoff, void *contents)
{
	return pread(*(int *)cookie, contents, PAGE, (off_t)(pgoff * PAGE)) < 0 ? -1 : 0;
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

	for (int i = 0; i < argc; i++) {
		vector[1 + i] = strings;
		if (copy_out(strings, argv[i], strlen(argv[i]) + 1))
			die("the stack cannot be written");
		strings += strlen(argv[i]) + 1;
	}
	/* NULL ends argv, and an empty envp. */
	memcpy(&vector[3 + argc], auxv, sizeof(auxv));
	if (copy_out(at->stack_pointer, vector, 8 * (3 + (uint64_t)argc) + sizeof(auxv)))
		die("the stack cannot be written");
}

static void load(const char *path, int argc, char **argv)
{
	static int fd;
	struct umm_exec_desc desc;
	struct umm_exec_result at;
	struct umm_file_desc file;
	Elf64_Ehdr header;
	struct stat st;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || pread(fd, &header, sizeof(header), 0) != sizeof(header))
		die("the program cannot be read");
	umm_file_desc_init(&file, UMM_FILE_REGULAR);
	file.path = path;
	file.flags = UMM_FMODE_READ;
	file.bytes = (uint64_t)st.st_size;
	file.cookie = &fd;
	file.read_page = read_page;
	umm_exec_desc_init(&desc);
	if (umm_file_new(emu.world, &file, &desc.program.file))
		die("out of memory");
	desc.program.read = read_image;
	desc.program.ctx = &fd;
	desc.program.bytes = file.bytes;
	desc.vdso = (struct umm_vdso_image){ .size = sizeof(desc.vdso) };
	desc.args.argc = (uint64_t)argc;
	desc.args.filename = strlen(path) + 1;
	for (int i = 0; i < argc; i++)
		desc.args.argv += strlen(argv[i]) + 1;
	desc.args.argv0 = strlen(argv[0]) + 1;
	if (argc > 60 || umm_exec_elf(emu.mm, &desc, &at, NULL) < 0)
		die("the program cannot be loaded");
	umm_file_put(desc.program.file);
	write_stack(&at, at.stack_top - 8 - desc.args.filename - desc.args.argv, argc, argv,
		    &header);
	set_reg(UC_X86_REG_RIP, at.start);
	set_reg(UC_X86_REG_RSP, at.stack_pointer);
}

static void run(void)
{
	for (;;) {
		int fault;

		emu.in_call = emu.missed = false;
		uc_err err = uc_emu_start(emu.uc, reg(UC_X86_REG_RIP), 0, 0, 0);

		if (emu.in_call) {
			syscall_entered();
		} else if (emu.missed) {
			fault = refill(emu.addr, emu.access);
			if (fault)
				raise_fault(emu.addr, fault);
		} else {
			die(uc_strerror(err));
		}
	}
}

int main(int argc, char **argv)
{
	struct umm_platform platform;
	struct umm_settings settings;
	uc_hook hook[3];

	if (argc < 2)
		die("usage: emulator PROGRAM [ARGS]");
	umm_platform_posix(&platform);
	platform.tlb_flush = tlb_flush;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.totalram_pages = (UINT64_C(64) << 20) / PAGE;
	if (umm_world_new(&platform, &settings, &emu.world) || umm_mm_new(emu.world, &emu.mm))
		die("out of memory");
	if (uc_open(UC_ARCH_X86, UC_MODE_64, &emu.uc) != UC_ERR_OK ||
	    uc_hook_add(emu.uc, &hook[0], UC_HOOK_MEM_INVALID, (void *)on_miss, NULL, 1, 0) ||
	    uc_hook_add(emu.uc, &hook[1], UC_HOOK_INSN, (void *)on_syscall, NULL, 1, 0,
			UC_X86_INS_SYSCALL) ||
	    uc_hook_add(emu.uc, &hook[2], UC_HOOK_CODE, (void *)on_instruction, NULL, 1, 0))
		die("no processor");
	load(argv[1], argc - 1, argv + 1);
	run();
}
