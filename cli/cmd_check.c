/*
 * cmd_check.c - usermm check: silence, or the differences.
 *
 *	divergence 1: mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
 *	              [pid 4711] after mmap
 *	  model       0x7ffff7fbd000
 *	  kernel      0x7ffff7fbc000
 */
#include <inttypes.h>
#include <unistd.h>

#include "cli/run.h"
#include "cli/strace_line.h"
#include "cli/trouble.h"
#include "cli/verbs.h"

#define SIDE_COLUMN 14

struct checker {
	struct out *out;
	uint64_t divergences;
};

static void add_side(struct text *text, const char *label, const char *string)
{
	text_addf(text, "  %-*s", SIDE_COLUMN - 2, label);
	text_wrap(text, *string ? string : "(nothing mapped)", SIDE_COLUMN, EXPLAIN_WIDTH);
}

static void check_divergence(void *ctx, const struct follow_divergence *divergence)
{
	struct checker *checker = ctx;
	struct text text = { 0 }, string = { 0 };

	text_addf(&text, "divergence %" PRIu64 ": ", ++checker->divergences);
	if (divergence->call)
		strace_call(&string, divergence->call);
	else
		text_addf(&string, "areas of process %d", (int)divergence->pid);
	text_wrap(&text, string.buf, SIDE_COLUMN, EXPLAIN_WIDTH);

	text_clear(&string);
	text_addf(&string, "[pid %d] %s", (int)divergence->tid,
		  divergence->where ? divergence->where : "");
	text_addf(&text, "%*s", SIDE_COLUMN, "");
	text_wrap(&text, string.buf, SIDE_COLUMN, EXPLAIN_WIDTH);

	add_side(&text, "model", divergence->model);
	add_side(&text, "kernel", divergence->kernel);
	out_write(checker->out, &text);
	text_free(&text);
	text_free(&string);
}

static void check_warning(void *ctx, const char *message)
{
	(void)ctx;
	complain("warning: %s", message);
}

int cmd_check(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct out out;
	struct checker checker = { .out = &out };
	const struct follow_sink sink = {
		.ctx = &checker,
		.divergence = check_divergence,
		.warning = check_warning,
	};
	struct follow_summary summary;

	options_parse(&options, verb, argc, argv);
	out_open(&out, options.output, STDOUT_FILENO, options.color, options.ascii);
	out.buffered = options.json;
	options.follow.explain = options.json;
	if (run_program(verb, &options, &out, &sink, &summary) != FOLLOW_OK)
		return EXIT_TROUBLE;
	return summary.divergences ? EXIT_DIFFERS : EXIT_AGREE;
}
