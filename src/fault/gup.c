/*
 * gup.c - reaching into an address space.
 *
 * A fault first, which finds nearly always that the entry is there and allows the access; then,
 * with the area still held, the frame.
 *
 * Who wants no more than the place of a page that is in use already, needs no lock: entries that
 * are about to go, or to allow less, are announced (pgtable.sequence), and what was found while
 * nothing was announced is good until the flush that follows an announcement.
 */
#include "fault/gup.h"
#include "fault/memory.h"

uint64_t follow_pte(const struct mm_struct *mm, umm_addr_t addr)
{
	const struct pgtable *pgt = &mm->pages->pgt;
	const pte_t *slot = pgtable_lookup(pgt, addr);

	if (slot)
		return pte_get(slot);
	slot = pgtable_lookup_huge(pgt, addr);
	return slot ? pmd_pte(pgt->format, pte_get(slot), addr) : 0;
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
	if (!pgt->phys->frames || access != access_kind(access))
		return NULL;
	pte = pgtable_peek(pgt, addr);
	if (!pte || !pte_is(f, pte, needs))
		return NULL;
	return pgt->phys->frames + pte_phys(f, pte);
}

/* Zero pages too: nobody counts them, but a reference can be had. */
static struct page *follow_page(const struct mm_struct *mm, umm_addr_t addr, unsigned int access)
{
	const struct mm_pages *pages = mm->pages;
	struct page *page = NULL, *table;
	pte_t *slot = pgtable_find(&pages->pgt, addr, &table);

	if (!slot)
		slot = pgtable_find_huge(&pages->pgt, addr, &table);
	if (!slot)
		return NULL;
	pgtable_lock(&pages->pgt, table);
	if (pte_access(pages, slot, access)) {
		page = pfn_to_page(pages->pgt.phys,
				   pte_pfn(pages->pgt.format, follow_pte(mm, addr)));
		get_page(page);
	}
	pgtable_unlock(&pages->pgt, table);
	return page;
}

struct user_page lock_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access,
				int *fault)
{
	struct user_page user = { .page = NULL };

	access = access_kind(access);
	while (!user.page) {
		*fault = fault_and_hold(mm, addr, access, NULL, &user.hold);
		if (*fault != UMM_FAULT_OK)
			break;
		user.page = follow_page(mm, addr, access);
		if (!user.page)		/* taken away in between, by its frame */
			fault_release(&user.hold);
	}
	return user;
}

void unlock_user_page(const struct user_page *user)
{
	put_page(user->hold.mm->world->phys, user->page);
	fault_release(&user->hold);
}

struct page *get_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access, int *fault)
{
	struct user_page user = lock_user_page(mm, addr, access, fault);

	if (user.page)
		fault_release(&user.hold);
	return user.page;
}
