/*
 * The names are those that strace 6.1 knows, in its order; a value younger than it is printed as it
 * would print it, so that the line stays the one that people and parsers are used to.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "cli/strace_flags.h"

struct name {
	uint64_t value;
	const char *name;
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void strace_addr(struct text *text, uint64_t addr)
{
	if (addr)
		text_addf(text, "0x%" PRIx64, addr);
	else
		text_add(text, "NULL");
}

void strace_hex(struct text *text, uint64_t value)
{
	text_addf(text, "%#" PRIx64, value);
}

static void add_unknown(struct text *text, uint64_t value, const char *class)
{
	text_addf(text, "%#" PRIx64 " /* %s_??? */", value, class);
}

/* The names of the bits in @flags, whatever is left in hexadecimal; true if there was a name. */
static bool add_bits(struct text *text, uint64_t *flags, const struct name *names, size_t nr,
		     bool first)
{
	bool any = false;

	for (size_t i = 0; i < nr; i++) {
		if (!names[i].value || (*flags & names[i].value) != names[i].value)
			continue;
		text_addf(text, "%s%s", first && !any ? "" : "|", names[i].name);
		*flags &= ~names[i].value;
		any = true;
	}
	return any;
}

/* A whole word of bits.  A name for 0 stands first in @names, if there is one. */
static void add_flags(struct text *text, uint64_t flags, const struct name *names, size_t nr,
		      const char *class)
{
	if (!flags)
		text_add(text, names[0].value ? "0" : names[0].name);
	else if (!add_bits(text, &flags, names, nr, true))
		add_unknown(text, flags, class);
	else if (flags)
		text_addf(text, "|%#" PRIx64, flags);
}

static void add_value(struct text *text, uint64_t value, const struct name *names, size_t nr,
		      const char *class)
{
	for (size_t i = 0; i < nr; i++) {
		if (names[i].value == value) {
			text_add(text, names[i].name);
			return;
		}
	}
	add_unknown(text, value, class);
}

void strace_prot(struct text *text, uint64_t prot)
{
	static const struct name names[] = {
		{ 0, "PROT_NONE" }, { 0x1, "PROT_READ" }, { 0x2, "PROT_WRITE" },
		{ 0x4, "PROT_EXEC" }, { 0x8, "PROT_SEM" }, { 0x01000000, "PROT_GROWSDOWN" },
		{ 0x02000000, "PROT_GROWSUP" },
	};

	add_flags(text, prot, names, COUNT(names), "PROT");
}

void strace_mmap_flags(struct text *text, uint32_t word)
{
	static const struct name types[] = {
		{ 0, "MAP_FILE" }, { 0x1, "MAP_SHARED" }, { 0x2, "MAP_PRIVATE" },
		{ 0x3, "MAP_SHARED_VALIDATE" },
	};
	static const struct name bits[] = {
		{ 0x10, "MAP_FIXED" }, { 0x20, "MAP_ANONYMOUS" }, { 0x40, "MAP_32BIT" },
		{ 0x4000, "MAP_NORESERVE" }, { 0x8000, "MAP_POPULATE" },
		{ 0x10000, "MAP_NONBLOCK" }, { 0x100, "MAP_GROWSDOWN" },
		{ 0x800, "MAP_DENYWRITE" }, { 0x1000, "MAP_EXECUTABLE" },
		{ 0x2000, "MAP_LOCKED" }, { 0x20000, "MAP_STACK" }, { 0x40000, "MAP_HUGETLB" },
		{ 0x80000, "MAP_SYNC" }, { 0x100000, "MAP_FIXED_NOREPLACE" },
	};
	const unsigned int huge_shift = 26;
	uint64_t flags = word & 0x03fffff0;	/* without the type and the huge page size */

	add_value(text, word & 0xf, types, COUNT(types), "MAP");
	add_bits(text, &flags, bits, COUNT(bits), false);
	if (flags)
		text_addf(text, "|%#" PRIx64, flags);
	if (word >> huge_shift)
		text_addf(text, "|%u<<MAP_HUGE_SHIFT", word >> huge_shift);
}

