/*
 * options.h - the options of all verbs: one table, from which getopt and the help come.
 *
 * Layer: cli.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/explain.h"
#include "cli/out.h"
#include "host/follow.h"

#define VERB_TRACE	0x1
#define VERB_CHECK	0x2
#define VERB_RULES	0x4
#define VERB_ERRORS	0x8
#define VERB_VECTORS	0x10		/* what its own verbs are not asked */
#define VERB_VECTORS_RUN	0x20
#define VERB_VECTORS_RECORD	0x40
#define VERB_VECTORS_PROVE	0x80
#define VERB_VECTORS_SEARCH	0x100
#define VERB_SHIM_HOST		0x200
#define VERB_SHIM_LIBRARY	0x400
#define VERB_SHIM_ZERO		0x800
#define VERBS_OF_VECTORS	0xff0

#define RULE_SWITCHES_MAX 64
#define ATTACH_MAX 64

struct verb {
	unsigned int bit;		/* VERB_ */
	const char *name;
	const char *synopsis;		/* what follows the name */
	const char *summary;		/* one line */
	const char *more;		/* paragraph of the help, or NULL */
	int trouble;			/* exit status of a failure of our own */
	int (*run)(const struct verb *verb, int argc, char **argv);
};

/* What the command line said. */
struct options {
	struct follow_options follow;
	enum explain explain;
	enum color_when color;
	bool ascii, json, markdown, tap;
	const char *output;		/* -o, or NULL */
	const char *exec;		/* --exec, or NULL */
	const char *from;		/* --from, or NULL */
	uint32_t kernel;		/* --kernel, UMM_KERNEL(), or 0 */
	uint64_t seed, count;		/* --seed and --count, or 0 */
	unsigned int timeout_ms;	/* --timeout */
	char **program;		/* NULL-terminated argv or files, or NULL for none */
	pid_t pid[ATTACH_MAX];		/* -p */
	size_t nr_pids;
	struct follow_rule_switch rules[RULE_SWITCHES_MAX];	/* follow.rules points here */
};

/*
 * Parse @argv (argv[0] is the verb).  --help prints and exits 0; what is wrong ends the command
 * with a message and verb->trouble.
 */
void options_parse(struct options *options, const struct verb *verb, int argc, char **argv);

void options_help(FILE *file, const struct verb *verb);

#endif
