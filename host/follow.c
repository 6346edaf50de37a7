/*
 * follow.c - start the program, wait for its stops, and end when nobody is left.
 *
 * What each stop means is in events.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/attach.h"
#include "host/events.h"
#include "host/follow.h"
#include "host/perf_faults.h"
#include "host/pin.h"
#include "host/platform_posix.h"
#include "host/probe.h"
#include "host/ptrace.h"
#include "host/samples.h"
#include "host/settings.h"
#include "host/signals.h"
#include "host/task.h"
#include "host/turn.h"

uint64_t follower_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void follower_warn(const struct follower *f, const char *format, ...)
{
	char text[512];
	va_list args;

	if (!f->sink->warning)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	f->sink->warning(f->sink->ctx, text);
}

/* ---- the loop ---- */

static void housekeeping(struct follower *f)
{
	samples_apply(f);
	pin_tick(f);
	if (f->nr_newborn)
		events_let_out_orphans(f);
	events_let_in_overdue(f);
}

static void kill_all(struct follower *f, int signo)
{
	for (int i = 0; i < TASK_BUCKETS; i++)
		for (struct task *task = f->tasks[i]; task; task = task->hash_next)
			if (task->tid == task->tgid)
				kill(task->tgid, signo);
}

static void loop(struct follower *f)
{
	bool killed = false;

	for (;;) {
		/* Children that are not ours: of a shell, whose place we took by exec. */
		int flags = f->strangers && !f->nr_tasks ? __WALL | WNOHANG : __WALL;
		bool ticks = pin_is_active(f) || turn_anybody_waits(f) || f->nr_newborn;
		int status, signo;
		pid_t tid;

		signals_tick(ticks ? PIN_TICK_NS : 0);
		tid = waitpid(-1, &status, flags);
		if (tid == 0 || (tid < 0 && errno != EINTR))
			return;			/* nobody left */
		if (tid > 0)
			events_dispatch(f, tid, status);
		if (signals_ticked())
			housekeeping(f);
		signo = signals_forward();
		if (f->attached && (signo || f->no_memory)) {
			f->summary->detached = true;
			attach_end(f);
			return;
		}
		if (signo)
			kill_all(f, signo);
		if (f->no_memory && !killed) {
			kill_all(f, SIGKILL);
			killed = true;
		}
	}
}

/* ---- start and end ---- */

static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0;
}

/* Our copies of descriptors, several per followed process. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int make_world(struct follower *f)
{
	struct umm_platform platform;
	int err;

	umm_platform_posix(&platform);
	/* One thread: no locks. */
	platform.lock_init = NULL;
	platform.lock_destroy = NULL;
	platform.write_lock = platform.write_unlock = NULL;
	platform.read_lock = platform.read_unlock = NULL;
	f->settings = calloc(1, sizeof(*f->settings));
	if (!f->settings)
		return -ENOMEM;
	settings_read(f->settings);
	f->pages = f->options->pages || f->options->verify == FOLLOW_VERIFY_SMAPS;
	f->settings->umm.pages = f->pages ? UMM_PAGES_COUNTED : UMM_PAGES_NONE;
	err = umm_world_new(&platform, &f->settings->umm, &f->world);
	if (!err)
		err = probe_rules(f->world);
	for (size_t i = 0; !err && i < f->options->nr_rules; i++)
		err = umm_world_set_rule(f->world, f->options->rules[i].rule,
					 f->options->rules[i].on);
	return err;
}

/* The file that execvp() would run: 0, or a negative error. */
static int find_program(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH"), *end;
	int err = -ENOENT;
	struct stat st;

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return stat(path, &st) == 0 ? 0 : -errno;
	}
	for (dirs = dirs ? dirs : "/bin:/usr/bin"; *name; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		snprintf(path, size, "%.*s%s%s", (int)(end - dirs), dirs, end > dirs ? "/" : "",
			 name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
			if (access(path, X_OK) == 0)
				return 0;
			err = -EACCES;
		}
		if (!*end)
			break;
	}
	return err;
}

static void open_faults(struct follower *f, const pid_t *tid, size_t nr)
{
	enum follow_faults wanted = f->options->faults;
	enum fault_source best = wanted == FOLLOW_FAULTS_USER	  ? FAULTS_SOFTWARE_USER :
				 wanted == FOLLOW_FAULTS_SOFTWARE ? FAULTS_SOFTWARE :
								    FAULTS_TRACEPOINTS;
	int err = -ENOTSUP;

	if (wanted != FOLLOW_FAULTS_NONE)
		err = perf_faults_open(tid, nr, best, wanted == FOLLOW_FAULTS_LOSSY,
				       f->pages, SIGNALS_RING_SIGNO, &f->faults);
	if (err) {
		f->faults = NULL;
		f->faults_unseen = true;
		follower_warn(f, "no page-fault events (perf: %s): page tables are scanned instead,"
			      " the order of faults is not known", strerror(-err));
	} else if (perf_faults_source(f->faults) != FAULTS_TRACEPOINTS) {
		follower_warn(f, "page-fault events without read or write (tracepoints need root): "
			      "page tables are scanned as well");
	}
	f->pages_unseen = err || perf_faults_source(f->faults) == FAULTS_SOFTWARE_USER;
	if (f->pages && f->pages_unseen)
		follower_warn(f, "page faults of the kernel are not reported (that needs root): "
			      "pages are not known");
}

