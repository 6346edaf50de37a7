/*
 * radix.h - pointers by number: a map for numbers that lie close together.
 *
 * Layer: base.  The caller's lock guards it.
 */
#ifndef BASE_RADIX_H
#define BASE_RADIX_H

#include <usermm/platform.h>

#include "base/compiler.h"

struct radix_node;

/* All zero: empty. */
struct radix {
	struct radix_node *root;
	unsigned int height;		/* levels of nodes, 0 for none */
	uint64_t nr;			/* pointers in it */
};

/* What was put there, or NULL. */
void *radix_get(const struct radix *radix, uint64_t index);

/* Put @value (not NULL) where nothing is: 0 or -UMM_ENOMEM. */
__must_check int radix_insert(struct radix *radix, const struct umm_platform *platform,
			      uint64_t index, void *value);

/* Take what is there away: it, or NULL.  Nodes stay. */
void *radix_erase(struct radix *radix, uint64_t index);

/* The first pointer at *@index or above, with its number in *@index; NULL if there is none. */
void *radix_next(const struct radix *radix, uint64_t *index);

/* Free the nodes; what they led to is the caller's. */
void radix_destroy(struct radix *radix, const struct umm_platform *platform);

#endif
