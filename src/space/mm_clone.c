/*
 * mm_clone.c - an address space as it might have become.
 *
 * Theory
 * ------
 * Who does not know in which order two things happened keeps a model for each order, and drops one
 * when the kernel's answers contradict it.  A copy for that is not a fork: nothing of an area
 * changes, and areas that share an anon_vma share one in the copy.  But it is not the same one:
 *
 *	mm	area 1 -- A -- area 2 -- ...		a write to area 3 of the clone
 *	clone	area 1 -- A'-- area 2 -- ...		shall not be seen in mm's counts
 *
 * So each anon_vma that a chain of the mm links has a twin, of the same id, with the same ancestry
 * among twins.  The twin's counts of areas and links are the clone's own.  Its num_children is a
 * copy, where children of other address spaces stay counted for ever: then an anon_vma that fork
 * could use again is not (find_reusable).
 *
 * A clone has no pages, whatever the world keeps: a frame is mapped by those who are, and what may
 * be must not count among them.  No answer of a call hangs on pages, so none is missed; when the
 * clone takes the place of the mm, its tables are empty (mm_pages_take).
 *
 * Two mms are the same if one could be mistaken for the other: there is a one-to-one relation
 * between their anon_vmas, and between the objects that calls made on both sides, under which
 * all areas are equal.
 */
#include "base/assert.h"
#include "base/err.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/guards.h"
#include "space/i_mmap.h"
#include "space/mm.h"
#include "space/mm_clone.h"
#include "space/vma.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

/* Pairs of objects, found by the first: a hash table with room for twice as many. */
struct pair {
	const void *key;
	void *value;
};

struct pairs {
	const struct umm_platform *platform;
	struct pair *slot;
	size_t room;			/* a power of two */
};

static bool pairs_init(struct pairs *pairs, const struct umm_platform *platform, size_t nr)
{
	pairs->platform = platform;
	pairs->room = 16;
	while (pairs->room < 2 * nr)
		pairs->room *= 2;
	pairs->slot = platform->alloc(platform->ctx, pairs->room * sizeof(*pairs->slot));
	if (pairs->slot)
		memset(pairs->slot, 0, pairs->room * sizeof(*pairs->slot));
	return pairs->slot != NULL;
}

static void pairs_free(struct pairs *pairs)
{
	if (pairs->slot)
		pairs->platform->free(pairs->platform->ctx, pairs->slot,
				      pairs->room * sizeof(*pairs->slot));
}

