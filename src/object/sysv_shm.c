/*
 * sysv_shm.c - System V shared memory: segments, and files through which they are attached.
 *
 * Theory
 * ------
 *	id ─► segment ─► object (shmem or hugetlb), charged when the segment is made
 *	         ▲
 *	file ────┘  one for each shmat(): attachments never merge with one another
 *	  ▲
 *	areas       of one attachment; mprotect and munmap make several of one
 *
 * shm_nattch counts areas, not calls: a split adds one, fork adds those of the child.  A segment
 * lives in the table until IPC_RMID and, if areas are left then, until the last of them goes.  The
 * object's memory and charge go with the entry; what is left of the segment after that is held by
 * files that are on their way out.
 *
 * Invariants
 *	1. registered, or refcount counts files alone;
 *	2. registered and UMM_SHM_DEST: shm_nattch + elsewhere > 0;
 *	3. the charge of a segment is that of its shm_file.
 */
#include "base/assert.h"
#include "base/err.h"
#include "object/objects.h"
#include "object/sysv_shm.h"
#include "space/unmapped_area.h"
#include "space/vma.h"

/* An id is a slot and how often slots were used up: (seq << 15) + slot. */
#define IPC_SLOT_SHIFT	15
#define IPC_SLOTS	(1 << IPC_SLOT_SHIFT)
/* The count begins anew here: the last of the numbers that would fit is never used. */
#define IPC_SEQ_END	(INT32_MAX >> IPC_SLOT_SHIFT)
/* Slots are taken in turn among at least so many, so that an id does not come back soon. */
#define IPC_MIN_CYCLE	64

#define SHM_BYTES ((sizeof(struct shmid_kernel) + 63) & ~(size_t)63)

struct shmid_kernel *shm_alloc(struct world *world, uint64_t bytes, unsigned int page_shift)
{
	const struct umm_platform *platform = &world->platform;
	struct shmid_kernel *shp = platform->alloc(platform->ctx, SHM_BYTES);

	if (!shp)
		return NULL;
	memset(shp, 0, sizeof(*shp));
	shp->world = world;
	atomic_init(&shp->refcount, 1);
	shp->shm_segsz = bytes;
	shp->page_shift = page_shift;
	return shp;
}

void shm_get(struct shmid_kernel *shp)
{
	atomic_fetch_add_explicit(&shp->refcount, 1, memory_order_relaxed);
}

void shm_put(struct shmid_kernel *shp)
{
	const struct umm_platform *platform = &shp->world->platform;

	if (atomic_fetch_sub_explicit(&shp->refcount, 1, memory_order_acq_rel) != 1)
		return;
	mm_assert(!shp->registered);
	if (shp->shm_file)
		file_put(shp->shm_file);
	platform->free(platform->ctx, shp, SHM_BYTES);
}

/* ---- the table ---- */

static struct shmid_kernel *find_slot(const struct world *world, int32_t slot)
{
	struct shmid_kernel *shp;

	for (shp = world->shm_segments; shp; shp = shp->next)
		if ((shp->id & (IPC_SLOTS - 1)) == slot)
			return shp;
	return NULL;
}

/* The next free slot after the last one given, among one and a half times as many as are used. */
static int32_t next_slot(const struct world *world)
{
	uint64_t cycle = world->nr_shm_segments + world->nr_shm_segments / 2;
	int32_t slot = world->shm_last_slot + 1;

	if (cycle < IPC_MIN_CYCLE)
		cycle = IPC_MIN_CYCLE;
	if (cycle > IPC_SLOTS)
		cycle = IPC_SLOTS;
	for (uint64_t tries = 0; tries <= cycle; tries++, slot++) {
		if ((uint64_t)slot >= cycle)
			slot = 0;
		if (!find_slot(world, slot))
			return slot;
	}
	return 0;
}

/* => shm_lock held for write. */
static int32_t new_id(struct world *world)
{
	int32_t slot = next_slot(world);

	if (slot <= world->shm_last_slot)
		world->shm_seq = (world->shm_seq + 1) % IPC_SEQ_END;
	world->shm_last_slot = slot;
	return (int32_t)(world->shm_seq << IPC_SLOT_SHIFT) + slot;
}

void shm_register_as(struct shmid_kernel *shp, int32_t id)
{
	struct world *world = shp->world;

	shm_get(shp);
	shp->id = id >= 0 ? id : new_id(world);
	shp->next = world->shm_segments;
	world->shm_segments = shp;
	world->nr_shm_segments++;
	world->shm_pages += (shp->shm_segsz + PAGE_SIZE - 1) >> PAGE_SHIFT;
	shp->registered = true;
	shp->first_key = shp->key;
}

struct shmid_kernel *shm_find_id(const struct world *world, int32_t id)
{
	struct shmid_kernel *shp;

	for (shp = world->shm_segments; shp && shp->id != id; shp = shp->next)
		;
	return shp;
}

struct shmid_kernel *shm_find_key(const struct world *world, int32_t key)
{
	struct shmid_kernel *shp;

	/* One that is marked for removal has lost its key. */
	for (shp = world->shm_segments; shp; shp = shp->next)
		if (shp->key == key && !(shp->mode & UMM_SHM_DEST))
			break;
	return shp;
}

/* => shm_lock held for write.  The caller puts the table's reference: release_memory(). */
static void unlink_segment(struct shmid_kernel *shp)
{
	struct world *world = shp->world;
	struct shmid_kernel **link = &world->shm_segments;

	while (*link != shp)
		link = &(*link)->next;
	*link = shp->next;
	shp->next = NULL;
	shp->registered = false;
	world->nr_shm_segments--;
	world->shm_pages -= (shp->shm_segsz + PAGE_SIZE - 1) >> PAGE_SHIFT;
}

