/*
 * without.c - run a program where some system calls are not permitted, as in containers.
 *
 *	without CALL[,CALL...] PROGRAM [ARGS...]
 *
 * Those calls give EPERM to the program and all that it starts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int nr;
} calls[] = {
	{ "kcmp", SYS_kcmp },
	{ "perf_event_open", SYS_perf_event_open },
	{ "pidfd_getfd", 438 },		/* newer than some headers */
	{ "prlimit64", SYS_prlimit64 },
	{ "process_vm_readv", SYS_process_vm_readv },
	{ "ptrace", SYS_ptrace },
	{ "sched_setaffinity", SYS_sched_setaffinity },
	{ "seccomp", SYS_seccomp },
};

#define NR_CALLS (sizeof(calls) / sizeof(calls[0]))

static int number_of(const char *name, unsigned int *nr)
{
	for (size_t i = 0; i < NR_CALLS; i++) {
		if (strcmp(calls[i].name, name) == 0) {
			*nr = calls[i].nr;
			return 0;
		}
	}
	fprintf(stderr, "without: no call %s in my list\n", name);
	return -1;
}

int main(int argc, char **argv)
{
	struct sock_filter filter[2 * NR_CALLS + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .len = 1, .filter = filter };

	if (argc < 3) {
		fprintf(stderr, "usage: without CALL[,CALL...] PROGRAM [ARGS...]\n");
		return 2;
	}
	for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ",")) {
		unsigned int nr;

		if (program.len > 2 * NR_CALLS - 1 || number_of(name, &nr))
			return 2;
		filter[program.len++] = (struct sock_filter)
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1);
		filter[program.len++] = (struct sock_filter)
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) {
		perror("without: the filter");
		return 2;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
