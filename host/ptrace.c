#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/filter.h"
#include "host/ptrace.h"

/*
 * EXITKILL is not a choice: the filter outlives its tracer, and then every call of the table
 * answers ENOSYS.
 */
#define OPTIONS (PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP |	\
		 PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |	\
		 PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT)

/*
 * Of a process that ran before us.  It has no filter of ours and survives us: no EXITKILL.  Where
 * it has a filter of its own that asks a tracer, there is none to ask: no TRACESECCOMP.
 */
#define ATTACH_OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |	\
			PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT)

static long request(int op, pid_t tid, uintptr_t addr, uintptr_t data)
{
	return syscall(SYS_ptrace, (long)op, (long)tid, addr, data) < 0 ? -errno : 0;
}

static void report_and_exit(int fd, enum ptrace_stage stage, int error)
{
	struct ptrace_report report = { .stage = (int)stage, .error = error };

	if (write(fd, &report, sizeof(report)) < 0)
		_exit(125);
	_exit(stage == PTRACE_STAGE_EXEC && error == ENOENT ? 127 : 126);
}

static void child_main(const char *path, char *const argv[], int go, int report)
{
	char byte;
	int err;

	if (read(go, &byte, 1) != 1)
		_exit(125);
	err = filter_install();
	if (err)
		report_and_exit(report, PTRACE_STAGE_FILTER, -err);
	execv(path, argv);
	report_and_exit(report, PTRACE_STAGE_EXEC, errno);
}

int ptrace_spawn(const char *path, char *const argv[], struct ptrace_child *child,
		 const char **what)
{
	int go[2], report[2], status;
	long err;

	*what = "pipe";
	if (pipe2(go, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(report, O_CLOEXEC) != 0) {
		err = -errno;
		goto close_go;
	}
	*what = "fork";
	child->pid = fork();
	if (child->pid < 0) {
		err = -errno;
		goto close_report;
	}
	if (child->pid == 0) {
		close(go[1]);
		close(report[0]);
		child_main(path, argv, go[0], report[1]);
	}
	close(go[0]);
	close(report[1]);
	child->go_fd = go[1];
	child->report_fd = report[0];

	/* Before the filter is there: no moment with a filter and without EXITKILL. */
	*what = "PTRACE_SEIZE";
	err = request(PTRACE_SEIZE, child->pid, 0, OPTIONS);
	if (!err)
		return 0;
	close(child->go_fd);		/* it reads end of file and leaves */
	close(child->report_fd);
	waitpid(child->pid, &status, 0);
	return (int)err;

close_report:
	close(report[0]);
	close(report[1]);
close_go:
	close(go[0]);
	close(go[1]);
	return (int)err;
}

int ptrace_seize(pid_t tid)
{
	long err = request(PTRACE_SEIZE, tid, 0, ATTACH_OPTIONS);

	return (int)(err ? err : request(PTRACE_INTERRUPT, tid, 0, 0));
}

int ptrace_interrupt(pid_t tid)
{
	return (int)request(PTRACE_INTERRUPT, tid, 0, 0);
}

int ptrace_detach(pid_t tid, int signo)
{
	return (int)request(PTRACE_DETACH, tid, 0, (uintptr_t)signo);
}

void ptrace_release(struct ptrace_child *child)
{
	ssize_t ignored = write(child->go_fd, "", 1);

	(void)ignored;			/* a dead child reports itself by waitpid */
	close(child->go_fd);
	child->go_fd = -1;
}

bool ptrace_failed(struct ptrace_child *child, struct ptrace_report *report)
{
	bool failed = read(child->report_fd, report, sizeof(*report)) == sizeof(*report);

	if (child->go_fd >= 0)
		close(child->go_fd);
	close(child->report_fd);
	child->go_fd = child->report_fd = -1;
	return failed;
}

static long syscall_info(pid_t tid, struct __ptrace_syscall_info *info)
{
	return request(PTRACE_GET_SYSCALL_INFO, tid, sizeof(*info), (uintptr_t)info);
}

int ptrace_entry(pid_t tid, struct ptrace_call *call)
{
	struct __ptrace_syscall_info info;
	long err = syscall_info(tid, &info);

	if (err)
		return (int)err;
	call->arch = info.arch;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		call->nr = info.entry.nr;
		memcpy(call->arg, info.entry.args, sizeof(call->arg));
		call->filter_data = filter_would_say(call->arch, call->nr);
	} else if (info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
		call->nr = info.seccomp.nr;
		memcpy(call->arg, info.seccomp.args, sizeof(call->arg));
		call->filter_data = info.seccomp.ret_data;
	} else {
		return -EINVAL;
	}
	return 0;
}

int ptrace_result(pid_t tid, int64_t *result)
{
	struct __ptrace_syscall_info info;
	long err = syscall_info(tid, &info);

	if (err)
		return (int)err;
	if (info.op != PTRACE_SYSCALL_INFO_EXIT)
		return -EINVAL;
	*result = info.exit.rval;
	return 0;
}

static int poke_user(pid_t tid, size_t offset, uint64_t value)
{
	return (int)request(PTRACE_POKEUSER, tid, offset, value);
}

int ptrace_set_result(pid_t tid, int64_t result)
{
	return poke_user(tid, offsetof(struct user_regs_struct, rax), (uint64_t)result);
}

int ptrace_set_arg0(pid_t tid, uint64_t value)
{
	return poke_user(tid, offsetof(struct user_regs_struct, rdi), value);
}

int ptrace_peek(pid_t tid, uint64_t addr, uint64_t *value)
{
	return (int)request(PTRACE_PEEKDATA, tid, addr, (uintptr_t)value);
}

int ptrace_poke(pid_t tid, uint64_t addr, uint64_t value)
{
	return (int)request(PTRACE_POKEDATA, tid, addr, value);
}

unsigned long ptrace_message(pid_t tid)
{
	unsigned long message = 0;

	return request(PTRACE_GETEVENTMSG, tid, 0, (uintptr_t)&message) ? 0 : message;
}

int ptrace_resume(pid_t tid, enum ptrace_resume how, int signo)
{
	switch (how) {
	case PTRACE_RESUME_CONT:
		return (int)request(PTRACE_CONT, tid, 0, (uintptr_t)signo);
	case PTRACE_RESUME_TO_CALL_STOP:
		return (int)request(PTRACE_SYSCALL, tid, 0, (uintptr_t)signo);
	case PTRACE_RESUME_LISTEN:
		return (int)request(PTRACE_LISTEN, tid, 0, 0);
	}
	return -EINVAL;
}
