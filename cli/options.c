#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/trouble.h"

enum option_id {
	OPT_FORKS = 'f', OPT_OUTPUT = 'o', OPT_PID = 'p', OPT_HELP = 'h',
	OPT_EXPLAIN = UCHAR_MAX + 1, OPT_VERIFY, OPT_JSON, OPT_PIN, OPT_RULE, OPT_COLOR, OPT_ASCII,
	OPT_FALSIFY, OPT_MARKDOWN, OPT_FAULTS, OPT_EXEC, OPT_FROM, OPT_KERNEL, OPT_SEED, OPT_COUNT,
	OPT_TIMEOUT, OPT_TAP, OPT_PAGES,
};

struct option_row {
	enum option_id id;
	unsigned int verbs;
	const char *name;		/* of the long form, or NULL */
	const char *argument;		/* what it is called in the help, or NULL for none */
	const char *help;
};

static const struct option_row table[] = {
	{ OPT_FORKS, VERB_TRACE | VERB_CHECK, "follow-forks", NULL,
	  "also follow the processes and threads that PROGRAM starts" },
	{ OPT_OUTPUT, VERB_TRACE, "output", "FILE", "write the lines to FILE instead of stderr" },
	{ OPT_OUTPUT, VERB_CHECK, "output", "FILE", "write the result to FILE instead of stdout" },
	{ OPT_OUTPUT, VERB_VECTORS_RECORD, "output", "FILE", "write to FILE instead of stdout" },
	{ OPT_EXEC, VERB_VECTORS_RUN, "exec", "SHIM",
	  "a command for sh: the implementation that is tested; without it the library" },
	{ OPT_EXEC, VERB_VECTORS_RECORD, "exec", "SHIM",
	  "record the answers of this command instead of the running kernel's" },
	{ OPT_FROM, VERB_VECTORS_RECORD, "from", "FILE",
	  "sequences, as in vectors/src/, or a file of vectors whose answers do not count" },
	{ OPT_TIMEOUT, VERB_VECTORS_RUN | VERB_VECTORS_RECORD, "timeout", "SECONDS",
	  "how long SHIM may take for an answer (default 10)" },
	{ OPT_KERNEL, VERB_VECTORS_RUN | VERB_SHIM_LIBRARY, "kernel", "VERSION",
	  "the library as that kernel, 6.1, not as the one that the vectors are from" },
	{ OPT_TAP, VERB_VECTORS_RUN | VERB_VECTORS_PROVE, "tap", NULL,
	  "a line for each vector, as TAP has it" },
	{ OPT_SEED, VERB_VECTORS_SEARCH, "seed", "NUMBER", "where chance begins (default 1)" },
	{ OPT_COUNT, VERB_VECTORS_SEARCH, "count", "NUMBER",
	  "how many sequences to make up (default 1000)" },
	{ OPT_PID, VERB_TRACE | VERB_CHECK, "attach", "PID",
	  "follow a process that runs already, until it ends or usermm is interrupted: then it "
	  "runs on; may be repeated, or a list with commas" },
	{ OPT_EXPLAIN, VERB_TRACE, "explain", "WHAT",
	  "errors: say why calls were refused (default); all: also where addresses came from, what "
	  "was merged and split; none" },
	{ OPT_VERIFY, VERB_CHECK, "verify", "WHAT",
	  "maps: compare results and areas (default); calls: results alone; smaps: also the pages "
	  "of private memory, now and then" },
	{ OPT_PAGES, VERB_TRACE, "pages", NULL,
	  "also follow pages: say at a fork what was shared, and at a write that ends it who else "
	  "had the page" },
	{ OPT_JSON, VERB_TRACE | VERB_CHECK | VERB_RULES | VERB_ERRORS | VERB_VECTORS_RUN |
	  VERB_VECTORS_PROVE, "json", NULL,
	  "write JSON Lines instead of text" },
	{ OPT_PIN, VERB_TRACE | VERB_CHECK, "pin", "WHEN",
	  "auto: share one CPU with the program while its calls come fast (default); never" },
	{ OPT_FAULTS, VERB_TRACE | VERB_CHECK, "faults", "SOURCE",
	  "for tests: learn of page faults from auto (default), lossy, deaf, software, user or "
	  "none" },
	{ OPT_RULE, VERB_TRACE | VERB_CHECK | VERB_VECTORS_RUN | VERB_SHIM_LIBRARY, "rule",
	  "NAME=on|off",
	  "switch a rule of the model, see `usermm rules`; may be repeated" },
	{ OPT_FALSIFY, VERB_CHECK, "falsify", "CALL:NTH:VALUE",
	  "for tests: after the prediction, make the NTH call of that name answer VALUE (a number "
	  "or -ERRNO); usermm must report it" },
	{ OPT_COLOR, VERB_TRACE | VERB_CHECK, "color", "WHEN",
	  "auto (default), always, never" },
	{ OPT_ASCII, VERB_TRACE | VERB_CHECK, "ascii", NULL, "-> instead of the arrow" },
	{ OPT_MARKDOWN, VERB_ERRORS, "markdown", NULL, "write the page docs/errors.md" },
	{ OPT_HELP, VERB_TRACE | VERB_CHECK | VERB_RULES | VERB_ERRORS | VERBS_OF_VECTORS, "help",
	  NULL, "this text" },
};

