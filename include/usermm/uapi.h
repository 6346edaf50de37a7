/*
 * uapi.h - the numbers of Linux's memory calls on x86-64 and arm64.
 *
 * They carry the prefix UMM_ so that this header can stand beside the system's
 * own <sys/mman.h> and <errno.h>, and be used where there is no such header.
 * The values are the kernel's: a caller may pass MAP_PRIVATE for UMM_MAP_PRIVATE.
 */
#ifndef USERMM_UAPI_H
#define USERMM_UAPI_H

/* Protection, mmap(2) and mprotect(2). */
#define UMM_PROT_NONE		0x0
#define UMM_PROT_READ		0x1
#define UMM_PROT_WRITE		0x2
#define UMM_PROT_EXEC		0x4
#define UMM_PROT_SEM		0x8
#define UMM_PROT_GROWSDOWN	0x01000000
#define UMM_PROT_GROWSUP	0x02000000

/* The type of a mapping, mmap(2): the low four bits of flags. */
#define UMM_MAP_SHARED		0x01
#define UMM_MAP_PRIVATE		0x02
#define UMM_MAP_SHARED_VALIDATE	0x03
#define UMM_MAP_DROPPABLE	0x08
#define UMM_MAP_TYPE		0x0f

/* Its flags. */
#define UMM_MAP_FIXED		0x10
#define UMM_MAP_ANONYMOUS	0x20
#define UMM_MAP_32BIT		0x40
#define UMM_MAP_ABOVE4G		0x80
#define UMM_MAP_GROWSDOWN	0x0100
#define UMM_MAP_DENYWRITE	0x0800
#define UMM_MAP_EXECUTABLE	0x1000
#define UMM_MAP_LOCKED		0x2000
#define UMM_MAP_NORESERVE	0x4000
#define UMM_MAP_POPULATE	0x8000
#define UMM_MAP_NONBLOCK	0x10000
#define UMM_MAP_STACK		0x20000
#define UMM_MAP_HUGETLB		0x40000
#define UMM_MAP_SYNC		0x80000
#define UMM_MAP_FIXED_NOREPLACE	0x100000
#define UMM_MAP_UNINITIALIZED	0x4000000
#define UMM_MAP_HUGE_SHIFT	26
#define UMM_MAP_HUGE_MASK	0x3f

/* Flags of msync(2). */
#define UMM_MS_ASYNC		0x1
#define UMM_MS_INVALIDATE	0x2
#define UMM_MS_SYNC		0x4

/* prctl(PR_SET_MDWE). */
#define UMM_MDWE_REFUSE_EXEC_GAIN	0x1
#define UMM_MDWE_NO_INHERIT		0x2

/* prctl(PR_SET_MM, option). */
#define UMM_SET_MM_START_CODE	1
#define UMM_SET_MM_END_CODE	2
#define UMM_SET_MM_START_DATA	3
#define UMM_SET_MM_END_DATA	4
#define UMM_SET_MM_START_STACK	5
#define UMM_SET_MM_START_BRK	6
#define UMM_SET_MM_BRK		7
#define UMM_SET_MM_ARG_START	8
#define UMM_SET_MM_ARG_END	9
#define UMM_SET_MM_ENV_START	10
#define UMM_SET_MM_ENV_END	11
#define UMM_SET_MM_AUXV		12
#define UMM_SET_MM_EXE_FILE	13
#define UMM_SET_MM_MAP		14
#define UMM_SET_MM_MAP_SIZE	15

/* mremap(2). */
#define UMM_MREMAP_MAYMOVE	0x1
#define UMM_MREMAP_FIXED	0x2
#define UMM_MREMAP_DONTUNMAP	0x4

/* Advice, madvise(2) and process_madvise(2). */
#define UMM_MADV_NORMAL		0
#define UMM_MADV_RANDOM		1
#define UMM_MADV_SEQUENTIAL	2
#define UMM_MADV_WILLNEED	3
#define UMM_MADV_DONTNEED	4
#define UMM_MADV_FREE		8
#define UMM_MADV_REMOVE		9
#define UMM_MADV_DONTFORK	10
#define UMM_MADV_DOFORK		11
#define UMM_MADV_MERGEABLE	12
#define UMM_MADV_UNMERGEABLE	13
#define UMM_MADV_HUGEPAGE	14
#define UMM_MADV_NOHUGEPAGE	15
#define UMM_MADV_DONTDUMP	16
#define UMM_MADV_DODUMP		17
#define UMM_MADV_WIPEONFORK	18
#define UMM_MADV_KEEPONFORK	19
#define UMM_MADV_COLD		20
#define UMM_MADV_PAGEOUT	21
#define UMM_MADV_POPULATE_READ	22
#define UMM_MADV_POPULATE_WRITE	23
#define UMM_MADV_DONTNEED_LOCKED 24
#define UMM_MADV_COLLAPSE	25
#define UMM_MADV_HWPOISON	100
#define UMM_MADV_SOFT_OFFLINE	101
#define UMM_MADV_GUARD_INSTALL	102
#define UMM_MADV_GUARD_REMOVE	103

