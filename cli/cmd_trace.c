/*
 * cmd_trace.c - usermm trace: strace's lines, and the reasons under them.
 *
 * The follower tells of an adopted answer or a difference while it evaluates a call, and of the
 * call itself when it is done with it: such lines wait in `after` until the call's line is out.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/run.h"
#include "cli/strace_line.h"
#include "cli/trouble.h"
#include "cli/verbs.h"

struct tracer {
	const struct options *options;
	struct out *out;
	unsigned int nr_tasks;
	struct text lines;		/* of the event at hand */
	struct text after;		/* to be printed under the call of that thread */
	pid_t after_tid;
	long after_nr;
};

/* "[pid 12] " once there are several, or "12 " in a file: as strace does. */
static void add_prefix(struct tracer *tracer, pid_t tid)
{
	bool forks = tracer->options->follow.follow_forks;

	if (!forks && !tracer->options->nr_pids)
		return;
	if (tracer->options->output && (forks || tracer->nr_tasks > 1))
		text_addf(&tracer->lines, "%-5d ", (int)tid);
	else if (!tracer->options->output && tracer->nr_tasks > 1)
		text_addf(&tracer->lines, "[pid %5d] ", (int)tid);
}

static void flush_lines(struct tracer *tracer)
{
	if (tracer->lines.len)
		out_write(tracer->out, &tracer->lines);
}

/* What waits for a call that was never told. */
static void flush_after(struct tracer *tracer)
{
	if (tracer->after.len) {
		text_add(&tracer->lines, tracer->after.buf);
		text_clear(&tracer->after);
		flush_lines(tracer);
	}
}

static void wait_for_call(struct tracer *tracer, const struct follow_call *call)
{
	if (tracer->after.len && call &&
	    (call->tid != tracer->after_tid || call->nr != tracer->after_nr))
		flush_after(tracer);
	if (call) {
		tracer->after_tid = call->tid;
		tracer->after_nr = call->nr;
	}
}

/* Nobody should take silence for an answer. */
static bool failed_unexplained(const struct follow_call *call)
{
	const int64_t first_restart = -512;	/* -ERESTARTSYS and below: the call goes on later */

	return !call->modelled && !call->no_return && call->got < 0 && call->got > first_restart;
}

static void trace_call(void *ctx, const struct follow_call *call)
{
	struct tracer *tracer = ctx;
	struct text lines = { 0 };

	wait_for_call(tracer, call);
	if (call->modelled)
		explain_why(&lines, tracer->out, call->why, tracer->options->explain);
	else if (tracer->options->explain != EXPLAIN_NONE && failed_unexplained(call))
		explain_line(&lines, tracer->out, "why",
			     "not known: usermm does not model this call yet");
	if (tracer->after.len) {
		text_add(&lines, tracer->after.buf);
		text_clear(&tracer->after);
	}
	/* Calls that strace would not show stand here only if there is something to say. */
	if (strace_is_memory_call(call->nr) || lines.len) {
		size_t line = tracer->lines.len;

		add_prefix(tracer, call->tid);
		strace_line(&tracer->lines, line, call);
		text_add(&tracer->lines, "\n");
		if (lines.len)
			text_add(&tracer->lines, lines.buf);
		flush_lines(tracer);
	}
	text_free(&lines);
}

static void trace_divergence(void *ctx, const struct follow_divergence *divergence)
{
	struct tracer *tracer = ctx;

	if (tracer->options->explain == EXPLAIN_NONE)
		return;
	wait_for_call(tracer, divergence->call);
	explain_line(&tracer->after, tracer->out, "model", divergence->model);
	explain_line(&tracer->after, tracer->out, "kern", divergence->kernel);
	explain_line(&tracer->after, tracer->out, "note",
		     "model and kernel differ: usermm is wrong, what it says of this call too");
	if (!divergence->call)
		flush_after(tracer);
}

static void trace_adopted(void *ctx, pid_t pid, const struct follow_call *call,
			  const struct follow_adopted *adopted)
{
	struct tracer *tracer = ctx;
	bool refused = call && call->modelled && call->got < 0 && !call->no_return;
	struct text string = { 0 };

	(void)pid;
	if (tracer->options->explain == EXPLAIN_NONE ||
	    (tracer->options->explain == EXPLAIN_ERRORS && !refused))
		return;
	wait_for_call(tracer, call);
	text_addf(&string, "%s: the kernel's answer is taken over, the model did not predict it",
		  adopted->reason);
	if (adopted->detail)
		text_addf(&string, " (%s)", adopted->detail);
	explain_line(&tracer->after, tracer->out, "adopt", string.buf);
	text_free(&string);
	if (!call)
		flush_after(tracer);
}

static void trace_shared(void *ctx, const struct follow_shared *shared)
{
	struct tracer *tracer = ctx;
	struct text string = { 0 };

	wait_for_call(tracer, shared->call);
	text_addf(&string, "%" PRIu64 " pages (%" PRIu64 " KiB) in %" PRIu64 " areas, until one of"
		  " the two writes", shared->pages, shared->pages * UMM_PAGE_SIZE / 1024,
		  shared->areas);
	explain_line(&tracer->after, tracer->out, "share", string.buf);
	text_free(&string);
}

