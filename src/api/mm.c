/*
 * mm.c - address spaces: made, set up, asked, and the calls on them.
 */
#include "api/answer.h"
#include "api/handles.h"
#include "base/assert.h"
#include "base/err.h"
#include "calls/brk.h"
#include "calls/fork.h"
#include "calls/mmap.h"
#include "calls/mprotect.h"
#include "calls/mremap.h"
#include "calls/munmap.h"
#include "fault/fault.h"
#include "fault/populate.h"
#include "space/anon_vma.h"
#include "space/mm.h"
#include "space/mm_clone.h"
#include "space/mm_pages.h"

int umm_mm_new(struct umm_world *world, struct umm_mm **out)
{
	struct mm_struct *mm = mm_alloc(to_world(world));

	if (IS_ERR(mm))
		return (int)PTR_ERR(mm);
	*out = mm_handle(mm);
	return 0;
}

void umm_mm_get(struct umm_mm *handle)
{
	mmget(to_mm(handle));
}

void umm_mm_put(struct umm_mm *handle)
{
	if (handle)
		mmput(to_mm(handle));
}

struct umm_world *umm_mm_world(const struct umm_mm *handle)
{
	return world_handle(to_mm_const(handle)->world);
}

void umm_mm_set_caps(struct umm_mm *handle, uint32_t caps)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_write_lock(mm);
	mm->caps = caps;
	mmap_write_unlock(mm);
}

void umm_mm_set_personality(struct umm_mm *handle, uint32_t personality)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_write_lock(mm);
	mm->personality = personality;
	mmap_write_unlock(mm);
}

int umm_mm_set_layout(struct umm_mm *handle, const struct umm_layout *layout)
{
	struct mm_struct *mm = to_mm(handle);
	const struct vm_area_struct *last;
	int err = 0;

	if (layout->size != sizeof(*layout))
		return -UMM_EINVAL;	/* no reason: not a call */
	mmap_write_lock(mm);
	last = mm->tree.last;
	if ((last && last->vm_end > layout->task_size) ||
	    (mm->pages && layout->task_size > pgtable_span(&mm->pages->pgt)))
		err = -UMM_EINVAL;	/* no reason: not a call */
	else
		mm->layout = *layout;
	if (!mm->layout.map_window || mm->layout.map_window > mm->layout.task_size)
		mm->layout.map_window = mm->layout.task_size;
	mmap_write_unlock(mm);
	return err;
}

void umm_mm_get_layout(struct umm_mm *handle, struct umm_layout *layout)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_read_lock(mm);
	*layout = mm->layout;
	mmap_read_unlock(mm);
}

void umm_mm_set_def_flags(struct umm_mm *handle, uint64_t vm_flags)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_write_lock(mm);
	mm->def_flags = vm_flags & VM_LOCKED_MASK;
	mmap_write_unlock(mm);
}

void umm_mm_set_mdwe(struct umm_mm *handle, bool on)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_write_lock(mm);
	mm->mdwe = on ? UMM_MDWE_REFUSE_EXEC_GAIN : 0;
	mmap_write_unlock(mm);
}

void umm_mm_stats(struct umm_mm *handle, struct umm_mm_stats *stats)
{
	struct mm_struct *mm = to_mm(handle);

	mmap_read_lock(mm);
	stats->map_count = mm->tree.map_count;
	stats->total_vm = mm->total_vm;
	stats->data_vm = mm->data_vm;
	stats->exec_vm = mm->exec_vm;
	stats->stack_vm = mm->stack_vm;
	stats->locked_vm = mm->locked_vm;
	stats->charged = commit_held(&mm->charged);
	stats->metadata_bytes = slab_bytes(&mm->vma_cache) + slab_bytes(&mm->avc_cache);
	mmap_read_unlock(mm);
}

int64_t umm_mmap(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		 struct umm_file *file, uint64_t offset, struct umm_why *why)
{
	struct mmap_request req = { .addr = addr, .len = len, .prot = prot, .flags = flags,
				    .file = to_file(file) };

	why_begin(why);
	return answer(to_mm(mm), addr, sys_mmap(to_mm(mm), &req, offset, why), why);
}

int64_t umm_get_unmapped_area(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t prot,
			      uint64_t flags, struct umm_file *file, uint64_t offset)
{
	struct mmap_request req = { .addr = addr, .len = len, .prot = prot, .flags = flags,
				    .file = to_file(file) };

	return mmap_choose_address(to_mm(mm), &req, offset);
}

