/*
 * usermm.h - Linux's memory manager as a library.
 *
 * A umm_world is one machine: a kernel version, its sysctls, its memory.  A umm_mm is one address
 * space in it.  The calls below answer what Linux would answer: same address, same errno, same
 * /proc/PID/maps text.  A struct umm_why handed to a call says afterwards why.
 *
 * Caveats first
 *	- Whether there are pages behind the areas is a setting of the world (enum umm_pages); at
 *	  first there are none.
 *	- What depends on chance in Linux (random bases, MAP_32BIT) is taken as zero offset unless
 *	  umm_mm_set_layout() says otherwise.
 *	- A descriptor is the embedder's business: the calls take the umm_file that it refers to.
 *
 * Conventions
 *	- Addresses and lengths are bytes.  Ranges are half open: [start, end).
 *	- Functions that can fail return a negative error number (uapi.h); errno is not touched.
 *	- Objects are reference counted where a _get and _put exist, else owned by the caller.
 *	- An mm may be used from many threads; mms of one world run in parallel.  Exceptions say so.
 *	- A struct that begins with `size` is initialised by its _init function.  A size that is not
 *	  this version's is refused with -UMM_EINVAL, not misread.
 *	- A `why` argument may be NULL: nobody listens, and it costs nothing.
 */
#ifndef USERMM_USERMM_H
#define USERMM_USERMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <usermm/platform.h>
#include <usermm/uapi.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define UMM_MUST_CHECK __attribute__((warn_unused_result))
#else
#define UMM_MUST_CHECK
#endif

/* The library is built with hidden symbols; what this header declares is what it shows. */
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* ---- versions ------------------------------------------------------------------------------ */

#define UMM_VERSION_MAJOR 0
#define UMM_VERSION_MINOR 1
#define UMM_VERSION_PATCH 0
#define UMM_VERSION ((UMM_VERSION_MAJOR << 16) | (UMM_VERSION_MINOR << 8) | UMM_VERSION_PATCH)

/* The version of the library that runs, as UMM_VERSION and as text ("0.1.0"). */
uint32_t umm_version(void);
const char *umm_version_string(void);

/* True if the library that runs can stand in for the header that @compiled (UMM_VERSION) names. */
bool umm_version_compatible(uint32_t compiled);

/* A kernel whose behaviour is asked for: independent of the library's own version. */
#define UMM_KERNEL(major, minor) (((uint32_t)(major) << 8) | (uint32_t)(minor))
#define UMM_KERNEL_NEWEST UMM_KERNEL(6, 18)

typedef uint64_t umm_addr_t;

#define UMM_PAGE_SHIFT 12
#define UMM_PAGE_SIZE 4096u

struct umm_world;
struct umm_mm;
struct umm_file;

/* ---- reasons ------------------------------------------------------------------------------- */

enum umm_why_kind {
	UMM_WHY_NOTE,		/* a decision: which gap, merged with whom, split where */
	UMM_WHY_PASSED,		/* a check that ran and let the call pass: "ruled out" */
	/*
	 * The check that said no; at most one.  What passed after it was looked at for the
	 * explanation: it would not have been another obstacle.
	 */
	UMM_WHY_REFUSED,
};

#define UMM_WHY_VALUES 4
#define UMM_WHY_MAX 40

struct umm_why_entry {
	uint16_t code;		/* index into the catalogue, stable within a library version */
	uint16_t kind;			/* enum umm_why_kind */
	uint32_t reserved;
	uint64_t value[UMM_WHY_VALUES];	/* what the entry's text refers to as {0} … {3} */
};

/*
 * The record of one call.  The caller owns it (on the stack, say) and hands it to one call at a
 * time; each call begins it anew.  Entries stand in the order of the decisions.
 */
struct umm_why {
	uint16_t nr;			/* entries used */
	uint16_t lost;			/* entries that found no room; a refusal always does */
	uint32_t reserved;
	struct umm_why_entry *cursor;	/* the library's, during a call */
	struct umm_why_entry entry[UMM_WHY_MAX];
};

/* What the catalogue knows of one code.  Strings live as long as the library. */
struct umm_why_info {
	const char *name;		/* "MAP_COUNT" */
	int error;			/* error number of a refusal, 0 for a note */
	const char *function;		/* the kernel function that holds this check or decision */
	const char *text;		/* one line with placeholders, see umm_why_format() */
	const char *limit;	/* of a check: the comparison and the limit, with placeholders */
	const char *remedy;		/* what to do about it, or NULL */
	const char *ruled_out;		/* short noun for "ruled out", or NULL for a note */
	const char *calls;	/* it can refuse: "mmap brk", "fault", "any"; NULL for a note */
};

/* The number of codes, and one of them: 0 or -UMM_EINVAL. */
unsigned int umm_why_count(void);
int umm_why_info(unsigned int code, struct umm_why_info *info);

/* The refusal in @why, or NULL if the call was not refused. */
const struct umm_why_entry *umm_why_refusal(const struct umm_why *why);

/*
 * Write @text (of umm_why_info) with the placeholders filled from @entry, as snprintf(3) does:
 * returns the length that the whole text has.  {0} decimal, {0d} decimal with a sign, {0x} address
 * in hexadecimal, {0o} octal, {0p} pages as a size with unit, {0b} bytes as a size with unit, {0f}
 * VM_ flags as "rw-p ac".
 */
size_t umm_why_format(const char *text, const struct umm_why_entry *entry, char *buf, size_t size);

/* ---- the machine --------------------------------------------------------------------------- */

/* User shadow stacks: not built in (CONFIG_X86_USER_SHADOW_STACK), or not in the processor. */
enum umm_shstk { UMM_SHSTK_ABSENT, UMM_SHSTK_NO_CPU };

enum umm_thp { UMM_THP_NEVER, UMM_THP_MADVISE, UMM_THP_ALWAYS };

/* What stands behind the areas of a world. */
enum umm_pages {
	/*
	 * Nothing: areas are promises, a fault answers and makes no page.  The calls cost what
	 * areas cost, and no memory is held but for areas.  For following a process of any size.
	 */
	UMM_PAGES_NONE,
	/*
	 * Frames, page tables, reverse map and counters are kept, but frames hold nothing: the
	 * platform gives no memory for them.  64 bytes a frame in use, and the page tables.
	 */
	UMM_PAGES_COUNTED,
	/* The same, and contents: the platform's frames_alloc() is needed. */
	UMM_PAGES_CONTENTS,
};

/*
 * How page-table entries look, and so what processor it is: umm_exec_elf() loads programs for it.
 * Frame numbers are those of umm_page_info().
 */
enum umm_page_tables {
	UMM_PAGE_TABLES_X86_64,		/* 4 levels: 48 bits of address */
	UMM_PAGE_TABLES_X86_64_LA57,	/* 5 levels: 57 bits */
	UMM_PAGE_TABLES_ARM64_4K,	/* 4 levels of 4 KiB granules: 48 bits */
};

#define UMM_HUGE_SIZES 4

struct umm_huge_pool {
	uint32_t shift;		/* log2 of the page size: 21 for 2 MiB, 0 for an unused entry */
	uint32_t dev_minor;		/* of the kernel's own files of such pages, 0: unknown */
	uint64_t free_pages;		/* free and not reserved by anybody */
};

