/*
 * vectors.h - the verbs of `usermm vectors`.
 *
 * Layer: cli.
 */
#ifndef CLI_VECTORS_H
#define CLI_VECTORS_H

#include "cli/options.h"
#include "seq/vectors/run.h"

/* Each returns the exit status. */
int vectors_run(const struct verb *verb, const struct options *options);
int vectors_prove(const struct verb *verb, const struct options *options);
int vectors_search(const struct verb *verb, const struct options *options);

/* The files to read: those that were named, else all of vectors/ here, else those installed. */
char **vectors_files(const struct verb *verb, const struct options *options);

/* Read one; ends the command if it cannot be read. */
void vectors_read(const char *path, struct vector_file *file);

/* --rule of the command line, for target_library_new(). */
size_t vectors_rules(const struct options *options, struct target_rule *rules);

/* What came of vectors, told in the form that was asked for. */
struct tally {
	const struct options *options;
	size_t passed, failed, unsupported;
};

void tally_begin(struct tally *tally, const struct options *options);
void tally_add(struct tally *tally, const struct vector *vector, enum verdict verdict,
	       const char *text);

/* The last line, and the exit status. */
int tally_end(struct tally *tally);

#endif
