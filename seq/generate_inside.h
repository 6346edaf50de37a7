/*
 * generate_inside.h - what the parts of the generator share.
 *
 * Layer: seq.  generate.c chooses calls and processes, generate_places.c addresses and lengths,
 * generate_flags.c constants, generate_args.c and generate_objects.c the arguments of each call.
 */
#ifndef SEQ_GENERATE_INSIDE_H
#define SEQ_GENERATE_INSIDE_H

#include "seq/generate.h"
#include "seq/model.h"

/* One sequence in the making.  What its character is was drawn once, at its beginning. */
struct generator {
	uint64_t random;
	struct seq_model *model;
	const struct seq_state *state;
	const struct seq *seq;		/* the steps so far */
	uint64_t own_end;
	size_t steps;			/* how many there will be */
	unsigned int process;		/* of the step that is being made */
	struct umm_mm *mm;		/* of that process */
	/* character */
	uint32_t weight[SEQ_CALLS];
	uint32_t weights;		/* the sum */
	uint64_t pool_pages;		/* things happen in so many pages of the pool */
	unsigned int hostile;		/* of 1000 values */
	unsigned int miss;		/* of 100 ranges: not just an area */
	unsigned int huge;		/* of 100: addresses near 2 MiB, ranges of whole tables */
	bool thp;			/* pages of 2 MiB: generate_pages.c */
	unsigned int outside;		/* of 100 addresses: around top and brk */
	unsigned int fixed;		/* of 100 mmaps */
	unsigned int anonymous;		/* of 100 mmaps */
	bool big;			/* beyond 1000 areas */
	bool full;			/* beyond max_map_count */
};

struct weighted {
	uint64_t value;
	uint32_t weight;
};

static inline bool chance(struct generator *g, unsigned int of_100)
{
	return seq_random_below(&g->random, 100) < of_100;
}

static inline uint64_t below(struct generator *g, uint64_t limit)
{
	return seq_random_below(&g->random, limit);
}

uint64_t pick(struct generator *g, const struct weighted *table, size_t nr);
#define PICK(g, table) pick(g, table, sizeof(table) / sizeof((table)[0]))

/* ---- places ---- */

struct range {
	uint64_t start, len;
};

struct seq_value number(uint64_t n);

/* A value that stands for that address: relative to a base, or the answer of a step. */
struct seq_value place(struct generator *g, uint64_t address);

/* An address where things happen; page aligned. */
uint64_t any_page(struct generator *g);
uint64_t any_length(struct generator *g);

/* An area of the process with all of these flags, not of the executor's; false if none is found. */
bool find_area(struct generator *g, uint64_t vm_flags, struct umm_area *area);

/* One of the areas that @will_do, each as likely; the first some hundred are looked at. */
bool find_area_where(struct generator *g,
		     bool (*will_do)(struct generator *g, const struct umm_area *area),
		     struct umm_area *area);

/* About an area with these flags: all of it, a part, more than it; now and then anything. */
struct range range_of_area(struct generator *g, uint64_t vm_flags);

/* A range into two arguments, now and then made hostile. */
void put_range(struct generator *g, struct seq_step *step, unsigned int arg, struct range range);
struct seq_value put_number(struct generator *g, uint64_t n);

/* ---- constants ---- */

uint64_t any_prot(struct generator *g);
uint64_t any_map_flags(struct generator *g);
uint64_t any_file(struct generator *g);
uint64_t any_mremap_flags(struct generator *g);
uint64_t any_advice(struct generator *g);
uint64_t any_policy(struct generator *g);

/* ---- calls ---- */

static inline void set(struct generator *g, struct seq_step *step, unsigned int arg, uint64_t n)
{
	step->arg[arg] = put_number(g, n);
}

/* Constants are hostile by their own tables. */
static inline void set_flags(struct seq_step *step, unsigned int arg, uint64_t flags)
{
	step->arg[arg] = number(flags);
}

/* The arguments of step->call; and of those that are about segments, seals, userfaultfds. */
void make_arguments(struct generator *g, struct seq_step *step);
void make_object_arguments(struct generator *g, struct seq_step *step);

#endif