#define ROWS (sizeof(table) / sizeof(table[0]))

static bool has_short(const struct option_row *row)
{
	return row->id <= UCHAR_MAX;
}

void options_help(FILE *file, const struct verb *verb)
{
	const size_t help_column = 26;
	struct text text = { 0 };

	text_addf(&text, "Usage: usermm %s %s\n\n", verb->name, verb->synopsis);
	text_wrap(&text, verb->summary, 0, EXPLAIN_WIDTH);
	if (verb->more) {
		text_add(&text, "\n");
		text_wrap(&text, verb->more, 0, EXPLAIN_WIDTH);
	}
	text_add(&text, "\nOptions:\n");
	for (size_t i = 0; i < ROWS; i++) {
		size_t line = text.len;

		if (!(table[i].verbs & verb->bit))
			continue;
		if (has_short(&table[i]))
			text_addf(&text, "  -%c, ", table[i].id);
		else
			text_add(&text, "      ");
		text_addf(&text, "--%s", table[i].name);
		if (table[i].argument)
			text_addf(&text, "%s%s", has_short(&table[i]) ? " " : "=",
				  table[i].argument);
		if (text.len - line >= help_column) {
			text_add(&text, "\n");
			line = text.len;
		}
		text_pad(&text, line, help_column);
		text_wrap(&text, table[i].help, help_column, EXPLAIN_WIDTH);
	}
	fputs(text.buf, file);
	text_free(&text);
}

/* One of the words in @words (ended by NULL), as its index. */
static int word_of(const struct verb *verb, const char *option, const char *value,
		   const char *const *words)
{
	struct text known = { 0 };

	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], value))
			return i;
	}
	for (int i = 0; words[i]; i++)
		text_addf(&known, "%s%s", i ? ", " : "", words[i]);
	die("%s: --%s=%s: not one of %s", verb->name, option, value, known.buf);
}

static void add_rule(struct options *options, const struct verb *verb, const char *value)
{
	const char *equals = strchr(value, '=');
	struct follow_rule_switch *slot = &options->rules[options->follow.nr_rules];
	char name[64];
	int rule;

	if (options->follow.nr_rules == RULE_SWITCHES_MAX)
		die("%s: more than %d --rule options", verb->name, RULE_SWITCHES_MAX);
	if (!equals || (strcmp(equals, "=on") && strcmp(equals, "=off")) ||
	    (size_t)(equals - value) >= sizeof(name))
		die("%s: --rule=%s: NAME=on or NAME=off is needed", verb->name, value);
	memcpy(name, value, (size_t)(equals - value));
	name[equals - value] = '\0';
	rule = umm_rule_find(name);
	if (rule < 0)
		die("%s: --rule: no rule is called \"%s\" (see `usermm rules`)", verb->name, name);
	slot->rule = (unsigned int)rule;
	slot->on = !strcmp(equals, "=on");
	options->follow.nr_rules++;
}

