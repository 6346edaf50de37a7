#include <stdio.h>

#include "cli/json.h"
#include "cli/run.h"
#include "cli/summary.h"
#include "cli/trouble.h"

enum follow_trouble run_program(const struct verb *verb, struct options *options, struct out *out,
				const struct follow_sink *sink, struct follow_summary *summary)
{
	struct follow_sink records;
	enum follow_trouble trouble;
	struct text line = { 0 };
	char error[512] = "";

	if (options->json) {
		json_header(out, verb, options);
		out_flush(out);		/* before the child has a copy of what is pending */
		json_sink(&records, out);
		sink = &records;
	}
	*summary = (struct follow_summary){ 0 };
	if (options->nr_pids)
		trouble = follow_attach(&options->follow, options->pid, options->nr_pids, sink,
					summary, error, sizeof(error));
	else
		trouble = follow_run(&options->follow, options->program, sink, summary, error,
				     sizeof(error));
	if (trouble != FOLLOW_OK) {
		complain("%s", *error ? error : "cannot follow the program");
		if (options->json)
			json_trouble(out, error);
	}
	if (options->json)
		json_summary(out, summary);
	out_close(out);
	/* A program that never ran has nothing to sum up for people. */
	if (trouble != FOLLOW_NOT_FOUND && trouble != FOLLOW_NOT_EXECUTABLE &&
	    (!options->nr_pids || summary->attached)) {
		summary_line(&line, summary);
		fputs(line.buf, stderr);
		text_free(&line);
	}
	return trouble;
}
