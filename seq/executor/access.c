/*
 * access.c - a byte touched, and the signal that says it could not be.  And the one that says that
 * whoever started us is dead: nobody else will remove the segments.
 *
 * The three instructions that touch are known by their addresses; the handler lets what was touched
 * return with the code.  Any other SIGSEGV is the executor's own end.
 */
#include <linux/signal.h>

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>

#include "seq/executor/executor.h"
#include "seq/executor/sys.h"

#define SIGNAL_STACK_BYTES 65536

static char signal_stack[SIGNAL_STACK_BYTES] __attribute__((aligned(64)));

int64_t access_read(uint64_t addr);
int64_t access_write(uint64_t addr);
int64_t access_store(uint64_t addr, unsigned char byte);
void access_return(void);
void access_restorer(void);
void access_handler(int number, const siginfo_t *info, struct ucontext *context);

__asm__(".text\n"
	"access_read:\n"
	"	movb (%rdi), %al\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	"access_write:\n"
	"	lock; orb $0, (%rdi)\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	".globl access_store\n"
	"access_store:\n"
	"	movb %sil, (%rdi)\n"
	"	xor %eax, %eax\n"
	"access_return:\n"
	"	ret\n"
	"access_restorer:\n"
	"	mov $15, %eax\n"		/* rt_sigreturn */
	"	syscall\n");

void access_handler(int number, const siginfo_t *info, struct ucontext *context)
{
	struct sigcontext_64 *regs = (struct sigcontext_64 *)&context->uc_mcontext;
	struct sigaction plain = { .sa_handler = SIG_DFL };

	if (regs->ip < at(&access_read) || regs->ip >= at(&access_return)) {
		sys6(__NR_rt_sigaction, (uint64_t)number, at(&plain), 0, 8, 0, 0);
		return;
	}
	regs->ax = (uint64_t)(info->si_code + (number == SIGBUS ? 10 : 0));
	regs->ip = at(&access_return);
}

static void left_alone(int number)
{
	(void)number;
	for (uint32_t i = 0; i < shared->nr_segments && i < CONTROL_SEGMENTS; i++)
		sys3(__NR_shmctl, (uint64_t)shared->segment[i], 0, 0);
	sys1(__NR_exit_group, 104);
}

static void (*handler_pointer(void))(int)
{
	return (void (*)(int))(uintptr_t)at(&access_handler);
}

void access_setup(void)
{
	const stack_t stack = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	const struct sigaction action = {
		.sa_handler = handler_pointer(),
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
		.sa_restorer = access_restorer,
	};

	const struct sigaction end = {
		.sa_handler = left_alone,
		.sa_flags = SA_ONSTACK | SA_RESTORER,
		.sa_restorer = access_restorer,
	};

	sys3(__NR_sigaltstack, at(&stack), 0, 0);
	sys6(__NR_rt_sigaction, SIGSEGV, at(&action), 0, 8, 0, 0);
	sys6(__NR_rt_sigaction, SIGBUS, at(&action), 0, 8, 0, 0);
	sys6(__NR_rt_sigaction, SIGTERM, at(&end), 0, 8, 0, 0);
}

int64_t access_byte(uint64_t addr, int write)
{
	return write ? access_write(addr) : access_read(addr);
}