/* "-ENOMEM" or a number in C's notation. */
static bool parse_value(const char *string, int64_t *value)
{
	const int max_errno = 4095;
	char *end;

	if (!strncmp(string, "-E", 2)) {
		for (int error = 1; error <= max_errno; error++) {
			const char *name = strerrorname_np(error);

			if (name && !strcmp(name, string + 1)) {
				*value = -error;
				return true;
			}
		}
		return false;
	}
	errno = 0;
	*value = *string == '-' ? strtoll(string, &end, 0) : (int64_t)strtoull(string, &end, 0);
	return *string && !*end && !errno;
}

static void set_falsify(struct options *options, const struct verb *verb, char *value)
{
	struct follow_falsify *falsify = &options->follow.falsify;
	char *nth = strchr(value, ':'), *answer = nth ? strchr(nth + 1, ':') : NULL, *end = NULL;

	if (falsify->call)
		die("%s: --falsify can be given once", verb->name);
	if (answer) {
		*nth++ = '\0';
		*answer++ = '\0';
		errno = 0;
		falsify->nth = strtoul(nth, &end, 10);
	}
	if (!answer || !*value || *nth < '0' || *nth > '9' || *end || errno || !falsify->nth ||
	    !parse_value(answer, &falsify->value))
		die("%s: --falsify: CALL:NTH:VALUE is needed, as in mmap:3:-ENOMEM", verb->name);
	falsify->call = value;
}

static void add_pids(struct options *options, const struct verb *verb, const char *list)
{
	const char *at = list;

	/* There is no program whose status could be meant. */
	trouble_exits_with(EXIT_TROUBLE);
	do {
		char *end;
		long pid;

		errno = 0;
		pid = strtol(at, &end, 10);
		if (end == at || (*end && *end != ',') || errno || pid <= 0 || pid > INT_MAX)
			die("%s: -p %s: the number of a process is needed", verb->name, list);
		for (size_t i = 0; i < options->nr_pids; i++)
			if (options->pid[i] == (pid_t)pid)
				die("%s: -p %ld is given twice", verb->name, pid);
		if (options->nr_pids == ATTACH_MAX)
			die("%s: more than %d processes", verb->name, ATTACH_MAX);
		options->pid[options->nr_pids++] = (pid_t)pid;
		at = *end ? end + 1 : end;
	} while (*at);
}

static uint64_t number_of(const struct verb *verb, const char *option, const char *value,
			  uint64_t most)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || !number || number > most)
		die("%s: --%s=%s: a number from 1 is needed", verb->name, option, value);
	return number;
}

static uint32_t kernel_of(const struct verb *verb, const char *value)
{
	unsigned int major, minor;
	int end = 0;

	if (sscanf(value, "%3u.%3u%n", &major, &minor, &end) != 2 || value[end] || !major ||
	    major > 255 || minor > 255)
		die("%s: --kernel=%s: a version such as 6.1 is needed", verb->name, value);
	return UMM_KERNEL(major, minor);
}

static void apply(struct options *options, const struct verb *verb, int id)
{
	static const char *const explain[] = { "none", "errors", "all", NULL };
	static const char *const verify[] = { "calls", "maps", "smaps", NULL };
	static const char *const pin[] = { "auto", "never", NULL };
	static const char *const faults[] = { "auto", "lossy", "deaf", "software",
						"user", "none", NULL };
	static const char *const color[] = { "auto", "always", "never", NULL };

	switch (id) {
	case OPT_FORKS:
		options->follow.follow_forks = true;
		break;
	case OPT_OUTPUT:
		options->output = optarg;
		break;
	case OPT_PID:
		add_pids(options, verb, optarg);
		break;
	case OPT_EXPLAIN:
		options->explain = (enum explain)word_of(verb, "explain", optarg, explain);
		break;
	case OPT_VERIFY:
		options->follow.verify =
			(enum follow_verify)word_of(verb, "verify", optarg, verify);
		break;
	case OPT_MARKDOWN:
		options->markdown = true;
		break;
	case OPT_PAGES:
		options->follow.pages = true;
		break;
	case OPT_JSON:
		options->json = true;
		break;
	case OPT_PIN:
		options->follow.pin = (enum follow_pin)word_of(verb, "pin", optarg, pin);
		break;
	case OPT_FAULTS:
		options->follow.faults =
			(enum follow_faults)word_of(verb, "faults", optarg, faults);
		break;
	case OPT_RULE:
		add_rule(options, verb, optarg);
		break;
	case OPT_FALSIFY:
		set_falsify(options, verb, optarg);
		break;
	case OPT_COLOR:
		options->color = (enum color_when)word_of(verb, "color", optarg, color);
		break;
	case OPT_ASCII:
		options->ascii = true;
		break;
	case OPT_EXEC:
		options->exec = optarg;
		break;
	case OPT_FROM:
		options->from = optarg;
		break;
	case OPT_KERNEL:
		options->kernel = kernel_of(verb, optarg);
		break;
	case OPT_SEED:
		options->seed = number_of(verb, "seed", optarg, UINT64_MAX);
		break;
	case OPT_COUNT:
		options->count = number_of(verb, "count", optarg, UINT64_MAX);
		break;
	case OPT_TIMEOUT:
		options->timeout_ms = 1000 * (unsigned int)number_of(verb, "timeout", optarg, 3600);
		break;
	case OPT_TAP:
		options->tap = true;
		break;
	case OPT_HELP:
		options_help(stdout, verb);
		if (fflush(stdout))
			die("cannot write the output: %s", strerror(errno));
		exit(EXIT_SUCCESS);
	}
}

