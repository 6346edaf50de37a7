#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host/own.h"
#include "host/probe.h"
#include "host/settings.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

#define PAGE_KB (UMM_PAGE_SIZE / 1024)

static bool read_text(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return false;
	buf[n] = '\0';
	return true;
}

static uint64_t read_number(const char *path, uint64_t otherwise)
{
	char text[64];

	return read_text(path, text, sizeof(text)) ? strtoull(text, NULL, 10) : otherwise;
}

static uint64_t sysctl(const char *name, uint64_t otherwise)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/sys/vm/%s", name);
	return read_number(path, otherwise);
}

static uint32_t running_kernel(void)
{
	struct utsname name;
	unsigned int major_nr, minor_nr;

	if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major_nr, &minor_nr) != 2)
		return UMM_KERNEL_NEWEST;
	return UMM_KERNEL(major_nr, minor_nr);
}

/*
 * The lowest address that a hint is rounded up to: the sysctl, or the LSM's minimum, which no file
 * tells.  So ask: an area of one page at a very low hint.
 */
static uint64_t probe_hint_min(uint64_t otherwise)
{
	void *at = mmap((void *)UMM_PAGE_SIZE, UMM_PAGE_SIZE, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t addr = (uint64_t)(uintptr_t)at;

	if (at == MAP_FAILED)
		return otherwise;
	munmap(at, UMM_PAGE_SIZE);
	return addr < (1u << 24) ? addr : otherwise;
}

static uint64_t guard_gap(uint64_t otherwise)
{
	char text[4096];
	const char *at;

	if (!read_text("/proc/cmdline", text, sizeof(text)))
		return otherwise;
	at = strstr(text, "stack_guard_gap=");
	return at ? strtoull(at + strlen("stack_guard_gap="), NULL, 10) * UMM_PAGE_SIZE : otherwise;
}

static bool boot_option(const char *option)
{
	char text[4096];

	return read_text("/proc/cmdline", text, sizeof(text)) && strstr(text, option) != NULL;
}

static void read_thp(struct umm_settings *umm)
{
	char text[128];

	umm->thp_configured = read_text("/sys/kernel/mm/transparent_hugepage/enabled", text,
					sizeof(text));
	if (!umm->thp_configured)
		umm->thp_enabled = UMM_THP_NEVER;
	else if (strstr(text, "[always]"))
		umm->thp_enabled = UMM_THP_ALWAYS;
	else
		umm->thp_enabled = strstr(text, "[madvise]") ? UMM_THP_MADVISE : UMM_THP_NEVER;
}

/* Does the kernel know that advice?  For a range of no length nothing is done. */
static bool knows_advice(int advice)
{
	return madvise(NULL, 0, advice) == 0;
}

/* "0,2-5": the bits of the first 64. */
static uint64_t read_nodes(const char *path)
{
	uint64_t nodes = 0;
	char text[4096], *at = text;

	if (!read_text(path, text, sizeof(text)))
		return 0;
	while (*at >= '0' && *at <= '9') {
		unsigned long first = strtoul(at, &at, 10), last = first;

		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		for (; first <= last && first < 64; first++)
			nodes |= UINT64_C(1) << first;
		if (*at == ',')
			at++;
	}
	return nodes;
}

/* Nodes, and which of them we may use: what we start inherits that. */
static void read_numa(struct umm_settings *umm)
{
	static const char key[] = "Mems_allowed:\t";
	char text[8192], *at, *end;
	uint64_t allowed = 0;

	umm->memory_nodes = umm->online_nodes = umm->max_nodes = 0;
	if (syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) != 0 ||
	    !read_text("/proc/self/status", text, sizeof(text)))
		return;
	umm->online_nodes = read_nodes("/sys/devices/system/node/online");
	umm->memory_nodes = read_nodes("/sys/devices/system/node/has_memory");
	at = strstr(text, key);
	end = at ? strchr(at, '\n') : NULL;
	if (!end)
		return;
	/* Groups of 32 bits, the highest first: as many as the kernel has room for nodes. */
	for (at += strlen(key); at < end; at++) {
		allowed = allowed << 32 | strtoul(at, &at, 16);
		umm->max_nodes += 32;
	}
	umm->memory_nodes &= allowed;
	if (umm->max_nodes > UMM_MAX_NODES)
		umm->max_nodes = UMM_MAX_NODES;
}

static uint64_t meminfo(const char *text, const char *key, uint64_t otherwise)
{
	const char *at = strstr(text, key);

	return at ? strtoull(at + strlen(key), NULL, 10) : otherwise;
}

