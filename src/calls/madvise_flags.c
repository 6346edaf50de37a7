/*
 * madvise_flags.c - which advice a kernel knows, and the advice that is nothing but flags of areas.
 */
#include "base/assert.h"
#include "calls/madvise.h"
#include "calls/madvise_vma.h"
#include "space/ksm.h"

bool madvise_behavior_valid(const struct world *world, int behavior)
{
	switch (behavior) {
	case UMM_MADV_NORMAL: case UMM_MADV_RANDOM: case UMM_MADV_SEQUENTIAL:
	case UMM_MADV_WILLNEED: case UMM_MADV_DONTNEED: case UMM_MADV_REMOVE:
	case UMM_MADV_DONTFORK: case UMM_MADV_DOFORK:
	case UMM_MADV_DONTDUMP: case UMM_MADV_DODUMP:
		return true;
	case UMM_MADV_FREE:
		return rule(world, RULE_MADV_FREE);
	case UMM_MADV_MERGEABLE: case UMM_MADV_UNMERGEABLE:
		return world->settings.ksm_configured;
	case UMM_MADV_HUGEPAGE: case UMM_MADV_NOHUGEPAGE:
		return world->settings.thp_configured;
	case UMM_MADV_WIPEONFORK: case UMM_MADV_KEEPONFORK:
		return rule(world, RULE_MADV_WIPEONFORK);
	case UMM_MADV_COLD: case UMM_MADV_PAGEOUT:
		return rule(world, RULE_MADV_COLD);
	case UMM_MADV_POPULATE_READ: case UMM_MADV_POPULATE_WRITE:
		return rule(world, RULE_MADV_POPULATE);
	case UMM_MADV_DONTNEED_LOCKED:
		return rule(world, RULE_MADV_DONTNEED_LOCKED);
	case UMM_MADV_COLLAPSE:
		return rule(world, RULE_MADV_COLLAPSE) && world->settings.thp_configured;
	case UMM_MADV_GUARD_INSTALL: case UMM_MADV_GUARD_REMOVE:
		return rule(world, RULE_MADV_GUARD);
	case UMM_MADV_HWPOISON: case UMM_MADV_SOFT_OFFLINE:
		return world->settings.memory_failure_configured;
	default:
		return false;
	}
}

bool madvise_changes_flags(int behavior)
{
	switch (behavior) {
	case UMM_MADV_NORMAL: case UMM_MADV_RANDOM: case UMM_MADV_SEQUENTIAL:
	case UMM_MADV_DONTFORK: case UMM_MADV_DOFORK:
	case UMM_MADV_MERGEABLE: case UMM_MADV_UNMERGEABLE:
	case UMM_MADV_HUGEPAGE: case UMM_MADV_NOHUGEPAGE:
	case UMM_MADV_DONTDUMP: case UMM_MADV_DODUMP:
	case UMM_MADV_WIPEONFORK: case UMM_MADV_KEEPONFORK:
		return true;
	default:
		return false;
	}
}

/* The advice about fork: what a child gets. */
static long fork_flags(const struct vm_area_struct *vma, int behavior, vm_flags_t *flags,
		       struct umm_why *why)
{
	bool holds;

	switch (behavior) {
	case UMM_MADV_DONTFORK:
		*flags |= VM_DONTCOPY;
		return 0;
	case UMM_MADV_DOFORK:
		*flags &= ~VM_DONTCOPY;
		return check(why, !(vma->vm_flags & VM_IO), WHY_MADVISE_DOFORK_IO, vma->vm_start,
			     vma->vm_end);
	case UMM_MADV_WIPEONFORK:
		*flags |= VM_WIPEONFORK;
		holds = !vma->vm_file && !(vma->vm_flags & VM_SHARED);
		return check(why, holds, WHY_MADVISE_WIPE_SHARED, vma->vm_start, vma->vm_end);
	default:
		*flags &= ~VM_WIPEONFORK;
		return check(why, !(vma->vm_flags & VM_DROPPABLE), WHY_MADVISE_KEEP_DROPPABLE,
			     vma->vm_start, vma->vm_end);
	}
}

static vm_flags_t mergeable_flags(const struct vm_area_struct *vma, struct umm_why *why)
{
	vm_flags_t flags = vma->vm_flags;

	if (ksm_compatible(flags))
		return flags | VM_MERGEABLE;
	note(why, NOTE_KSM_SKIPPED, vma->vm_start, vma->vm_end, flags, 0);
	return flags;
}

static long dump_flags(const struct vm_area_struct *vma, int behavior, vm_flags_t *flags,
		       struct umm_why *why)
{
	bool special = (vma->vm_flags & VM_SPECIAL) && !(vma->vm_flags & VM_HUGETLB);

	if (behavior == UMM_MADV_DONTDUMP) {
		*flags |= VM_DONTDUMP;
		return 0;
	}
	*flags &= ~VM_DONTDUMP;
	if (special || (vma->vm_flags & VM_DROPPABLE))
		return refuse4(why, WHY_MADVISE_DODUMP, vma->vm_start, vma->vm_end, vma->vm_flags,
			       0);
	passed(why, WHY_MADVISE_DODUMP, vma->vm_start, vma->vm_end);
	return 0;
}

long madvise_new_flags(const struct vm_area_struct *vma, int behavior, vm_flags_t *new_flags,
		       struct umm_why *why)
{
	vm_flags_t flags = vma->vm_flags;

	*new_flags = flags;
	switch (behavior) {
	case UMM_MADV_NORMAL:
		*new_flags = flags & ~(VM_RAND_READ | VM_SEQ_READ);
		return 0;
	case UMM_MADV_RANDOM:
		*new_flags = (flags & ~VM_SEQ_READ) | VM_RAND_READ;
		return 0;
	case UMM_MADV_SEQUENTIAL:
		*new_flags = (flags & ~VM_RAND_READ) | VM_SEQ_READ;
		return 0;
	case UMM_MADV_HUGEPAGE:
		*new_flags = (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
		return 0;
	case UMM_MADV_NOHUGEPAGE:
		*new_flags = (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
		return 0;
	case UMM_MADV_MERGEABLE:
		*new_flags = mergeable_flags(vma, why);
		return 0;
	case UMM_MADV_UNMERGEABLE:
		*new_flags = flags & ~VM_MERGEABLE;
		return 0;
	case UMM_MADV_DONTDUMP:
	case UMM_MADV_DODUMP:
		return dump_flags(vma, behavior, new_flags, why);
	default:
		return fork_flags(vma, behavior, new_flags, why);
	}
}