int64_t umm_munmap(struct umm_mm *handle, umm_addr_t addr, uint64_t len, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_munmap(mm, addr, len, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_mprotect(struct umm_mm *handle, umm_addr_t addr, uint64_t len, uint64_t prot, int pkey,
		     struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_mprotect_pkey(mm, addr, len, prot, pkey, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_mremap(struct umm_mm *handle, umm_addr_t old_addr, uint64_t old_len, uint64_t new_len,
		   uint64_t flags, umm_addr_t new_addr, struct umm_why *why)
{
	const struct mremap_request req = { .addr = old_addr, .old_len = old_len,
					    .new_len = new_len, .flags = flags,
					    .new_addr = new_addr };
	struct mm_struct *mm = to_mm(handle);
	int64_t ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_mremap(mm, &req, why);
	mmap_write_unlock(mm);
	return answer(mm, old_addr, ret, why);
}

int64_t umm_mremap_target(struct umm_mm *handle, umm_addr_t old_addr, uint64_t old_len,
			  uint64_t new_len, uint64_t flags, umm_addr_t new_addr)
{
	const struct mremap_request req = { .addr = old_addr, .old_len = old_len,
					    .new_len = new_len, .flags = flags,
					    .new_addr = new_addr };
	struct mm_struct *mm = to_mm(handle);
	int64_t ret;

	mmap_write_lock(mm);		/* it reserves */
	ret = mremap_choose_address(mm, &req);
	mmap_write_unlock(mm);
	return ret;
}

umm_addr_t umm_brk(struct umm_mm *mm, umm_addr_t brk, struct umm_why *why)
{
	umm_addr_t answered;

	why_begin(why);
	answered = sys_brk(to_mm(mm), brk, why);
	why_end(why);
	return answered;
}

int64_t umm_fork(struct umm_mm *mm, struct umm_mm **child, struct umm_why *why)
{
	struct mm_struct *copy;

	why_begin(why);
	copy = dup_mm(to_mm(mm), why);
	if (IS_ERR(copy))
		return answer(to_mm(mm), 0, PTR_ERR(copy), why);
	*child = mm_handle(copy);
	return answer(to_mm(mm), 0, 0, why);
}

int umm_mm_clone(struct umm_mm *handle, struct umm_mm **out)
{
	struct mm_struct *mm = to_mm(handle), *clone;

	mmap_read_lock(mm);
	clone = mm_clone(mm);
	mmap_read_unlock(mm);
	if (IS_ERR(clone))
		return (int)PTR_ERR(clone);
	*out = mm_handle(clone);
	return 0;
}

bool umm_mm_same(struct umm_mm *a, struct umm_mm *b)
{
	/* Locks of one kind are taken in the order of their addresses. */
	struct mm_struct *first = to_mm((uintptr_t)a < (uintptr_t)b ? a : b);
	struct mm_struct *second = to_mm((uintptr_t)a < (uintptr_t)b ? b : a);
	bool same;

	if (a == b)
		return true;
	mmap_read_lock(first);
	mmap_read_lock(second);
	same = mm_same(first, second);
	mmap_read_unlock(second);
	mmap_read_unlock(first);
	return same;
}

void umm_mm_take_place(struct umm_mm *clone, struct umm_mm *mm)
{
	/* In this order: what both hold is at no time held by nobody. */
	mm_happened(to_mm(clone));
	mm_suppose(to_mm(mm));
	mm_pages_take(to_mm(clone), to_mm(mm));
}

int umm_exec(struct umm_mm *mm, struct umm_mm **out)
{
	struct mm_struct *fresh = exec_mm(to_mm(mm));

	if (IS_ERR(fresh))
		return (int)PTR_ERR(fresh);
	*out = mm_handle(fresh);
	return 0;
}

int umm_fault(struct umm_mm *handle, umm_addr_t addr, unsigned int access, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	struct fault_hold hold;
	int ret;

	why_begin(why);
	ret = fault_and_hold(mm, addr, access, why, &hold);
	if (ret == UMM_FAULT_OK)
		fault_release(&hold);
	why_end(why);
	return ret;
}

bool umm_fault_sigbus(struct umm_mm *handle, umm_addr_t addr)
{
	struct mm_struct *mm = to_mm(handle);
	bool missing;

	mmap_read_lock(mm);
	missing = page_missing(mm, addr);
	mmap_read_unlock(mm);
	return missing;
}

bool umm_mm_is_valid(struct umm_mm *handle)
{
	struct mm_struct *mm = to_mm(handle);
	bool valid;

	mmap_write_lock(mm);
	valid = mm_is_valid(mm);
	mmap_write_unlock(mm);
	return valid;
}
