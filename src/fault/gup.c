/*
 * gup.c - reaching into an address space.
 *
 * First as hardware would, under the lock for reading: nearly always the entry is there and allows
 * the access.  Else a fault, under the lock for writing, and the entry again.
 *
 * Who wants no more than the place of a page that is in use already, needs no lock: entries that
 * are about to go, or to allow less, are announced (pgtable.sequence), and what was found while
 * nothing was announced is good until the flush that follows an announcement.
 */
#include "fault/fault.h"
#include "fault/gup.h"
#include "fault/memory.h"

uint64_t follow_pte(const struct mm_struct *mm, umm_addr_t addr)
{
	const pte_t *slot = pgtable_lookup(&mm->pages->pgt, addr);

	return slot ? pte_get(slot) : 0;
}

char *get_user_page_fast(const struct mm_struct *mm, umm_addr_t addr, unsigned int access)
{
	const struct pgtable *pgt = &mm->pages->pgt;
	const struct pgtable_format *f = pgt->format;
	uint64_t needs = f->present | f->user | f->accessed, pte;

	if (access & UMM_ACCESS_WRITE)
		needs |= f->write | f->dirty | f->soft_dirty;
	if (access & UMM_ACCESS_EXEC)
		needs |= f->exec;
	if (!pgt->phys->frames)
		return NULL;
	pte = pgtable_peek(pgt, addr);
	if (!pte || !pte_is(f, pte, needs))
		return NULL;
	return pgt->phys->frames + (pte_pfn(f, pte) << PAGE_SHIFT);
}

/* Zero pages too: nobody counts them, but a reference can be had. */
static struct page *follow_page(const struct mm_struct *mm, umm_addr_t addr, unsigned int access)
{
	const struct mm_pages *pages = mm->pages;
	pte_t *slot = pgtable_lookup(&pages->pgt, addr);
	struct page *page;

	if (!slot || !pte_access(pages, slot, access))
		return NULL;
	page = pfn_to_page(pages->pgt.phys, pte_pfn(pages->pgt.format, pte_get(slot)));
	get_page(page);
	return page;
}

struct page *get_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access, int *fault)
{
	struct page *page = NULL;

	*fault = UMM_FAULT_OK;
	if (addr >= mm->layout.task_size) {
		*fault = UMM_SEGV_MAPERR;
		return NULL;
	}
	mmap_read_lock(mm);
	page = follow_page(mm, addr, access);
	mmap_read_unlock(mm);
	if (likely(page))
		return page;
	mmap_write_lock(mm);
	*fault = handle_fault(mm, addr, access, NULL);
	if (*fault == UMM_FAULT_OK) {
		page = follow_page(mm, addr, access);
		mm_assert(page);
	}
	mmap_write_unlock(mm);
	return page;
}