/* The sysctls and sizes of a machine.  Times of reading are the embedder's. */
struct umm_settings {
	size_t size;
	uint32_t kernel;		/* UMM_KERNEL(6, 18) */
	uint32_t overcommit_memory;	/* vm.overcommit_memory: 0, 1, 2 */
	uint32_t overcommit_ratio;	/* vm.overcommit_ratio, percent */
	uint32_t thp_enabled;		/* enum umm_thp */
	uint64_t overcommit_kbytes;	/* vm.overcommit_kbytes, KiB */
	uint64_t admin_reserve_kbytes;	/* KiB */
	uint64_t user_reserve_kbytes;	/* KiB */
	uint64_t totalram_pages;	/* MemTotal / 4 KiB */
	uint64_t total_swap_pages;	/* SwapTotal / 4 KiB */
	uint64_t hugetlb_pages;		/* Hugetlb / 4 KiB: in pools, not to be promised */
	/*
	 * What others promised on the same machine: Committed_AS / 4 KiB less
	 * umm_world_committed().  Only vm.overcommit_memory=2 asks.
	 */
	int64_t committed_elsewhere;
	uint64_t max_map_count;		/* vm.max_map_count, areas */
	uint64_t mmap_min_addr;	/* vm.mmap_min_addr, bytes: below it CAP_SYS_RAWIO is needed */
	uint64_t hint_min_addr;		/* the larger of it and the LSM's minimum, bytes */
	uint64_t stack_guard_gap;	/* bytes */
	bool thp_configured;		/* CONFIG_TRANSPARENT_HUGEPAGE */
	bool ignore_rlimit_data;	/* boot parameter */
	bool legacy_va_layout;		/* vm.legacy_va_layout */
	bool ksm_configured;		/* CONFIG_KSM */
	bool memory_failure_configured;	/* CONFIG_MEMORY_FAILURE */
	struct umm_huge_pool huge[UMM_HUGE_SIZES];
	uint32_t default_huge_shift;	/* 21 */
	uint32_t user_shstk;		/* enum umm_shstk */
	bool anon_vma_name;		/* CONFIG_ANON_VMA_NAME */
	uint32_t max_nodes;	/* nodes that the kernel has room for: 1024; 0 without NUMA */
	/* Bit n is node n, of the first 64: those with memory that processes may use, and all. */
	uint64_t memory_nodes;
	uint64_t online_nodes;
	uint64_t shmmax;		/* kernel.shmmax, bytes: the largest segment */
	uint64_t shmall;		/* kernel.shmall, pages of all segments */
	uint32_t shmmni;		/* kernel.shmmni, segments */
	uint32_t hugetlb_shm_group;	/* vm.hugetlb_shm_group */
	bool shm_rmid_forced;		/* kernel.shm_rmid_forced */
	/* What follows is settled when the world is made: umm_world_set() cannot change it. */
	uint32_t pages;			/* enum umm_pages */
	uint32_t page_tables;		/* enum umm_page_tables; nobody asks without pages */
	uint64_t frames;		/* that the world may use, up to 2^32; 0: totalram_pages */
};

/* The most nodes that a kernel can be built for, and the longest name of an area with its NUL. */
#define UMM_MAX_NODES 1024
#define UMM_ANON_NAME_MAX 80

/* The settings of a freshly booted x86-64 machine of that kernel with 8 GiB. */
void umm_settings_init(struct umm_settings *settings, uint32_t kernel);

/* What the core did, in the order it did it. */
enum umm_event_type {
	UMM_EVENT_AREA_ADD,		/* a new area [start, end) */
	UMM_EVENT_AREA_REMOVE,
	UMM_EVENT_AREA_CHANGE,		/* its range or its flags changed: now [start, end) */
	UMM_EVENT_AREA_MERGE,		/* absorbed a neighbour: now [start, end) */
	UMM_EVENT_AREA_SPLIT,		/* @value is the address of the cut */
	UMM_EVENT_CHARGE,	/* @value pages charged (two's complement: may be negative) */
	UMM_EVENT_REFUSAL,	/* @value is the error number; told after the lock is dropped */
	UMM_EVENT_ANON_VMA,		/* the area got an anon_vma */
};

struct umm_event {
	enum umm_event_type type;
	struct umm_mm *mm;
	umm_addr_t start, end;
	uint64_t value;
};

/* Called under the mm's lock, where it must not call the library; of a refusal after it. */
typedef void (*umm_event_fn)(void *ctx, const struct umm_event *event);

/*
 * Make a machine.  @platform is copied.  The world is the caller's until umm_world_free(), which
 * wants all its mms and files gone.  -UMM_EINVAL, -UMM_ENOMEM.
 */
UMM_MUST_CHECK int umm_world_new(const struct umm_platform *platform,
				 const struct umm_settings *settings, struct umm_world **out);
void umm_world_free(struct umm_world *world);

/*
 * Change what an administrator changes on a running machine; the kernel version stays.  Not while
 * another thread uses the world.
 */
UMM_MUST_CHECK int umm_world_set(struct umm_world *world, const struct umm_settings *settings);
void umm_world_get(const struct umm_world *world, struct umm_settings *settings);

/* Set before the first call on an mm of this world; NULL for none. */
void umm_world_set_events(struct umm_world *world, umm_event_fn fn, void *ctx);

/* Pages charged to vm_committed_as by the mms of this world. */
int64_t umm_world_committed(struct umm_world *world);

/* A behaviour that differs between kernels. */
struct umm_rule_info {
	const char *name;		/* "map_stack_nohuge" */
	const char *text;		/* one line */
	uint32_t since;			/* first UMM_KERNEL() with it, 0 from the beginning */
	uint32_t until;			/* first UMM_KERNEL() without it, 0 if it lives */
	const char *verified;		/* "6.1, 6.18": where it was seen; "from reading" */
};

unsigned int umm_rule_count(void);
int umm_rule_info(unsigned int rule, struct umm_rule_info *info);

/* The index of the rule of that name, or -UMM_ENOENT. */
int umm_rule_find(const char *name);
bool umm_world_rule(const struct umm_world *world, unsigned int rule);

/* Switch one rule: for what-if.  Not while an mm of this world is in use. */
UMM_MUST_CHECK int umm_world_set_rule(struct umm_world *world, unsigned int rule, bool on);

/* ---- files --------------------------------------------------------------------------------- */

/* What a descriptor refers to, reduced to what mmap asks of it. */
enum umm_file_kind {
	UMM_FILE_REGULAR,		/* on a disk file system, also overlayfs and the like */
	UMM_FILE_SHMEM,			/* tmpfs, memfd */
	UMM_FILE_HUGETLB,		/* hugetlbfs, memfd with MFD_HUGETLB */
	UMM_FILE_ZERO,			/* /dev/zero */
	UMM_FILE_DEVICE,		/* a driver's own mmap: its answer is the driver's */
	UMM_FILE_NOT_MAPPABLE,		/* directory, pipe, most of /proc */
	UMM_FILE_SOCKET,		/* of a protocol that refuses to be mapped: most do */
};

/* How the object chooses addresses. */
enum umm_file_align {
	UMM_ALIGN_NONE,			/* as anonymous memory */
	UMM_ALIGN_THP,			/* for huge pages: ext4, xfs, btrfs */
	UMM_ALIGN_HUGETLB,		/* to the huge page size */
};

#define UMM_FMODE_READ		0x1	/* opened for reading */
#define UMM_FMODE_WRITE		0x2	/* opened for writing */
#define UMM_FILE_APPEND_ONLY	0x4	/* the inode's append-only attribute, not O_APPEND */
#define UMM_FILE_NOEXEC		0x8	/* on a mount with noexec */
#define UMM_FILE_SWAPFILE	0x10	/* in use as swap */
#define UMM_FILE_LARGE_OFFSETS	0x20	/* offsets are unsigned: /dev/mem and the like */
#define UMM_FILE_SEAL_WRITE	0x40	/* F_SEAL_WRITE */
#define UMM_FILE_SEAL_FUTURE	0x80	/* F_SEAL_FUTURE_WRITE */
#define UMM_FILE_SYNC_DAX	0x100	/* supports MAP_SYNC */
/* its areas have a close operation: they never vanish by merging */
#define UMM_FILE_VM_CLOSE	0x200
/* of a kind that does not say so: a regular file, a socket; offsets end at 2^63 - 1 */
#define UMM_FILE_SIGNED_OFFSETS	0x400
#define UMM_FILE_NO_PUNCH	0x800	/* on a file system that punches no holes */
/* its own operation sets an area up after neighbours were looked at: overlayfs, fuse */
#define UMM_FILE_LATE_MMAP	0x1000
#define UMM_FILE_SEAL_SEAL	0x2000	/* F_SEAL_SEAL: no seal can be added */

