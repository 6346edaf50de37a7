/*
 * library.c - a target that is the library: its answers are seq_model's.
 *
 * It begins where the vectors' machine did (the bases are asked for in begin), with nothing mapped
 * and the settings that begin names; what it does not name is as umm_settings_init() and
 * seq_start_plain() have it.
 */
#include <stdlib.h>
#include <string.h>

#include "seq/model.h"
#include "seq/vectors/machine.h"
#include "seq/vectors/names.h"
#include "seq/vectors/target.h"

struct library {
	struct target target;
	uint32_t kernel;		/* 0: the vectors' */
	struct seq_model *model;	/* NULL: nothing was begun */
	struct seq_start start;
	struct target_names names;
	size_t nr_rules;
	struct target_rule rule[];
};

static struct library *to_library(struct target *target)
{
	return (struct library *)target;
}

static void library_reset(struct target *target)
{
	struct library *library = to_library(target);

	if (library->model)
		seq_model_free(library->model);
	library->model = NULL;
	names_clear(&library->names);
}

/* What the vectors' kernel was asked: "rule.madv_remove_maywrite=on". */
static int adopt_rules(struct umm_world *world, const struct vector_machine *machine)
{
	for (size_t i = 0; i < machine->nr; i++) {
		const struct vector_setting *setting = &machine->setting[i];
		int rule;

		if (strncmp(setting->name, "rule.", 5))
			continue;
		rule = umm_rule_find(setting->name + 5);
		if (rule < 0 || umm_world_set_rule(world, (unsigned int)rule,
						   !strcmp(setting->value, "on")))
			return -1;
	}
	return 0;
}

static int switch_rules(struct library *library, const struct vector_machine *machine)
{
	struct umm_world *world = seq_model_world(library->model);

	if (!library->kernel && adopt_rules(world, machine))
		return -1;
	for (size_t i = 0; i < library->nr_rules; i++) {
		const struct target_rule *rule = &library->rule[i];

		if (umm_world_set_rule(world, rule->rule, rule->on))
			return -1;
	}
	return 0;
}

static enum target_result library_begin(struct target *target,
					const struct vector_machine *machine,
					struct seq_bases *bases)
{
	struct library *library = to_library(target);
	struct umm_settings settings;

	library_reset(target);
	if (machine_apply(machine, library->kernel, &settings, &library->start)) {
		target_trouble(target, "the machine has a setting that cannot be");
		return TARGET_BROKEN;
	}
	if (seq_model_new(&settings, &library->start, NULL, &library->model)) {
		library->model = NULL;
		target_trouble(target, "no model of such a machine");
		return TARGET_BROKEN;
	}
	memcpy(bases->base, seq_model_bases(library->model)->base, sizeof(bases->base));
	if (switch_rules(library, machine)) {
		target_trouble(target, "a rule that is none");
		return TARGET_BROKEN;
	}
	return TARGET_OK;
}

static enum target_result library_step(struct target *target, const struct seq_step *step,
				       int64_t *answer)
{
	struct library *library = to_library(target);
	struct seq_step named;

	names_apply(&library->names, step, &named);
	*answer = seq_model_step(library->model, &named, NULL);
	names_note(&library->names, step, *answer);
	if (*answer == SEQ_SKIPPED) {
		target_trouble(target, "a step that is not executed: see docs/vectors.md");
		return TARGET_UNSUPPORTED;
	}
	return TARGET_OK;
}

static enum target_result library_areas(struct target *target, unsigned int process,
					struct areas *areas)
{
	struct library *library = to_library(target);
	struct umm_mm *mm = seq_model_mm(library->model, process);
	struct umm_area found = { .size = sizeof(found) };
	char line[512], flags[AREA_FLAGS_BYTES];
	umm_addr_t next = 0;
	struct area area;

	areas_clear(areas);
	if (!mm) {
		target_trouble(target, "there is no process %u", process);
		return TARGET_UNSUPPORTED;
	}
	while (umm_find_area(mm, next, &found)) {
		umm_maps_line(mm, next, line, sizeof(line), &next);
		if (area_of_maps_line(line, &library->start, &area))
			continue;
		umm_vm_flags_text(found.vm_flags, flags, sizeof(flags));
		area_set_flags(&area, flags);
		areas_add(areas, &area);
	}
	return TARGET_OK;
}

static enum target_result library_end(struct target *target)
{
	library_reset(target);
	return TARGET_OK;
}

static void library_free(struct target *target)
{
	library_reset(target);
	free(target);
}

struct target *target_library_new(uint32_t kernel, const struct target_rule *rules, size_t nr)
{
	static const struct target_ops ops = {
		.begin = library_begin, .step = library_step, .areas = library_areas,
		.end = library_end, .reset = library_reset, .free = library_free,
	};
	size_t size = nr * sizeof(*rules);
	struct library *library = vectors_alloc(NULL, 1, sizeof(*library) + size);

	memset(library, 0, sizeof(*library));
	library->target.ops = &ops;
	library->kernel = kernel;
	library->nr_rules = nr;
	if (nr)
		memcpy(library->rule, rules, size);
	return &library->target;
}

bool target_library_rule(const struct vector_machine *machine, unsigned int rule)
{
	struct target *target = target_library_new(0, NULL, 0);
	struct seq_bases bases;
	bool on = target->ops->begin(target, machine, &bases) == TARGET_OK &&
		  umm_world_rule(seq_model_world(to_library(target)->model), rule);

	target_free(target);
	return on;
}
