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
#include "fault/huge_memory.h"
#include "rmap/page_rmap.h"

bool vma_needs_copy(const struct vm_area_struct *vma)
{
	return vma->anon_vma || (vma->vm_flags & (VM_PFNMAP | VM_MIXEDMAP | VM_HUGETLB |
						  VM_MAYBE_GUARD | UMM_VM_UFFD_WP));
}

/* A table of an area on its way, with both tables locked. */
struct pte_copy {
	struct mm_pages *from, *to;
	vm_flags_t flags;
	struct mmu_gather *tlb;
	int64_t rss[NR_MM_COUNTERS];	/* the child's, not added yet */
};

/* Take the right to write away: what stands in the parent's entry then. */
static uint64_t write_protect(struct pte_copy *copy, pte_t *slot, uint64_t pte, umm_addr_t addr)
{
	const struct pgtable_format *f = copy->from->pgt.format;

	if (!pte_write(f, pte))
		return pte;
	pte = pte_clear_properties(f, slot, f->write);
	tlb_flush_range(copy->tlb, addr, addr + PAGE_SIZE);
	return pte_without(f, pte, f->write);
}

/* The page moves while it is copied: neither will be able to write it in place. */
static uint64_t copy_soft(struct pte_copy *copy, pte_t *slot, uint64_t pte)
{
	struct phys *phys = copy->to->pgt.phys;

	mm_assert(pte_is_migration(copy->from->pgt.format, pte));
	if (is_cow_mapping(copy->flags) && pte_type(pte) == PTE_MIGRATION_WRITE) {
		pte = mk_soft_pte(PTE_MIGRATION_READ, pte_offset(pte),
				  pte & (PTE_SOFT_SOFT_DIRTY | PTE_SOFT_YOUNG | PTE_SOFT_DIRTY));
		pte_set(slot, pte);
	}
	copy->rss[mm_counter(pfn_to_page(phys, pte_offset(pte)))]++;
	return pte;
}

static uint64_t copy_present(struct pte_copy *copy, pte_t *slot, uint64_t pte, umm_addr_t addr)
{
	const struct pgtable_format *f = copy->from->pgt.format;
	struct page *page;

	if (is_cow_mapping(copy->flags))
		pte = write_protect(copy, slot, pte, addr);
	page = vm_normal_page(copy->from, pte);
	if (page) {
		page_share(page, copy->to->pgt.owner);
		copy->rss[mm_counter(page)]++;
	}
	if (copy->flags & VM_SHARED)
		pte = pte_without(f, pte, f->dirty);
	return pte_without(f, pte, f->accessed);
}

static void copy_ptes(struct pte_copy *copy, pte_t *dst, pte_t *slot, umm_addr_t addr,
		      umm_addr_t stop)
{
	const struct pgtable_format *f = copy->from->pgt.format;

	for (; addr < stop; addr += PAGE_SIZE, slot++, dst++) {
		uint64_t pte = pte_get(slot);

		if (pte_none(pte))
			continue;
		pte = pte_present(f, pte) ? copy_present(copy, slot, pte, addr)
					  : copy_soft(copy, slot, pte);
		pte_set(dst, pte);
	}
}

/*
 * [addr, stop), whose entries begin at @slot: 0, or -UMM_ENOMEM for want of a table.  The child has
 * one wherever the parent does, also without entries: where it is, no huge page will be.
 */
static int copy_pte_range(struct mm_pages *to, struct mm_pages *from, vm_flags_t flags,
			  pte_t *slot, umm_addr_t addr, umm_addr_t stop, struct mmu_gather *tlb)
{
	const struct umm_platform *platform = &from->pgt.phys->world->platform;
	struct pte_copy copy = { .from = from, .to = to, .flags = flags, .tlb = tlb };
	struct page *src_table, *dst_table;
	pte_t *dst;

	dst = pgtable_alloc(&to->pgt, addr, &dst_table);
	if (!dst)
		return -UMM_ENOMEM;
	(void)pgtable_find(&from->pgt, addr, &src_table);
	spin_lock_two(platform, &src_table->ptl, &dst_table->ptl);
	copy_ptes(&copy, dst, slot, addr, stop);
	spin_unlock_two(platform, &src_table->ptl, &dst_table->ptl);
	add_mm_rss(to, copy.rss);
	return 0;
}

int copy_page_range(struct mm_struct *child, struct mm_struct *parent,
		    const struct vm_area_struct *vma, struct mmu_gather *tlb)
{
	umm_addr_t addr = vma->vm_start, stop;
	pte_t *slot;
	int err = 0;
	bool huge;

	for (; !err && (slot = pgtable_next(&parent->pages->pgt, &addr, vma->vm_end, &stop, &huge));
	     addr = stop) {
		if (unlikely(huge))
			err = copy_huge_pmd(child, parent, slot, addr, tlb);
		else
			err = copy_pte_range(child->pages, parent->pages, vma->vm_flags, slot,
					     addr, stop, tlb);
	}
	return err;
}
