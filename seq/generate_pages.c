/*
 * generate_pages.c - sequences about what is behind the areas: contents, sharing, page tables.
 *
 * Everything happens in a few tables' worth of the pool, most of it around the end of the first
 * table, so that things meet: what is written is forked, moved, protected, given away and looked at
 * soon.  At the end each process that is left is looked at as a whole.
 *
 * One sequence in three is about pages of 2 MiB: most of the arena is advised to have them, and
 * what happens is about whole tables, or at the edges of any.
 */
#include <errno.h>
#include <string.h>

#include "seq/generate_inside.h"
#include "seq/pages.h"

#define TABLE 512u			/* pages of a page table */
#define HOT 20u				/* pages on either side of the end of a table */
#define FIRST (TABLE - 64)		/* of the arena */
#define PAGES (64 + 3 * TABLE + 64)	/* it has so many */

static struct seq_value page(uint64_t nr)
{
	return (struct seq_value){ .base = SEQ_BASE_POOL, .offset = nr * SEQ_PAGE };
}

static struct seq_value pages(uint64_t nr)
{
	return number(nr * SEQ_PAGE);
}

static uint64_t hot_page(struct generator *g)
{
	return TABLE * (g->thp ? 1 + below(g, 3) : 1) - HOT + below(g, 2 * HOT);
}

/* Mostly a few pages around the end of a table, at times whole tables or nearly. */
static void choose_range(struct generator *g, uint64_t *start, uint64_t *nr, uint64_t *to)
{
	*start = hot_page(g);
	*nr = 1 + below(g, below(g, 4) ? 4 : 12);
	*to = hot_page(g) + (below(g, 4) ? 0 : TABLE);
	if (!chance(g, g->huge))
		return;
	*start = TABLE * (1 + below(g, 3)) - (below(g, 3) ? 0 : below(g, 8));
	*nr = TABLE * (1 + below(g, 2)) - (below(g, 3) ? 0 : below(g, 8));
	*to = TABLE * (1 + below(g, 3)) - (below(g, 3) ? 0 : below(g, 8));
	if (*start + *nr > FIRST + PAGES)
		*nr = TABLE;
	if (g->thp && below(g, 3) == 0) {	/* somewhere in one, a part of it or more */
		*start += below(g, TABLE);
		*nr = 1 + below(g, TABLE + TABLE / 2);
	}
	if (*start + *nr > FIRST + PAGES || *to + *nr > FIRST + PAGES)
		*nr = 8;
}

static uint64_t choose_prot(struct generator *g)
{
	const uint64_t read = UMM_PROT_READ, write = UMM_PROT_WRITE, exec = UMM_PROT_EXEC;
	const struct weighted prots[] = {
		{ read | write, 40 }, { read, 20 }, { write, 10 }, { read | exec, 10 },
		{ read | write | exec, 10 }, { UMM_PROT_NONE, 10 },
	};

	return PICK(g, prots);
}

static uint64_t choose_advice(struct generator *g)
{
	static const struct weighted advices[] = {
		{ UMM_MADV_DONTNEED, 3 }, { UMM_MADV_FREE, 2 }, { UMM_MADV_WIPEONFORK, 1 },
		{ UMM_MADV_KEEPONFORK, 1 }, { UMM_MADV_DONTFORK, 1 }, { UMM_MADV_DOFORK, 1 },
		{ UMM_MADV_POPULATE_READ, 1 }, { UMM_MADV_POPULATE_WRITE, 1 },
		{ UMM_MADV_GUARD_INSTALL, 1 }, { UMM_MADV_GUARD_REMOVE, 2 },
		{ UMM_MADV_DONTNEED_LOCKED, 1 }, { UMM_MADV_REMOVE, 1 }, { UMM_MADV_COLD, 1 },
	};
	static const struct weighted huge_advices[] = {
		{ UMM_MADV_COLLAPSE, 4 }, { UMM_MADV_HUGEPAGE, 3 }, { UMM_MADV_NOHUGEPAGE, 1 },
	};

	return g->thp && below(g, 3) == 0 ? PICK(g, huge_advices) : PICK(g, advices);
}

