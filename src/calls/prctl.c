/*
 * prctl.c - what a process says of all its memory: huge pages, merging by content.
 */
#include "base/assert.h"
#include "calls/prctl.h"
#include "space/ksm.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

long prctl_set_thp_disable(struct mm_struct *mm, const uint64_t arg[4], struct umm_why *why)
{
	bool disable = arg[0] != 0;
	uint64_t flags = arg[1];
	bool flags_ok = !flags || (rule(mm->world, RULE_THP_DISABLE_FLAGS) && disable &&
				   flags == UMM_THP_DISABLE_EXCEPT_ADVISED);

	if (!flags_ok || arg[2] || arg[3])
		return refuse4(why, WHY_THP_DISABLE_ARGS, arg[0], arg[1], arg[2], arg[3]);
	passed(why, WHY_THP_DISABLE_ARGS, arg[0], arg[1]);
	vma_start_write_all(mm);
	mm->thp_disable = !disable ? THP_NOT_DISABLED
				   : flags ? THP_DISABLED_EXCEPT_ADVISED : THP_DISABLED;
	note(why, NOTE_THP_DISABLE, mm->thp_disable, 0, 0, 0);
	return 0;
}

/* Every area that can be merged by content is from now on.  Nothing is cut, nothing joined. */
static void ksm_enable_merge_any(struct mm_struct *mm, struct umm_why *why)
{
	uint64_t changed = 0;

	for (struct vm_area_struct *vma = mm->tree.first; vma; vma = vma_next(vma)) {
		if ((vma->vm_flags & VM_MERGEABLE) || !ksm_compatible(vma->vm_flags))
			continue;
		vma_start_write(mm, vma);
		vma->vm_flags |= VM_MERGEABLE;
		changed++;
		world_event(mm->world, UMM_EVENT_AREA_CHANGE, mm, vma->vm_start, vma->vm_end,
			    vma->vm_flags);
	}
	mm->merge_any = true;
	note(why, NOTE_MERGE_ANY, changed, 0, 0, 0);
}

/* Those that asked for it themselves lose it as well. */
static void ksm_disable_merge_any(struct mm_struct *mm, struct umm_why *why)
{
	uint64_t changed = 0;

	for (struct vm_area_struct *vma = mm->tree.first; vma; vma = vma_next(vma)) {
		if (!(vma->vm_flags & VM_MERGEABLE))
			continue;
		vma_start_write(mm, vma);
		vma->vm_flags &= ~VM_MERGEABLE;
		changed++;
		world_event(mm->world, UMM_EVENT_AREA_CHANGE, mm, vma->vm_start, vma->vm_end,
			    vma->vm_flags);
	}
	mm->merge_any = false;
	note(why, NOTE_MERGE_ANY_OFF, changed, 0, 0, 0);
}

long prctl_set_memory_merge(struct mm_struct *mm, const uint64_t arg[4], struct umm_why *why)
{
	bool enable = arg[0] != 0;
	long err;

	err = check(why, mm->world->settings.ksm_configured && rule(mm->world, RULE_MEMORY_MERGE),
		    WHY_MEMORY_MERGE_CONFIG, 0, 0);
	if (err)
		return err;
	if (arg[1] || arg[2] || arg[3])
		return refuse4(why, WHY_MEMORY_MERGE_ARGS, arg[1], arg[2], arg[3], 0);
	passed(why, WHY_MEMORY_MERGE_ARGS, 0, 0);
	if (enable == mm->merge_any) {
		note(why, enable ? NOTE_MERGE_ANY : NOTE_MERGE_ANY_OFF, 0, 0, 0, 0);
		return 0;
	}
	if (enable)
		ksm_enable_merge_any(mm, why);
	else
		ksm_disable_merge_any(mm, why);
	return 0;
}
