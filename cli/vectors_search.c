/*
 * vectors_search.c - usermm vectors search: sequences that nobody thought of, made short.
 *
 * Theory
 * ------
 * What a sequence is to show is a question with yes or no: do two libraries, one with a rule
 * switched, differ in it?  Is its last step decided by just these checks and notes (a shape)?
 * Random sequences are asked until one says yes; then steps are dropped and values made simple as
 * long as the answer stays yes.  What is left shows that thing and little else.
 *
 * Nothing here asks the kernel: that is `record`'s part.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/shapes.h"
#include "cli/trouble.h"
#include "cli/vectors.h"
#include "seq/generate.h"
#include "seq/shrink.h"
#include "seq/vectors/machine.h"

#define STEPS 48
#define PER_RULE 8
#define MANY_MOST 64
#define TRIES 5000

struct search {
	struct vector_machine machine;
	struct umm_settings settings;
	struct seq_start start;
	struct seq_step steps[STEPS];
	struct seq seq;
};

/* The machine of the first file, else a plain one. */
static void search_begin(struct search *search, char **paths)
{
	struct vector_file file;

	memset(search, 0, sizeof(*search));
	search->seq.step = search->steps;
	if (*paths) {
		vectors_read(*paths, &file);
		search->machine = file.machine;
		vector_file_free(&file);
	}
	if (machine_apply(&search->machine, 0, &search->settings, &search->start))
		die("vectors search: the machine has a setting that cannot be");
}

/*
 * A limit relative to what is there: above it, since that is nothing in the library and something
 * for others, and lowered for good by nobody.
 */
static bool is_modest_limit(const struct seq_step *step)
{
	const struct seq_value *soft = &step->arg[1], *hard = &step->arg[2];

	if (soft->base == SEQ_BASE_NUMBER)
		return hard->base == SEQ_BASE_NUMBER;
	return soft->offset >= SEQ_PAGE && !(soft->offset >> 63) &&
	       hard->base == SEQ_BASE_NUMBER && hard->offset == UINT64_MAX;
}

/*
 * Thousands of areas are no good example; nor is a length of about as much memory as a machine may
 * have, to which values would be made smaller where it is about that.
 */
static bool is_modest(const struct seq *seq)
{
	const uint64_t gib = UINT64_C(1) << 30;

	for (size_t i = 0; i < seq->nr; i++) {
		const struct seq_step *step = &seq->step[i];
		const uint8_t *kind = seq_call_info(step->call)->kind;

		if (step->call == SEQ_MANY && step->arg[1].offset > MANY_MOST)
			return false;
		if (step->call == SEQ_SETRLIMIT && !is_modest_limit(step))
			return false;
		for (unsigned int arg = 0; kind[arg] != SEQ_KIND_NONE; arg++) {
			uint64_t offset = step->arg[arg].offset;

			if (kind[arg] == SEQ_KIND_LEN && offset > gib && offset < gib << 14)
				return false;
		}
	}
	return true;
}

static bool search_next(struct search *search, uint64_t seed)
{
	int error;

	do {
		error = seq_generate(seed, &search->settings, &search->start, STEPS, &search->seq);
		if (error)
			die("vectors search: no sequence from seed %llu (error %d)",
			    (unsigned long long)seed, -error);
		seed += UINT64_C(1) << 32;
	} while (!is_modest(&search->seq));
	return true;
}

static void print_found(const struct search *search, const char *name, const char *theme,
			const char *shows, const char *rule)
{
	struct vector vector = {
		.name = (char *)name, .theme = (char *)theme, .shows = (char *)shows,
		.rule = (char *)rule,
	};

	for (size_t i = 0; i < search->seq.nr; i++)
		vector_add_step(&vector, &search->seq.step[i]);
	vector_source_write(&vector, stdout);
	free(vector.step);
}

/* ---- rules ---------------------------------------------------------------------------------- */

struct rule_search {
	struct search *search;
	struct target *is, *is_not;
};

static bool tells_rule(const struct seq *seq, void *ctx)
{
	const struct rule_search *rules = ctx;

	return is_modest(seq) &&
	       targets_differ(rules->is, rules->is_not, &rules->search->machine,
			      seq->step, seq->nr);
}

