/*
 * mm.c - the life of an address space.
 */
#include "base/assert.h"
#include "base/err.h"
#include "space/accounting.h"
#include "space/anon_vma.h"
#include "space/file.h"
#include "space/mm.h"
#include "space/mm_pages.h"
#include "space/guards.h"
#include "space/i_mmap.h"
#include "space/unmapped_area.h"
#include "space/vma.h"
#include "space/vma_attrs.h"
#include "space/vma_tree.h"

#define DEFAULT_TASK_SIZE	UINT64_C(0x7ffffffff000)

void umm_layout_init(struct umm_layout *layout, uint64_t stack_limit)
{
	memset(layout, 0, sizeof(*layout));
	layout->size = sizeof(*layout);
	layout->task_size = layout->map_window = DEFAULT_TASK_SIZE;
	arch_pick_mmap_layout(layout, stack_limit, false, 256 * PAGE_SIZE, 0);
}

struct mm_struct *mm_alloc_areas(struct world *world)
{
	struct mm_struct *mm = world_alloc(world, &world->mm_cache);

	if (!mm)
		return ERR_PTR(-UMM_ENOMEM);
	memset(mm, 0, sizeof(*mm));
	mm->world = world;
	if (lock_init(&world->platform, &mm->mmap_lock)) {
		world_dealloc(world, &world->mm_cache, mm);
		return ERR_PTR(-UMM_ENOMEM);
	}
	atomic_init(&mm->users, 1);
	slab_cache_init(&mm->vma_cache, &world->platform, vm_area_bytes(world),
			"vm_area_struct");
	slab_cache_init(&mm->avc_cache, &world->platform, anon_vma_chain_bytes(world),
			"anon_vma_chain");
	umm_layout_init(&mm->layout, UINT64_C(8) << 20);
	for (unsigned int i = 0; i < NR_MM_RLIMITS; i++)
		mm->rlimit[i] = (struct mm_rlimit){ UMM_RLIM_INFINITY, UMM_RLIM_INFINITY };
	commit_holder_add(world, &mm->charged);
	atomic_fetch_add(&world->live_objects, 1);
	return mm;
}

struct mm_struct *mm_alloc(struct world *world)
{
	struct mm_struct *mm = mm_alloc_areas(world);

	if (!IS_ERR(mm) && world->phys && mm_pages_create(mm)) {
		mmput(mm);
		return ERR_PTR(-UMM_ENOMEM);
	}
	return mm;
}

void mm_inherit(struct mm_struct *mm, const struct mm_struct *from)
{
	for (unsigned int i = 0; i < NR_MM_RLIMITS; i++)
		mm->rlimit[i] = from->rlimit[i];
	mm->caps = from->caps;
	mm->personality = from->personality;
	mm->ids = from->ids;
	mm->layout = from->layout;
	mm->mdwe = from->mdwe;
	mm->merge_any = from->merge_any;
	mm->thp_disable = from->thp_disable;
}

/* Its object counts the areas. */
static bool vma_is_counted(const struct vm_area_struct *vma)
{
	return vma_has_close(vma) && vma->vm_ops->open;
}

void mm_suppose(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	mm_assert(!mm->hypothesis);
	for (vma = mm->tree.first; vma; vma = vma_next(vma))
		if (vma_is_counted(vma))
			vma->vm_ops->close(mm->world, vma);
	mm->hypothesis = true;
	commit_holder_remove(mm->world, &mm->charged);
}

void mm_happened(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	mm_assert(mm->hypothesis);
	mm->hypothesis = false;
	for (vma = mm->tree.first; vma; vma = vma_next(vma))
		if (vma_is_counted(vma))
			vma->vm_ops->open(vma);
	commit_holder_add(mm->world, &mm->charged);
}

void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *vma = mm->tree.first;

	if (mm->pages) {
		for (; vma; vma = vma_next(vma))
			unlink_file_vma(mm, vma);
		mm->world->page_ops->exit_mmap(mm);
		vma = mm->tree.first;
	}
	while (vma) {
		struct vm_area_struct *next = vma_next(vma);

		remove_vma(mm, vma);
		vma = next;
	}
	vm_acct_memory(mm, -commit_held(&mm->charged));
	mm->total_vm = 0;
	mm->data_vm = 0;
	mm->exec_vm = 0;
	mm->stack_vm = 0;
	mm->locked_vm = 0;
}

void mmput(struct mm_struct *mm)
{
	struct world *world = mm->world;

	mm_assert_debug(atomic_load(&mm->users) > 0);
	if (atomic_fetch_sub(&mm->users, 1) != 1)
		return;
	exit_mmap(mm);
	if (!mm->hypothesis)
		commit_holder_remove(world, &mm->charged);
	anon_vma_release_reserve(mm);
	vma_attrs_destroy(mm);
	guards_free(mm);
	if (mm->pages)
		mm_pages_destroy(mm);
	if (mm->spare_shmem)
		file_put(mm->spare_shmem);
	slab_cache_destroy(&mm->vma_cache);
	slab_cache_destroy(&mm->avc_cache);
	lock_destroy(&world->platform, &mm->mmap_lock);
	world_dealloc(world, &world->mm_cache, mm);
	atomic_fetch_sub(&world->live_objects, 1);
}

uint64_t count_vma_pages_range(const struct mm_struct *mm, umm_addr_t start, umm_addr_t end)
{
	const struct vm_area_struct *vma = find_vma_intersection(&mm->tree, start, end);
	uint64_t bytes = 0;

	for (; vma && vma->vm_start < end; vma = vma_next(vma))
		bytes += min_u64(vma->vm_end, end) - max_u64(vma->vm_start, start);
	return bytes >> PAGE_SHIFT;
}

bool mm_is_valid(const struct mm_struct *mm)
{
	struct mm_struct count = { .world = mm->world };
	uint64_t charged = 0;
	const struct vm_area_struct *vma;

	if (!vma_tree_is_valid(&mm->tree) || !guards_are_valid(mm) || !vma_locks_are_valid(mm))
		return false;
	for (vma = mm->tree.first; vma; vma = vma_next(vma)) {
		if (!page_aligned(vma->vm_start) || !page_aligned(vma->vm_end) ||
		    vma->vm_end > mm->layout.task_size || !anon_vma_is_valid(vma) ||
		    !vma_intervals_are_valid(mm, vma))
			return false;
		if (((vma->vm_flags & VM_ANON_UNKNOWN) && vma->anon_vma) ||
		    !vma_attrs_is_valid(mm, vma->vm_flags))
			return false;
		vm_stat_account(&count, vma->vm_flags, (int64_t)vma_pages(vma));
		if (vma->vm_flags & VM_ACCOUNT)
			charged += vma_pages(vma);
	}
	/* Shared anonymous memory is charged to its object: not a matter of the areas. */
	return count.total_vm == mm->total_vm && count.data_vm == mm->data_vm &&
	       count.exec_vm == mm->exec_vm && count.stack_vm == mm->stack_vm &&
	       (int64_t)charged == commit_held(&mm->charged);
}
