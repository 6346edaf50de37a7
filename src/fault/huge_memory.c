/*
 * huge_memory.c - a huge page for an address.
 *
 * Theory
 * ------
 * Where a fault finds no table of small entries, the cases of memory.c have counterparts of 2 MiB:
 *
 *	nothing there, anonymous memory that may have huge pages, all 2 MiB in the area
 *	  H1  read			the huge zero page: one for all
 *	  H2  write			512 new frames, zeroed
 *	a huge page that may not be written, write
 *	  H3  nobody else's		allowed now: no copy
 *	  H4  the huge zero page	512 new frames, zeroed
 *	  H5  anybody else's		the entry is cut; memory.c copies the one small page
 *	all is allowed already
 *	  H6				marked as used
 *
 * If no 512 frames lie side by side, H1 and H2 are left to memory.c, and H4 is cut as H5 is.  The
 * table that a cut needs is made in H1 and H2, at fork and when pages are collapsed, so that a cut
 * never fails (pgtable.c).
 *
 * That a table is there, be it empty, settles it for small pages: who unmaps all of the 2 MiB, or
 * gives all of it back (MADV_DONTNEED), takes the table away and opens the way again.
 *
 * Order is as in memory.c: filled, then set; taken away and flushed, then set anew.
 */
#include "base/assert.h"
#include "base/err.h"
#include "fault/huge_memory.h"
#include "fault/memory.h"
#include "fault/thp.h"
#include "rmap/huge_pmd.h"
#include "rmap/page_rmap.h"

/* A fault on its way. */
struct huge_fault {
	/* in, read-only */
	struct mm_struct *mm;
	struct pgtable *pgt;
	const struct vm_area_struct *vma;
	umm_addr_t address;		/* of the 2 MiB */
	bool write;
	/* internal */
	pte_t *slot;
	struct page *table;		/* that it is in */
	uint64_t orig;			/* what stood there */
};

static struct page *alloc_zeroed_huge_page(struct phys *phys)
{
	struct page *head = alloc_huge_page(phys);

	if (head)
		clear_huge_page(phys, head);
	return head;
}

uint64_t mk_huge_pmd(const struct mm_pages *pages, const struct vm_area_struct *vma,
		     const struct page *head, bool write)
{
	const struct pgtable_format *f = pages->pgt.format;
	uint64_t protection = vma_protection(pages, vma), more = f->accessed;
	uint64_t pfn = page_to_pfn(pages->pgt.phys, head);

	if (write)
		more |= f->dirty | f->soft_dirty;
	else
		protection &= ~f->write;
	return pmd_mkhuge(f, pte_with(f, mk_pte(f, pfn, protection), more));
}

/* ---- nothing there -------------------------------------------------------------------------- */

/* The address space holds the huge zero page until it goes. */
static struct page *mm_get_huge_zero_page(struct mm_pages *pages)
{
	struct phys *phys = pages->pgt.phys;
	struct page *head;

	if (atomic_load(&pages->has_huge_zero))
		return phys->huge_zero_page;
	head = get_huge_zero_page(phys);
	if (head && atomic_exchange(&pages->has_huge_zero, true))
		put_huge_zero_page(phys);	/* somebody else has it for us all */
	return head;
}

/* Put @pmd where nothing is, and a table in reserve.  False: something is.  => table locked */
static bool set_first(struct huge_fault *hf, uint64_t pmd, struct page *reserve)
{
	uint64_t none = 0;

	if (!atomic_compare_exchange_strong(hf->slot, &none, pmd))
		return false;
	pgtable_deposit(hf->pgt, hf->table, reserve);
	return true;
}

/* Case H1. */
static bool map_huge_zero_page(struct huge_fault *hf, struct page *head, struct page *reserve)
{
	uint64_t pmd = mk_huge_pmd(hf->mm->pages, hf->vma, head, false);
	bool done;

	pgtable_lock(hf->pgt, hf->table);
	done = set_first(hf, pte_with(hf->pgt->format, pmd, hf->pgt->format->special), reserve);
	pgtable_unlock(hf->pgt, hf->table);
	return done;
}

