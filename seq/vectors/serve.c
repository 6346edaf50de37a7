/*
 * serve.c - the shim's side of the line protocol, for any target.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/protocol.h"
#include "seq/vectors/target.h"

/* "unsupported WHY", or for what cannot be gone on with, "trouble WHY": the other side notices. */
static void say_not(FILE *out, enum target_result result, const char *why)
{
	fprintf(out, "%s %s\n", result == TARGET_UNSUPPORTED ? "unsupported" : "trouble", why);
}

static void serve_begin(struct target *target, const char *line, FILE *out)
{
	struct seq_bases bases = { .nr_answers = 0 };
	struct vector_machine machine;
	enum target_result result;
	char text[PROTOCOL_LINE];

	if (protocol_begin_parse(line, &machine)) {
		say_not(out, TARGET_BROKEN, "this is no begin");
		return;
	}
	result = target->ops->begin(target, &machine, &bases);
	if (result != TARGET_OK) {
		say_not(out, result, target->trouble);
		return;
	}
	protocol_bases_text(bases.base, text, sizeof(text));
	fprintf(out, "%s\n", text);
}

static void serve_step(struct target *target, const char *line, FILE *out)
{
	enum target_result result;
	struct seq_step step;
	int64_t answer;

	if (protocol_step_parse(line, &step)) {
		say_not(out, TARGET_BROKEN, "this is no step");
		return;
	}
	result = target->ops->step(target, &step, &answer);
	if (result != TARGET_OK)
		say_not(out, result, target->trouble);
	else if (answer < 10 && answer > -4096)
		fprintf(out, "%" PRId64 "\n", answer);
	else
		fprintf(out, "0x%" PRIx64 "\n", (uint64_t)answer);
}

static void serve_areas(struct target *target, const char *line, FILE *out)
{
	struct areas areas = { 0 };
	enum target_result result;
	int64_t process;
	char text[512];

	if (protocol_number_parse(line, &process) || process < 0 || process >= SEQ_PROCESSES) {
		say_not(out, TARGET_BROKEN, "areas of whom?");
		return;
	}
	result = target->ops->areas(target, (unsigned int)process, &areas);
	if (result != TARGET_OK) {
		say_not(out, result, target->trouble);
	} else {
		for (size_t i = 0; i < areas.nr; i++) {
			area_text(&areas.area[i], text, sizeof(text));
			fprintf(out, "%s\n", text);
		}
		fputs("end\n", out);
	}
	areas_free(&areas);
}

int target_serve(struct target *target, FILE *in, FILE *out)
{
	bool begun = false;
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, in) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "begin", 5)) {
			begun = true;
			serve_begin(target, line, out);
		} else if (!begun) {
			say_not(out, TARGET_BROKEN, "nothing was begun");
		} else if (!strncmp(line, "step ", 5)) {
			serve_step(target, line, out);
		} else if (!strncmp(line, "areas ", 6)) {
			serve_areas(target, line + 6, out);
		} else if (!strcmp(line, "end")) {
			target->ops->end(target);
			begun = false;
			fputs("ended\n", out);
		} else {
			say_not(out, TARGET_BROKEN, "begin, step, areas or end?");
		}
		if (fflush(out))
			break;
	}
	free(line);
	return ferror(out) ? -1 : 0;
}
