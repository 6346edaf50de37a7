/*
 * follow.h - run a program, keep a model of each of its address spaces in lockstep with the kernel.
 *
 * Layer: host.  Uses the public API (include/usermm/) alone.  The verbs of cli/ fill a sink and
 * get what happened, in order; nothing here prints to stdout or formats for people.
 */
#ifndef HOST_FOLLOW_H
#define HOST_FOLLOW_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <usermm/usermm.h>

enum follow_verify {
	FOLLOW_VERIFY_CALLS,		/* results of calls */
	FOLLOW_VERIFY_MAPS,		/* and areas around each call, whole maps at times */
	FOLLOW_VERIFY_SMAPS,		/* and what smaps counts, at times */
};

enum follow_pin { FOLLOW_PIN_AUTO, FOLLOW_PIN_NEVER };

/* The best source of page faults that may be asked; what is not permitted here is left out. */
enum follow_faults {
	FOLLOW_FAULTS_AUTO,		/* the tracepoints */
	FOLLOW_FAULTS_LOSSY,		/* the same, with so little room that records are lost */
	FOLLOW_FAULTS_DEAF,		/* the same, and every 16th write is not heard of */
	FOLLOW_FAULTS_SOFTWARE,		/* perf's event, which does not tell a write from a read */
	FOLLOW_FAULTS_USER,		/* the same, without faults in the kernel */
	FOLLOW_FAULTS_NONE,
};

struct follow_rule_switch {
	unsigned int rule;		/* umm_rule_find() */
	bool on;
};

/* For tests: falsify the answer of the @nth (from 1) call of that name, after the prediction. */
struct follow_falsify {
	const char *call;		/* "mmap", NULL for none */
	unsigned long nth;
	int64_t value;			/* what the tracee's result register is made to hold */
};

struct follow_options {
	bool follow_forks;		/* -f */
	bool explain;			/* fill follow_call.why */
	bool pages;			/* keep pages behind the areas, and tell who shares them */
	enum follow_verify verify;
	enum follow_pin pin;
	enum follow_faults faults;
	const struct follow_rule_switch *rules;
	size_t nr_rules;
	struct follow_falsify falsify;
};

/* Why an answer was taken from the kernel: the closed list, host/adopt.h. */
#define FOLLOW_BEFORE_ATTACH	"before attach"	/* it hung on what a process did before we came */

struct follow_adopted {
	const char *reason;		/* "exec", "mremap", "MAP_32BIT", … the key in adopted_by */
	const char *detail;		/* one line, or NULL */
};

/* One system call, complete.  Valid during the callback. */
struct follow_call {
	pid_t pid, tid;			/* thread group, thread */
	long nr;			/* x86-64 number */
	uint64_t arg[6];
	bool modelled;			/* the model answered: predicted is its answer */
	bool predicted_any;		/* success is predicted, not its value (a pid) */
	int64_t predicted;		/* value or negative error, fixed before the answer */
	int64_t got;
	bool adopted;			/* the answer was taken over: it does not count as agreed */
	bool no_return;			/* the process ended (or was replaced) inside the call */
	const struct umm_why *why;	/* what the model decided; NULL without options.explain */
};

enum follow_divergence_kind {
	FOLLOW_DIVERGED_RESULT,		/* the call's answer */
	FOLLOW_DIVERGED_MAPS,		/* an area after the call */
	FOLLOW_DIVERGED_SMAPS,		/* what smaps counts in an area */
};

struct follow_divergence {
	enum follow_divergence_kind kind;
	pid_t pid, tid;
	const struct follow_call *call;	/* the call after which it was seen, or NULL */
	const char *where;		/* "after mmap", "at exit", "every 1000 calls" */
	const char *model;		/* text: the model's side (a result, or maps lines) */
	const char *kernel;		/* the kernel's side */
};

/* A signal that is delivered to the tracee. */
struct follow_signal {
	pid_t pid, tid;
	int signo;
	const siginfo_t *info;		/* all of it as PTRACE_GETSIGINFO gave it, or NULL */
	const struct umm_why *why;	/* of a SIGSEGV that the model explains, or NULL */
};

/* A program that took a process over, or could not.  Valid during the callback. */
struct follow_exec {
	pid_t pid;
	const char *path;		/* of the program */
	bool killed;			/* it failed past the point of no return */
	const struct umm_why *why;	/* what decided its layout; NULL without options.explain */
};