/* What getopt takes, from the rows that @verb has. */
static void getopt_tables(const struct verb *verb, char *shorts, struct option *longs)
{
	if (!(verb->bit & VERBS_OF_VECTORS))
		*shorts++ = '+';	/* stop at PROGRAM: what follows is its own */
	*shorts++ = ':';	/* the messages are ours */
	for (size_t i = 0; i < ROWS; i++) {
		if (!(table[i].verbs & verb->bit))
			continue;
		if (has_short(&table[i])) {
			*shorts++ = (char)table[i].id;
			if (table[i].argument)
				*shorts++ = ':';
		}
		*longs++ = (struct option){
			.name = table[i].name,
			.has_arg = table[i].argument ? required_argument : no_argument,
			.val = (int)table[i].id,
		};
	}
	*shorts = '\0';
	*longs = (struct option){ 0 };
}

static _Noreturn void wrong_option(const struct verb *verb, int what, char **argv)
{
	const char *word = argv[optind - 1];

	if (what == ':')
		die("%s: option %s needs an argument (see `usermm %s --help`)", verb->name, word,
		    verb->name);
	if (optopt > UCHAR_MAX || (optopt && !strncmp(word, "--", 2)))
		die("%s: option %s takes no argument", verb->name, word);
	if (optopt)
		die("%s: unknown option -%c (see `usermm %s --help`)", verb->name, optopt,
		    verb->name);
	die("%s: unknown option %s (see `usermm %s --help`)", verb->name, word, verb->name);
}

void options_parse(struct options *options, const struct verb *verb, int argc, char **argv)
{
	char shorts[2 * ROWS + 3];
	struct option longs[ROWS + 1];
	int id;

	*options = (struct options){
		.follow = { .verify = FOLLOW_VERIFY_MAPS, .pin = FOLLOW_PIN_AUTO },
		.explain = EXPLAIN_ERRORS,
		.color = COLOR_AUTO,
		.timeout_ms = 10000,
	};
	getopt_tables(verb, shorts, longs);
	opterr = 0;
	optind = 1;
	while ((id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (id == '?' || id == ':')
			wrong_option(verb, id, argv);
		apply(options, verb, id);
	}
	options->follow.rules = options->rules;
	if (verb->bit & VERBS_OF_VECTORS) {
		options->program = argv + optind;
	} else if (verb->bit == VERB_RULES) {
		if (optind < argc)
			die("%s: takes no argument, got \"%s\"", verb->name, argv[optind]);
	} else if (options->nr_pids && optind < argc) {
		die("%s: -p and a program (%s): one of the two", verb->name, argv[optind]);
	} else if (options->nr_pids) {
		options->program = NULL;
	} else if (optind == argc && verb->bit != VERB_ERRORS) {
		die("%s: no program given (see `usermm %s --help`)", verb->name, verb->name);
	} else {
		options->program = argv + optind;
	}
}
