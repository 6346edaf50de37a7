/*
 * mremap_move.h - the half of mremap that moves: for mremap.c alone.
 *
 * Layer: calls.  mmap_lock held for write.
 */
#ifndef CALLS_MREMAP_MOVE_H
#define CALLS_MREMAP_MOVE_H

#include "calls/mremap.h"
#include "space/vma_tree.h"

enum mremap_type { MREMAP_NO_RESIZE, MREMAP_SHRINK, MREMAP_EXPAND };

/* The call on its way; of a move of several areas, the piece that is at hand. */
struct vma_remap_struct {
	/* in, read-only */
	struct mm_struct *mm;
	const struct mremap_request *req;
	uint64_t flags;			/* MREMAP_ */
	struct umm_why *why;
	/* in, rounded to pages; huge pages round further */
	umm_addr_t addr;
	uint64_t old_len, new_len;
	umm_addr_t new_addr;		/* where it goes, once that is known */
	/* internal: check_prep_vma() */
	struct vm_area_struct *vma;	/* contains addr; renewed whenever it may have changed */
	uint64_t delta;		/* bytes between the lengths; a cut does not change it any more */
	enum mremap_type type;
	bool populate_expand;		/* the new part is of locked memory: fill it */
};

static inline bool vrm_implies_new_addr(const struct vma_remap_struct *vrm)
{
	return (vrm->flags & (UMM_MREMAP_FIXED | UMM_MREMAP_DONTUNMAP)) != 0;
}

/* The area that contains @addr, or NULL. */
static inline struct vm_area_struct *vma_lookup(const struct mm_struct *mm, umm_addr_t addr)
{
	return find_vma_intersection(&mm->tree, addr, addr + 1);
}

/*
 * Charge what the call makes more: 0, or refused.  What was cut off is charged too, by the kernels
 * that do, and given to nobody.
 */
__must_check long vrm_calc_charge(const struct vma_remap_struct *vrm);

/* Count @bytes more of an area like vrm->vma. */
void vrm_stat_account(const struct vma_remap_struct *vrm, uint64_t bytes);

/*
 * Choose where vrm->vma goes, or check the place that was given: vrm->new_addr.  Where the place
 * was chosen, what a move needs of our own memory is reserved too.
 */
__must_check long vrm_set_new_addr(struct vma_remap_struct *vrm);

/*
 * Move [addr, addr + old_len) to new_addr, where nothing stands: new_addr.
 * => reserved: mremap_reserve() or vrm_set_new_addr().
 * => refused: nothing has changed.
 */
__must_check int64_t move_vma(struct vma_remap_struct *vrm);

/*
 * Reserve what @pieces moves may need, cuts of what stands around included, if no area in
 * [start, end) or next to it has more than its links.
 */
__must_check long mremap_reserve_moves(const struct vma_remap_struct *vrm, size_t pieces,
				       size_t links);

/* The longest chain of an area in [start, end) or next to it, at least @longest. */
size_t longest_chain_near(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			  size_t longest);

#endif
