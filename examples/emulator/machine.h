/*
 * machine.h - what the emulator must know of a processor and of Linux on it.
 */
#include <elf.h>
#include <sys/syscall.h>

#include <unicorn/unicorn.h>

#include <usermm/usermm.h>

#define SAVED_MOST 36

struct machine {
	unsigned int elf;		/* e_machine */
	uc_arch arch;
	uc_mode mode;
	uint32_t page_tables;		/* UMM_PAGE_TABLES_ */
	int pc, sp, thread;		/* registers, as Unicorn numbers them */
	int number, arg[6], result;	/* of a system call; of a function too, up to three */
	int link;			/* the address to return to; 0: it is on the stack */
	int saved[SAVED_MOST];		/* what a signal handler must not lose */
	int nr_saved;
	const short (*calls)[2];	/* its number of a call, ours; NULL: the same */
};

/* Linux on newer processors has one list of numbers, which is not x86-64's. */
static const short generic_calls[][2] = {
	{ 64, SYS_write }, { 93, SYS_exit }, { 94, SYS_exit_group }, { 134, SYS_rt_sigaction },
	{ 214, SYS_brk }, { 215, SYS_munmap }, { 216, SYS_mremap }, { 222, SYS_mmap },
	{ 226, SYS_mprotect }, { 233, SYS_madvise }, { -1, -1 },
};

#define X86(reg) UC_X86_REG_##reg
#define ARM(reg) UC_ARM64_REG_##reg

static const struct machine machines[] = {
	{
		.elf = EM_X86_64, .arch = UC_ARCH_X86, .mode = UC_MODE_64,
		.page_tables = UMM_PAGE_TABLES_X86_64,
		.pc = X86(RIP), .sp = X86(RSP), .thread = X86(FS_BASE),
		.number = X86(RAX), .result = X86(RAX),
		.arg = { X86(RDI), X86(RSI), X86(RDX), X86(R10), X86(R8), X86(R9) },
		.saved = { X86(R8), X86(R9), X86(R10), X86(R11), X86(R12), X86(R13), X86(R14),
			   X86(R15), X86(RDI), X86(RSI), X86(RBP), X86(RBX), X86(RDX), X86(RAX),
			   X86(RCX), X86(RSP), X86(RIP), X86(RFLAGS) },
		.nr_saved = 18,
	}, {
		.elf = EM_AARCH64, .arch = UC_ARCH_ARM64, .mode = UC_MODE_ARM,
		.page_tables = UMM_PAGE_TABLES_ARM64_4K,
		.pc = ARM(PC), .sp = ARM(SP), .thread = ARM(TPIDR_EL0),
		.number = ARM(X8), .result = ARM(X0), .link = ARM(X30),
		.arg = { ARM(X0), ARM(X1), ARM(X2), ARM(X3), ARM(X4), ARM(X5) },
		.saved = { ARM(X0), ARM(X1), ARM(X2), ARM(X3), ARM(X4), ARM(X5), ARM(X6), ARM(X7),
			   ARM(X8), ARM(X9), ARM(X10), ARM(X11), ARM(X12), ARM(X13), ARM(X14),
			   ARM(X15), ARM(X16), ARM(X17), ARM(X18), ARM(X19), ARM(X20), ARM(X21),
			   ARM(X22), ARM(X23), ARM(X24), ARM(X25), ARM(X26), ARM(X27), ARM(X28),
			   ARM(X29), ARM(X30), ARM(SP), ARM(PC), ARM(NZCV) },
		.nr_saved = 34,
		.calls = generic_calls,
	},
};