void strace_mremap_flags(struct text *text, uint64_t flags)
{
	static const struct name names[] = {
		{ 0x1, "MREMAP_MAYMOVE" }, { 0x2, "MREMAP_FIXED" }, { 0x4, "MREMAP_DONTUNMAP" },
	};

	add_flags(text, flags, names, COUNT(names), "MREMAP");
}

void strace_madvise(struct text *text, uint32_t advice)
{
	static const struct name names[] = {
		{ 0, "MADV_NORMAL" }, { 1, "MADV_RANDOM" }, { 2, "MADV_SEQUENTIAL" },
		{ 3, "MADV_WILLNEED" }, { 4, "MADV_DONTNEED" }, { 8, "MADV_FREE" },
		{ 9, "MADV_REMOVE" }, { 10, "MADV_DONTFORK" }, { 11, "MADV_DOFORK" },
		{ 12, "MADV_MERGEABLE" }, { 13, "MADV_UNMERGEABLE" }, { 14, "MADV_HUGEPAGE" },
		{ 15, "MADV_NOHUGEPAGE" }, { 16, "MADV_DONTDUMP" }, { 17, "MADV_DODUMP" },
		{ 18, "MADV_WIPEONFORK" }, { 19, "MADV_KEEPONFORK" }, { 20, "MADV_COLD" },
		{ 21, "MADV_PAGEOUT" }, { 22, "MADV_POPULATE_READ" },
		{ 23, "MADV_POPULATE_WRITE" }, { 24, "MADV_DONTNEED_LOCKED" },
		{ 25, "MADV_COLLAPSE" }, { 100, "MADV_HWPOISON" }, { 101, "MADV_SOFT_OFFLINE" },
	};

	add_value(text, advice, names, COUNT(names), "MADV");
}

void strace_mlock2_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = { { 0x1, "MLOCK_ONFAULT" } };

	add_flags(text, flags, names, COUNT(names), "MLOCK");
}

void strace_mlockall_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = {
		{ 0x1, "MCL_CURRENT" }, { 0x2, "MCL_FUTURE" }, { 0x4, "MCL_ONFAULT" },
	};

	add_flags(text, flags, names, COUNT(names), "MCL");
}

void strace_msync_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = {
		{ 0x4, "MS_SYNC" }, { 0x1, "MS_ASYNC" }, { 0x2, "MS_INVALIDATE" },
	};

	add_flags(text, flags, names, COUNT(names), "MS");
}

static const struct name mempolicy_modes[] = {
	{ 0, "MPOL_DEFAULT" }, { 1, "MPOL_PREFERRED" }, { 2, "MPOL_BIND" },
	{ 3, "MPOL_INTERLEAVE" }, { 4, "MPOL_LOCAL" }, { 5, "MPOL_PREFERRED_MANY" },
};

void strace_mempolicy_mode(struct text *text, uint64_t mode)
{
	add_value(text, mode, mempolicy_modes, COUNT(mempolicy_modes), "MPOL");
}

void strace_mempolicy(struct text *text, uint64_t word)
{
	static const struct name bits[] = {
		{ 0x8000, "MPOL_F_STATIC_NODES" }, { 0x4000, "MPOL_F_RELATIVE_NODES" },
		{ 0x2000, "MPOL_F_NUMA_BALANCING" },
	};
	uint64_t flags = word & 0xe000, mode = word & ~flags;

	if (mode < COUNT(mempolicy_modes) || !flags) {
		strace_mempolicy_mode(text, mode);
		add_bits(text, &flags, bits, COUNT(bits), false);
	} else {
		add_bits(text, &flags, bits, COUNT(bits), true);
		text_addf(text, "|%#" PRIx64, mode);
	}
}

void strace_mbind_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = {
		{ 0x1, "MPOL_MF_STRICT" }, { 0x2, "MPOL_MF_MOVE" }, { 0x4, "MPOL_MF_MOVE_ALL" },
	};

	add_flags(text, flags, names, COUNT(names), "MPOL");
}

void strace_move_pages_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = { { 0x2, "MPOL_MF_MOVE" }, { 0x4, "MPOL_MF_MOVE_ALL" } };

	add_flags(text, flags, names, COUNT(names), "MPOL");
}

