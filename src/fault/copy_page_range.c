/*
 * copy_page_range.c - what fork shares.
 *
 * An entry is copied as it is, but: a frame of private memory can be written by neither any more,
 * and is nobody's alone; the child has used nothing yet, so its entry is old, and of shared memory
 * clean.  Tables are made for the child where the parent has some with entries in them, and nowhere
 * else.
 *
 * The parent is told to forget its writable entries when all is copied, and before the child can
 * run: fork does that, with the gather that all areas add to.
 */
#include "base/err.h"
#include "fault/copy_page_range.h"
#include "rmap/page_rmap.h"

bool vma_needs_copy(const struct vm_area_struct *vma)
{
	return vma->anon_vma || (vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP | VM_HUGETLB |
						  VM_MAYBE_GUARD | UMM_VM_UFFD_WP));
}

/* Take the right to write away: what stands in the parent's entry then. */
static uint64_t write_protect(const struct pgtable_format *f, pte_t *slot, umm_addr_t addr,
			      struct mmu_gather *tlb)
{
	uint64_t pte = pte_get(slot);

	if (!pte_write(f, pte))
		return pte;
	while (!atomic_compare_exchange_weak(slot, &pte, pte_without(f, pte, f->write)))
		;
	tlb_flush_range(tlb, addr, addr + PAGE_SIZE);
	return pte_without(f, pte, f->write);
}

/* The page moves while it is copied: neither will be able to write it in place. */
static uint64_t copy_soft(struct mm_pages *to, vm_flags_t flags, pte_t *slot)
{
	uint64_t pte = pte_get(slot);

	mm_assert(pte_is_migration(to->pgt.format, pte));
	if (is_cow_mapping(flags) && pte_type(pte) == PTE_MIGRATION_WRITE) {
		pte = mk_soft_pte(PTE_MIGRATION_READ, pte_offset(pte),
				  pte & (PTE_SOFT_SOFT_DIRTY | PTE_SOFT_YOUNG | PTE_SOFT_DIRTY));
		pte_set(slot, pte);
	}
	to->rss[mm_counter(pfn_to_page(to->pgt.phys, pte_offset(pte)))]++;
	return pte;
}

static uint64_t copy_present(struct mm_pages *to, vm_flags_t flags, pte_t *slot, umm_addr_t addr,
			     struct mmu_gather *tlb)
{
	const struct pgtable_format *f = to->pgt.format;
	uint64_t pte = is_cow_mapping(flags) ? write_protect(f, slot, addr, tlb) : pte_get(slot);
	struct page *page = vm_normal_page(to, pte);

	if (page) {
		get_page(page);
		page_dup_rmap(page);
		if (page_anon(page))
			page_clear(page, PG_ANON_EXCLUSIVE);
		to->rss[mm_counter(page)]++;
	}
	if (flags & VM_SHARED)
		pte = pte_without(f, pte, f->dirty);
	return pte_without(f, pte, f->accessed);
}

int copy_page_range(struct mm_struct *child, struct mm_struct *parent,
		    const struct vm_area_struct *vma, struct mmu_gather *tlb)
{
	struct mm_pages *from = parent->pages, *to = child->pages;
	umm_addr_t addr = vma->vm_start, stop;
	pte_t *slot;

	for (; (slot = pgtable_next(&from->pgt, &addr, vma->vm_end, &stop)); addr = stop) {
		pte_t *table = NULL;		/* the child's, its first entry */

		for (; addr < stop; addr += PAGE_SIZE, slot++) {
			uint64_t pte = pte_get(slot);

			if (pte_none(pte))
				continue;
			if (!table)
				table = pgtable_alloc(&to->pgt, addr & ~(level_span(1) - 1));
			if (!table)
				return -UMM_ENOMEM;
			pte = pte_present(from->pgt.format, pte)
				      ? copy_present(to, vma->vm_flags, slot, addr, tlb)
				      : copy_soft(to, vma->vm_flags, slot);
			pte_set(&table[level_index(addr, 0)], pte);
		}
	}
	return 0;
}
