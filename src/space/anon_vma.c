/*
 * anon_vma.c - which areas may map an anonymous page.
 *
 * Theory
 * ------
 * An anonymous page belongs to an anon_vma, not to an area: areas are cut, moved and copied all the
 * time, and the page must be found through each of them.  An area holds a chain of links to every
 * anon_vma whose pages it may map; new pages go to area->anon_vma, one of them.
 *
 *	parent's area ---- link ---- A  (root)
 *	child's area  -+-- link ---- A  pages from before the fork
 *	               +-- link ---- B  (root A, parent A): pages that the child wrote
 *
 * Merging is where this can be seen from outside: two areas that both have an anon_vma merge only
 * if it is the same; and an area whose chain has more than one link (it came through fork) does
 * not merge with fresh memory, nor lends its anon_vma to a neighbour.
 *
 * Invariants:
 *	1. vma->anon_vma is NULL exactly if the chain is empty, else it is one of the chain;
 *	2. num_active_vmas counts the areas with vma->anon_vma == it;
 *	3. refcount counts the links, and the children other than itself;
 *	4. in a world with pages, anon_vma->rb_root has the links to it, each with the offsets of
 *	   its area: the way from a page to whoever may map it (i_mmap.c, rmap/rmap.c).
 */
#include "base/assert.h"
#include "base/why.h"
#include "space/anon_vma.h"
#include "space/vma_attrs.h"
#include "space/vma_lock.h"
#include "space/vma_tree.h"

static struct anon_vma *anon_vma_alloc(struct mm_struct *mm, struct anon_vma *parent)
{
	struct world *world = mm->world;
	struct anon_vma *anon_vma = mm->spare_anon_vmas;

	if (anon_vma) {
		mm->spare_anon_vmas = anon_vma->parent;
		mm->nr_spare_anon_vmas--;
	} else {
		anon_vma = world_alloc(world, &world->anon_vma_cache);
	}
	if (!anon_vma)
		return NULL;
	anon_vma->root = parent ? parent->root : anon_vma;
	anon_vma->parent = parent ? parent : anon_vma;
	anon_vma->id = atomic_fetch_add(&world->next_anon_id, 1) + 1;
	atomic_init(&anon_vma->refcount, 0);
	atomic_init(&anon_vma->num_children, parent ? 0 : 1);
	atomic_init(&anon_vma->num_active_vmas, 0);
	anon_vma->rb_root = RB_ROOT;
	if (parent) {
		atomic_fetch_add(&parent->num_children, 1);
		atomic_fetch_add(&parent->refcount, 1);
	}
	return anon_vma;
}

long anon_vma_reserve(struct mm_struct *mm, size_t n, struct umm_why *why)
{
	struct world *world = mm->world;

	if (slab_reserve(&mm->avc_cache, n))
		return refuse(why, WHY_NO_METADATA, n, 0);
	while (mm->nr_spare_anon_vmas < n) {
		struct anon_vma *anon_vma = world_alloc(world, &world->anon_vma_cache);

		if (!anon_vma)
			return refuse(why, WHY_NO_METADATA, n, 0);
		anon_vma->parent = mm->spare_anon_vmas;
		mm->spare_anon_vmas = anon_vma;
		mm->nr_spare_anon_vmas++;
	}
	return 0;
}

void anon_vma_release_reserve(struct mm_struct *mm)
{
	while (mm->spare_anon_vmas) {
		struct anon_vma *anon_vma = mm->spare_anon_vmas;

		mm->spare_anon_vmas = anon_vma->parent;
		world_dealloc(mm->world, &mm->world->anon_vma_cache, anon_vma);
	}
	mm->nr_spare_anon_vmas = 0;
}

/* Drop a reference; a child that goes lets go of its parent, and so on up. */
static void anon_vma_put(struct world *world, struct anon_vma *anon_vma)
{
	while (atomic_fetch_sub(&anon_vma->refcount, 1) == 1) {
		struct anon_vma *parent = anon_vma->parent;

		mm_assert_debug(atomic_load(&anon_vma->num_active_vmas) == 0);
		world_dealloc(world, &world->anon_vma_cache, anon_vma);
		if (parent == anon_vma)
			return;
		atomic_fetch_sub(&parent->num_children, 1);
		anon_vma = parent;
	}
}

/* The way back, from the anon_vma to the area. */
static void rmap_link(struct mm_struct *mm, struct vm_area_struct *vma, struct anon_vma_chain *avc)
{
	struct world *world = mm->world;

	avc->mm = mm;
	avc->vma = vma;
	avc->rb.start = vma->vm_pgoff;
	avc->rb.last = vma->vm_pgoff + vma_pages(vma) - 1;
	write_lock(&world->platform, &world->lock);
	interval_tree_insert(&avc->anon_vma->rb_root, &avc->rb);
	write_unlock(&world->platform, &world->lock);
}

