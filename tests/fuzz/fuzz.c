/*
 * fuzz.c - sequences of memory calls that nobody thought of, made by the running kernel and by the
 * library; each answer, and what can be seen after it, must agree.
 *
 *	fuzz [--seed=N] [--calls=N] [--steps=N] [--every=N] [--rule=NAME=on|off] [--quiet]
 *	     [--timeout=MS]
 *	fuzz --pages [--lie=deaf|trap] [--seed=N] [--calls=N] [--steps=N]
 *	fuzz --found=FILE [--rule=NAME=on|off]
 *	fuzz --c=DIR [--seed=N] [--calls=N] [--steps=N]
 *	fuzz --json [--seed=N] [--calls=N]
 *
 * With --pages the sequences are about what is behind the areas (seq/generate_pages.c), in a model
 * with pages and a TLB before them, which --lie breaks: a canary.
 *
 * With --c each sequence becomes a program in C besides, with the kernel's answers: DIR/N.c.
 *
 * The last line is calls, rate, seed, verdict.  Exit status: 0 if nothing diverged (and, from
 * 100,000 calls on, all sorts of calls and answers came up often enough: histogram.h), 1 if not, 2
 * if it could not be done.
 *
 * Two executors take turns: while one executes, the next sequence is made for the other, and the
 * one before is compared.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "found.h"
#include "histogram.h"
#include "report.h"
#include "seq/emit_c.h"
#include "seq/generate.h"

#define BARS_FROM 100000		/* fewer calls say little about shares */
#define DEFAULT_CALLS 100000
#define DEFAULT_STEPS 400
#define DEFAULT_STEPS_PAGES 1000
#define DEFAULT_EVERY 64
#define DEFAULT_TIMEOUT_MS 30000

struct run {
	uint64_t seed, calls;
	size_t steps;
	bool quiet, json;
	const char *found;		/* NULL, or a file of sequences to be run instead */
	const char *c_dir;		/* NULL, or where programs go */
	uint64_t nr_programs;
	struct sides sides[2];
	struct trial *trial[2];
	struct histogram histogram;
	uint64_t native_ns, model_ns;
	uint64_t sequences;
	bool diverged;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static _Noreturn void usage(const char *what)
{
	fprintf(stderr, "fuzz: %s\nusage: fuzz [--pages [--lie=deaf|trap]] [--found=FILE] "
		"[--c=DIR] [--seed=N] [--calls=N] [--steps=N] [--every=N] "
		"[--rule=NAME=on|off] [--quiet]\n", what);
	exit(2);
}

/* ---- options ---- */

static uint64_t number_of(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (!*text || *end)
		usage("not a number");
	return value;
}

static void add_rule(struct sides *sides, const char *text)
{
	const char *equals = strchr(text, '=');
	char name[64];
	int rule;

	if (!equals || (strcmp(equals, "=on") && strcmp(equals, "=off")))
		usage("--rule wants NAME=on or NAME=off");
	snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
	rule = umm_rule_find(name);
	if (rule < 0 || sides->nr_rules == SIDES_RULES)
		usage("there is no such rule");
	sides->rule[sides->nr_rules].rule = (unsigned int)rule;
	sides->rule[sides->nr_rules++].on = strcmp(equals, "=on") == 0;
}

static enum lie lie_of(const char *name)
{
	if (strcmp(name, "deaf") != 0 && strcmp(name, "trap") != 0)
		usage("--lie wants deaf or trap");
	return strcmp(name, "deaf") ? LIE_TRAP : LIE_DEAF;
}

static void options(struct run *run, int argc, char **argv)
{
	static const struct option names[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "calls", required_argument, NULL, 'c' },
		{ "steps", required_argument, NULL, 'n' },
		{ "every", required_argument, NULL, 'e' },
		{ "rule", required_argument, NULL, 'r' },
		{ "timeout", required_argument, NULL, 't' },
		{ "found", required_argument, NULL, 'f' },
		{ "c", required_argument, NULL, 'C' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'j' },
		{ "pages", no_argument, NULL, 'p' },
		{ "lie", required_argument, NULL, 'l' },
		{ 0 },
	};
	int option;

	run->seed = now_ns();
	run->calls = DEFAULT_CALLS;
	run->sides[0].every = DEFAULT_EVERY;
	run->sides[0].timeout_ms = DEFAULT_TIMEOUT_MS;
	while ((option = getopt_long(argc, argv, "", names, NULL)) >= 0) {
		switch (option) {
		case 's':
			run->seed = number_of(optarg);
			break;
		case 'c':
			run->calls = number_of(optarg);
			break;
		case 'n':
			run->steps = number_of(optarg);
			break;
		case 'e':
			run->sides[0].every = (uint32_t)number_of(optarg);
			break;
		case 'r':
			add_rule(&run->sides[0], optarg);
			break;
		case 't':
			run->sides[0].timeout_ms = (uint32_t)number_of(optarg);
			break;
		case 'f':
			run->found = optarg;
			break;
		case 'C':
			run->c_dir = optarg;
			break;
		case 'j':
			run->json = true;
			break;
		case 'p':
			run->sides[0].pages = true;
			break;
		case 'l':
			run->sides[0].lie = lie_of(optarg);
			break;
		case 'q':
			run->quiet = true;
			break;
		default:
			usage("unknown option");
		}
	}
	if (!run->steps)
		run->steps = run->sides[0].pages ? DEFAULT_STEPS_PAGES : DEFAULT_STEPS;
	if (optind < argc || run->steps > SEQ_STEPS_MAX)
		usage("too much, or a number of steps that cannot be");
	run->sides[1] = run->sides[0];
}

