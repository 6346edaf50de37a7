/*
 * thp.c - may memory have huge pages?
 */
#include "fault/thp.h"

static bool thp_disabled(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	switch (mm->thp_disable) {
	case THP_DISABLED:
		return true;
	case THP_DISABLED_EXCEPT_ADVISED:
		return !(vma->vm_flags & VM_HUGEPAGE);
	default:
		return false;
	}
}

/* Of this kind, whatever its size. */
static bool thp_kind_eligible(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	const struct umm_settings *s = &mm->world->settings;

	if (!s->thp_configured || s->thp_enabled == UMM_THP_NEVER ||
	    (vma->vm_flags & (VM_NOHUGEPAGE | VM_SPECIAL)) || !vma_is_anonymous(vma) ||
	    thp_disabled(mm, vma))
		return false;
	return s->thp_enabled == UMM_THP_ALWAYS || (vma->vm_flags & VM_HUGEPAGE);
}

bool thp_fault_eligible(const struct mm_struct *mm, const struct vm_area_struct *vma,
			umm_addr_t addr)
{
	umm_addr_t huge = addr & ~(PMD_SIZE - 1);

	return thp_kind_eligible(mm, vma) && vma->vm_start <= huge &&
	       huge + PMD_SIZE <= vma->vm_end;
}

bool thp_vma_eligible(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	umm_addr_t last = vma->vm_end & ~(PMD_SIZE - 1);

	/* Below 2 MiB this goes round, as madvise_collapse(): a page there is large enough. */
	return thp_kind_eligible(mm, vma) && last - PMD_SIZE >= vma->vm_start;
}