static void free_everything(struct follower *f)
{
	for (int i = 0; i < TASK_BUCKETS; i++)
		while (f->tasks[i])
			task_free(f, f->tasks[i]);
	pin_close(f);
	if (f->world)
		umm_world_free(f->world);
	if (f->settings)
		settings_close(f->settings);
	free(f->settings);
	free(f->pending);
	if (f->watches_open && f->watches >= 0)
		close(f->watches);
	proc_areas_free(&f->areas);
	proc_areas_free(&f->smaps);
}

static enum follow_trouble exec_trouble(const struct ptrace_report *report, const char *program,
					char *error, size_t error_size)
{
	if (report->stage == PTRACE_STAGE_FILTER) {
		snprintf(error, error_size, "cannot install a seccomp filter: %s",
			 strerror(report->error));
		return FOLLOW_FAILED;
	}
	snprintf(error, error_size, "cannot run %s: %s", program, strerror(report->error));
	return report->error == ENOENT ? FOLLOW_NOT_FOUND : FOLLOW_NOT_EXECUTABLE;
}

static void close_loop(struct follower *f)
{
	if (f->faults)
		perf_faults_close(f->faults);
	f->faults = NULL;
	signals_close();
}

static enum follow_trouble run(struct follower *f, const char *path, char *const argv[],
			       char *error, size_t error_size)
{
	struct ptrace_child child;
	struct ptrace_report report;
	struct task *task;
	const char *what;
	int err;

	f->strangers = has_children();
	err = ptrace_spawn(path, argv, &child, &what);
	if (err) {
		snprintf(error, error_size, "%s: %s%s", what, strerror(-err),
			 err == -EPERM ? " (ptrace is not permitted here)" : "");
		return FOLLOW_FAILED;
	}
	raise_descriptor_limit();
	f->main_pid = child.pid;
	task = task_new(f, child.pid);
	if (!task) {
		snprintf(error, error_size, "out of memory");
		ptrace_failed(&child, &report);
		return FOLLOW_FAILED;
	}
	task->state = TASK_RUNNING;
	/* The rings send SIGIO: while one is open, there is a handler. */
	signals_open(child.pid);
	open_faults(f, &child.pid, 1);
	ptrace_release(&child);
	loop(f);
	close_loop(f);
	if (ptrace_failed(&child, &report))
		return exec_trouble(&report, argv[0], error, error_size);
	if (f->no_memory) {
		snprintf(error, error_size, "out of memory: the program was killed");
		return FOLLOW_FAILED;
	}
	if (f->gave_up) {
		snprintf(error, error_size, "not everything could be followed");
		return FOLLOW_GAVE_UP;
	}
	return FOLLOW_OK;
}

static enum follow_trouble begin(struct follower *f, char *error, size_t error_size)
{
	int err = make_world(f);

	/* Pinned and then without us, a process that we did not start would stay so. */
	if (!err)
		err = pin_open(f, f->options->pin == FOLLOW_PIN_AUTO && !f->attached);
	if (err)
		snprintf(error, error_size, "cannot make a world: %s", strerror(-err));
	return err ? FOLLOW_FAILED : FOLLOW_OK;
}

enum follow_trouble follow_run(const struct follow_options *options, char *const argv[],
			       const struct follow_sink *sink, struct follow_summary *summary,
			       char *error, size_t error_size)
{
	struct follower f = { .options = options, .sink = sink, .summary = summary };
	enum follow_trouble trouble;
	char path[4096];
	int err;

	memset(summary, 0, sizeof(*summary));
	err = find_program(argv[0], path, sizeof(path));
	if (err) {
		snprintf(error, error_size, "cannot run %s: %s", argv[0], strerror(-err));
		return err == -ENOENT || err == -ENOTDIR ? FOLLOW_NOT_FOUND : FOLLOW_NOT_EXECUTABLE;
	}
	trouble = begin(&f, error, error_size);
	if (trouble == FOLLOW_OK)
		trouble = run(&f, path, argv, error, error_size);
	free_everything(&f);
	return trouble;
}

static enum follow_trouble run_attached(struct follower *f, const pid_t pid[], size_t nr,
					char *error, size_t error_size)
{
	int err;

	f->strangers = has_children();
	raise_descriptor_limit();
	signals_open_attached();
	err = attach_begin(f, pid, nr, open_faults, error, error_size);
	if (!err)
		loop(f);
	close_loop(f);
	if (err)
		return FOLLOW_FAILED;
	if (f->no_memory) {
		snprintf(error, error_size, "out of memory: detached");
		return FOLLOW_FAILED;
	}
	if (f->gave_up) {
		snprintf(error, error_size, "not everything could be followed");
		return FOLLOW_GAVE_UP;
	}
	return FOLLOW_OK;
}

enum follow_trouble follow_attach(const struct follow_options *options, const pid_t pid[],
				  size_t nr, const struct follow_sink *sink,
				  struct follow_summary *summary, char *error, size_t error_size)
{
	struct follower f = { .options = options, .sink = sink, .summary = summary,
			      .attached = true };
	enum follow_trouble trouble;

	memset(summary, 0, sizeof(*summary));
	trouble = begin(&f, error, error_size);
	if (trouble == FOLLOW_OK)
		trouble = run_attached(&f, pid, nr, error, error_size);
	free_everything(&f);
	return trouble;
}
