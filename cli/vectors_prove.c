/*
 * vectors_prove.c - usermm vectors prove: a vector that names a rule must tell it, with every step.
 *
 * Three things are shown of such a vector: the library answers as it says; with the rule switched
 * it does not; and without any one of its steps, the library with the rule and the one without
 * could not be told apart.
 */
#include <stdlib.h>

#include "cli/trouble.h"
#include "cli/vectors.h"
#include "seq/shrink.h"

struct proof {
	const struct vector_machine *machine;
	const struct vector *vector;
	struct target *is, *is_not;	/* the library as it is, and with the rule switched */
	char *text;
};

/* With a step those go that name its answer. */
static bool each_step_counts(const struct proof *proof)
{
	const struct vector *vector = proof->vector;
	struct seq fewer = { vectors_alloc(NULL, vector->nr, sizeof(*fewer.step)), 0 };
	bool minimal = true;

	for (size_t i = 0; i < vector->nr && minimal; i++) {
		for (fewer.nr = 0; fewer.nr < vector->nr; fewer.nr++)
			fewer.step[fewer.nr] = vector->step[fewer.nr].call;
		seq_drop(&fewer, i, 1);
		minimal = !targets_differ(proof->is, proof->is_not, proof->machine, fewer.step,
					  fewer.nr);
		if (!minimal)
			snprintf(proof->text, RUN_TEXT_BYTES,
				 "step %zu is not needed to tell the rule %s", i, vector->rule);
	}
	free(fewer.step);
	return minimal;
}

static enum verdict prove(const struct proof *proof)
{
	enum verdict verdict = vector_run(proof->is, proof->machine, proof->vector, proof->text);

	if (verdict != VERDICT_PASSED)
		return verdict;
	verdict = vector_run(proof->is_not, proof->machine, proof->vector, proof->text);
	if (verdict == VERDICT_PASSED)
		snprintf(proof->text, RUN_TEXT_BYTES,
			 "the answers are the same with the rule %s switched", proof->vector->rule);
	if (verdict != VERDICT_FAILED)
		return VERDICT_FAILED;
	return each_step_counts(proof) ? VERDICT_PASSED : VERDICT_FAILED;
}

static enum verdict prove_vector(const struct vector_machine *machine,
				 const struct vector *vector, char *text)
{
	struct proof proof = { .machine = machine, .vector = vector, .text = text };
	int found = umm_rule_find(vector->rule);
	struct target_rule rule;
	enum verdict verdict;

	if (found < 0) {
		snprintf(text, RUN_TEXT_BYTES, "no rule is called %s", vector->rule);
		return VERDICT_FAILED;
	}
	rule.rule = (unsigned int)found;
	rule.on = !target_library_rule(machine, rule.rule);
	proof.is = target_library_new(0, NULL, 0);
	proof.is_not = target_library_new(0, &rule, 1);
	verdict = prove(&proof);
	target_free(proof.is);
	target_free(proof.is_not);
	return verdict;
}

int vectors_prove(const struct verb *verb, const struct options *options)
{
	char text[RUN_TEXT_BYTES];
	struct tally tally;

	tally_begin(&tally, options);
	for (char **path = vectors_files(verb, options); *path; path++) {
		struct vector_file file;

		vectors_read(*path, &file);
		for (size_t i = 0; i < file.nr; i++) {
			const struct vector *vector = &file.vector[i];

			if (vector->rule)
				tally_add(&tally, vector,
					  prove_vector(&file.machine, vector, text), text);
		}
		vector_file_free(&file);
	}
	return tally_end(&tally);
}