/* It is not in the table any more. */
static void release_memory(struct shmid_kernel *shp)
{
	struct file *object = shp->shm_file;

	shp->shm_file = NULL;
	if (object)
		file_put(object);
	shm_put(shp);
}

/* => shm_lock held. */
static bool may_destroy(const struct shmid_kernel *shp)
{
	return shp->registered && shp->shm_nattch + shp->elsewhere == 0 &&
	       ((shp->mode & UMM_SHM_DEST) || shp->world->settings.shm_rmid_forced);
}

void shm_destroy(struct shmid_kernel *shp)
{
	if (!shp->registered)
		return;
	unlink_segment(shp);
	release_memory(shp);
}

void shm_attach(struct shmid_kernel *shp)
{
	struct world *world = shp->world;

	shm_write_lock(world);
	shp->shm_nattch++;
	shm_write_unlock(world);
}

void shm_detach(struct shmid_kernel *shp)
{
	struct world *world = shp->world;

	shm_write_lock(world);
	mm_assert(shp->shm_nattch > 0);
	shp->shm_nattch--;
	if (may_destroy(shp))
		shm_destroy(shp);
	shm_write_unlock(world);
}

bool shm_remove(struct shmid_kernel *shp)
{
	bool gone;

	shp->mode |= UMM_SHM_DEST;
	shp->key = UMM_IPC_PRIVATE;
	gone = may_destroy(shp);
	if (gone)
		shm_destroy(shp);
	return gone;
}

/* ---- files and areas ---- */

static void shm_open(struct vm_area_struct *vma)
{
	shm_attach(vma->vm_file->private_data);
}

static void shm_close(struct world *world, struct vm_area_struct *vma)
{
	(void)world;
	shm_detach(vma->vm_file->private_data);
}

static long shm_may_split(const struct vm_area_struct *vma, umm_addr_t addr, struct umm_why *why)
{
	uint64_t page = file_page_size(vma->vm_file);

	if (addr % page)
		return refuse(why, WHY_HUGETLB_SPLIT, addr, page);
	return 0;
}

static const struct vm_operations_struct shm_vm_ops = {
	.open = shm_open,
	.close = shm_close,
	.may_split = shm_may_split,
};

static long shm_mmap(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	const struct shmid_kernel *shp = vma->vm_file->private_data;

	if (!shp->registered)
		return refuse(why, WHY_SHM_REMOVED, (uint64_t)shp->id, 0);
	vma->vm_ops = &shm_vm_ops;
	vma_open(mm, vma);
	return 0;
}

/* Its pages were promised when the segment was made. */
static long shm_mmap_huge(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	vma->vm_flags |= VM_HUGETLB | VM_DONTEXPAND;
	return shm_mmap(mm, vma, why);
}

static void shm_file_destroy(struct file *file)
{
	shm_put(file->private_data);
}

static const struct file_operations shm_file_operations = {
	.mmap = shm_mmap,
	.destroy = shm_file_destroy,
	.vm_ops = &shm_vm_ops,
	.moves_alone = true,
	.shmem_pages = true,
	.signed_offsets = true,
};

static const struct file_operations shm_file_operations_huge = {
	.get_unmapped_area = hugetlb_get_unmapped_area,
	.mmap = shm_mmap_huge,
	.destroy = shm_file_destroy,
	.vm_ops = &shm_vm_ops,
	.signed_offsets = true,
	.own_accounting = true,
};

/* "/SYSV0000162e (deleted)" */
static void segment_path(int32_t key, char path[24])
{
	static const char digits[] = "0123456789abcdef";
	static const char pattern[24] = "/SYSV00000000 (deleted)";
	uint32_t rest = (uint32_t)key;

	memcpy(path, pattern, sizeof(pattern));
	for (unsigned int i = 0; i < 8; i++, rest >>= 4)
		path[5 + 7 - i] = digits[rest & 15];
}

static uint32_t huge_dev_minor(const struct shmid_kernel *shp)
{
	int pool = world_huge_pool(shp->world, shp->page_shift);

	return pool < 0 ? 0 : shp->world->settings.huge[pool].dev_minor;
}

struct file *shm_attach_file(struct shmid_kernel *shp, bool writable)
{
	bool huge = shp->page_shift != PAGE_SHIFT;
	struct file *file;
	char path[24];

	segment_path(shp->first_key, path);
	file = file_alloc(shp->world, path);
	if (IS_ERR(file))
		return file;
	file->f_op = huge ? &shm_file_operations_huge : &shm_file_operations;
	file->vm_ops = &shm_vm_ops;
	file->flags = UMM_FMODE_READ | (writable ? UMM_FMODE_WRITE : 0);
	file->page_shift = shp->page_shift;
	file->dev_minor = huge ? huge_dev_minor(shp) : 1;
	file->inode = (uint64_t)shp->id;
	file->size = shp->shm_segsz;
	file->private_data = shp;
	if (shp->shm_file) {
		file_get(shp->shm_file);
		file->host = shp->shm_file;
	}
	shm_get(shp);
	return file;
}

struct shmid_kernel *file_shm(const struct file *file)
{
	bool attaches = file && (file->f_op == &shm_file_operations ||
				 file->f_op == &shm_file_operations_huge);

	return attaches ? file->private_data : NULL;
}
