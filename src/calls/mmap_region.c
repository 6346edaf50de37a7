/*
 * mmap_region.c - making the area: limits, what stood there, the charge, a merge or a new area.
 *
 *	reserve		our own memory: past this only Linux's own refusals
 *	gather		cut at the edges what MAP_FIXED replaces
 *	limits		RLIMIT_AS and RLIMIT_DATA, net of what is replaced
 *	charge		net of the charge of what is replaced
 *	complete	the old areas go: no way back past this line
 *	merge, or a new area and the object's hook, which may refuse and leaves a hole
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mmap.h"
#include "calls/munmap.h"
#include "object/objects.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/i_mmap.h"
#include "space/ksm.h"
#include "space/mm.h"
#include "space/vma.h"
#include "space/vma_tree.h"

struct mmap_state {
	/* in, read-only */
	struct mm_struct *mm;
	struct mmap_request *req;
	struct umm_why *why;
	uint64_t nr_pages;
	/* internal */
	struct vma_slot slot;		/* where the new area goes, once the range is free */
	struct vma_munmap_struct vms;
	uint64_t charged;		/* pages, to be given back if the object refuses */
};

/*
 * Ours: areas for two cuts and one new, links for the cuts and for what a merge takes over, and the
 * object that shared anonymous memory becomes.
 */
static long mmap_reserve(struct mmap_state *map)
{
	const struct mmap_request *req = map->req;
	const struct vm_area_struct *next;

	if ((req->vm_flags & VM_SHARED) && (!req->file || req->file->f_op->shared_is_shmem)) {
		long err = shmem_reserve(map->mm, map->why);

		if (err)
			return err;
	}
	if (find_vma_links(&map->mm->tree, map->vms.start, map->vms.end, &map->slot)) {
		next = map->slot.next;
	} else {
		(void)vms_find(map->mm, &map->vms);
		next = find_vma(&map->mm->tree, map->vms.end);
	}
	return vms_reserve(map->mm, &map->vms, 1, next ? anon_vma_chain_length(next) : 0, map->why);
}

static long mmap_check_limits(struct mmap_state *map, uint64_t replaced)
{
	int64_t net = (int64_t)(map->nr_pages - replaced);

	return may_expand_vm(map->mm, map->req->vm_flags, net, map->why);
}

static long mmap_charge(struct mmap_state *map)
{
	struct mmap_request *req = map->req;
	long err;

	if ((req->file && req->file->f_op->own_accounting) || !accountable_mapping(req->vm_flags)) {
		note(map->why, NOTE_NOT_CHARGED, req->vm_flags, 0, 0, 0);
		return 0;
	}
	mm_assert(map->vms.nr_accounted <= map->nr_pages);
	map->charged = map->nr_pages - map->vms.nr_accounted;
	if (map->charged) {
		err = security_vm_enough_memory_mm(map->mm, map->charged, map->why);
		if (err)
			return err;
	}
	/* The charge of what is replaced passes to the new area. */
	map->charged = map->nr_pages;
	map->vms.nr_accounted = 0;
	req->vm_flags |= VM_ACCOUNT;
	return 0;
}

static void mmap_clear_old(struct mmap_state *map)
{
	bool free_slot;

	if (!map->vms.nr_vmas)
		return;
	vms_complete_munmap_vmas(map->mm, &map->vms);
	note(map->why, NOTE_CLOBBERED, map->vms.start, map->vms.end, map->vms.nr_pages,
	     map->vms.nr_vmas);
	vm_unacct_memory(map->mm, map->vms.nr_accounted, map->why);
	map->vms.nr_accounted = 0;
	map->vms.nr_vmas = 0;
	free_slot = find_vma_links(&map->mm->tree, map->vms.start, map->vms.end, &map->slot);
	mm_assert(free_slot);
}

/* Older kernels have one error for whatever keeps the old areas from going. */
static long mmap_gather(struct mmap_state *map)
{
	long err = vms_gather_munmap_vmas(map->mm, &map->vms, map->why);

	if (!err || err == -UMM_ENOMEM || rule(map->mm->world, RULE_FIXED_SPLIT_ERROR))
		return err;
	why_unrefuse(map->why);
	return refuse(map->why, WHY_FIXED_SPLIT, map->vms.start, map->vms.end);
}

/* Everything that may refuse before the object is asked, in the order of this kernel. */
static long mmap_prepare(struct mmap_state *map)
{
	bool keeps_old = rule(map->mm->world, RULE_FAILED_FIXED_KEEPS_OLD);
	long err;

	if (!keeps_old) {
		err = mmap_check_limits(map, count_vma_pages_range(map->mm, map->vms.start,
								   map->vms.end));
		if (err)
			return err;
	}
	err = mmap_gather(map);
	if (err)
		return err;
	if (keeps_old)
		err = mmap_check_limits(map, map->vms.nr_pages);
	else
		mmap_clear_old(map);
	if (err)
		return err;
	err = mmap_charge(map);
	if (err)
		return err;
	mmap_clear_old(map);		/* no way back past this line */
	return 0;
}