struct umm_file_desc {
	size_t size;
	enum umm_file_kind kind;
	enum umm_file_align align;
	uint32_t flags;			/* UMM_FMODE_, UMM_FILE_ */
	uint32_t dev_major, dev_minor;
	uint64_t inode;
	uint32_t huge_shift;		/* of a hugetlb file */
	uint64_t bytes;			/* its size, see umm_file_set_size() */
	const char *path;		/* as maps shows it; copied; NULL for none */
	void *cookie;			/* the embedder's, see umm_file_cookie() */
	/*
	 * Called when the last reference goes, often under an mm's lock: it must not call the
	 * library.  May be NULL.
	 */
	void (*release)(void *cookie);
	/*
	 * In a world whose pages have contents: fill @contents with the 4096 bytes at @pgoff pages;
	 * 0, or negative if they cannot be read (SIGBUS).  Asked once for each page, under an mm's
	 * lock: it must not call the library.  What lies past the end is zero whatever it says.
	 * After MADV_REMOVE it is asked again, and should know of the hole.
	 * NULL: all is zero.  Two umm_files of one path have pages of their own.
	 */
	int (*read_page)(void *cookie, uint64_t pgoff, void *contents);
};

void umm_file_desc_init(struct umm_file_desc *desc, enum umm_file_kind kind);

/*
 * One open file description: two open() of a path are two files, and do not merge; a dup() is the
 * same file.  The caller gets one reference.  -UMM_ENOMEM, -UMM_EINVAL.
 */
UMM_MUST_CHECK int umm_file_new(struct umm_world *world, const struct umm_file_desc *desc,
				struct umm_file **out);
void umm_file_get(struct umm_file *file);
void umm_file_put(struct umm_file *file);
void *umm_file_cookie(const struct umm_file *file);

/*
 * What fcntl(F_ADD_SEALS), rename or unlink changed; UMM_FILE_VM_CLOSE stays as it was.  Not while
 * another thread maps the file, or looks at an mm that has it mapped.
 */
void umm_file_set_flags(struct umm_file *file, uint32_t flags);
UMM_MUST_CHECK int umm_file_set_path(struct umm_file *file, const char *path);
void umm_file_set_inode(struct umm_file *file, uint32_t dev_major, uint32_t dev_minor,
			uint64_t inode);

/*
 * The size in bytes, which the calls that fill memory ask for: when the file has grown or shrunk
 * the embedder says so.  UINT64_MAX, the default: no end is known, and every page is there.
 */
void umm_file_set_size(struct umm_file *file, uint64_t bytes);

/* ---- address spaces ------------------------------------------------------------------------ */

/* Where things go in an address space: what exec decides. */
struct umm_layout {
	size_t size;
	umm_addr_t task_size;		/* first address above user space: 0x7ffffffff000 */
	/*
	 * With five levels of page tables task_size is 0xfffffffffff000, and what lies above
	 * this (0x7ffffffff000) is used only for hints and fixed addresses there.  Else, or 0:
	 * task_size.
	 */
	umm_addr_t map_window;
	umm_addr_t mmap_base;		/* top-down search starts here */
	umm_addr_t mmap_legacy_base;	/* bottom-up search starts here */
	bool bottom_up;			/* the legacy layout */
	umm_addr_t start_code, end_code, start_data, end_data;
	umm_addr_t start_brk, brk;
	umm_addr_t start_stack;		/* initial stack pointer: which area is [stack] */
	umm_addr_t arg_start, arg_end, env_start, env_end;	/* only PR_SET_MM asks for them */
};

/* The layout of x86-64 without randomisation, for a soft stack limit in bytes. */
void umm_layout_init(struct umm_layout *layout, uint64_t stack_limit);

/* Capabilities that memory calls ask for. */
#define UMM_CAP_IPC_LOCK	0x1
#define UMM_CAP_SYS_RAWIO	0x2
#define UMM_CAP_SYS_ADMIN	0x4
#define UMM_CAP_SYS_RESOURCE	0x8
#define UMM_CAP_SYS_NICE	0x10
#define UMM_CAP_IPC_OWNER	0x20

/*
 * An empty address space with the layout of umm_layout_init(8 MiB), no limits, no capabilities.
 * The caller gets one reference; the last umm_mm_put() is exit_mmap.
 */
UMM_MUST_CHECK int umm_mm_new(struct umm_world *world, struct umm_mm **out);
void umm_mm_get(struct umm_mm *mm);
void umm_mm_put(struct umm_mm *mm);
struct umm_world *umm_mm_world(const struct umm_mm *mm);

/* @resource is one of UMM_RLIMIT_; bytes or UMM_RLIM_INFINITY.  -UMM_EINVAL for another one. */
int umm_mm_set_rlimit(struct umm_mm *mm, int resource, uint64_t soft, uint64_t hard);
void umm_mm_set_caps(struct umm_mm *mm, uint32_t caps);
void umm_mm_set_personality(struct umm_mm *mm, uint32_t personality);

#define UMM_GROUPS_MAX 32

/*
 * The effective user and group, and the supplementary groups: what permissions of System V shared
 * memory are asked of.  At first all are 0.  -UMM_EINVAL for more groups than UMM_GROUPS_MAX.
 */
int umm_mm_set_ids(struct umm_mm *mm, uint32_t uid, uint32_t gid, const uint32_t *groups,
		   size_t nr_groups);

/*
 * -UMM_EINVAL if an area would lie above the new task_size, or what lies below it is more than the
 * world's page tables reach: nothing has changed then.
 */
int umm_mm_set_layout(struct umm_mm *mm, const struct umm_layout *layout);
void umm_mm_get_layout(struct umm_mm *mm, struct umm_layout *layout);

/*
 * Flags that new areas get on top: after mlockall(MCL_FUTURE), UMM_VM_LOCKED | UMM_VM_LOCKONFAULT.
 */
void umm_mm_set_def_flags(struct umm_mm *mm, uint64_t vm_flags);

/* prctl(PR_SET_MDWE): writable and executable at once is refused from now on. */
void umm_mm_set_mdwe(struct umm_mm *mm, bool on);

/* Pages by class, as /proc/PID/status shows them. */
struct umm_mm_stats {
	uint64_t map_count;		/* areas, the gate area not among them */
	uint64_t total_vm;		/* pages: VmSize */
	uint64_t data_vm;		/* pages: VmData */
	uint64_t exec_vm;		/* pages: VmExe + VmLib */
	uint64_t stack_vm;		/* pages: VmStk */
	uint64_t locked_vm;		/* pages: VmLck */
	int64_t charged;		/* pages this mm holds of the commit charge */
	uint64_t metadata_bytes; /* what the platform gave for this mm's areas, slack included */
};

void umm_mm_stats(struct umm_mm *mm, struct umm_mm_stats *stats);

/* ---- the calls ----------------------------------------------------------------------------- */

/*
 * mmap(2).  @file is what the descriptor refers to, NULL for one that cannot be mapped at all
 * (closed, O_PATH: EBADF) and for anonymous memory; the mapping takes a reference of its own.
 * The address, or a negative error.
 */
int64_t umm_mmap(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		 struct umm_file *file, uint64_t offset, struct umm_why *why);

/*
 * The address that umm_mmap() with the same arguments would choose; changes nothing.  The errors
 * of the search and of the checks before it.
 */
int64_t umm_get_unmapped_area(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t prot,
			      uint64_t flags, struct umm_file *file, uint64_t offset);

/* munmap(2). */
int64_t umm_munmap(struct umm_mm *mm, umm_addr_t addr, uint64_t len, struct umm_why *why);

/* mprotect(2), and pkey_mprotect(2) where @pkey is not -1. */
int64_t umm_mprotect(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t prot, int pkey,
		     struct umm_why *why);

/*
 * mremap(2).  @new_addr counts with UMM_MREMAP_FIXED, and with UMM_MREMAP_DONTUNMAP as a hint; of
 * huge pages it must be aligned all the same.  The address of the range after the call, or a
 * negative error: what was at the new address may be gone, and of several areas some moved.
 */
int64_t umm_mremap(struct umm_mm *mm, umm_addr_t old_addr, uint64_t old_len, uint64_t new_len,
		   uint64_t flags, umm_addr_t new_addr, struct umm_why *why);

/*
 * Where the range would be after umm_mremap() with the same arguments, if nothing refuses once the
 * place is known; changes nothing.  The errors of the checks before.
 */
int64_t umm_mremap_target(struct umm_mm *mm, umm_addr_t old_addr, uint64_t old_len,
			  uint64_t new_len, uint64_t flags, umm_addr_t new_addr);

