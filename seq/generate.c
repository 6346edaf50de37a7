/*
 * generate.c - sequences from a seed: which calls, by which process.
 *
 * Theory
 * ------
 * What is drawn evenly from everything meets the rare conditions rarely, and all of them never at
 * once.  So each sequence has a character, drawn first: some calls are left out (what they would
 * undo stays), some come often; few pages or many, fixed addresses or the kernel's choice, few
 * hostile values or many.  Over many sequences each call keeps its share (base_weight, in 1/1000).
 *
 * Calls whose effect cannot be undone (seals, MDWE, limits) are left out of most sequences, and
 * come the more often in the others.
 */
#include <errno.h>
#include <string.h>

#include "seq/generate_inside.h"

uint64_t seq_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t seq_random_below(uint64_t *state, uint64_t limit)
{
	return seq_random(state) % limit;
}

/* How often, and in how many of 100 sequences at all. */
static const struct share {
	uint16_t base_weight;
	uint8_t in;
} shares[SEQ_CALLS] = {
	[SEQ_MMAP] = { 160, 100 },
	[SEQ_MUNMAP] = { 60, 90 },
	[SEQ_MPROTECT] = { 60, 85 },
	[SEQ_PKEY_MPROTECT] = { 14, 60 },
	[SEQ_MREMAP] = { 80, 85 },
	[SEQ_BRK] = { 22, 60 },
	[SEQ_REMAP_FILE_PAGES] = { 14, 50 },
	[SEQ_MADVISE] = { 70, 85 },
	[SEQ_PROCESS_MADVISE] = { 16, 50 },
	[SEQ_MLOCK] = { 18, 60 },
	[SEQ_MLOCK2] = { 14, 50 },
	[SEQ_MUNLOCK] = { 15, 60 },
	[SEQ_MLOCKALL] = { 16, 30 },
	[SEQ_MUNLOCKALL] = { 14, 45 },
	[SEQ_MSYNC] = { 15, 50 },
	[SEQ_MINCORE] = { 14, 50 },
	[SEQ_MSEAL] = { 16, 30 },
	[SEQ_MBIND] = { 12, 50 },
	[SEQ_SET_MEMPOLICY] = { 15, 45 },
	[SEQ_HOME_NODE] = { 14, 40 },
	[SEQ_SET_VMA_NAME] = { 16, 50 },
	[SEQ_SHMGET] = { 18, 50 },
	[SEQ_SHMAT] = { 26, 55 },
	[SEQ_SHMDT] = { 16, 50 },
	[SEQ_SHMCTL] = { 16, 50 },
	[SEQ_ADD_SEALS] = { 15, 30 },
	[SEQ_USERFAULTFD] = { 15, 40 },
	[SEQ_UFFD_REGISTER] = { 26, 40 },
	[SEQ_UFFD_UNREGISTER] = { 36, 45 },
	[SEQ_UFFD_CLOSE] = { 190, 55 },
	[SEQ_SETRLIMIT] = { 17, 40 },
	[SEQ_PERSONALITY] = { 13, 40 },
	[SEQ_SET_MDWE] = { 17, 22 },
	[SEQ_SET_THP_DISABLE] = { 13, 40 },
	[SEQ_SET_MEMORY_MERGE] = { 15, 35 },
	[SEQ_SET_MM] = { 15, 35 },
	[SEQ_READ] = { 30, 80 },
	[SEQ_WRITE] = { 60, 90 },
	[SEQ_FORK] = { 22, 60 },
	[SEQ_EXIT] = { 46, 70 },
	[SEQ_MANY] = { 14, 50 },
};

/* A userfaultfd that is never made cannot be closed, and so on. */
static const uint8_t needs[][2] = {
	{ SEQ_SHMAT, SEQ_SHMGET }, { SEQ_SHMCTL, SEQ_SHMGET }, { SEQ_SHMDT, SEQ_SHMAT },
	{ SEQ_UFFD_REGISTER, SEQ_USERFAULTFD }, { SEQ_UFFD_UNREGISTER, SEQ_UFFD_REGISTER },
	{ SEQ_UFFD_CLOSE, SEQ_USERFAULTFD }, { SEQ_EXIT, SEQ_FORK }, { SEQ_HOME_NODE, SEQ_MBIND },
};

bool seq_generate_makes(unsigned int call)
{
	return shares[call].in;
}

bool seq_generate_always_succeeds(unsigned int call)
{
	switch (call) {
	case SEQ_MUNLOCKALL:
	case SEQ_USERFAULTFD:
	case SEQ_UFFD_CLOSE:
	case SEQ_PERSONALITY:
	case SEQ_SET_MEMORY_MERGE:
	case SEQ_FORK:
	case SEQ_EXIT:
		return true;
	default:
		return false;
	}
}

