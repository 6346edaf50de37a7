/*
 * shm.c - shmget, shmat, shmdt.
 *
 * An attachment is do_mmap() of a file of its own, shared, at the whole size of the segment.  What
 * shmdt removes is found by arithmetic: an area is of the attachment at @addr if it lies as far
 * above @addr as its offset in the segment says.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/mmap.h"
#include "calls/munmap.h"
#include "calls/shm.h"
#include "fault/populate.h"
#include "object/objects.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/vma.h"
#include "space/vma_tree.h"

#define IRUGO 0444u
#define IWUGO 0222u
#define IXUGO 0111u
#define IRWXUGO 0777u

bool in_group(const struct mm_struct *mm, uint32_t gid)
{
	if (mm->ids.gid == gid)
		return true;
	for (uint32_t i = 0; i < mm->ids.nr_groups; i++)
		if (mm->ids.group[i] == gid)
			return true;
	return false;
}

uint32_t ipc_missing_bits(const struct mm_struct *mm, const struct shmid_kernel *shp, uint32_t flag)
{
	uint32_t wanted = (flag >> 6) | (flag >> 3) | flag, granted = shp->mode;

	if (mm->ids.uid == shp->cuid || mm->ids.uid == shp->uid)
		granted >>= 6;
	else if (in_group(mm, shp->cgid) || in_group(mm, shp->gid))
		granted >>= 3;
	return capable(mm, UMM_CAP_IPC_OWNER) ? 0 : wanted & ~granted & 7;
}

static long ipcperms(const struct mm_struct *mm, const struct shmid_kernel *shp, uint32_t flag,
		     enum why_code code, struct umm_why *why)
{
	uint32_t missing = ipc_missing_bits(mm, shp, flag);

	if (missing)
		return refuse4(why, code, missing, shp->mode & IRWXUGO, (uint64_t)shp->id, 0);
	passed(why, code, flag & IRWXUGO, shp->mode & IRWXUGO);
	return 0;
}

/* ---- shmget ---- */

static long check_new_size(const struct world *world, uint64_t bytes, struct umm_why *why)
{
	const struct umm_settings *s = &world->settings;
	uint64_t pages = (bytes >> PAGE_SHIFT) + (bytes % PAGE_SIZE != 0), total;
	long err;

	err = check(why, bytes >= 1 && bytes <= s->shmmax, WHY_SHMGET_SIZE, bytes, s->shmmax);
	if (err)
		return err;
	total = world->shm_pages + pages;
	if (pages > UINT64_MAX >> PAGE_SHIFT || total < pages || total > s->shmall)
		return refuse4(why, WHY_SHMGET_TOTAL, total, s->shmall, pages, 0);
	passed(why, WHY_SHMGET_TOTAL, total, s->shmall);
	return 0;
}

/* The page size that SHM_HUGETLB asks for, or refused. */
static long huge_shift(const struct mm_struct *mm, uint64_t flags, unsigned int *shift,
		       struct umm_why *why)
{
	*shift = (flags >> UMM_MAP_HUGE_SHIFT) & UMM_MAP_HUGE_MASK;
	if (!*shift)
		*shift = mm->world->settings.default_huge_shift;
	return check(why, world_huge_pool(mm->world, *shift) >= 0, WHY_SHMGET_HUGE_SIZE, *shift, 0);
}

static long huge_object(const struct mm_struct *mm, struct shmid_kernel *shp, uint64_t flags,
			struct umm_why *why)
{
	uint32_t group = mm->world->settings.hugetlb_shm_group;
	uint64_t reserve = shm_mapped_size(shp) >> shp->page_shift;
	struct file *file;
	long err;

	err = check(why, capable(mm, UMM_CAP_IPC_LOCK) || in_group(mm, group),
		    WHY_SHMGET_HUGE_PERMISSION, mm->ids.gid, group);
	if (err)
		return err;
	file = hugetlb_file_setup(mm->world, shp->page_shift);
	if (IS_ERR(file))
		return refuse(why, WHY_NO_METADATA, 1, 0);
	if (!(flags & UMM_SHM_NORESERVE)) {
		err = hugetlb_reserve_file(file, reserve, WHY_SHMGET_HUGE_POOL, why);
		if (err) {
			file_put(file);
			return err;
		}
	}
	shp->shm_file = file;
	return 0;
}

