/*
 * twin.h - the library and the naive model side by side: each operation is done on both, and then
 * everything that can be seen of them is compared.
 */
#ifndef TESTS_TWIN_H
#define TESTS_TWIN_H

#include <usermm/usermm.h>

#include "naive.h"
#include "unit.h"

enum twin_what {
	TWIN_MMAP, TWIN_MUNMAP, TWIN_MPROTECT, TWIN_BRK, TWIN_FAULT,
	TWIN_MREMAP, TWIN_MADVISE, TWIN_MLOCK, TWIN_MUNLOCK,
	TWIN_FORK,			/* go on as the parent; the child is compared, and exits */
	TWIN_BECOME_CHILD,		/* go on as the child; the parent is compared, and exits */
};

struct twin_op {
	enum twin_what what;
	uint64_t addr, len;		/* of brk and a fault, addr alone */
	uint64_t prot;			/* of a fault: UMM_ACCESS_; of madvise: UMM_MADV_ */
	uint64_t flags;
	uint64_t new_len, new_addr;	/* of mremap */
	int file;			/* index into the twin's files, -1 for none */
	uint64_t offset;
};

#define TWIN_FILES 3			/* two that are open for writing, one that is not */
#define TWIN_LOG 64

struct twin {
	struct unit_memory memory;
	struct umm_world *world;
	struct umm_mm *mm;
	struct umm_file *file[TWIN_FILES];
	struct naive naive;
	int next_id;
	/* A stack that is not accounted has grown: Linux never gives that charge back. */
	bool charge_lost;
	uint64_t lost_before;	/* pages of charge that address spaces before this one lost */
	/* For who wants to go on: a difference is only noted here, not told, and no failure. */
	bool quiet, differs;
	struct twin_op log[TWIN_LOG];	/* the latest operations, told when the two differ */
	uint64_t nr_ops;
};

/* No limits, a window of @nr pages, a guard gap of @guard pages, searched from the top. */
struct naive twin_config(uint64_t nr, uint64_t guard);

/*
 * The same window from the first page on: what lies below the lowest area is then a gap like the
 * others, and not always the widest of all.
 */
struct naive twin_from_the_bottom(struct naive config);

/* Make both, empty, as @config says. */
void twin_init(struct twin *twin, const struct naive *config);
void twin_destroy(struct twin *twin);

/* Set the limits anew from twin->naive, which the caller changed. */
void twin_limits_changed(struct twin *twin);

/* Do it on both; both answers must agree, and all that can be seen after.  The answer. */
int64_t twin_do(struct twin *twin, const struct twin_op *op);

/* The same, but what can be seen is not compared: for a prefix that was done before. */
int64_t twin_replay(struct twin *twin, const struct twin_op *op);

/* The same in the library alone, for who knows already what comes out in the naive model. */
void twin_replay_library(struct twin *twin, const struct twin_op *op);

/* Unmap everything, and the break back to its start; what was lost stays lost. */
void twin_empty(struct twin *twin);

void twin_compare(struct twin *twin);

/* Go on with another, empty address space. */
void twin_renew(struct twin *twin);

/* An operation at random, most of them near what is there, with sizes of up to @pages pages. */
struct twin_op twin_random_op(const struct twin *twin, struct unit_random *random, uint64_t pages);

#endif
