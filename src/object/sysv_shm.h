/*
 * sysv_shm.h - System V shared memory: segments, and files through which they are attached.
 *
 * Layer: object.
 */
#ifndef OBJECT_SYSV_SHM_H
#define OBJECT_SYSV_SHM_H

#include "base/why.h"
#include "space/file.h"

/*
 * A segment.  Locks:
 *	s	world->shm_lock
 *	a	atomic
 *	-	set when it is made, or by the embedder between calls
 */
struct shmid_kernel {
	struct world *world;			/* [-] */
	struct shmid_kernel *next;		/* [s] in world->shm_segments */
	struct file *shm_file;		/* [-] the memory, charged; NULL if it was imported */
	atomic_uint refcount;			/* [a] the world's, and one for each file */
	bool registered;			/* [s] in world->shm_segments */
	int32_t id;				/* [-] */
	int32_t key;				/* [s] UMM_IPC_PRIVATE once it is to be removed */
	int32_t first_key;			/* [-] which names its areas for good */
	uint64_t shm_segsz;			/* [-] bytes, as asked for */
	uint64_t shm_nattch;			/* [s] areas, and calls that attach right now */
	uint64_t elsewhere;			/* [s] attachments that only the embedder knows */
	uint32_t mode;				/* [s] permissions, UMM_SHM_DEST, UMM_SHM_LOCKED */
	uint32_t uid, gid, cuid, cgid;		/* [s] owner and creator */
	uint32_t page_shift;			/* [-] 12, more for SHM_HUGETLB */
};

/* A segment of that size with one reference: nobody's, and not registered.  NULL without memory. */
struct shmid_kernel *shm_alloc(struct world *world, uint64_t bytes, unsigned int page_shift);
void shm_get(struct shmid_kernel *shp);
void shm_put(struct shmid_kernel *shp);

/* Bytes that an attachment covers. */
static inline uint64_t shm_mapped_size(const struct shmid_kernel *shp)
{
	uint64_t page = UINT64_C(1) << shp->page_shift;

	return (shp->shm_segsz + page - 1) & ~(page - 1);
}

/* The table of segments, and what the segments in it say of themselves. */
static inline void shm_write_lock(struct world *world)
{
	write_lock(&world->platform, &world->shm_lock);
}

static inline void shm_write_unlock(struct world *world)
{
	write_unlock(&world->platform, &world->shm_lock);
}

static inline void shm_read_lock(struct world *world)
{
	read_lock(&world->platform, &world->shm_lock);
}

static inline void shm_read_unlock(struct world *world)
{
	read_unlock(&world->platform, &world->shm_lock);
}

/*
 * Entering takes a reference; id < 0: the one that Linux would give.  The others borrow: NULL if
 * there is none; what they find stays as long as the lock is held, or it is attached.
 * => shm_lock held, for write to register.
 */
void shm_register_as(struct shmid_kernel *shp, int32_t id);
struct shmid_kernel *shm_find_id(const struct world *world, int32_t id);
struct shmid_kernel *shm_find_key(const struct world *world, int32_t key);

/*
 * Out of the table, whoever is attached: no id finds it any more, and the memory is given back.
 * => shm_lock held for write.
 */
void shm_destroy(struct shmid_kernel *shp);

/*
 * One attachment more, or fewer: the last one of a segment that is to be removed takes it along.
 * => shm_lock not held.
 */
void shm_attach(struct shmid_kernel *shp);
void shm_detach(struct shmid_kernel *shp);

/*
 * shmctl(IPC_RMID): gone now, or marked to go with the last attachment.  True if gone.
 * => shm_lock held for write.
 */
bool shm_remove(struct shmid_kernel *shp);

/* A file through which @shp, which must stay, is attached once.  ERR_PTR(-UMM_ENOMEM). */
struct file *shm_attach_file(struct shmid_kernel *shp, bool writable);

/* The segment that @file attaches, NULL for another kind of file. */
struct shmid_kernel *file_shm(const struct file *file);

#endif