static void rmap_unlink(struct world *world, struct anon_vma_chain *avc)
{
	write_lock(&world->platform, &world->lock);
	interval_tree_remove(&avc->anon_vma->rb_root, &avc->rb);
	write_unlock(&world->platform, &world->lock);
}

void anon_vma_chain_link(struct mm_struct *mm, struct vm_area_struct *vma,
			 struct anon_vma_chain **end, struct anon_vma_chain *avc,
			 struct anon_vma *anon_vma)
{
	avc->anon_vma = anon_vma;
	avc->next = *end;
	*end = avc;
	atomic_fetch_add(&anon_vma->refcount, 1);
	if (mm->world->phys)
		rmap_link(mm, vma, avc);
}

size_t anon_vma_chain_length(const struct vm_area_struct *vma)
{
	const struct anon_vma_chain *avc;
	size_t length = 0;

	for (avc = vma->chain; avc; avc = avc->next)
		length++;
	return length;
}

/* May @vma take the anon_vma of its neighbour @near?  They must be able to merge one day. */
static bool anon_vma_compatible(const struct mm_struct *mm, const struct vm_area_struct *left,
				const struct vm_area_struct *right)
{
	vm_flags_t differ = left->vm_flags ^ right->vm_flags;

	return left->vm_end == right->vm_start && left->vm_file == right->vm_file &&
	       !(differ & ~(VM_ACCESS_FLAGS | VM_IGNORE_MERGE | VM_ATTRS_MASK)) &&
	       vma_policy_equal(mm, left, right) &&
	       right->vm_pgoff == left->vm_pgoff + vma_pages(left);
}

static struct anon_vma *find_mergeable_anon_vma(const struct mm_struct *mm,
						const struct vm_area_struct *vma)
{
	const struct vm_area_struct *near = vma_next(vma);

	if (near && near->anon_vma && anon_vma_chain_is_singular(near) &&
	    anon_vma_compatible(mm, vma, near))
		return near->anon_vma;
	near = vma_prev(vma);
	if (near && near->anon_vma && anon_vma_chain_is_singular(near) &&
	    anon_vma_compatible(mm, near, vma))
		return near->anon_vma;
	return NULL;
}

int anon_vma_prepare(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct anon_vma *anon_vma;
	struct anon_vma_chain *avc;

	if (vma->anon_vma)
		return 0;
	avc = slab_alloc(&mm->avc_cache);
	if (!avc)
		return -UMM_ENOMEM;	/* no reason: metadata, the caller says so */
	anon_vma = find_mergeable_anon_vma(mm, vma);
	if (!anon_vma)
		anon_vma = anon_vma_alloc(mm, NULL);
	if (!anon_vma) {
		slab_free(&mm->avc_cache, avc);
		return -UMM_ENOMEM;	/* no reason: metadata */
	}
	vma_start_write(mm, vma);
	anon_vma_chain_link(mm, vma, &vma->chain, avc, anon_vma);
	atomic_fetch_add(&anon_vma->num_active_vmas, 1);
	vma->anon_vma = anon_vma;
	vma->vm_flags &= ~VM_ANON_UNKNOWN;
	world_event(mm->world, UMM_EVENT_ANON_VMA, mm, vma->vm_start, vma->vm_end, anon_vma->id);
	return 0;
}

int anon_vma_prepare_inherited(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct anon_vma *parent, *own;

	if (vma->anon_vma)
		return 0;
	if (anon_vma_reserve(mm, 2, NULL))
		return -UMM_ENOMEM;	/* no reason: metadata */
	vma_start_write(mm, vma);
	parent = anon_vma_alloc(mm, NULL);
	own = anon_vma_alloc(mm, parent);
	anon_vma_chain_link(mm, vma, &vma->chain, slab_alloc(&mm->avc_cache), parent);
	anon_vma_chain_link(mm, vma, &vma->chain, slab_alloc(&mm->avc_cache), own);
	atomic_fetch_add(&own->num_active_vmas, 1);
	vma->anon_vma = own;
	vma->vm_flags &= ~VM_ANON_UNKNOWN;
	return 0;
}

void anon_vma_clone(struct mm_struct *mm, struct vm_area_struct *dst,
		    const struct vm_area_struct *src)
{
	const struct anon_vma_chain *from;

	mm_assert_debug(!dst->anon_vma && !dst->chain);
	for (from = src->chain; from; from = from->next) {
		struct anon_vma_chain *avc = slab_alloc(&mm->avc_cache);

		mm_assert(avc);
		anon_vma_chain_link(mm, dst, &dst->chain, avc, from->anon_vma);
	}
	dst->anon_vma = src->anon_vma;
	if (dst->anon_vma)
		atomic_fetch_add(&dst->anon_vma->num_active_vmas, 1);
}

