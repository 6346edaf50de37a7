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
	pte = pte_clear_properties(f, slot, f->write);
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
	add_mm_counter(to, mm_counter(pfn_to_page(to->pgt.phys, pte_offset(pte))), 1);
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
		add_mm_counter(to, mm_counter(page), 1);
	}
	if (flags & VM_SHARED)
		pte = pte_without(f, pte, f->dirty);
	return pte_without(f, pte, f->accessed);
}

/* [addr, stop), whose entries begin at @slot: 0, or -UMM_ENOMEM for want of a table. */
static int copy_pte_range(struct mm_pages *to, struct mm_pages *from, vm_flags_t flags,
			  pte_t *slot, umm_addr_t addr, umm_addr_t stop, struct mmu_gather *tlb)
{
	const struct umm_platform *platform = &from->pgt.phys->world->platform;
	struct page *src_table, *dst_table;
	pte_t *dst;

	while (addr < stop && pte_none(pte_get(slot))) {
		addr += PAGE_SIZE;
		slot++;
	}
	if (addr == stop)
		return 0;
	dst = pgtable_alloc(&to->pgt, addr, &dst_table);
	if (!dst)
		return -UMM_ENOMEM;
	(void)pgtable_find(&from->pgt, addr, &src_table);
	spin_lock_two(platform, &src_table->ptl, &dst_table->ptl);
	for (; addr < stop; addr += PAGE_SIZE, slot++, dst++) {
		uint64_t pte = pte_get(slot);

		if (pte_none(pte))
			continue;
		pte = pte_present(from->pgt.format, pte) ? copy_present(to, flags, slot, addr, tlb)
							 : copy_soft(to, flags, slot);
		pte_set(dst, pte);
	}
	spin_unlock_two(platform, &src_table->ptl, &dst_table->ptl);
	return 0;
}

int copy_page_range(struct mm_struct *child, struct mm_struct *parent,
		    const struct vm_area_struct *vma, struct mmu_gather *tlb)
{
	umm_addr_t addr = vma->vm_start, stop;
	pte_t *slot;
	int err = 0;

	for (; !err && (slot = pgtable_next(&parent->pages->pgt, &addr, vma->vm_end, &stop));
	     addr = stop)
		err = copy_pte_range(child->pages, parent->pages, vma->vm_flags, slot, addr, stop,
				     tlb);
	return err;
}