void strace_get_mempolicy_flags(struct text *text, uint64_t flags)
{
	static const struct name names[] = {
		{ 0x1, "MPOL_F_NODE" }, { 0x2, "MPOL_F_ADDR" }, { 0x4, "MPOL_F_MEMS_ALLOWED" },
	};

	add_flags(text, flags, names, COUNT(names), "MPOL");
}

void strace_shm_key(struct text *text, uint32_t key)
{
	if (key)
		strace_hex(text, key);
	else
		text_add(text, "IPC_PRIVATE");
}

void strace_shmget_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = {
		{ 01000, "IPC_CREAT" }, { 02000, "IPC_EXCL" }, { 04000, "SHM_HUGETLB" },
		{ 010000, "SHM_NORESERVE" },
	};
	uint64_t bits = flags & ~0777u;
	bool any = add_bits(text, &bits, names, COUNT(names), true);

	if (bits)
		text_addf(text, "%s%#" PRIx64, any ? "|" : "", bits);
	text_addf(text, "%s%#03o", any || bits ? "|" : "", flags & 0777);
}

void strace_shmctl_command(struct text *text, uint32_t command)
{
	static const struct name names[] = {
		{ 0, "IPC_RMID" }, { 1, "IPC_SET" }, { 2, "IPC_STAT" }, { 3, "IPC_INFO" },
		{ 11, "SHM_LOCK" }, { 12, "SHM_UNLOCK" }, { 13, "SHM_STAT" }, { 14, "SHM_INFO" },
		{ 15, "SHM_STAT_ANY" },
	};

	for (size_t i = 0; i < COUNT(names); i++) {
		if (names[i].value == command) {
			text_add(text, names[i].name);
			return;
		}
	}
	add_unknown(text, command, "SHM");
}

void strace_shmat_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = {
		{ 010000, "SHM_RDONLY" }, { 020000, "SHM_RND" }, { 040000, "SHM_REMAP" },
		{ 0100000, "SHM_EXEC" },
	};

	add_flags(text, flags, names, COUNT(names), "SHM");
}

void strace_shadow_stack_flags(struct text *text, uint32_t flags)
{
	static const struct name names[] = { { 0x1, "SHADOW_STACK_SET_TOKEN" } };

	add_flags(text, flags, names, COUNT(names), "SHADOW_STACK");
}

void strace_clone_flags(struct text *text, uint64_t word)
{
	static const struct name names[] = {
		{ 0x100, "CLONE_VM" }, { 0x200, "CLONE_FS" }, { 0x400, "CLONE_FILES" },
		{ 0x800, "CLONE_SIGHAND" }, { 0x1000, "CLONE_PIDFD" }, { 0x2000, "CLONE_PTRACE" },
		{ 0x4000, "CLONE_VFORK" }, { 0x8000, "CLONE_PARENT" }, { 0x10000, "CLONE_THREAD" },
		{ 0x20000, "CLONE_NEWNS" }, { 0x40000, "CLONE_SYSVSEM" },
		{ 0x80000, "CLONE_SETTLS" }, { 0x100000, "CLONE_PARENT_SETTID" },
		{ 0x200000, "CLONE_CHILD_CLEARTID" }, { 0x400000, "CLONE_DETACHED" },
		{ 0x800000, "CLONE_UNTRACED" }, { 0x1000000, "CLONE_CHILD_SETTID" },
		{ 0x2000000, "CLONE_NEWCGROUP" }, { 0x4000000, "CLONE_NEWUTS" },
		{ 0x8000000, "CLONE_NEWIPC" }, { 0x10000000, "CLONE_NEWUSER" },
		{ 0x20000000, "CLONE_NEWPID" }, { 0x40000000, "CLONE_NEWNET" },
		{ 0x80000000, "CLONE_IO" }, { UINT64_C(1) << 32, "CLONE_CLEAR_SIGHAND" },
		{ UINT64_C(1) << 33, "CLONE_INTO_CGROUP" },
	};

	add_flags(text, word, names, COUNT(names), "CLONE");
}

