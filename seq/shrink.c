/*
 * shrink.c - smaller sequences that still fail.
 *
 * Theory
 * ------
 * A candidate is a sequence with something left out or made simpler.  If it fails too, it takes the
 * place of the sequence, else it is forgotten.  First many steps at once, from the end, then fewer,
 * then one; then values.  Values that became simpler may make more steps needless, so all is done
 * again until nothing helps, or until the tries are used up.
 *
 * A value is simpler that is nearer to 0, has fewer bits, or names a base instead of a step: then
 * the step that it named can go.  Each accepted candidate is simpler than what it replaces, so this
 * ends.
 */
#include <stdlib.h>
#include <string.h>

#include "seq/shrink.h"

struct shrinker {
	struct seq *seq;		/* the smallest that fails so far */
	struct seq candidate;
	const struct seq_bases *bases;	/* whose answers are those of the steps of origin[] */
	uint16_t *origin;		/* of each step: which it was at first */
	uint16_t *candidate_origin;
	seq_fails_fn fails;
	void *ctx;
	size_t tries, max_tries;
};

/* ---- steps --------------------------------------------------------------------------------- */

static bool names_dropped(const struct seq_step *step, const bool *dropped)
{
	const uint8_t *kind = seq_call_info(step->call)->kind;

	for (unsigned int i = 0; kind[i] != SEQ_KIND_NONE; i++) {
		if (step->arg[i].base == SEQ_BASE_RESULT && dropped[step->arg[i].step])
			return true;
	}
	return false;
}

static void renumber(struct seq_step *step, const uint16_t *number)
{
	for (unsigned int i = 0; i < SEQ_ARGS; i++) {
		if (step->arg[i].base == SEQ_BASE_RESULT)
			step->arg[i].step = number[step->arg[i].step];
	}
}

static void drop(struct seq *seq, uint16_t *origin, bool *dropped)
{
	uint16_t number[SEQ_STEPS_MAX] = { 0 };
	size_t kept = 0;

	for (size_t i = 0; i < seq->nr; i++) {
		if (dropped[i] || names_dropped(&seq->step[i], dropped)) {
			dropped[i] = true;
			continue;
		}
		number[i] = (uint16_t)kept;
		seq->step[kept] = seq->step[i];
		renumber(&seq->step[kept], number);
		if (origin)
			origin[kept] = origin[i];
		kept++;
	}
	seq->nr = kept;
}

void seq_drop(struct seq *seq, size_t first, size_t nr)
{
	bool dropped[SEQ_STEPS_MAX] = { false };

	for (size_t i = first; i < first + nr && i < seq->nr; i++)
		dropped[i] = true;
	drop(seq, NULL, dropped);
}

/* ---- candidates ---------------------------------------------------------------------------- */

static bool tries_left(const struct shrinker *s)
{
	return s->tries < s->max_tries;
}

static struct seq *begin(struct shrinker *s)
{
	s->candidate.nr = s->seq->nr;
	memcpy(s->candidate.step, s->seq->step, s->seq->nr * sizeof(*s->seq->step));
	memcpy(s->candidate_origin, s->origin, s->seq->nr * sizeof(*s->origin));
	return &s->candidate;
}

/* True if the candidate fails as well: it is the sequence now. */
static bool accepted(struct shrinker *s)
{
	if (!tries_left(s))
		return false;
	s->tries++;
	if (!s->fails(&s->candidate, s->ctx))
		return false;
	s->seq->nr = s->candidate.nr;
	memcpy(s->seq->step, s->candidate.step, s->candidate.nr * sizeof(*s->seq->step));
	memcpy(s->origin, s->candidate_origin, s->candidate.nr * sizeof(*s->origin));
	return true;
}

static bool without(struct shrinker *s, size_t first, size_t nr)
{
	bool dropped[SEQ_STEPS_MAX] = { false };
	struct seq *candidate = begin(s);

	for (size_t i = first; i < first + nr && i < candidate->nr; i++)
		dropped[i] = true;
	drop(candidate, s->candidate_origin, dropped);
	return accepted(s);
}

/* Halves, quarters, …, single steps; what is late is seldom needed, so from the end. */
static bool drop_steps(struct shrinker *s)
{
	bool any = false;

	for (size_t size = s->seq->nr / 2; size; size /= 2) {
		for (size_t end = s->seq->nr; end && tries_left(s);) {
			size_t first = end > size ? end - size : 0;

			if (without(s, first, end - first))
				any = true;
			/* Dropping may have taken more than was asked for. */
			end = first < s->seq->nr ? first : s->seq->nr;
		}
	}
	return any;
}

