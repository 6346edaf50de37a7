/*
 * nofail.h - calls whose n-th allocation is refused, for every n.
 */
#ifndef TESTS_NOFAIL_H
#define TESTS_NOFAIL_H

#include <usermm/usermm.h>

#include "unit.h"

#define PAGE UINT64_C(4096)
#define AT UINT64_C(0x10000000)

#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)

#define MAX_FILLERS 140
#define MAX_CROWD 20

struct lab {
	struct unit_memory memory;
	struct umm_world *world;
	struct umm_mm *mm, *other;	/* other: made by the call */
	struct umm_mm *crowd[MAX_CROWD];	/* address spaces that only take room */
	struct umm_file *file, *new_file;
	struct umm_why why;
};

/* prepare() may not fail; call() says 0 or -UMM_ENOMEM. */
struct scenario {
	const char *name;
	void (*prepare)(struct lab *lab);
	int64_t (*call)(struct lab *lab);
	bool no_why;		/* the call takes no record */
};

/* Each ends with a row whose name is NULL. */
extern const struct scenario scenarios_process[];
extern const struct scenario scenarios_shm[];
extern const struct scenario scenarios_mremap[];
extern const struct scenario scenarios_attrs[];
extern const struct scenario scenarios_madvise[];
extern const struct scenario scenarios_exec[];

#endif
