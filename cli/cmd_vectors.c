/*
 * cmd_vectors.c - usermm vectors VERB: run, record, prove, search, shim.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/trouble.h"
#include "cli/vectors.h"
#include "cli/verbs.h"

/* ---- record --------------------------------------------------------------------------------- */

/* "merge" of "vectors/src/merge.txt". */
static void theme_of(const char *path, char *theme, size_t size)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	snprintf(theme, size, "%.*s", (int)strcspn(name, "."), name);
}

static void read_sequences(const char *path, struct vector_file *file)
{
	const char *end = strrchr(path, '.');
	char error[VECTOR_ERROR_BYTES], theme[32];

	if (end && !strcmp(end, ".json")) {
		vectors_read(path, file);
		return;
	}
	theme_of(path, theme, sizeof(theme));
	if (vector_source_read(file, path, theme, error))
		die("%s", error);
}

/* What stood there is forgotten: only the steps count. */
static void forget_answers(struct vector *vector)
{
	struct vector old = *vector;

	vector->step = NULL;
	vector->nr = 0;
	for (size_t i = 0; i < old.nr; i++)
		vector_add_step(vector, &old.step[i].call);
	old.name = old.theme = old.shows = old.rule = NULL;
	vector_free(&old);
}

static void name_kernel(struct vector_machine *machine)
{
	struct utsname name;

	if (*machine->kernel || uname(&name))
		return;
	snprintf(machine->kernel, sizeof(machine->kernel), "%.*s",
		 (int)strspn(name.release, "0123456789."), name.release);
}

/* A shim does not say what it is: it was told. */
static void adopt_settings(struct vector_machine *machine, const struct vector_machine *told)
{
	memcpy(machine->setting, told->setting, sizeof(machine->setting));
	memcpy(machine->kernel, told->kernel, sizeof(machine->kernel));
	machine->nr = told->nr;
}

/* Those that could not be recorded are told of and left out; their number. */
static size_t record_all(struct target *target, struct vector_file *file)
{
	struct vector_machine wishes = file->machine;
	char text[RUN_TEXT_BYTES];
	struct seq_bases bases;
	size_t kept = 0, lost = 0;

	file->machine = (struct vector_machine){ 0 };
	for (size_t i = 0; i < file->nr; i++) {
		struct vector *vector = &file->vector[i];

		forget_answers(vector);
		if (vector_record(target, &wishes, vector, &bases, text)) {
			complain("%s/%s: %s", vector->theme, vector->name, text);
			vector_free(vector);
			lost++;
			continue;
		}
		memcpy(file->machine.base, bases.base, sizeof(bases.base));
		file->vector[kept++] = *vector;
	}
	file->nr = kept;
	if (target->ops->describe)
		target->ops->describe(target, &file->machine);
	else
		adopt_settings(&file->machine, &wishes);
	name_kernel(&file->machine);
	return lost;
}

static int record(const struct verb *verb, const struct options *options)
{
	struct vector_file file;
	struct target *target;
	char error[VECTOR_ERROR_BYTES];
	FILE *out = stdout;
	size_t lost;

	if (!options->from)
		die("%s: --from FILE is needed: the sequences to record", verb->name);
	read_sequences(options->from, &file);
	target = options->exec ? target_shim_new(options->exec, (int)options->timeout_ms) :
		target_host_new(error);
	if (!target)
		die("%s: %s", verb->name, error);
	lost = record_all(target, &file);
	target_free(target);
	if (options->output)
		out = fopen(options->output, "we");
	if (!out || vector_file_write(&file, out) || (options->output && fclose(out)))
		die("cannot write %s: %s", options->output ? options->output : "the vectors",
		    strerror(errno));
	vector_file_free(&file);
	return lost ? EXIT_DIFFERS : EXIT_AGREE;
}

/* ---- shims ---------------------------------------------------------------------------------- */

static int serve(struct target *target)
{
	int result = target_serve(target, stdin, stdout);

	target_free(target);
	return result ? EXIT_TROUBLE : EXIT_AGREE;
}

static int shim_host(const struct verb *verb, const struct options *options)
{
	char error[VECTOR_ERROR_BYTES];
	struct target *target = target_host_new(error);

	(void)options;
	if (!target)
		die("%s: %s", verb->name, error);
	return serve(target);
}

static int shim_library(const struct verb *verb, const struct options *options)
{
	struct target_rule rules[RULE_SWITCHES_MAX];
	size_t nr = vectors_rules(options, rules);

	(void)verb;
	return serve(target_library_new(options->kernel, rules, nr));
}

