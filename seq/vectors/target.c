/*
 * target.c - what all targets share, and the one that is always content.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/target.h"

void target_trouble(struct target *target, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(target->trouble, sizeof(target->trouble), format, args);
	va_end(args);
}

void target_free(struct target *target)
{
	if (target)
		target->ops->free(target);
}

void target_resolve(const struct seq_bases *bases, const struct seq_step *step,
		    struct seq_step *numbers)
{
	*numbers = *step;
	for (unsigned int i = 0; i < SEQ_ARGS; i++) {
		numbers->arg[i] = (struct seq_value){
			.offset = seq_resolve(bases, &step->arg[i]),
			.base = SEQ_BASE_NUMBER,
		};
	}
}

void target_processes_note(struct target_processes *processes, const struct seq_step *step,
			   int64_t answer)
{
	if (step->call == SEQ_FORK && answer > 0 && answer < SEQ_PROCESSES)
		processes->alive[answer] = true;
	if (step->call == SEQ_EXIT && answer >= 0 && step->process)
		processes->alive[step->process] = false;
}

/* ---- an answer of 0 to everything ---------------------------------------------------------- */

static enum target_result zero_begin(struct target *target, const struct vector_machine *machine,
				     struct seq_bases *bases)
{
	(void)target;
	memcpy(bases->base, machine->base, sizeof(bases->base));
	return TARGET_OK;
}

static enum target_result zero_step(struct target *target, const struct seq_step *step,
				    int64_t *answer)
{
	(void)target;
	(void)step;
	*answer = 0;
	return TARGET_OK;
}

static enum target_result zero_areas(struct target *target, unsigned int process,
				     struct areas *areas)
{
	(void)target;
	(void)process;
	areas_clear(areas);
	return TARGET_OK;
}

static enum target_result zero_end(struct target *target)
{
	(void)target;
	return TARGET_OK;
}

static void zero_reset(struct target *target)
{
	(void)target;
}

static void zero_free(struct target *target)
{
	free(target);
}

struct target *target_zero_new(void)
{
	static const struct target_ops ops = {
		.begin = zero_begin, .step = zero_step, .areas = zero_areas, .end = zero_end,
		.reset = zero_reset, .free = zero_free,
	};
	struct target *target = vectors_alloc(NULL, 1, sizeof(*target));

	*target = (struct target){ .ops = &ops };
	return target;
}
