/*
 * run.c - vectors executed by a target.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/run.h"

/* One execution. */
struct run {
	struct target *target;
	const struct vector *vector;
	struct seq_bases bases;			/* of the target; ->answer is answer[] */
	struct target_processes processes;
	int64_t *answer;
	struct areas expected[SEQ_PROCESSES], got;
	char *text;
};

static void run_free(struct run *run)
{
	for (unsigned int i = 0; i < SEQ_PROCESSES; i++)
		areas_free(&run->expected[i]);
	areas_free(&run->got);
	free(run->answer);
}

static enum target_result run_begin(struct run *run, struct target *target,
				    const struct vector_machine *machine,
				    const struct vector *vector, char *text)
{
	*run = (struct run){ .target = target, .vector = vector, .text = text };
	run->answer = vectors_alloc(NULL, vector->nr, sizeof(*run->answer));
	run->bases.answer = run->answer;
	run->processes.alive[0] = true;
	return target->ops->begin(target, machine, &run->bases);
}

static void __attribute__((format(printf, 3, 4)))
say(struct run *run, size_t step, const char *format, ...)
{
	char call[400];
	va_list args;
	int len;

	seq_step_text(&run->vector->step[step].call, call, sizeof(call));
	len = snprintf(run->text, RUN_TEXT_BYTES, "step %zu, %s: ", step, call);
	va_start(args, format);
	vsnprintf(run->text + len, (size_t)(RUN_TEXT_BYTES - len), format, args);
	va_end(args);
}

/* What a result other than OK means for the vector; the target is made usable again. */
static enum verdict verdict_of(struct run *run, enum target_result result)
{
	if (result == TARGET_UNSUPPORTED) {
		run->target->ops->end(run->target);
		return VERDICT_UNSUPPORTED;
	}
	run->target->ops->reset(run->target);
	return VERDICT_FAILED;
}

static enum target_result run_step(struct run *run, size_t nr)
{
	struct seq_step numbers;
	enum target_result result;

	target_resolve(&run->bases, &run->vector->step[nr].call, &numbers);
	result = run->target->ops->step(run->target, &numbers, &run->answer[nr]);
	if (result != TARGET_OK) {
		say(run, nr, "%s", run->target->trouble);
		return result;
	}
	run->bases.nr_answers = nr + 1;
	target_processes_note(&run->processes, &numbers, run->answer[nr]);
	return result;
}

static bool check_answer(struct run *run, size_t nr)
{
	const struct vector_step *step = &run->vector->step[nr];
	char got[VECTOR_ANSWER_BYTES];

	if (vector_answer_matches(&run->bases, step->call.call, step->answer, run->answer[nr]))
		return true;
	vector_answer_text(&run->bases, &step->call, run->answer[nr], got);
	say(run, nr, "the answer is %s, expected %s", got, step->answer);
	return false;
}

static void describe(const struct run *run, const struct areas *areas, size_t i, char *buf,
		     size_t size)
{
	if (i < areas->nr)
		area_describe(&run->bases, &areas->area[i], buf, size);
	else
		snprintf(buf, size, "nothing more");
}

static bool check_areas(struct run *run, size_t nr, unsigned int process)
{
	const struct areas *expected = &run->expected[process];
	long i = areas_differ(expected, &run->got);
	char want[300], got[300];

	if (i < 0)
		return true;
	describe(run, expected, (size_t)i, want, sizeof(want));
	describe(run, &run->got, (size_t)i, got, sizeof(got));
	say(run, nr, "area %ld of process %u is then %s, expected %s", i, process, got, want);
	return false;
}

static enum verdict run_compare(struct run *run, size_t nr)
{
	enum target_result result = run_step(run, nr);

	if (result != TARGET_OK)
		return verdict_of(run, result);
	if (!check_answer(run, nr))
		return VERDICT_FAILED;
	for (unsigned int process = 0; process < SEQ_PROCESSES; process++) {
		const struct vector_areas *areas = run->vector->step[nr].areas[process];

		if (areas)
			vector_resolve_areas(&run->bases, areas, &run->expected[process]);
		if (!run->processes.alive[process])
			continue;
		result = run->target->ops->areas(run->target, process, &run->got);
		if (result != TARGET_OK) {
			say(run, nr, "areas: %s", run->target->trouble);
			return verdict_of(run, result);
		}
		if (!check_areas(run, nr, process))
			return VERDICT_FAILED;
	}
	return VERDICT_PASSED;
}

static enum verdict run_all(struct run *run)
{
	enum verdict verdict = VERDICT_PASSED;

	for (size_t i = 0; i < run->vector->nr && verdict == VERDICT_PASSED; i++)
		verdict = run_compare(run, i);
	return verdict;
}