/* ---- the run ---- */

static void start(struct run *run, struct trial *trial, struct sides *sides)
{
	uint64_t state = run->seed * UINT64_C(0x9e3779b97f4a7c15) + run->sequences++;
	int err;

	/* Every second one may do no more than others. */
	seq_native_drop_caps(sides->native, run->sequences % 4 > 1);
	trial_begin(trial, sides);
	err = (sides->pages ? seq_generate_pages : seq_generate)
		(seq_random(&state), seq_native_settings(sides->native), &trial->start,
		 run->steps, &trial->seq);
	if (err) {
		fprintf(stderr, "fuzz: no sequence: %s\n", strerror(-err));
		exit(2);
	}
	trial_predict(trial);
	trial_post(trial);
}

static void write_program(struct run *run, const struct trial *trial)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%" PRIu64 ".c", run->c_dir, run->nr_programs++);
	out = fopen(path, "we");
	if (!out) {
		fprintf(stderr, "fuzz: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	seq_emit_c(out, &trial->seq, &trial->bases, trial->answer, &trial->start);
	fclose(out);
}

static void take(struct run *run, const struct trial *trial)
{
	struct histogram *histogram = &run->histogram;

	for (size_t i = 0; i < trial->seq.nr; i++)
		if (trial->answer[i] != SEQ_SKIPPED)
			histogram_add(histogram, &trial->step[i], &trial->bases,
				      trial->answer[i]);
	if (trial->max_areas > histogram->max_areas)
		histogram->max_areas = trial->max_areas;
	histogram->caps |= trial->start.caps;
	histogram->no_userfaultfd = trial->start.no_userfaultfd;
	histogram->names = seq_native_settings(trial->sides->native)->anon_vma_name;
	run->native_ns += trial->native_ns;
	run->model_ns += trial->model_ns;
}

/* @trial has been posted; @next is posted meanwhile, unless it is NULL. */
static void finish(struct run *run, struct trial *trial)
{
	trial_compare(trial);
	if (trial->part == PART_NOTHING) {
		take(run, trial);
		if (run->c_dir)
			write_program(run, trial);
		return;
	}
	run->diverged = true;
}

static void go(struct run *run)
{
	unsigned int turn = 0;
	struct trial *trial = NULL;

	while (!run->diverged && run->histogram.calls < run->calls) {
		struct trial *next = run->trial[turn];

		start(run, next, &run->sides[turn]);
		if (trial) {
			trial_wait(trial);
			finish(run, trial);
			if (run->diverged)
				break;
		}
		trial = next;
		turn ^= 1;
	}
	if (!run->diverged)
		return;
	report_divergence(trial, stdout);
}

/* A row of the bench: nothing is said of bars, which hang on the number of calls. */
static int bench_row(const struct run *run)
{
	double calls = (double)run->histogram.calls;

	if (run->diverged || !run->model_ns)
		return 1;
	printf("{\"name\": \"random_sequences\", \"ours_ns\": %.1f, \"kernel_ns\": %.1f, "
	       "\"ratio\": %.2f, \"note\": \"%.0f calls of %" PRIu64 " sequences, seed %" PRIu64
	       "; forks, faults and filling of memory among them\"}\n",
	       (double)run->model_ns / calls, (double)run->native_ns / calls,
	       (double)run->native_ns / (double)run->model_ns, calls, run->sequences, run->seed);
	return 0;
}

static int verdict(struct run *run, uint64_t ns)
{
	const struct histogram *histogram = &run->histogram;
	double seconds = (double)ns / 1e9;
	unsigned int missed = 0;

	if (!run->quiet)
		histogram_print(histogram, stdout);
	if (!run->diverged && histogram->calls >= BARS_FROM && !run->sides[0].pages)
		missed = histogram_missed(histogram, stdout);
	if (histogram->calls)
		printf("the kernel: %.0f ns a call, the library: %.0f ns, ratio %.1f\n",
		       (double)run->native_ns / (double)histogram->calls,
		       (double)run->model_ns / (double)histogram->calls,
		       (double)run->native_ns / (double)run->model_ns);
	printf("%" PRIu64 " calls in %.1f s (%.0f a second), seed %" PRIu64 ": %s\n",
	       histogram->calls, seconds, (double)histogram->calls / seconds, run->seed,
	       run->diverged ? "1 divergence" :
	       missed ? "0 divergences, but bars were missed" : "0 divergences");
	return run->diverged || missed;
}

static void prepare(struct run *run)
{
	for (int i = 0; i < 2; i++) {
		const char *error;
		int err = seq_native_new(&run->sides[i].native, &error);

		run->trial[i] = calloc(1, sizeof(*run->trial[i]));
		if (err || !run->trial[i]) {
			fprintf(stderr, "fuzz: %s: %s\n", error, strerror(-err));
			exit(2);
		}
	}
}

static void dispose(struct run *run)
{
	for (int i = 0; i < 2; i++) {
		seq_native_free(run->sides[i].native);
		free(run->trial[i]);
	}
}

int main(int argc, char **argv)
{
	static struct run run;
	uint64_t begin = now_ns();
	int status;

	options(&run, argc, argv);
	prepare(&run);
	if (run.found) {
		run.sides[0].every = 1;
		status = found_run(run.found, &run.sides[0]) != 0;
	} else if (run.json) {
		go(&run);
		status = bench_row(&run);
	} else {
		printf("seed %" PRIu64 "\n", run.seed);
		fflush(stdout);
		go(&run);
		status = verdict(&run, now_ns() - begin);
	}
	dispose(&run);
	return status;
}
