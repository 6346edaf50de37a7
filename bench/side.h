/*
 * side.h - the two sides of a measurement: the kernel, and our model of it.
 *
 * Layer: bench.  A workload is written once against struct side and run on both, so that the
 * sequences are the same by construction.
 */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include <stdint.h>

#include <usermm/usermm.h>

/* Calls answer as the kernel does: a value, or a negative error number. */
struct side {
	const char *name;
	int64_t (*mmap)(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags);
	int64_t (*munmap)(uint64_t addr, uint64_t len);
	int64_t (*mprotect)(uint64_t addr, uint64_t len, uint64_t prot);
	int64_t (*mremap)(uint64_t addr, uint64_t old_len, uint64_t new_len, uint64_t flags,
			  uint64_t new_addr);
	uint64_t (*brk)(uint64_t brk);

	/* Look up one address; @lookup_floor is a call that enters, and looks up nothing. */
	int (*lookup)(uint64_t addr);
	int (*lookup_floor)(uint64_t addr);

	void (*write_fault)(uint64_t addr);
	uint64_t (*bytes)(void);	/* memory held for areas now; 0 if it cannot be known */

	uint64_t max_areas;			/* what it allows beside its own, at most */
};

extern const struct side ours;
extern struct side kernel;			/* max_areas is read by side_init() */

/* Both sides ready; the CPU is chosen and kept.  Ends the program if that cannot be. */
void side_init(void);

/* Our side begins anew: a fresh world with one fresh address space. */
void ours_reset(void);

#endif
