/*
 * compare.h - the model's areas beside the kernel's.
 *
 * Layer: host.
 */
#ifndef HOST_COMPARE_H
#define HOST_COMPARE_H

#include "host/follower.h"

/*
 * True if the areas that touch [start, end) agree: range, permissions, offset, device, inode, and
 * the names that mm makes.  What had to be learnt (the inode of a shared anonymous object) is
 * adopted.
 */
bool compare_range(struct follower *f, struct task *task, uint64_t start, uint64_t end);

/*
 * The same for all areas, by one text; with their VmFlags where some call may have changed these
 * alone, or there are few areas.
 */
bool compare_whole(struct follower *f, struct task *task);

/* True if range and VmFlags of all areas that touch [start, end) agree, by smaps. */
bool compare_flags(struct follower *f, struct task *task, uint64_t start, uint64_t end);

/*
 * True if the two sides cover [start, end) and what touches it with the same bytes and differ in
 * the boundaries alone: somebody merged what the other did not.  Widens the range to the areas that
 * were looked at.
 */
bool compare_differs_by_merging(struct follower *f, struct task *task, uint64_t *start,
				uint64_t *end);

/*
 * Are as many pages locked (VmLck) as the model says?  If not, that is a divergence, and the model
 * gets the kernel's count.  Not while other threads run: their stacks may grow.
 */
void compare_locked(struct follower *f, struct task *task);

/* What smaps counts in one area. */
void compare_diverged_smaps(struct follower *f, struct task *task, const char *where,
			    const char *model, const char *kernel);

/* A pair of answers for people. */
void compare_diverged_result(struct follower *f, struct task *task, int64_t model, int64_t kernel);

/* What is not an area: a line of each side. */
void compare_diverged_text(struct follower *f, struct task *task, const char *where,
			   const char *model, const char *kernel);

/*
 * The areas of both sides that touch [start, end) and the difference that the last comparison
 * found.
 */
void compare_diverged_maps(struct follower *f, struct task *task, const char *where,
			   uint64_t start, uint64_t end);

#endif
