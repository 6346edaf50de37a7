/*
 * generate.h - sequences that nobody thought of.
 *
 * From a seed follows a sequence, always the same for the same start and settings.  Each favours
 * some calls and leaves others out, keeps to a small pool of addresses so that things collide, and
 * knows by a model of its own what is mapped: most calls are about something that is there, some
 * miss by a page, few are hostile.  What it does not produce: docs/TESTING.md.
 *
 * Layer: seq.
 */
#ifndef SEQ_GENERATE_H
#define SEQ_GENERATE_H

#include "seq/start.h"

/*
 * Make @steps steps from @seed; seq->step is the caller's and has room for them.  Every step is one
 * that seq_model_allows().  @settings and @start as seq_model_new().  0, or a negative error of
 * that; seq->nr tells how many steps were made: fewer only if nothing more is allowed.
 */
int seq_generate(uint64_t seed, const struct umm_settings *settings, const struct seq_start *start,
		 size_t steps, struct seq *seq);

/*
 * The same about what is behind the areas: a few calls, many accesses, forks, and looks at memory.
 * Most steps are allowed, but that is not asked of a model with pages.  At least 32 steps.
 */
int seq_generate_pages(uint64_t seed, const struct umm_settings *settings,
		       const struct seq_start *start, size_t steps, struct seq *seq);

/* Is it one of the calls of seq_generate()?  Looks at memory are not: its models have no pages. */
bool seq_generate_makes(unsigned int call);

/*
 * True for calls that no sequence makes fail, or not for a reason of memory: exit, munlockall and
 * their like.  Of the others 20 to 80 % succeed.
 */
bool seq_generate_always_succeeds(unsigned int call);

/* A generator of numbers, for all who need one: the next of @state, whatever that was. */
uint64_t seq_random(uint64_t *state);
uint64_t seq_random_below(uint64_t *state, uint64_t limit);	/* @limit > 0 */

#endif