/* Flags of mlock2(2) and mlockall(2). */
#define UMM_MLOCK_ONFAULT	1
#define UMM_MCL_CURRENT		1
#define UMM_MCL_FUTURE		2
#define UMM_MCL_ONFAULT		4

/* Of prctl(PR_SET_THP_DISABLE): areas that asked for huge pages keep them. */
#define UMM_THP_DISABLE_EXCEPT_ADVISED	2

/* Resource limits, setrlimit(2), that memory calls ask for. */
#define UMM_RLIMIT_DATA		2
#define UMM_RLIMIT_STACK	3
#define UMM_RLIMIT_MEMLOCK	8
#define UMM_RLIMIT_AS		9
#define UMM_RLIM_INFINITY	UINT64_MAX

/* Seals of a memfd, fcntl(F_ADD_SEALS). */
#define UMM_F_SEAL_SEAL		0x1
#define UMM_F_SEAL_SHRINK	0x2
#define UMM_F_SEAL_GROW		0x4
#define UMM_F_SEAL_WRITE	0x8
#define UMM_F_SEAL_FUTURE_WRITE	0x10
#define UMM_F_SEAL_EXEC		0x20

/* System V shared memory, shmget(2), shmat(2), shmctl(2). */
#define UMM_IPC_PRIVATE		0
#define UMM_IPC_CREAT		00001000
#define UMM_IPC_EXCL		00002000
#define UMM_IPC_RMID		0
#define UMM_IPC_SET		1
#define UMM_SHM_HUGETLB		04000
#define UMM_SHM_NORESERVE	010000
#define UMM_SHM_RDONLY		010000
#define UMM_SHM_RND		020000
#define UMM_SHM_REMAP		040000
#define UMM_SHM_EXEC		0100000
#define UMM_SHM_LOCK		11
#define UMM_SHM_UNLOCK		12
#define UMM_SHM_DEST		01000	/* of a mode: to be removed with the last attachment */
#define UMM_SHM_LOCKED		02000	/* of a mode: SHM_LOCK */

/* Personality, personality(2), as far as memory calls ask for it. */
#define UMM_ADDR_NO_RANDOMIZE	0x0040000
#define UMM_MMAP_PAGE_ZERO	0x0100000
#define UMM_ADDR_COMPAT_LAYOUT	0x0200000
#define UMM_READ_IMPLIES_EXEC	0x0400000
#define UMM_ADDR_LIMIT_3GB	0x8000000
#define UMM_PERSONALITY_QUERY	0xffffffffu

/* Memory policies, mbind(2): modes, their flags, and the flags of the call. */
#define UMM_MPOL_DEFAULT		0
#define UMM_MPOL_PREFERRED		1
#define UMM_MPOL_BIND			2
#define UMM_MPOL_INTERLEAVE		3
#define UMM_MPOL_LOCAL			4
#define UMM_MPOL_PREFERRED_MANY		5
#define UMM_MPOL_WEIGHTED_INTERLEAVE	6
#define UMM_MPOL_F_NUMA_BALANCING	0x2000
#define UMM_MPOL_F_RELATIVE_NODES	0x4000
#define UMM_MPOL_F_STATIC_NODES		0x8000
#define UMM_MPOL_MF_STRICT		0x1
#define UMM_MPOL_MF_MOVE		0x2
#define UMM_MPOL_MF_MOVE_ALL		0x4

/* What a userfaultfd watches for, and features that areas depend on, ioctl_userfaultfd(2). */
#define UMM_UFFD_MODE_MISSING		0x1
#define UMM_UFFD_MODE_WP		0x2
#define UMM_UFFD_MODE_MINOR		0x4
#define UMM_UFFD_FEATURE_EVENT_FORK	0x2
#define UMM_UFFD_FEATURE_EVENT_REMAP	0x4
#define UMM_UFFD_FEATURE_WP_ASYNC	0x8000

/* prctl(PR_SET_VMA). */
#define UMM_PR_SET_VMA_ANON_NAME	0

/* Error numbers, errno(3). */
#define UMM_EPERM		1
#define UMM_ENOENT		2
#define UMM_ESRCH		3
#define UMM_EINTR		4
#define UMM_EIO			5
#define UMM_ENOEXEC		8
#define UMM_EBADF		9
#define UMM_EAGAIN		11
#define UMM_ENOMEM		12
#define UMM_EACCES		13
#define UMM_EFAULT		14
#define UMM_EBUSY		16
#define UMM_EEXIST		17
#define UMM_ENODEV		19
#define UMM_EINVAL		22
#define UMM_ENFILE		23
#define UMM_ETXTBSY		26
#define UMM_EFBIG		27
#define UMM_ENOSPC		28
#define UMM_ENOSYS		38
#define UMM_ELOOP		40
#define UMM_EOVERFLOW		75
#define UMM_ELIBBAD		80
#define UMM_EOPNOTSUPP		95

#endif