/* brk(2) as the kernel answers it: the break after the call, which is the old one if refused. */
umm_addr_t umm_brk(struct umm_mm *mm, umm_addr_t brk, struct umm_why *why);

/* ---- madvise, mlock and their kin ---- */

/*
 * madvise(2).  0, or a negative error, with what lies below the refused area done.  Advice about
 * contents changes no area, but for guard pages and for pages that are filled in, which give areas
 * their anon_vma; in a world with pages it is followed, where it is no mere hint.
 */
int64_t umm_madvise(struct umm_mm *mm, umm_addr_t addr, uint64_t len, int advice,
		    struct umm_why *why);

/*
 * True if the kernel may answer umm_madvise() otherwise for reasons that no area tells: free memory
 * for MADV_COLLAPSE, the file system for MADV_REMOVE of a file, the pages for MADV_HWPOISON.
 */
bool umm_madvise_depends(struct umm_mm *mm, umm_addr_t addr, uint64_t len, int advice);

/* A range as process_madvise(2) and readv(2) take it. */
struct umm_range {
	umm_addr_t start;
	uint64_t len;			/* bytes */
};

/*
 * process_madvise(2) by a process with the address space @caller on @target, which may be the
 * same; NULL for a descriptor that is no pidfd.  @range is what the vector holds, NULL for one that
 * cannot be read, @nr the count that was passed.  Bytes advised, or a negative error.  Whether the
 * caller may look at the other process (ESRCH, EACCES) is not memory management's to say.
 */
int64_t umm_process_madvise(struct umm_mm *caller, struct umm_mm *target,
			    const struct umm_range *range, uint64_t nr, int advice,
			    uint64_t flags, struct umm_why *why);

/*
 * mlock2(2), mlock(2) with @flags 0; munlock(2); mlockall(2); munlockall(2).  0 or a negative
 * error; what could not be filled is locked all the same (ENOMEM).
 */
int64_t umm_mlock(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t flags,
		  struct umm_why *why);
int64_t umm_munlock(struct umm_mm *mm, umm_addr_t addr, uint64_t len, struct umm_why *why);
int64_t umm_mlockall(struct umm_mm *mm, uint64_t flags, struct umm_why *why);
int64_t umm_munlockall(struct umm_mm *mm, struct umm_why *why);

/*
 * prctl(2) with PR_SET_THP_DISABLE and PR_SET_MEMORY_MERGE: its second to fifth argument.  0 or a
 * negative error.  Fork and exec inherit both.
 */
int64_t umm_set_thp_disable(struct umm_mm *mm, const uint64_t arg[4], struct umm_why *why);
int64_t umm_set_memory_merge(struct umm_mm *mm, const uint64_t arg[4], struct umm_why *why);

/* What they were set to: 0, 1, or 3 for UMM_THP_DISABLE_EXCEPT_ADVISED; PR_GET_THP_DISABLE. */
unsigned int umm_thp_disable(struct umm_mm *mm);
bool umm_memory_merge(struct umm_mm *mm);

/*
 * The first page in [start, end) that has a guard marker (madvise(MADV_GUARD_INSTALL)), or @end.
 */
umm_addr_t umm_find_guard(struct umm_mm *mm, umm_addr_t start, umm_addr_t end);

/* fork(2)'s part: a copy of the address space.  The caller gets the reference in @child. */
UMM_MUST_CHECK int64_t umm_fork(struct umm_mm *mm, struct umm_mm **child, struct umm_why *why);

/*
 * execve(2)'s part up to the loader: an empty address space that keeps what survives exec
 * (limits, capabilities, MDWE, personality without READ_IMPLIES_EXEC).  The old one is untouched:
 * the caller puts it.
 */
UMM_MUST_CHECK int umm_exec(struct umm_mm *mm, struct umm_mm **out);

/*
 * An exact copy, for "what if": unlike a child of fork it keeps every flag, lock and limit; areas
 * that share an anon_vma share one in the copy.  A hypothesis: what it holds counts neither for
 * umm_world_committed() nor against pools, and nothing that it does is felt by @mm.  It has no
 * pages, in a world with pages either: calls answer without, what asks for pages says -UMM_EINVAL,
 * NULL or false.  The caller gets the reference.  -UMM_ENOMEM.
 */
UMM_MUST_CHECK int umm_mm_clone(struct umm_mm *mm, struct umm_mm **out);

/*
 * True if @a and @b, one cloned from the other or both from a third, would answer every call alike.
 * Names of anon_vmas, and of objects that mmap made on both sides, may differ.  O(areas).  False
 * also where there is no memory to find out.
 */
bool umm_mm_same(struct umm_mm *a, struct umm_mm *b);

/*
 * The hypothesis @clone is what happened: it counts from now on, and @mm is the hypothesis.  Not
 * while one of them is in use.  What @clone mapped of pools while it was one stays uncounted.  In a
 * world with pages those of @mm go, and @clone begins without any.
 */
void umm_mm_take_place(struct umm_mm *clone, struct umm_mm *mm);
/* ---- calls on areas as they are, and what a process says of its address space -------------- */

/*
 * msync(2).  That a file system could not write is no matter of memory: it is taken to succeed.
 */
int64_t umm_msync(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t flags,
		  struct umm_why *why);

/*
 * mincore(2) as far as it is refused: which pages are resident is not modelled.  The vector at @vec
 * is in this address space; writing to it counts as umm_fault().
 */
int64_t umm_mincore(struct umm_mm *mm, umm_addr_t addr, uint64_t len, umm_addr_t vec,
		    struct umm_why *why);

/* mseal(2). */
int64_t umm_mseal(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t flags,
		  struct umm_why *why);

/* remap_file_pages(2).  @pgoff in pages. */
int64_t umm_remap_file_pages(struct umm_mm *mm, umm_addr_t addr, uint64_t size, uint64_t prot,
			     uint64_t pgoff, uint64_t flags, struct umm_why *why);

/* prctl(PR_SET_MDWE, bits, arg3, arg4, arg5), and the bits for PR_GET_MDWE. */
int64_t umm_prctl_set_mdwe(struct umm_mm *mm, uint64_t bits, uint64_t arg3, uint64_t arg4,
			   uint64_t arg5, struct umm_why *why);
int64_t umm_prctl_get_mdwe(struct umm_mm *mm, uint64_t arg2, uint64_t arg3, uint64_t arg4,
			   uint64_t arg5, struct umm_why *why);

/* struct prctl_mm_map of Linux, which has this many bytes, as far as memory is concerned. */
#define UMM_SET_MM_MAP_BYTES 104

struct umm_set_mm_map {
	size_t size;
	umm_addr_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack;
	umm_addr_t arg_start, arg_end, env_start, env_end;
	umm_addr_t auxv;
	uint64_t auxv_size;		/* bytes */
	bool auxv_readable;		/* all of them */
};

/*
 * prctl(PR_SET_MM, option, addr, arg4, arg5).  @map is what the program's memory holds that the
 * option reads: the struct of PR_SET_MM_MAP (NULL if it cannot be read), or auxv_readable for
 * PR_SET_MM_AUXV.  Of the file that PR_SET_MM_EXE_FILE or exe_fd name nothing is asked.
 */
int64_t umm_prctl_set_mm(struct umm_mm *mm, uint64_t option, umm_addr_t addr, uint64_t arg4,
			 uint64_t arg5, const struct umm_set_mm_map *map, struct umm_why *why);

/*
 * personality(2): the old one.  An mm has one, in Linux each thread has: whoever models several
 * sets it by umm_mm_set_personality() before a call of another.
 */
uint32_t umm_personality(struct umm_mm *mm, uint32_t personality, struct umm_why *why);

/*
 * io_setup(2).  @ctxp is where the context will be written, @ctx what stands there now,
 * @possible_cpus the number of processors that the machine may have.  0 and *ring, the address of
 * the ring, which is the context too.  The machine's own limit (fs.aio-max-nr) is not asked.
 */
int64_t umm_io_setup(struct umm_mm *mm, uint32_t nr_events, umm_addr_t ctxp, uint64_t ctx,
		     uint32_t possible_cpus, umm_addr_t *ring, struct umm_why *why);

/* io_destroy(2). */
int64_t umm_io_destroy(struct umm_mm *mm, umm_addr_t ctx, struct umm_why *why);

