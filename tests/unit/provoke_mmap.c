/*
 * provoke_mmap.c - provocations of what mmap checks before it makes an area.
 */
#include "provoke.h"

int64_t refused_map(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags)
{
	return umm_mmap(lab->mm, addr, len, prot, flags, lab->file, 0, lab->listen);
}

static int64_t no_metadata(struct lab *lab)
{
	int64_t err = 0;

	/* What the caches hold already is used up first. */
	for (uint64_t i = 0; i < 1000 && err >= 0; i++) {
		unit_memory_fail_at(&lab->memory, 1);
		err = refused_map(lab, AT + 2 * i * PAGE, PAGE, R, ANON | FIXED);
	}
	unit_memory_fail_at(&lab->memory, 0);
	return err;
}

static int64_t offset_unaligned(struct lab *lab)
{
	return umm_mmap(lab->mm, 0, PAGE, R, PRIVATE, NULL, 0x10, lab->listen);
}

static int64_t bad_fd(struct lab *lab)
{
	return refused_map(lab, 0, PAGE, R, PRIVATE);
}

static int64_t hugetlb_on_file(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return refused_map(lab, 0, 2 * MIB, R, PRIVATE | UMM_MAP_HUGETLB);
}

static int64_t hugetlb_size(struct lab *lab)
{
	return refused_map(lab, 0, 2 * MIB, R,
			   ANON | UMM_MAP_HUGETLB | 25u << UMM_MAP_HUGE_SHIFT);
}

static int64_t zero_length(struct lab *lab)
{
	return refused_map(lab, 0, 0, R, ANON);
}

static int64_t length_overflow(struct lab *lab)
{
	return refused_map(lab, 0, UINT64_MAX, R, ANON);
}

static int64_t map_count(struct lab *lab)
{
	lab->settings.max_map_count = 2;
	lab_settings_changed(lab);
	lab_map(lab, AT, 4 * PAGE, R, ANON);
	lab_map(lab, AT + 8 * PAGE, PAGE, R, ANON);
	lab_map(lab, AT + 10 * PAGE, PAGE, R, ANON);
	return refused_map(lab, AT + 4 * PAGE, PAGE, R, ANON | FIXED);
}

static int64_t length_task_size(struct lab *lab)
{
	return refused_map(lab, 0, UINT64_C(1) << 48, R, ANON);
}

static int64_t no_gap(struct lab *lab)
{
	lab_map(lab, UINT64_C(0x400000000000), PAGE, 0, ANON);
	return refused_map(lab, 0, UINT64_C(0x7fff00000000), 0, ANON);
}

static int64_t addr_too_high(struct lab *lab)
{
	return refused_map(lab, UINT64_C(0x7fffffffe000), 2 * PAGE, R, ANON | FIXED);
}

static int64_t addr_unaligned(struct lab *lab)
{
	return refused_map(lab, AT + 1, PAGE, R, ANON | FIXED);
}

static int64_t mmap_min_addr(struct lab *lab)
{
	return refused_map(lab, 0, PAGE, R, ANON | FIXED);
}

static int64_t hugetlb_addr(struct lab *lab)
{
	return refused_map(lab, AT + PAGE, 2 * MIB, R, ANON | FIXED | UMM_MAP_HUGETLB);
}

static int64_t noreplace(struct lab *lab)
{
	lab_map(lab, AT + PAGE, PAGE, R, ANON);
	return refused_map(lab, AT, 2 * PAGE, R, ANON | UMM_MAP_FIXED_NOREPLACE);
}

static int64_t mlock_permission(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 0);
	return refused_map(lab, 0, PAGE, R, ANON | UMM_MAP_LOCKED);
}

static int64_t mlock_limit(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 2 * PAGE);
	return refused_map(lab, 0, 3 * PAGE, R, ANON | UMM_MAP_LOCKED);
}

static int64_t file_size_limit(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return umm_mmap(lab->mm, 0, PAGE, R, PRIVATE, lab->file, UINT64_C(0x7ffffffffffff000),
			lab->listen);
}

static int64_t map_type(struct lab *lab)
{
	return refused_map(lab, 0, PAGE, R, UMM_MAP_ANONYMOUS);
}

static int64_t unknown_flags(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R, UMM_MAP_SHARED_VALIDATE | UMM_MAP_SYNC);
}

static int64_t file_not_writable(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R | W, SHARED);
}

static int64_t swapfile(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_SWAPFILE);
	return refused_map(lab, 0, PAGE, R | W, SHARED);
}

