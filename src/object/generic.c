/*
 * generic.c - files of ordinary file systems, devices, and what cannot be mapped.
 */
#include "base/why.h"
#include "object/objects.h"
#include "space/unmapped_area.h"

static void generic_close(struct world *world, struct vm_area_struct *vma)
{
	/* That it is there is what counts: its areas do not vanish by merging. */
	(void)world;
	(void)vma;
}

static const struct vm_operations_struct generic_file_vm_ops = { .close = NULL };
static const struct vm_operations_struct closing_file_vm_ops = { .close = generic_close };

const struct vm_operations_struct *file_vm_operations(const struct file *file)
{
	if (file->f_op->vm_ops)
		return file->f_op->vm_ops;
	return file->flags & UMM_FILE_VM_CLOSE ? &closing_file_vm_ops : &generic_file_vm_ops;
}

const struct vm_operations_struct *file_area_operations(const struct file *file, vm_flags_t flags)
{
	if (file->f_op->private_is_anonymous && !(flags & VM_MAYSHARE))
		return NULL;
	return file->vm_ops;
}

static long special_may_split(const struct vm_area_struct *vma, umm_addr_t addr,
			      struct umm_why *why)
{
	(void)addr;
	return refuse(why, WHY_SPECIAL_SPLIT, vma->vm_start, vma->vm_end);
}

const struct vm_operations_struct special_vm_operations = { .may_split = special_may_split };

static long generic_file_mmap(struct mm_struct *mm, struct vm_area_struct *vma,
			      struct umm_why *why)
{
	(void)mm;
	(void)why;
	vma->vm_ops = vma->vm_file->vm_ops;
	return 0;
}

const struct file_operations generic_file_operations = {
	.mmap = generic_file_mmap,
	.signed_offsets = true,
};

/* File systems that align for huge pages are those that know DAX, and say when it is not there. */
static long dax_aware_file_mmap(struct mm_struct *mm, struct vm_area_struct *vma,
				struct umm_why *why)
{
	if (vma->vm_flags & VM_SYNC) {
		long err = check(why, vma->vm_file->flags & UMM_FILE_SYNC_DAX, WHY_SYNC_WITHOUT_DAX,
				 0, 0);
		if (err)
			return err;
	}
	return generic_file_mmap(mm, vma, why);
}

const struct file_operations thp_file_operations = {
	.get_unmapped_area = thp_get_unmapped_area,
	.mmap = dax_aware_file_mmap,
	.knows_sync = true,
	.signed_offsets = true,
};

/* What the driver does is its own affair: the follower adopts it by name. */
const struct file_operations device_file_operations = {
	.mmap = generic_file_mmap,
	.no_page_cache = true,
};

const struct file_operations unmappable_file_operations = { .mmap = NULL };

/* Every socket has the operation; that its protocol has none is found when the range is clear. */
static long socket_mmap(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	(void)mm;
	return refuse(why, WHY_SOCKET_MMAP, vma->vm_start, vma->vm_end);
}

const struct file_operations socket_file_operations = {
	.mmap = socket_mmap,
	.signed_offsets = true,
};
