/*
 * vma.c - the life of an area: made, cut, changed, freed.
 */
#include "base/assert.h"
#include "base/err.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/i_mmap.h"
#include "space/mm_pages.h"
#include "space/vma.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

long mm_reserve_more(struct mm_struct *mm, size_t nr_vmas, size_t nr_links, struct umm_why *why)
{
	if (slab_reserve(&mm->vma_cache, nr_vmas))
		return refuse(why, WHY_NO_METADATA, nr_vmas, 0);
	if (nr_links && slab_reserve(&mm->avc_cache, nr_links))
		return refuse(why, WHY_NO_METADATA, nr_links, 0);
	return 0;
}

struct vm_area_struct *vm_area_alloc(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
				     vm_flags_t flags)
{
	struct vm_area_struct *vma = slab_alloc(&mm->vma_cache);

	mm_assert(vma);			/* reserved */
	/* Member by member: the node is written when it is linked, and clearing all costs more. */
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_flags = flags;
	vma->vm_pgoff = 0;
	vma->vm_file = NULL;
	vma->vm_ops = NULL;
	vma->anon_vma = NULL;
	vma->chain = NULL;
	vma->vm_private = 0;
	if (mm->world->phys) {
		to_mapped_area(vma)->mm = mm;
		to_mapped_area(vma)->linked = false;
	}
	return vma;
}

void vm_area_free(struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (vma_has_close(vma) && !mm->hypothesis)
		vma->vm_ops->close(mm->world, vma);
	if (vma->chain)
		unlink_anon_vmas(mm, vma);
	if (vma->vm_file) {
		unlink_file_vma(mm, vma);
		file_put(vma->vm_file);
	}
	slab_free(&mm->vma_cache, vma);
}

void remove_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	vma_start_write(mm, vma);
	world_event(mm->world, UMM_EVENT_AREA_REMOVE, mm, vma->vm_start, vma->vm_end, 0);
	vma_unlink(&mm->tree, vma);
	vm_area_free(mm, vma);
}

struct vm_area_struct *vm_area_dup(struct mm_struct *mm, const struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = vm_area_alloc(mm, vma->vm_start, vma->vm_end, vma->vm_flags);

	copy->vm_pgoff = vma->vm_pgoff;
	copy->vm_file = vma->vm_file;
	copy->vm_ops = vma->vm_ops;
	copy->vm_private = vma->vm_private;	/* or the name: they share the place */
	if (copy->vm_file)
		file_get(copy->vm_file);
	return copy;
}

struct vm_area_struct *vma_cut(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr)
{
	struct vm_area_struct *upper;

	mm_assert(vma->vm_start < addr && addr < vma->vm_end && page_aligned(addr));
	vma_start_write(mm, vma);

	area_boundary(mm, addr);
	upper = vm_area_dup(mm, vma);
	upper->vm_start = addr;
	upper->vm_pgoff += (addr - vma->vm_start) >> PAGE_SHIFT;
	anon_vma_clone(mm, upper, vma);
	vma_open(mm, upper);

	vma_prepare(mm, vma, NULL);
	vma_link_upper(&mm->tree, vma, upper);
	vma_complete(mm, vma, NULL);
	vma_link_file(mm, upper);
	world_event(mm->world, UMM_EVENT_AREA_SPLIT, mm, vma->vm_start, upper->vm_end, addr);
	return upper;
}

long __split_vma(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr,
		 struct vm_area_struct **above, struct umm_why *why)
{
	struct vm_area_struct *upper;
	long err;

	if (vma->vm_ops && vma->vm_ops->may_split) {
		err = vma->vm_ops->may_split(vma, addr, why);
		if (err)
			return err;
	}
	note(why, NOTE_SPLIT, vma->vm_start, vma->vm_end, addr, 0);
	upper = vma_cut(mm, vma, addr);
	if (above)
		*above = upper;
	return 0;
}

long split_vma(struct mm_struct *mm, struct vm_area_struct *vma, umm_addr_t addr,
	       struct vm_area_struct **above, struct umm_why *why)
{
	uint64_t max = mm->world->settings.max_map_count;

	if (mm->tree.map_count >= max)
		return refuse4(why, WHY_SPLIT_MAP_COUNT, mm->tree.map_count, max, vma->vm_start,
			       vma->vm_end);
	passed(why, WHY_SPLIT_MAP_COUNT, mm->tree.map_count, max);
	return __split_vma(mm, vma, addr, above, why);
}

size_t vma_modify_links(const struct vm_area_struct *vma)
{
	const struct vm_area_struct *prev = vma_prev(vma), *next = vma_next(vma);
	size_t links = 2 * anon_vma_chain_length(vma);

	if (prev)
		links += anon_vma_chain_length(prev);
	if (next)
		links += anon_vma_chain_length(next);
	return links;
}

long vma_modify_reserve(struct mm_struct *mm, umm_addr_t start, umm_addr_t end,
			struct umm_why *why)
{
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	size_t links = 0;

	/* Only the areas at the edges can be cut. */
	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		links += vma_modify_links(vma);
	return mm_reserve(mm, 2, links, why);
}

struct vm_area_struct *vma_modify(struct mm_struct *mm, struct vm_area_struct *vma,
				  umm_addr_t start, umm_addr_t end, vm_flags_t flags,
				  struct umm_why *why)
{
	uint64_t pgoff = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);

	return vma_modify_at(mm, vma, start, end, flags, pgoff, why);
}

struct vm_area_struct *vma_modify_at(struct mm_struct *mm, struct vm_area_struct *vma,
				     umm_addr_t start, umm_addr_t end, vm_flags_t flags,
				     uint64_t pgoff, struct umm_why *why)
{
	struct vma_merge_struct vmg = {
		.mm = mm, .start = start, .end = end, .flags = flags, .pgoff = pgoff,
		.file = vma->vm_file, .middle = vma,
		.prev = vma_prev(vma), .next = vma_next(vma), .why = why,
	};
	struct vm_area_struct *merged = vma_merge(&vmg);
	long err;

	if (merged)
		return merged;
	if (vma->vm_start < start) {
		err = split_vma(mm, vma, start, &vma, why);
		if (err)
			return ERR_PTR(err);
	}
	if (end < vma->vm_end) {
		err = split_vma(mm, vma, end, NULL, why);
		if (err)
			return ERR_PTR(err);
	}
	vma_start_write(mm, vma);
	vma->vm_flags = flags | (vma->vm_flags & VM_ANON_UNKNOWN);
	world_event(mm->world, UMM_EVENT_AREA_CHANGE, mm, vma->vm_start, vma->vm_end,
		    flags & ALL_VM_FLAGS);
	return vma;
}