/* Let the object set the area up: its operations, or an object for shared anonymous memory. */
static long mmap_object(struct mmap_state *map, struct vm_area_struct *vma)
{
	const struct mmap_request *req = map->req;

	if (req->file) {
		long err = 0;

		if (!seals_are_checked_first(map->mm->world, req->file))
			err = memfd_check_seals(map->mm->world, req->file, &vma->vm_flags,
						map->why);
		return err ? err : req->file->f_op->mmap(map->mm, vma, map->why);
	}
	if (vma->vm_flags & VM_SHARED)
		return shmem_zero_setup(map->mm, vma, map->why);
	return 0;
}

/* Is it known, before the object is asked, that the area can be merged by content? */
static bool ksm_flags_early(const struct mmap_state *map)
{
	const struct file *file = map->req->file;

	return rule(map->mm->world, RULE_KSM_EARLY) &&
	       !(file && (file->f_op->late_mmap || (file->flags & UMM_FILE_LATE_MMAP)));
}

static struct vm_area_struct *mmap_new_vma(struct mmap_state *map)
{
	struct mmap_request *req = map->req;
	struct mm_struct *mm = map->mm;
	struct vm_area_struct *vma;
	long err;

	vma = vm_area_alloc(mm, map->vms.start, map->vms.end, req->vm_flags);
	vma->vm_pgoff = req->pgoff;
	if (req->file) {
		file_get(req->file);
		vma->vm_file = req->file;
	}
	err = mmap_object(map, vma);
	if (err) {
		vma->vm_ops = NULL;	/* it was never opened: nothing to close */
		vm_area_free(mm, vma);
		return ERR_PTR(err);
	}
	vma->vm_flags = ksm_vma_flags(mm, vma->vm_flags);
	vma_link(&mm->tree, vma, &map->slot);
	vma_link_file(mm, vma);
	note(map->why, NOTE_NEW_AREA, vma->vm_start, vma->vm_end, vma->vm_flags,
	     mm->tree.map_count);
	world_event(mm->world, UMM_EVENT_AREA_ADD, mm, vma->vm_start, vma->vm_end, 0);
	return vma;
}

static void mmap_complete(struct mmap_state *map, struct vm_area_struct *vma)
{
	struct mm_struct *mm = map->mm;

	vm_stat_account(mm, vma->vm_flags, (int64_t)map->nr_pages);
	if (!(vma->vm_flags & VM_LOCKED))
		return;
	if (!vma_supports_mlock(vma)) {
		vma->vm_flags &= ~VM_LOCKED_MASK;
		note(map->why, NOTE_LOCK_DROPPED, 0, 0, 0, 0);
		return;
	}
	mm->locked_vm += map->nr_pages;
	note(map->why, NOTE_LOCKED, map->nr_pages, mm->locked_vm, 0, 0);
}

int64_t mmap_region(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	struct mmap_state map;
	struct vm_area_struct *vma;
	long err;

	mm_assert(page_aligned(req->addr) && page_aligned(req->len) && req->len > 0);

	map.mm = mm;
	map.req = req;
	map.why = why;
	map.nr_pages = req->len >> PAGE_SHIFT;
	map.charged = 0;
	vms_init(&map.vms, req->addr, req->addr + req->len);

	err = mmap_reserve(&map);
	if (err)
		return err;
	if (mm->mdwe) {
		err = check(why, !map_deny_write_exec(mm, req->vm_flags, req->vm_flags), WHY_MDWE,
			    0, 0);
		if (err)
			return err;
	}
	err = mmap_prepare(&map);
	if (err)
		return err;

	if (ksm_flags_early(&map))
		req->vm_flags = ksm_vma_flags(mm, req->vm_flags);
	vma = vma_merge(&(struct vma_merge_struct){
		.mm = mm, .start = map.vms.start, .end = map.vms.end, .flags = req->vm_flags,
		.pgoff = req->pgoff, .file = req->file,
		.prev = map.slot.prev, .next = map.slot.next,
		.next_first = rule(mm->world, RULE_MMAP_MERGES_NEXT_FIRST),
		.why = why,
	});
	if (!vma)
		vma = mmap_new_vma(&map);
	if (IS_ERR(vma)) {
		vm_unacct_memory(mm, map.charged, why);
		return PTR_ERR(vma);
	}
	mmap_complete(&map, vma);
	mm_assert_expensive(mm_is_valid(mm));
	return (int64_t)map.vms.start;
}
