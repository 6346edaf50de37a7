/*
 * seals.c - what keeps a memfd as it is.
 *
 * An inode has the seals, whichever descriptor it is sealed through.  Linux counts the areas that
 * may write to it as they come and go; here they are counted when somebody asks, which is seldom.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/seals.h"
#include "object/objects.h"
#include "space/vma_tree.h"

static uint32_t all_seals(const struct world *world)
{
	return UMM_F_SEAL_SEAL | UMM_F_SEAL_SHRINK | UMM_F_SEAL_GROW | UMM_F_SEAL_WRITE |
	       UMM_F_SEAL_FUTURE_WRITE | (rule(world, RULE_SEAL_EXEC) ? UMM_F_SEAL_EXEC : 0);
}

static bool has_seals(const struct file *file)
{
	return file->f_op == &shmem_file_operations || file->f_op == &hugetlb_file_operations;
}

long memfd_add_seals(struct file *file, uint32_t seals, bool executable, uint64_t mapped_writable,
		     struct umm_why *why)
{
	long err;

	err = check(why, file->flags & UMM_FMODE_WRITE, WHY_SEALS_READ_ONLY, 0, 0);
	if (!err)
		err = check(why, !(seals & ~all_seals(file->world)), WHY_SEALS_UNKNOWN, seals,
			    all_seals(file->world));
	if (!err)
		err = check(why, has_seals(file), WHY_SEALS_NO_MEMFD, 0, 0);
	if (!err)
		err = check(why, !(file->flags & UMM_FILE_SEAL_SEAL), WHY_SEALS_SEALED, 0, 0);
	if (err)
		return err;
	/* What may be executed shall not be written to either. */
	if ((seals & UMM_F_SEAL_EXEC) && executable)
		seals |= UMM_F_SEAL_SHRINK | UMM_F_SEAL_GROW | UMM_F_SEAL_WRITE |
			 UMM_F_SEAL_FUTURE_WRITE;
	if ((seals & UMM_F_SEAL_WRITE) && !(file->flags & UMM_FILE_SEAL_WRITE)) {
		err = check(why, !mapped_writable, WHY_SEALS_BUSY, mapped_writable, 0);
		if (err)
			return err;
	}
	file->flags |= (seals & UMM_F_SEAL_WRITE ? UMM_FILE_SEAL_WRITE : 0) |
		       (seals & UMM_F_SEAL_FUTURE_WRITE ? UMM_FILE_SEAL_FUTURE : 0) |
		       (seals & UMM_F_SEAL_SEAL ? UMM_FILE_SEAL_SEAL : 0);
	note(why, NOTE_SEALS_ADDED, seals, 0, 0, 0);
	return 0;
}

static bool same_inode(const struct file *a, const struct file *b)
{
	return a == b || (a->inode && a->inode == b->inode && a->dev_major == b->dev_major &&
			  a->dev_minor == b->dev_minor);
}

uint64_t count_writable_mappings(const struct mm_struct *mm, const struct file *file)
{
	const vm_flags_t writable = VM_SHARED | VM_MAYWRITE;
	const struct vm_area_struct *vma;
	uint64_t areas = 0;

	for (vma = mm->tree.first; vma; vma = vma_next(vma))
		if ((vma->vm_flags & writable) == writable && vma->vm_file &&
		    same_inode(vma->vm_file, file))
			areas++;
	return areas;
}