/* The parts of a vdso, in pages; they differ with kernel and configuration. */
struct umm_vdso_image {
	size_t size;
	uint64_t vvar_pages, vclock_pages, vdso_pages;
	bool sealed;			/* CONFIG_MSEAL_SYSTEM_MAPPINGS */
	bool missing;			/* this kernel does not map it for programs: EINVAL */
};

/*
 * map_shadow_stack(2) and arch_prctl(ARCH_SHSTK_ENABLE or _DISABLE, features) on a machine without
 * shadow stacks, which refuses them.  Machines that have them are not modelled.
 */
int64_t umm_map_shadow_stack(struct umm_mm *mm, umm_addr_t addr, uint64_t size, uint64_t flags,
			     struct umm_why *why);
int64_t umm_shstk_prctl(struct umm_mm *mm, bool enable, uint64_t features, struct umm_why *why);

/* arch_prctl(ARCH_MAP_VDSO_64, addr): the length of the vdso in bytes. */
int64_t umm_map_vdso(struct umm_mm *mm, umm_addr_t addr, const struct umm_vdso_image *image,
		     struct umm_why *why);

/* ---- userfaultfd, memory policy, names ------------------------------------------------------- */

/* A userfaultfd as far as areas ask for it. */
struct umm_uffd {
	uint64_t id;			/* the embedder's, below UMM_UFFD_FORKED and not 0 */
	uint64_t features;	/* UMM_UFFD_FEATURE_ of its UFFDIO_API */
	bool ready;			/* UFFDIO_API was done */
};

/* The argument of UFFDIO_REGISTER; of UFFDIO_UNREGISTER, without mode. */
struct umm_uffd_range {
	uint64_t start, len;		/* bytes */
	uint64_t mode;			/* UMM_UFFD_MODE_ */
	bool unwritable;		/* where the answer would be written: EFAULT, afterwards */
};

/*
 * ioctl(UFFDIO_REGISTER) and ioctl(UFFDIO_UNREGISTER).  @mm is the one that made the userfaultfd,
 * whoever calls.  @range is NULL for an argument that cannot be read: EFAULT.
 */
int64_t umm_userfaultfd_register(struct umm_mm *mm, const struct umm_uffd *uffd,
				 const struct umm_uffd_range *range, struct umm_why *why);
int64_t umm_userfaultfd_unregister(struct umm_mm *mm, const struct umm_uffd *uffd,
				   const struct umm_uffd_range *range, struct umm_why *why);

/*
 * The last descriptor of the userfaultfd @id was closed: nothing is watched by it any more, and
 * neighbours merge.  The number of areas, or -UMM_ENOMEM with nothing changed.
 */
int64_t umm_userfaultfd_release(struct umm_mm *mm, uint64_t id, struct umm_why *why);

/* A set of nodes in the caller's memory. */
struct umm_nodemask {
	const uint64_t *word;		/* NULL: no mask was passed */
	uint64_t maxnode;		/* as passed: bits, and one more */
	uint64_t readable;	/* words that can be read; what is behind them is EFAULT */
};

/*
 * mbind(2).  Where pages are is not modelled: with MPOL_MF_STRICT, @misplaced is the address of
 * the first page in the range that stands on a node outside of the mask, UINT64_MAX for none.
 */
int64_t umm_mbind(struct umm_mm *mm, umm_addr_t addr, uint64_t len, uint64_t mode,
		  const struct umm_nodemask *nodes, uint64_t flags, umm_addr_t misplaced,
		  struct umm_why *why);

/* set_mempolicy(2): areas do not change, but it is refused for the same reasons. */
int64_t umm_set_mempolicy(struct umm_mm *mm, uint64_t mode, const struct umm_nodemask *nodes,
			  struct umm_why *why);

/* set_mempolicy_home_node(2). */
int64_t umm_set_mempolicy_home_node(struct umm_mm *mm, umm_addr_t addr, uint64_t len,
				    uint64_t home_node, uint64_t flags, struct umm_why *why);

/*
 * The policy of the area that contains @addr, as /proc/PID/numa_maps shows it ("bind=static:0-1",
 * "default"), as snprintf(3); 0 where nothing is mapped.  Of shared memory numa_maps shows what the
 * object has been given, through whichever area: that is not modelled.
 */
size_t umm_policy_text(struct umm_mm *mm, umm_addr_t addr, char *buf, size_t size);

/* A name in the caller's memory. */
struct umm_anon_name {
	const char *text;		/* NULL: the name is taken away */
	uint64_t length;	/* characters before the NUL, or as many as were looked at */
	bool unreadable;		/* memory ends before the NUL: EFAULT */
};

/* prctl(PR_SET_VMA, @attribute, @addr, @len, name). */
int64_t umm_set_vma_name(struct umm_mm *mm, uint64_t attribute, umm_addr_t addr, uint64_t len,
			 const struct umm_anon_name *name, struct umm_why *why);

/* ---- resource limits and protection keys ----------------------------------------------------- */

/*
 * setrlimit(2) as the process itself calls it; umm_mm_set_rlimit() asks nobody.  Of resources that
 * memory calls do not ask for, it is not known what the hard limit was.
 */
int64_t umm_setrlimit(struct umm_mm *mm, uint32_t resource, uint64_t soft, uint64_t hard,
		      struct umm_why *why);

/*
 * pkey_alloc(2) and pkey_free(2) of a processor without protection keys, which refuses them all: a
 * processor that has them is not modelled.
 */
int64_t umm_pkey_alloc(struct umm_mm *mm, uint64_t flags, uint64_t rights, struct umm_why *why);
int64_t umm_pkey_free(struct umm_mm *mm, int pkey, struct umm_why *why);

/*
 * fcntl(F_ADD_SEALS).  @seals are UMM_F_SEAL_, @executable tells that the file's mode has an x bit,
 * @mapped_writable how many areas of all processes map its inode shared and may write: the sum of
 * umm_mm_writable_mappings(), which is O(areas).  On success this file's flags say so; those of
 * other files of the inode are the caller's to set.  Not while another thread maps the file.
 */
int64_t umm_file_add_seals(struct umm_file *file, uint32_t seals, bool executable,
			   uint64_t mapped_writable, struct umm_why *why);
uint64_t umm_mm_writable_mappings(struct umm_mm *mm, const struct umm_file *file);

/* ---- System V shared memory ----------------------------------------------------------------- */

/* A segment, as shmctl(IPC_STAT) and /proc/sysvipc/shm show it. */
struct umm_shm {
	size_t size;
	int32_t id, key;
	uint64_t bytes;			/* as shmget() was asked for */
	uint64_t nattch;		/* areas that map it */
	uint32_t mode;			/* permissions, UMM_SHM_DEST, UMM_SHM_LOCKED */
	uint32_t uid, gid;		/* owner */
	uint32_t cuid, cgid;		/* creator */
	uint32_t huge_shift;		/* log2 of the page size, 0 for 4 KiB */
};

/*
 * shmget(2), shmat(2), shmdt(2).  The segments of a world are those of one IPC namespace.  shmget
 * answers the id, shmat the address.
 */
int64_t umm_shmget(struct umm_mm *mm, int32_t key, uint64_t bytes, uint64_t flags,
		   struct umm_why *why);
int64_t umm_shmat(struct umm_mm *mm, int32_t id, umm_addr_t addr, uint64_t flags,
		  struct umm_why *why);
int64_t umm_shmdt(struct umm_mm *mm, umm_addr_t addr, struct umm_why *why);

/*
 * shmctl(2) with UMM_IPC_RMID, UMM_IPC_SET (uid, gid and the permissions of mode in @set),
 * UMM_SHM_LOCK or UMM_SHM_UNLOCK.  -UMM_EINVAL for other commands.
 */
int64_t umm_shmctl(struct umm_mm *mm, int32_t id, int cmd, const struct umm_shm *set,
		   struct umm_why *why);

/* A segment as it is, whoever asks: -UMM_EINVAL if there is none. */
int umm_shm_stat(struct umm_world *world, int32_t id, struct umm_shm *shm);

/* The lowest id above @id, or -1. */
int32_t umm_shm_next(struct umm_world *world, int32_t id);

