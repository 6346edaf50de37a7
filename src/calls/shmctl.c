/*
 * shmctl.c - shmctl: removal, ownership, locking.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/shm.h"
#include "space/accounting.h"

static bool owns(const struct mm_struct *mm, const struct shmid_kernel *shp)
{
	return mm->ids.uid == shp->uid || mm->ids.uid == shp->cuid;
}

static long check_owner(const struct mm_struct *mm, const struct shmid_kernel *shp, uint32_t cap,
			enum why_code code, struct umm_why *why)
{
	if (!owns(mm, shp) && !capable(mm, cap))
		return refuse4(why, code, mm->ids.uid, shp->uid, (uint64_t)shp->id, shp->cuid);
	passed(why, code, mm->ids.uid, shp->uid);
	return 0;
}

/* Each of these leaves alone what a hypothesis shares with what is. */
static long remove_segment(const struct mm_struct *mm, struct shmid_kernel *shp,
			   struct umm_why *why)
{
	uint64_t charged = shp->shm_file && shp->page_shift == PAGE_SHIFT ? shp->shm_file->charged
									  : 0;
	uint64_t id = (uint64_t)shp->id, attached = shp->shm_nattch + shp->elsewhere;

	if (mm->hypothesis)
		return 0;
	if (shm_remove(shp))
		note(why, NOTE_SHM_GONE, id, charged, 0, 0);
	else
		note(why, NOTE_SHM_MARKED, id, attached, 0, 0);
	return 0;
}

static void set_owner(const struct mm_struct *mm, struct shmid_kernel *shp,
		      const struct umm_shm *set, struct umm_why *why)
{
	if (mm->hypothesis)
		return;
	shp->uid = set->uid;
	shp->gid = set->gid;
	shp->mode = (shp->mode & ~0777u) | (set->mode & 0777u);
	note(why, NOTE_SHM_OWNER_SET, (uint64_t)shp->id, set->uid, set->gid, set->mode & 0777u);
}

/* Pages of locked segments of the user: whoever owns one is taken for who locked it. */
static uint64_t locked_by_user(const struct world *world, uint32_t uid)
{
	const struct shmid_kernel *shp;
	uint64_t pages = 0;

	for (shp = world->shm_segments; shp; shp = shp->next)
		if ((shp->mode & UMM_SHM_LOCKED) && shp->uid == uid)
			pages += page_align(shp->shm_segsz) >> PAGE_SHIFT;
	return pages;
}

static long lock_segment(const struct mm_struct *mm, struct shmid_kernel *shp, struct umm_why *why)
{
	uint64_t pages = page_align(shp->shm_segsz) >> PAGE_SHIFT;
	uint64_t limit = rlimit_pages(mm, MM_RLIMIT_MEMLOCK), locked;
	long err;

	/* Huge pages are never swapped, and a second lock changes nothing. */
	if (shp->page_shift != PAGE_SHIFT || (shp->mode & UMM_SHM_LOCKED)) {
		note(why, NOTE_SHM_LOCKED, (uint64_t)shp->id, 0, 0, 0);
		return 0;
	}
	locked = locked_by_user(mm->world, mm->ids.uid) + pages;
	err = check(why, locked <= limit || capable(mm, UMM_CAP_IPC_LOCK), WHY_SHMCTL_LOCK_LIMIT,
		    locked, limit);
	if (err || mm->hypothesis)
		return err;
	shp->mode |= UMM_SHM_LOCKED;
	note(why, NOTE_SHM_LOCKED, (uint64_t)shp->id, pages, 0, 0);
	return 0;
}

static long shmctl_do_lock(const struct mm_struct *mm, struct shmid_kernel *shp, bool lock,
			   struct umm_why *why)
{
	long err;

	err = check_owner(mm, shp, UMM_CAP_IPC_LOCK, WHY_SHMCTL_LOCK_OWNER, why);
	if (!err && lock)
		err = check(why, can_do_mlock(mm), WHY_SHMCTL_LOCK_NONE,
			    mm->rlimit[MM_RLIMIT_MEMLOCK].soft, 0);
	if (err)
		return err;
	if (lock)
		return lock_segment(mm, shp, why);
	if (mm->hypothesis)
		return 0;
	shp->mode &= ~(uint32_t)UMM_SHM_LOCKED;
	note(why, NOTE_SHM_UNLOCKED, (uint64_t)shp->id, 0, 0, 0);
	return 0;
}

/* => mmap_lock held, and shm_lock for write. */
static long do_shmctl(const struct mm_struct *mm, int32_t id, int cmd, const struct umm_shm *set,
		      struct umm_why *why)
{
	struct shmid_kernel *shp = shm_find_id(mm->world, id);
	long err;

	err = check(why, shp != NULL, WHY_SHM_NO_SEGMENT, (uint64_t)id, 0);
	if (err)
		return err;
	if (cmd == UMM_SHM_LOCK || cmd == UMM_SHM_UNLOCK)
		return shmctl_do_lock(mm, shp, cmd == UMM_SHM_LOCK, why);
	err = check_owner(mm, shp, UMM_CAP_SYS_ADMIN, WHY_SHMCTL_OWNER, why);
	if (err)
		return err;
	if (cmd == UMM_IPC_RMID)
		return remove_segment(mm, shp, why);
	set_owner(mm, shp, set, why);
	return 0;
}

long sys_shmctl(struct mm_struct *mm, int32_t id, int cmd, const struct umm_shm *set,
		struct umm_why *why)
{
	bool known = cmd == UMM_IPC_RMID || (cmd == UMM_IPC_SET && set) || cmd == UMM_SHM_LOCK ||
		     cmd == UMM_SHM_UNLOCK;
	long err;

	err = check(why, known && id >= 0, WHY_SHMCTL_COMMAND, (uint64_t)(int64_t)cmd, 0);
	if (err)
		return err;
	mmap_read_lock(mm);
	shm_write_lock(mm->world);
	err = do_shmctl(mm, id, cmd, set, why);
	shm_write_unlock(mm->world);
	mmap_read_unlock(mm);
	return err;
}
