/*
 * calls.c - calls on areas as they are, and what a process says of its address space.
 */
#include "api/answer.h"
#include "api/handles.h"
#include "base/err.h"
#include "calls/aio.h"
#include "calls/mincore.h"
#include "calls/mseal.h"
#include "calls/msync.h"
#include "calls/prctl_mm.h"
#include "calls/remap_file_pages.h"
#include "calls/shadow_stack.h"
#include "calls/vdso.h"

int64_t umm_msync(struct umm_mm *handle, umm_addr_t addr, uint64_t len, uint64_t flags,
		  struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_read_lock(mm);
	ret = do_msync(mm, addr, len, flags, why);
	mmap_read_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_mincore(struct umm_mm *handle, umm_addr_t addr, uint64_t len, umm_addr_t vec,
		    struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_mincore(mm, addr, len, vec, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_mseal(struct umm_mm *handle, umm_addr_t addr, uint64_t len, uint64_t flags,
		  struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_mseal(mm, addr, len, flags, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_remap_file_pages(struct umm_mm *handle, umm_addr_t addr, uint64_t size, uint64_t prot,
			     uint64_t pgoff, uint64_t flags, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_remap_file_pages(mm, addr, size, prot, pgoff, flags, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_prctl_set_mdwe(struct umm_mm *handle, uint64_t bits, uint64_t arg3, uint64_t arg4,
			   uint64_t arg5, struct umm_why *why)
{
	const uint64_t unused[3] = { arg3, arg4, arg5 };
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = prctl_set_mdwe(mm, bits, unused, why);
	mmap_write_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_prctl_get_mdwe(struct umm_mm *handle, uint64_t arg2, uint64_t arg3, uint64_t arg4,
			   uint64_t arg5, struct umm_why *why)
{
	const uint64_t unused[4] = { arg2, arg3, arg4, arg5 };
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_read_lock(mm);
	ret = prctl_get_mdwe(mm, unused, why);
	mmap_read_unlock(mm);
	return answer(mm, 0, ret, why);
}

int64_t umm_prctl_set_mm(struct umm_mm *handle, uint64_t option, umm_addr_t addr, uint64_t arg4,
			 uint64_t arg5, const struct umm_set_mm_map *map, struct umm_why *why)
{
	const uint64_t arg[4] = { option, addr, arg4, arg5 };
	struct mm_struct *mm = to_mm(handle);
	long ret;

	if (map && map->size != sizeof(*map))
		return -UMM_EINVAL;	/* no reason: not a call */
	why_begin(why);
	mmap_write_lock(mm);
	ret = prctl_set_mm(mm, arg, map, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

uint32_t umm_personality(struct umm_mm *handle, uint32_t personality, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	uint32_t old;

	why_begin(why);
	mmap_write_lock(mm);
	old = do_personality(mm, personality, why);
	mmap_write_unlock(mm);
	why_end(why);
	return old;
}

int64_t umm_io_setup(struct umm_mm *handle, uint32_t nr_events, umm_addr_t ctxp, uint64_t ctx,
		     uint32_t possible_cpus, umm_addr_t *ring, struct umm_why *why)
{
	const struct io_setup_request req = { nr_events, ctxp, ctx, possible_cpus };
	struct mm_struct *mm = to_mm(handle);
	long ret;

	*ring = 0;
	why_begin(why);
	mmap_write_lock(mm);
	ret = do_io_setup(mm, &req, ring, why);
	mmap_write_unlock(mm);
	return answer(mm, ctxp, ret, why);
}

int64_t umm_io_destroy(struct umm_mm *handle, umm_addr_t ctx, struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	long ret;

	why_begin(why);
	mmap_write_lock(mm);
	ret = do_io_destroy(mm, ctx, why);
	mmap_write_unlock(mm);
	return answer(mm, ctx, ret, why);
}

int64_t umm_map_vdso(struct umm_mm *handle, umm_addr_t addr, const struct umm_vdso_image *image,
		     struct umm_why *why)
{
	struct mm_struct *mm = to_mm(handle);
	int64_t ret;

	/* No vdso is that large; the sum of the parts cannot wrap around. */
	if (image->size != sizeof(*image) || image->vvar_pages > 1024 ||
	    image->vclock_pages > 1024 || image->vdso_pages > 1024 ||
	    (!image->vdso_pages && !image->missing))
		return -UMM_EINVAL;	/* no reason: not a call */
	why_begin(why);
	mmap_write_lock(mm);
	ret = map_vdso_once(mm, addr, image, why);
	mmap_write_unlock(mm);
	return answer(mm, addr, ret, why);
}

int64_t umm_map_shadow_stack(struct umm_mm *handle, umm_addr_t addr, uint64_t size, uint64_t flags,
			     struct umm_why *why)
{
	(void)size;
	(void)flags;
	why_begin(why);
	return answer(to_mm(handle), addr, map_shadow_stack(to_mm(handle), why), why);
}

int64_t umm_shstk_prctl(struct umm_mm *handle, bool enable, uint64_t features, struct umm_why *why)
{
	why_begin(why);
	return answer(to_mm(handle), 0, shstk_prctl(to_mm(handle), enable, features, why), why);
}