/* The slot of @key: its own, or the empty one where it belongs. */
static struct pair *pairs_find(const struct pairs *pairs, const void *key)
{
	size_t at = (size_t)(((uintptr_t)key >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (;; at++) {
		struct pair *pair = &pairs->slot[at & (pairs->room - 1)];

		if (!pair->key || pair->key == key)
			return pair;
	}
}

static size_t count_links(const struct mm_struct *mm)
{
	const struct vm_area_struct *vma;
	size_t links = 0;

	for (vma = mm->tree.first; vma; vma = vma_next(vma))
		links += anon_vma_chain_length(vma);
	return links;
}

/* ---- cloning ---- */

/* The twin of @anon_vma in the clone: anon_vma_link_twin() gives it its ancestry.  Reserved. */
static struct anon_vma *twin_of(struct mm_struct *clone, struct pairs *twins,
				const struct anon_vma *anon_vma)
{
	struct pair *pair = pairs_find(twins, anon_vma);

	if (!pair->key) {
		pair->key = anon_vma;
		pair->value = anon_vma_twin(clone, anon_vma);
	}
	return pair->value;
}

/* A parent that no area of the mm links any more is not ours to copy: the twin is under it too. */
static void link_ancestry(struct pairs *twins)
{
	for (size_t i = 0; i < twins->room; i++) {
		const struct anon_vma *anon_vma = twins->slot[i].key;
		const struct pair *parent, *root;

		if (!anon_vma)
			continue;
		parent = pairs_find(twins, anon_vma->parent);
		root = pairs_find(twins, anon_vma->root);
		anon_vma_link_twin(twins->slot[i].value,
				   parent->key ? parent->value : anon_vma->parent,
				   root->key ? root->value : anon_vma->root, parent->key != NULL);
	}
}

/* Reserved: cannot fail. */
static void clone_area(struct mm_struct *clone, struct pairs *twins,
		       const struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = vm_area_dup(clone, vma);
	struct anon_vma_chain **end = &copy->chain;
	const struct anon_vma_chain *from;
	struct vma_slot slot;
	bool free_slot;

	for (from = vma->chain; from; from = from->next) {
		struct anon_vma_chain *avc = slab_alloc(&clone->avc_cache);

		mm_assert(avc);
		anon_vma_chain_link(clone, copy, end, avc, twin_of(clone, twins, from->anon_vma));
		end = &avc->next;	/* the order of the links decides what fork uses again */
	}
	if (vma->anon_vma) {
		copy->anon_vma = twin_of(clone, twins, vma->anon_vma);
		atomic_fetch_add(&copy->anon_vma->num_active_vmas, 1);
	}
	free_slot = find_vma_links(&clone->tree, copy->vm_start, copy->vm_end, &slot);
	mm_assert(free_slot);
	vma_link(&clone->tree, copy, &slot);
	vma_link_file(clone, copy);
}

/* Not those that other threads of @mm change without its lock, nor what each owns. */
static void copy_members(struct mm_struct *clone, const struct mm_struct *mm)
{
	const size_t from = offsetof(struct mm_struct, layout);

	memcpy((char *)clone + from, (const char *)mm + from, sizeof(*mm) - from);
}

struct mm_struct *mm_clone(const struct mm_struct *mm)
{
	struct mm_struct *clone = mm_alloc_areas(mm->world);
	const struct vm_area_struct *vma;
	size_t links = count_links(mm);
	struct pairs twins;

	if (IS_ERR(clone))
		return clone;
	mm_suppose(clone);
	copy_members(clone, mm);
	commit_charge(&clone->charged, commit_held(&mm->charged));
	if (!pairs_init(&twins, &mm->world->platform, 2 * links) ||
	    anon_vma_reserve(clone, links, NULL) ||
	    mm_reserve(clone, mm->tree.map_count, links, NULL) || vma_attrs_clone(clone, mm) ||
	    guards_copy(clone, mm, 0, UINT64_MAX, NULL)) {
		pairs_free(&twins);
		mmput(clone);
		return ERR_PTR(-UMM_ENOMEM);	/* no reason: not a call */
	}
	for (vma = mm->tree.first; vma; vma = vma_next(vma))
		clone_area(clone, &twins, vma);
	link_ancestry(&twins);
	pairs_free(&twins);
	anon_vma_release_reserve(clone);
	mm_assert_expensive(mm_is_valid(clone));
	return clone;
}

/* ---- comparing ---- */

/* Does @x, of the one mm, stand for @y of the other, and for nothing else? */
static bool correspond(struct pairs *there, struct pairs *back, const void *x, const void *y)
{
	struct pair *pair = pairs_find(there, x), *reverse = pairs_find(back, y);

	if (!pair->key && !reverse->key) {
		*pair = (struct pair){ x, (void *)(uintptr_t)y };
		*reverse = (struct pair){ y, (void *)(uintptr_t)x };
	}
	return pair->key && pair->value == y && reverse->value == x;
}

static bool same_file(struct pairs *there, struct pairs *back, const struct file *x,
		      const struct file *y)
{
	if (x == y)
		return true;
	/* The embedder's files are what they are; an object that mmap made is made on each side. */
	if (!x || !y || x->cookie || y->cookie || x->f_op != y->f_op || x->flags != y->flags ||
	    x->private_data != y->private_data)
		return false;
	return correspond(there, back, x, y);
}

static bool same_chain(struct pairs *there, struct pairs *back, const struct vm_area_struct *x,
		       const struct vm_area_struct *y)
{
	const struct anon_vma_chain *a = x->chain, *b = y->chain;

	for (; a && b; a = a->next, b = b->next)
		if (!correspond(there, back, a->anon_vma, b->anon_vma))
			return false;
	if (a || b || !x->anon_vma != !y->anon_vma)
		return false;
	return !x->anon_vma || correspond(there, back, x->anon_vma, y->anon_vma);
}

static bool same_areas(const struct mm_struct *a, const struct mm_struct *b, struct pairs *there,
		       struct pairs *back)
{
	const struct vm_area_struct *x = a->tree.first, *y = b->tree.first;

	for (; x && y; x = vma_next(x), y = vma_next(y)) {
		if (x->vm_start != y->vm_start || x->vm_end != y->vm_end ||
		    !vma_flags_same(a, x->vm_flags, b, y->vm_flags) || x->vm_pgoff != y->vm_pgoff ||
		    x->vm_ops != y->vm_ops || x->vm_private != y->vm_private ||
		    !same_file(there, back, x->vm_file, y->vm_file) ||
		    !same_chain(there, back, x, y))
			return false;
	}
	return !x && !y;
}

static bool same_guards(const struct guards *a, const struct guards *b)
{
	for (size_t i = 0; i < a->nr && i < b->nr; i++)
		if (a->range[i].start != b->range[i].start || a->range[i].end != b->range[i].end)
			return false;
	return a->nr == b->nr;
}

static bool same_ids(const struct mm_ids *a, const struct mm_ids *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->nr_groups == b->nr_groups &&
	       memcmp(a->group, b->group, a->nr_groups * sizeof(a->group[0])) == 0;
}

/* All of it: where new areas go, and what brk and PR_SET_MM ask for. */
static bool same_layout(const struct umm_layout *a, const struct umm_layout *b)
{
	return a->task_size == b->task_size && a->map_window == b->map_window &&
	       a->mmap_base == b->mmap_base && a->mmap_legacy_base == b->mmap_legacy_base &&
	       a->bottom_up == b->bottom_up && a->start_code == b->start_code &&
	       a->end_code == b->end_code && a->start_data == b->start_data &&
	       a->end_data == b->end_data && a->start_brk == b->start_brk && a->brk == b->brk &&
	       a->start_stack == b->start_stack && a->arg_start == b->arg_start &&
	       a->arg_end == b->arg_end && a->env_start == b->env_start &&
	       a->env_end == b->env_end;
}

static bool same_limits(const struct mm_struct *a, const struct mm_struct *b)
{
	for (unsigned int i = 0; i < NR_MM_RLIMITS; i++)
		if (a->rlimit[i].soft != b->rlimit[i].soft ||
		    a->rlimit[i].hard != b->rlimit[i].hard)
			return false;
	return a->caps == b->caps && same_ids(&a->ids, &b->ids) &&
	       a->personality == b->personality && a->mdwe == b->mdwe &&
	       a->merge_any == b->merge_any && a->thp_disable == b->thp_disable &&
	       a->pkey_taken == b->pkey_taken;
}

bool mm_same(const struct mm_struct *a, const struct mm_struct *b)
{
	struct pairs there = { .slot = NULL }, back = { .slot = NULL };
	size_t nr = count_links(a) + a->tree.map_count;
	bool same;

	if (a->tree.map_count != b->tree.map_count || a->locked_vm != b->locked_vm ||
	    a->def_flags != b->def_flags || !same_layout(&a->layout, &b->layout) ||
	    !same_limits(a, b) || !same_guards(&a->guards, &b->guards))
		return false;
	nr += count_links(b);
	same = pairs_init(&there, &a->world->platform, nr) &&
	       pairs_init(&back, &a->world->platform, nr) && same_areas(a, b, &there, &back);
	pairs_free(&there);
	pairs_free(&back);
	return same;
}