static long plain_object(const struct mm_struct *mm, struct shmid_kernel *shp, uint64_t flags,
			 struct umm_why *why)
{
	/* Strict overcommit does not let a process say that it needs no reserve. */
	bool noreserve = (flags & UMM_SHM_NORESERVE) &&
			 mm->world->settings.overcommit_memory != 2;
	struct file *file = file_alloc(mm->world, NULL);
	long err;

	if (IS_ERR(file))
		return refuse(why, WHY_NO_METADATA, 1, 0);
	err = shmem_kernel_file_setup(mm, file, shp->shm_segsz, noreserve ? VM_NORESERVE : 0,
				      WHY_SHMGET_OVERCOMMIT, why);
	if (err) {
		file->f_op = NULL;	/* it is no object yet */
		file_put(file);
		return err;
	}
	shp->shm_file = file;
	return 0;
}

static int64_t register_new(const struct mm_struct *mm, struct shmid_kernel *shp,
			    struct umm_why *why)
{
	struct world *world = shp->world;
	long err;

	err = check(why, world->nr_shm_segments < world->settings.shmmni, WHY_SHMGET_COUNT,
		    world->nr_shm_segments, world->settings.shmmni);
	if (err || mm->hypothesis)	/* what was not has no id */
		return err;
	shm_register_as(shp, -1);
	note(why, NOTE_SHM_MADE, (uint64_t)shp->id, shp->shm_segsz, world->nr_shm_segments,
	     world->shm_pages);
	return shp->id;
}

static int64_t newseg(struct mm_struct *mm, int32_t key, uint64_t bytes, uint64_t flags,
		      struct umm_why *why)
{
	unsigned int shift = PAGE_SHIFT;
	struct shmid_kernel *shp;
	int64_t ret;

	ret = check_new_size(mm->world, bytes, why);
	if (!ret && (flags & UMM_SHM_HUGETLB))
		ret = huge_shift(mm, flags, &shift, why);
	if (ret)
		return ret;
	shp = shm_alloc(mm->world, bytes, shift);
	if (!shp)
		return refuse(why, WHY_NO_METADATA, 1, 0);
	shp->key = key;
	shp->mode = (uint32_t)flags & IRWXUGO;
	shp->uid = shp->cuid = mm->ids.uid;
	shp->gid = shp->cgid = mm->ids.gid;
	ret = shift == PAGE_SHIFT ? plain_object(mm, shp, flags, why)
				  : huge_object(mm, shp, flags, why);
	if (!ret)
		ret = register_new(mm, shp, why);
	shm_put(shp);			/* the table has its own reference */
	return ret;
}

/* => mmap_lock held, and shm_lock for write: nobody makes another with that key meanwhile. */
static int64_t ipcget(struct mm_struct *mm, int32_t key, uint64_t bytes, uint64_t flags,
		      struct umm_why *why)
{
	struct shmid_kernel *shp;
	long err;

	if (key == UMM_IPC_PRIVATE)
		return newseg(mm, key, bytes, flags, why);
	shp = shm_find_key(mm->world, key);
	if (!shp) {
		err = check(why, flags & UMM_IPC_CREAT, WHY_SHMGET_NO_KEY, (uint32_t)key, 0);
		return err ? err : newseg(mm, key, bytes, flags, why);
	}
	err = check(why, !((flags & UMM_IPC_CREAT) && (flags & UMM_IPC_EXCL)), WHY_SHMGET_EXISTS,
		    (uint64_t)shp->id, (uint32_t)key);
	if (err)
		return err;
	if (bytes > shp->shm_segsz)
		return refuse4(why, WHY_SHMGET_TOO_SMALL, bytes, shp->shm_segsz, (uint64_t)shp->id,
			       0);
	passed(why, WHY_SHMGET_TOO_SMALL, bytes, shp->shm_segsz);
	err = ipcperms(mm, shp, (uint32_t)flags, WHY_SHMGET_PERMISSION, why);
	if (err)
		return err;
	note(why, NOTE_SHM_FOUND, (uint64_t)shp->id, shp->shm_segsz, 0, 0);
	return shp->id;
}

int64_t sys_shmget(struct mm_struct *mm, int32_t key, uint64_t bytes, uint64_t flags,
		   struct umm_why *why)
{
	int64_t ret;

