/*
 * simulate.c - random programs of memory calls, by threads that a seed switches.
 *
 *	simulate [--programs N] [--schedules N] [--seed N] [--lies]
 *	simulate --seed N --schedule N [--lie NAME] [--ops N] [--print]	one run again
 *
 * Looked at: every address space that nobody is writing to is valid after each release of a lock;
 * no deadlock, no lock out of order, forgotten or given back by another; an order of the calls
 * explains all answers (linear.c); at the end charges and counts add up, and all memory is back.
 *
 * --lies: the platform breaks its promises in each of the ways of sim_platform.h, and that must be
 * noticed.  UMM_SEED and UMM_ITER (programs) as in the unit tests.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "simulation.h"

#define SCENE_SCHEDULES 300
#define LIE_PROGRAMS 2000
#define SHRINK_SCHEDULES 60
#define SHRINK_RUNS 4000

/* ---- failing ---- */

static struct sim_job running;		/* for whoever finds the process crashed */

static void tell_repeat(const struct sim_job *job)
{
	printf("# again: tests/sim/simulate --seed %llu --schedule %llu --ops %u%s%s --print\n",
	       (unsigned long long)job->seed, (unsigned long long)job->schedule, job->ops,
	       job->lie ? " --lie " : "", job->lie ? sim_lie_names[job->lie] : "");
	fflush(stdout);
}

static void crashed(int signal)
{
	printf("not ok - a run ended by signal %d\n", signal);
	tell_repeat(&running);
	_exit(3);
}

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>

static void died(void)
{
	tell_repeat(&running);
}
#endif

static void watch_crashes(void)
{
	static char stack[64 * 1024];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = crashed, .sa_flags = SA_ONSTACK | SA_RESETHAND };

	(void)alternate;
#if defined(__SANITIZE_ADDRESS__)
	__sanitizer_set_death_callback(died);
#else
	sigaltstack(&alternate, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
#endif
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGTRAP, &action, NULL);
}

