/*
 * start.c - where the executor begins: at once on a stack of its own, since the one that exec made
 * is unmapped with all that is not ours.
 */
#include "seq/executor/executor.h"
#include "seq/executor/sys.h"

#define STACK_BYTES 65536

char executor_stack[STACK_BYTES] __attribute__((aligned(64)));

_Noreturn void executor_main(void);

__asm__(".text\n"
	".globl executor_start\n"
	"executor_start:\n"
	"	lea executor_stack + 65536(%rip), %rsp\n"
	"	xor %ebp, %ebp\n"
	"	call executor_main\n"
	"	hlt\n");

/* A child of fork begins here, so that stacks do not grow with each generation. */
__asm__(".text\n"
	".globl executor_child\n"
	"executor_child:\n"
	"	lea executor_stack + 65536(%rip), %rsp\n"
	"	xor %ebp, %ebp\n"
	"	call turn_child\n"
	"	hlt\n");

/* The end of the first mapping whose place is the kernel's to choose. */
static uint64_t find_top(void)
{
	const uint64_t page = SEQ_PAGE;
	int64_t addr = sys6(__NR_mmap, 0, page, 0, UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS,
			    (uint64_t)-1, 0);

	if (addr < 0 && addr > -4096)
		return 0;
	sys3(__NR_munmap, (uint64_t)addr, page, 0);
	return (uint64_t)addr + page;
}

_Noreturn void executor_main(void)
{
	uint64_t bytes = (sizeof(struct control) + SEQ_PAGE - 1) & ~(SEQ_PAGE - 1);
	int64_t err;

	err = sys6(__NR_mmap, EXECUTOR_CONTROL, bytes, UMM_PROT_READ | UMM_PROT_WRITE,
		   UMM_MAP_SHARED | UMM_MAP_FIXED, FD_CONTROL, 0);
	if (err != (int64_t)EXECUTOR_CONTROL)
		sys1(__NR_exit_group, 101);
	if (look_open() < 0)
		sys1(__NR_exit_group, 102);
	look_unmap_others();
	access_setup();
	shared->pid[0] = (int32_t)sys1(__NR_getpid, 0);
	shared->zero_pfn = pages_zero_pfn();
	shared->top = find_top();
	turn_give(TURN_OUTSIDE);
	seq_state_init(&shared->state, &shared->start);
	turn_serve();
}
