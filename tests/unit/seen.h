/*
 * seen.h - the areas of a window, as the kernel shows them and as the library has them: what two
 * sides that do the same are compared by.
 */
#ifndef TESTS_SEEN_H
#define TESTS_SEEN_H

#include "lab.h"

#define SEEN_AREAS 64

/* Of /proc/PID/maps no more flags are known. */
#define SEEN_PERMS (UMM_VM_READ | UMM_VM_WRITE | UMM_VM_EXEC | UMM_VM_MAYSHARE)

/* Bytes are equal where all is. */
struct seen {
	struct {
		uint64_t start, end;
		uint64_t offset;		/* bytes; 0 of what has no file */
		uint64_t flags;			/* UMM_VM_, without soft dirty */
	} area[SEEN_AREAS];
	uint64_t nr;
};

/* Areas that begin in [@start, @end), in the text of maps or of smaps. */
void seen_in_text(struct seen *seen, const char *text, uint64_t start, uint64_t end);

/* The same in @mm, as far as @flags go. */
void seen_in_library(struct seen *seen, struct umm_mm *mm, uint64_t start, uint64_t end,
		     uint64_t flags);

/* For people, in pages from @base on. */
void seen_print(const struct seen *seen, uint64_t base);

#endif