static void search_rule(struct search *search, const struct options *options, const char *name)
{
	struct rule_search rules = { .search = search };
	uint64_t seen[PER_RULE], count = options->count ? options->count : 1000;
	struct umm_rule_info info;
	struct target_rule rule;
	int found = umm_rule_find(name);
	char title[80], shows[400];
	size_t nr = 0;

	if (found < 0 || umm_rule_info((unsigned int)found, &info))
		die("vectors search: no rule is called \"%s\"", name);
	rule.rule = (unsigned int)found;
	rule.on = !target_library_rule(&search->machine, rule.rule);
	rules.is = target_library_new(0, NULL, 0);
	rules.is_not = target_library_new(0, &rule, 1);
	for (uint64_t i = 0; i < count && nr < PER_RULE; i++) {
		uint64_t shape;
		size_t known = 0;

		search_next(search, (options->seed ? options->seed : 1) + i);
		if (!tells_rule(&search->seq, &rules))
			continue;
		seq_shrink(&search->seq, NULL, tells_rule, &rules, TRIES);
		shape = shape_of_steps(&search->seq);
		while (known < nr && seen[known] != shape)
			known++;
		if (known < nr)
			continue;
		seen[nr++] = shape;
		snprintf(title, sizeof(title), "%s-%zu", name, nr);
		for (char *c = title; *c; c++)
			*c = *c == '_' ? '-' : *c;
		/* What stands in brackets is about us. */
		snprintf(shows, sizeof(shows), "%.*s", (int)strcspn(info.text, "("), info.text);
		print_found(search, title, "rules", shows, name);
	}
	target_free(rules.is);
	target_free(rules.is_not);
	if (!nr)
		complain("%s: nothing found in %llu sequences", name, (unsigned long long)count);
}

/* ---- shapes --------------------------------------------------------------------------------- */

struct shape_search {
	struct search *search;
	uint64_t wanted;
	struct shape shape;
};

/* Of the last step. */
static uint64_t last_shape(struct shape_search *shapes, const struct seq *seq)
{
	return shape_of_last(&shapes->search->settings, &shapes->search->start, seq,
			     &shapes->shape);
}

static bool has_shape(const struct seq *seq, void *ctx)
{
	struct shape_search *shapes = ctx;

	return seq->nr && is_modest(seq) && last_shape(shapes, seq) == shapes->wanted;
}

/* Those of the files: nobody looks for them again. */
static void known_shapes(struct shape_search *shapes, struct shape_set *set, char **paths)
{
	struct search *search = shapes->search;

	for (; *paths; paths++) {
		struct vector_file file;

		vectors_read(*paths, &file);
		for (size_t i = 0; i < file.nr; i++) {
			const struct vector *vector = &file.vector[i];

			search->seq.nr = 0;
			for (size_t j = 0; j < vector->nr && j < STEPS; j++)
				search->steps[search->seq.nr++] = vector->step[j].call;
			shape_set_add(set, last_shape(shapes, &search->seq));
		}
		vector_file_free(&file);
	}
}

static void show_shape(struct shape_search *shapes, struct shape_set *set, size_t nr_steps)
{
	struct search *search = shapes->search;
	struct seq whole = search->seq;
	struct seq_step copy[STEPS];

	/* The steps up to this one, made short; and then on with the whole. */
	memcpy(copy, search->steps, sizeof(copy));
	search->seq.nr = nr_steps;
	seq_shrink(&search->seq, NULL, has_shape, shapes, TRIES);
	if (has_shape(&search->seq, shapes))
		print_found(search, shape_name(&shapes->shape, set), shape_theme(&shapes->shape),
			    shapes->shape.text, NULL);
	memcpy(search->steps, copy, sizeof(copy));
	search->seq = whole;
}

static void search_shapes(struct search *search, const struct options *options, char **paths)
{
	struct shape_search shapes = { .search = search };
	uint64_t count = options->count ? options->count : 1000;
	struct shape_set set = { 0 };

	known_shapes(&shapes, &set, paths);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t of_step[STEPS];

		search_next(search, (options->seed ? options->seed : 1) + i);
		shapes_of_all(&search->settings, &search->start, &search->seq, of_step);
		for (size_t j = 0; j < search->seq.nr; j++) {
			shapes.wanted = of_step[j];
			if (of_step[j] && shape_set_add(&set, of_step[j]))
				show_shape(&shapes, &set, j + 1);
		}
	}
	shape_set_free(&set);
}

int vectors_search(const struct verb *verb, const struct options *options)
{
	struct search *search = vectors_alloc(NULL, 1, sizeof(*search));
	char **arg = options->program;
	char **files = arg;

	while (*files && !strchr(*files, '.'))
		files++;
	if (files == arg)
		die("%s: which rules, or \"shapes\"?", verb->name);
	search_begin(search, files);
	for (; arg < files; arg++) {
		if (!strcmp(*arg, "shapes"))
			search_shapes(search, options, files);
		else
			search_rule(search, options, *arg);
	}
	free(search);
	return EXIT_AGREE;
}