void strace_personality(struct text *text, uint32_t word)
{
	static const struct name domains[] = {
		{ 0, "PER_LINUX" }, { 0x6, "PER_BSD" }, { 0x8, "PER_LINUX32" },
		{ 0xc, "PER_RISCOS" }, { 0xf, "PER_OSF4" }, { 0x10, "PER_HPUX" },
	};
	static const struct name bits[] = {
		{ 0x20000, "UNAME26" }, { 0x40000, "ADDR_NO_RANDOMIZE" },
		{ 0x80000, "FDPIC_FUNCPTRS" }, { 0x100000, "MMAP_PAGE_ZERO" },
		{ 0x200000, "ADDR_COMPAT_LAYOUT" }, { 0x400000, "READ_IMPLIES_EXEC" },
		{ 0x800000, "ADDR_LIMIT_32BIT" }, { 0x1000000, "SHORT_INODE" },
		{ 0x2000000, "WHOLE_SECONDS" }, { 0x4000000, "STICKY_TIMEOUTS" },
		{ 0x8000000, "ADDR_LIMIT_3GB" },
	};
	uint64_t flags = word & ~0xffu;

	add_value(text, word & 0xff, domains, COUNT(domains), "PER");
	add_bits(text, &flags, bits, COUNT(bits), false);
	if (flags)
		text_addf(text, "|%#" PRIx64, flags);
}

void strace_prctl_option(struct text *text, uint32_t option)
{
	static const struct name names[] = {
		{ 35, "PR_SET_MM" }, { 41, "PR_SET_THP_DISABLE" }, { 0x53564d41, "PR_SET_VMA" },
	};

	add_value(text, option, names, COUNT(names), "PR");
}

void strace_set_mm_option(struct text *text, uint64_t option)
{
	static const struct name names[] = {
		{ 1, "PR_SET_MM_START_CODE" }, { 2, "PR_SET_MM_END_CODE" },
		{ 3, "PR_SET_MM_START_DATA" }, { 4, "PR_SET_MM_END_DATA" },
		{ 5, "PR_SET_MM_START_STACK" }, { 6, "PR_SET_MM_START_BRK" },
		{ 7, "PR_SET_MM_BRK" }, { 8, "PR_SET_MM_ARG_START" }, { 9, "PR_SET_MM_ARG_END" },
		{ 10, "PR_SET_MM_ENV_START" }, { 11, "PR_SET_MM_ENV_END" },
		{ 12, "PR_SET_MM_AUXV" }, { 13, "PR_SET_MM_EXE_FILE" }, { 14, "PR_SET_MM_MAP" },
		{ 15, "PR_SET_MM_MAP_SIZE" },
	};

	add_value(text, option, names, COUNT(names), "PR_SET_MM");
}

void strace_set_vma_option(struct text *text, uint64_t option)
{
	static const struct name names[] = { { 0, "PR_SET_VMA_ANON_NAME" } };

	add_value(text, option, names, COUNT(names), "PR_SET_VMA");
}

void strace_arch_prctl_option(struct text *text, uint32_t option)
{
	static const struct name names[] = {
		{ 0x2001, "ARCH_MAP_VDSO_X32" }, { 0x2002, "ARCH_MAP_VDSO_32" },
		{ 0x2003, "ARCH_MAP_VDSO_64" },
	};

	add_value(text, option, names, COUNT(names), "ARCH");
}

void strace_errno(struct text *text, int error)
{
	const char *name = strerrorname_np(error);

	if (name)
		text_add(text, name);
	else
		text_addf(text, "%d", error);
}

void strace_signal_name(struct text *text, int signo)
{
	const int first_realtime = 32, last_realtime = 64, sigio = 29;
	const char *name = sigabbrev_np(signo);

	if (signo == sigio)
		text_add(text, "SIGIO");
	else if (name)
		text_addf(text, "SIG%s", name);
	else if (signo == first_realtime)
		text_add(text, "SIGRTMIN");
	else if (signo > first_realtime && signo <= last_realtime)
		text_addf(text, "SIGRT_%d", signo - first_realtime);
	else
		text_addf(text, "%d", signo);
}
