/*
 * mm_types.h - an address space and its areas.
 *
 * Layer: space.
 *
 * Locks that guard the members:
 *	m	mmap_lock of the owning mm: for write to change, for read to look
 *	a	atomic
 *	-	set before the object is seen by a second thread
 */
#ifndef SPACE_MM_TYPES_H
#define SPACE_MM_TYPES_H

#include <stdatomic.h>

#include "base/rbtree.h"
#include "base/slab.h"
#include "base/world.h"
#include "space/vm_flags.h"

#define PAGE_SHIFT	UMM_PAGE_SHIFT
#define PAGE_SIZE	((uint64_t)UMM_PAGE_SIZE)
#define PAGE_MASK	(~(PAGE_SIZE - 1))
#define PMD_SIZE	(UINT64_C(1) << 21)

struct anon_vma;
struct anon_vma_chain;
struct file;
struct mm_pages;
struct vm_area_struct;
struct vm_operations_struct;

static inline bool page_aligned(umm_addr_t addr)
{
	return (addr & ~PAGE_MASK) == 0;
}

/* Rounded up to a page: 0 if that wraps around. */
static inline uint64_t page_align(uint64_t bytes)
{
	return (bytes + PAGE_SIZE - 1) & PAGE_MASK;
}

/* An area's place in the index.  What is inside is vma_tree.c's business. */
struct vma_node {
	struct rb_node rb;			/* [m] */
	uint64_t gap, subtree_gap;		/* [m] bytes; vma_gaps.c */
	struct vm_area_struct *next, *prev;	/* [m] neighbours in address order */
};

/*
 * One area [vm_start, vm_end).  The first 64 bytes, up to node.next, are all that a search reads;
 * the rest is what a decision about the area needs.
 */
struct vm_area_struct {
	umm_addr_t vm_start;			/* [m] first byte of the range */
	umm_addr_t vm_end;			/* [m] first byte after it */
	struct vma_node node;			/* [m] */

	vm_flags_t vm_flags;			/* [m] */
	uint64_t vm_pgoff;			/* [m] pages: in the file, or vm_start when made */
	struct file *vm_file;			/* [m] a reference, or NULL */
	const struct vm_operations_struct *vm_ops;	/* [m] NULL for anonymous memory */
	struct anon_vma *anon_vma;		/* [m] the one new pages go to, or NULL */
	struct anon_vma_chain *chain;		/* [m] all that may hold its pages; anon_vma.c */
	union {
		const char *special_name; /* [m] without vm_file: "[vdso]", outlives the world */
		uint64_t vm_private;		/* [m] with vm_file: the object's own */
	};
};

_Static_assert(sizeof(struct vm_area_struct) <= 128, "two cache lines an area");

/* The ordered set of areas of one address space. */
struct vma_tree {
	struct rb_root root;			/* [m] keyed by vm_start */
	struct vm_area_struct *first, *last;	/* [m] ends of the list */
	_Atomic(struct vm_area_struct *) recent;	/* [a] found last; set by readers too */
	struct vm_area_struct *widest;		/* [m] whose gap is the widest; vma_gaps.c */
	uint64_t widest_gap;			/* [m] bytes */
	uint64_t map_count;			/* [m] areas linked */
};

/* What few areas have, by the index in their flags; vma_attrs.c. */
struct vma_attrs_table {
	struct vma_attrs_record *record;	/* [m] */
	uint32_t room, nr_free;			/* [m] records */
};

struct vm_operations_struct {
	/* The area is a copy of another: split off, forked, moved.  NULL: nothing to do. */
	void (*open)(struct vm_area_struct *vma);
	/* Before that, but of a part split off: it has not what was promised to the original. */
	void (*dup_private)(struct vm_area_struct *vma);
	/* May pages of the area be moved elsewhere?  0, or refused.  NULL: always. */
	long (*may_move)(const struct vm_area_struct *vma, struct umm_why *why);
	/* What the area @old held is this one's now: mremap.  NULL: nothing to do. */
	void (*mremap)(struct vm_area_struct *vma, struct vm_area_struct *old);
	/* The area goes or is cut off from its object; NULL: it never minds, and may vanish. */
	void (*close)(struct world *world, struct vm_area_struct *vma);
	/* May the area be cut at @addr?  0, or refused.  NULL: anywhere. */
	long (*may_split)(const struct vm_area_struct *vma, umm_addr_t addr, struct umm_why *why);
};

