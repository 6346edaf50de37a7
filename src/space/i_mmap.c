/*
 * i_mmap.c - which areas map a part of an object.
 *
 * Theory
 * ------
 * A frame knows its object and its offset there (rmap/rmap.c).  Each object keeps an interval tree
 * of what maps it, so that the areas of an offset are found without looking at the others:
 *
 *	file->i_mmap		the areas of all address spaces that map the file
 *	anon_vma->rb_root	the links to it, each of which stands for its area
 *
 * Intervals are copies of what the area says.  So an area whose range or offset changes is taken
 * out of all its trees before, and put back after, with the lock held in between: who walks finds
 * it as it was or as it is.
 */
#include "base/assert.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/i_mmap.h"
#include "space/vma.h"

static void set_interval(struct interval_tree_node *node, const struct vm_area_struct *vma)
{
	node->start = vma->vm_pgoff;
	node->last = vma->vm_pgoff + vma_pages(vma) - 1;
}

static struct rb_root *i_mmap_of(const struct vm_area_struct *vma)
{
	return &file_host(vma->vm_file)->i_mmap;
}

static void put_in(struct vm_area_struct *vma)
{
	struct mapped_area *area = to_mapped_area(vma);

	if (area->linked) {
		set_interval(&area->shared, vma);
		interval_tree_insert(i_mmap_of(vma), &area->shared);
	}
	for (struct anon_vma_chain *avc = vma->chain; avc; avc = avc->next) {
		set_interval(&avc->rb, vma);
		interval_tree_insert(&avc->anon_vma->rb_root, &avc->rb);
	}
}

static void take_out(struct vm_area_struct *vma)
{
	struct mapped_area *area = to_mapped_area(vma);

	if (area->linked)
		interval_tree_remove(i_mmap_of(vma), &area->shared);
	for (struct anon_vma_chain *avc = vma->chain; avc; avc = avc->next)
		interval_tree_remove(&avc->anon_vma->rb_root, &avc->rb);
}

void vma_link_file(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct world *world = mm->world;
	struct mapped_area *area;

	if (!world->phys || !vma->vm_file)
		return;
	area = to_mapped_area(vma);
	mm_assert_debug(!area->linked);
	set_interval(&area->shared, vma);
	area->linked = true;
	write_lock(&world->platform, &world->lock);
	interval_tree_insert(i_mmap_of(vma), &area->shared);
	write_unlock(&world->platform, &world->lock);
}

void unlink_file_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct world *world = mm->world;
	struct mapped_area *area;

	if (!world->phys)
		return;
	area = to_mapped_area(vma);
	if (!area->linked)
		return;
	write_lock(&world->platform, &world->lock);
	interval_tree_remove(i_mmap_of(vma), &area->shared);
	write_unlock(&world->platform, &world->lock);
	area->linked = false;
}

void vma_prepare(struct mm_struct *mm, struct vm_area_struct *vma, struct vm_area_struct *other)
{
	if (!mm->world->phys)
		return;
	write_lock(&mm->world->platform, &mm->world->lock);
	take_out(vma);
	if (other)
		take_out(other);
}

void vma_complete(struct mm_struct *mm, struct vm_area_struct *vma, struct vm_area_struct *other)
{
	if (!mm->world->phys)
		return;
	put_in(vma);
	if (other)
		put_in(other);
	write_unlock(&mm->world->platform, &mm->world->lock);
}

static bool is_interval(const struct interval_tree_node *node, const struct vm_area_struct *vma)
{
	return node->start == vma->vm_pgoff && node->last == vma->vm_pgoff + vma_pages(vma) - 1;
}

bool vma_intervals_are_valid(const struct mm_struct *mm, const struct vm_area_struct *vma)
{
	const struct mapped_area *area;

	if (!mm->world->phys)
		return true;
	area = to_mapped_area(vma);
	if (area->mm != mm || area->linked != (vma->vm_file != NULL) ||
	    (area->linked && !is_interval(&area->shared, vma)))
		return false;
	for (const struct anon_vma_chain *avc = vma->chain; avc; avc = avc->next)
		if (!is_interval(&avc->rb, vma) || avc->vma != vma)
			return false;
	return true;
}
