/*
 * provoke.h - a provocation for each check of the catalogue.
 */
#ifndef TESTS_PROVOKE_H
#define TESTS_PROVOKE_H

#include "lab.h"

struct provocation {
	const char *name;			/* in the catalogue */
	int64_t (*provoke)(struct lab *lab);	/* the negative error, or NULL: */
	const char *unreachable;		/* why no call of this library gets there */
};

/* The checks of mmap's arguments, address and object; and those of making areas, and all others. */
extern const struct provocation provocations_mmap[], provocations_other[];
extern const struct provocation provocations_mremap[];

/* msync to remap_file_pages; what a process says of its address space. */
extern const struct provocation provocations_seal[], provocations_process[];
extern const struct provocation provocations_madvise[];
extern const struct provocation provocations_shm[], provocations_limits[];
extern const struct provocation provocations_pages[];

/* userfaultfd, memory policy, names. */
extern const struct provocation provocations_attrs[];
/* Those of the ELF loader. */
extern const struct provocation provocations_exec[];

/* The answer of a row whose call has no error numbers, where nobody listens for the reason. */
#define UNSAID 1

/* mmap of lab->file, with the lab's record. */
int64_t refused_map(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags);

#endif
