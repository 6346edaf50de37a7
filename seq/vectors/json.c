/*
 * json.c - files of vectors: JSON as docs/vectors.md has it.
 *
 * What is read is foreign: everything that later code relies on is checked here, so that a vector
 * that was read can be executed.  What is written has a line for each step and each area, so that
 * people can read it and versions of it can be compared.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/vector.h"

/* Where in the file we are, and what is wrong there. */
struct reader {
	const char *vector;
	size_t step;
	char *error;
};

static int __attribute__((format(printf, 2, 3)))
wrong(struct reader *reader, const char *format, ...)
{
	size_t len = 0;
	va_list args;

	if (reader->vector)
		len = (size_t)snprintf(reader->error, VECTOR_ERROR_BYTES,
				       "vector %.60s, step %zu: ", reader->vector, reader->step);
	va_start(args, format);
	vsnprintf(reader->error + len, VECTOR_ERROR_BYTES - len, format, args);
	va_end(args);
	return -1;
}

/* The string @key of @object, one line; NULL and an error if it is not there or is none. */
static const char *string_of(struct reader *reader, const json_t *object, const char *key)
{
	const char *string = json_string_value(json_object_get(object, key));

	if (!string)
		wrong(reader, "\"%s\" is missing or no string", key);
	else if (strchr(string, '\n'))
		wrong(reader, "\"%s\" has more than one line", key);
	else
		return string;
	return NULL;
}

static int read_value(struct reader *reader, const json_t *object, const char *key,
		      struct seq_value *value)
{
	const char *text = string_of(reader, object, key), *error;

	if (!text)
		return -1;
	if (seq_value_parse(text, SEQ_KIND_ADDR, value, &error))
		return wrong(reader, "\"%s\": %s", key, error);
	return 0;
}

static int read_area(struct reader *reader, const json_t *object, struct vector_area *area)
{
	const char *perms, *offset, *name, *flags;
	char text[512];

	if (read_value(reader, object, "start", &area->start) ||
	    read_value(reader, object, "end", &area->end))
		return -1;
	perms = string_of(reader, object, "perms");
	offset = perms ? string_of(reader, object, "offset") : NULL;
	name = offset ? string_of(reader, object, "name") : NULL;
	if (!name)
		return -1;
	flags = json_string_value(json_object_get(object, "flags"));
	/* The line protocol's reader checks each of them; the range is not known yet. */
	if ((size_t)snprintf(text, sizeof(text), "0x1000 0x2000 %s %s %s %s", perms, offset,
			     *name ? name : "-", flags ? flags : "") >= sizeof(text) ||
	    area_parse(text, &area->area))
		return wrong(reader, "an area has odd permissions, offset or name");
	return 0;
}

static int read_areas(struct reader *reader, const json_t *array, struct vector_areas **out)
{
	struct vector_areas *areas;
	const json_t *object;
	size_t i;

	if (!json_is_array(array))
		return wrong(reader, "the areas of a process are no array");
	areas = vectors_alloc(NULL, 1, sizeof(*areas));
	*areas = (struct vector_areas){
		vectors_alloc(NULL, json_array_size(array), sizeof(*areas->area)), 0
	};
	*out = areas;
	json_array_foreach(array, i, object) {
		if (read_area(reader, object, &areas->area[areas->nr]))
			return -1;
		areas->nr++;
	}
	return 0;
}

/* $n must name a step before this one. */
static int check_results(struct reader *reader, const struct seq_step *call)
{
	const struct seq_call_info *info = seq_call_info(call->call);

	for (unsigned int i = 0; info->kind[i] != SEQ_KIND_NONE; i++) {
		if (call->arg[i].base == SEQ_BASE_RESULT && call->arg[i].step >= reader->step)
			return wrong(reader, "$%u is no earlier step", call->arg[i].step);
	}
	return 0;
}

static int check_answer(struct reader *reader, const char *answer)
{
	struct seq_value value;
	const char *error;

	if (strlen(answer) >= VECTOR_ANSWER_BYTES)
		return wrong(reader, "the answer is too long");
	if (*answer == 'E' || !strcmp(answer, "ok"))
		return 0;
	if (seq_value_parse(answer, SEQ_KIND_ADDR, &value, &error) ||
	    value.base == SEQ_BASE_RESULT)
		return wrong(reader, "the answer is neither an error nor an address");
	return 0;
}

