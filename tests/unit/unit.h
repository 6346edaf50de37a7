/*
 * unit.h - what the unit tests share: cmocka, random numbers from one seed, a platform that counts.
 */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <usermm/platform.h>

/* A generator whose numbers follow from UMM_SEED (default 1). */
struct unit_random {
	uint64_t state;
};

struct unit_random unit_random_init(void);
uint64_t unit_random(struct unit_random *random);
uint64_t unit_random_below(struct unit_random *random, uint64_t limit);	/* 0 … limit - 1 */

/* UMM_ITER if set, else @normal. */
uint64_t unit_iterations(uint64_t normal);

/*
 * A platform over malloc() that counts, and can refuse.  For one thread: its locks only check that
 * they are taken and let go in pairs.
 */
struct unit_memory {
	struct umm_platform platform;
	uint64_t bytes;			/* handed out */
	uint64_t blocks;
	uint64_t locks;			/* made and not destroyed */
	uint64_t calls;			/* of alloc and lock_init, refused ones too */
	uint64_t fail_at;		/* refuse call number fail_at, counted from 1; 0 for none */
};

void unit_memory_init(struct unit_memory *memory);

/* Count calls anew, and refuse the @n-th from now on; 0 for none. */
void unit_memory_fail_at(struct unit_memory *memory, uint64_t n);

/* A text of the running kernel's, all of it; good until the next one is read. */
const char *unit_read_file(const char *path);

/*
 * Skips the test, with the reason, on kernels before that version: older ones do otherwise, and
 * nobody has looked at each of them so closely.
 */
void unit_need_kernel(unsigned int major, unsigned int minor);

#endif
