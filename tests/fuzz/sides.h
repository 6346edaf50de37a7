/*
 * sides.h - one sequence on both sides, and where they part.
 *
 * The model's answers are there before the kernel is asked (trial_predict), what the kernel did is
 * taken in (trial_post, trial_wait), and then a second model goes through the same steps and is
 * looked at after each (trial_compare), while the kernel may already execute another sequence.
 */
#ifndef TESTS_FUZZ_SIDES_H
#define TESTS_FUZZ_SIDES_H

#include "seq/model.h"
#include "seq/native.h"

#define SIDES_RULES 8

/* Canaries: what the TLB does wrong. */
enum lie {
	LIE_NONE,
	LIE_DEAF,			/* flushes do not reach who reads */
	LIE_TRAP,			/* to be told of a flush is a crash of the library */
};

/* What every trial is made with. */
struct sides {
	struct seq_native *native;
	uint32_t timeout_ms;		/* of a step: longer is a divergence */
	uint32_t every;			/* look at smaps and status after every n-th step */
	bool pages;			/* the model has pages, and a TLB before them */
	enum lie lie;
	struct {
		unsigned int rule;
		bool on;
	} rule[SIDES_RULES];		/* switched in the model */
	size_t nr_rules;
};

enum part {
	PART_NOTHING,			/* they agree */
	PART_ANSWER,
	PART_MAPS,			/* of the process that made the step */
	PART_OTHER_MAPS,		/* of the one that it was about */
	PART_SMAPS,
	PART_STATUS,
	PART_VALID,			/* the library's own structures contradict each other */
	PART_LEAK,			/* frames that nobody has are not free */
	PART_SKIPPED,			/* executed by one side alone */
	PART_CRASH,			/* the library, by an assertion or worse */
	PART_DIED,
	PART_HANGS,
	PARTS
};

const char *part_name(enum part part);

struct trial {
	const struct sides *sides;
	struct seq seq;			/* its steps are `step` */
	struct seq_step step[SEQ_STEPS_MAX];
	struct seq_start start;
	bool skip[SEQ_STEPS_MAX];
	bool blind[SEQ_STEPS_MAX];	/* very many areas: not looked at after each step */
	int64_t predicted[SEQ_STEPS_MAX];

	/* From the kernel. */
	int64_t answer[SEQ_STEPS_MAX];
	struct seq_bases bases;
	struct seq_seen seen[SEQ_STEPS_MAX];
	uint64_t native_ns, model_ns;
	uint64_t doings;		/* khugepaged's, before it began */
	int signal;			/* of PART_CRASH */
	size_t max_areas;		/* that one address space had */

	/* Where they parted. */
	enum part part;
	size_t at;			/* the step */
};

/* Start an executor: trial->start is what is there.  Exits with a message if there can be none. */
void trial_begin(struct trial *trial, const struct sides *sides);

void trial_predict(struct trial *trial);
void trial_post(struct trial *trial);
void trial_wait(struct trial *trial);
void trial_compare(struct trial *trial);

/* All of it, of the steps of @seq. */
void trial_run(struct trial *trial, const struct sides *sides, const struct seq *seq);

/* A model of the trial, before its first step. */
struct seq_model *trial_model(const struct trial *trial);

/* The @nr-th step by @model, which then has the kernel's names for what has names. */
int64_t trial_step(const struct trial *trial, struct seq_model *model, size_t nr,
		   struct umm_why *why);

/* Do two answers of that call agree? */
bool answers_agree(unsigned int call, int64_t a, int64_t b);

/* All maps lines of a model's process; the caller frees it. */
char *model_maps(struct seq_model *model, unsigned int process);

#endif
