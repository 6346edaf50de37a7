/*
 * file.h - what a descriptor refers to, reduced to what memory management asks of it.
 *
 * Layer: space.  The kinds of file are in object/: their operations answer every question that
 * depends on the kind.
 */
#ifndef SPACE_FILE_H
#define SPACE_FILE_H

#include "base/radix.h"
#include "space/mm_types.h"

/* What get_unmapped_area() is asked for. */
struct unmapped_area_request {
	umm_addr_t addr;		/* the hint, or the address of MAP_FIXED */
	uint64_t len;			/* bytes, page aligned, > 0 */
	uint64_t pgoff;			/* pages */
	uint64_t flags;			/* MAP_ */
};

struct file_operations {
	/* Choose an address: as space/unmapped_area.h says.  NULL: as anonymous memory does. */
	int64_t (*get_unmapped_area)(struct mm_struct *mm, const struct file *file,
				     const struct unmapped_area_request *req,
				     struct umm_why *why);
	/*
	 * Make the new area, which holds a reference to the file, map the object: set vm_ops,
	 * change flags, take another file, or refuse.  NULL: it cannot be mapped.
	 */
	long (*mmap)(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why);
	/*
	 * The last reference goes: what the object holds of the machine is given back.  May be
	 * NULL.
	 */
	void (*destroy)(struct file *file);
	/* Of its areas, imported ones too.  NULL: what any file's areas have. */
	const struct vm_operations_struct *vm_ops;
	bool signed_offsets;	/* offsets end at 2^63 - 1: regular files and block devices */
	bool private_is_anonymous;	/* a private mapping has no vm_ops: /dev/zero */
	bool shared_is_shmem;		/* its shared areas get an object of their own */
	bool knows_sync;	/* MAP_SYNC is no unknown flag: its mmap may refuse it */
	bool moves_alone;	/* its get_unmapped_area may place it elsewhere than mremap says */
	bool is_shmem;		/* its areas are shmem's own: userfaultfd can fill their pages */
	bool shmem_pages;	/* its pages are shmem's, SysV segments' too: they can be huge */
	bool late_mmap;		/* what it does to an area comes after neighbours were looked at */
	bool own_accounting;	/* its pages are promised by a pool, not by the commit charge */
	bool no_fsync;		/* there is nothing to write back to: msync says EINVAL */
	bool is_aio_ring;	/* io_destroy(2) knows its areas by it */
	bool no_page_cache;	/* its memory is a driver's: no frame of ours holds it */
};

struct file {
	const struct file_operations *f_op;	/* [-] */
	struct world *world;			/* [-] */
	atomic_uint refcount;			/* [a] */
	uint32_t flags;				/* [-] UMM_FMODE_, UMM_FILE_ */
	uint32_t dev_major, dev_minor;		/* [-] */
	uint32_t page_shift;			/* [-] of its pages: 12, more for hugetlb */
	uint64_t inode;				/* [-] */
	uint64_t size;			/* [-] bytes; UINT64_MAX: no end is known */
	uint64_t charged;			/* [-] pages of the commit charge that it holds */
	const struct vm_operations_struct *vm_ops;	/* [-] its areas get them */
	void *private_data;			/* [-] the object's own */
	char *path;				/* [-] ours, or NULL */
	size_t path_bytes;			/* [-] allocated for it */
	void *cookie;				/* [-] the embedder's */
	void (*release)(void *cookie);		/* [-] */

	/* In a world with pages: object/page_cache.c. */
	int (*read_page)(void *cookie, uint64_t pgoff, void *contents);	/* [-] or NULL */
	struct radix pages;			/* [w] its frames */
	struct rb_root i_mmap;			/* [w] the areas that map it: i_mmap.c */
	struct file *host;			/* [-] a reference: its frames are there; or NULL */
	void (*free_pages)(struct file *file);	/* [w] where there were some */
};

/*
 * A file with one reference, all members zero but those that an allocation sets and page_shift.
 * @path is copied.  ERR_PTR(-UMM_ENOMEM).
 */
struct file *file_alloc(struct world *world, const char *path);
void file_put(struct file *file);

static inline void file_get(struct file *file)
{
	atomic_fetch_add_explicit(&file->refcount, 1, memory_order_relaxed);
}

/* 0 or -UMM_ENOMEM with the old path kept. */
__must_check int file_set_path(struct file *file, const char *path);

/* Whose frames are mapped where @file is. */
static inline struct file *file_host(struct file *file)
{
	return file->host ? file->host : file;
}

static inline uint64_t file_page_size(const struct file *file)
{
	return UINT64_C(1) << file->page_shift;
}

#endif
