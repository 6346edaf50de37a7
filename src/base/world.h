/*
 * world.h - one machine: its kernel version, settings, and what its processes share.
 *
 * Layer: base.
 *
 * Locks that guard the members:
 *	a	atomic
 *	w	world->lock
 *	s	world->shm_lock
 *	-	set while nothing runs: at the start, or by the embedder between calls
 */
#ifndef BASE_WORLD_H
#define BASE_WORLD_H

#include <stdatomic.h>

#include <usermm/usermm.h>

#include "base/lock.h"
#include "base/rules.h"
#include "base/slab.h"

/*
 * What one address space holds of the commit charge.  Only its owner changes it, under mmap_lock,
 * so no call pays for a counter that all processors share; who wants the sum adds them up.
 */
struct commit_holder {
	atomic_llong pages;		/* [a] changed by the owner alone */
	struct commit_holder *next, **link;	/* [w] in world->holders */
};

struct mm_struct;
struct phys;
struct shmid_kernel;

/* What the life of an address space asks of the layers above, in a world with pages. */
struct page_ops {
	void (*exit_mmap)(struct mm_struct *mm);	/* nothing is mapped any more */
	/* An area is about to begin or end at @addr. */
	void (*boundary)(struct mm_struct *mm, umm_addr_t addr);
};

struct world {
	struct umm_platform platform;		/* [-] */
	struct umm_settings settings;		/* [-] */
	bool rule_on[NR_RULES];			/* [-] */
	umm_event_fn event_fn;			/* [-] */
	void *event_ctx;			/* [-] */

	atomic_llong object_committed;		/* [a] pages charged to objects: shared memory */
	struct commit_holder *holders;		/* [w] every address space */
	atomic_llong huge_reserved[UMM_HUGE_SIZES];	/* [a] pages promised to mappings */
	struct shmid_kernel *shm_segments;	/* [s] System V shared memory: object/sysv_shm.c */
	uint64_t nr_shm_segments, shm_pages;	/* [s] */
	uint32_t shm_seq;			/* [s] how often the slots of ids were used up */
	int32_t shm_last_slot;			/* [s] of the id given last, -1 at first */
	atomic_ullong next_anon_id;		/* [a] names for anon_vmas, in order of making */
	atomic_ullong next_uffd_id;	/* [a] names for userfaultfds that fork makes */
	atomic_ullong live_objects;		/* [a] mms and files not yet freed */

	struct umm_lock shm_lock;		/* taken inside mmap_lock */
	struct umm_lock lock;			/* taken inside both */
	struct slab_cache anon_vma_cache;	/* [w] shared by parents and children */
	struct slab_cache mm_cache;		/* [w] */
	struct slab_cache file_cache;		/* [w] */

	struct phys *phys;		/* [-] frames: phys/phys.h; NULL in a world without pages */
	const struct page_ops *page_ops;	/* [-] where there are frames */
};

static inline bool rule(const struct world *world, enum rule_id id)
{
	return world->rule_on[id];
}

/* vm_committed_as: pages charged on this machine.  Takes world->lock, or wants it held. */
uint64_t world_committed(struct world *world);
uint64_t world_committed_locked(const struct world *world);

void commit_holder_add(struct world *world, struct commit_holder *holder);
void commit_holder_remove(struct world *world, struct commit_holder *holder);

static inline int64_t commit_held(const struct commit_holder *holder)
{
	return atomic_load_explicit(&holder->pages, memory_order_relaxed);
}

/* The owner's mmap_lock is held: no other writer. */
static inline void commit_charge(struct commit_holder *holder, int64_t pages)
{
	atomic_store_explicit(&holder->pages, commit_held(holder) + pages, memory_order_relaxed);
}

/* Charge an object, which no single process owns. */
static inline void world_commit_object(struct world *world, int64_t pages)
{
	atomic_fetch_add_explicit(&world->object_committed, pages, memory_order_relaxed);
}

static inline void world_event(const struct world *world, enum umm_event_type type, void *mm,
			       uint64_t start, uint64_t end, uint64_t value)
{
	if (unlikely(world->event_fn)) {
		struct umm_event event = { type, mm, start, end, value };

		world->event_fn(world->event_ctx, &event);
	}
}

/* Object sizes are handed in: the world knows no higher layer. */
struct world_sizes {
	size_t mm, file, anon_vma;
};

__must_check int world_create(const struct umm_platform *platform,
			      const struct umm_settings *settings,
			      const struct world_sizes *sizes, struct world **out);

/* All mms and files of it are gone. */
void world_destroy(struct world *world);

/* 0, or -UMM_EINVAL for settings that no machine has. */
__must_check int settings_check(const struct umm_settings *settings);

/* The pool of that page size, or -1. */
int world_huge_pool(const struct world *world, unsigned int shift);

/* An object of a cache that the world's lock guards; NULL without memory. */
void *world_alloc(struct world *world, struct slab_cache *cache);
void world_dealloc(struct world *world, struct slab_cache *cache, void *object);

#endif
