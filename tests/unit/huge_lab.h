/*
 * huge_lab.h - four times 2 MiB at AT that may have huge pages: the first was written, the second
 * read, the third has a table with one small page, the fourth was never touched.
 */
#ifndef TESTS_HUGE_LAB_H
#define TESTS_HUGE_LAB_H

#include "pages_lab.h"
#include "phys/compound.h"
#include "tlb.h"

#define HUGE_FRAMES (16 * HUGE_PAGES)
#define HUGE(n) (AT + (n) * 2 * MIB)

void huge_scene_of(struct lab *lab, uint32_t format, uint32_t pages);
void huge_scene(struct lab *lab);	/* of x86-64, with contents */
void huge_end(struct lab *lab);		/* valid, and all goes */

/* A step that works. */
void huge_advise(struct lab *lab, umm_addr_t addr, uint64_t len, int advice);

/* A field of smaps ("\nRss:"), in KiB, of all areas together. */
uint64_t smaps_sum(struct umm_mm *mm, const char *name);

#endif
