/*
 * aio.c - the object behind the ring of completions that io_setup(2) maps.
 *
 * vm_private of its areas is the length of the ring, in bytes, as long as the context lives in this
 * process: the copies that fork makes are nobody's ring.
 */
#include "base/err.h"
#include "base/why.h"
#include "object/objects.h"

static void aio_ring_dup_private(struct vm_area_struct *vma)
{
	vma->vm_private = 0;
}

/* Who moves the ring moves the context's name: there must be one. */
static long aio_ring_may_move(const struct vm_area_struct *vma, struct umm_why *why)
{
	return check(why, vma->vm_private != 0, WHY_MREMAP_AIO_COPY, vma->vm_start, vma->vm_end);
}

static void aio_ring_mremap(struct vm_area_struct *vma, struct vm_area_struct *old)
{
	vma->vm_private = old->vm_private;
}

static const struct vm_operations_struct aio_ring_vm_ops = {
	.dup_private = aio_ring_dup_private,
	.may_move = aio_ring_may_move,
	.mremap = aio_ring_mremap,
};

static long aio_ring_mmap(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	(void)mm;
	(void)why;
	vma->vm_flags |= VM_DONTEXPAND;
	vma->vm_ops = vma->vm_file->vm_ops;
	return 0;
}

static const struct file_operations aio_ring_file_operations = {
	.mmap = aio_ring_mmap,
	.vm_ops = &aio_ring_vm_ops,
	.signed_offsets = true,
	.no_fsync = true,
	.is_aio_ring = true,
};

struct file *aio_ring_file_setup(struct world *world)
{
	struct file *file = file_alloc(world, "/[aio] (deleted)");

	if (IS_ERR(file))
		return file;
	file->f_op = &aio_ring_file_operations;
	file->vm_ops = file_vm_operations(file);
	file->flags = UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_NOEXEC;
	return file;
}
