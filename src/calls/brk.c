/*
 * brk.c - the heap: one range of anonymous memory from start_brk, moved by its end.
 *
 * The system call never says why it refused: it answers the old break.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/brk.h"
#include "calls/munmap.h"
#include "fault/populate.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/ksm.h"
#include "space/mm.h"
#include "space/unmapped_area.h"
#include "space/vma.h"
#include "space/vma_tree.h"

static long check_data_limit(const struct mm_struct *mm, umm_addr_t brk, struct umm_why *why)
{
	const struct umm_layout *l = &mm->layout;
	uint64_t limit = mm->rlimit[MM_RLIMIT_DATA].soft;
	uint64_t bytes = (brk - l->start_brk) + (l->end_data - l->start_data);

	if (limit == UMM_RLIM_INFINITY)
		return 0;
	return check(why, bytes <= limit, WHY_BRK_DATA_LIMIT, bytes, limit);
}

static long brk_shrink(struct mm_struct *mm, umm_addr_t brk, umm_addr_t start, umm_addr_t end,
		       struct umm_why *why)
{
	const struct vm_area_struct *vma = find_vma(&mm->tree, start);
	long err;

	err = check(why, vma && vma->vm_start < end, WHY_BRK_NOTHING, start, end);
	if (err)
		return err;
	err = do_munmap_range(mm, start, end, why);
	if (err)
		return err;
	note(why, NOTE_BRK_SHRANK, (end - start) >> PAGE_SHIFT, brk, 0, 0);
	return 0;
}

/* A page must stay free above the heap; below a stack, its guard gap too. */
static long check_neighbour(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			    struct umm_why *why)
{
	uint64_t reach = PAGE_SIZE + mm->world->settings.stack_guard_gap;
	const struct vm_area_struct *next = find_vma_intersection(&mm->tree, start, end + reach);

	if (next && end + PAGE_SIZE > vm_start_gap(mm, next))
		return refuse4(why, WHY_BRK_NEIGHBOUR, end, vm_start_gap(mm, next) - PAGE_SIZE,
			       next->vm_start, next->vm_end);
	passed(why, WHY_BRK_NEIGHBOUR, end, next ? vm_start_gap(mm, next) - PAGE_SIZE : UINT64_MAX);
	return 0;
}

static vm_flags_t brk_flags(const struct mm_struct *mm)
{
	vm_flags_t flags = VM_READ | VM_WRITE | VM_MAY_FLAGS | VM_ACCOUNT | mm->def_flags;

	if (mm->personality & UMM_READ_IMPLIES_EXEC)
		flags |= VM_EXEC;
	return rule(mm->world, RULE_KSM_EARLY) ? ksm_vma_flags(mm, flags) : flags;
}

/*
 * Extend the area that ends there, if it is like what is asked for; never the one above.  Where the
 * heap begins, what ends there is not heap; further up it may begin below the heap.
 */
static struct vm_area_struct *expand_heap(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
					  vm_flags_t flags, struct umm_why *why)
{
	struct vm_area_struct *prev;

	(void)find_vma_prev(&mm->tree, start, &prev);
	if (!prev || prev->vm_end != start || start <= mm->layout.start_brk)
		return NULL;
	return vma_merge(&(struct vma_merge_struct){
		.mm = mm, .start = start, .end = end, .flags = flags,
		.pgoff = start >> PAGE_SHIFT, .prev = prev, .why = why,
	});
}

/* do_brk_flags: make [start, end) heap, or bss; @more: flags that a heap does not have. */
static long do_brk_flags(struct mm_struct *mm, umm_addr_t start, umm_addr_t end, vm_flags_t more,
			 struct umm_why *why)
{
	uint64_t max = mm->world->settings.max_map_count;
	uint64_t nr_pages = (end - start) >> PAGE_SHIFT;
	vm_flags_t flags = brk_flags(mm) | more;
	struct vm_area_struct *vma;
	struct vma_slot slot;
	bool free_slot;
	long err;

	err = may_expand_vm(mm, flags, (int64_t)nr_pages, why);
	if (err)
		return err;
	err = check(why, mm->tree.map_count <= max, WHY_MAP_COUNT, mm->tree.map_count, max);
	if (err)
		return err;
	err = security_vm_enough_memory_mm(mm, nr_pages, why);
	if (err)
		return err;

	vma = expand_heap(mm, start, end, flags, why);
	if (!vma) {
		free_slot = find_vma_links(&mm->tree, start, end, &slot);
		mm_assert(free_slot);
		vma = vm_area_alloc(mm, start, end, ksm_vma_flags(mm, flags));
		vma->vm_pgoff = start >> PAGE_SHIFT;
		vma_link(&mm->tree, vma, &slot);
		note(why, NOTE_NEW_AREA, start, end, flags, mm->tree.map_count);
		world_event(mm->world, UMM_EVENT_AREA_ADD, mm, start, end, 0);
	}
	vm_stat_account(mm, flags, (int64_t)nr_pages);
	if (flags & VM_LOCKED) {
		mm->locked_vm += nr_pages;
		populate_range(mm, start, end);
	}
	return 0;
}

