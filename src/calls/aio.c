/*
 * aio.c - io_setup(2) and io_destroy(2): the ring of completions that they map and unmap.
 *
 * The context's name is the ring's address.  A ring belongs to the process that made it: the copy
 * that fork makes is memory like any other.  How many events the machine allows (fs.aio-max-nr) is
 * no matter of memory.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/aio.h"
#include "calls/mmap.h"
#include "calls/munmap.h"
#include "fault/uaccess.h"
#include "object/objects.h"
#include "space/vma.h"
#include "space/vma_tree.h"

/* The head of the ring, and an event, are that large. */
#define RING_HEAD 32
#define RING_EVENT 32
#define RING_MAX UINT32_C(0x10000000)
#define CONTEXT_BYTES 8

/* May the context be accessed?  Faults as the access would. */
static long access_context(struct mm_struct *mm, umm_addr_t ctxp, bool write, struct umm_why *why)
{
	bool ok = user_access(mm, ctxp, CONTEXT_BYTES, write) == ctxp + CONTEXT_BYTES;

	return check(why, ok, WHY_AIO_FAULT, ctxp, 0);
}

/* Each processor takes events from the ring in batches, so each needs some of its own. */
static long ring_bytes(const struct io_setup_request *req, uint64_t *bytes, struct umm_why *why)
{
	uint32_t nr = req->nr_events, floor = req->possible_cpus * 4;
	long err;

	if (nr < floor)
		nr = floor;
	nr *= 2;
	err = check(why, nr <= RING_MAX / RING_EVENT, WHY_AIO_TOO_MANY, req->nr_events,
		    RING_MAX / RING_EVENT);
	if (err)
		return err;
	*bytes = page_align(RING_HEAD + RING_EVENT * ((uint64_t)nr + 2));
	note(why, NOTE_AIO_RING_SIZE, *bytes >> PAGE_SHIFT, nr, req->nr_events, 0);
	return 0;
}

/* Whatever refuses the mapping, the answer is ENOMEM. */
static int64_t map_ring(struct mm_struct *mm, struct file *file, uint64_t bytes,
			struct umm_why *why)
{
	struct mmap_request req = {
		.len = bytes, .prot = UMM_PROT_READ | UMM_PROT_WRITE, .flags = UMM_MAP_SHARED,
		.file = file,
	};
	struct umm_why_entry *mark = why_mark(why);
	int64_t addr;

	file->size = bytes;
	addr = do_mmap(mm, &req, why);
	if (!IS_ERR_VALUE(addr) || addr == -UMM_ENOMEM)
		return addr;
	why_retract(why, mark);
	return refuse(why, WHY_AIO_RING, bytes >> PAGE_SHIFT, (uint64_t)-addr);
}

/* Past our own reserve: make the ring for @file. */
static long aio_setup_ring(struct mm_struct *mm, const struct io_setup_request *req,
			   struct file *file, umm_addr_t *ring, struct umm_why *why)
{
	uint64_t bytes;
	int64_t addr;
	long err;

	err = access_context(mm, req->ctxp, false, why);
	if (err)
		return err;
	err = check(why, req->ctx == 0 && req->nr_events != 0, WHY_AIO_ARGS, req->ctx,
		    req->nr_events);
	if (err)
		return err;
	err = ring_bytes(req, &bytes, why);
	if (err)
		return err;
	addr = map_ring(mm, file, bytes, why);
	if (IS_ERR_VALUE(addr))
		return (long)addr;
	err = access_context(mm, req->ctxp, true, why);
	if (err) {
		long gone = do_munmap_range(mm, (umm_addr_t)addr, (umm_addr_t)addr + bytes, NULL);

		mm_assert(!gone);	/* reserved */
		return err;
	}
	find_vma(&mm->tree, (umm_addr_t)addr)->vm_private = bytes;
	*ring = (umm_addr_t)addr;
	return 0;
}

long do_io_setup(struct mm_struct *mm, const struct io_setup_request *req, umm_addr_t *ring,
		 struct umm_why *why)
{
	struct file *file;
	long err;

	/* Ours: the ring, its unmapping if the context cannot be written, and that write. */
	err = mm_reserve(mm, 4, 0, why);
	if (!err)
		err = uaccess_reserve(mm, req->ctxp, CONTEXT_BYTES, why);
	if (err)
		return err;
	file = aio_ring_file_setup(mm->world);
	if (IS_ERR(file))
		return refuse(why, WHY_NO_METADATA, 1, 0);
	err = aio_setup_ring(mm, req, file, ring, why);
	file_put(file);			/* the ring's area holds it */
	return err;
}

/* The area at @ctx, if a ring of this process begins there that can be read. */
static struct vm_area_struct *lookup_ioctx(const struct mm_struct *mm, umm_addr_t ctx)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, ctx);

	if (!vma || vma->vm_start != ctx || !(vma->vm_flags & VM_ACCESS_FLAGS) ||
	    !vma->vm_file || !vma->vm_file->f_op->is_aio_ring || vma->vm_pgoff)
		return NULL;
	return vma->vm_private ? vma : NULL;
}

/* What is left of a ring whose context is gone, or goes: nobody's any more. */
static void forget_ring(struct mm_struct *mm, const struct file *file)
{
	for (struct vm_area_struct *vma = mm->tree.first; vma; vma = vma_next(vma)) {
		if (vma->vm_file == file)
			vma->vm_private = 0;
	}
}

long do_io_destroy(struct mm_struct *mm, umm_addr_t ctx, struct umm_why *why)
{
	struct vm_area_struct *vma = lookup_ioctx(mm, ctx);
	uint64_t bytes;
	long err;

	err = check(why, vma != NULL, WHY_AIO_NO_CONTEXT, ctx, 0);
	if (err)
		return err;
	err = mm_reserve(mm, 2, 0, why);
	if (err)
		return err;
	bytes = vma->vm_private;
	forget_ring(mm, vma->vm_file);
	/* Nobody asks whether that worked: a sealed ring stays. */
	if (!do_munmap_range(mm, ctx, ctx + bytes, NULL))
		note(why, NOTE_AIO_RING_GONE, ctx, ctx + bytes, 0, 0);
	return 0;
}
