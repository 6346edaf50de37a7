/*
 * native_spawn.c - from our process to the first of the executor.
 *
 * Between vfork and exec the child runs in our memory: it makes system calls and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <sched.h>
#include <stdint.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seq/native_inside.h"

/*
 * Descriptors that are to be copied must not lie where copies go: all are moved above first.
 * They stay open over exec, and what is above them is closed by it.
 */
#define FD_ABOVE 64

#define CPU_SECONDS 600		/* that one executor may compute, whoever has forgotten it */


static int place_all(const struct seq_native *native, int control_fd)
{
	int image = fcntl(native->image, F_DUPFD_CLOEXEC, FD_ABOVE);
	int proc = fcntl(native->proc, F_DUPFD_CLOEXEC, FD_ABOVE);
	int control = fcntl(control_fd, F_DUPFD_CLOEXEC, FD_ABOVE), above[SEQ_FILES];

	if (image < 0 || proc < 0 || control < 0)
		return -1;
	for (int i = 0; i < SEQ_FILES; i++)
		above[i] = native->file[i] < 0 ? -1 :
			   fcntl(native->file[i], F_DUPFD_CLOEXEC, FD_ABOVE);
	if (syscall(SYS_close_range, 3, FD_ABOVE - 1, 0) != 0 ||
	    dup2(control, FD_CONTROL) < 0 || dup2(proc, FD_PROC) < 0)
		return -1;
	for (int i = 0; i < SEQ_FILES; i++)
		if (above[i] >= 0 && dup2(above[i], FD_FILES + i) < 0)
			return -1;
	return image;
}

/* What exec gives is what the bounding set leaves; who has none loses none. */
static void drop_caps(void)
{
	static const int caps[] = { CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_SYS_RAWIO, CAP_SYS_ADMIN,
				    CAP_SYS_RESOURCE, CAP_SYS_NICE };

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		prctl(PR_CAPBSET_DROP, caps[i], 0, 0, 0);
}

static void become(const struct seq_native *native, int control_fd, pid_t parent)
{
	static char *const args[] = { "executor", NULL }, *const env[] = { NULL };
	const struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };
	int image, oom;
	sigset_t none;

	/* It takes what it made in the system along, and its children: see access.c. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setrlimit(RLIMIT_CPU, &cpu);
	if (getppid() != parent)
		return;
	setsid();
	/* Should memory run out in spite of all, it is ours that goes. */
	oom = openat(native->proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (oom >= 0 && write(oom, "1000", 4) < 0)
		return;
	image = place_all(native, control_fd);
	if (image < 0)
		return;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	personality(ADDR_NO_RANDOMIZE);
	if (native->drop_caps)
		drop_caps();
	syscall(SYS_execveat, image, "", args, env, AT_EMPTY_PATH);
}

int native_spawn(struct seq_native *native, int control_fd)
{
	pid_t parent = getpid(), pid;
	sigset_t all, old;

	/* A handler of ours must not run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = vfork();
	if (pid == 0) {
		become(native, control_fd, parent);
		_exit(127);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return -errno;
	native->pid = pid;
	return 0;
}
