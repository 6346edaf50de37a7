/*
 * i_mmap.h - the way back, from a file or an anon_vma to the areas that map a part of it.
 *
 * Layer: space.  In a world without pages nobody asks, and nothing is kept.
 */
#ifndef SPACE_I_MMAP_H
#define SPACE_I_MMAP_H

#include "base/interval_tree.h"
#include "space/mm_types.h"

/*
 * An area in a world with pages.  Its interval, as that of each link of its chain, is what it maps
 * of its object: [vm_pgoff, vm_pgoff + pages).
 */
struct mapped_area {
	struct vm_area_struct vma;
	struct mm_struct *mm;			/* [m] */
	struct interval_tree_node shared;	/* [w] in the file's i_mmap, if linked */
	bool linked;				/* [m] */
};

/* Bytes of an area: nobody who has no pages looks back. */
static inline size_t vm_area_bytes(const struct world *world)
{
	return world->phys ? sizeof(struct mapped_area) : sizeof(struct vm_area_struct);
}

static inline struct mapped_area *to_mapped_area(const struct vm_area_struct *vma)
{
	return container_of(vma, struct mapped_area, vma);
}

/* @vma, which has its range and its file, if any, is in @mm's tree from now on; and is not. */
void vma_link_file(struct mm_struct *mm, struct vm_area_struct *vma);
void unlink_file_vma(struct mm_struct *mm, struct vm_area_struct *vma);

/*
 * Range or offset of @vma, and of @other if it is not NULL, change between the two: nobody looks
 * back meanwhile.
 * => world->lock held for write, until vma_complete().
 */
void vma_prepare(struct mm_struct *mm, struct vm_area_struct *vma, struct vm_area_struct *other);
void vma_complete(struct mm_struct *mm, struct vm_area_struct *vma, struct vm_area_struct *other);

/* True if the intervals of @vma and of its chain are its range. */
bool vma_intervals_are_valid(const struct mm_struct *mm, const struct vm_area_struct *vma);

#endif
