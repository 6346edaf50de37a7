/*
 * source.c - sequences that vectors are recorded from, as people write them.
 *
 *	# about the file
 *
 *	vector grows-into-a-hole
 *	theme  mremap				(only where it is not the file's name)
 *	shows  mremap grows in place where the pages behind are free
 *	rule   mremap_multi			(only where it is about one)
 *	mmap(pool, 0x2000, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_FIXED, none, 0)
 *	mremap(pool, 0x2000, 0x3000, 0, 0)
 *
 * A vector begins with its name, which is one word, and ends where the next begins.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/vector.h"

struct source {
	struct vector_file *file;
	struct vector *vector;		/* the one that lines belong to, NULL at first */
	const char *theme, *path;
	unsigned int line;
	char *error;
};

static int __attribute__((format(printf, 2, 3)))
wrong(struct source *source, const char *format, ...)
{
	int len = snprintf(source->error, VECTOR_ERROR_BYTES, "%.100s:%u: ", source->path,
			   source->line);
	va_list args;

	va_start(args, format);
	vsnprintf(source->error + len, (size_t)(VECTOR_ERROR_BYTES - len), format, args);
	va_end(args);
	return -1;
}

/* What follows @word at the beginning of @line, or NULL if another word stands there. */
static char *after_word(char *line, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(line, word, len) || (line[len] != ' ' && line[len] != '\t'))
		return NULL;
	line += len;
	return line + strspn(line, " \t");
}

static int begin_vector(struct source *source, const char *name)
{
	if (!*name || strpbrk(name, " \t\""))
		return wrong(source, "the name of a vector is one word");
	for (size_t i = 0; i < source->file->nr; i++) {
		if (!strcmp(source->file->vector[i].name, name))
			return wrong(source, "a second vector %s", name);
	}
	source->vector = vector_file_add(source->file);
	source->vector->name = vectors_copy(name);
	source->vector->theme = vectors_copy(source->theme);
	source->vector->shows = vectors_copy("");
	return 0;
}

static int read_step(struct source *source, const char *line)
{
	const struct seq_call_info *info;
	struct seq_step step;
	const char *error;

	if (source->vector->nr == SEQ_STEPS_MAX)
		return wrong(source, "more than %d steps", SEQ_STEPS_MAX);
	if (seq_step_parse(line, &step, &error))
		return wrong(source, "%s", error);
	info = seq_call_info(step.call);
	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		if (step.arg[i].base == SEQ_BASE_RESULT && step.arg[i].step >= source->vector->nr)
			return wrong(source, "$%u is no earlier step", step.arg[i].step);
	}
	vector_add_step(source->vector, &step);
	return 0;
}

static int read_line(struct source *source, char *line)
{
	char *rest;

	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return 0;
	rest = after_word(line, "vector");
	if (rest)
		return begin_vector(source, rest);
	if (!source->vector)
		return wrong(source, "\"vector NAME\" is missing");
	rest = after_word(line, "shows");
	if (rest) {
		free(source->vector->shows);
		source->vector->shows = vectors_copy(rest);
		return 0;
	}
	rest = after_word(line, "theme");
	if (rest) {
		free(source->vector->theme);
		source->vector->theme = vectors_copy(rest);
		return 0;
	}
	rest = after_word(line, "rule");
	if (rest) {
		free(source->vector->rule);
		source->vector->rule = vectors_copy(rest);
		return 0;
	}
	return read_step(source, line);
}

int vector_source_read(struct vector_file *file, const char *path, const char *theme, char *error)
{
	struct source source = { .file = file, .path = path, .theme = theme, .error = error };
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int result = 0;

	*file = (struct vector_file){ 0 };
	snprintf(file->theme, sizeof(file->theme), "%s", theme);
	if (!in)
		return wrong(&source, "%s", strerror(errno));
	while (!result && getline(&line, &room, in) >= 0) {
		source.line++;
		line[strcspn(line, "\n")] = '\0';
		result = read_line(&source, line);
	}
	free(line);
	fclose(in);
	if (result)
		vector_file_free(file);
	return result;
}

void vector_source_write(const struct vector *vector, FILE *out)
{
	char text[512];

	fprintf(out, "\nvector %s\ntheme  %s\nshows  %s\n", vector->name, vector->theme,
		vector->shows);
	if (vector->rule)
		fprintf(out, "rule   %s\n", vector->rule);
	for (size_t i = 0; i < vector->nr; i++) {
		seq_step_text(&vector->step[i].call, text, sizeof(text));
		fprintf(out, "%s\n", text);
	}
}
