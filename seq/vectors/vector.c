/*
 * vector.c - vectors in memory: making, freeing, and what their texts stand for.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/vector.h"

struct vector *vector_file_add(struct vector_file *file)
{
	struct vector *vector;

	file->vector = vectors_alloc(file->vector, file->nr + 1, sizeof(*file->vector));
	vector = &file->vector[file->nr++];
	*vector = (struct vector){ 0 };
	return vector;
}

struct vector_step *vector_add_step(struct vector *vector, const struct seq_step *call)
{
	struct vector_step *step;

	vector->step = vectors_alloc(vector->step, vector->nr + 1, sizeof(*vector->step));
	step = &vector->step[vector->nr++];
	*step = (struct vector_step){ .call = *call };
	return step;
}

void vector_free(struct vector *vector)
{
	for (size_t i = 0; i < vector->nr; i++) {
		for (unsigned int process = 0; process < SEQ_PROCESSES; process++) {
			struct vector_areas *areas = vector->step[i].areas[process];

			if (areas)
				free(areas->area);
			free(areas);
		}
	}
	free(vector->step);
	free(vector->name);
	free(vector->theme);
	free(vector->shows);
	free(vector->rule);
	*vector = (struct vector){ 0 };
}

void vector_file_free(struct vector_file *file)
{
	for (size_t i = 0; i < file->nr; i++)
		vector_free(&file->vector[i]);
	free(file->vector);
	*file = (struct vector_file){ 0 };
}

const char *vector_setting(const struct vector_machine *machine, const char *name)
{
	for (size_t i = 0; i < machine->nr; i++) {
		if (!strcmp(machine->setting[i].name, name))
			return machine->setting[i].value;
	}
	return NULL;
}

void vector_set(struct vector_machine *machine, const char *name, const char *value)
{
	struct vector_setting *setting = &machine->setting[machine->nr];

	if (machine->nr == VECTOR_SETTINGS_MAX || vector_setting(machine, name))
		return;
	snprintf(setting->name, sizeof(setting->name), "%s", name);
	snprintf(setting->value, sizeof(setting->value), "%s", value);
	machine->nr++;
}

void vector_resolve_areas(const struct seq_bases *bases, const struct vector_areas *from,
			  struct areas *to)
{
	areas_clear(to);
	for (size_t i = 0; i < from->nr; i++) {
		struct area area = from->area[i].area;

		area.start = seq_resolve(bases, &from->area[i].start);
		area.end = seq_resolve(bases, &from->area[i].end);
		areas_add(to, &area);
	}
}

struct vector_areas *vector_relate_areas(const struct seq_bases *bases, const struct areas *from)
{
	struct vector_areas *to = vectors_alloc(NULL, 1, sizeof(*to));

	to->nr = from->nr;
	to->area = vectors_alloc(NULL, from->nr, sizeof(*to->area));
	for (size_t i = 0; i < from->nr; i++) {
		const struct area *area = &from->area[i];
		struct vector_area *related = &to->area[i];

		/* An end belongs to what ends there: the last byte says to which base. */
		related->area = *area;
		related->start = seq_relate(bases, area->start);
		related->end = seq_relate(bases, area->end - 1);
		related->end.offset++;
		/* Far beyond the pool, say: as far as it is long. */
		if (related->end.base == SEQ_BASE_NUMBER) {
			related->end = related->start;
			related->end.offset += area->end - area->start;
		}
	}
	return to;
}

/* The argument whose address the answer is, if there is one: it says where that is. */
static const struct seq_value *asked_for(const struct seq_bases *bases,
					 const struct seq_step *step, int64_t answer)
{
	const uint8_t *kind = seq_call_info(step->call)->kind;

	for (unsigned int i = 0; kind[i] != SEQ_KIND_NONE; i++) {
		if (kind[i] == SEQ_KIND_ADDR && step->arg[i].base != SEQ_BASE_RESULT &&
		    seq_resolve(bases, &step->arg[i]) == (uint64_t)answer)
			return &step->arg[i];
	}
	return NULL;
}

void vector_answer_text(const struct seq_bases *bases, const struct seq_step *step, int64_t answer,
			char text[VECTOR_ANSWER_BYTES])
{
	enum seq_answer kind = seq_call_info(step->call)->answer;
	const struct seq_value *asked = NULL;

	if (kind == SEQ_ANSWER_ADDRESS && answer >= 0)
		asked = asked_for(bases, step, answer);
	if (kind == SEQ_ANSWER_NAME && answer >= 0)
		snprintf(text, VECTOR_ANSWER_BYTES, "ok");
	else if (asked)
		seq_value_text(asked, SEQ_KIND_ADDR, text, VECTOR_ANSWER_BYTES);
	else
		seq_answer_text(bases, step->call, answer, text, VECTOR_ANSWER_BYTES);
}

bool vector_answer_matches(const struct seq_bases *bases, unsigned int call, const char *text,
			   int64_t answer)
{
	char said[VECTOR_ANSWER_BYTES];
	struct seq_value value;
	const char *error;

	if (!strcmp(text, "ok"))
		return answer >= 0;
	if (*text == 'E') {
		seq_answer_text(bases, call, answer, said, sizeof(said));
		return !strcmp(text, said);
	}
	return !seq_value_parse(text, SEQ_KIND_ADDR, &value, &error) &&
	       seq_resolve(bases, &value) == (uint64_t)answer;
}