static long brk_grow(struct mm_struct *mm, umm_addr_t brk, umm_addr_t start, umm_addr_t end,
		     struct umm_why *why)
{
	struct unmapped_area_request area = { start, end - start, 0, UMM_MAP_FIXED };
	int64_t addr;
	long err;

	/*
	 * Ours first: an area, and an anon_vma in case the heap is locked and so written at once.
	 */
	err = mm_reserve(mm, 1, 0, why);
	if (err)
		return err;
	err = anon_vma_reserve(mm, 1, why);
	if (err)
		return err;
	addr = get_unmapped_area(mm, NULL, &area, why);
	if (IS_ERR_VALUE(addr))
		return (long)addr;
	err = mlock_future_ok(mm, mm->def_flags, area.len >> PAGE_SHIFT, WHY_MLOCK_LIMIT, why);
	if (err)
		return err;
	err = check_neighbour(mm, start, end, why);
	if (err)
		return err;
	err = do_brk_flags(mm, start, end, 0, why);
	if (err)
		return err;
	note(why, NOTE_BRK_GREW, (end - start) >> PAGE_SHIFT, brk, 0, 0);
	return 0;
}

static long do_brk(struct mm_struct *mm, umm_addr_t brk, struct umm_why *why)
{
	umm_addr_t start_brk = mm->layout.start_brk, old = mm->layout.brk;
	umm_addr_t new_end, old_end;
	long err;

	if (!brk) {			/* what sbrk(0) and the C library's start do */
		note(why, NOTE_BRK_QUERY, old, 0, 0, 0);
		return 0;
	}
	err = check(why, brk >= start_brk, WHY_BRK_BELOW, brk, start_brk);
	if (err)
		return err;
	err = check_data_limit(mm, brk, why);
	if (err) {
		ruled_out(why, mm->tree.map_count <= mm->world->settings.max_map_count,
			  WHY_MAP_COUNT, mm->tree.map_count, mm->world->settings.max_map_count);
		ruled_out(why, brk < mm->layout.task_size, WHY_ADDR_TOO_HIGH, brk, 0);
		return err;
	}
	new_end = page_align(brk);
	old_end = page_align(old);
	if (new_end == old_end && new_end >= brk) {
		note(why, NOTE_BRK_SAME_PAGE, brk, 0, 0, 0);
		mm->layout.brk = brk;
		return 0;
	}
	if (brk <= old)
		err = brk_shrink(mm, brk, new_end, old_end, why);
	else if (new_end < brk)		/* rounding wrapped around */
		err = refuse4(why, WHY_ADDR_TOO_HIGH, old_end, brk - old_end,
			      mm->layout.task_size, 0);
	else
		err = brk_grow(mm, brk, old_end, new_end, why);
	if (err)
		return err;
	mm->layout.brk = brk;
	mm_assert_expensive(mm_is_valid(mm));
	return 0;
}

long vm_brk_flags(struct mm_struct *mm, umm_addr_t start, uint64_t request, bool executable,
		  struct umm_why *why)
{
	struct unmapped_area_request area = { start, page_align(request), 0, UMM_MAP_FIXED };
	int64_t addr;
	long err;

	if (area.len < request)
		return refuse(why, WHY_LENGTH_OVERFLOW, request, 0);
	if (!area.len)
		return 0;
	addr = get_unmapped_area(mm, NULL, &area, why);
	if (IS_ERR_VALUE(addr))
		return (long)addr;
	err = mlock_future_ok(mm, mm->def_flags, area.len >> PAGE_SHIFT, WHY_MLOCK_LIMIT, why);
	if (err)
		return err;
	err = do_munmap_range(mm, start, start + area.len, why);
	if (err)
		return err;
	err = mm_reserve(mm, 1, 0, why);
	if (err)
		return err;
	err = anon_vma_reserve(mm, 1, why);
	if (err)
		return err;
	return do_brk_flags(mm, start, start + area.len, executable ? VM_EXEC : 0, why);
}

umm_addr_t sys_brk(struct mm_struct *mm, umm_addr_t brk, struct umm_why *why)
{
	umm_addr_t answer;
	long err;

	mmap_write_lock(mm);
	err = do_brk(mm, brk, why);
	answer = mm->layout.brk;
	mmap_write_unlock(mm);
	if (err)
		world_event(mm->world, UMM_EVENT_REFUSAL, mm, brk, brk, (uint64_t)-err);
	return answer;
}
