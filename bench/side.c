/*
 * side.c - the calls of both sides.
 *
 * Layer: bench.
 *
 * Ours runs as an embedder's would: POSIX platform with its locks, and a record for the reasons
 * that nobody reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench/side.h"
#include "host/platform_posix.h"

/* Areas that a program of this kind has besides (libraries, stack, heap), with room to spare. */
#define OWN_AREAS 500

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- ours ---------------------------------------------------------------------------------- */

static struct umm_world *world;
static struct umm_mm *mm;
static struct umm_why why;

static int64_t ours_mmap(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags)
{
	return umm_mmap(mm, addr, len, prot, flags, NULL, 0, &why);
}

static int64_t ours_munmap(uint64_t addr, uint64_t len)
{
	return umm_munmap(mm, addr, len, &why);
}

static int64_t ours_mprotect(uint64_t addr, uint64_t len, uint64_t prot)
{
	return umm_mprotect(mm, addr, len, prot, -1, &why);
}

static int64_t ours_mremap(uint64_t addr, uint64_t old_len, uint64_t new_len, uint64_t flags,
			   uint64_t new_addr)
{
	return umm_mremap(mm, addr, old_len, new_len, flags, new_addr, &why);
}

static uint64_t ours_brk(uint64_t brk)
{
	return umm_brk(mm, brk, &why);
}

static int ours_lookup(uint64_t addr)
{
	struct umm_area area = { .size = sizeof(area) };

	return umm_find_area(mm, addr, &area) ? 0 : -ENOENT;
}

static void ours_write_fault(uint64_t addr)
{
	if (umm_fault(mm, addr, UMM_ACCESS_WRITE, &why)) {
		fprintf(stderr, "bench: our model refuses a write to %#llx\n",
			(unsigned long long)addr);
		exit(1);
	}
}

static uint64_t ours_bytes(void)
{
	return umm_platform_posix_bytes();
}

/* A process has areas before it maps anything: as many as this one, so that no side is emptier. */
static void furnish(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	uint64_t nr = 0, base;
	int c;

	if (!file)
		die("/proc/self/maps");
	while ((c = getc(file)) != EOF)
		nr += c == '\n';
	fclose(file);
	base = (uint64_t)ours_mmap(0, nr * UMM_PAGE_SIZE, UMM_PROT_NONE,
				   UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS);
	for (uint64_t i = 1; i < nr; i += 2)
		if (ours_mprotect(base + i * UMM_PAGE_SIZE, UMM_PAGE_SIZE, UMM_PROT_READ))
			die("our own areas");
}

void ours_reset(void)
{
	struct umm_platform platform;
	struct umm_settings settings;
	struct umm_layout layout;

	if (mm)
		umm_mm_put(mm);
	if (world)
		umm_world_free(world);
	umm_platform_posix(&platform);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	/* Our side is asked for 100,000 areas whatever this machine's limit is. */
	settings.max_map_count = 1u << 20;
	errno = ENOMEM;
	if (umm_world_new(&platform, &settings, &world) || umm_mm_new(world, &mm))
		die("our world");
	/* Where a program's heap begins is exec's choice. */
	umm_mm_get_layout(mm, &layout);
	layout.start_brk = layout.brk = UINT64_C(0x555555600000);
	umm_mm_set_layout(mm, &layout);
	furnish();
}

const struct side ours = {
	.name = "ours",
	.mmap = ours_mmap,
	.munmap = ours_munmap,
	.mprotect = ours_mprotect,
	.mremap = ours_mremap,
	.brk = ours_brk,
	.lookup = ours_lookup,
	.write_fault = ours_write_fault,
	.bytes = ours_bytes,
	.max_areas = 1u << 20,
};

/* ---- the kernel ---------------------------------------------------------------------------- */

/* PROCMAP_QUERY (6.11): newer than the headers that we may be compiled with. */
struct query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor;
	uint32_t vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};

#define QUERY _IOWR('f', 17, struct query)
#define QUERY_NONE _IO('f', 99)			/* an ioctl that this file does not have */
#define QUERY_COVERING_OR_NEXT 0x10

static int maps_fd = -1;

static int64_t answer(long ret)
{
	return ret == -1 ? -errno : ret;
}

static int64_t kernel_mmap(uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags)
{
	return answer(syscall(SYS_mmap, addr, len, prot, flags, -1, 0));
}

static int64_t kernel_munmap(uint64_t addr, uint64_t len)
{
	return answer(syscall(SYS_munmap, addr, len));
}

static int64_t kernel_mprotect(uint64_t addr, uint64_t len, uint64_t prot)
{
	return answer(syscall(SYS_mprotect, addr, len, prot));
}

static int64_t kernel_mremap(uint64_t addr, uint64_t old_len, uint64_t new_len, uint64_t flags,
			     uint64_t new_addr)
{
	return answer(syscall(SYS_mremap, addr, old_len, new_len, flags, new_addr));
}

static uint64_t kernel_brk(uint64_t brk)
{
	return (uint64_t)syscall(SYS_brk, brk);
}

static int kernel_lookup(uint64_t addr)
{
	struct query query = {
		.size = sizeof(query),
		.query_flags = QUERY_COVERING_OR_NEXT,
		.query_addr = addr,
	};

	return ioctl(maps_fd, QUERY, &query) ? -errno : 0;
}

static int kernel_lookup_floor(uint64_t addr)
{
	struct query query = { .size = sizeof(query), .query_addr = addr };

	return ioctl(maps_fd, QUERY_NONE, &query);
}

static void kernel_write_fault(uint64_t addr)
{
	*(volatile char *)(uintptr_t)addr = 1;
}

/*
 * What the kernel's slab caches for areas hold, machine-wide: only a large difference means
 * anything.  Partly filled slabs count, as our chunks do.
 */
static uint64_t kernel_bytes(void)
{
	static const char *const caches[] = { "vm_area_struct", "maple_node", "anon_vma",
					      "anon_vma_chain" };
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[512], name[64];
	uint64_t bytes = 0;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		unsigned long objects, size, per_slab, pages, slabs;

		if (sscanf(line, "%63s %*u %lu %lu %lu %lu : tunables %*u %*u %*u : "
				 "slabdata %*u %lu",
			   name, &objects, &size, &per_slab, &pages, &slabs) != 6)
			continue;
		for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++)
			if (!strcmp(name, caches[i]))
				bytes += slabs * pages * 4096;
	}
	fclose(file);
	return bytes;
}

struct side kernel = {
	.name = "kernel",
	.mmap = kernel_mmap,
	.munmap = kernel_munmap,
	.mprotect = kernel_mprotect,
	.mremap = kernel_mremap,
	.brk = kernel_brk,
	.lookup = kernel_lookup,
	.lookup_floor = kernel_lookup_floor,
	.write_fault = kernel_write_fault,
	.bytes = kernel_bytes,
};

static uint64_t max_map_count(void)
{
	FILE *file = fopen("/proc/sys/vm/max_map_count", "r");
	unsigned long count;

	if (!file || fscanf(file, "%lu", &count) != 1)
		die("/proc/sys/vm/max_map_count");
	fclose(file);
	return count;
}

void side_init(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0)
		die("sched_getcpu");
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
	maps_fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (maps_fd < 0)
		die("/proc/self/maps");
	kernel.max_areas = max_map_count();
	kernel.max_areas -= kernel.max_areas > OWN_AREAS ? OWN_AREAS : kernel.max_areas;
	if (kernel_lookup(0))
		kernel.lookup = NULL;		/* before 6.11 */
	ours_reset();
}
