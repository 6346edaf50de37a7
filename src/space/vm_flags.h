/*
 * vm_flags.h - the flags of an area under Linux's names, and the sets that the rules speak of.
 *
 * Layer: space.  The bits are the public UMM_VM_ ones.
 */
#ifndef SPACE_VM_FLAGS_H
#define SPACE_VM_FLAGS_H

#include <usermm/usermm.h>

typedef uint64_t vm_flags_t;

#define VM_READ		UMM_VM_READ
#define VM_WRITE	UMM_VM_WRITE
#define VM_EXEC		UMM_VM_EXEC
#define VM_SHARED	UMM_VM_SHARED
#define VM_MAYREAD	UMM_VM_MAYREAD
#define VM_MAYWRITE	UMM_VM_MAYWRITE
#define VM_MAYEXEC	UMM_VM_MAYEXEC
#define VM_MAYSHARE	UMM_VM_MAYSHARE
#define VM_GROWSDOWN	UMM_VM_GROWSDOWN
#define VM_PFNMAP	UMM_VM_PFNMAP
#define VM_MAYBE_GUARD	UMM_VM_MAYBE_GUARD
#define VM_LOCKED	UMM_VM_LOCKED
#define VM_IO		UMM_VM_IO
#define VM_SEQ_READ	UMM_VM_SEQ_READ
#define VM_RAND_READ	UMM_VM_RAND_READ
#define VM_DONTCOPY	UMM_VM_DONTCOPY
#define VM_DONTEXPAND	UMM_VM_DONTEXPAND
#define VM_LOCKONFAULT	UMM_VM_LOCKONFAULT
#define VM_ACCOUNT	UMM_VM_ACCOUNT
#define VM_NORESERVE	UMM_VM_NORESERVE
#define VM_HUGETLB	UMM_VM_HUGETLB
#define VM_SYNC		UMM_VM_SYNC
#define VM_WIPEONFORK	UMM_VM_WIPEONFORK
#define VM_DONTDUMP	UMM_VM_DONTDUMP
#define VM_SOFTDIRTY	UMM_VM_SOFTDIRTY
#define VM_MIXEDMAP	UMM_VM_MIXEDMAP
#define VM_HUGEPAGE	UMM_VM_HUGEPAGE
#define VM_NOHUGEPAGE	UMM_VM_NOHUGEPAGE
#define VM_MERGEABLE	UMM_VM_MERGEABLE
#define VM_SHADOW_STACK	UMM_VM_SHADOW_STACK
#define VM_DROPPABLE	UMM_VM_DROPPABLE
#define VM_SEALED	UMM_VM_SEALED

/* Ours: the area was imported and nobody has looked at its pages yet. */
#define VM_ANON_UNKNOWN	(UINT64_C(1) << 62)

/* Ours: the index of what few areas have, vma_attrs.c. */
#define VM_ATTRS_SHIFT	40
#define VM_ATTRS_MASK	(UINT64_C(0xffff) << VM_ATTRS_SHIFT)

#define VM_ACCESS_FLAGS	(VM_READ | VM_WRITE | VM_EXEC)
#define VM_MAY_FLAGS	(VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC)
#define VM_LOCKED_MASK	(VM_LOCKED | VM_LOCKONFAULT)
#define VM_UFFD_FLAGS	(UMM_VM_UFFD_MISSING | UMM_VM_UFFD_WP | UMM_VM_UFFD_MINOR)

/* Never merged, never locked. */
#define VM_SPECIAL	(VM_IO | VM_DONTEXPAND | VM_PFNMAP | VM_MIXEDMAP)

/* Not looked at when two areas are compared for merging. */
#define VM_IGNORE_MERGE	(VM_SOFTDIRTY | VM_MAYBE_GUARD | VM_ANON_UNKNOWN)

/* Of the default flags of an mm, what a fork drops. */
#define VM_FORK_DROPS	VM_LOCKED_MASK

#define ALL_VM_FLAGS	((UINT64_C(1) << 36) - 1)

#endif
