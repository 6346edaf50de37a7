/*
 * mm_pages.h - what an address space of a world with pages has besides areas.
 *
 * Layer: space.
 */
#ifndef SPACE_MM_PAGES_H
#define SPACE_MM_PAGES_H

#include "pgtable/mmu_gather.h"
#include "space/mm_types.h"
#include "space/vma_lock.h"

/* What VmRSS is the sum of, and what went to swap.  The zero page is counted nowhere. */
enum mm_counter { MM_FILEPAGES, MM_ANONPAGES, MM_SHMEMPAGES, MM_SWAPENTS, NR_MM_COUNTERS };

/*
 * What the threads of one processor have counted, so that those of several do not write to one
 * line; what one of them maps another may unmap, so only the sum means something.
 */
#define RSS_STRIPES 8

struct rss_stripe {
	_Alignas(64) atomic_llong count[NR_MM_COUNTERS];	/* [a] pages */
};

/*
 * mm->pages; NULL in a world without.
 *
 * Locks, beside those of mm_types.h:
 *	a	atomic
 *	p	the page-table lock of the table that the entry is in
 */
struct mm_pages {
	struct pgtable pgt;			/* tables [a], entries [p] */
	struct rss_stripe rss[RSS_STRIPES];
	atomic_ullong hiwater_rss;	/* [a] pages: the most there ever were, but for now */
	uint64_t hiwater_vm;			/* [m] pages of total_vm: the same */
	struct umm_mmu_notifier *notifiers;	/* [m] [w] and every area; one of them to look */
	struct vma_locks locks;
	atomic_bool has_huge_zero;		/* [a] holds the huge zero page */
};

/* 0 or -UMM_ENOMEM. */
__must_check int mm_pages_create(struct mm_struct *mm);

/*
 * @mm was what happened, @clone is: what @mm had mapped goes, and @clone gets the tables, which are
 * empty then.  mmap_lock of both held for write.
 */
void mm_pages_take(struct mm_struct *clone, struct mm_struct *mm);

/* No frame is mapped, and no table left. */
void mm_pages_destroy(struct mm_struct *mm);

static inline void add_mm_counter(struct mm_pages *pages, enum mm_counter counter, int64_t nr)
{
	const struct umm_platform *platform = &pages->pgt.phys->world->platform;
	unsigned int cpu = platform->cpu_id ? platform->cpu_id(platform->ctx) : 0;

	atomic_fetch_add_explicit(&pages->rss[cpu % RSS_STRIPES].count[counter], nr,
				  memory_order_relaxed);
}

/* Of each kind what was counted on the way. */
static inline void add_mm_rss(struct mm_pages *pages, const int64_t rss[NR_MM_COUNTERS])
{
	for (unsigned int i = 0; i < NR_MM_COUNTERS; i++)
		if (rss[i])
			add_mm_counter(pages, (enum mm_counter)i, rss[i]);
}

/* Pages.  Exact while nobody adds to it, else it may be off, and below 0. */
static inline int64_t sum_mm_counter(const struct mm_pages *pages, enum mm_counter counter)
{
	int64_t sum = 0;

	for (unsigned int i = 0; i < RSS_STRIPES; i++)
		sum += atomic_load_explicit(&pages->rss[i].count[counter], memory_order_relaxed);
	return sum;
}

static inline uint64_t get_mm_counter(const struct mm_pages *pages, enum mm_counter counter)
{
	int64_t sum = sum_mm_counter(pages, counter);

	return sum > 0 ? (uint64_t)sum : 0;
}

static inline uint64_t get_mm_rss(const struct mm_pages *pages)
{
	return get_mm_counter(pages, MM_FILEPAGES) + get_mm_counter(pages, MM_ANONPAGES) +
	       get_mm_counter(pages, MM_SHMEMPAGES);
}

static inline uint64_t get_mm_hiwater_rss(const struct mm_pages *pages)
{
	return max_u64(atomic_load_explicit(&pages->hiwater_rss, memory_order_relaxed),
		       get_mm_rss(pages));
}

/* Before pages go.  Of two at once one may be forgotten. */
static inline void update_hiwater_rss(struct mm_pages *pages)
{
	atomic_store_explicit(&pages->hiwater_rss, get_mm_hiwater_rss(pages), memory_order_relaxed);
}

/* Which counter a frame that is mapped belongs to. */
static inline enum mm_counter mm_counter(const struct page *page)
{
	if (page_anon(page))
		return MM_ANONPAGES;
	return page_test(page, PG_SHMEM) ? MM_SHMEMPAGES : MM_FILEPAGES;
}

/*
 * Tell those who map the address space a second time: entries in [start, end) are about to allow
 * less, and do now.  Between the two they may not take new ones.
 */
void mmu_notifier_start(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);
void mmu_notifier_end(struct mm_struct *mm, umm_addr_t start, umm_addr_t end);

/* An area is about to begin or end at @addr: no entry may lie across it. */
static inline void area_boundary(struct mm_struct *mm, umm_addr_t addr)
{
	if (mm->pages)
		mm->world->page_ops->boundary(mm, addr);
}

/* The format's properties for an area: pte_protection(). */
static inline uint64_t vma_protection(const struct mm_pages *pages,
				      const struct vm_area_struct *vma)
{
	return pte_protection(pages->pgt.format, vma->vm_flags & VM_ACCESS_FLAGS,
			      vma->vm_flags & VM_WRITE, vma->vm_flags & VM_EXEC);
}

/* Memory that a write takes away from whoever shares it: private, and may be written some day. */
static inline bool is_cow_mapping(vm_flags_t flags)
{
	return (flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE;
}

/* The offset of @addr in what the area maps: page->index of what stands there. */
static inline uint64_t linear_page_index(const struct vm_area_struct *vma, umm_addr_t addr)
{
	return vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
}

/* The frame that a present entry leads to, or NULL for one that nobody counts. */
static inline struct page *vm_normal_page(const struct mm_pages *pages, uint64_t pte)
{
	if (pte_special(pages->pgt.format, pte))
		return NULL;
	return pfn_to_page(pages->pgt.phys, pte_pfn(pages->pgt.format, pte));
}

#endif
