/*
 * run.h - what trace and check do alike: run the program under the follower, then sum up.
 *
 * Layer: cli.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/options.h"

/*
 * With options->json, @out gets a header, a record per event and the summary, and @sink is not
 * asked; otherwise events go to @sink.  The line of the summary goes to stderr, and so does what
 * went wrong.  @out is closed.
 */
enum follow_trouble run_program(const struct verb *verb, struct options *options, struct out *out,
				const struct follow_sink *sink, struct follow_summary *summary);

#endif