enum verdict vector_run(struct target *target, const struct vector_machine *machine,
			const struct vector *vector, char *text)
{
	enum verdict verdict;
	struct run run;
	enum target_result result = run_begin(&run, target, machine, vector, text);

	if (result != TARGET_OK) {
		snprintf(text, RUN_TEXT_BYTES, "begin: %s", target->trouble);
		target->ops->reset(target);
		verdict = result == TARGET_UNSUPPORTED ? VERDICT_UNSUPPORTED : VERDICT_FAILED;
	} else {
		verdict = run_all(&run);
		if (verdict == VERDICT_FAILED)
			target->ops->reset(target);
		else if (verdict == VERDICT_PASSED &&
			 target->ops->end(target) == TARGET_BROKEN) {
			snprintf(text, RUN_TEXT_BYTES, "end: %s", target->trouble);
			target->ops->reset(target);
			verdict = VERDICT_FAILED;
		}
	}
	run_free(&run);
	return verdict;
}

/* ---- recording ----------------------------------------------------------------------------- */

static int record_step(struct run *run, struct vector_step *step, size_t nr)
{
	enum target_result result = run_step(run, nr);

	if (result != TARGET_OK)
		return -1;
	vector_answer_text(&run->bases, &step->call, run->answer[nr], step->answer);
	for (unsigned int process = 0; process < SEQ_PROCESSES; process++) {
		if (!run->processes.alive[process])
			continue;
		result = run->target->ops->areas(run->target, process, &run->got);
		if (result != TARGET_OK) {
			say(run, nr, "areas: %s", run->target->trouble);
			return -1;
		}
		if (areas_equal(&run->expected[process], &run->got))
			continue;
		step->areas[process] = vector_relate_areas(&run->bases, &run->got);
		areas_clear(&run->expected[process]);
		for (size_t i = 0; i < run->got.nr; i++)
			areas_add(&run->expected[process], &run->got.area[i]);
	}
	return 0;
}

int vector_record(struct target *target, const struct vector_machine *machine,
		  struct vector *vector, struct seq_bases *bases, char *text)
{
	struct run run;
	int result = 0;

	if (run_begin(&run, target, machine, vector, text) != TARGET_OK) {
		snprintf(text, RUN_TEXT_BYTES, "begin: %s", target->trouble);
		result = -1;
	}
	for (size_t i = 0; !result && i < vector->nr; i++)
		result = record_step(&run, &vector->step[i], i);
	if (result)
		target->ops->reset(target);
	else
		target->ops->end(target);
	if (bases) {
		*bases = run.bases;
		bases->answer = NULL;
		bases->nr_answers = 0;
	}
	run_free(&run);
	return result;
}

/* ---- two side by side ----------------------------------------------------------------------- */

/* One of two that execute the same. */
struct side {
	struct target *target;
	struct seq_bases bases;
	int64_t answer[SEQ_STEPS_MAX];
	struct areas areas;
};

static bool side_begin(struct side *side, struct target *target,
		       const struct vector_machine *machine)
{
	side->target = target;
	side->areas = (struct areas){ 0 };
	side->bases = (struct seq_bases){ .answer = side->answer };
	return target->ops->begin(target, machine, &side->bases) == TARGET_OK;
}

static void side_end(struct side *side)
{
	side->target->ops->reset(side->target);
	areas_free(&side->areas);
}

static bool side_step(struct side *side, const struct seq_step *step)
{
	struct seq_step numbers;
	int64_t answer = 0;
	enum target_result result;

	target_resolve(&side->bases, step, &numbers);
	result = side->target->ops->step(side->target, &numbers, &answer);
	side->answer[side->bases.nr_answers++] = answer;
	return result == TARGET_OK;
}

static bool sides_differ_in_areas(struct side *a, struct side *b)
{
	for (unsigned int process = 0; process < SEQ_PROCESSES; process++) {
		enum target_result one = a->target->ops->areas(a->target, process, &a->areas);
		enum target_result other = b->target->ops->areas(b->target, process, &b->areas);

		if (one != other)
			return true;
		if (one == TARGET_OK && areas_differ(&a->areas, &b->areas) >= 0)
			return true;
	}
	return false;
}

static bool sides_differ(struct side *a, struct side *b, const struct seq_step *step)
{
	bool one = side_step(a, step), other = side_step(b, step);
	int64_t answer = a->answer[a->bases.nr_answers - 1];
	int64_t answer_b = b->answer[b->bases.nr_answers - 1];

	/* What one of them does not execute shows nothing. */
	if (!one || !other)
		return false;
	if (seq_call_info(step->call)->answer == SEQ_ANSWER_NAME && answer >= 0 && answer_b >= 0)
		return sides_differ_in_areas(a, b);
	return answer != answer_b || sides_differ_in_areas(a, b);
}

bool targets_differ(struct target *a, struct target *b, const struct vector_machine *machine,
		    const struct seq_step *steps, size_t nr)
{
	struct side *sides = vectors_alloc(NULL, 2, sizeof(*sides));
	bool differ = false;

	if (side_begin(&sides[0], a, machine) && side_begin(&sides[1], b, machine)) {
		for (size_t i = 0; i < nr && !differ; i++)
			differ = sides_differ(&sides[0], &sides[1], &steps[i]);
	}
	side_end(&sides[0]);
	side_end(&sides[1]);
	free(sides);
	return differ;
}
