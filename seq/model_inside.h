/*
 * model_inside.h - what the parts of the model share.
 *
 * Layer: seq.  model.c makes it and keeps the processes, model_calls.c makes the calls,
 * model_pages.c looks at memory, model_fill.c and model_thp.c say what must not be executed.
 */
#ifndef SEQ_MODEL_INSIDE_H
#define SEQ_MODEL_INSIDE_H

#include "seq/model.h"

#define MODEL_TOUCHED_WORDS 64

struct seq_model {
	struct umm_world *world;
	struct umm_mm *mm[SEQ_PROCESSES];
	struct umm_file *file[SEQ_START_FILES];	/* NULL for those that nobody has */
	uint64_t filled;			/* bytes of real memory, as model_fill.c counts */
	uint8_t locks_future;			/* bit n: process n asked for MCL_FUTURE */
	bool counts_locked;		/* SHM_LOCK hangs on what others of the user have locked */
	bool pages_seen, zero_seen;		/* as of seq_start */
	seq_translate_fn translate;		/* NULL: umm_translate() */
	bool no_userfaultfd;
	bool fixed_32bit;			/* MAP_32BIT begins where it did at the last exec */
	uint64_t shm_key;
	uint64_t touched[MODEL_TOUCHED_WORDS];	/* which 2 MiB were: model_thp.c */
	struct umm_settings settings;
	struct seq_start_file known[SEQ_START_FILES];
	uint16_t features[SEQ_STEPS_MAX];	/* of the userfaultfd that the step made */
	struct seq_state state;
};

/* One call of the library.  @arg are the numbers; the step is allowed. */
int64_t model_call(struct seq_model *model, const struct seq_step *step, const uint64_t *arg,
		   struct umm_why *why);

/* The last descriptor of a userfaultfd goes: @step opened it. */
void model_release_userfaultfd(struct seq_model *model, size_t step);

/*
 * An access as the processor makes it: 0, or the code of its signal.  *byte, which may be NULL, is
 * where the byte is.
 */
int64_t model_touch(struct seq_model *model, struct umm_mm *mm, uint64_t addr, unsigned int access,
		    unsigned char **byte);

/* The looks of calls.def; and what is in a file. */
int64_t model_pages(struct seq_model *model, struct umm_mm *mm, const uint64_t *arg);
int64_t model_smaps(struct umm_mm *mm, const uint64_t *arg);
int model_pattern_page(void *cookie, uint64_t pgoff, void *contents);

/* Bytes of memory that the step may fill; UINT64_MAX if it could wait for ever. */
uint64_t model_fills(struct seq_model *model, const struct seq_step *step, const uint64_t *arg);

/* What the step, which could fill @fills bytes and answered @answer, has touched. */
void model_touches(struct seq_model *model, const struct seq_step *step, const uint64_t *arg,
		   uint64_t fills, int64_t answer);

/* Which areas are written hangs on page tables. */
bool model_needs_page_tables(const struct seq_model *model, const struct seq_step *step,
			     const uint64_t *arg, uint64_t fills);

/* The kernel's answer hangs on something that no area tells. */
bool model_cannot_know(struct seq_model *model, const struct seq_step *step, const uint64_t *arg);

#endif
