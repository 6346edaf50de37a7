/*
 * delivered.c - the signals that a program gets, as far as they are about memory.
 */
#include <signal.h>
#include <sys/ptrace.h>

#include "host/calls/observe.h"
#include "host/delivered.h"
#include "host/limits.h"
#include "host/pages.h"
#include "host/samples.h"

static bool has_space(const struct task *task)
{
	return task->space && task->space->mm;
}

static const struct umm_why *explain_fault(struct follower *f, struct task *task,
					   const siginfo_t *info)
{
	uint64_t addr = (uint64_t)(uintptr_t)info->si_addr;
	unsigned int access = UMM_ACCESS_READ;

	/* Sent by somebody, or by the processor for an address that is none. */
	if (info->si_signo != SIGSEGV || info->si_code <= 0 || info->si_code == SI_KERNEL ||
	    !has_space(task) || !task->why)
		return NULL;
	samples_apply(f);
	if (task->fault_addr / UMM_PAGE_SIZE == addr / UMM_PAGE_SIZE && task->fault_access)
		access = task->fault_access;
	else if (info->si_code == SEGV_ACCERR)
		access = UMM_ACCESS_WRITE;
	limits_ensure(task);
	task->why->nr = 0;
	return umm_fault(task->space->mm, addr, access, task->why) > 0 ? task->why : NULL;
}

/*
 * A userfaultfd can refuse a fault with SIGBUS.  If it was a write the area has its anon_vma by
 * then, without a page that would show it: without records of faults, and of what they were, that
 * is in doubt.
 */
static void on_sigbus(struct follower *f, struct task *task, const siginfo_t *info)
{
	uint64_t addr = (uint64_t)(uintptr_t)info->si_addr;
	struct umm_area area = { .size = sizeof(area) };

	if (info->si_code != BUS_ADRERR || !has_space(task))
		return;
	/* There was no page, whatever the model made of the record: of a file that was shorter. */
	pages_note_doubt(f, task->space, page_down(addr), page_down(addr) + UMM_PAGE_SIZE,
			 PAGES_REFUSED);
	if (samples_are_exact(f))
		return;
	samples_apply(f);
	if (!umm_find_area(task->space->mm, addr, &area) || area.start > addr ||
	    !(area.vm_flags & UMM_VM_UFFD_MISSING) || area.anon != UMM_ANON_NONE)
		return;
	if (umm_fault(task->space->mm, addr, UMM_ACCESS_WRITE, NULL) == -UMM_ENOMEM)
		f->no_memory = true;
	samples_note_doubt(task->space, addr, DOUBT_SIGBUS);
}

static void tell_signal(struct follower *f, struct task *task, int signo, const siginfo_t *info)
{
	struct follow_signal signal = {
		.pid = task->tgid,
		.tid = task->tid,
		.signo = signo,
		.info = info,
		.why = explain_fault(f, task, info),
	};

	f->sink->signal(f->sink->ctx, &signal);
}

void signal_delivered(struct follower *f, struct task *task, int signo)
{
	bool tell = f->sink->signal && task->reported;
	siginfo_t info;

	if ((tell || signo == SIGBUS) && ptrace(PTRACE_GETSIGINFO, task->tid, NULL, &info) == 0) {
		if (signo == SIGBUS)
			on_sigbus(f, task, &info);
		if (tell)
			tell_signal(f, task, signo, &info);
	}
}
