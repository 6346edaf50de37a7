/*
 * mmap_entry.c - from the system call to do_mmap(): offset, descriptor, huge pages, the lock.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mmap.h"
#include "fault/populate.h"
#include "object/objects.h"
#include "space/anon_vma.h"
#include "space/unmapped_area.h"

/* MAP_HUGETLB without a file: an anonymous hugetlb file of the size in the flags. */
static long setup_anon_hugetlb(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	unsigned int shift = (req->flags >> UMM_MAP_HUGE_SHIFT) & UMM_MAP_HUGE_MASK;
	struct file *file;

	if (!shift)
		shift = mm->world->settings.default_huge_shift;
	if (world_huge_pool(mm->world, shift) < 0)
		return refuse(why, WHY_HUGETLB_SIZE, shift, 0);
	passed(why, WHY_HUGETLB_SIZE, shift, 0);
	file = hugetlb_file_setup(mm->world, shift);
	if (IS_ERR(file))
		return refuse(why, WHY_NO_METADATA, 1, 0);
	req->file = file;
	return 0;
}

/*
 * Settle what is mapped.
 * => 0 and *owned is a file that the caller puts, or NULL; or refused.
 */
static long ksys_mmap_pgoff(struct mm_struct *mm, struct mmap_request *req, struct file **owned,
			    struct umm_why *why)
{
	bool anonymous = req->flags & UMM_MAP_ANONYMOUS;
	long err;

	*owned = NULL;
	if (!anonymous) {
		err = check(why, req->file != NULL, WHY_BAD_FD, 0, 0);
		if (err)
			return err;
		if ((req->flags & UMM_MAP_HUGETLB) && !req->file->f_op->own_accounting)
			return refuse(why, WHY_HUGETLB_ON_FILE, 0, 0);
	} else {
		req->file = NULL;
		if (req->flags & UMM_MAP_HUGETLB) {
			err = setup_anon_hugetlb(mm, req, why);
			if (err)
				return err;
			*owned = req->file;
		}
	}
	if (req->file) {
		uint64_t mask = file_page_size(req->file) - 1;

		/* A plain file's length is rounded later, and may wrap then. */
		if (mask >= PAGE_SIZE)
			req->len = (req->len + mask) & ~mask;
		if (*owned)
			(*owned)->size = req->len;
	}
	return 0;
}

static long offset_to_pgoff(struct mmap_request *req, uint64_t offset, struct umm_why *why)
{
	req->pgoff = offset >> PAGE_SHIFT;
	return check(why, page_aligned(offset), WHY_OFFSET_UNALIGNED, offset, PAGE_SIZE);
}

/* What else of the arguments and the process could have been the obstacle, and is not? */
static __cold void rule_out_others(struct mm_struct *mm, const struct mmap_request *req,
				   struct umm_why *why)
{
	uint64_t max = mm->world->settings.max_map_count;

	mmap_read_lock(mm);
	ruled_out(why, req->len != 0, WHY_ZERO_LENGTH, req->len, 0);
	ruled_out(why, page_align(req->len) != 0 || !req->len, WHY_LENGTH_OVERFLOW, req->len, 0);
	ruled_out(why, req->len <= mm->layout.task_size, WHY_LENGTH_TASK_SIZE, req->len,
		  mm->layout.task_size);
	ruled_out(why, mm->tree.map_count <= max, WHY_MAP_COUNT, mm->tree.map_count, max);
	mmap_read_unlock(mm);
}

/* Could pages be written before the call returns? */
static bool may_populate(const struct mm_struct *mm, const struct mmap_request *req)
{
	return (req->flags & (UMM_MAP_POPULATE | UMM_MAP_LOCKED)) || (mm->def_flags & VM_LOCKED);
}

/* Fill what was asked for, after the address space is free for others again. */
static int64_t vm_mmap_pgoff(struct mm_struct *mm, struct mmap_request *req, struct umm_why *why)
{
	int64_t addr;

	mmap_write_lock(mm);
	addr = 0;
	if (may_populate(mm, req))
		addr = anon_vma_reserve(mm, 1, why);
	if (!addr)
		addr = do_mmap(mm, req, why);
	if (!IS_ERR_VALUE(addr) && req->populate) {
		populate_range(mm, (umm_addr_t)addr, (umm_addr_t)addr + req->len);
		if (!(req->vm_flags & VM_LOCKONFAULT))	/* those wait for a fault */
			note(why, NOTE_POPULATED, (umm_addr_t)addr, (umm_addr_t)addr + req->len, 0,
			     0);
	}
	mmap_write_unlock(mm);
	return addr;
}

int64_t sys_mmap(struct mm_struct *mm, struct mmap_request *req, uint64_t offset,
		 struct umm_why *why)
{
	struct file *owned;
	int64_t addr;
	long err;

	err = offset_to_pgoff(req, offset, why);
	if (!err)
		err = ksys_mmap_pgoff(mm, req, &owned, why);
	if (unlikely(err)) {
		rule_out_others(mm, req, why);
		return err;
	}
	addr = vm_mmap_pgoff(mm, req, why);
	if (owned)
		file_put(owned);
	return addr;
}

int64_t mmap_choose_address(struct mm_struct *mm, struct mmap_request *req, uint64_t offset)
{
	struct unmapped_area_request area;
	struct file *owned;
	int64_t addr;
	long err;

	err = offset_to_pgoff(req, offset, NULL);
	if (!err)
		err = ksys_mmap_pgoff(mm, req, &owned, NULL);
	if (err)
		return err;
	mmap_read_lock(mm);
	addr = mmap_check_size(mm, req, NULL);
	if (!addr) {
		area = (struct unmapped_area_request){ req->addr, req->len, req->pgoff,
						       req->flags };
		addr = get_unmapped_area(mm, req->file, &area, NULL);
	}
	mmap_read_unlock(mm);
	if (owned)
		file_put(owned);
	return addr;
}
