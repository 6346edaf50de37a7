/*
 * shm.c - System V shared memory, for embedders and followers.
 */
#include "api/answer.h"
#include "api/handles.h"
#include "base/assert.h"
#include "base/err.h"
#include "calls/shm.h"

int umm_mm_set_ids(struct umm_mm *handle, uint32_t uid, uint32_t gid, const uint32_t *groups,
		   size_t nr_groups)
{
	struct mm_struct *mm = to_mm(handle);

	if (nr_groups > MM_GROUPS)
		return -UMM_EINVAL;	/* no reason: not a call */
	mmap_write_lock(mm);
	mm->ids.uid = uid;
	mm->ids.gid = gid;
	mm->ids.nr_groups = (uint32_t)nr_groups;
	for (size_t i = 0; i < nr_groups; i++)
		mm->ids.group[i] = groups[i];
	mmap_write_unlock(mm);
	return 0;
}

int64_t umm_shmget(struct umm_mm *mm, int32_t key, uint64_t bytes, uint64_t flags,
		   struct umm_why *why)
{
	why_begin(why);
	return answer(to_mm(mm), 0, sys_shmget(to_mm(mm), key, bytes, flags, why), why);
}

int64_t umm_shmat(struct umm_mm *mm, int32_t id, umm_addr_t addr, uint64_t flags,
		  struct umm_why *why)
{
	why_begin(why);
	return answer(to_mm(mm), addr, sys_shmat(to_mm(mm), id, addr, flags, why), why);
}

int64_t umm_shmdt(struct umm_mm *mm, umm_addr_t addr, struct umm_why *why)
{
	why_begin(why);
	return answer(to_mm(mm), addr, sys_shmdt(to_mm(mm), addr, why), why);
}

int64_t umm_shmctl(struct umm_mm *mm, int32_t id, int cmd, const struct umm_shm *set,
		   struct umm_why *why)
{
	if (set && set->size != sizeof(*set))
		return -UMM_EINVAL;	/* no reason: not a call */
	why_begin(why);
	return answer(to_mm(mm), 0, sys_shmctl(to_mm(mm), id, cmd, set, why), why);
}

int umm_shm_stat(struct umm_world *handle, int32_t id, struct umm_shm *shm)
{
	struct world *world = to_world(handle);
	const struct shmid_kernel *shp;

	if (shm->size != sizeof(*shm))
		return -UMM_EINVAL;	/* no reason: not a call */
	shm_read_lock(world);
	shp = shm_find_id(world, id);
	if (shp)
		*shm = (struct umm_shm){
			.size = sizeof(*shm),
			.id = shp->id,
			.key = shp->key,
			.bytes = shp->shm_segsz,
			.nattch = shp->shm_nattch + shp->elsewhere,
			.mode = shp->mode,
			.uid = shp->uid, .gid = shp->gid,
			.cuid = shp->cuid, .cgid = shp->cgid,
			.huge_shift = shp->page_shift == PAGE_SHIFT ? 0 : shp->page_shift,
		};
	shm_read_unlock(world);
	return shp ? 0 : -UMM_EINVAL;	/* no reason: not a call */
}

int32_t umm_shm_next(struct umm_world *handle, int32_t id)
{
	struct world *world = to_world(handle);
	const struct shmid_kernel *shp;
	int32_t found = -1;

	shm_read_lock(world);
	for (shp = world->shm_segments; shp; shp = shp->next)
		if (shp->id > id && (found < 0 || shp->id < found))
			found = shp->id;
	shm_read_unlock(world);
	return found;
}

static struct shmid_kernel *import_new(struct world *world, const struct umm_shm *shm)
{
	unsigned int shift = shm->huge_shift ? shm->huge_shift : PAGE_SHIFT;
	struct shmid_kernel *shp = shm_alloc(world, shm->bytes, shift);

	if (!shp)
		return NULL;
	shp->key = shm->key;
	shm_register_as(shp, shm->id);
	shm_put(shp);			/* the table has its own reference */
	return shp;
}

static int import_segment(struct world *world, const struct umm_shm *shm)
{
	struct shmid_kernel *shp = shm_find_id(world, shm->id);

	if (!shp)
		shp = import_new(world, shm);
	if (!shp)
		return -UMM_ENOMEM;	/* no reason: not a call */
	shp->key = shm->key;
	shp->mode = shm->mode;
	shp->uid = shm->uid;
	shp->gid = shm->gid;
	shp->cuid = shm->cuid;
	shp->cgid = shm->cgid;
	shp->elsewhere = shm->nattch > shp->shm_nattch ? shm->nattch - shp->shm_nattch : 0;
	return 0;
}

int umm_shm_import(struct umm_world *handle, const struct umm_shm *shm)
{
	struct world *world = to_world(handle);
	int err;

	if (shm->size != sizeof(*shm) || shm->id < 0 || !shm->bytes ||
	    shm->bytes > UINT64_MAX >> 2 || shm->huge_shift >= 48 ||
	    (shm->huge_shift && shm->huge_shift <= PAGE_SHIFT))
		return -UMM_EINVAL;	/* no reason: not a call */
	shm_write_lock(world);
	err = import_segment(world, shm);
	shm_write_unlock(world);
	return err;
}

int umm_shm_set_id(struct umm_world *handle, int32_t id, int32_t kernels)
{
	struct world *world = to_world(handle);
	struct shmid_kernel *shp, *other;

	if (kernels < 0)
		return -UMM_EINVAL;	/* no reason: not a call */
	shm_write_lock(world);
	shp = shm_find_id(world, id);
	other = shm_find_id(world, kernels);
	if (shp && other && other != shp)
		shm_destroy(other);	/* the kernel has none of that id any more */
	if (shp)
		shp->id = kernels;
	shm_write_unlock(world);
	return shp ? 0 : -UMM_EINVAL;	/* no reason: not a call */
}

void umm_shm_forget(struct umm_world *handle, int32_t id)
{
	struct world *world = to_world(handle);
	struct shmid_kernel *shp;

	shm_write_lock(world);
	shp = shm_find_id(world, id);
	if (shp)
		shm_destroy(shp);
	shm_write_unlock(world);
}

int umm_shm_file(struct umm_world *handle, int32_t id, bool writable, struct umm_file **out)
{
	struct world *world = to_world(handle);
	struct file *file = ERR_PTR(-UMM_EINVAL);
	struct shmid_kernel *shp;

	shm_read_lock(world);
	shp = shm_find_id(world, id);
	if (shp)
		file = shm_attach_file(shp, writable);
	shm_read_unlock(world);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	*out = file_handle(file);
	return 0;
}

int32_t umm_file_shm(const struct umm_file *file)
{
	const struct shmid_kernel *shp = file_shm(to_file_const(file));

	return shp ? shp->id : -1;
}