static void make_mmap(struct generator *g, struct seq_step *step, uint64_t start, uint64_t nr)
{
	static const struct weighted kinds[] = {
		{ UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS, 11 },
		{ UMM_MAP_SHARED | UMM_MAP_ANONYMOUS, 2 },
		{ UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_GROWSDOWN, 2 },
		{ UMM_MAP_PRIVATE, 4 },
	};
	uint64_t flags = PICK(g, kinds);

	step->arg[0] = page(start);
	step->arg[1] = pages(nr);
	step->arg[2] = number(choose_prot(g));
	if (!(flags & UMM_MAP_ANONYMOUS)) {
		step->arg[4] = number(SEQ_FILE_PATTERN);
		step->arg[5] = pages(below(g, SEQ_PATTERN_BYTES / SEQ_PAGE + 4));
	}
	flags |= UMM_MAP_FIXED | (below(g, 6) ? 0 : UMM_MAP_POPULATE);
	step->arg[3] = number(flags);
}

static void make_mremap(struct generator *g, struct seq_step *step, uint64_t start, uint64_t nr,
			uint64_t to)
{
	uint64_t flags = UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED;

	if (below(g, 4) == 0)
		flags |= UMM_MREMAP_DONTUNMAP;
	step->arg[0] = page(start);
	step->arg[1] = step->arg[2] = pages(nr);
	step->arg[3] = number(flags);
	step->arg[4] = page(to);
}

/* What is there, seldom all that can be read; now and then of the whole arena. */
static void make_look(struct generator *g, struct seq_step *step)
{
	step->arg[0] = page(hot_page(g));
	step->arg[1] = pages(1 + below(g, 2 * HOT));
	step->arg[2] = number(below(g, 8) ? SEQ_PAGES_THERE : SEQ_PAGES_ALL);
	if (below(g, 24) == 0) {
		step->arg[0] = page(FIRST);
		step->arg[1] = pages(PAGES);
	}
}

static void make_step(struct generator *g, struct seq_step *step)
{
	static const struct weighted calls[] = {
		{ SEQ_STORE, 310 }, { SEQ_READ, 140 }, { SEQ_WRITE, 10 }, { SEQ_MMAP, 190 },
		{ SEQ_MPROTECT, 80 }, { SEQ_MADVISE, 90 }, { SEQ_MREMAP, 75 },
		{ SEQ_MUNMAP, 40 }, { SEQ_BRK, 10 }, { SEQ_MLOCK, 5 }, { SEQ_MUNLOCK, 5 },
		{ SEQ_FORK, 14 }, { SEQ_EXIT, 9 }, { SEQ_PAGES, 60 }, { SEQ_SMAPS, 6 },
	};
	uint64_t start, nr, to;

	step->call = (uint8_t)PICK(g, calls);
	choose_range(g, &start, &nr, &to);
	step->arg[0] = page(start);
	step->arg[1] = pages(nr);
	switch (step->call) {
	case SEQ_STORE:
		step->arg[1] = number(1 + below(g, 255));
		step->arg[0].offset += below(g, SEQ_PAGE);
		break;
	case SEQ_MMAP:
		make_mmap(g, step, start, nr);
		break;
	case SEQ_MPROTECT:
		step->arg[2] = number(choose_prot(g));
		break;
	case SEQ_MADVISE:
		step->arg[2] = number(choose_advice(g));
		break;
	case SEQ_MREMAP:
		make_mremap(g, step, start, nr, to);
		break;
	case SEQ_BRK:
		step->arg[0] = (struct seq_value){ .base = SEQ_BASE_BRK,
						   .offset = below(g, 2 * HOT) * SEQ_PAGE };
		break;
	case SEQ_PAGES:
		make_look(g, step);
		break;
	case SEQ_SMAPS:
		step->arg[0] = page(0);
		step->arg[1] = pages(FIRST + PAGES + TABLE);
		break;
	default:			/* a range, or its first address */
		break;
	}
	if (seq_call_info(step->call)->kind[1] == SEQ_KIND_NONE)
		step->arg[1] = number(0);
	if (seq_call_info(step->call)->kind[0] == SEQ_KIND_NONE)
		step->arg[0] = number(0);
}