/* Is it ours?  Another address space that has it in a chain may want it at the same time. */
static bool take_reusable(struct anon_vma *anon_vma)
{
	unsigned int nobody = 0;

	if (!atomic_compare_exchange_strong(&anon_vma->num_active_vmas, &nobody, 1))
		return false;
	/* Children are made of it only by who has it active: now nobody else makes one. */
	if (atomic_load(&anon_vma->num_children) < 2)
		return true;
	atomic_fetch_sub(&anon_vma->num_active_vmas, 1);
	return false;
}

/*
 * An anon_vma of the chain that nobody writes to any more, and that has less than two children:
 * without reusing such, a program that forks from its child for ever would make chains without end.
 * => its num_active_vmas counts @vma already; NULL if there is none.
 */
static struct anon_vma *find_reusable(const struct vm_area_struct *vma)
{
	const struct anon_vma_chain *avc;

	for (avc = vma->chain; avc; avc = avc->next)
		if (take_reusable(avc->anon_vma))
			return avc->anon_vma;
	return NULL;
}

int anon_vma_fork(struct mm_struct *mm, struct vm_area_struct *dst,
		  const struct vm_area_struct *src)
{
	struct anon_vma_chain *avc;
	struct anon_vma *anon_vma;

	if (!src->anon_vma)
		return 0;
	if (slab_reserve(&mm->avc_cache, anon_vma_chain_length(src) + 1))
		return -UMM_ENOMEM;	/* no reason: metadata */
	for (const struct anon_vma_chain *from = src->chain; from; from = from->next)
		anon_vma_chain_link(mm, dst, &dst->chain, slab_alloc(&mm->avc_cache),
				    from->anon_vma);

	anon_vma = find_reusable(dst);
	if (!anon_vma) {
		anon_vma = anon_vma_alloc(mm, src->anon_vma);
		if (!anon_vma)
			return -UMM_ENOMEM;	/* no reason: metadata */
		avc = slab_alloc(&mm->avc_cache);
		anon_vma_chain_link(mm, dst, &dst->chain, avc, anon_vma);
		atomic_fetch_add(&anon_vma->num_active_vmas, 1);
	}
	dst->anon_vma = anon_vma;
	return 0;
}

struct anon_vma *anon_vma_twin(struct mm_struct *mm, const struct anon_vma *anon_vma)
{
	struct anon_vma *twin = mm->spare_anon_vmas;

	mm_assert(twin);
	mm->spare_anon_vmas = twin->parent;
	mm->nr_spare_anon_vmas--;
	twin->id = anon_vma->id;
	twin->rb_root = RB_ROOT;
	atomic_init(&twin->refcount, 0);
	atomic_init(&twin->num_children, atomic_load(&anon_vma->num_children));
	atomic_init(&twin->num_active_vmas, 0);
	return twin;
}

void anon_vma_link_twin(struct anon_vma *twin, struct anon_vma *parent, struct anon_vma *root,
			bool counted)
{
	twin->root = root;
	twin->parent = parent;
	if (parent == twin)
		return;
	atomic_fetch_add(&parent->refcount, 1);
	if (!counted)
		atomic_fetch_add(&parent->num_children, 1);
}

void unlink_anon_vmas(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct anon_vma_chain *avc = vma->chain;

	if (vma->anon_vma)
		atomic_fetch_sub(&vma->anon_vma->num_active_vmas, 1);
	vma->anon_vma = NULL;
	vma->chain = NULL;
	while (avc) {
		struct anon_vma_chain *next = avc->next;

		if (mm->world->phys)
			rmap_unlink(mm->world, avc);
		anon_vma_put(mm->world, avc->anon_vma);
		slab_free(&mm->avc_cache, avc);
		avc = next;
	}
}

bool anon_vma_is_valid(const struct vm_area_struct *vma)
{
	const struct anon_vma_chain *avc;
	bool own_linked = false;

	if (!vma->chain)
		return !vma->anon_vma;
	for (avc = vma->chain; avc; avc = avc->next) {
		own_linked = own_linked || avc->anon_vma == vma->anon_vma;
		if (atomic_load(&avc->anon_vma->refcount) == 0)
			return false;
		if (avc->anon_vma->root != vma->chain->anon_vma->root)
			return false;
	}
	return own_linked && atomic_load(&vma->anon_vma->num_active_vmas) > 0;
}