/* Access of a fault. */
#define UMM_ACCESS_READ		0x1
#define UMM_ACCESS_WRITE	0x2
#define UMM_ACCESS_EXEC		0x4

/* SIGSEGV: its si_code; SIGBUS: its si_code in the low byte; no frame or table was to be had. */
#define UMM_FAULT_OK		0
#define UMM_SEGV_MAPERR		1
#define UMM_SEGV_ACCERR		2
#define UMM_BUS_ADRERR		0x102
#define UMM_FAULT_OOM		(-UMM_ENOMEM)

/*
 * A page fault at @addr: stack growth, permission, the anon_vma that the first write makes, and in
 * a world with pages a frame and the entry that allows the access.  Idempotent.  UMM_FAULT_OK, or
 * why not: UMM_SEGV_, UMM_BUS_; UMM_FAULT_OOM if frames, or the library's own memory, ran out: it
 * may be tried again.
 */
int umm_fault(struct umm_mm *mm, umm_addr_t addr, unsigned int access, struct umm_why *why);

/*
 * After umm_fault() let the access pass: true if there is no page to be had all the same, and the
 * access ends with SIGBUS (BUS_ADRERR): past the end of the file, or a huge page that nobody
 * promised while none is free.
 */
bool umm_fault_sigbus(struct umm_mm *mm, umm_addr_t addr);

/* ---- pages ---------------------------------------------------------------------------------- */

/*
 * In a world with pages (settings.pages).  In one without, those that return a count return 0 with
 * *fault UMM_FAULT_OK, and the others -UMM_EINVAL, NULL or false.
 *
 * Each reaches memory as the program itself would: by the page tables, with its rights, faulting
 * where needed; what it did is seen in accessed and dirty marks.  @fault (not NULL) says why it
 * ended early, UMM_FAULT_OK if it did not.
 *
 * From any thread, together with every other call on the same mm, unless it says otherwise.  Those
 * that reach pages which several threads use run in parallel.  Each page is one step (of umm_copy()
 * two: it is read, then written): a fork that comes between two pages of one umm_write() shows the
 * child the first alone, and none comes within a page.  Who writes the same bytes at the same time
 * has to agree with the other, as threads of the program itself have to.
 */

/*
 * Where the contents of the page at @addr are, from that byte on, and in *len (not NULL) how many
 * bytes follow: of 4 KiB, within a huge page too.  NULL with *fault set; NULL with *fault
 * UMM_FAULT_OK in a world without contents.
 * The pointer is good for @access (one of UMM_ACCESS_) until platform->tlb_flush() names the page:
 * who keeps pointers is a TLB.  Reading through one is always safe while the world lives.  Takes no
 * lock where the page is in use already.
 */
void *umm_translate(struct umm_mm *mm, umm_addr_t addr, unsigned int access, uint64_t *len,
		    int *fault);

/*
 * Another number whenever translations of @mm were taken away, and odd while that happens; 0 in a
 * world without pages.  For who has threads and keeps translations: read it before umm_translate(),
 * and again when the translation stands where tlb_flush() finds it; if the two differ, or are odd,
 * the flush may have come in between: forget it and translate anew.  Takes no lock.
 */
uint64_t umm_mmu_sequence(struct umm_mm *mm);

/*
 * Bytes done from the beginning; *fault is that of the next one.  Without contents, pages are
 * touched just the same, and what is read is zero.
 */
uint64_t umm_read(struct umm_mm *mm, umm_addr_t addr, void *buf, uint64_t len, int *fault);
uint64_t umm_write(struct umm_mm *mm, umm_addr_t addr, const void *buf, uint64_t len, int *fault);
uint64_t umm_zero(struct umm_mm *mm, umm_addr_t addr, uint64_t len, int *fault);

/*
 * From one address space to another, which may be the same, upwards: what overlaps is copied byte
 * by byte from below.  *at_source (may be NULL): which of the two *fault is about.
 */
uint64_t umm_copy(struct umm_mm *to, umm_addr_t dst, struct umm_mm *from, umm_addr_t src,
		  uint64_t len, int *fault, bool *at_source);

/* Fault every page of [addr, addr + len) in: bytes done. */
uint64_t umm_populate(struct umm_mm *mm, umm_addr_t addr, uint64_t len, unsigned int access,
		      int *fault);

/* What stands at one page: /proc/PID/pagemap, kpagecount and kpageflags in one. */
struct umm_page_info {
	uint64_t pfn;			/* of the frame, if present or migrating */
	uint32_t mapcount;		/* entries that map it, in all address spaces */
	uint32_t refcount;
	bool present;			/* a frame is there, whatever is allowed */
	bool migrating;
	bool zero;			/* the zero page, or a part of the huge one */
	bool huge;			/* by an entry of 2 MiB */
	bool compound;			/* the frame is one of a page of 2 MiB, however mapped */
	bool anonymous;			/* not a file's and not shared memory's */
	bool shmem;			/* of an object that lives in memory alone */
	bool exclusive;			/* written in place by this address space alone */
	bool may_write;			/* by the entry */
	bool accessed, dirty, soft_dirty;	/* by the entry */
	bool lazyfree;			/* MADV_FREE gave it away */
};

/* As of one moment.  Nothing is faulted in, no mark left.  False if there is nothing at @addr. */
bool umm_page_info(struct umm_mm *mm, umm_addr_t addr, struct umm_page_info *info);

/*
 * Who maps the frame @pfn: @visit is called for each entry, in no order, until it says false.  It
 * must not call the library.  Not while another thread uses an mm of the world.  How many it was
 * called for, or -UMM_EINVAL for a number that no frame has.
 */
int64_t umm_rmap(struct umm_world *world, uint64_t pfn,
		 bool (*visit)(void *ctx, struct umm_mm *mm, umm_addr_t addr), void *ctx);

/* Pages of the kinds that /proc/PID/status tells; all 0 in a world without pages. */
struct umm_mm_rss {
	uint64_t anon, file, shmem, swap;	/* pages: RssAnon, RssFile, RssShmem, VmSwap */
	uint64_t hiwater;			/* pages: VmHWM */
	uint64_t page_table_bytes;		/* VmPTE */
};

/* While other threads fault, a page that is copied may be counted twice, or not at all. */
void umm_mm_rss(struct umm_mm *mm, struct umm_mm_rss *rss);

/* Frames of the world that are free, and that there are.  Exact while nothing else runs. */
uint64_t umm_world_frames(struct umm_world *world, uint64_t *total);

/*
 * True if every address space's page tables, the counts and marks of every frame, the reverse map
 * and the counters agree, both ways, and every area's invariants hold.  O(frames + areas): for
 * tests.  Not while another thread uses the world.
 */
bool umm_world_is_valid(struct umm_world *world);

/*
 * Somebody who maps an address space a second time: an emulator, a device.  Between
 * invalidate_start and invalidate_end what was taken from [start, end) must go, and nothing there
 * may be taken anew.  Called under locks of the library, which they must not call, by any thread
 * that uses an mm of the world: a hole in a file (MADV_REMOVE) is one in all that map it; by
 * several at once, so that ranges can be between start and end that overlap.
 */
struct umm_mmu_notifier {
	void (*invalidate_start)(struct umm_mmu_notifier *self, struct umm_mm *mm,
				 umm_addr_t start, umm_addr_t end);
	void (*invalidate_end)(struct umm_mmu_notifier *self, struct umm_mm *mm,
			       umm_addr_t start, umm_addr_t end);
	struct umm_mmu_notifier *next;	/* the library's */
};

/*
 * The notifier stays the caller's, and in place until it is unregistered or the mm has gone.
 * -UMM_EINVAL in a world without pages; of one that is not registered.
 */
int umm_mmu_notifier_register(struct umm_mm *mm, struct umm_mmu_notifier *notifier);
int umm_mmu_notifier_unregister(struct umm_mm *mm, struct umm_mmu_notifier *notifier);

/* ---- exec: the ELF loader ------------------------------------------------------------------- */

/*
 * A program, or the interpreter that it names, as the loader reads it.  Nothing of what read()
 * gives is trusted, nor that it gives the same twice.
 */
