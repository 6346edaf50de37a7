/*
 * pages_lab.h - a lab with pages behind its areas, and steps in it.
 */
#ifndef TESTS_PAGES_LAB_H
#define TESTS_PAGES_LAB_H

#include "lab.h"
#include "phys/phys.h"
#include "rmap/rmap.h"
#include "space/mm_pages.h"

#define FRAMES 256

struct mm_struct *core(struct umm_mm *mm);
struct world *machine(struct lab *lab);

/* A machine with those page tables and pages, and FRAMES frames. */
void begin(struct lab *lab, uint32_t page_tables, uint32_t pages);
void begin_simple(struct lab *lab);

/* What stands in the page tables. */
uint64_t entry(struct umm_mm *mm, umm_addr_t addr);

/* Through the library; it must work. */
void put_byte(struct umm_mm *mm, umm_addr_t addr, unsigned char byte);
int get_byte(struct umm_mm *mm, umm_addr_t addr);
int fault_of(struct umm_mm *mm, umm_addr_t addr, unsigned int access);
struct umm_page_info info_of(struct umm_mm *mm, umm_addr_t addr);

/* The child, which is the caller's. */
struct umm_mm *fork_of(struct umm_mm *mm);

#endif