static int read_step(struct reader *reader, json_t *object, struct vector *vector)
{
	const char *text = string_of(reader, object, "step"), *answer, *error, *key;
	struct vector_step *step;
	struct seq_step call;
	json_t *areas, *array;

	if (!text)
		return -1;
	if (seq_step_parse(text, &call, &error))
		return wrong(reader, "%s: %s", text, error);
	answer = string_of(reader, object, "answer");
	if (!answer || check_results(reader, &call) || check_answer(reader, answer))
		return -1;
	step = vector_add_step(vector, &call);
	memcpy(step->answer, answer, strlen(answer) + 1);
	areas = json_object_get(object, "areas");
	if (areas && !json_is_object(areas))
		return wrong(reader, "\"areas\" is no object");
	json_object_foreach(areas, key, array) {
		if (key[0] < '0' || key[0] >= '0' + SEQ_PROCESSES || key[1])
			return wrong(reader, "areas of a process that cannot be");
		if (read_areas(reader, array, &step->areas[key[0] - '0']))
			return -1;
	}
	return 0;
}

static int read_vector(struct reader *reader, json_t *object, struct vector *vector)
{
	const char *name, *theme, *shows, *rule;
	json_t *steps = json_object_get(object, "steps"), *step;
	size_t i;

	name = string_of(reader, object, "name");
	theme = name ? string_of(reader, object, "theme") : NULL;
	shows = theme ? string_of(reader, object, "shows") : NULL;
	if (!shows)
		return -1;
	vector->name = vectors_copy(name);
	vector->theme = vectors_copy(theme);
	vector->shows = vectors_copy(shows);
	reader->vector = vector->name;
	rule = json_string_value(json_object_get(object, "rule"));
	if (rule)
		vector->rule = vectors_copy(rule);
	if (!json_is_array(steps) || json_array_size(steps) > SEQ_STEPS_MAX)
		return wrong(reader, "\"steps\" is no array of at most %d", SEQ_STEPS_MAX);
	json_array_foreach(steps, i, step) {
		reader->step = i;
		if (read_step(reader, step, vector))
			return -1;
	}
	reader->vector = NULL;
	return 0;
}

static const char *const base_key[SEQ_BASES] = {
	[SEQ_BASE_POOL] = "pool", [SEQ_BASE_TOP] = "top", [SEQ_BASE_BRK] = "brk",
	[SEQ_BASE_SIZE] = "size", [SEQ_BASE_DATA] = "data",
};

static int read_machine(struct reader *reader, json_t *root, struct vector_machine *machine)
{
	const char *kernel = string_of(reader, root, "kernel"), *key;
	json_t *settings = json_object_get(root, "machine"), *value;
	json_t *bases = json_object_get(root, "bases");

	if (!kernel)
		return -1;
	if (strlen(kernel) >= sizeof(machine->kernel) || *kernel < '0' || *kernel > '9' ||
	    strpbrk(kernel, " \t"))
		return wrong(reader, "\"kernel\" is no version");
	memcpy(machine->kernel, kernel, strlen(kernel) + 1);
	json_object_foreach(settings, key, value) {
		const char *text = json_string_value(value);

		if (!text || !*key || strpbrk(key, " \t\n=") || strpbrk(text, " \t\n"))
			return wrong(reader, "\"machine\" holds more than words");
		vector_set(machine, key, text);
	}
	for (unsigned int i = 0; i < SEQ_BASES; i++) {
		struct seq_value number;

		if (!base_key[i])
			continue;
		if (read_value(reader, bases, base_key[i], &number))
			return -1;
		if (number.base != SEQ_BASE_NUMBER)
			return wrong(reader, "\"bases\" are not numbers");
		machine->base[i] = number.offset;
	}
	return 0;
}

static int read_file(struct reader *reader, json_t *root, struct vector_file *file)
{
	json_t *vectors = json_object_get(root, "vectors"), *vector;
	const char *theme;
	size_t i;

	if (json_integer_value(json_object_get(root, "schema")) != VECTOR_SCHEMA)
		return wrong(reader, "\"schema\" is not %d", VECTOR_SCHEMA);
	theme = string_of(reader, root, "theme");
	if (!theme)
		return -1;
	snprintf(file->theme, sizeof(file->theme), "%s", theme);
	if (read_machine(reader, root, &file->machine))
		return -1;
	if (!json_is_array(vectors))
		return wrong(reader, "\"vectors\" is no array");
	json_array_foreach(vectors, i, vector) {
		if (read_vector(reader, vector, vector_file_add(file)))
			return -1;
	}
	return 0;
}