/* What a fork made parent and child share, until one of them writes.  Valid during the callback. */
struct follow_shared {
	const struct follow_call *call;	/* the fork */
	uint64_t pages, areas;		/* anonymous ones; the areas they are in */
};

#define FOLLOW_OTHERS 8

/* A write got a copy of a page that was shared until then. */
struct follow_unshared {
	pid_t pid, tid;			/* who wrote */
	uint64_t addr;			/* of the page */
	pid_t other[FOLLOW_OTHERS];	/* processes that had the page as well: the first ones */
	unsigned int nr_others;		/* how many there are */
};

/* Callbacks may be NULL. */
struct follow_sink {
	void *ctx;
	void (*call)(void *ctx, const struct follow_call *call);
	void (*divergence)(void *ctx, const struct follow_divergence *divergence);
	void (*adopted)(void *ctx, pid_t pid, const struct follow_call *call,
			const struct follow_adopted *adopted);
	/* With follow_options.pages alone. */
	void (*shared)(void *ctx, const struct follow_shared *shared);
	void (*unshared)(void *ctx, const struct follow_unshared *unshared);
	void (*exec)(void *ctx, const struct follow_exec *exec);
	void (*signal)(void *ctx, const struct follow_signal *signal);
	void (*stopped)(void *ctx, pid_t tid, int signo);	/* group-stop */
	void (*exited)(void *ctx, pid_t tid, bool leader, int wait_status);
	/* @by, a thread of @tid's process, made an exec and goes on as @tid. */
	void (*superseded)(void *ctx, pid_t tid, pid_t by);
	void (*new_task)(void *ctx, pid_t parent, pid_t child, bool thread);
	void (*detached)(void *ctx, pid_t pid);		/* it runs on without us */
	void (*warning)(void *ctx, const char *text);	/* degraded: no perf, records lost … */
};

#define FOLLOW_ADOPTED_MAX 64
#define FOLLOW_UNKNOWN_MAX 16

/* Why the pages of an area were not known, or NULL from some number on. */
const char *follow_unknown_text(unsigned int reason);

struct follow_summary {
	uint64_t calls, processes, threads, faults, maps;
	bool verified_smaps;		/* pages were looked at as well */
	uint64_t smaps, smaps_unknown;	/* areas whose pages were compared; that could not be */
	uint64_t unknown_by[FOLLOW_UNKNOWN_MAX];	/* by reason: follow_unknown_text() */
	uint64_t smaps_alone;	/* of those compared: but for how their pages are shared */
	uint64_t divergences, either, adopted, observed;
	uint64_t attached;		/* processes that ran before us */
	uint64_t old_areas;		/* what they had then: who shares anon_vmas is not known */
	struct { const char *reason; uint64_t count; } adopted_by[FOLLOW_ADOPTED_MAX];
	size_t nr_adopted_by;
	int wait_status;		/* of the program that was started */
	bool detached;			/* follow_attach(): somebody asked, they live on */
};

/* Why follow_run() or follow_attach() itself failed. */
enum follow_trouble {
	FOLLOW_OK,
	FOLLOW_NOT_FOUND,		/* the program: 127 */
	FOLLOW_NOT_EXECUTABLE,		/* the program: 126 */
	FOLLOW_FAILED,			/* ptrace, seccomp, memory …: 125 */
	FOLLOW_GAVE_UP,			/* 32-bit calls or the like: not all was followed */
};

/*
 * Start argv[0] (searched in PATH) under the follower and return when it and what it started have
 * ended.  @error receives a message for people when the result is not FOLLOW_OK.
 */
enum follow_trouble follow_run(const struct follow_options *options, char *const argv[],
			       const struct follow_sink *sink, struct follow_summary *summary,
			       char *error, size_t error_size);

/*
 * Follow the @nr processes @pid, all their threads, and with options->follow_forks what they start
 * from now on; return when they have ended, or when SIGINT, SIGTERM, SIGHUP or SIGQUIT comes: then
 * they run on, as they do if we are killed.  What they did before is not known: see host/unknown.h.
 */
enum follow_trouble follow_attach(const struct follow_options *options, const pid_t pid[],
				  size_t nr, const struct follow_sink *sink,
				  struct follow_summary *summary, char *error, size_t error_size);

#endif
