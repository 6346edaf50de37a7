/*
 * vdso.h - the vdso mapped once more: arch_prctl(ARCH_MAP_VDSO_64).
 *
 * Layer: calls.
 */
#ifndef CALLS_VDSO_H
#define CALLS_VDSO_H

#include "base/why.h"
#include "space/mm_types.h"

/*
 * Map the parts of @image, which has pages, with @addr as hint: where the vdso itself is, and in
 * *vvar where the first part is; or refused.
 * => mmap_lock held for write.
 */
__must_check int64_t map_vdso(struct mm_struct *mm, umm_addr_t addr,
			      const struct umm_vdso_image *image, umm_addr_t *vvar,
			      struct umm_why *why);

/*
 * The same if none is there.  The length of the vdso itself in bytes, or refused.
 * => mmap_lock held for write.
 */
__must_check int64_t map_vdso_once(struct mm_struct *mm, umm_addr_t addr,
				   const struct umm_vdso_image *image, struct umm_why *why);

#endif
