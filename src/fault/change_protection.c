/*
 * change_protection.c - what stands in a range allows what its area allows now.
 *
 * Writing is given back only where no fault would have anything to do: a private frame must be this
 * process's alone, a shared one written before.  Everything else is found out at the next write.
 */
#include "fault/change_protection.h"
#include "pgtable/mmu_gather.h"

static bool can_write_at_once(const struct mm_pages *pages, const struct vm_area_struct *vma,
			      uint64_t pte)
{
	const struct page *page = vm_normal_page(pages, pte);

	if (!(vma->vm_flags & VM_WRITE))
		return false;
	if (vma->vm_flags & VM_SHARED)
		return pte_is(pages->pgt.format, pte, pages->pgt.format->dirty);
	return page && page_anon(page) && page_test(page, PG_ANON_EXCLUSIVE);
}

/* Does the new entry forbid something that the old one allowed? */
static bool forbids(const struct pgtable_format *f, uint64_t old_pte, uint64_t new_pte)
{
	uint64_t rights = f->present | f->write | f->exec | f->user;

	return (old_pte ^ f->invert) & ~(new_pte ^ f->invert) & rights;
}

static uint64_t changed_entry(const struct mm_pages *pages, const struct vm_area_struct *vma,
			      uint64_t pte)
{
	const struct pgtable_format *f = pages->pgt.format;
	uint64_t protection = vma_protection(pages, vma) & ~f->write;

	if (!pte_present(f, pte)) {
		if (pte_type(pte) == PTE_MIGRATION_WRITE)
			return mk_soft_pte(PTE_MIGRATION_READ, pte_offset(pte),
					   pte & (PTE_SOFT_EXCLUSIVE | PTE_SOFT_SOFT_DIRTY |
						  PTE_SOFT_YOUNG | PTE_SOFT_DIRTY));
		return pte;
	}
	if (can_write_at_once(pages, vma, pte))
		protection |= f->write;
	return pte_modify(f, pte, protection);
}

/* The entry at @slot, of [start, end).  => table locked */
static void change_entry(struct mmu_gather *tlb, const struct vm_area_struct *vma, pte_t *slot,
			 umm_addr_t start, umm_addr_t end)
{
	const struct mm_pages *pages = container_of(tlb->pgt, struct mm_pages, pgt);
	uint64_t pte = pte_get(slot), changed;

	/* Hardware may mark it in between: then it is looked at again. */
	do
		changed = changed_entry(pages, vma, pte);
	while (!atomic_compare_exchange_weak(slot, &pte, changed));
	if (pte_present(tlb->pgt->format, pte) && forbids(tlb->pgt->format, pte, changed))
		tlb_flush_range(tlb, start, end);
}

void change_protection(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t start,
		       umm_addr_t end)
{
	umm_addr_t addr = start, stop;
	struct mmu_gather tlb;
	struct page *table;
	pte_t *slot;
	bool huge;

	mm_assert_debug(vma->vm_start <= start && end <= vma->vm_end);
	mmu_notifier_start(mm, start, end);
	tlb_gather_mmu(&tlb, &mm->pages->pgt);
	for (; (slot = pgtable_next(&mm->pages->pgt, &addr, end, &stop, &huge)); addr = stop) {
		/* No area has a part of a huge entry only, nor has the range. */
		uint64_t bytes = huge ? PMD_SIZE : PAGE_SIZE;

		mm_assert(!huge || stop - addr == PMD_SIZE);
		table = pgtable_lock_at(&mm->pages->pgt, addr);
		for (; addr < stop; addr += bytes, slot++)
			if (!pte_none(pte_get(slot)))
				change_entry(&tlb, vma, slot, addr, addr + bytes);
		pgtable_unlock(&mm->pages->pgt, table);
	}
	tlb_finish_mmu(&tlb);
	mmu_notifier_end(mm, start, end);
}
