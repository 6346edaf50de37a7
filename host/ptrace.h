/*
 * ptrace.h - start a program under the tracer, and what the loop asks of a stopped thread.
 *
 * Layer: host.  Calls on a thread that died meanwhile return -ESRCH: nothing here is fatal.
 */
#ifndef HOST_PTRACE_H
#define HOST_PTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ptrace_child {
	pid_t pid;
	int go_fd;		/* a byte lets it go on to its exec; -1 when it went */
	int report_fd;		/* carries why the exec failed, closed by a successful exec */
};

/* What failed between fork and exec. */
enum ptrace_stage { PTRACE_STAGE_FILTER, PTRACE_STAGE_EXEC };

struct ptrace_report {
	int stage;		/* enum ptrace_stage */
	int error;		/* positive error number */
};

/*
 * Fork a child that will exec @path, seize it, and leave it waiting.  0 or a negative error, with
 * *what naming the step that failed.
 */
int ptrace_spawn(const char *path, char *const argv[], struct ptrace_child *child,
		 const char **what);

/*
 * Seize a running thread and ask it to stop.  It survives us.  A call in which it sleeps is
 * interrupted, and begun again by the kernel if it is one that signals do not end.
 */
int ptrace_seize(pid_t tid);

/* Ask a seized thread to stop. */
int ptrace_interrupt(pid_t tid);

/* At any stop: let it run on without us, with signal @signo if that is what it stopped for. */
int ptrace_detach(pid_t tid, int signo);

/* Let it install the filter and exec. */
void ptrace_release(struct ptrace_child *child);

/* True if the child could not exec; fills @report.  Call when it is dead.  Closes the pipes. */
bool ptrace_failed(struct ptrace_child *child, struct ptrace_report *report);

struct ptrace_call {
	uint32_t arch;		/* AUDIT_ARCH_ */
	uint32_t filter_data;	/* FILTER_ */
	uint64_t nr;
	uint64_t arg[6];
};

/* At a seccomp stop or an entry stop.  0 or a negative error: -EINVAL at an exit stop. */
int ptrace_entry(pid_t tid, struct ptrace_call *call);

/* At an exit stop: the result, negative for an error.  0 or a negative error. */
int ptrace_result(pid_t tid, int64_t *result);

/* Write the result register, at an exit stop. */
int ptrace_set_result(pid_t tid, int64_t result);

/* Write argument 0, at a seccomp stop. */
int ptrace_set_arg0(pid_t tid, uint64_t value);

/* One word of the thread's memory. */
int ptrace_peek(pid_t tid, uint64_t addr, uint64_t *value);
int ptrace_poke(pid_t tid, uint64_t addr, uint64_t value);

/* The message of the last event, 0 if there is none. */
unsigned long ptrace_message(pid_t tid);

enum ptrace_resume { PTRACE_RESUME_CONT, PTRACE_RESUME_TO_CALL_STOP, PTRACE_RESUME_LISTEN };

int ptrace_resume(pid_t tid, enum ptrace_resume how, int signo);

#endif
