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
	if (!pgt->phys->frames || access != access_kind(access))
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
	struct page *page = NULL, *table;
	pte_t *slot = pgtable_find(&pages->pgt, addr, &table);

	if (!slot)
		return NULL;
	pgtable_lock(&pages->pgt, table);
	if (pte_access(pages, slot, access)) {
		page = pfn_to_page(pages->pgt.phys, pte_pfn(pages->pgt.format, pte_get(slot)));
		get_page(page);
	}
	pgtable_unlock(&pages->pgt, table);
	return page;
}

struct user_page lock_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access,
				int *fault)
{
	struct user_page user = { .mm = mm };

	access = access_kind(access);
	*fault = UMM_FAULT_OK;
	mmap_read_lock(mm);
	if (addr < mm->layout.task_size)
		user.page = follow_page(mm, addr, access);
	else
		*fault = UMM_SEGV_MAPERR;
	if (likely(user.page))
		return user;
	mmap_read_unlock(mm);
	if (*fault != UMM_FAULT_OK)
		return user;
	mmap_write_lock(mm);
	user.write_locked = true;
	*fault = handle_fault(mm, addr, access, NULL);
	if (*fault == UMM_FAULT_OK) {
		user.page = follow_page(mm, addr, access);
		mm_assert(user.page);
	} else {
		mmap_write_unlock(mm);
	}
	return user;
}

static void drop_lock(const struct user_page *user)
{
	if (user->write_locked)
		mmap_write_unlock(user->mm);
	else
		mmap_read_unlock(user->mm);
}

void unlock_user_page(const struct user_page *user)
{
	put_page(user->mm->world->phys, user->page);
	drop_lock(user);
}

struct page *get_user_page(struct mm_struct *mm, umm_addr_t addr, unsigned int access, int *fault)
{
	struct user_page user = lock_user_page(mm, addr, access, fault);

	if (user.page)
		drop_lock(&user);
	return user.page;
}