/* A line of its own: there is no call above it. */
static void trace_unshared(void *ctx, const struct follow_unshared *unshared)
{
	struct tracer *tracer = ctx;
	struct text string = { 0 };

	flush_after(tracer);
	text_addf(&string, "%d wrote 0x%" PRIx64 ", shared with", (int)unshared->tid,
		  unshared->addr);
	for (unsigned int i = 0; i < unshared->nr_others && i < FOLLOW_OTHERS; i++)
		text_addf(&string, "%s %d", i ? "," : "", (int)unshared->other[i]);
	if (unshared->nr_others > FOLLOW_OTHERS)
		text_addf(&string, " and %u more", unshared->nr_others - FOLLOW_OTHERS);
	text_add(&string, " until then: a copy");
	explain_line(&tracer->lines, tracer->out, "page", string.buf);
	text_free(&string);
	flush_lines(tracer);
}

/* strace's memory calls have no line for it: what is to be said stands alone. */
static void trace_exec(void *ctx, const struct follow_exec *exec)
{
	struct tracer *tracer = ctx;

	bool refused = exec->why && umm_why_refusal(exec->why);
	struct text string = { 0 };

	flush_after(tracer);
	if (tracer->options->explain == EXPLAIN_NONE ||
	    (tracer->options->explain == EXPLAIN_ERRORS && !refused))
		return;
	text_add(&string, exec->path);
	if (refused)
		text_add(&string, exec->killed ? ": the loader kills the process"
					       : ": not executed");
	explain_line(&tracer->lines, tracer->out, "exec", string.buf);
	explain_why(&tracer->lines, tracer->out, exec->why, tracer->options->explain);
	text_free(&string);
	flush_lines(tracer);
}

static void trace_signal(void *ctx, const struct follow_signal *signal)
{
	struct tracer *tracer = ctx;

	flush_after(tracer);
	add_prefix(tracer, signal->tid);
	strace_signal(&tracer->lines, signal);
	text_add(&tracer->lines, "\n");
	explain_why(&tracer->lines, tracer->out, signal->why, tracer->options->explain);
	flush_lines(tracer);
}

static void trace_stopped(void *ctx, pid_t tid, int signo)
{
	struct tracer *tracer = ctx;

	flush_after(tracer);
	add_prefix(tracer, tid);
	strace_stopped(&tracer->lines, signo);
	text_add(&tracer->lines, "\n");
	flush_lines(tracer);
}

static void trace_exited(void *ctx, pid_t tid, bool leader, int wait_status)
{
	struct tracer *tracer = ctx;

	(void)leader;
	flush_after(tracer);
	add_prefix(tracer, tid);
	strace_exited(&tracer->lines, wait_status);
	text_add(&tracer->lines, "\n");
	flush_lines(tracer);
	if (tracer->nr_tasks)
		tracer->nr_tasks--;
}

static void trace_superseded(void *ctx, pid_t tid, pid_t by)
{
	struct tracer *tracer = ctx;

	flush_after(tracer);
	add_prefix(tracer, tid);
	text_addf(&tracer->lines, "+++ superseded by execve in pid %d +++\n", (int)by);
	flush_lines(tracer);
	if (tracer->nr_tasks)
		tracer->nr_tasks--;
}

static void trace_new_task(void *ctx, pid_t parent, pid_t child, bool thread)
{
	struct tracer *tracer = ctx;

	bool first = !parent && !tracer->options->nr_pids, old = !parent && thread;

	tracer->nr_tasks++;
	if (!first && !old && !tracer->options->output)
		complain("process %d attached", (int)child);
}

static void trace_detached(void *ctx, pid_t pid)
{
	struct tracer *tracer = ctx;

	flush_after(tracer);
	if (!tracer->options->output)
		complain("process %d detached", (int)pid);
}

static void trace_warning(void *ctx, const char *message)
{
	(void)ctx;
	complain("warning: %s", message);
}

/* End by the signal that ended the program, without a core file of our own. */
static void raise_again(int signo)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &no_core);
	signal(signo, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signo);
	kill(getpid(), signo);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int end_as(int wait_status)
{
	if (WIFSIGNALED(wait_status)) {
		fflush(NULL);
		raise_again(WTERMSIG(wait_status));
		return 128 + WTERMSIG(wait_status);	/* a signal that did not end us */
	}
	return WEXITSTATUS(wait_status);
}

int cmd_trace(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct out out;
	struct tracer tracer = { .options = &options, .out = &out, .after_nr = -1 };
	const struct follow_sink sink = {
		.ctx = &tracer,
		.call = trace_call,
		.divergence = trace_divergence,
		.adopted = trace_adopted,
		.shared = trace_shared,
		.unshared = trace_unshared,
		.exec = trace_exec,
		.signal = trace_signal,
		.stopped = trace_stopped,
		.exited = trace_exited,
		.superseded = trace_superseded,
		.new_task = trace_new_task,
		.detached = trace_detached,
		.warning = trace_warning,
	};
	struct follow_summary summary;
	enum follow_trouble trouble;

	options_parse(&options, verb, argc, argv);
	out_open(&out, options.output, STDERR_FILENO, options.color, options.ascii);
	options.follow.explain = options.json || options.explain != EXPLAIN_NONE;
	trouble = run_program(verb, &options, &out, &sink, &summary);
	text_free(&tracer.lines);
	text_free(&tracer.after);

	if (options.nr_pids)
		return trouble == FOLLOW_FAILED ? EXIT_TROUBLE : 0;
	switch (trouble) {
	case FOLLOW_NOT_FOUND:
		return EXIT_NOT_FOUND;
	case FOLLOW_NOT_EXECUTABLE:
		return EXIT_CANNOT_EXECUTE;
	case FOLLOW_FAILED:
		return EXIT_FAILED;
	default:
		return end_as(summary.wait_status);
	}
}