/* Case H2: @head, with one reference, is filled. */
static bool map_new_huge_page(struct huge_fault *hf, struct page *head, struct page *reserve)
{
	bool done;

	pgtable_lock(hf->pgt, hf->table);
	page_add_new_anon_rmap_huge(head, hf->vma, hf->address, hf->mm);
	done = set_first(hf, mk_huge_pmd(hf->mm->pages, hf->vma, head, true), reserve);
	if (done)
		add_mm_counter(hf->mm->pages, MM_ANONPAGES, HUGE_PAGES);
	else
		page_remove_rmap_huge(head, hf->mm);
	pgtable_unlock(hf->pgt, hf->table);
	if (!done)
		put_page(hf->pgt->phys, head);
	return done;
}

/* Cases H1 and H2. */
static int do_huge_pmd_anonymous_page(struct huge_fault *hf)
{
	struct phys *phys = hf->pgt->phys;
	struct page *head, *reserve;
	bool done;

	head = hf->write ? alloc_zeroed_huge_page(phys) : mm_get_huge_zero_page(hf->mm->pages);
	if (!head)
		return FAULT_FALLBACK;
	reserve = pgtable_alloc_table(hf->pgt);
	if (!reserve) {
		if (hf->write)
			put_page(phys, head);
		return UMM_FAULT_OOM;
	}
	done = (hf->write ? map_new_huge_page : map_huge_zero_page)(hf, head, reserve);
	if (!done)
		pgtable_free_table(phys, reserve);
	return done ? UMM_FAULT_OK : FAULT_CHANGED;
}

/* ---- a huge page is there ------------------------------------------------------------------- */

/* Lock the table.  False, and it is not: the entry is another than we decided by. */
static bool pmd_lock_same(const struct huge_fault *hf)
{
	pgtable_lock(hf->pgt, hf->table);
	if (likely(pte_get(hf->slot) == hf->orig))
		return true;
	pgtable_unlock(hf->pgt, hf->table);
	return false;
}

/* Case H3: does nobody else hold the page?  => table locked */
static bool wp_can_reuse_huge(const struct vm_area_struct *vma, struct page *head)
{
	if (page_test(head, PG_ANON_EXCLUSIVE))
		return true;
	if (atomic_load_explicit(&head->refcount, memory_order_acquire) != 1)
		return false;
	head->mapping = vma->anon_vma;
	page_set(head, PG_ANON_EXCLUSIVE);
	return true;
}

/* Case H4: @head, which is filled, takes the place of the huge zero page. */
static int replace_huge_zero_page(struct huge_fault *hf, struct page *head)
{
	const struct pgtable_format *f = hf->pgt->format;

	if (!pmd_lock_same(hf)) {
		put_page(hf->pgt->phys, head);
		return FAULT_CHANGED;
	}
	/* Nobody may use it, but it is not none: a table would be put there. */
	(void)pte_clear_properties(f, hf->slot, f->present);
	flush_tlb_range(hf->pgt, hf->address, hf->address + PMD_SIZE);
	page_add_new_anon_rmap_huge(head, hf->vma, hf->address, hf->mm);
	add_mm_counter(hf->mm->pages, MM_ANONPAGES, HUGE_PAGES);
	pte_set(hf->slot, mk_huge_pmd(hf->mm->pages, hf->vma, head, true));
	pgtable_unlock(hf->pgt, hf->table);
	return UMM_FAULT_OK;
}

static int wp_huge_zero_page(struct huge_fault *hf)
{
	struct page *head = alloc_zeroed_huge_page(hf->pgt->phys);
	int fault;

	if (!head)
		return FAULT_FALLBACK;
	mmu_notifier_start(hf->mm, hf->address, hf->address + PMD_SIZE);
	fault = replace_huge_zero_page(hf, head);
	mmu_notifier_end(hf->mm, hf->address, hf->address + PMD_SIZE);
	return fault;
}

/* Case H3 if it is one. */
static int wp_reuse_huge(struct huge_fault *hf, struct page *head)
{
	const struct pgtable_format *f = hf->pgt->format;
	bool reused;

	if (!pmd_lock_same(hf))
		return FAULT_CHANGED;
	reused = wp_can_reuse_huge(hf->vma, head);
	if (reused)
		pte_set(hf->slot, pte_with(f, hf->orig, f->write | f->accessed | f->dirty |
							f->soft_dirty));
	pgtable_unlock(hf->pgt, hf->table);
	return reused ? UMM_FAULT_OK : FAULT_FALLBACK;
}

