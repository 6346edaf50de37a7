/*
 * vma_attrs.h - what few areas have: a userfaultfd, a memory policy, a name.
 *
 * Layer: space.  Every function wants mmap_lock, for write where it changes the table.
 */
#ifndef SPACE_VMA_ATTRS_H
#define SPACE_VMA_ATTRS_H

#include "base/why.h"
#include "space/mm_types.h"

/* The longest name of an anonymous area, its NUL included. */
#define ANON_VMA_NAME_MAX_LEN UMM_ANON_NAME_MAX

/* Sets of nodes have room for the most that a kernel can be built for. */
#define NODE_WORDS (UMM_MAX_NODES / 64)

struct nodemask {
	uint64_t word[NODE_WORDS];
};

/* mbind(2)'s, of one area.  All zero: none, the process's own counts. */
struct mempolicy {
	uint16_t mode;			/* UMM_MPOL_ */
	uint16_t flags;			/* UMM_MPOL_F_ */
	int32_t home_node;		/* -1 for none */
	struct nodemask nodes;		/* those in use: with memory, and allowed */
	struct nodemask user_nodes;	/* as asked for, where flags keep that */
};

/* The userfaultfd that watches an area. */
struct vm_userfaultfd_ctx {
	uint64_t id;			/* the embedder's name for it, 0 for none */
	uint64_t features;		/* UMM_UFFD_FEATURE_ */
	uint64_t parent;		/* of one that fork made: what it was made from */
};

/* A value, without padding: two are equal if their bytes are. */
struct vma_attrs {
	struct vm_userfaultfd_ctx uffd;
	struct mempolicy policy;
	uint64_t named;			/* 1: a name may be empty */
	char name[ANON_VMA_NAME_MAX_LEN];
};

/* The attributes of @vma; all zero for most.  Valid until the next reservation. */
const struct vma_attrs *vma_attrs(const struct mm_struct *mm, const struct vm_area_struct *vma);

/*
 * Make sure that the next @n new sets of attributes can be had.  0, or refused with nothing
 * changed.
 */
__must_check long vma_attrs_reserve(struct mm_struct *mm, size_t n, struct umm_why *why);

/* @flags with @attrs in place of those that they carry.  Reserved: cannot fail. */
vm_flags_t vma_attrs_put(struct mm_struct *mm, vm_flags_t flags, const struct vma_attrs *attrs);

/* The note that tells in which attribute @a and @b differ. */
enum why_code vma_attrs_apart(const struct mm_struct *mm, vm_flags_t a, vm_flags_t b);

/* The same memory policy?  Equal by value, as everywhere. */
bool vma_policy_equal(const struct mm_struct *mm, const struct vm_area_struct *a,
		      const struct vm_area_struct *b);

/* The attributes that @flags carry are there, and a userfaultfd just where flags say so. */
bool vma_attrs_is_valid(const struct mm_struct *mm, vm_flags_t flags);

/*
 * Give @clone, which has none, the table of @mm as it is, so that copied flags stay good.  0 or
 * -UMM_ENOMEM.
 */
__must_check int vma_attrs_clone(struct mm_struct *clone, const struct mm_struct *mm);

/* The same flags, of areas of two address spaces: attributes are compared by value. */
bool vma_flags_same(const struct mm_struct *x, vm_flags_t a, const struct mm_struct *y,
		    vm_flags_t b);

void vma_attrs_destroy(struct mm_struct *mm);

#endif
