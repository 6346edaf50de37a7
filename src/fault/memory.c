/*
 * memory.c - a frame for an address.
 *
 * Theory
 * ------
 * What a fault does is decided by what stands in the entry, the kind of memory, and the access:
 *
 *	nothing there
 *	  1  anonymous, read		the zero page, which nobody counts
 *	  2  anonymous, write		a new frame, zeroed
 *	  3  file, read			the file's frame; not writable yet
 *	  4  file, write, private	a new frame, a copy of the file's
 *	  5  file, write, shared	the file's frame, dirty
 *	a frame that may not be written, write
 *	  6  shared			allowed now, dirty
 *	  7  anonymous, nobody else's	allowed now: no copy
 *	  8  anybody else's, the file's, the zero page	a new frame, a copy
 *	the page is on its way elsewhere
 *	  9				try again
 *	all is allowed already
 *	 10				marked as used
 *
 * Where there is no table yet, a huge page is thought of first: huge_memory.c.
 *
 * "Nobody else's" (7): fork takes PG_ANON_EXCLUSIVE from a frame that it lets two share.  It comes
 * back when whoever shared it has gone, which is when this entry holds the only reference; the
 * frame then belongs to the anon_vma of this area alone, not of an ancestor's.
 *
 * Order.  A new frame is filled before its entry is set.  In 8 the old entry is taken away and
 * flushed before the new one is set: no processor writes to the new frame while another still
 * reads the old.  Frames are had before anything is changed, so 0 frames left means nothing
 * happened, but for tables.
 *
 * Others fault in the same table meanwhile.  What takes time - a frame is had, zeroed, copied - is
 * done without the table's lock; then the lock is taken, and if the entry is not what it was
 * (vmf->orig), the work is thrown away and the entry looked at anew.  So one of two that fault at
 * one address wins, and no frame that somebody wrote to is replaced.
 */
#include "base/assert.h"
#include "fault/huge_memory.h"
#include "fault/memory.h"
#include "object/page_cache.h"
#include "rmap/page_rmap.h"

/* A fault on its way. */
struct vm_fault {
	/* in, read-only */
	struct mm_struct *mm;
	struct mm_pages *pages;
	const struct pgtable_format *format;
	const struct vm_area_struct *vma;
	umm_addr_t address;		/* of the page */
	bool write;
	/* internal */
	pte_t *slot;
	struct page *table;		/* that it is in */
	uint64_t orig;			/* what stood there */
};

static void pte_lock(const struct vm_fault *vmf)
{
	pgtable_lock(&vmf->pages->pgt, vmf->table);
}

static void pte_unlock(const struct vm_fault *vmf)
{
	pgtable_unlock(&vmf->pages->pgt, vmf->table);
}

/* Lock the table.  False, and it is not: the entry is another than we decided by. */
static bool pte_lock_same(const struct vm_fault *vmf)
{
	pte_lock(vmf);
	if (likely(pte_get(vmf->slot) == vmf->orig))
		return true;
	pte_unlock(vmf);
	return false;
}

bool pte_access(const struct mm_pages *pages, pte_t *slot, unsigned int access)
{
	const struct pgtable_format *f = pages->pgt.format;
	uint64_t needs = f->present | f->user, pte = pte_get(slot), used;

	if (access & UMM_ACCESS_WRITE)
		needs |= f->write;
	if (access & UMM_ACCESS_EXEC)
		needs |= f->exec;
	if (!pte_is(f, pte, needs))
		return false;
	used = f->accessed | (access & UMM_ACCESS_WRITE ? f->dirty | f->soft_dirty : 0);
	while (!pte_is(f, pte, used)) {
		if (atomic_compare_exchange_weak(slot, &pte, pte_with(f, pte, used)))
			break;
		if (!pte_is(f, pte, needs))
			return false;
	}
	return true;
}

