/*
 * vectors_run.c - usermm vectors run: an implementation tested with vectors; and what the verbs
 * about vectors share: finding files, telling results.
 */
#include <glob.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trouble.h"
#include "cli/vectors.h"

char **vectors_files(const struct verb *verb, const struct options *options)
{
	static const char *const places[] = { "vectors/*.json", USERMM_VECTORS "/*.json" };
	static glob_t found;

	if (options->program && options->program[0])
		return options->program;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		/* schema.json describes the others. */
		if (glob(places[i], 0, NULL, &found) || !found.gl_pathc)
			continue;
		for (size_t from = 0, to = 0; from <= found.gl_pathc; from++) {
			char *path = found.gl_pathv[from];

			if (!path || !strstr(path, "schema.json"))
				found.gl_pathv[to++] = path;
		}
		return found.gl_pathv;
	}
	die("%s: no file given, and none in vectors/ or %s", verb->name, USERMM_VECTORS);
}

void vectors_read(const char *path, struct vector_file *file)
{
	char error[VECTOR_ERROR_BYTES];

	if (vector_file_read(file, path, error))
		die("%s: %s", path, error);
}

size_t vectors_rules(const struct options *options, struct target_rule *rules)
{
	for (size_t i = 0; i < options->follow.nr_rules; i++)
		rules[i] = (struct target_rule){ options->rules[i].rule, options->rules[i].on };
	return options->follow.nr_rules;
}

/* ---- telling -------------------------------------------------------------------------------- */

static const char *const word[] = {
	[VERDICT_PASSED] = "passed", [VERDICT_FAILED] = "failed",
	[VERDICT_UNSUPPORTED] = "unsupported",
};

void tally_begin(struct tally *tally, const struct options *options)
{
	*tally = (struct tally){ .options = options };
}

static void tell_json(const struct vector *vector, enum verdict verdict, const char *text)
{
	json_t *record = json_pack("{ss ss ss ss}", "type", "vector", "name", vector->name,
				   "theme", vector->theme, "verdict", word[verdict]);
	char *line;

	if (verdict != VERDICT_PASSED)
		json_object_set_new(record, "why", json_string(text));
	line = json_dumps(record, JSON_COMPACT);
	puts(line ? line : "{}");
	free(line);
	json_decref(record);
}

/* TAP takes what follows a # as a directive. */
static void tell_tap(const struct tally *tally, const struct vector *vector,
		     enum verdict verdict, const char *text)
{
	size_t nr = tally->passed + tally->failed + tally->unsupported;

	printf("%sok %zu - %s/%s", verdict == VERDICT_FAILED ? "not " : "", nr, vector->theme,
	       vector->name);
	if (verdict == VERDICT_UNSUPPORTED)
		printf(" # SKIP %s", text);
	putchar('\n');
	if (verdict == VERDICT_FAILED)
		printf("# %s\n", text);
}

void tally_add(struct tally *tally, const struct vector *vector, enum verdict verdict,
	       const char *text)
{
	tally->passed += verdict == VERDICT_PASSED;
	tally->failed += verdict == VERDICT_FAILED;
	tally->unsupported += verdict == VERDICT_UNSUPPORTED;
	if (tally->options->json)
		tell_json(vector, verdict, text);
	else if (tally->options->tap)
		tell_tap(tally, vector, verdict, text);
	else if (verdict != VERDICT_PASSED)
		printf("%s: %s/%s: %s\n", word[verdict], vector->theme, vector->name, text);
}

int tally_end(struct tally *tally)
{
	size_t all = tally->passed + tally->failed + tally->unsupported;

	if (tally->options->tap)
		printf("1..%zu\n# ", all);
	else if (tally->options->json)
		printf("{\"type\":\"summary\",\"passed\":%zu,\"failed\":%zu,\"unsupported\":%zu}\n",
		       tally->passed, tally->failed, tally->unsupported);
	if (!tally->options->json) {
		if (tally->unsupported)
			printf("%zu unsupported\n%s", tally->unsupported,
			       tally->options->tap ? "# " : "");
		printf("%zu passed, %zu failed\n", tally->passed, tally->failed);
	}
	if (!all) {
		complain("there is no vector in these files");
		return EXIT_TROUBLE;
	}
	return tally->failed ? EXIT_DIFFERS : EXIT_AGREE;
}

/* ---- run ------------------------------------------------------------------------------------ */

int vectors_run(const struct verb *verb, const struct options *options)
{
	struct target_rule rules[RULE_SWITCHES_MAX];
	size_t nr_rules = vectors_rules(options, rules);
	struct target *target;
	struct tally tally;
	char text[RUN_TEXT_BYTES];

	if (options->exec && (nr_rules || options->kernel))
		die("%s: --rule and --kernel are of the library, not of --exec", verb->name);
	target = options->exec ? target_shim_new(options->exec, (int)options->timeout_ms) :
		target_library_new(options->kernel, rules, nr_rules);
	tally_begin(&tally, options);
	for (char **path = vectors_files(verb, options); *path; path++) {
		struct vector_file file;

		vectors_read(*path, &file);
		for (size_t i = 0; i < file.nr; i++) {
			enum verdict verdict = vector_run(target, &file.machine, &file.vector[i],
							  text);

			tally_add(&tally, &file.vector[i], verdict, text);
		}
		vector_file_free(&file);
	}
	target_free(target);
	return tally_end(&tally);
}
