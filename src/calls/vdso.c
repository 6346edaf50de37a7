/*
 * vdso.c - the vdso mapped once more: arch_prctl(ARCH_MAP_VDSO_64), for a process that unmapped or
 * moved all of what exec gave it.
 *
 *	[vvar][vvar_vclock][vdso]	one range, chosen as mmap chooses one
 *
 * No limit is asked, and nothing is charged.
 */
#include "base/assert.h"
#include "base/err.h"
#include "calls/vdso.h"
#include "object/objects.h"
#include "space/accounting.h"
#include "space/mm.h"
#include "space/unmapped_area.h"
#include "space/vma.h"
#include "space/vma_tree.h"

#define VVAR_FLAGS (VM_READ | VM_MAYREAD | VM_IO | VM_DONTDUMP | VM_PFNMAP)
#define VDSO_FLAGS (VM_READ | VM_EXEC | VM_MAY_FLAGS)

static const char vvar_name[] = "[vvar]";
static const char vclock_name[] = "[vvar_vclock]";
static const char vdso_name[] = "[vdso]";

static bool same_text(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static bool is_part_of_vdso(const struct vm_area_struct *vma)
{
	return !vma->vm_file && vma->special_name &&
	       (same_text(vma->special_name, vvar_name) ||
		same_text(vma->special_name, vclock_name) ||
		same_text(vma->special_name, vdso_name));
}

static long check_none(const struct mm_struct *mm, struct umm_why *why)
{
	for (const struct vm_area_struct *vma = mm->tree.first; vma; vma = vma_next(vma)) {
		if (is_part_of_vdso(vma))
			return refuse(why, WHY_VDSO_EXISTS, vma->vm_start, vma->vm_end);
	}
	passed(why, WHY_VDSO_EXISTS, 0, 0);
	return 0;
}

/* Link a special mapping at @start; where it ends. */
static umm_addr_t install_special_mapping(struct mm_struct *mm, umm_addr_t start, uint64_t pages,
					  vm_flags_t flags, const char *name)
{
	umm_addr_t end = start + (pages << PAGE_SHIFT);
	struct vm_area_struct *vma;
	struct vma_slot slot;
	bool free_slot;

	if (!pages)
		return start;
	flags = ((flags | mm->def_flags) & ~VM_LOCKED_MASK) | VM_DONTEXPAND;
	free_slot = find_vma_links(&mm->tree, start, end, &slot);
	mm_assert(free_slot);
	vma = vm_area_alloc(mm, start, end, flags);
	vma->vm_pgoff = start >> PAGE_SHIFT;
	vma->vm_ops = &special_vm_operations;
	vma->special_name = name;
	vma_link(&mm->tree, vma, &slot);
	vm_stat_account(mm, flags, (int64_t)pages);
	world_event(mm->world, UMM_EVENT_AREA_ADD, mm, start, end, 0);
	return end;
}

int64_t map_vdso(struct mm_struct *mm, umm_addr_t addr, const struct umm_vdso_image *image,
		 umm_addr_t *vvar, struct umm_why *why)
{
	uint64_t pages = image->vvar_pages + image->vclock_pages + image->vdso_pages;
	struct unmapped_area_request area = { addr & PAGE_MASK, pages << PAGE_SHIFT, 0, 0 };
	vm_flags_t seal = image->sealed ? VM_SEALED : 0;
	umm_addr_t vdso;
	int64_t chosen;
	long err;

	err = mm_reserve(mm, 3, 0, why);
	if (err)
		return err;
	chosen = get_unmapped_area(mm, NULL, &area, why);
	if (IS_ERR_VALUE(chosen))
		return chosen;
	*vvar = (umm_addr_t)chosen;
	vdso = install_special_mapping(mm, *vvar, image->vvar_pages, VVAR_FLAGS | seal, vvar_name);
	vdso = install_special_mapping(mm, vdso, image->vclock_pages, VVAR_FLAGS | seal,
				       vclock_name);
	(void)install_special_mapping(mm, vdso, image->vdso_pages, VDSO_FLAGS | seal, vdso_name);
	return (int64_t)vdso;
}

int64_t map_vdso_once(struct mm_struct *mm, umm_addr_t addr, const struct umm_vdso_image *image,
		      struct umm_why *why)
{
	uint64_t len = image->vdso_pages << PAGE_SHIFT;
	umm_addr_t vvar;
	int64_t vdso;
	long err;

	err = mm_reserve(mm, 3, 0, why);	/* ours before Linux's own checks */
	if (err)
		return err;
	err = check(why, !image->missing, WHY_VDSO_OPTION, 0, 0);
	if (err)
		return err;
	err = check_none(mm, why);
	if (err)
		return err;
	vdso = map_vdso(mm, addr, image, &vvar, why);
	if (IS_ERR_VALUE(vdso))
		return vdso;
	note(why, NOTE_VDSO_MAPPED, vvar, (umm_addr_t)vdso, (umm_addr_t)vdso + len, 0);
	mm_assert_expensive(mm_is_valid(mm));
	return (int64_t)len;
}