struct umm_exec_image {
	struct umm_file *file;		/* its segments are areas of it; borrowed; NULL for none */
	/* pread(2): how many bytes were read, 0 past the end, or a negative error. */
	int64_t (*read)(void *ctx, uint64_t offset, void *buf, size_t len);
	void *ctx;
	uint64_t bytes;			/* its length: a page past it cannot be cleared */
};

/* What exec copies to the new stack: bytes, with the NUL of each string. */
struct umm_exec_args {
	uint64_t argc, envc;		/* strings; argc is 1 at least: exec adds an empty one */
	uint64_t filename;		/* the path that exec was given */
	uint64_t argv, envp;		/* all strings of them */
	uint64_t argv0;			/* the first of argv alone; only umm_exec_script() asks */
	uint64_t peak;			/* the most that lay there at a time; 0: what lies there */
	uint32_t depth;			/* scripts so far; 0 */
};

/*
 * Random offsets, each in bytes and 0 without randomisation.  What is random in Linux is chosen by
 * the embedder; the loader adds nothing of its own.
 */
struct umm_exec_random {
	uint64_t stack;			/* pages: top of the stack below the end of user space */
	uint64_t stack_pointer;		/* below 8 KiB: unused below the strings */
	uint64_t mmap;			/* pages: mmap_base below where it would be */
	uint64_t image;			/* pages: a PIE above two thirds of user space */
	uint64_t brk;			/* pages: the heap above the end of bss and a page */
	/*
	 * Of kernels that look for a place for the vdso near the stack: the address that they try
	 * first.  0, and on others: as any mapping.
	 */
	umm_addr_t vdso;
};

struct umm_exec_desc {
	size_t size;
	struct umm_exec_image program, interpreter;
	struct umm_exec_args args;
	struct umm_exec_random random;
	/*
	 * kernel.randomize_va_space: 0, 1 (not the heap), 2.  ADDR_NO_RANDOMIZE of the personality
	 * means 0.  It moves bases even where the random offset is 0: room is left for the stack's.
	 */
	uint32_t randomize_va_space;
	uint32_t platform;		/* bytes of AT_PLATFORM's string: 7 ("x86_64") */
	uint64_t auxv;			/* entries of the auxiliary vector, AT_NULL among them */
	struct umm_vdso_image vdso;	/* no pages: there is none */
};

/* x86-64's Linux 6.18: no randomisation, 20 entries of auxv, 4, 2 and 2 pages of vdso. */
void umm_exec_desc_init(struct umm_exec_desc *desc);

/* Where the loader put things: what the auxiliary vector tells a program. */
struct umm_exec_result {
	umm_addr_t entry;		/* AT_ENTRY */
	umm_addr_t start;		/* first instruction: the interpreter's, if there is one */
	umm_addr_t load_bias;		/* 0 for a program with fixed addresses */
	umm_addr_t phdr;		/* AT_PHDR; load_bias if no segment holds the headers */
	umm_addr_t interpreter_base;	/* AT_BASE; 0 without one */
	umm_addr_t vdso;		/* AT_SYSINFO_EHDR; 0 without one */
	umm_addr_t stack_pointer;
	umm_addr_t stack_top;		/* the end of the stack's area */
	bool fatal;	/* refused past the point of no return: the process is killed by SIGSEGV */
};

/* The first line of a script: offsets into the bytes that were handed in. */
struct umm_exec_script {
	size_t interpreter, interpreter_bytes;
	size_t argument, argument_bytes;	/* one, with its spaces; 0 bytes: none */
};

/* So much of a file decides what kind of program it is. */
#define UMM_EXEC_HEAD 256

/*
 * Is it a script ("#!")?  @head is the beginning of the file, UMM_EXEC_HEAD bytes or all of it;
 * @path_bytes is the length of its own path with NUL.  @args becomes what exec makes of it before
 * it goes on with the interpreter.  1 and *script, 0 if it is none, or a negative error: -ENOEXEC
 * for a line that names no interpreter, -ELOOP for too many scripts one after the other.
 */
int64_t umm_exec_script(const void *head, size_t size, uint64_t path_bytes,
			struct umm_exec_args *args, struct umm_exec_script *script,
			struct umm_why *why);

/*
 * The path of the interpreter that a program names: its length with NUL (the program needs it), 0
 * if it names none, or a negative error as umm_exec_elf().  At most @size bytes are written.
 */
int64_t umm_exec_interpreter(const struct umm_exec_image *program, char *buf, size_t size);

/*
 * Load a program into @mm, an address space without areas as umm_exec() makes it: stack, segments,
 * interpreter, vdso, heap, as Linux lays them out; limits, capabilities, personality and MDWE are
 * those of @mm.  The address of the first instruction, or a negative error.  Before the point of no
 * return (result->fatal false) @mm has not changed; after it some areas may be there, and the
 * caller puts it.  @result may be NULL.  -EINVAL also for a @desc of another size and an @mm with
 * areas.
 */
int64_t umm_exec_elf(struct umm_mm *mm, const struct umm_exec_desc *desc,
		     struct umm_exec_result *result, struct umm_why *why);

/* ---- looking at areas ---------------------------------------------------------------------- */

/* The flags of an area, in the order of smaps' VmFlags line. */
#define UMM_VM_READ		(UINT64_C(1) << 0)	/* rd */
#define UMM_VM_WRITE		(UINT64_C(1) << 1)	/* wr */
#define UMM_VM_EXEC		(UINT64_C(1) << 2)	/* ex */
#define UMM_VM_SHARED		(UINT64_C(1) << 3)	/* sh */
#define UMM_VM_MAYREAD		(UINT64_C(1) << 4)	/* mr */
#define UMM_VM_MAYWRITE		(UINT64_C(1) << 5)	/* mw */
#define UMM_VM_MAYEXEC		(UINT64_C(1) << 6)	/* me */
#define UMM_VM_MAYSHARE		(UINT64_C(1) << 7)	/* ms */
#define UMM_VM_GROWSDOWN	(UINT64_C(1) << 8)	/* gd */
#define UMM_VM_UFFD_MISSING	(UINT64_C(1) << 9)	/* um */
#define UMM_VM_PFNMAP		(UINT64_C(1) << 10)	/* pf */
#define UMM_VM_MAYBE_GUARD	(UINT64_C(1) << 11)	/* gu */
#define UMM_VM_UFFD_WP		(UINT64_C(1) << 12)	/* uw */
#define UMM_VM_LOCKED		(UINT64_C(1) << 13)	/* lo */
#define UMM_VM_IO		(UINT64_C(1) << 14)	/* io */
#define UMM_VM_SEQ_READ		(UINT64_C(1) << 15)	/* sr */
#define UMM_VM_RAND_READ	(UINT64_C(1) << 16)	/* rr */
#define UMM_VM_DONTCOPY		(UINT64_C(1) << 17)	/* dc */
#define UMM_VM_DONTEXPAND	(UINT64_C(1) << 18)	/* de */
#define UMM_VM_LOCKONFAULT	(UINT64_C(1) << 19)	/* lf */
#define UMM_VM_ACCOUNT		(UINT64_C(1) << 20)	/* ac */
#define UMM_VM_NORESERVE	(UINT64_C(1) << 21)	/* nr */
#define UMM_VM_HUGETLB		(UINT64_C(1) << 22)	/* ht */
#define UMM_VM_SYNC		(UINT64_C(1) << 23)	/* sf */
#define UMM_VM_ARCH_1		(UINT64_C(1) << 24)	/* ar */
#define UMM_VM_WIPEONFORK	(UINT64_C(1) << 25)	/* wf */
#define UMM_VM_DONTDUMP		(UINT64_C(1) << 26)	/* dd */
#define UMM_VM_SOFTDIRTY	(UINT64_C(1) << 27)	/* sd */
#define UMM_VM_MIXEDMAP		(UINT64_C(1) << 28)	/* mm */
#define UMM_VM_HUGEPAGE		(UINT64_C(1) << 29)	/* hg */
#define UMM_VM_NOHUGEPAGE	(UINT64_C(1) << 30)	/* nh */
#define UMM_VM_MERGEABLE	(UINT64_C(1) << 31)	/* mg */
#define UMM_VM_UFFD_MINOR	(UINT64_C(1) << 32)	/* ui */
#define UMM_VM_SHADOW_STACK	(UINT64_C(1) << 33)	/* ss */
#define UMM_VM_DROPPABLE	(UINT64_C(1) << 34)	/* dp */
#define UMM_VM_SEALED		(UINT64_C(1) << 35)	/* sl */

