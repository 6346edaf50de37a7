/*
 * subject.h - real processes that do memory operations by order.
 *
 * Each waits on a socket for a struct op.  All of them work in an arena that lies far from
 * everything else, across the ends of page tables.  They end when the test does.
 */
#ifndef TESTS_SUBJECT_H
#define TESTS_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "lab.h"

#define TABLE 512u			/* pages of a page table */
#define BELOW 64u			/* pages of the arena below the first end of a table */
#define PAGES (BELOW + 3 * TABLE + 64)
#define BASE (UINT64_C(0x200000000000) - BELOW * PAGE)
#define FILE_PAGES 40u
#define FILE_BYTES (FILE_PAGES * PAGE - 1000)
#define MAX_PROCESSES 12
#define MAX_DEPTH 4

enum kind {
	OP_MAP, OP_MAP_SHARED, OP_MAP_FILE, OP_MAP_STACK, OP_UNMAP, OP_PROTECT, OP_MOVE,
	OP_DONTUNMAP, OP_ADVISE, OP_WRITE, OP_READ, OP_FORK, OP_EXIT, OP_SCAN,
	OP_SMAPS, NR_KINDS,
};

struct op {
	uint32_t kind, process;
	uint64_t page, pages, to;	/* in the arena */
	uint64_t arg, flags;		/* protection, advice, byte; MAP_POPULATE */
};

/* What OP_SMAPS answers: the text of the areas of the arena. */
#define SMAPS_BYTES (512 * 1024)

/* Of a read or a write: value read; or signal << 8 | si_code. */
struct reply {
	int64_t ret;
	uint32_t fault;
};

struct page_state {
	uint64_t hash;			/* of what it holds, if it was read */
	uint32_t fault;
	bool present, zero, file, exclusive;
};

/* Start the first process, number 0, with the file to map: *zero_visible, are zero pages told? */
void subjects_start(int file, bool *zero_visible);

/* Let it do @op and wait for the answer: false if it has gone. */
bool subject_do(const struct op *op, void *reply, size_t size);

/* OP_EXIT: it has gone, and its pages with it. */
void subject_exit(const struct op *op);

/* All go. */
void subjects_end(void);

uint64_t hash_page(const volatile uint64_t *word);

/* Which byte of a page an access is to, so that not all are the same. */
uint64_t byte_of(const struct op *op);

#endif
