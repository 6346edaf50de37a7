/*
 * fork.c - a process is copied, and replaced.
 *
 * Areas are copied one by one, ascending; nothing is merged.  Each charged area is looked at alone
 * against what the machine has: that is how Linux refuses a fork.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/fork.h"
#include "calls/userfaultfd.h"
#include "fault/copy_page_range.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/i_mmap.h"
#include "space/mm.h"
#include "space/unmapped_area.h"
#include "space/vma.h"
#include "space/vma_attrs.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

static long fork_charge(struct mm_struct *parent, struct mm_struct *child,
			const struct vm_area_struct *vma, struct umm_why *why)
{
	uint64_t nr_pages = vma_pages(vma);
	long err;

	if (!(vma->vm_flags & VM_ACCOUNT))
		return 0;
	err = vm_enough_memory_charge(parent, child, nr_pages, WHY_FORK_OVERCOMMIT, vma->vm_start,
				      vma->vm_end, NULL);
	if (err)	/* said again, with the passed checks of other areas left out */
		err = vm_enough_memory_charge(parent, child, nr_pages, WHY_FORK_OVERCOMMIT,
					      vma->vm_start, vma->vm_end, why);
	return err;
}

/* Is it this area alone that could not be charged? */
static __cold void rule_out_other_areas(const struct mm_struct *parent,
					const struct vm_area_struct *refused,
					struct umm_why *why)
{
	uint64_t limit = parent->world->settings.totalram_pages +
			 parent->world->settings.total_swap_pages;
	uint64_t below = 0, above = 0;
	const struct vm_area_struct *vma;

	if (parent->world->settings.overcommit_memory != 0)
		return;
	for (vma = parent->tree.first; vma; vma = vma_next(vma)) {
		uint64_t *largest = vma->vm_start < refused->vm_start ? &below : &above;

		if (vma != refused && (vma->vm_flags & VM_ACCOUNT) &&
		    !(vma->vm_flags & VM_DONTCOPY))
			*largest = max_u64(*largest, vma_pages(vma));
	}
	ruled_out(why, below <= limit, WHY_FORK_AREAS_BELOW, below, limit);
	ruled_out(why, above <= limit, WHY_FORK_AREAS_ABOVE, above, limit);
}

/* Link a copy of @vma at the end of @child; *tlb gathers what the parent may not write any more. */
static long dup_vma(struct mm_struct *child, struct mm_struct *parent,
		    const struct vm_area_struct *vma, struct mmu_gather *tlb, struct umm_why *why)
{
	struct vm_area_struct *copy;
	struct vma_slot slot;
	bool free_slot;
	long err;

	copy = vm_area_dup(child, vma);
	copy->vm_flags = dup_userfaultfd(child, parent, vma, why) & ~VM_LOCKED_MASK;
	vma_dup_open(child, copy);

	free_slot = find_vma_links(&child->tree, copy->vm_start, copy->vm_end, &slot);
	mm_assert(free_slot);
	vma_link(&child->tree, copy, &slot);
	vma_link_file(child, copy);
	vm_stat_account(child, copy->vm_flags, (int64_t)vma_pages(copy));
	if (vma->vm_flags & VM_WIPEONFORK)
		return 0;
	err = anon_vma_fork(child, copy, vma);
	if (!err && tlb && vma_needs_copy(vma))
		err = copy_page_range(child, parent, vma, tlb);
	if (err)
		return refuse(why, WHY_NO_METADATA, 1, 0);
	return guards_copy(child, parent, vma->vm_start, vma->vm_end, why);
}

static long dup_vmas(struct mm_struct *child, struct mm_struct *parent, struct mmu_gather *tlb,
		     struct umm_why *why)
{
	const struct vm_area_struct *vma;
	uint64_t limit = parent->world->settings.totalram_pages +
			 parent->world->settings.total_swap_pages;
	uint64_t largest = 0;
	long err;

	for (vma = parent->tree.first; vma; vma = vma_next(vma)) {
		vma_start_write(parent, vma);
		if (vma->vm_flags & VM_DONTCOPY) {
			note(why, NOTE_FORK_SKIPPED, vma->vm_start, vma->vm_end, 0, 0);
			continue;
		}
		err = mm_reserve(child, 1, 0, why);
		if (!err && (vma->vm_flags & VM_ATTRS_MASK))
			err = vma_attrs_reserve(child, 1, why);
		if (err)
			return err;
		err = fork_charge(parent, child, vma, why);
		if (err) {
			rule_out_other_areas(parent, vma, why);
			return err;
		}
		if (vma->vm_flags & VM_ACCOUNT)
			largest = max_u64(largest, vma_pages(vma));
		err = dup_vma(child, parent, vma, tlb, why);
		if (err)
			return err;
	}
	passed(why, WHY_FORK_OVERCOMMIT, largest, limit);
	note(why, NOTE_FORKED, child->tree.map_count, (uint64_t)commit_held(&child->charged), 0, 0);
	return 0;
}

/* Whether it works or not: the parent forgets what it could write before anybody goes on. */
static long dup_mmap(struct mm_struct *child, struct mm_struct *parent, struct umm_why *why)
{
	struct mmu_gather tlb;
	long err;

	if (!parent->pages)
		return dup_vmas(child, parent, NULL, why);
	mmu_notifier_start(parent, 0, parent->layout.task_size);
	tlb_gather_mmu(&tlb, &parent->pages->pgt);
	err = dup_vmas(child, parent, &tlb, why);
	tlb_finish_mmu(&tlb);
	mmu_notifier_end(parent, 0, parent->layout.task_size);
	return err;
}

/* PR_MDWE_NO_INHERIT: what was refused so far is refused to the parent alone. */
static void inherit_mdwe(struct mm_struct *mm, struct umm_why *why)
{
	if (!(mm->mdwe & UMM_MDWE_NO_INHERIT))
		return;
	mm->mdwe = 0;
	note(why, NOTE_MDWE_DROPPED, 0, 0, 0, 0);
}

struct mm_struct *dup_mm(struct mm_struct *parent, struct umm_why *why)
{
	struct mm_struct *child = parent->pages ? mm_alloc(parent->world) :
						  mm_alloc_areas(parent->world);
	long err;

	if (IS_ERR(child))
		return ERR_PTR(refuse(why, WHY_NO_METADATA, 1, 0));
	mmap_write_lock(parent);
	mm_inherit(child, parent);
	inherit_mdwe(child, why);
	if (parent->hypothesis)
		mm_suppose(child);
	child->def_flags = parent->def_flags & ~VM_FORK_DROPS;
	child->pkey_taken = parent->pkey_taken;
	err = dup_mmap(child, parent, why);
	mmap_write_unlock(parent);
	if (err) {
		mmput(child);
		return ERR_PTR(err);
	}
	mm_assert_expensive(mm_is_valid(child));
	return child;
}

struct mm_struct *exec_mm(struct mm_struct *mm)
{
	struct mm_struct *fresh = mm_alloc(mm->world);

	if (!IS_ERR(fresh)) {
		mmap_read_lock(mm);
		mm_inherit(fresh, mm);
		mmap_read_unlock(mm);
		inherit_mdwe(fresh, NULL);
		/* A 64-bit program begins without it, whoever starts it. */
		fresh->personality &= ~UMM_READ_IMPLIES_EXEC;
		arch_pick_mmap_layout(&fresh->layout, fresh->rlimit[MM_RLIMIT_STACK].soft,
				      (fresh->personality & UMM_ADDR_COMPAT_LAYOUT) ||
					      mm->world->settings.legacy_va_layout,
				      mm->world->settings.stack_guard_gap, 0);
	}
	return fresh;
}
