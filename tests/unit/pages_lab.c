/*
 * pages_lab.c - a lab with pages behind its areas, and steps in it.
 */
#include "pages_lab.h"

struct mm_struct *core(struct umm_mm *mm)
{
	return (struct mm_struct *)mm;
}

struct world *machine(struct lab *lab)
{
	return (struct world *)lab->world;
}

void begin(struct lab *lab, uint32_t page_tables, uint32_t pages)
{
	lab_init(lab);
	lab->settings.page_tables = page_tables;
	lab_set_pages(lab, pages, FRAMES);
}

void begin_simple(struct lab *lab)
{
	begin(lab, UMM_PAGE_TABLES_X86_64, UMM_PAGES_CONTENTS);
}

uint64_t entry(struct umm_mm *mm, umm_addr_t addr)
{
	const pte_t *slot = pgtable_lookup(&core(mm)->pages->pgt, addr);

	return slot ? pte_get(slot) : 0;
}

void put_byte(struct umm_mm *mm, umm_addr_t addr, unsigned char byte)
{
	int fault;

	assert_int_equal(umm_write(mm, addr, &byte, 1, &fault), 1);
}

int get_byte(struct umm_mm *mm, umm_addr_t addr)
{
	unsigned char byte;
	int fault;

	assert_int_equal(umm_read(mm, addr, &byte, 1, &fault), 1);
	return byte;
}

int fault_of(struct umm_mm *mm, umm_addr_t addr, unsigned int access)
{
	return umm_fault(mm, addr, access, NULL);
}

struct umm_page_info info_of(struct umm_mm *mm, umm_addr_t addr)
{
	struct umm_page_info info;

	(void)umm_page_info(mm, addr, &info);
	return info;
}

struct umm_mm *fork_of(struct umm_mm *mm)
{
	struct umm_mm *child;

	assert_int_equal(umm_fork(mm, &child, NULL), 0);
	return child;
}