bool page_is_mapped(const struct mm_struct *mm, umm_addr_t addr)
{
	const pte_t *slot = pgtable_lookup(&mm->pages->pgt, addr);

	if (!slot)
		return pgtable_lookup_huge(&mm->pages->pgt, addr) != NULL;
	return pte_present(mm->pages->pgt.format, pte_get(slot));
}

/* The entry of @page for this access. */
static void set_entry(struct vm_fault *vmf, uint64_t pfn, uint64_t more)
{
	const struct pgtable_format *f = vmf->format;
	uint64_t protection = vma_protection(vmf->pages, vmf->vma) & ~f->write;

	if (vmf->write)
		more |= f->write | f->dirty | f->soft_dirty;
	pte_set(vmf->slot, pte_with(f, mk_pte(f, pfn, protection), more | f->accessed));
}

static struct page *alloc_zeroed_page(struct phys *phys)
{
	struct page *page = alloc_page(phys);

	if (page)
		clear_page(phys, page);
	return page;
}

/* => table locked, which the three that follow do themselves. */
static void map_new_anon_page(struct vm_fault *vmf, struct page *page)
{
	page_add_new_anon_rmap(page, vmf->vma, vmf->address);
	set_entry(vmf, page_to_pfn(vmf->pages->pgt.phys, page), 0);
}

/* Where nothing stands: @page, with one reference, is filled. */
static int map_filled_page(struct vm_fault *vmf, struct page *page)
{
	if (!pte_lock_same(vmf)) {
		put_page(vmf->pages->pgt.phys, page);
		return FAULT_CHANGED;
	}
	map_new_anon_page(vmf, page);
	add_mm_counter(vmf->pages, MM_ANONPAGES, 1);
	pte_unlock(vmf);
	return UMM_FAULT_OK;
}

/* Cases 1 and 2. */
static int do_anonymous_page(struct vm_fault *vmf)
{
	struct phys *phys = vmf->pages->pgt.phys;
	struct page *page;

	if (vmf->write) {
		page = alloc_zeroed_page(phys);
		return page ? map_filled_page(vmf, page) : UMM_FAULT_OOM;
	}
	if (!pte_lock_same(vmf))
		return FAULT_CHANGED;
	set_entry(vmf, page_to_pfn(phys, phys->zero_page), vmf->format->special);
	pte_unlock(vmf);
	return UMM_FAULT_OK;
}

/* Case 4: @page is the file's. */
static int do_cow_fault(struct vm_fault *vmf, const struct page *page)
{
	struct phys *phys = vmf->pages->pgt.phys;
	struct page *copy = alloc_page(phys);

	if (!copy)
		return UMM_FAULT_OOM;
	copy_page(phys, copy, page);
	return map_filled_page(vmf, copy);
}

/* Cases 3 and 5: the caller's reference to @page becomes the entry's, or goes. */
static int map_file_page(struct vm_fault *vmf, struct page *page)
{
	if (!pte_lock_same(vmf)) {
		put_page(vmf->pages->pgt.phys, page);
		return FAULT_CHANGED;
	}
	if (unlikely(page_test(page, PG_TRUNCATED))) {
		pte_unlock(vmf);
		put_page(vmf->pages->pgt.phys, page);
		return FAULT_CHANGED;
	}
	page_dup_rmap(page, vmf->mm);
	add_mm_counter(vmf->pages, mm_counter(page), 1);
	if (vmf->write)
		page_set(page, PG_DIRTY);
	set_entry(vmf, page_to_pfn(vmf->pages->pgt.phys, page), 0);
	pte_unlock(vmf);
	return UMM_FAULT_OK;
}

static bool file_has_pages(const struct vm_area_struct *vma)
{
	return vma->vm_file && !(vma->vm_flags & (VM_PFNMAP | VM_IO));
}