static void read_memory(struct umm_settings *umm)
{
	char text[8192];

	umm->overcommit_memory = (uint32_t)sysctl("overcommit_memory", umm->overcommit_memory);
	umm->overcommit_ratio = (uint32_t)sysctl("overcommit_ratio", umm->overcommit_ratio);
	umm->overcommit_kbytes = sysctl("overcommit_kbytes", umm->overcommit_kbytes);
	umm->admin_reserve_kbytes = sysctl("admin_reserve_kbytes", umm->admin_reserve_kbytes);
	umm->user_reserve_kbytes = sysctl("user_reserve_kbytes", umm->user_reserve_kbytes);
	if (!read_text("/proc/meminfo", text, sizeof(text)))
		return;
	umm->totalram_pages = meminfo(text, "MemTotal:", umm->totalram_pages * PAGE_KB) / PAGE_KB;
	umm->total_swap_pages = meminfo(text, "SwapTotal:", umm->total_swap_pages * PAGE_KB) /
				PAGE_KB;
	umm->hugetlb_pages = meminfo(text, "Hugetlb:", 0) / PAGE_KB;
}

/* The device that maps shows for files of the kernel's own of such pages; 0 if nobody says. */
static uint32_t huge_dev_minor(uint32_t shift)
{
	int fd = memfd_create("usermm", MFD_CLOEXEC | MFD_HUGETLB | (shift << MAP_HUGE_SHIFT));
	uint32_t dev_minor = 0;
	struct stat st;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0)
		dev_minor = minor(st.st_dev);
	close(fd);
	return dev_minor;
}

static void read_huge(struct umm_settings *umm)
{
	static const char root[] = "/sys/kernel/mm/hugepages";
	DIR *dir = opendir(root);
	const struct dirent *entry;
	size_t n = 0;
	char text[8192];

	memset(umm->huge, 0, sizeof(umm->huge));
	while (dir && n < UMM_HUGE_SIZES && (entry = readdir(dir)) != NULL) {
		uint64_t kb, nr_free, reserved, overcommit, surplus;
		char path[160];

		if (sscanf(entry->d_name, "hugepages-%lukB", &kb) != 1 || !kb)
			continue;
		snprintf(path, sizeof(path), "%s/%.40s/free_hugepages", root, entry->d_name);
		nr_free = read_number(path, 0);
		snprintf(path, sizeof(path), "%s/%.40s/resv_hugepages", root, entry->d_name);
		reserved = read_number(path, 0);
		snprintf(path, sizeof(path), "%s/%.40s/nr_overcommit_hugepages", root,
			 entry->d_name);
		overcommit = read_number(path, 0);
		snprintf(path, sizeof(path), "%s/%.40s/surplus_hugepages", root, entry->d_name);
		surplus = read_number(path, 0);
		umm->huge[n].shift = (uint32_t)__builtin_ctzll(kb) + 10;
		umm->huge[n].dev_minor = huge_dev_minor(umm->huge[n].shift);
		umm->huge[n].free_pages = nr_free > reserved ? nr_free - reserved : 0;
		umm->huge[n].free_pages += overcommit > surplus ? overcommit - surplus : 0;
		n++;
	}
	if (dir)
		closedir(dir);
	if (read_text("/proc/meminfo", text, sizeof(text))) {
		uint64_t kb = meminfo(text, "Hugepagesize:", 2048);

		umm->default_huge_shift = kb ? (uint32_t)__builtin_ctzll(kb) + 10 : 21;
	}
}

/* "0-3,8": the number of processors in it, at least one. */
static uint32_t processors_in(const char *list)
{
	uint32_t nr = 0;
	char *at;

	while (*list >= '0' && *list <= '9') {
		unsigned long first = strtoul(list, &at, 10), last = first;

		if (*at == '-')
			last = strtoul(at + 1, &at, 10);
		nr += last >= first ? (uint32_t)(last - first + 1) : 1;
		list = *at == ',' ? at + 1 : at;
	}
	return nr ? nr : 1;
}

