/*
 * hypotheses.h - the ways in which things may have gone, beside the one that space->mm took.
 *
 * Layer: host.
 */
#ifndef HOST_HYPOTHESES_H
#define HOST_HYPOTHESES_H

#include "host/follower.h"

/* The call as it came, unanswered. */
struct call hypothesis_fresh_record(const struct call *call);

/* What @h has of the call of @task, or NULL. */
struct view *hypothesis_view(struct hypothesis *h, const struct task *task);
bool hypothesis_add_view(struct hypothesis *h, struct task *task, const struct call *call);
void hypothesis_drop_view(struct hypothesis *h, const struct task *task);

/*
 * Around @mm, whose reference it takes, with the views of the calls under way as they are in the
 * model that is in its place; that of @task unanswered.  NULL, and @mm put, if there are too many.
 */
struct hypothesis *hypothesis_make(struct space *space, struct task *task, struct umm_mm *mm);
void hypothesis_add(struct space *space, struct hypothesis *h);
void hypothesis_free(struct hypothesis *h);

/* Out of the list, and free it. */
void hypothesis_remove(struct space *space, struct hypothesis **link);

/* The model in its place and @h answered alike, and are alike. */
bool hypothesis_same(struct space *space, struct hypothesis *h);

/* For good: @h is what happened. */
void hypothesis_change_places(struct space *space, struct hypothesis *h);

/* What is put aside while a hypothesis is asked. */
struct reality {
	struct follow_summary summary;
	struct difference difference;
	struct umm_why *why;
	bool supposing;
};

/* For a while: whatever is asked of the space of @task is asked of @h. */
void suppose(struct follower *f, struct task *task, struct hypothesis *h, struct reality *reality);
void back_to_reality(struct follower *f, struct task *task, struct hypothesis *h,
		     const struct reality *reality);

/*
 * @agrees is asked of each model: does it agree with what is seen of the kernel after the call of
 * @task?  @agreed is what the one in its place said.  Models that do not agree go; if the one in
 * its place is among them, another takes it.  True if there is one that agrees; if not, nothing
 * has changed but that the others are gone.
 */
typedef bool (*hypotheses_question)(struct follower *f, struct task *task);
bool hypotheses_settle(struct follower *f, struct task *task, bool agreed,
		       hypotheses_question agrees);

/* Do the same to each of the other models as was done to the one in its place. */
void hypotheses_each(struct follower *f, struct task *task, int64_t got,
		 void (*act)(struct follower *f, struct task *task, int64_t got));

/* @child is the space of the child that the call of @parent made. */
void hypotheses_fork(struct follower *f, struct task *parent, struct space *child);

#endif
