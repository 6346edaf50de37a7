/*
 * naive.h - an address space as an array of pages: slow, small, and easy to believe.
 *
 * Written from the rules that Linux 6.18 follows, without a look at src/: no tree, no gap index, no
 * area objects.  A page knows what it is part of, and whether an area begins at it; to merge is to
 * clear such a mark, to split is to set one.
 *
 * The whole address space is one window of at most NAIVE_PAGES pages: nothing can be mapped below
 * it (vm.mmap_min_addr) nor above (task_size).
 */
#ifndef TESTS_NAIVE_H
#define TESTS_NAIVE_H

#include <stdbool.h>
#include <stdint.h>

#define NAIVE_PAGES 64
#define NAIVE_NO_LIMIT UINT64_MAX

struct naive_page {
	bool mapped;
	bool start;		/* an area begins here */
	uint64_t flags;		/* UMM_VM_ */
	uint64_t pgoff;
	int file;		/* 0 for none; each shared anonymous mapping is a file of its own */
	uint64_t file_pages;	/* of shared anonymous memory, which never grows; 0 for others */
	int anon;		/* the anon_vma, 0 for none */
	bool forked;		/* it came through fork: its chain is no singleton */
};

/* What mmap is told of a file. */
struct naive_file {
	int id;			/* > 0 */
	bool writable;		/* open for reading in any case */
};

struct naive {
	/* Bounds, in page numbers. */
	uint64_t base, nr;	/* the window: also the lowest address and the end of user space */
	uint64_t mmap_base;	/* where the top-down search starts */
	uint64_t legacy_base;	/* where the bottom-up search starts */
	uint64_t guard_gap;	/* pages */
	bool bottom_up;

	/* Limits. */
	uint64_t max_map_count;
	uint64_t limit_as, limit_data, limit_stack, limit_memlock;	/* bytes */
	uint64_t memory;	/* pages that one request may charge, or NAIVE_NO_LIMIT */

	uint64_t start_brk, brk;	/* bytes */

	/*
	 * Pages that mremap unlocked or cut off, and that stay for ever in the locked pages of
	 * the process or in the commit charge of the machine.
	 */
	uint64_t lost_locks, lost_charge;
	struct naive_page page[NAIVE_PAGES];
	int *next_id;		/* anon_vmas and shared memory; shared with children */
};

/* Addresses and lengths in bytes; an address or 0, or a negative error. */
int64_t naive_mmap(struct naive *n, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		   const struct naive_file *file, uint64_t offset);
int64_t naive_munmap(struct naive *n, uint64_t addr, uint64_t len);
int64_t naive_mprotect(struct naive *n, uint64_t addr, uint64_t len, uint64_t prot);
int64_t naive_mremap(struct naive *n, uint64_t old, uint64_t old_len, uint64_t new_len,
		     uint64_t flags, uint64_t new_addr);
int64_t naive_madvise(struct naive *n, uint64_t addr, uint64_t len, int advice);
int64_t naive_mlock(struct naive *n, uint64_t addr, uint64_t len);
int64_t naive_munlock(struct naive *n, uint64_t addr, uint64_t len);
uint64_t naive_brk(struct naive *n, uint64_t brk);
int64_t naive_fork(const struct naive *n, struct naive *child);

/* As umm_fault(): 0 or an si_code. */
int naive_fault(struct naive *n, uint64_t addr, unsigned int access);

/* What an area is made of; page numbers. */
struct naive_area {
	uint64_t start, end;
	struct naive_page first;
};

/* The first area that ends above page number @pn. */
bool naive_find(const struct naive *n, uint64_t pn, struct naive_area *area);

struct naive_stats {
	uint64_t areas, total, data, exec, stack, locked, charged;	/* pages but the first */
};

void naive_stats(const struct naive *n, struct naive_stats *stats);

#endif