static void draw_weights(struct generator *g)
{
	static const struct weighted favours[] = { { 1, 30 }, { 2, 30 }, { 4, 25 }, { 8, 10 } };
	uint32_t of_needed[SEQ_CALLS] = { 0 };

	for (unsigned int i = 0; i < SEQ_CALLS; i++) {
		const struct share *share = &shares[i];

		g->weight[i] = 0;
		if (!seq_generate_makes(i))
			continue;
		of_needed[i] = (uint32_t)(share->base_weight * PICK(g, favours) * 100 / share->in);
		if (chance(g, share->in))
			g->weight[i] = of_needed[i];
	}
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		unsigned int who = needs[i][0], what = needs[i][1];

		if (g->weight[who] && !g->weight[what])
			g->weight[what] = of_needed[what] / 3;
	}
	/* Homes are for those who have a policy. */
	if (g->weight[SEQ_HOME_NODE])
		g->weight[SEQ_MBIND] += of_needed[SEQ_MBIND];
	/* The last is needed by the first of a chain. */
	if (g->weight[SEQ_SHMAT] && !g->weight[SEQ_SHMGET])
		g->weight[SEQ_SHMGET] = of_needed[SEQ_SHMGET] / 3;
	if (g->weight[SEQ_UFFD_REGISTER] && !g->weight[SEQ_USERFAULTFD])
		g->weight[SEQ_USERFAULTFD] = of_needed[SEQ_USERFAULTFD] / 3;
	g->weights = 0;
	for (unsigned int i = 0; i < SEQ_CALLS; i++)
		g->weights += g->weight[i];
}

static void draw_character(struct generator *g)
{
	static const struct weighted pages[] = { { 6, 15 }, { 12, 30 }, { 24, 30 }, { 64, 20 },
						 { 300, 5 } };
	static const struct weighted hostiles[] = { { 0, 30 }, { 10, 30 }, { 40, 30 },
						    { 150, 10 } };

	g->pool_pages = PICK(g, pages);
	g->hostile = (unsigned int)PICK(g, hostiles);
	g->miss = 5 + (unsigned int)below(g, 30);
	g->huge = chance(g, 30) ? 5 + (unsigned int)below(g, 40) : 0;
	g->outside = chance(g, 60) ? 5 + (unsigned int)below(g, 45) : 2;
	g->fixed = 20 + (unsigned int)below(g, 70);
	g->anonymous = 25 + (unsigned int)below(g, 70);
	g->big = below(g, 40) == 0;
	g->full = below(g, 2500) == 0;
	draw_weights(g);
}

static uint8_t draw_call(struct generator *g)
{
	uint64_t at = below(g, g->weights);

	/* An address space is big, or full, once: whatever comes after it is slow. */
	if ((g->full && g->state->nr + 12 >= g->steps) ||
	    (g->big && g->state->nr + 60 >= g->steps))
		return SEQ_MANY;
	for (unsigned int i = 0; i < SEQ_CALLS; i++) {
		if (at < g->weight[i])
			return (uint8_t)i;
		at -= g->weight[i];
	}
	return SEQ_MMAP;
}

static void draw_process(struct generator *g, unsigned int call)
{
	const unsigned int others = g->state->alive & ~1u;

	g->process = 0;
	if (others && (call == SEQ_EXIT || chance(g, 45))) {
		do {
			g->process = (unsigned int)below(g, SEQ_PROCESSES);
		} while (!(others & (1u << g->process)));
	}
	g->mm = seq_model_mm(g->model, g->process);
}

/* Steps that are not allowed are drawn again; somewhen it is enough. */
static bool make_step(struct generator *g, struct seq_step *step)
{
	for (unsigned int tries = 0; tries < 64; tries++) {
		memset(step, 0, sizeof(*step));
		step->call = draw_call(g);
		draw_process(g, step->call);
		step->process = (uint8_t)g->process;
		make_arguments(g, step);
		if (seq_model_allows(g->model, step))
			return true;
	}
	return false;
}

int seq_generate(uint64_t seed, const struct umm_settings *settings, const struct seq_start *start,
		 size_t steps, struct seq *seq)
{
	struct generator g = { .random = seed, .steps = steps, .seq = seq };
	int err;

	seq->nr = 0;
	if (steps > SEQ_STEPS_MAX)
		return -EINVAL;
	err = seq_model_new(settings, start, NULL, &g.model);
	if (err)
		return err;
	g.state = seq_model_state(g.model);
	g.own_end = g.state->own_end;
	draw_character(&g);
	while (seq->nr < steps && make_step(&g, &seq->step[seq->nr]))
		(void)seq_model_step(g.model, &seq->step[seq->nr++], NULL);
	seq_model_free(g.model);
	return 0;
}
