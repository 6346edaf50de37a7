/*
 * vector.h - vectors: sequences of memory calls with a kernel's answers, and the files they are in.
 *
 * docs/vectors.md is the manual of the format, vectors/schema.json its schema.
 *
 * Layer: seq, above include/usermm/.
 */
#ifndef SEQ_VECTORS_VECTOR_H
#define SEQ_VECTORS_VECTOR_H

#include <stdio.h>

#include "seq/seq.h"
#include "seq/vectors/areas.h"

#define VECTOR_SCHEMA 1
#define VECTOR_ANSWER_BYTES 40
#define VECTOR_ERROR_BYTES 256
#define VECTOR_SETTINGS_MAX 64

/* An area whose ends are relative to the bases: @area's own start and end do not count. */
struct vector_area {
	struct seq_value start, end;
	struct area area;
};

struct vector_areas {
	struct vector_area *area;
	size_t nr;
};

struct vector_step {
	struct seq_step call;
	char answer[VECTOR_ANSWER_BYTES];	/* "pool+0x3000", "EINVAL", "0", "ok" */
	struct vector_areas *areas[SEQ_PROCESSES];	/* NULL: as they were before the step */
};

/* Everything in it is its own. */
struct vector {
	char *name, *theme;
	char *shows;			/* one line */
	char *rule;			/* the rule that it tells, or NULL */
	struct vector_step *step;
	size_t nr;
};

/* What a machine was set to: "thp", "madvise".  Names are words, values have no blanks. */
struct vector_setting {
	char name[32], value[64];
};

struct vector_machine {
	char kernel[32];		/* "6.18.44" */
	struct vector_setting setting[VECTOR_SETTINGS_MAX];
	size_t nr;
	uint64_t base[SEQ_BASES];	/* as they were when the vectors were recorded */
};

/* One file.  vector_file_free() frees what is in it. */
struct vector_file {
	char theme[32];
	struct vector_machine machine;
	struct vector *vector;
	size_t nr;
};

/*
 * Read @path, or @size bytes at @text.  0, or -1 and @error (VECTOR_ERROR_BYTES) says what is
 * wrong; nothing is left to free then.
 */
int vector_file_read(struct vector_file *file, const char *path, char *error);
int vector_file_parse(struct vector_file *file, const char *text, size_t size, char *error);

/*
 * Read sequences from a text: see docs/vectors.md, "Sources".  The answers are empty.  @theme is
 * what the file is called.
 */
int vector_source_read(struct vector_file *file, const char *path, const char *theme, char *error);

/* 0, or -1: it could not be written. */
int vector_file_write(const struct vector_file *file, FILE *out);

/* Sources as vector_source_read() reads them. */
void vector_source_write(const struct vector *vector, FILE *out);

void vector_file_free(struct vector_file *file);
void vector_free(struct vector *vector);
struct vector *vector_file_add(struct vector_file *file);
struct vector_step *vector_add_step(struct vector *vector, const struct seq_step *call);

/* The value of a setting, or NULL. */
const char *vector_setting(const struct vector_machine *machine, const char *name);
void vector_set(struct vector_machine *machine, const char *name, const char *value);

/* The areas that the vector tells, with the addresses of one who executes it. */
void vector_resolve_areas(const struct seq_bases *bases, const struct vector_areas *from,
			  struct areas *to);
struct vector_areas *vector_relate_areas(const struct seq_bases *bases, const struct areas *from);

/* What is written of the answer to @step, and whether an answer is the one written. */
void vector_answer_text(const struct seq_bases *bases, const struct seq_step *step, int64_t answer,
			char text[VECTOR_ANSWER_BYTES]);
bool vector_answer_matches(const struct seq_bases *bases, unsigned int call, const char *text,
			   int64_t answer);

#endif
