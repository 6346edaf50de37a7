/*
 * tlb.h - processors that remember translations until they are told to forget them.
 *
 * They stand behind platform.tlb_flush.  What one remembers is good for nothing but the access that
 * it was fetched for, as a real one's dirty bits want it.
 */
#ifndef TESTS_TLB_H
#define TESTS_TLB_H

#include <stdbool.h>
#include <stddef.h>

#include <usermm/usermm.h>

#define UNIT_CPUS 2

struct tlb_flush {
	struct umm_mm *mm;
	uint64_t start, end;
};

/* Which one is meant from now on; the first at first. */
void unit_tlb_cpu(unsigned int cpu);

/* Empty them, and let @platform tell them. */
void unit_tlb_init(struct umm_platform *platform);

/* Forget everything, and which flushes there were. */
void unit_tlb_forget(void);

/* A broken one, until all is forgotten: flushes do not reach it. */
void unit_tlb_deafen(unsigned int cpu);

/* Flushes since; *flush gets the first @room of them. */
size_t unit_tlb_flushes(struct tlb_flush *flush, size_t room);

/* Is a translation for that access remembered? */
bool unit_tlb_holds(struct umm_mm *mm, umm_addr_t addr, unsigned int access);

/* As umm_translate(), by what is remembered where it can be. */
unsigned char *unit_tlb_translate(struct umm_mm *mm, umm_addr_t addr, unsigned int access,
				  int *fault);

/* As the processor: one byte by what is remembered, else by umm_translate(). */
unsigned char unit_tlb_read(struct umm_mm *mm, umm_addr_t addr, int *fault);
const void *unit_tlb_page(struct umm_mm *mm, umm_addr_t addr, int *fault);	/* to read */
void unit_tlb_write(struct umm_mm *mm, umm_addr_t addr, unsigned char byte, int *fault);

#endif
