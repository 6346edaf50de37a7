/*
 * vma_lock.h - a lock for each area, which a fault takes instead of mmap_lock.
 *
 * Layer: space.
 *
 * vma_start_read()	the area at an address, held: it stays as it is, and its tables stay
 * vma_end_read()
 * vma_publish()	from now on vma_start_read() finds the area there
 * vma_start_write()	nobody holds the area any more, and nobody can until mmap_lock is given back
 *
 * Between vma_start_read() and vma_end_read() mmap_lock must not be taken; every other lock of the
 * library may.
 */
#ifndef SPACE_VMA_LOCK_H
#define SPACE_VMA_LOCK_H

#include "base/spinlock.h"
#include "space/mm_types.h"

#define VMA_PUBLISHED_BITS 5
#define VMA_PUBLISHED (1 << VMA_PUBLISHED_BITS)
#define VMA_READERS 16

/* An area that can be found without mmap_lock, or NULL. */
struct vma_published {
	_Atomic(struct vm_area_struct *) vma;	/* [a] set for mmap_lock held to read */
	uint64_t seen;			/* how the area looked then: vma_lock.c, invariant 2 */
};

/* The area that somebody holds, or NULL; a line of its own. */
struct vma_reader {
	_Alignas(64) _Atomic(struct vm_area_struct *) vma;	/* [a] */
};

struct vma_locks {
	struct vma_reader reader[VMA_READERS];	/* by processor, where that is free */
	struct vma_published published[VMA_PUBLISHED];	/* by a hash of the address */
	struct spinlock publishing;
};

/*
 * The area that contains @addr, held, and in *reader by whom; or NULL, which says nothing: take
 * mmap_lock.  => in a world with pages.
 */
struct vm_area_struct *vma_start_read(struct mm_struct *mm, umm_addr_t addr,
				      struct vma_reader **reader);

static inline void vma_end_read(struct vma_reader *reader)
{
	atomic_store_explicit(&reader->vma, NULL, memory_order_release);
}

/*
 * @vma contains @addr.  An area that has guard markers, or whose pages are read in by the embedder,
 * is not published: what its faults need is under mmap_lock, or takes long.
 * => mmap_lock held to read, in a world with pages.
 */
void vma_publish(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr);

void vma_start_write_slow(struct mm_struct *mm, const struct vm_area_struct *vma);
void vma_start_write_all_slow(struct mm_struct *mm);

/*
 * Before anything of @vma is changed that a fault looks at: its range, offset, flags, anon_vma; and
 * before it, or a table of its range, goes or moves.  Any number of times.
 * => mmap_lock held to write.
 */
static inline void vma_start_write(struct mm_struct *mm, const struct vm_area_struct *vma)
{
	if (mm->pages)
		vma_start_write_slow(mm, vma);
}

/* The same of every area: before what all faults look at is changed. */
static inline void vma_start_write_all(struct mm_struct *mm)
{
	if (mm->pages)
		vma_start_write_all_slow(mm);
}

/*
 * True if no area was changed, and none freed, without vma_start_write().  => mmap_lock held to
 * write, or nobody else there.
 */
bool vma_locks_are_valid(const struct mm_struct *mm);

#endif