static int do_fault(struct vm_fault *vmf)
{
	const struct vm_area_struct *vma = vmf->vma;
	bool copies = vmf->write && !(vma->vm_flags & VM_SHARED);
	struct page *page;
	int fault;

	if (!file_has_pages(vma))
		return UMM_BUS_ADRERR;
	fault = filemap_get_page(vma->vm_file, linear_page_index(vma, vmf->address), &page);
	if (fault != UMM_FAULT_OK)
		return fault;
	if (!copies)
		return map_file_page(vmf, page);
	fault = do_cow_fault(vmf, page);
	put_page(vmf->pages->pgt.phys, page);
	return fault;
}

/*
 * A read that finds no table maps what lies around it of the file along, as far as it is in memory:
 * of 16 pages side by side those of the area and the table.  Pages themselves are mapped when they
 * are asked for; that a table comes of it is all that is done here.
 */
#define FAULT_AROUND_BYTES (16 * PAGE_SIZE)

static bool maps_around(const struct vm_fault *vmf)
{
	const struct vm_area_struct *vma = vmf->vma;
	umm_addr_t start = vmf->address & ~(FAULT_AROUND_BYTES - 1);
	umm_addr_t end = min_u64(start + FAULT_AROUND_BYTES, vma->vm_end);

	start = max_u64(start, vma->vm_start);
	return !vmf->write && filemap_maps_around(vma->vm_file, linear_page_index(vma, start),
						  linear_page_index(vma, end));
}

/* No table is made for a page that a file has not: UMM_FAULT_OK, or why there is none. */
static int file_fault_wants_table(const struct vm_fault *vmf)
{
	struct page *page;
	int fault;

	if (!file_has_pages(vmf->vma))
		return UMM_BUS_ADRERR;
	fault = filemap_get_page(vmf->vma->vm_file, linear_page_index(vmf->vma, vmf->address),
				 &page);
	if (fault != UMM_FAULT_OK)
		return maps_around(vmf) ? UMM_FAULT_OK : fault;
	put_page(vmf->pages->pgt.phys, page);
	return UMM_FAULT_OK;
}

/*
 * Case 7 for a frame of a huge page: are all entries of any of it this process's, and nobody else
 * holds it?  For the sake of one frame it would be held as a whole: then rather a copy.
 */
static bool wp_can_reuse_large(struct page *page)
{
	if (page_large_mapcount(page) <= 1 || folio_maybe_mapped_shared(page) ||
	    page_large_mapcount(page) != page_count(page))
		return false;
	page_set(page, PG_ANON_EXCLUSIVE);
	return true;
}

/* Case 7: does nobody else hold the frame?  => table locked */
static bool wp_can_reuse(const struct vm_fault *vmf, struct page *page)
{
	if (!page_anon(page))
		return false;
	if (page_test(page, PG_ANON_EXCLUSIVE))
		return true;
	if (unlikely(page_compound(page)))
		return wp_can_reuse_large(page);
	/* Whoever else held it has read what it wanted to: that was before its reference went. */
	if (atomic_load_explicit(&page->refcount, memory_order_acquire) != 1)
		return false;
	page->mapping = vmf->vma->anon_vma;
	page_set(page, PG_ANON_EXCLUSIVE);
	return true;
}

/* Case 8: @copy, which is filled, takes the place of @page, NULL for the zero page. */
static int wp_page_replace(struct vm_fault *vmf, struct page *page, struct page *copy)
{
	struct mm_pages *pages = vmf->pages;

	if (!pte_lock_same(vmf)) {
		put_page(pages->pgt.phys, copy);
		return FAULT_CHANGED;
	}
	(void)pte_get_and_clear(vmf->slot);
	flush_tlb_page(&pages->pgt, vmf->address);
	if (page)
		page_remove_rmap(page, vmf->mm);
	map_new_anon_page(vmf, copy);
	if (!page || !page_anon(page)) {
		add_mm_counter(pages, MM_ANONPAGES, 1);
		if (page)
			add_mm_counter(pages, mm_counter(page), -1);
	}
	pte_unlock(vmf);
	if (page)
		put_page(pages->pgt.phys, page);
	return UMM_FAULT_OK;
}

