/*
 * model.h - the library executes the steps of a sequence.
 *
 * A model is a world of its own with up to SEQ_PROCESSES address spaces.  Each step's answer is
 * what the library says the kernel would answer; nothing of the kernel is looked at.
 *
 * Layer: seq.  One thread at a time; models do not know of each other.
 */
#ifndef SEQ_MODEL_H
#define SEQ_MODEL_H

#include "seq/start.h"
#include "seq/state.h"

struct seq_model;

/*
 * @settings NULL: those of umm_settings_init(UMM_KERNEL_NEWEST), and areas can have names; @start
 * NULL: a plain one; @platform NULL: malloc() without locks.  All are copied.  0, -ENOMEM, -EINVAL.
 */
int seq_model_new(const struct umm_settings *settings, const struct seq_start *start,
		  const struct umm_platform *platform, struct seq_model **out);
void seq_model_free(struct seq_model *model);

/* All processes and files go, nothing else: the frames that are taken all the same. */
uint64_t seq_model_end(struct seq_model *model);

/*
 * In a world with contents: what stands between an access and umm_translate(), with its arguments;
 * a TLB.  NULL: nothing.
 */
typedef void *(*seq_translate_fn)(struct umm_mm *mm, umm_addr_t addr, unsigned int access,
				  int *fault);
void seq_model_set_translate(struct seq_model *model, seq_translate_fn translate);

/* For umm_world_set_rule(), before the first step. */
struct umm_world *seq_model_world(struct seq_model *model);

/*
 * NULL for a process that is not there.  Borrowed.  umm_file_cookie() of the file of an area is the
 * number of its descriptor, enum seq_file, or 0.
 */
struct umm_mm *seq_model_mm(struct seq_model *model, unsigned int process);

/*
 * Would the next step be executed?  As seq_step_allowed(), and besides not what would fill more
 * than SEQ_MODEL_FILL bytes of real memory in the whole sequence, and not what touches memory that
 * a userfaultfd watches: the kernel would wait for its reader.  In a world with contents memory is
 * known, and may be filled as far as frames go.
 */
#define SEQ_MODEL_FILL (UINT64_C(128) << 20)
bool seq_model_allows(struct seq_model *model, const struct seq_step *step);

/*
 * The next step.  Its answer as the executor would see it, or SEQ_SKIPPED.  Ids and descriptors are
 * the model's own.  @why may be NULL; it is of the library's call, if the step was one.
 */
int64_t seq_model_step(struct seq_model *model, const struct seq_step *step, struct umm_why *why);

/*
 * The kernel answered the last step, which chose a name, by @answer: that is the name from now on.
 * Of a segment's id: maps shows it.  0, or -EINVAL if the step chose none.
 */
int seq_model_learn(struct seq_model *model, int64_t answer);

/* For seq_resolve(), seq_relate() and seq_answer_text(); what was executed so far. */
const struct seq_bases *seq_model_bases(const struct seq_model *model);
const struct seq_state *seq_model_state(const struct seq_model *model);

/* True if umm_mm_is_valid() of every process. */
bool seq_model_is_valid(struct seq_model *model);

#endif
