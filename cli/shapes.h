/*
 * shapes.h - how a step was decided: which checks and notes of the library, as one number.
 *
 * Layer: cli.
 */
#ifndef CLI_SHAPES_H
#define CLI_SHAPES_H

#include "seq/start.h"

#define SHAPE_TEXT 400

/* What is said of the step that was looked at. */
struct shape {
	unsigned int call;
	int64_t answer;
	uint64_t flags;			/* of an mmap */
	bool hint;			/* an mmap with an address */
	unsigned int file;
	unsigned int code;		/* the most telling of the reasons */
	char text[SHAPE_TEXT];		/* its reasons, for people */
};

/* Shapes that were seen, and names that were given. */
struct shape_set {
	uint64_t *shape;
	size_t nr;
	unsigned int names[1024];
	char name[80];
};

/* False if it was there.  shape_set_free() frees what is in the set. */
bool shape_set_add(struct shape_set *set, uint64_t shape);
void shape_set_free(struct shape_set *set);

/* The shape of the last step of @seq, 0 for one that shows nothing; @shape or NULL says more. */
uint64_t shape_of_last(const struct umm_settings *settings, const struct seq_start *start,
		       const struct seq *seq, struct shape *shape);

/* Those of all steps; @out has room for seq->nr. */
void shapes_of_all(const struct umm_settings *settings, const struct seq_start *start,
		   const struct seq *seq, uint64_t *out);

/* Of calls, processes and flags alone: sequences that differ in numbers only are alike. */
uint64_t shape_of_steps(const struct seq *seq);

/* "mremap-hugetlb-grow-2", unique in @set, and its theme. */
const char *shape_name(const struct shape *shape, struct shape_set *set);
const char *shape_theme(const struct shape *shape);

#endif