/* The two letters of each flag set, as smaps prints them ("rd wr mr mw me ac "); as snprintf(3). */
size_t umm_vm_flags_text(uint64_t vm_flags, char *buf, size_t size);

/*
 * The reverse; words that it does not know are skipped and counted in *unknown (may be NULL).  What
 * older kernels write as ?? is UMM_VM_LOCKONFAULT if it stands where that would.
 */
uint64_t umm_vm_flags_parse(const char *text, unsigned int *unknown);

/* What is known of the anon_vma of an area: it decides merging. */
enum umm_anon {
	UMM_ANON_NONE,			/* never written, or not private */
	UMM_ANON_OWN,			/* has one, linked to no other (its chain is a singleton) */
	UMM_ANON_INHERITED,		/* has one that came through fork */
	UMM_ANON_UNKNOWN,		/* imported; taken as none until umm_area_set_anon() */
};

/* What names the area in maps. */
enum umm_area_name {
	UMM_NAME_NONE,
	UMM_NAME_FILE,			/* the path of the file */
	UMM_NAME_HEAP, UMM_NAME_STACK, UMM_NAME_VDSO, UMM_NAME_VVAR, UMM_NAME_VVAR_VCLOCK,
	UMM_NAME_OTHER_SPECIAL,		/* imported with a name of its own */
	UMM_NAME_ANON,			/* by PR_SET_VMA_ANON_NAME */
};

struct umm_area {
	size_t size;
	umm_addr_t start, end;
	uint64_t vm_flags;		/* UMM_VM_ */
	uint64_t pgoff;		/* pages: offset in the file, or start / 4096 when it was made */
	struct umm_file *file;		/* borrowed, NULL for none */
	enum umm_area_name name;
	const char *special;	/* of UMM_NAME_OTHER_SPECIAL: "[uprobes]"; outlives the world */
	enum umm_anon anon;
	uint64_t anon_id;		/* equal for areas with the same anon_vma; 0 for none */
	uint64_t uffd;			/* the userfaultfd that watches it, or 0 */
	/* of PR_SET_VMA_ANON_NAME, up to a NUL or a ]; NULL for none; lives until the mm changes */
	const char *anon_name;
};

/* In umm_area.uffd: it is watched, and nobody knows by which userfaultfd. */
#define UMM_UFFD_UNKNOWN UINT64_MAX
/* Set in the names of those that fork made, with UMM_UFFD_FEATURE_EVENT_FORK: ours. */
#define UMM_UFFD_FORKED (UINT64_C(1) << 63)

/*
 * find_vma(): the first area whose end is above @addr.  True if there is one.  @area->file stays
 * valid until the area goes.
 */
bool umm_find_area(struct umm_mm *mm, umm_addr_t addr, struct umm_area *area);

/*
 * The line of /proc/PID/maps for the first area whose end is above @addr, with its newline, as
 * snprintf(3); *next is where to go on.  0 when there is none.
 */
size_t umm_maps_line(struct umm_mm *mm, umm_addr_t addr, char *buf, size_t size, umm_addr_t *next);

/* All lines, without the gate area's, as snprintf(3). */
size_t umm_maps_text(struct umm_mm *mm, char *buf, size_t size);

/*
 * What /proc/PID/smaps says of the first area whose end is above @addr: its line of maps and all
 * that follows, as snprintf(3); *next (may be NULL) is where to go on.  0 when there is none.  Swap
 * and huge pages of objects are 0: there are none.  Without pages all that counts pages is 0.
 */
size_t umm_smaps_area(struct umm_mm *mm, umm_addr_t addr, char *buf, size_t size,
		      umm_addr_t *next);

/* The lines of /proc/PID/status from VmPeak to VmSwap, as snprintf(3). */
size_t umm_status_text(struct umm_mm *mm, char *buf, size_t size);

/* True if every invariant of the address space holds.  O(areas): for tests. */
bool umm_mm_is_valid(struct umm_mm *mm);

/* ---- following a running kernel -------------------------------------------------------------- */

/*
 * Put an area there as it is, without asking any check: what exec laid out, what attach found.
 * The counters follow.  -UMM_EINVAL for a range that is not one or overlaps an area,
 * -UMM_ENOMEM.
 */
UMM_MUST_CHECK int umm_area_import(struct umm_mm *mm, const struct umm_area *area);

/*
 * Make the model in [start, end) what @areas (ascending, @nr of them, within the range) say, after
 * the kernel changed it in a way that no call here predicts.  An area that covers part of what an
 * old one covered keeps that one's anon_vma, file and name where kind, inode and offset agree; with
 * @moved_from != 0, areas also look at the old place of [start, end) (after mremap).  Areas that
 * cross the edges are cut there.  Charges and counters follow; in a world with pages those of the
 * range go.  On an error nothing has changed.
 */
UMM_MUST_CHECK int umm_adopt_range(struct umm_mm *mm, umm_addr_t start, umm_addr_t end,
				   const struct umm_area *areas, size_t nr, umm_addr_t moved_from);

/*
 * What was learnt of a segment of System V shared memory: it is made if the world has none with
 * that id, and its permissions, key and attachments (those of others counted in) are as @shm says.
 * The size and kind of one that is there stay.  -UMM_EINVAL, -UMM_ENOMEM.
 */
UMM_MUST_CHECK int umm_shm_import(struct umm_world *world, const struct umm_shm *shm);

/*
 * The kernel gave another id to the segment that umm_shmget() made.  Not while another thread uses
 * the segment.  -UMM_EINVAL: there is none.
 */
int umm_shm_set_id(struct umm_world *world, int32_t id, int32_t kernels);

/* It is gone, whoever the model thinks is attached: its areas stay until they are unmapped. */
void umm_shm_forget(struct umm_world *world, int32_t id);

/*
 * A file that attaches the segment, as that of an area to import: each is an attachment of its
 * own.  The caller gets a reference.  -UMM_EINVAL if there is no segment, -UMM_ENOMEM.
 */
UMM_MUST_CHECK int umm_shm_file(struct umm_world *world, int32_t id, bool writable,
				struct umm_file **out);

/* The id of the segment that @file attaches, or -1. */
int32_t umm_file_shm(const struct umm_file *file);

/* The kernel's break, after a brk that the model answered otherwise. */
void umm_adopt_brk(struct umm_mm *mm, umm_addr_t brk);
void umm_adopt_locked_vm(struct umm_mm *mm, uint64_t pages);

/* Guard pages: there are, or are not, in all of [start, end).  -UMM_EINVAL, -UMM_ENOMEM. */
UMM_MUST_CHECK int umm_adopt_guards(struct umm_mm *mm, umm_addr_t start, umm_addr_t end,
				    bool guards);

/* What stands at a page of private memory. */
enum umm_page_kind {
	UMM_PAGE_NONE,
	UMM_PAGE_ZERO,			/* the zero page: it was read */
	UMM_PAGE_ANON,			/* a page of this address space alone: it was written */
	UMM_PAGE_HUGE,			/* the same of 2 MiB: the range is of whole ones */
};

/*
 * What was observed of the pages of [start, end), in one private area: what stood there in the
 * model goes.  ANON gives the area an anon_vma if it has none.  -UMM_EINVAL in an address space
 * without pages, for a range that is none of one private area, or for pages that it cannot have (of
 * a file that ends before); -UMM_ENOMEM.
 */
UMM_MUST_CHECK int umm_adopt_pages(struct umm_mm *mm, umm_addr_t start, umm_addr_t end,
				   enum umm_page_kind kind);

/* PR_SET_MEMORY_MERGE was on before the areas were imported: it is about new ones. */
void umm_adopt_memory_merge(struct umm_mm *mm, bool on);

/*
 * What was learnt about the area that contains @addr: UMM_ANON_NONE or UMM_ANON_OWN.  OWN does as a
 * write fault does: the anon_vma of a neighbour is reused where Linux would.  An area that has one
 * already keeps it.  -UMM_ENOENT if there is no area, -UMM_ENOMEM.
 */
int umm_area_set_anon(struct umm_mm *mm, umm_addr_t addr, enum umm_anon anon);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
