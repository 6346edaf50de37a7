/*
 * shrink.c - see shrink.h.
 */
#include <stdlib.h>
#include <string.h>

#include "seq/vectors/areas.h"
#include "seq/vectors/run.h"
#include "seq/vectors/shrink.h"

struct shrinking {
	struct seq *seq;
	struct seq_step *other;		/* room for as many steps */
	bool (*holds)(const struct seq *seq, void *ctx);
	void *ctx;
};

static bool drop_one(struct shrinking *shrinking)
{
	struct seq *seq = shrinking->seq;

	for (size_t i = seq->nr; i-- && seq->nr > 1; ) {
		struct seq fewer = { shrinking->other, seq->nr - 1 };

		steps_without(seq->step, seq->nr, i, fewer.step);
		if (shrinking->holds(&fewer, shrinking->ctx)) {
			memcpy(seq->step, fewer.step, fewer.nr * sizeof(*fewer.step));
			seq->nr = fewer.nr;
			return true;
		}
	}
	return false;
}

static bool try_value(struct shrinking *shrinking, struct seq_value *value,
		      struct seq_value simpler)
{
	struct seq_value old = *value;

	if (old.base == simpler.base && old.offset == simpler.offset && old.step == simpler.step)
		return false;
	*value = simpler;
	if (shrinking->holds(shrinking->seq, shrinking->ctx))
		return true;
	*value = old;
	return false;
}

/* The first of these that will do; what is simple already is not made more complicated. */
static bool simpler_place(struct shrinking *shrinking, struct seq_value *value, uint8_t base,
			  const uint64_t *offsets, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		if (value->base == base && value->offset == offsets[i])
			return false;
		if (try_value(shrinking, value, (struct seq_value){
				.offset = offsets[i], .base = base }))
			return true;
	}
	return false;
}

static bool fewer_flags(struct shrinking *shrinking, struct seq_value *value)
{
	bool changed = false;

	if (value->base != SEQ_BASE_NUMBER)
		return false;
	for (unsigned int bit = 0; bit < 64; bit++) {
		struct seq_value fewer = *value;

		if (!(value->offset >> bit & 1))
			continue;
		fewer.offset &= ~(UINT64_C(1) << bit);
		changed |= try_value(shrinking, value, fewer);
	}
	return changed;
}

static bool simpler_arg(struct shrinking *shrinking, unsigned int kind, struct seq_value *value)
{
	static const uint64_t pages[] = { 0x1000, 0x2000, 0x3000, 0x4000, 0x200000, 0x400000 };
	static const uint64_t places[] = { 0, 0x1000, 0x2000, 0x3000, 0x4000, 0x5000 };
	static const uint64_t zero[] = { 0 }, infinite[] = { UINT64_MAX };

	/* Whose answer it is says more than a number. */
	if (value->base == SEQ_BASE_RESULT && kind != SEQ_KIND_ADDR)
		return false;
	switch (kind) {
	case SEQ_KIND_LEN:
		return simpler_place(shrinking, value, SEQ_BASE_NUMBER, pages, 6);
	case SEQ_KIND_ADDR:
		return simpler_place(shrinking, value, SEQ_BASE_POOL, places, 6);
	case SEQ_KIND_OFFSET:
	case SEQ_KIND_NUMBER:
	case SEQ_KIND_FILE:
	case SEQ_KIND_ADVICE:
		return simpler_place(shrinking, value, SEQ_BASE_NUMBER, zero, 1);
	case SEQ_KIND_SIZE:
		if (value->base == SEQ_BASE_NUMBER)
			return simpler_place(shrinking, value, SEQ_BASE_NUMBER, infinite, 1);
		return simpler_place(shrinking, value, value->base, pages, 6);
	case SEQ_KIND_RLIMIT:
	case SEQ_KIND_PROCESS:
		return false;
	default:
		return fewer_flags(shrinking, value);
	}
}

static bool simplify(struct shrinking *shrinking)
{
	bool changed = false;

	for (size_t i = 0; i < shrinking->seq->nr; i++) {
		struct seq_step *step = &shrinking->seq->step[i];
		const struct seq_call_info *info = seq_call_info(step->call);

		for (unsigned int arg = 0; info->kind[arg] != SEQ_KIND_NONE; arg++)
			changed |= simpler_arg(shrinking, info->kind[arg], &step->arg[arg]);
	}
	return changed;
}

void shrink(struct seq *seq, bool (*holds)(const struct seq *seq, void *ctx), void *ctx)
{
	struct shrinking shrinking = { seq, NULL, holds, ctx };
	const int rounds = 8;

	shrinking.other = vectors_alloc(NULL, seq->nr, sizeof(*shrinking.other));
	for (int i = 0; i < rounds; i++) {
		while (drop_one(&shrinking))
			;
		if (!simplify(&shrinking))
			break;
	}
	while (drop_one(&shrinking))
		;
	free(shrinking.other);
}