static int shim_zero(const struct verb *verb, const struct options *options)
{
	(void)verb;
	(void)options;
	return serve(target_zero_new());
}

/* ---- the verbs ------------------------------------------------------------------------------ */

static const struct {
	const char *words[2];
	struct verb verb;
	int (*run)(const struct verb *verb, const struct options *options);
} verbs[] = {
	{ { "run", NULL },
	  { VERB_VECTORS_RUN, "vectors run", "[OPTIONS] [FILE]...",
	    "Execute the vectors of the files and compare every answer, and the areas after "
	    "every step, with the recorded ones; without a file, all that are installed.",
	    "The status is 0 if all passed, 1 if some failed, 2 if it could not be done.",
	    EXIT_TROUBLE, NULL }, vectors_run },
	{ { "record", NULL },
	  { VERB_VECTORS_RECORD, "vectors record", "[OPTIONS] --from FILE",
	    "Execute sequences on the running kernel, without capabilities, and write them with "
	    "its answers as a file of vectors.",
	    "The status is 1 if some could not be recorded.", EXIT_TROUBLE, NULL }, record },
	{ { "prove", NULL },
	  { VERB_VECTORS_PROVE, "vectors prove", "[OPTIONS] [FILE]...",
	    "Of each vector that names a rule: does the library, with that rule switched, answer "
	    "otherwise?  And is no step of it needless for that?",
	    NULL, EXIT_TROUBLE, NULL }, vectors_prove },
	{ { "search", NULL },
	  { VERB_VECTORS_SEARCH, "vectors search", "[OPTIONS] RULE...|shapes [FILE]...",
	    "Make up sequences and print, as sources for `record`, short ones that tell the "
	    "rules; or, with `shapes`, ones whose last step is decided as that of no vector in "
	    "the files.",
	    NULL, EXIT_TROUBLE, NULL }, vectors_search },
	{ { "shim", "host" },
	  { VERB_SHIM_HOST, "vectors shim host", "",
	    "Answer the line protocol on stdin and stdout as the running kernel does.", NULL,
	    EXIT_TROUBLE, NULL }, shim_host },
	{ { "shim", "library" },
	  { VERB_SHIM_LIBRARY, "vectors shim library", "[OPTIONS]",
	    "Answer the line protocol on stdin and stdout as the library does.", NULL,
	    EXIT_TROUBLE, NULL }, shim_library },
	{ { "shim", "zero" },
	  { VERB_SHIM_ZERO, "vectors shim zero", "",
	    "Answer the line protocol with 0, whatever is asked: a test of the vectors.", NULL,
	    EXIT_TROUBLE, NULL }, shim_zero },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const char overview[] =
	"Usage: usermm vectors VERB [OPTIONS] [ARGS]\n"
	"\n"
	"Sequences of memory calls with a kernel's answers.\n"
	"\n"
	"Verbs:\n"
	"  run           test an implementation, or the library, with vectors\n"
	"  record        execute sequences on the running kernel and write its answers\n"
	"  prove         that vectors about a rule tell it, and are minimal\n"
	"  search        make up sequences that show something\n"
	"  shim host     the running kernel, for --exec\n"
	"  shim library  the library, for --exec\n"
	"  shim zero     an answer of 0 to everything, for --exec\n"
	"\n"
	"  usermm vectors VERB --help says more.  docs/vectors.md is the manual.\n";

int cmd_vectors(const struct verb *verb, int argc, char **argv)
{
	struct options options;

	for (size_t i = 0; i < VERBS; i++) {
		int words = verbs[i].words[1] ? 2 : 1;

		if (argc <= words || strcmp(argv[1], verbs[i].words[0]) ||
		    (words == 2 && strcmp(argv[2], verbs[i].words[1])))
			continue;
		options_parse(&options, &verbs[i].verb, argc - words, argv + words);
		return verbs[i].run(&verbs[i].verb, &options);
	}
	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		fputs(overview, stdout);
		return EXIT_AGREE;
	}
	if (argc > 1)
		die("%s: no verb \"%s%s%s\": run, record, prove, search or shim (see `usermm "
		    "vectors --help`)", verb->name, argv[1], argc > 2 ? " " : "",
		    argc > 2 ? argv[2] : "");
	die("%s: no verb given: run, record, prove, search or shim", verb->name);
}