/* ---- processes ----------------------------------------------------------------------------- */

static bool drop_process(struct shrinker *s, unsigned int process)
{
	bool dropped[SEQ_STEPS_MAX] = { false }, any = false;
	struct seq *candidate = begin(s);

	for (size_t i = 0; i < candidate->nr; i++) {
		dropped[i] = candidate->step[i].process == process;
		any |= dropped[i];
	}
	if (!any)
		return false;
	drop(candidate, s->candidate_origin, dropped);
	return accepted(s);
}

/* The child's steps by its parent, so that the fork may go. */
static bool in_first_process(struct shrinker *s, unsigned int process)
{
	struct seq *candidate = begin(s);
	bool any = false;

	for (size_t i = 0; i < candidate->nr; i++) {
		if (candidate->step[i].process == process) {
			candidate->step[i].process = 0;
			any = true;
		}
	}
	return any && accepted(s);
}

static bool drop_processes(struct shrinker *s)
{
	bool any = false;

	for (unsigned int i = SEQ_PROCESSES; i-- > 1 && tries_left(s);) {
		any |= drop_process(s, i);
		any |= in_first_process(s, i);
	}
	return any;
}

/* ---- values -------------------------------------------------------------------------------- */

static bool same_value(const struct seq_value *a, const struct seq_value *b)
{
	return a->base == b->base && a->offset == b->offset && a->step == b->step;
}

static bool with_value(struct shrinker *s, size_t step, unsigned int arg, struct seq_value value)
{
	struct seq *candidate;

	if (same_value(&s->seq->step[step].arg[arg], &value))
		return false;
	candidate = begin(s);
	candidate->step[step].arg[arg] = value;
	return accepted(s);
}

static bool with_offset(struct shrinker *s, size_t step, unsigned int arg, uint64_t offset)
{
	struct seq_value value = s->seq->step[step].arg[arg];

	if (offset >= value.offset)
		return false;
	value.offset = offset;
	return with_value(s, step, arg, value);
}

/* $n as what it was: a place near a base. */
static bool without_answer(struct shrinker *s, size_t step, unsigned int arg)
{
	struct seq_value value = s->seq->step[step].arg[arg];
	size_t of;

	if (!s->bases)
		return false;
	of = s->origin[value.step];
	if (of >= s->bases->nr_answers || s->bases->answer[of] < 0)
		return false;
	return with_value(s, step, arg, seq_relate(s->bases, (uint64_t)s->bases->answer[of] +
							      value.offset));
}

static bool fewer_bits(struct shrinker *s, size_t step, unsigned int arg)
{
	bool any = false;

	for (unsigned int bit = 64; bit-- > 0 && tries_left(s);) {
		uint64_t offset = s->seq->step[step].arg[arg].offset;

		if (offset & (UINT64_C(1) << bit))
			any |= with_offset(s, step, arg, offset & ~(UINT64_C(1) << bit));
	}
	return any;
}

/* Nearer to 0: at once, to whole pages, by halves, by a page. */
static bool smaller(struct shrinker *s, size_t step, unsigned int arg)
{
	const struct seq_value *value = &s->seq->step[step].arg[arg];
	bool any = false;

	any |= with_offset(s, step, arg, 0);
	any |= with_offset(s, step, arg, SEQ_PAGE);
	any |= with_offset(s, step, arg, value->offset & ~(SEQ_PAGE - 1));
	while (tries_left(s) &&
	       with_offset(s, step, arg, value->offset / 2 & ~(SEQ_PAGE - 1)))
		any = true;
	while (tries_left(s) && value->offset >= SEQ_PAGE &&
	       with_offset(s, step, arg, value->offset - SEQ_PAGE))
		any = true;
	return any;
}

/* A field says more than a hash of all. */
static bool one_field(struct shrinker *s, size_t step, unsigned int arg)
{
	struct seq_value field = { .base = SEQ_BASE_NUMBER };

	if (s->seq->step[step].arg[arg].offset)
		return false;
	for (unsigned int i = 1; (field.offset = seq_constant(SEQ_KIND_SMAPS, i)); i++)
		if (with_value(s, step, arg, field))
			return true;
	return false;
}