/* A heap is written and looked at as the arena is. */
static void move_to_heap(struct generator *g, struct seq_step *step)
{
	bool there = step->call == SEQ_STORE || step->call == SEQ_READ ||
		     step->call == SEQ_MADVISE || step->call == SEQ_MPROTECT;

	if (!there || below(g, 30))
		return;
	step->arg[0].base = SEQ_BASE_BRK;
	step->arg[0].offset = below(g, HOT) * SEQ_PAGE;
}

/* What has just been mapped may have pages of 2 MiB. */
static void advise_huge(struct seq_step *step)
{
	for (unsigned int i = 3; i < SEQ_ARGS; i++)
		step->arg[i] = number(0);
	step->call = SEQ_MADVISE;
	step->arg[2] = number(UMM_MADV_HUGEPAGE);
}

/* Who forks is often the last that was born: families have many generations. */
static void draw_process(struct generator *g, struct seq_step *step)
{
	if (step->call == SEQ_FORK && below(g, 2)) {
		step->process = SEQ_PROCESSES;
		while (!(g->state->alive & (1u << --step->process)))
			;
		return;
	}
	do {
		step->process = (uint8_t)below(g, SEQ_PROCESSES);
	} while (!(g->state->alive & (1u << step->process)));
}

/* The model has no pages here: that only what is mapped hangs on it is enough. */
static void add(struct generator *g, struct seq *seq, const struct seq_step *step)
{
	if (!seq_step_allowed(g->state, step))
		return;
	seq->step[seq->nr++] = *step;
	(void)seq_model_step(g->model, step, NULL);
}

static void look_at_all(struct generator *g, struct seq *seq)
{
	for (unsigned int i = 0; i < SEQ_PROCESSES; i++) {
		struct seq_step step = { .process = (uint8_t)i, .call = SEQ_PAGES };

		step.arg[0] = page(FIRST);
		step.arg[1] = pages(PAGES);
		step.arg[2] = number(SEQ_PAGES_ALL);
		add(g, seq, &step);
		step.arg[0].base = SEQ_BASE_BRK;
		step.arg[0].offset = 0;
		step.arg[1] = pages(2 * HOT);
		add(g, seq, &step);
		step.call = SEQ_SMAPS;
		step.arg[0] = page(0);
		step.arg[1] = pages(FIRST + PAGES + TABLE);
		step.arg[2] = number(0);
		add(g, seq, &step);
	}
}

int seq_generate_pages(uint64_t seed, const struct umm_settings *settings,
		       const struct seq_start *start, size_t steps, struct seq *seq)
{
	const struct seq_step no_huge_pages = { .call = SEQ_SET_THP_DISABLE, .arg[0] = number(1) };
	struct seq_step ground = {
		.call = SEQ_MMAP,
		.arg = { page(TABLE - HOT), pages(2 * HOT),
			 number(UMM_PROT_READ | UMM_PROT_WRITE),
			 number(UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED) },
	};
	struct generator g = { .random = seed, .seq = seq };
	int err;

	seq->nr = 0;
	if (steps < 4 * SEQ_PROCESSES || steps > SEQ_STEPS_MAX)
		return -EINVAL;
	err = seq_model_new(settings, start, NULL, &g.model);
	if (err)
		return err;
	g.state = seq_model_state(g.model);
	g.huge = chance(&g, 25) ? 50 : 8;
	g.thp = chance(&g, 33);
	if (g.thp) {
		g.huge = 40;
		ground.arg[1] = pages(3 * TABLE + 2 * HOT);
	} else {
		add(&g, seq, &no_huge_pages);
	}
	add(&g, seq, &ground);
	if (g.thp) {
		advise_huge(&ground);
		add(&g, seq, &ground);
	}
	/* At the end each process is looked at three times; the last step may bring another one. */
	while (seq->nr < steps - 3 * SEQ_PROCESSES - 1) {
		struct seq_step step;

		memset(&step, 0, sizeof(step));
		make_step(&g, &step);
		draw_process(&g, &step);
		move_to_heap(&g, &step);
		add(&g, seq, &step);
		if (g.thp && step.call == SEQ_MMAP && below(&g, 3)) {
			advise_huge(&step);
			add(&g, seq, &step);
		}
	}
	look_at_all(&g, seq);
	seq_model_free(g.model);
	return 0;
}