static int read_root(struct vector_file *file, json_t *root, const json_error_t *syntax,
		     char *error)
{
	struct reader reader = { .error = error };
	int result;

	*file = (struct vector_file){ 0 };
	if (!root)
		return wrong(&reader, "line %d: %s", syntax->line, syntax->text);
	result = read_file(&reader, root, file);
	if (result)
		vector_file_free(file);
	json_decref(root);
	return result;
}

int vector_file_read(struct vector_file *file, const char *path, char *error)
{
	json_error_t syntax;
	json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &syntax);

	return read_root(file, root, &syntax, error);
}

int vector_file_parse(struct vector_file *file, const char *text, size_t size, char *error)
{
	json_error_t syntax;
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &syntax);

	return read_root(file, root, &syntax, error);
}

/* ---- writing ------------------------------------------------------------------------------- */

static void put_string(FILE *out, const char *before, const char *string)
{
	json_t *value = json_string(string);
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;

	fprintf(out, "%s%s", before, text ? text : "\"\"");
	free(text);
	json_decref(value);
}

static void put_area(FILE *out, const struct vector_area *area)
{
	char start[40], end[40];

	seq_value_text(&area->start, SEQ_KIND_ADDR, start, sizeof(start));
	seq_value_text(&area->end, SEQ_KIND_ADDR, end, sizeof(end));
	fprintf(out, "{ \"start\": \"%s\", \"end\": \"%s\", \"perms\": \"%s\", "
		"\"offset\": \"0x%" PRIx64 "\", \"name\": \"%s\"", start, end, area->area.perms,
		area->area.offset, area->area.name);
	if (*area->area.flags)
		fprintf(out, ", \"flags\": \"%s\"", area->area.flags);
	fputs(" }", out);
}

static void put_areas(FILE *out, const struct vector_step *step)
{
	unsigned int nr = 0;

	for (unsigned int process = 0; process < SEQ_PROCESSES; process++) {
		const struct vector_areas *areas = step->areas[process];

		if (!areas)
			continue;
		fprintf(out, "%s \"%u\": [", nr++ ? "," : ",\n\t  \"areas\": {", process);
		for (size_t i = 0; i < areas->nr; i++) {
			fprintf(out, "%s\n\t    ", i ? "," : "");
			put_area(out, &areas->area[i]);
		}
		fputs(" ]", out);
	}
	fputs(nr ? " } }" : " }", out);
}

static void put_vector(FILE *out, const struct vector *vector)
{
	char text[512];

	put_string(out, "    { \"name\": ", vector->name);
	put_string(out, ", \"theme\": ", vector->theme);
	put_string(out, ",\n      \"shows\": ", vector->shows);
	if (vector->rule)
		put_string(out, ",\n      \"rule\": ", vector->rule);
	fputs(",\n      \"steps\": [", out);
	for (size_t i = 0; i < vector->nr; i++) {
		seq_step_text(&vector->step[i].call, text, sizeof(text));
		put_string(out, i ? ",\n\t{ \"step\": " : "\n\t{ \"step\": ", text);
		put_string(out, ",\n\t  \"answer\": ", vector->step[i].answer);
		put_areas(out, &vector->step[i]);
	}
	fputs(" ] }", out);
}

int vector_file_write(const struct vector_file *file, FILE *out)
{
	fprintf(out, "{ \"schema\": %d", VECTOR_SCHEMA);
	put_string(out, ",\n  \"kernel\": ", file->machine.kernel);
	put_string(out, ",\n  \"theme\": ", file->theme);
	fputs(",\n  \"machine\": {", out);
	for (size_t i = 0; i < file->machine.nr; i++) {
		put_string(out, i ? ",\n    " : "\n    ", file->machine.setting[i].name);
		put_string(out, ": ", file->machine.setting[i].value);
	}
	fputs(" },\n  \"bases\": {", out);
	for (unsigned int i = 0, nr = 0; i < SEQ_BASES; i++) {
		if (base_key[i])
			fprintf(out, "%s \"%s\": \"0x%" PRIx64 "\"", nr++ ? "," : "", base_key[i],
				file->machine.base[i]);
	}
	fputs(" },\n  \"vectors\": [", out);
	for (size_t i = 0; i < file->nr; i++) {
		fputs(i ? ",\n" : "\n", out);
		put_vector(out, &file->vector[i]);
	}
	fputs(" ] }\n", out);
	return fflush(out) || ferror(out) ? -1 : 0;
}