/* Case 8.  => the caller has a reference to @page. */
static int wp_page_copy(struct vm_fault *vmf, struct page *page)
{
	struct phys *phys = vmf->pages->pgt.phys;
	struct page *copy = page ? alloc_page(phys) : alloc_zeroed_page(phys);
	int fault;

	if (!copy)
		return UMM_FAULT_OOM;
	if (page)
		copy_page(phys, copy, page);
	mmu_notifier_start(vmf->mm, vmf->address, vmf->address + PAGE_SIZE);
	fault = wp_page_replace(vmf, page, copy);
	mmu_notifier_end(vmf->mm, vmf->address, vmf->address + PAGE_SIZE);
	return fault;
}

static int do_wp_page(struct vm_fault *vmf, unsigned int access)
{
	const struct pgtable_format *f = vmf->format;
	struct page *page = vm_normal_page(vmf->pages, vmf->orig);
	bool shared = vmf->vma->vm_flags & VM_SHARED;
	int fault = UMM_FAULT_OK;

	if (page && !shared)
		prefetch_page(vmf->pages->pgt.phys, page);	/* likely to be copied */
	if (!pte_lock_same(vmf))
		return FAULT_CHANGED;
	if (pte_access(vmf->pages, vmf->slot, access)) {
		pte_unlock(vmf);	/* as of just now */
		return UMM_FAULT_OK;
	}
	mm_assert(vmf->write);		/* what else could be missing? */
	if (page && (shared || wp_can_reuse(vmf, page))) {
		if (shared)
			page_set(page, PG_DIRTY);
		pte_set(vmf->slot, pte_with(f, vmf->orig, f->write | f->accessed | f->dirty |
							  f->soft_dirty));
		pte_unlock(vmf);
		return UMM_FAULT_OK;
	}
	/* It stays while it is copied, whatever becomes of the entry. */
	if (page)
		get_page(page);
	pte_unlock(vmf);
	fault = wp_page_copy(vmf, page);
	if (page)
		put_page(vmf->pages->pgt.phys, page);
	return fault;
}

static int handle_pte_fault(struct vm_fault *vmf, unsigned int access)
{
	struct pgtable *pgt = &vmf->pages->pgt;

	vmf->slot = pgtable_find(pgt, vmf->address, &vmf->table);
	if (unlikely(!vmf->slot)) {
		int fault = handle_huge_fault(vmf->mm, vmf->vma, vmf->address, access);

		if (fault != FAULT_FALLBACK)
			return fault;
		if (!vma_is_anonymous(vmf->vma)) {
			fault = file_fault_wants_table(vmf);
			if (fault != UMM_FAULT_OK)
				return fault;
		}
		vmf->slot = pgtable_alloc(pgt, vmf->address, &vmf->table);
	}
	if (unlikely(!vmf->slot))
		return pgtable_lookup_huge(pgt, vmf->address) ? FAULT_CHANGED : UMM_FAULT_OOM;
	if (pte_access(vmf->pages, vmf->slot, access))
		return UMM_FAULT_OK;
	vmf->orig = pte_get(vmf->slot);
	if (pte_none(vmf->orig))
		return vma_is_anonymous(vmf->vma) ? do_anonymous_page(vmf) : do_fault(vmf);
	if (!pte_present(vmf->format, vmf->orig))
		return UMM_FAULT_OOM;		/* case 9 */
	return do_wp_page(vmf, access);
}

int handle_mm_fault(struct mm_struct *mm, const struct vm_area_struct *vma, umm_addr_t addr,
		    unsigned int access)
{
	struct vm_fault vmf = {
		.mm = mm, .pages = mm->pages, .format = mm->pages->pgt.format, .vma = vma,
		.address = addr & PAGE_MASK, .write = access & UMM_ACCESS_WRITE,
	};
	int fault;

	do
		fault = handle_pte_fault(&vmf, access_kind(access));
	while (fault == FAULT_CHANGED);
	return fault;
}
