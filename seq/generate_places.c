/*
 * generate_places.c - addresses and lengths: where things are, beside them, and where nothing can
 * be.
 */
#include "seq/generate_inside.h"

#define PAGES(n) ((n) * SEQ_PAGE)
#define HUGE_PAGE (UINT64_C(2) << 20)

struct seq_value number(uint64_t n)
{
	return (struct seq_value){ .base = SEQ_BASE_NUMBER, .offset = n };
}

/* A step whose answer lies near, so that the sequence stays what it is where addresses differ. */
static bool near_an_answer(struct generator *g, uint64_t address, struct seq_value *value)
{
	const struct seq_state *state = g->state;

	for (size_t i = state->nr; i-- > 0 && state->nr - i < 24;) {
		uint64_t answer = (uint64_t)state->answer[i];

		if (seq_call_info(state->call[i])->answer != SEQ_ANSWER_ADDRESS ||
		    state->answer[i] < 0 || state->call[i] == SEQ_BRK)
			continue;
		if (address - answer < PAGES(64)) {
			*value = (struct seq_value){ .base = SEQ_BASE_RESULT,
						     .offset = address - answer,
						     .step = (uint16_t)i };
			return true;
		}
	}
	return false;
}

struct seq_value place(struct generator *g, uint64_t address)
{
	struct seq_value value = seq_relate(&g->state->bases, address);

	if (value.base != SEQ_BASE_POOL && chance(g, 50))
		(void)near_an_answer(g, address, &value);
	return value;
}

uint64_t any_page(struct generator *g)
{
	const uint64_t *base = g->state->bases.base;
	uint64_t address = base[SEQ_BASE_POOL] + PAGES(below(g, g->pool_pages));

	if (chance(g, g->huge)) {
		address = base[SEQ_BASE_POOL] + HUGE_PAGE * (1 + below(g, 4));
		if (chance(g, 50))
			address += PAGES(below(g, 5)) - PAGES(2);
	} else if (chance(g, g->outside)) {
		address = chance(g, 70) ? base[SEQ_BASE_TOP] - PAGES(below(g, 40)) :
					  base[SEQ_BASE_BRK] + PAGES(below(g, 24));
	}
	return address;
}

uint64_t any_length(struct generator *g)
{
	static const struct weighted pages[] = {
		{ 1, 30 }, { 2, 20 }, { 3, 12 }, { 4, 10 }, { 5, 5 }, { 8, 6 }, { 16, 5 },
		{ 33, 3 }, { 64, 2 },
	};

	if (chance(g, g->huge))
		return HUGE_PAGE * (1 + below(g, 3)) + (chance(g, 20) ? SEQ_PAGE : 0);
	return PAGES(PICK(g, pages));
}

/* ---- areas --------------------------------------------------------------------------------- */

/* The n-th area above @from that will do, going round once. */
static bool find_from(struct generator *g, uint64_t from, uint64_t vm_flags, unsigned int skip,
		      struct umm_area *area)
{
	uint64_t at = from;
	bool wrapped = false;

	area->size = sizeof(*area);
	for (unsigned int looked = 0; looked < 48; looked++) {
		if (!umm_find_area(g->mm, at, area)) {
			if (wrapped)
				return false;
			wrapped = true;
			at = g->own_end;
			continue;
		}
		at = area->end;
		if (area->start < g->own_end || (area->vm_flags & vm_flags) != vm_flags)
			continue;
		if (!skip--)
			return true;
	}
	return false;
}

bool find_area(struct generator *g, uint64_t vm_flags, struct umm_area *area)
{
	uint64_t from = chance(g, 75) ? any_page(g) : g->own_end;

	return find_from(g, from, vm_flags, (unsigned int)below(g, 3), area) ||
	       find_from(g, from, vm_flags, 0, area);
}

bool find_area_where(struct generator *g,
		     bool (*will_do)(struct generator *g, const struct umm_area *area),
		     struct umm_area *area)
{
	struct umm_area at = { .size = sizeof(at), .end = g->own_end };
	unsigned int found = 0;

	for (unsigned int looked = 0; looked < 300; looked++) {
		if (!umm_find_area(g->mm, at.end, &at))
			break;
		if (will_do(g, &at) && !below(g, ++found))
			*area = at;
	}
	return found;
}

static struct range part_of(struct generator *g, const struct umm_area *area)
{
	uint64_t pages = (area->end - area->start) / SEQ_PAGE;
	uint64_t from = chance(g, 40) ? 0 : below(g, pages);
	uint64_t nr = chance(g, 40) ? pages - from : 1 + below(g, pages - from);

	return (struct range){ area->start + PAGES(from), PAGES(nr) };
}

/* Begins in the area and goes on behind it, or begins before. */
static struct range beyond(struct generator *g, const struct umm_area *area)
{
	struct range range = part_of(g, area);

	if (chance(g, 60))
		range.len += PAGES(1 + below(g, 4));
	else
		range.start -= PAGES(1 + below(g, 3));
	return range;
}

struct range range_of_area(struct generator *g, uint64_t vm_flags)
{
	struct umm_area area;

	if (chance(g, g->miss) || !find_area(g, vm_flags, &area)) {
		struct range range = { any_page(g), any_length(g) };

		return range;
	}
	if (chance(g, g->miss))
		return beyond(g, &area);
	return part_of(g, &area);
}

/* ---- values that nobody means -------------------------------------------------------------- */

static uint64_t hostile_value(struct generator *g, uint64_t value)
{
	static const struct weighted values[] = {
		{ 0, 12 }, { UINT64_MAX, 6 }, { UINT64_MAX - 4095, 6 }, { 1, 4 },
		{ UINT64_C(1) << 63, 4 }, { (UINT64_C(1) << 63) - 4096, 4 },
		{ UINT64_C(1) << 47, 4 }, { (UINT64_C(1) << 47) - 4096, 4 },
		{ (UINT64_C(1) << 47) - 8192, 4 }, { (UINT64_C(1) << 47) + 4096, 2 },
		{ UINT64_C(1) << 46, 4 }, { UINT64_C(1) << 40, 3 }, { 4096, 4 }, { 65536, 4 },
		{ UINT64_C(1) << 32, 2 }, { UINT64_C(1) << 31, 2 },
	};

	return chance(g, 45) ? value + 1 + below(g, 4095) : PICK(g, values);
}

static bool hostile(struct generator *g)
{
	return below(g, 1000) < g->hostile;
}

struct seq_value put_number(struct generator *g, uint64_t n)
{
	return number(hostile(g) ? hostile_value(g, n) : n);
}

void put_range(struct generator *g, struct seq_step *step, unsigned int arg, struct range range)
{
	if (hostile(g))
		range.start = hostile_value(g, range.start);
	if (hostile(g))
		range.len = hostile_value(g, range.len);
	step->arg[arg] = place(g, range.start);
	step->arg[arg + 1] = number(range.len);
}
