/*
 * hugetlb.c - files of huge pages, promised from a pool when they are mapped.
 */
#include "base/assert.h"
#include "base/err.h"
#include "base/why.h"
#include "object/objects.h"
#include "space/unmapped_area.h"

/* vm_private of a hugetlb area. */
enum { HUGETLB_NOT_RESERVED, HUGETLB_RESERVED };

int64_t hugetlb_get_unmapped_area(struct mm_struct *mm, const struct file *file,
				  const struct unmapped_area_request *req, struct umm_why *why)
{
	uint64_t huge = file_page_size(file);
	struct unmapped_area_request floored = *req;
	long err;

	err = check(why, req->len % huge == 0, WHY_HUGETLB_LENGTH, req->len, huge);
	if (err)
		return err;
	if (req->flags & UMM_MAP_FIXED) {
		err = check(why, req->addr % huge == 0, WHY_HUGETLB_ADDR, req->addr, huge);
		if (err)
			return err;
	}
	if (!rule(mm->world, RULE_HUGETLB_HINT_UP))
		floored.addr &= ~(huge - 1);
	return mm_get_unmapped_area(mm, &floored, huge - PAGE_SIZE, why);
}

static long hugetlb_may_split(const struct vm_area_struct *vma, umm_addr_t addr,
			      struct umm_why *why)
{
	uint64_t huge = file_page_size(vma->vm_file);

	return check(why, addr % huge == 0, WHY_HUGETLB_SPLIT, addr, huge);
}

/* Promise @nr pages of the pool of 2^@shift; @code: what a refusal is called. */
static long hugetlb_acct_memory(struct world *world, unsigned int shift, uint64_t nr,
				enum why_code code, struct umm_why *why)
{
	long long pages = (long long)nr, before, free_pages;
	int pool = world_huge_pool(world, shift);

	if (pool < 0)
		return refuse(why, WHY_HUGETLB_SIZE, shift, 0);
	free_pages = (long long)world->settings.huge[pool].free_pages;
	before = atomic_fetch_add(&world->huge_reserved[pool], pages);
	if (before + pages > free_pages) {
		atomic_fetch_sub(&world->huge_reserved[pool], pages);
		return refuse(why, code, nr,
			      before > free_pages ? 0 : (uint64_t)(free_pages - before));
	}
	passed(why, code, nr, (uint64_t)(free_pages - before));
	return 0;
}

static void hugetlb_unacct_memory(struct world *world, unsigned int shift, uint64_t nr)
{
	int pool = world_huge_pool(world, shift);

	if (pool >= 0)
		atomic_fetch_sub(&world->huge_reserved[pool], (long long)nr);
}

static void hugetlb_unreserve(struct world *world, struct vm_area_struct *vma)
{
	unsigned int shift = vma->vm_file->page_shift;

	if (vma->vm_private == HUGETLB_RESERVED)
		hugetlb_unacct_memory(world, shift, vma_len(vma) >> shift);
}

/* What was promised to the parent is not promised to the child. */
static void hugetlb_dup_private(struct vm_area_struct *vma)
{
	vma->vm_private = HUGETLB_NOT_RESERVED;
}

/* The promise goes along; what the old area keeps of the range was never promised to it alone. */
static void hugetlb_move_private(struct vm_area_struct *vma, struct vm_area_struct *old)
{
	vma->vm_private = old->vm_private;
	old->vm_private = HUGETLB_NOT_RESERVED;
}

static const struct vm_operations_struct hugetlb_vm_ops = {
	.dup_private = hugetlb_dup_private,
	.mremap = hugetlb_move_private,
	.close = hugetlb_unreserve,
	.may_split = hugetlb_may_split,
};

static long hugetlb_reserve(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	unsigned int shift = vma->vm_file->page_shift;
	uint64_t nr = vma_len(vma) >> shift;
	long err = hugetlb_acct_memory(mm->world, shift, nr, WHY_HUGETLB_POOL, why);

	if (err)
		return err;
	vma->vm_private = HUGETLB_RESERVED;
	if (mm->hypothesis)		/* what was not does not last */
		hugetlb_unacct_memory(mm->world, shift, nr);
	return 0;
}

/* What was promised to the file itself: hugetlb_reserve_file(). */
static void hugetlb_destroy(struct file *file)
{
	hugetlb_unacct_memory(file->world, file->page_shift, file->charged);
}

long hugetlb_reserve_file(struct file *file, uint64_t nr, enum why_code code, struct umm_why *why)
{
	long err = hugetlb_acct_memory(file->world, file->page_shift, nr, code, why);

	if (!err)
		file->charged = nr;
	return err;
}

static long hugetlb_file_mmap(struct mm_struct *mm, struct vm_area_struct *vma,
			      struct umm_why *why)
{
	uint64_t huge = file_page_size(vma->vm_file);
	long err;

	vma->vm_flags |= VM_HUGETLB | VM_DONTEXPAND;
	vma->vm_private = HUGETLB_NOT_RESERVED;
	err = check(why, (vma->vm_pgoff << PAGE_SHIFT) % huge == 0, WHY_OFFSET_UNALIGNED,
		    vma->vm_pgoff << PAGE_SHIFT, huge);
	if (err)
		return err;
	if (!(vma->vm_flags & VM_NORESERVE)) {
		err = hugetlb_reserve(mm, vma, why);
		if (err)
			return err;
	}
	vma->vm_ops = &hugetlb_vm_ops;
	return 0;
}

const struct file_operations hugetlb_file_operations = {
	.late_mmap = true,
	.get_unmapped_area = hugetlb_get_unmapped_area,
	.mmap = hugetlb_file_mmap,
	.destroy = hugetlb_destroy,
	.vm_ops = &hugetlb_vm_ops,
	.signed_offsets = true,
	.own_accounting = true,
};

struct file *hugetlb_file_setup(struct world *world, unsigned int shift)
{
	struct file *file = file_alloc(world, "/anon_hugepage (deleted)");
	int pool = world_huge_pool(world, shift);

	if (IS_ERR(file))
		return file;
	file->dev_minor = pool < 0 ? 0 : world->settings.huge[pool].dev_minor;
	file->f_op = &hugetlb_file_operations;
	file->vm_ops = &hugetlb_vm_ops;
	file->flags = UMM_FMODE_READ | UMM_FMODE_WRITE;
	file->page_shift = shift;
	return file;
}