static uint32_t possible_cpus(void)
{
	char text[4096];

	return read_text("/sys/devices/system/cpu/possible", text, sizeof(text)) ?
		processors_in(text) : (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
}

/* Page tables of five levels: the kernel takes the flag out where it does not use them. */
static bool five_levels(void)
{
	FILE *in = fopen("/proc/cpuinfo", "re");
	char line[8192];
	bool found = false;

	while (in && !found && fgets(line, sizeof(line), in)) {
		if (strncmp(line, "flags", 5) != 0)
			continue;
		found = strstr(line, " la57 ") || strstr(line, " la57\n");
		break;
	}
	if (in)
		fclose(in);
	return found;
}

static bool cpu_has_pkeys(void)
{
	FILE *file = fopen("/proc/cpuinfo", "r");
	char line[8192];
	bool has = false;

	while (file && !has && fgets(line, sizeof(line), file))
		has = strncmp(line, "flags", 5) == 0 && strstr(line, " ospke") != NULL;
	if (file)
		fclose(file);
	return has;
}

void settings_read(struct settings *settings)
{
	struct umm_settings *umm = &settings->umm;

	umm_settings_init(umm, running_kernel());
	read_memory(umm);
	read_huge(umm);
	read_thp(umm);
	read_numa(umm);
	/* Nothing to name is refused only where there are no names. */
	umm->anon_vma_name = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0, 0, NULL) == 0;
	umm->max_map_count = sysctl("max_map_count", umm->max_map_count);
	umm->mmap_min_addr = sysctl("mmap_min_addr", umm->mmap_min_addr);
	umm->hint_min_addr = probe_hint_min(umm->mmap_min_addr);
	if (umm->hint_min_addr < umm->mmap_min_addr)
		umm->hint_min_addr = umm->mmap_min_addr;
	umm->stack_guard_gap = guard_gap(umm->stack_guard_gap);
	umm->ignore_rlimit_data = boot_option("ignore_rlimit_data");
	settings->has_pkeys = cpu_has_pkeys();
	umm->hugetlb_shm_group = (uint32_t)sysctl("hugetlb_shm_group", 0);
	umm->shm_rmid_forced = read_number("/proc/sys/kernel/shm_rmid_forced", 0) != 0;
	umm->legacy_va_layout = sysctl("legacy_va_layout", 0) != 0;
	settings->possible_cpus = possible_cpus();
	own_read_vdso(settings);
	own_try_shadow_stack(settings);
	settings->task_size = five_levels() ? UINT64_C(0xfffffffffff000) : UINT64_C(0x7ffffffff000);
	settings->pipes_noexec = probe_pipes_noexec();
	settings->anon_inodes_noexec = probe_anon_inodes_noexec();
	umm->ksm_configured = knows_advice(MADV_MERGEABLE);
	umm->memory_failure_configured = knows_advice(MADV_HWPOISON);
	settings->randomize =
		(unsigned int)read_number("/proc/sys/kernel/randomize_va_space", 2);
	settings->max_map_count_fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
	settings->overcommit_fd = open("/proc/sys/vm/overcommit_memory", O_RDONLY | O_CLOEXEC);
}

void settings_close(struct settings *settings)
{
	if (settings->max_map_count_fd >= 0)
		close(settings->max_map_count_fd);
	if (settings->overcommit_fd >= 0)
		close(settings->overcommit_fd);
}

bool settings_refresh_map_count(struct settings *settings)
{
	uint64_t old = settings->umm.max_map_count;
	char text[32];
	ssize_t n = pread(settings->max_map_count_fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	settings->umm.max_map_count = strtoull(text, NULL, 10);
	return settings->umm.max_map_count != old;
}

/* Pages promised on this machine; 0 if nobody says. */
static uint64_t committed_as(void)
{
	char text[8192];

	return read_text("/proc/meminfo", text, sizeof(text)) ?
		meminfo(text, "Committed_AS:", 0) / PAGE_KB : 0;
}

bool settings_refresh_memory(struct settings *settings, struct umm_world *world)
{
	struct umm_settings old = settings->umm;

	read_memory(&settings->umm);
	read_huge(&settings->umm);
	if (settings->umm.overcommit_memory == 2)
		settings->umm.committed_elsewhere =
			(int64_t)committed_as() - umm_world_committed(world);
	return memcmp(&old, &settings->umm, sizeof(old)) != 0;
}

bool settings_commit_is_close(const struct settings *settings, struct umm_world *world,
			      uint64_t pages)
{
	const struct umm_settings *umm = &settings->umm;
	int64_t cpus = sysconf(_SC_NPROCESSORS_CONF), room;
	int64_t batch = cpus > 0 ? (int64_t)umm->totalram_pages / cpus / 256 : 0;
	char text[8192];

	if (umm->overcommit_memory != 2 || cpus <= 0 ||
	    !read_text("/proc/meminfo", text, sizeof(text)))
		return false;
	room = (int64_t)(meminfo(text, "CommitLimit:", 0) / PAGE_KB) -
	       umm_world_committed(world) - umm->committed_elsewhere;
	/* The reserves are part of the limit, for most. */
	pages += (umm->user_reserve_kbytes + umm->admin_reserve_kbytes) / PAGE_KB;
	return room > -batch * cpus && room < (int64_t)pages + batch * cpus;
}