	mmap_read_lock(mm);
	shm_write_lock(mm->world);
	ret = ipcget(mm, key, bytes, flags, why);
	shm_write_unlock(mm->world);
	mmap_read_unlock(mm);
	return ret;
}

/* ---- shmat ---- */

/* Round and check *addr; what do_mmap() is asked for. */
static long attach_address(umm_addr_t *addr, uint64_t flags, struct umm_why *why)
{
	umm_addr_t asked = *addr;
	bool placed = asked != 0;
	long err;

	if (placed && (flags & UMM_SHM_RND)) {
		*addr &= PAGE_MASK;
		if (*addr != asked)
			note(why, NOTE_SHM_ROUNDED, asked, *addr, 0, 0);
	}
	if (flags & UMM_SHM_REMAP) {
		err = check(why, *addr != 0, WHY_SHMAT_REMAP, asked, 0);
		if (err)
			return err;
	}
	return check(why, page_aligned(*addr), WHY_SHMAT_ADDR, asked, PAGE_SIZE);
}

static long attach_room(const struct mm_struct *mm, umm_addr_t addr, uint64_t size,
			struct umm_why *why)
{
	const struct vm_area_struct *vma;
	long err;

	err = check(why, addr + size >= addr, WHY_SHMAT_WRAP, addr, size);
	if (err)
		return err;
	vma = find_vma_intersection(&mm->tree, addr, addr + size);
	if (vma)
		return refuse(why, WHY_SHMAT_BUSY, vma->vm_start, vma->vm_end);
	passed(why, WHY_SHMAT_BUSY, addr, addr + size);
	return 0;
}

/* => mmap_lock held for write. */
static int64_t attach(struct mm_struct *mm, struct mmap_request *req, uint64_t flags,
		      struct umm_why *why)
{
	int64_t addr = 0;

	if (mm->def_flags & VM_LOCKED)
		addr = anon_vma_reserve(mm, 1, why);
	/* MAP_FIXED stands for an address that was given, be it 0. */
	if (!addr && (req->flags & UMM_MAP_FIXED) && req->addr && !(flags & UMM_SHM_REMAP))
		addr = attach_room(mm, req->addr, req->len, why);
	if (!addr)
		addr = do_mmap(mm, req, why);
	if (!IS_ERR_VALUE(addr) && req->populate) {
		populate_range(mm, (umm_addr_t)addr, (umm_addr_t)addr + req->len);
		note(why, NOTE_POPULATED, (umm_addr_t)addr, (umm_addr_t)addr + req->len, 0, 0);
	}
	return addr;
}

/* With the new one, without what begin_attach() counted. */
static uint64_t attachments(const struct mm_struct *mm, const struct shmid_kernel *shp)
{
	uint64_t nr;

	shm_read_lock(shp->world);
	nr = shp->shm_nattch + shp->elsewhere;
	shm_read_unlock(shp->world);
	return mm->hypothesis ? nr + 1 : nr - 1;
}

/* => mmap_lock held for write, and begin_attach() was called. */
static int64_t do_shmat(struct mm_struct *mm, struct shmid_kernel *shp, umm_addr_t addr,
			bool fixed, uint64_t flags, struct umm_why *why)
{
	bool readonly = flags & UMM_SHM_RDONLY;
	struct mmap_request req = {
		.addr = addr,
		.len = shm_mapped_size(shp),
		.prot = UMM_PROT_READ | (readonly ? 0 : UMM_PROT_WRITE) |
			(flags & UMM_SHM_EXEC ? UMM_PROT_EXEC : 0),
		.flags = UMM_MAP_SHARED | (fixed ? UMM_MAP_FIXED : 0),
	};
	struct file *file = shm_attach_file(shp, !readonly);
	int64_t ret;

	if (IS_ERR(file))
		return refuse(why, WHY_NO_METADATA, 1, 0);
	req.file = file;
	ret = attach(mm, &req, flags, why);
	if (!IS_ERR_VALUE(ret))
		note(why, NOTE_SHM_ATTACHED, (uint64_t)shp->id, (uint64_t)ret,
		     (uint64_t)ret + req.len, attachments(mm, shp));
	file_put(file);
	return ret;
}