/* Does it fail still?  In a process of its own, since it may crash. */
static bool still_fails(const struct sim_program *program, const struct sim_job *job)
{
	static char why[SIM_WHY];
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(0);
		_exit(sim_simulate(program, job, why) ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	return status != 0;
}

/* Fails under one of a few schedules: leaving out an operation shifts all choices after it. */
static bool fails_somehow(const struct sim_program *program, struct sim_job *job,
			  unsigned int *left)
{
	struct sim_job other = *job;

	for (other.schedule = 0; *left; other.schedule++, --*left) {
		/* The one that it failed under stands first. */
		struct sim_job attempt = other.schedule ? other : *job;

		if (still_fails(program, &attempt)) {
			*job = attempt;
			return true;
		}
		if (other.schedule == SHRINK_SCHEDULES)
			break;
	}
	return false;
}

/* Leave out what is not needed, operation by operation from behind, until all is needed. */
static void shrink(struct sim_program *program, struct sim_job *job)
{
	unsigned int left = SHRINK_RUNS, before;

	do {
		before = program->nr_ops;
		for (unsigned int i = program->nr_ops; i-- > 0;) {
			struct sim_program less = *program;

			memmove(&less.op[i], &less.op[i + 1],
				(less.nr_ops - i - 1) * sizeof(less.op[0]));
			less.nr_ops--;
			less.nr_before -= i < less.nr_before;
			if (fails_somehow(&less, job, &left))
				*program = less;
		}
	} while (left && program->nr_ops < before);
}

static void tell_failure(struct sim_program *program, struct sim_job *job, const char *why)
{
	static char again[SIM_WHY];
	char *line, *rest;

	strcpy(again, why);
	for (line = strtok_r(again, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		printf("# %s\n", line);
	tell_repeat(job);
	shrink(program, job);
	printf("# what is left of it, under schedule %llu:\n", (unsigned long long)job->schedule);
	sim_program_print(program);
	if (!sim_simulate(program, job, again))
		for (line = strtok_r(again, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
			printf("# %s\n", line);
	fflush(stdout);
}

/* ---- many runs ---- */

static bool run_all(uint64_t seed, uint64_t programs, uint64_t schedules, unsigned int ops,
		    enum sim_lie lie, bool tell)
{
	static struct sim_program program;
	static char why[SIM_WHY];

	for (uint64_t p = seed; p < seed + programs; p++) {
		for (uint64_t s = 0; s < schedules; s++) {
			running = (struct sim_job){ p, s, ops, lie };
			sim_job_program(&running, &program);
			if (sim_simulate(&program, &running, why))
				continue;
			if (tell)
				tell_failure(&program, &running, why);
			return false;
		}
	}
	return true;
}

static int run_one(const struct sim_job *job, bool print)
{
	static struct sim_program program;
	static char why[SIM_WHY];

	running = *job;
	sim_job_program(job, &program);
	if (print)
		sim_program_print(&program);
	fflush(stdout);
	if (sim_simulate(&program, job, why)) {
		printf("nothing is wrong\n");
		return 0;
	}
	tell_failure(&program, &running, why);
	return 1;
}

static bool run_scenes(enum sim_lie lie)
{
	for (unsigned int i = 0; i < sim_nr_scenes(); i++)
		if (!run_all(i, 1, SCENE_SCHEDULES, 0, lie, false))
			return false;
	return true;
}

/* Is the lie noticed?  In a process of its own: it may crash, which is one way to notice. */
static bool lie_is_noticed(enum sim_lie lie, uint64_t seed, unsigned int ops)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
			_exit(0);
		_exit(run_scenes(lie) && run_all(seed, LIE_PROGRAMS, 4, ops, lie, false) ? 0 : 1);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status != 0;
}

static int report(unsigned int n, bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", n, what);
	fflush(stdout);
	return good ? 0 : 1;
}

static void tell_totals(void)
{
	const struct sim_totals *t = &sim_totals;
	uint64_t rare = UINT64_MAX;
	unsigned int rarest = 0;

	for (unsigned int i = 0; i < sim_nr_kinds(); i++) {
		if (sim_totals.by_kind[i] < rare && !(sim_kind(i)->flags & SIM_PUTS)) {
			rare = sim_totals.by_kind[i];
			rarest = i;
		}
	}
	printf("# %llu runs (%llu where no order is asked for), %llu calls, %llu points\n",
	       (unsigned long long)t->runs, (unsigned long long)t->lenient,
	       (unsigned long long)t->calls, (unsigned long long)t->points);
	printf("# %llu address spaces looked at, %llu orders tried; rarest %s: %llu\n",
	       (unsigned long long)t->checks, (unsigned long long)t->tries,
	       sim_kind(rarest)->name, (unsigned long long)rare);
}

static uint64_t number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (!*text || *end) {
		fprintf(stderr, "simulate: %s is not a number\n", text);
		exit(2);
	}
	return value;
}

static enum sim_lie lie_of(const char *name)
{
	for (unsigned int i = 0; i < SIM_LIES; i++)
		if (!strcmp(name, sim_lie_names[i]))
			return (enum sim_lie)i;
	fprintf(stderr, "simulate: no lie %s\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "programs", required_argument, NULL, 'p' },
		{ "schedules", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "schedule", required_argument, NULL, 'c' },
		{ "ops", required_argument, NULL, 'o' },
		{ "lie", required_argument, NULL, 'l' },
		{ "lies", no_argument, NULL, 'L' },
		{ "print", no_argument, NULL, 'P' },
		{ NULL, 0, NULL, 0 },
	};
	const char *env_seed = getenv("UMM_SEED"), *env_iter = getenv("UMM_ITER");
	uint64_t programs = env_iter && *env_iter ? number(env_iter) : 500, schedules = 6;
	struct sim_job job = { .seed = env_seed && *env_seed ? number(env_seed) : 1, .ops = 8 };
	bool one = false, lies = false, print = false;
	static struct sim_program program;
	unsigned int n = 1;
	int c, failed = 0;
	char what[160];

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p': programs = number(optarg); break;
		case 'n': schedules = number(optarg); break;
		case 's': job.seed = number(optarg); break;
		case 'c': job.schedule = number(optarg); one = true; break;
		case 'o': job.ops = (unsigned int)number(optarg); break;
		case 'l': job.lie = lie_of(optarg); break;
		case 'L': lies = true; break;
		case 'P': print = true; break;
		default: return 2;
		}
	}
	watch_crashes();
	if (one)
		return run_one(&job, print);
	printf("1..%u\n", 1 + sim_nr_scenes() + (lies ? SIM_LIES - 1 : 0));
	snprintf(what, sizeof(what), "%llu programs, %llu schedules each, from seed %llu",
		 (unsigned long long)programs, (unsigned long long)schedules,
		 (unsigned long long)job.seed);
	failed += report(n++, run_all(job.seed, programs, schedules, job.ops, job.lie, true), what);
	for (unsigned int i = 0; i < sim_nr_scenes(); i++)
		failed += report(n++, run_all(i, 1, SCENE_SCHEDULES, 0, job.lie, true),
				 sim_scene(&program, i));
	for (unsigned int i = 1; lies && i < SIM_LIES; i++) {
		snprintf(what, sizeof(what), "a platform that lies is noticed: %s",
			 sim_lie_names[i]);
		failed += report(n++, lie_is_noticed((enum sim_lie)i, job.seed, job.ops), what);
	}
	tell_totals();
	return failed ? 1 : 0;
}
