#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host/calls_table.h"
#include "host/filter.h"

#define X32_SYSCALL_BIT 0x40000000u
#define FILTER_MAX 512

#define RET_TRACE(data) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | (data))
#define RET_ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))

struct program {
	struct sock_filter insn[FILTER_MAX];
	unsigned short len;
};

static void emit(struct program *program, struct sock_filter insn)
{
	if (program->len < FILTER_MAX)
		program->insn[program->len] = insn;
	program->len++;
}

static void emit_call(struct program *program, const struct call_desc *desc)
{
	size_t n = desc->nr_only;

	if (!n) {
		emit(program, (struct sock_filter)
		     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)desc->nr, 0, 1));
		emit(program, (struct sock_filter)RET_TRACE(FILTER_CALL));
		return;
	}
	/* No match: the next row may be of the same call, and wants the number again. */
	emit(program, (struct sock_filter)
	     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)desc->nr, 0, (uint8_t)(n + 4)));
	emit(program, (struct sock_filter)
	     LOAD(offsetof(struct seccomp_data, args) + 8 * (size_t)desc->only_arg));
	for (size_t i = 0; i < n; i++)
		emit(program, (struct sock_filter)
		     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, desc->only[i], (uint8_t)(n + 1 - i), 0));
	emit(program, (struct sock_filter)LOAD(offsetof(struct seccomp_data, nr)));
	emit(program, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
	emit(program, (struct sock_filter)RET_TRACE(FILTER_CALL));
}

static int generate(struct program *program)
{
	program->len = 0;
	emit(program, (struct sock_filter)LOAD(offsetof(struct seccomp_data, arch)));
	emit(program, (struct sock_filter)
	     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0));
	emit(program, (struct sock_filter)RET_TRACE(FILTER_FOREIGN));
	emit(program, (struct sock_filter)LOAD(offsetof(struct seccomp_data, nr)));
	emit(program, (struct sock_filter)
	     BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_SYSCALL_BIT, 0, 1));
	emit(program, (struct sock_filter)RET_TRACE(FILTER_FOREIGN));
	for (size_t i = 0; i < calls_table_size; i++)
		emit_call(program, &calls_table[i]);
	emit(program, (struct sock_filter)RET_ALLOW);
	return program->len <= FILTER_MAX ? 0 : -E2BIG;
}

uint32_t filter_would_say(uint32_t arch, uint64_t nr)
{
	bool foreign = arch != AUDIT_ARCH_X86_64 || (uint32_t)nr >= X32_SYSCALL_BIT;

	return foreign ? FILTER_FOREIGN : FILTER_CALL;
}

int filter_install(void)
{
	struct program program;
	struct sock_fprog prog;
	int err = generate(&program);

	if (err)
		return err;
	prog = (struct sock_fprog){ .len = program.len, .filter = program.insn };
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0)
		return 0;
	if (errno != EACCES)
		return -errno;
	/* Without CAP_SYS_ADMIN the kernel wants the promise that no exec gains privileges. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) == 0 ? 0 : -errno;
}
