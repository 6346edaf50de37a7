/*
 * notes.h - a scene for each note of the catalogue.
 */
#ifndef TESTS_NOTES_H
#define TESTS_NOTES_H

#include "lab.h"

struct scene {
	const char *note;
	void (*play)(struct lab *lab);
	const char *says;		/* part of the text as a person reads it */
};

/* Each ends with a row whose note is NULL. */
extern const struct scene scenes_process[];
extern const struct scene scenes_mremap[];
extern const struct scene scenes_attrs[];
extern const struct scene scenes_madvise[];
extern const struct scene scenes_shm[];
extern const struct scene scenes_exec[];

#endif