/*
 * => the segment counts as attached once more: it must not go while it is being attached.  Or
 *    refused.  A hypothesis is not counted, and holds what is left of it if it goes.
 */
static long begin_attach(struct mm_struct *mm, int32_t id, uint64_t flags,
			 struct shmid_kernel **out, struct umm_why *why)
{
	uint32_t wanted = IRUGO | (flags & UMM_SHM_RDONLY ? 0 : IWUGO) |
			  (flags & UMM_SHM_EXEC ? IXUGO : 0);
	struct shmid_kernel *shp;
	long err;

	shm_write_lock(mm->world);
	shp = *out = shm_find_id(mm->world, id);
	if (shp)
		err = ipcperms(mm, shp, wanted, WHY_SHMAT_PERMISSION, why);
	else
		err = refuse(why, WHY_SHM_NO_SEGMENT, (uint64_t)id, 0);
	if (!err && mm->hypothesis)
		shm_get(shp);
	else if (!err)
		shp->shm_nattch++;
	shm_write_unlock(mm->world);
	return err;
}

static void end_attach(const struct mm_struct *mm, struct shmid_kernel *shp)
{
	if (mm->hypothesis)
		shm_put(shp);
	else
		shm_detach(shp);
}

int64_t sys_shmat(struct mm_struct *mm, int32_t id, umm_addr_t addr, uint64_t flags,
		  struct umm_why *why)
{
	bool fixed = addr != 0;
	struct shmid_kernel *shp;
	int64_t ret;

	ret = check(why, id >= 0, WHY_SHM_NO_SEGMENT, (uint64_t)id, 0);
	if (!ret)
		ret = attach_address(&addr, flags, why);
	if (ret)
		return ret;
	mmap_write_lock(mm);
	ret = begin_attach(mm, id, flags, &shp, why);
	if (!ret) {
		ret = do_shmat(mm, shp, addr, fixed, flags, why);
		end_attach(mm, shp);
	}
	mmap_write_unlock(mm);
	return ret;
}

/* ---- shmdt ---- */

static bool is_attached_at(const struct vm_area_struct *vma, umm_addr_t addr)
{
	return file_shm(vma->vm_file) && (vma->vm_start - addr) >> PAGE_SHIFT == vma->vm_pgoff;
}

/* Linux does not look whether it could be unmapped. */
static void detach_area(struct mm_struct *mm, struct vm_area_struct *vma, struct umm_why *why)
{
	umm_addr_t start = vma->vm_start, end = vma->vm_end;
	uint64_t id = (uint64_t)file_shm(vma->vm_file)->id;
	struct umm_why_entry *mark = why_mark(why);

	if (do_munmap_range(mm, start, end, why)) {
		why_retract(why, mark);
		note(why, NOTE_SHM_KEPT, start, end, 0, 0);
	} else {
		note(why, NOTE_SHM_DETACHED, start, end, id, 0);
	}
}

/* => mmap_lock held for write. */
static long detach_all(struct mm_struct *mm, umm_addr_t addr, struct umm_why *why)
{
	struct vm_area_struct *vma = find_vma(&mm->tree, addr), *next;
	const struct file *file;
	uint64_t size;
	long err;

	while (vma && !is_attached_at(vma, addr))
		vma = vma_next(vma);
	err = check(why, vma != NULL, WHY_SHMDT_NOTHING, addr, 0);
	if (!err)
		err = mm_reserve(mm, 2, 0, why);
	if (err)
		return err;
	file = vma->vm_file;		/* to compare with: it may be gone */
	size = shm_mapped_size(file_shm(file));
	next = vma_next(vma);
	detach_area(mm, vma, why);
	for (vma = next; vma && vma->vm_end - addr <= size; vma = next) {
		next = vma_next(vma);
		if (vma->vm_file == file && is_attached_at(vma, addr))
			detach_area(mm, vma, why);
	}
	return 0;
}

long sys_shmdt(struct mm_struct *mm, umm_addr_t addr, struct umm_why *why)
{
	long err = check(why, page_aligned(addr), WHY_SHMDT_ADDR, addr, PAGE_SIZE);

	if (err)
		return err;
	mmap_write_lock(mm);
	err = detach_all(mm, addr, why);
	mmap_write_unlock(mm);
	return err;
}
