/*
 * strace_signal.c - signals, stops and ends in strace's notation.
 *
 * Which members of a siginfo mean something depends on who sent it (si_code) and, for the kernel's
 * own, on the signal.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/strace_flags.h"
#include "cli/strace_line.h"

struct code_name {
	int signo;		/* 0: of every signal */
	int code;
	const char *name;
};

static const struct code_name code_names[] = {
	{ 0, SI_USER, "SI_USER" }, { 0, SI_KERNEL, "SI_KERNEL" }, { 0, SI_QUEUE, "SI_QUEUE" },
	{ 0, SI_TIMER, "SI_TIMER" }, { 0, SI_MESGQ, "SI_MESGQ" }, { 0, SI_ASYNCIO, "SI_ASYNCIO" },
	{ 0, SI_SIGIO, "SI_SIGIO" }, { 0, SI_TKILL, "SI_TKILL" }, { 0, SI_ASYNCNL, "SI_ASYNCNL" },
	{ SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR" }, { SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR" },
	{ SIGSEGV, SEGV_BNDERR, "SEGV_BNDERR" }, { SIGSEGV, SEGV_PKUERR, "SEGV_PKUERR" },
	{ SIGBUS, BUS_ADRALN, "BUS_ADRALN" }, { SIGBUS, BUS_ADRERR, "BUS_ADRERR" },
	{ SIGBUS, BUS_OBJERR, "BUS_OBJERR" }, { SIGBUS, BUS_MCEERR_AR, "BUS_MCEERR_AR" },
	{ SIGBUS, BUS_MCEERR_AO, "BUS_MCEERR_AO" },
	{ SIGILL, ILL_ILLOPC, "ILL_ILLOPC" }, { SIGILL, ILL_ILLOPN, "ILL_ILLOPN" },
	{ SIGILL, ILL_ILLADR, "ILL_ILLADR" }, { SIGILL, ILL_ILLTRP, "ILL_ILLTRP" },
	{ SIGILL, ILL_PRVOPC, "ILL_PRVOPC" }, { SIGILL, ILL_PRVREG, "ILL_PRVREG" },
	{ SIGILL, ILL_COPROC, "ILL_COPROC" }, { SIGILL, ILL_BADSTK, "ILL_BADSTK" },
	{ SIGFPE, FPE_INTDIV, "FPE_INTDIV" }, { SIGFPE, FPE_INTOVF, "FPE_INTOVF" },
	{ SIGFPE, FPE_FLTDIV, "FPE_FLTDIV" }, { SIGFPE, FPE_FLTOVF, "FPE_FLTOVF" },
	{ SIGFPE, FPE_FLTUND, "FPE_FLTUND" }, { SIGFPE, FPE_FLTRES, "FPE_FLTRES" },
	{ SIGFPE, FPE_FLTINV, "FPE_FLTINV" }, { SIGFPE, FPE_FLTSUB, "FPE_FLTSUB" },
	{ SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT" }, { SIGTRAP, TRAP_TRACE, "TRAP_TRACE" },
	{ SIGCHLD, CLD_EXITED, "CLD_EXITED" }, { SIGCHLD, CLD_KILLED, "CLD_KILLED" },
	{ SIGCHLD, CLD_DUMPED, "CLD_DUMPED" }, { SIGCHLD, CLD_TRAPPED, "CLD_TRAPPED" },
	{ SIGCHLD, CLD_STOPPED, "CLD_STOPPED" }, { SIGCHLD, CLD_CONTINUED, "CLD_CONTINUED" },
	{ SIGSYS, 1, "SYS_SECCOMP" },
};

static void add_code(struct text *text, int signo, int code)
{
	for (size_t i = 0; i < sizeof(code_names) / sizeof(code_names[0]); i++) {
		const struct code_name *row = &code_names[i];

		if (row->code == code && (!row->signo || row->signo == signo)) {
			text_add(text, row->name);
			return;
		}
	}
	text_addf(text, "%#x", (unsigned int)code);
}

static bool is_fault(int signo)
{
	return signo == SIGSEGV || signo == SIGBUS || signo == SIGILL || signo == SIGFPE ||
	       signo == SIGTRAP;
}

static void add_value(struct text *text, const siginfo_t *info)
{
	text_addf(text, ", si_int=%d, si_ptr=", info->si_value.sival_int);
	strace_addr(text, (uintptr_t)info->si_value.sival_ptr);
}

/* Ticks of the clock that the kernel shows to programs; in seconds too, if there are any. */
static void add_ticks(struct text *text, const char *member, long ticks)
{
	const long per_second = sysconf(_SC_CLK_TCK);

	text_addf(text, ", %s=%ld", member, ticks);
	if (ticks > 0 && per_second == 100)
		text_addf(text, " /* %ld.%02ld s */", ticks / per_second, ticks % per_second);
}

/* What the sender left besides its name. */
static void add_rest(struct text *text, const siginfo_t *info)
{
	if (info->si_code == SI_QUEUE) {
		if (info->si_value.sival_ptr)
			add_value(text, info);
	} else if (info->si_signo == SIGCHLD && info->si_code > 0) {
		text_add(text, ", si_status=");
		if (info->si_code == CLD_EXITED)
			text_addf(text, "%d", info->si_status);
		else
			strace_signal_name(text, info->si_status);
		add_ticks(text, "si_utime", (long)info->si_utime);
		add_ticks(text, "si_stime", (long)info->si_stime);
	}
}

static void add_members(struct text *text, const siginfo_t *info)
{
	if (info->si_code == SI_TIMER) {
		text_addf(text, ", si_timerid=%#x, si_overrun=%d", (unsigned int)info->si_timerid,
			  info->si_overrun);
		add_value(text, info);
		return;
	}
	if (info->si_code > 0 && is_fault(info->si_signo)) {
		text_add(text, ", si_addr=");
		strace_addr(text, (uintptr_t)info->si_addr);
		return;
	}
	if (info->si_code == SI_KERNEL)
		return;
	text_addf(text, ", si_pid=%d, si_uid=%u", (int)info->si_pid, (unsigned int)info->si_uid);
	add_rest(text, info);
}

void strace_signal(struct text *text, const struct follow_signal *signal)
{
	text_add(text, "--- ");
	strace_signal_name(text, signal->signo);
	if (signal->info) {
		text_add(text, " {si_signo=");
		strace_signal_name(text, signal->info->si_signo);
		text_add(text, ", si_code=");
		add_code(text, signal->signo, signal->info->si_code);
		add_members(text, signal->info);
		text_add(text, "}");
	}
	text_add(text, " ---");
}

void strace_stopped(struct text *text, int signo)
{
	text_add(text, "--- stopped by ");
	strace_signal_name(text, signo);
	text_add(text, " ---");
}

void strace_exited(struct text *text, int wait_status)
{
	if (WIFSIGNALED(wait_status)) {
		text_add(text, "+++ killed by ");
		strace_signal_name(text, WTERMSIG(wait_status));
		text_add(text, WCOREDUMP(wait_status) ? " (core dumped) +++" : " +++");
	} else {
		text_addf(text, "+++ exited with %d +++", WEXITSTATUS(wait_status));
	}
}