/* Cases H3 to H5. */
static int do_huge_pmd_wp_page(struct huge_fault *hf)
{
	struct page *head = vm_normal_page(hf->mm->pages, hf->orig);
	int fault = head ? wp_reuse_huge(hf, head) : wp_huge_zero_page(hf);

	if (fault == FAULT_FALLBACK)
		split_huge_pmd(hf->mm, hf->slot, hf->address);
	return fault;
}

/* => hf->slot leads to a huge page, or did just now. */
static int handle_huge_pmd(struct huge_fault *hf, unsigned int access)
{
	hf->orig = pte_get(hf->slot);
	if (!pmd_leaf(hf->pgt->format, hf->orig))
		return FAULT_CHANGED;
	if (pte_access(hf->mm->pages, hf->slot, access))
		return UMM_FAULT_OK;
	if (!hf->write || !pte_present(hf->pgt->format, hf->orig)) {
		pgtable_lock(hf->pgt, hf->table);	/* it is being replaced: wait */
		pgtable_unlock(hf->pgt, hf->table);
		return FAULT_CHANGED;
	}
	return do_huge_pmd_wp_page(hf);
}

int handle_huge_fault(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t addr,
		      unsigned int access)
{
	struct huge_fault hf = {
		.mm = mm, .pgt = &mm->pages->pgt, .vma = vma, .address = addr & PMD_MASK,
		.write = access & UMM_ACCESS_WRITE,
	};

	hf.slot = pgtable_find_huge(hf.pgt, addr, &hf.table);
	if (hf.slot)
		return handle_huge_pmd(&hf, access);
	if (!thp_fault_eligible(mm, vma, addr))
		return FAULT_FALLBACK;
	hf.slot = pgtable_alloc_level(hf.pgt, addr, 1);
	if (!hf.slot)
		return UMM_FAULT_OOM;
	hf.table = pgtable_pmd_table(hf.pgt, addr);
	if (!pte_none(pte_get(hf.slot)))
		return FAULT_CHANGED;
	return do_huge_pmd_anonymous_page(&hf);
}

/* ---- fork ----------------------------------------------------------------------------------- */

/* => both tables locked */
static uint64_t share_huge_pmd(struct mm_struct *child, pte_t *slot, umm_addr_t addr,
			       struct mmu_gather *tlb)
{
	const struct pgtable_format *f = child->pages->pgt.format;
	uint64_t pmd = pte_get(slot);
	struct page *head = vm_normal_page(child->pages, pmd);

	if (head) {
		get_page(head);
		page_dup_rmap_huge(head, child);
		page_clear(head, PG_ANON_EXCLUSIVE);
		add_mm_counter(child->pages, MM_ANONPAGES, HUGE_PAGES);
	}
	if (pte_write(f, pmd)) {
		pmd = pte_clear_properties(f, slot, f->write);
		tlb_flush_range(tlb, addr, addr + PMD_SIZE);
	}
	return pte_without(f, pmd, f->write | f->accessed);
}

int copy_huge_pmd(struct mm_struct *child, struct mm_struct *parent, pte_t *slot, umm_addr_t addr,
		  struct mmu_gather *tlb)
{
	const struct umm_platform *platform = &child->world->platform;
	struct pgtable *pgt = &child->pages->pgt;
	pte_t *copy = pgtable_alloc_level(pgt, addr, 1);
	struct page *reserve = copy ? pgtable_alloc_table(pgt) : NULL, *from, *to;

	if (!reserve)
		return -UMM_ENOMEM;	/* no reason: the caller says so */
	if (pte_special(pgt->format, pte_get(slot)))
		(void)mm_get_huge_zero_page(child->pages);	/* the parent holds it */
	from = pgtable_pmd_table(&parent->pages->pgt, addr);
	to = pgtable_pmd_table(pgt, addr);
	spin_lock_two(platform, &from->ptl, &to->ptl);
	pgtable_deposit(pgt, to, reserve);
	pte_set(copy, share_huge_pmd(child, slot, addr, tlb));
	spin_unlock_two(platform, &from->ptl, &to->ptl);
	return 0;
}