static bool simpler_value(struct shrinker *s, size_t step, unsigned int arg, unsigned int kind)
{
	const struct seq_value *value = &s->seq->step[step].arg[arg];
	bool any = false;

	if (value->base == SEQ_BASE_RESULT && without_answer(s, step, arg))
		any = true;
	switch (kind) {
	case SEQ_KIND_ADDR:
	case SEQ_KIND_LEN:
	case SEQ_KIND_OFFSET:
	case SEQ_KIND_NUMBER:
	case SEQ_KIND_SIZE:
		return smaller(s, step, arg) || any;
	case SEQ_KIND_SMAPS:
		return one_field(s, step, arg) || any;
	case SEQ_KIND_FILE:
	case SEQ_KIND_PROCESS:
	case SEQ_KIND_ADVICE:
		return with_offset(s, step, arg, kind == SEQ_KIND_FILE) || any;
	default:
		return fewer_bits(s, step, arg) || any;
	}
}

static bool simplify_values(struct shrinker *s)
{
	bool any = false;

	for (size_t i = 0; i < s->seq->nr; i++) {
		const uint8_t *kind = seq_call_info(s->seq->step[i].call)->kind;

		for (unsigned int arg = 0; kind[arg] != SEQ_KIND_NONE && tries_left(s); arg++)
			any |= simpler_value(s, i, arg, kind[arg]);
	}
	return any;
}

/* ---- places: all steps at once, or what belongs together would be torn apart ---------------- */

static uint64_t lowest_place(const struct seq *seq, unsigned int base, uint64_t from)
{
	uint64_t lowest = UINT64_MAX;

	for (size_t i = 0; i < seq->nr; i++) {
		const uint8_t *kind = seq_call_info(seq->step[i].call)->kind;

		for (unsigned int arg = 0; kind[arg] != SEQ_KIND_NONE; arg++) {
			const struct seq_value *value = &seq->step[i].arg[arg];

			if (value->base == base && value->offset >= from &&
			    value->offset < lowest && value->offset < SEQ_POOL_BYTES)
				lowest = value->offset;
		}
	}
	return lowest;
}

/* Everything from @from on moves down by @by. */
static bool move_down(struct shrinker *s, unsigned int base, uint64_t from, uint64_t by)
{
	struct seq *candidate = begin(s);

	for (size_t i = 0; i < candidate->nr; i++) {
		const uint8_t *kind = seq_call_info(candidate->step[i].call)->kind;

		for (unsigned int arg = 0; kind[arg] != SEQ_KIND_NONE; arg++) {
			struct seq_value *value = &candidate->step[i].arg[arg];

			if (value->base == base && value->offset >= from &&
			    value->offset < SEQ_POOL_BYTES)
				value->offset -= by;
		}
	}
	return accepted(s);
}

/* The gaps between the places of the pool become as small as may be. */
static bool lower_places(struct shrinker *s)
{
	uint64_t at = 0, last = 0;
	bool any = false;

	while (tries_left(s)) {
		uint64_t gap;

		at = lowest_place(s->seq, SEQ_BASE_POOL, at);
		if (at == UINT64_MAX)
			break;
		gap = (at - last) & ~(SEQ_PAGE - 1);
		for (uint64_t keep = 0; keep <= SEQ_PAGE && gap > keep; keep += SEQ_PAGE) {
			if (move_down(s, SEQ_BASE_POOL, at, gap - keep)) {
				at -= gap - keep;
				any = true;
				break;
			}
		}
		last = at++;
	}
	return any;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static bool make_room(struct shrinker *s)
{
	size_t nr = s->seq->nr ? s->seq->nr : 1;

	s->candidate.step = malloc(nr * sizeof(*s->candidate.step));
	s->origin = malloc(nr * sizeof(*s->origin));
	s->candidate_origin = malloc(nr * sizeof(*s->candidate_origin));
	return s->candidate.step && s->origin && s->candidate_origin;
}

size_t seq_shrink(struct seq *seq, const struct seq_bases *bases, seq_fails_fn fails, void *ctx,
		  size_t max_tries)
{
	struct shrinker s = { .seq = seq, .bases = bases, .fails = fails, .ctx = ctx,
			      .max_tries = max_tries };
	bool any = make_room(&s);

	for (size_t i = 0; any && i < seq->nr; i++)
		s.origin[i] = (uint16_t)i;
	while (any && tries_left(&s)) {
		any = drop_steps(&s);
		any |= drop_processes(&s);
		any |= simplify_values(&s);
		any |= lower_places(&s);
	}
	free(s.candidate.step);
	free(s.origin);
	free(s.candidate_origin);
	return s.tries;
}
