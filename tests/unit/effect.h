/*
 * effect.h - what each rule of the catalogue changes.
 */
#ifndef TESTS_EFFECT_H
#define TESTS_EFFECT_H

#include "lab.h"

struct effect {
	const char *rule;
	int64_t (*look)(struct lab *lab);
	int64_t on, off;		/* what look() answers with the rule and without */
};

/* Each ends with a row whose rule is NULL. */
extern const struct effect effects_mremap[];
extern const struct effect effects_attrs[];
extern const struct effect effects_exec[];

#endif
