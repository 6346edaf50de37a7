/*
 * file.c - files as an embedder describes them.
 */
#include "api/handles.h"
#include "base/assert.h"
#include "base/err.h"
#include "calls/seals.h"
#include "object/objects.h"

#define ALL_FILE_FLAGS UINT32_C(0x3fff)

void umm_file_desc_init(struct umm_file_desc *desc, enum umm_file_kind kind)
{
	memset(desc, 0, sizeof(*desc));
	desc->size = sizeof(*desc);
	desc->kind = kind;
	desc->flags = UMM_FMODE_READ | UMM_FMODE_WRITE;
	desc->bytes = UINT64_MAX;
	if (kind == UMM_FILE_HUGETLB) {
		desc->align = UMM_ALIGN_HUGETLB;
		desc->huge_shift = 21;
	}
}

static const struct file_operations *operations_of(const struct umm_file_desc *desc)
{
	switch (desc->kind) {
	case UMM_FILE_REGULAR:
		return desc->align == UMM_ALIGN_THP ? &thp_file_operations
						    : &generic_file_operations;
	case UMM_FILE_SHMEM:
		return &shmem_file_operations;
	case UMM_FILE_HUGETLB:
		return &hugetlb_file_operations;
	case UMM_FILE_ZERO:
		return &zero_file_operations;
	case UMM_FILE_DEVICE:
		return &device_file_operations;
	case UMM_FILE_NOT_MAPPABLE:
		return &unmappable_file_operations;
	case UMM_FILE_SOCKET:
		return &socket_file_operations;
	}
	return NULL;
}

int umm_file_new(struct umm_world *handle, const struct umm_file_desc *desc, struct umm_file **out)
{
	struct world *world = to_world(handle);
	const struct file_operations *ops;
	struct file *file;

	if (desc->size != sizeof(*desc) || (desc->flags & ~ALL_FILE_FLAGS))
		return -UMM_EINVAL;
	ops = operations_of(desc);
	if (!ops)
		return -UMM_EINVAL;
	if (desc->kind == UMM_FILE_HUGETLB &&
	    (desc->huge_shift <= PAGE_SHIFT || desc->huge_shift >= 48))
		return -UMM_EINVAL;

	file = file_alloc(world, desc->path);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	file->f_op = ops;
	file->flags = desc->flags;
	file->dev_major = desc->dev_major;
	file->dev_minor = desc->dev_minor;
	file->inode = desc->inode;
	file->size = desc->bytes;
	if (desc->kind == UMM_FILE_HUGETLB)
		file->page_shift = desc->huge_shift;
	file->vm_ops = file_vm_operations(file);
	file->cookie = desc->cookie;
	file->release = desc->release;
	file->read_page = desc->read_page;
	*out = file_handle(file);
	return 0;
}

int64_t umm_file_add_seals(struct umm_file *file, uint32_t seals, bool executable,
			   uint64_t mapped_writable, struct umm_why *why)
{
	long ret;

	why_begin(why);
	ret = memfd_add_seals(to_file(file), seals, executable, mapped_writable, why);
	why_end(why);
	return ret;
}

uint64_t umm_mm_writable_mappings(struct umm_mm *handle, const struct umm_file *file)
{
	struct mm_struct *mm = to_mm(handle);
	uint64_t areas;

	mmap_read_lock(mm);
	areas = count_writable_mappings(mm, to_file_const(file));
	mmap_read_unlock(mm);
	return areas;
}

void umm_file_get(struct umm_file *handle)
{
	file_get(to_file(handle));
}

void umm_file_put(struct umm_file *handle)
{
	if (handle)
		file_put(to_file(handle));
}

void *umm_file_cookie(const struct umm_file *handle)
{
	return to_file_const(handle)->cookie;
}

void umm_file_set_flags(struct umm_file *handle, uint32_t flags)
{
	to_file(handle)->flags = flags & ALL_FILE_FLAGS;
}

int umm_file_set_path(struct umm_file *handle, const char *path)
{
	return file_set_path(to_file(handle), path);
}

void umm_file_set_inode(struct umm_file *handle, uint32_t dev_major, uint32_t dev_minor,
			uint64_t inode)
{
	struct file *file = to_file(handle);

	file->dev_major = dev_major;
	file->dev_minor = dev_minor;
	file->inode = inode;
}

void umm_file_set_size(struct umm_file *handle, uint64_t bytes)
{
	to_file(handle)->size = bytes;
}