static int64_t append_only(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_APPEND_ONLY);
	return refused_map(lab, 0, PAGE, R, SHARED);
}

static int64_t file_not_readable(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_WRITE);
	return refused_map(lab, 0, PAGE, R, PRIVATE);
}

static int64_t noexec_mount(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_NOEXEC);
	return refused_map(lab, 0, PAGE, R | X, PRIVATE);
}

static int64_t not_mappable(struct lab *lab)
{
	lab_file(lab, UMM_FILE_NOT_MAPPABLE, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R, PRIVATE);
}

static int64_t socket_mmap(struct lab *lab)
{
	lab_file(lab, UMM_FILE_SOCKET, UMM_FMODE_READ | UMM_FMODE_WRITE);
	return refused_map(lab, 0, PAGE, R, SHARED);
}

static int64_t file_growsdown(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R, PRIVATE | UMM_MAP_GROWSDOWN);
}

static int64_t sealed_write(struct lab *lab)
{
	lab_file(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_SEAL_FUTURE);
	return refused_map(lab, 0, PAGE, R | W, SHARED);
}

static int64_t sync_without_dax(struct lab *lab)
{
	struct umm_file_desc desc;

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.align = UMM_ALIGN_THP;
	assert_int_equal(umm_file_new(lab->world, &desc, &lab->file), 0);
	return refused_map(lab, 0, PAGE, R, PRIVATE | UMM_MAP_SYNC);
}

static int64_t shared_growsdown(struct lab *lab)
{
	return refused_map(lab, 0, PAGE, R, SHARED | UMM_MAP_ANONYMOUS | UMM_MAP_GROWSDOWN);
}

static int64_t droppable_flags(struct lab *lab)
{
	return refused_map(lab, 0, PAGE, R,
			   UMM_MAP_DROPPABLE | UMM_MAP_ANONYMOUS | UMM_MAP_LOCKED);
}

const struct provocation provocations_mmap[] = {
	{ "NO_METADATA", no_metadata, NULL },
	{ "OFFSET_UNALIGNED", offset_unaligned, NULL },
	{ "BAD_FD", bad_fd, NULL },
	{ "HUGETLB_ON_FILE", hugetlb_on_file, NULL },
	{ "HUGETLB_SIZE", hugetlb_size, NULL },
	{ "ZERO_LENGTH", zero_length, NULL },
	{ "LENGTH_OVERFLOW", length_overflow, NULL },
	{ "PGOFF_OVERFLOW", NULL, "an offset in bytes is at most 2^52 pages, and so is a length" },
	{ "MAP_COUNT", map_count, NULL },
	{ "LENGTH_TASK_SIZE", length_task_size, NULL },
	{ "NO_GAP", no_gap, NULL },
	{ "ADDR_TOO_HIGH", addr_too_high, NULL },
	{ "ADDR_UNALIGNED", addr_unaligned, NULL },
	{ "MMAP_MIN_ADDR", mmap_min_addr, NULL },
	{ "HUGETLB_LENGTH", NULL, "mmap and mremap round the length up" },
	{ "HUGETLB_ADDR", hugetlb_addr, NULL },
	{ "NOREPLACE", noreplace, NULL },
	{ "MLOCK_PERMISSION", mlock_permission, NULL },
	{ "MLOCK_LIMIT", mlock_limit, NULL },
	{ "FILE_SIZE_LIMIT", file_size_limit, NULL },
	{ "MAP_TYPE", map_type, NULL },
	{ "UNKNOWN_FLAGS", unknown_flags, NULL },
	{ "FILE_NOT_WRITABLE", file_not_writable, NULL },
	{ "SWAPFILE", swapfile, NULL },
	{ "APPEND_ONLY", append_only, NULL },
	{ "FILE_NOT_READABLE", file_not_readable, NULL },
	{ "NOEXEC_MOUNT", noexec_mount, NULL },
	{ "NOT_MAPPABLE", not_mappable, NULL },
	{ "SOCKET_MMAP", socket_mmap, NULL },
	{ "FILE_GROWSDOWN", file_growsdown, NULL },
	{ "SEALED_WRITE", sealed_write, NULL },
	{ "SYNC_WITHOUT_DAX", sync_without_dax, NULL },
	{ "SHARED_GROWSDOWN", shared_growsdown, NULL },
	{ "DROPPABLE_FLAGS", droppable_flags, NULL },
	{ "SHMEM_SIZE", NULL, "no address space has room for 2^63 bytes" },
	{ NULL, NULL, NULL },
};