/* Ranges that guard markers fill: guards.c. */
struct guard_range {
	umm_addr_t start, end;
};

struct guards {
	struct guard_range *range;		/* [m] ascending, apart from each other */
	size_t nr, room;			/* [m] */
};

/* prctl(PR_SET_THP_DISABLE) */
enum thp_disable { THP_NOT_DISABLED, THP_DISABLED, THP_DISABLED_EXCEPT_ADVISED };

struct mm_rlimit {
	uint64_t soft, hard;			/* bytes, or UMM_RLIM_INFINITY */
};

enum mm_rlimit_index { MM_RLIMIT_DATA, MM_RLIMIT_STACK, MM_RLIMIT_MEMLOCK, MM_RLIMIT_AS,
		       NR_MM_RLIMITS };

#define MM_GROUPS UMM_GROUPS_MAX

/* Who the process is, as far as a memory call asks: the permissions of System V segments. */
struct mm_ids {
	uint32_t uid, gid;			/* effective */
	uint32_t nr_groups;
	uint32_t group[MM_GROUPS];		/* supplementary */
};

struct mm_struct {
	struct world *world;			/* [-] */
	atomic_uint users;			/* [a] */
	struct umm_lock mmap_lock;		/* guards what is marked [m] */

	struct vma_tree tree;			/* [m] */
	struct slab_cache vma_cache;		/* [m] this mm's areas */
	struct slab_cache avc_cache;		/* [m] their anon_vma_chains */
	struct anon_vma *spare_anon_vmas;	/* [m] reserved, linked by parent */
	size_t nr_spare_anon_vmas;		/* [m] */
	struct vma_attrs_table attrs;		/* [m] */
	struct file *spare_shmem;	/* [m] reserved for shared anonymous memory, or NULL */
	struct guards guards;			/* [m] */
	struct commit_holder charged;		/* [m] pages of the world's vm_committed_as */
	bool hypothesis;			/* [m] a clone: mm_suppose() */
	struct mm_pages *pages;		/* [m] page tables: mm_pages.h; NULL in a world without */

	/* From here on, what a clone has of its own is a plain copy: mm_clone(). */
	struct umm_layout layout;		/* [m] */
	uint64_t total_vm;			/* [m] pages */
	uint64_t data_vm, exec_vm, stack_vm;	/* [m] pages, classes of total_vm */
	uint64_t locked_vm;			/* [m] pages */
	vm_flags_t def_flags;			/* [m] every new area gets them */

	struct mm_rlimit rlimit[NR_MM_RLIMITS];	/* [m] */
	uint32_t caps;				/* [m] UMM_CAP_ */
	uint32_t personality;			/* [m] */
	struct mm_ids ids;			/* [m] */
	bool pkey_taken;			/* [m] pkey_alloc() took key 0 for good */
	uint8_t mdwe;				/* [m] UMM_MDWE_ bits of PR_SET_MDWE */
	bool merge_any;				/* [m] PR_SET_MEMORY_MERGE */
	enum thp_disable thp_disable;		/* [m] */
};

static inline uint64_t vma_len(const struct vm_area_struct *vma)
{
	return vma->vm_end - vma->vm_start;
}

static inline uint64_t vma_pages(const struct vm_area_struct *vma)
{
	return vma_len(vma) >> PAGE_SHIFT;
}

/* Pages of it are anonymous memory of this process alone: no object behind it. */
static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vma->vm_ops;
}

static inline bool vma_has_close(const struct vm_area_struct *vma)
{
	return vma->vm_ops && vma->vm_ops->close;
}

/* Can its pages be locked?  Those of drivers, huge ones and droppable ones never are. */
static inline bool vma_supports_mlock(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_SPECIAL | VM_HUGETLB | VM_DROPPABLE));
}

static inline bool capable(const struct mm_struct *mm, uint32_t cap)
{
	return (mm->caps & cap) != 0;
}

static inline void mmap_write_lock(struct mm_struct *mm)
{
	write_lock(&mm->world->platform, &mm->mmap_lock);
}

static inline void mmap_write_unlock(struct mm_struct *mm)
{
	write_unlock(&mm->world->platform, &mm->mmap_lock);
}

static inline void mmap_read_lock(struct mm_struct *mm)
{
	read_lock(&mm->world->platform, &mm->mmap_lock);
}

static inline void mmap_read_unlock(struct mm_struct *mm)
{
	read_unlock(&mm->world->platform, &mm->mmap_lock);
}

#endif
