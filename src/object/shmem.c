/*
 * shmem.c - tmpfs, memfd, and the objects behind shared anonymous memory and /dev/zero.
 */
#include "base/assert.h"
#include "base/err.h"
#include "base/why.h"
#include "object/objects.h"
#include "space/accounting.h"
#include "space/unmapped_area.h"

#define MAX_LFS_FILESIZE UINT64_C(0x7fffffffffffffff)

static long shmem_mmap(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	(void)mm;
	(void)why;
	vma->vm_ops = vma->vm_file->vm_ops;
	return 0;
}

static void shmem_destroy(struct file *file)
{
	world_commit_object(file->world, -(int64_t)file->charged);
}

const struct file_operations shmem_file_operations = {
	.mmap = shmem_mmap,
	.destroy = shmem_destroy,
	.signed_offsets = true,
	.is_shmem = true,
	.shmem_pages = true,
};

long shmem_reserve(struct mm_struct *mm, struct umm_why *why)
{
	struct file *file;

	if (mm->spare_shmem)
		return 0;
	file = file_alloc(mm->world, "/dev/zero (deleted)");
	if (IS_ERR(file))
		return refuse(why, WHY_NO_METADATA, 1, 0);
	mm->spare_shmem = file;
	return 0;
}

long shmem_kernel_file_setup(const struct mm_struct *mm, struct file *file, uint64_t len,
			     vm_flags_t flags, enum why_code overcommit, struct umm_why *why)
{
	uint64_t charge = flags & VM_NORESERVE ? 0 : page_align(len) >> PAGE_SHIFT;
	long err;

	err = check(why, len <= MAX_LFS_FILESIZE, WHY_SHMEM_SIZE, len, MAX_LFS_FILESIZE);
	if (err)
		return err;
	if (charge && mm->hypothesis)
		err = vm_enough_memory(mm, charge, overcommit, 0, 0, why);
	else if (charge)
		err = vm_enough_memory_charge(mm, COMMIT_OBJECT, charge, overcommit, 0, 0, why);
	if (err)
		return err;
	file->f_op = &shmem_file_operations;
	file->vm_ops = file_vm_operations(file);
	file->flags = UMM_FMODE_READ | UMM_FMODE_WRITE;
	file->dev_minor = 1;
	file->size = len;
	if (!mm->hypothesis)
		file->charged = charge;
	if (charge)
		note(why, NOTE_CHARGED_OBJECT, charge, 0, 0, 0);
	return 0;
}

long shmem_zero_setup(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	struct file *file = mm->spare_shmem;
	long err;

	mm_assert(file);	/* reserved */
	err = shmem_kernel_file_setup(mm, file, vma_len(vma), vma->vm_flags, WHY_OVERCOMMIT, why);
	if (err)
		return err;
	mm->spare_shmem = NULL;
	if (vma->vm_file)
		file_put(vma->vm_file);
	vma->vm_file = file;
	vma->vm_ops = file->vm_ops;
	return 0;
}

/* Private mappings are anonymous memory that keeps the file's name; shared ones become shmem. */
static long zero_mmap(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	return vma->vm_flags & VM_SHARED ? shmem_zero_setup(mm, vma, why) : 0;
}

static int64_t zero_get_unmapped_area(struct mm_struct *mm, const struct file *file,
				      const struct unmapped_area_request *req, struct umm_why *why)
{
	if (!(req->flags & UMM_MAP_SHARED) && rule(mm->world, RULE_ZERO_THP_ALIGN))
		return thp_get_unmapped_area(mm, file, req, why);
	return mm_get_unmapped_area(mm, req, 0, why);
}

const struct file_operations zero_file_operations = {
	.late_mmap = true,
	.get_unmapped_area = zero_get_unmapped_area,
	.mmap = zero_mmap,
	.shared_is_shmem = true,
	.moves_alone = true,
	.private_is_anonymous = true,
};
