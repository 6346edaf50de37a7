/*
 * test_refusals.c - each check of the catalogue is provoked, and names itself.
 *
 * The table below has one row per refusal.  A code of the catalogue that has no row, or whose row
 * is refused by another check, fails.
 */
#include <usermm/usermm.h>

#include "unit.h"

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define AT UINT64_C(0x10000000)		/* where most things happen */

#define R UMM_PROT_READ
#define W UMM_PROT_WRITE
#define X UMM_PROT_EXEC
#define PRIVATE UMM_MAP_PRIVATE
#define SHARED UMM_MAP_SHARED
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)
#define FIXED UMM_MAP_FIXED

struct lab {
	struct unit_memory memory;
	struct umm_settings settings;
	struct umm_world *world;
	struct umm_mm *mm;
	struct umm_file *file;		/* made by file(), put by lab_destroy() */
	struct umm_why why;		/* of the call that shall be refused */
};

static void lab_init(struct lab *lab)
{
	struct umm_layout layout;

	memset(lab, 0, sizeof(*lab));
	unit_memory_init(&lab->memory);
	umm_settings_init(&lab->settings, UMM_KERNEL_NEWEST);
	lab->settings.overcommit_memory = 0;
	lab->settings.totalram_pages = 1000000;
	lab->settings.total_swap_pages = 0;
	lab->settings.mmap_min_addr = lab->settings.hint_min_addr = 65536;
	lab->settings.huge[0] = (struct umm_huge_pool){ .shift = 21, .free_pages = 4 };
	lab->settings.default_huge_shift = 21;
	assert_int_equal(umm_world_new(&lab->memory.platform, &lab->settings, &lab->world), 0);
	assert_int_equal(umm_mm_new(lab->world, &lab->mm), 0);
	umm_mm_get_layout(lab->mm, &layout);
	layout.start_brk = layout.brk = 0x500000;
	umm_mm_set_layout(lab->mm, &layout);
}

static void lab_destroy(struct lab *lab)
{
	umm_mm_put(lab->mm);
	if (lab->file)
		umm_file_put(lab->file);
	assert_int_equal(umm_world_committed(lab->world), 0);
	umm_world_free(lab->world);
	assert_int_equal(lab->memory.bytes, 0);
}

/* ---- what the provocations are made of ----------------------------------------------------- */

static void settings_changed(struct lab *lab)
{
	assert_int_equal(umm_world_set(lab->world, &lab->settings), 0);
}

static void limit(struct lab *lab, int resource, uint64_t bytes)
{
	assert_int_equal(umm_mm_set_rlimit(lab->mm, resource, bytes, bytes), 0);
}

static void file(struct lab *lab, enum umm_file_kind kind, uint32_t flags)
{
	struct umm_file_desc desc;

	umm_file_desc_init(&desc, kind);
	desc.flags = flags;
	desc.path = "/a/file";
	assert_int_equal(umm_file_new(lab->world, &desc, &lab->file), 0);
}

/* A step on the way, which works. */
static void map(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags)
{
	assert_int_equal(umm_mmap(lab->mm, addr, len, prot, flags | FIXED, lab->file, 0, NULL),
			 addr);
}

static void import(struct lab *lab, uint64_t flags, enum umm_area_name name)
{
	struct umm_area area = {
		.size = sizeof(area),
		.start = AT,
		.end = AT + 2 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD | flags,
		.pgoff = AT / PAGE,
		.name = name,
	};

	assert_int_equal(umm_area_import(lab->mm, &area), 0);
}

/* The call itself. */
static int64_t refused_map(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot,
			   uint64_t flags)
{
	return umm_mmap(lab->mm, addr, len, prot, flags, lab->file, 0, &lab->why);
}

static int64_t refused_unmap(struct lab *lab, uint64_t addr, uint64_t len)
{
	return umm_munmap(lab->mm, addr, len, &lab->why);
}

static int64_t refused_protect(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot)
{
	return umm_mprotect(lab->mm, addr, len, prot, -1, &lab->why);
}

/* brk has no error numbers: the answer is the old break, the reason has one. */
static int64_t refused_brk(struct lab *lab, uint64_t brk)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	const struct umm_why_entry *entry;
	struct umm_why_info info;

	umm_mm_get_layout(lab->mm, &layout);
	assert_int_equal(umm_brk(lab->mm, brk, &lab->why), layout.brk);
	entry = umm_why_refusal(&lab->why);
	assert_non_null(entry);
	assert_int_equal(umm_why_info(entry->code, &info), 0);
	return -info.error;
}

/* Nor has a fault: what is returned is the si_code. */
static int64_t refused_fault(struct lab *lab, uint64_t addr, unsigned int access, int si_code)
{
	const struct umm_why_entry *entry;
	struct umm_why_info info;

	assert_int_equal(umm_fault(lab->mm, addr, access, &lab->why), si_code);
	entry = umm_why_refusal(&lab->why);
	assert_non_null(entry);
	assert_int_equal(umm_why_info(entry->code, &info), 0);
	return -info.error;
}

/* A stack of one page at AT, and a fault @below pages below it. */
static int64_t refused_growth(struct lab *lab, uint64_t below)
{
	return refused_fault(lab, AT - below * PAGE, UMM_ACCESS_WRITE, UMM_SEGV_MAPERR);
}

static void stack(struct lab *lab, uint64_t flags)
{
	map(lab, AT, PAGE, R | W, ANON | UMM_MAP_GROWSDOWN | flags);
}

/* ---- the provocations ---------------------------------------------------------------------- */

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
	return umm_mmap(lab->mm, 0, PAGE, R, PRIVATE, NULL, 0x10, &lab->why);
}

static int64_t bad_fd(struct lab *lab)
{
	return refused_map(lab, 0, PAGE, R, PRIVATE);
}

static int64_t hugetlb_on_file(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
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
	settings_changed(lab);
	map(lab, AT, 4 * PAGE, R, ANON);
	map(lab, AT + 8 * PAGE, PAGE, R, ANON);
	map(lab, AT + 10 * PAGE, PAGE, R, ANON);
	return refused_map(lab, AT + 4 * PAGE, PAGE, R, ANON | FIXED);
}

static int64_t length_task_size(struct lab *lab)
{
	return refused_map(lab, 0, UINT64_C(1) << 48, R, ANON);
}

static int64_t no_gap(struct lab *lab)
{
	map(lab, UINT64_C(0x400000000000), PAGE, 0, ANON);
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
	map(lab, AT + PAGE, PAGE, R, ANON);
	return refused_map(lab, AT, 2 * PAGE, R, ANON | UMM_MAP_FIXED_NOREPLACE);
}

static int64_t mlock_permission(struct lab *lab)
{
	limit(lab, UMM_RLIMIT_MEMLOCK, 0);
	return refused_map(lab, 0, PAGE, R, ANON | UMM_MAP_LOCKED);
}

static int64_t mlock_limit(struct lab *lab)
{
	limit(lab, UMM_RLIMIT_MEMLOCK, 2 * PAGE);
	return refused_map(lab, 0, 3 * PAGE, R, ANON | UMM_MAP_LOCKED);
}

static int64_t file_size_limit(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return umm_mmap(lab->mm, 0, PAGE, R, PRIVATE, lab->file, UINT64_C(0x7ffffffffffff000),
			&lab->why);
}

static int64_t map_type(struct lab *lab)
{
	return refused_map(lab, 0, PAGE, R, UMM_MAP_ANONYMOUS);
}

static int64_t unknown_flags(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R, UMM_MAP_SHARED_VALIDATE | UMM_MAP_SYNC);
}

static int64_t file_not_writable(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R | W, SHARED);
}

static int64_t swapfile(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_SWAPFILE);
	return refused_map(lab, 0, PAGE, R | W, SHARED);
}

static int64_t append_only(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_APPEND_ONLY);
	return refused_map(lab, 0, PAGE, R, SHARED);
}

static int64_t file_not_readable(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_WRITE);
	return refused_map(lab, 0, PAGE, R, PRIVATE);
}

static int64_t noexec_mount(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_NOEXEC);
	return refused_map(lab, 0, PAGE, R | X, PRIVATE);
}

static int64_t not_mappable(struct lab *lab)
{
	file(lab, UMM_FILE_NOT_MAPPABLE, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R, PRIVATE);
}

static int64_t file_growsdown(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return refused_map(lab, 0, PAGE, R, PRIVATE | UMM_MAP_GROWSDOWN);
}

static int64_t sealed_write(struct lab *lab)
{
	file(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_SEAL_FUTURE);
	return refused_map(lab, 0, PAGE, R | W, SHARED);
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

static int64_t mdwe(struct lab *lab)
{
	umm_mm_set_mdwe(lab->mm, true);
	return refused_map(lab, 0, PAGE, R | W | X, ANON);
}

static int64_t split_map_count(struct lab *lab)
{
	map(lab, AT, 3 * PAGE, R | W, ANON);
	lab->settings.max_map_count = 1;
	settings_changed(lab);
	return refused_protect(lab, AT + PAGE, PAGE, R);
}

static int64_t sealed(struct lab *lab)
{
	import(lab, UMM_VM_SEALED, UMM_NAME_NONE);
	return refused_unmap(lab, AT, PAGE);
}

static int64_t hugetlb_split(struct lab *lab)
{
	map(lab, AT, 4 * MIB, R, ANON | UMM_MAP_HUGETLB);
	return refused_unmap(lab, AT, PAGE);
}

static int64_t special_split(struct lab *lab)
{
	import(lab, UMM_VM_EXEC | UMM_VM_MAYEXEC | UMM_VM_DONTEXPAND, UMM_NAME_VDSO);
	return refused_unmap(lab, AT, PAGE);
}

static int64_t rlimit_as(struct lab *lab)
{
	limit(lab, UMM_RLIMIT_AS, 10 * PAGE);
	map(lab, AT, 8 * PAGE, R, ANON);
	return refused_map(lab, 0, 3 * PAGE, R, ANON);
}

static int64_t rlimit_data(struct lab *lab)
{
	limit(lab, UMM_RLIMIT_DATA, 10 * PAGE);
	map(lab, AT, 20 * PAGE, R, ANON);
	return refused_protect(lab, AT, 11 * PAGE, R | W);
}

static int64_t overcommit(struct lab *lab)
{
	return refused_map(lab, 0, 1000001 * PAGE, R | W, ANON);
}

static int64_t overcommit_never(struct lab *lab)
{
	lab->settings.overcommit_memory = 2;
	lab->settings.overcommit_ratio = 50;
	settings_changed(lab);
	return refused_map(lab, 0, 500001 * PAGE, R | W, ANON);
}

static int64_t hugetlb_pool(struct lab *lab)
{
	return refused_map(lab, 0, 10 * MIB, R, ANON | UMM_MAP_HUGETLB);
}

static int64_t munmap_range(struct lab *lab)
{
	return refused_unmap(lab, AT + 1, PAGE);
}

static int64_t munmap_zero(struct lab *lab)
{
	return refused_unmap(lab, AT, 0);
}

static int64_t mprotect_grows(struct lab *lab)
{
	return refused_protect(lab, AT, PAGE, R | UMM_PROT_GROWSDOWN | UMM_PROT_GROWSUP);
}

static int64_t mprotect_unaligned(struct lab *lab)
{
	return refused_protect(lab, AT + 8, PAGE, R);
}

static int64_t mprotect_wrap(struct lab *lab)
{
	return refused_protect(lab, AT, UINT64_MAX, R);
}

static int64_t mprotect_bits(struct lab *lab)
{
	return refused_protect(lab, AT, PAGE, R | 0x100);
}

static int64_t mprotect_pkey(struct lab *lab)
{
	map(lab, AT, PAGE, R, ANON);
	return umm_mprotect(lab->mm, AT, PAGE, R, 1, &lab->why);
}

static int64_t mprotect_hole(struct lab *lab)
{
	map(lab, AT, PAGE, R, ANON);
	map(lab, AT + 2 * PAGE, PAGE, R, ANON);
	return refused_protect(lab, AT, 3 * PAGE, R | W);
}

static int64_t mprotect_not_stack(struct lab *lab)
{
	map(lab, AT, PAGE, R, ANON);
	return refused_protect(lab, AT, PAGE, R | UMM_PROT_GROWSDOWN);
}

static int64_t mprotect_access(struct lab *lab)
{
	file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	map(lab, AT, PAGE, R, SHARED);
	return refused_protect(lab, AT, PAGE, R | W);
}

static int64_t brk_below(struct lab *lab)
{
	return refused_brk(lab, 0x400000);
}

static int64_t brk_data_limit(struct lab *lab)
{
	limit(lab, UMM_RLIMIT_DATA, 10 * PAGE);
	return refused_brk(lab, 0x500000 + 11 * PAGE);
}

static int64_t brk_nothing(struct lab *lab)
{
	assert_int_equal(umm_brk(lab->mm, 0x500000 + 4 * PAGE, NULL), 0x500000 + 4 * PAGE);
	assert_int_equal(umm_munmap(lab->mm, 0x500000, 4 * PAGE, NULL), 0);
	return refused_brk(lab, 0x500000 + 2 * PAGE);
}

static int64_t brk_neighbour(struct lab *lab)
{
	map(lab, 0x500000 + 8 * PAGE, PAGE, R, ANON);
	return refused_brk(lab, 0x500000 + 8 * PAGE);
}

static int64_t fork_overcommit(struct lab *lab)
{
	struct umm_mm *child = NULL;
	int64_t err;

	map(lab, AT, 100 * PAGE, R | W, ANON);
	lab->settings.totalram_pages = 99;
	settings_changed(lab);
	err = umm_fork(lab->mm, &child, &lab->why);
	assert_null(child);
	return err;
}

static int64_t fault_no_area(struct lab *lab)
{
	map(lab, AT, PAGE, R, ANON);
	return refused_fault(lab, AT - 1, UMM_ACCESS_READ, UMM_SEGV_MAPERR);
}

static int64_t fault_access(struct lab *lab)
{
	map(lab, AT, PAGE, R, ANON);
	return refused_fault(lab, AT, UMM_ACCESS_WRITE, UMM_SEGV_ACCERR);
}

static int64_t stack_min_addr(struct lab *lab)
{
	map(lab, 0x10000, PAGE, R | W, ANON | UMM_MAP_GROWSDOWN);
	return refused_fault(lab, 0xf000, UMM_ACCESS_WRITE, UMM_SEGV_MAPERR);
}

static int64_t stack_guard_gap(struct lab *lab)
{
	stack(lab, 0);
	map(lab, AT - 100 * PAGE, PAGE, R, ANON);
	return refused_growth(lab, 1);
}

static int64_t stack_as(struct lab *lab)
{
	stack(lab, 0);
	limit(lab, UMM_RLIMIT_AS, 4 * PAGE);
	return refused_growth(lab, 4);
}

static int64_t stack_limit(struct lab *lab)
{
	stack(lab, 0);
	limit(lab, UMM_RLIMIT_STACK, 4 * PAGE);
	return refused_growth(lab, 4);
}

static int64_t stack_mlock(struct lab *lab)
{
	limit(lab, UMM_RLIMIT_MEMLOCK, 4 * PAGE);
	stack(lab, UMM_MAP_LOCKED);
	return refused_growth(lab, 4);
}

static int64_t stack_overcommit(struct lab *lab)
{
	stack(lab, 0);
	lab->settings.totalram_pages = 3;
	settings_changed(lab);
	return refused_growth(lab, 4);
}

/* ---- the table ----------------------------------------------------------------------------- */

struct provocation {
	const char *name;			/* in the catalogue */
	int64_t (*provoke)(struct lab *lab);	/* the negative error, or NULL: */
	const char *unreachable;		/* why no call of this library gets there */
};

static const struct provocation provocations[] = {
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
	{ "HUGETLB_LENGTH", NULL, "mmap rounds the length up; mremap, of issue B, does not" },
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
	{ "FILE_GROWSDOWN", file_growsdown, NULL },
	{ "SEALED_WRITE", sealed_write, NULL },
	{ "SHARED_GROWSDOWN", shared_growsdown, NULL },
	{ "DROPPABLE_FLAGS", droppable_flags, NULL },
	{ "SHMEM_SIZE", NULL, "no address space has room for 2^63 bytes" },
	{ "MDWE", mdwe, NULL },
	{ "SPLIT_MAP_COUNT", split_map_count, NULL },
	{ "SEALED", sealed, NULL },
	{ "HUGETLB_SPLIT", hugetlb_split, NULL },
	{ "SPECIAL_SPLIT", special_split, NULL },
	{ "RLIMIT_AS", rlimit_as, NULL },
	{ "RLIMIT_DATA", rlimit_data, NULL },
	{ "OVERCOMMIT", overcommit, NULL },
	{ "OVERCOMMIT_NEVER", overcommit_never, NULL },
	{ "HUGETLB_POOL", hugetlb_pool, NULL },
	{ "MUNMAP_RANGE", munmap_range, NULL },
	{ "MUNMAP_ZERO", munmap_zero, NULL },
	{ "MPROTECT_GROWS", mprotect_grows, NULL },
	{ "MPROTECT_UNALIGNED", mprotect_unaligned, NULL },
	{ "MPROTECT_WRAP", mprotect_wrap, NULL },
	{ "MPROTECT_BITS", mprotect_bits, NULL },
	{ "MPROTECT_PKEY", mprotect_pkey, NULL },
	{ "MPROTECT_HOLE", mprotect_hole, NULL },
	{ "MPROTECT_NOT_STACK", mprotect_not_stack, NULL },
	{ "MPROTECT_ACCESS", mprotect_access, NULL },
	{ "BRK_BELOW", brk_below, NULL },
	{ "BRK_DATA_LIMIT", brk_data_limit, NULL },
	{ "BRK_NOTHING", brk_nothing, NULL },
	{ "BRK_NEIGHBOUR", brk_neighbour, NULL },
	{ "FORK_OVERCOMMIT", fork_overcommit, NULL },
	{ "FAULT_NO_AREA", fault_no_area, NULL },
	{ "FAULT_ACCESS", fault_access, NULL },
	{ "STACK_MIN_ADDR", stack_min_addr, NULL },
	{ "STACK_GUARD_GAP", stack_guard_gap, NULL },
	{ "STACK_AS", stack_as, NULL },
	{ "STACK_LIMIT", stack_limit, NULL },
	{ "STACK_MLOCK", stack_mlock, NULL },
	{ "STACK_OVERCOMMIT", stack_overcommit, NULL },
};

#define NR_PROVOCATIONS (sizeof(provocations) / sizeof(provocations[0]))

/* The text for a person has every placeholder filled. */
static void check_text(const char *text, const struct umm_why_entry *entry)
{
	char line[512];
	size_t length = umm_why_format(text, entry, line, sizeof(line));

	assert_true(length > 0 && length < sizeof(line));
	assert_int_equal(length, strlen(line));
	assert_null(strpbrk(line, "{}"));
}

static void check_record(const struct provocation *p, const struct lab *lab, int64_t err)
{
	const struct umm_why *why = &lab->why;
	const struct umm_why_entry *entry = umm_why_refusal(why);
	struct umm_why_info info;

	if (!entry)
		fail_msg("%s: answer %lld, and no refusal", p->name, (long long)err);
	assert_int_equal(umm_why_info(entry->code, &info), 0);
	if (strcmp(info.name, p->name))
		fail_msg("%s: refused by %s", p->name, info.name);
	if (err != -info.error)
		fail_msg("%s: answer %lld, the catalogue says %d", p->name, (long long)err,
			 -info.error);
	assert_ptr_equal(entry, &why->entry[why->nr - 1]);
	assert_non_null(info.function);
	assert_non_null(info.ruled_out);
	check_text(info.text, entry);
	check_text(info.limit, entry);

	for (unsigned int i = 0; i + 1 < why->nr; i++) {
		assert_int_not_equal(why->entry[i].kind, UMM_WHY_REFUSED);
		assert_int_equal(umm_why_info(why->entry[i].code, &info), 0);
		check_text(info.text, &why->entry[i]);
		/* What passed is shown by its noun, in a list of what is ruled out. */
		if (why->entry[i].kind == UMM_WHY_PASSED)
			assert_non_null(info.ruled_out);
	}
}

static void test_provocations(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_PROVOCATIONS; i++) {
		const struct provocation *p = &provocations[i];
		struct lab lab;
		int64_t err;

		if (!p->provoke)
			continue;
		lab_init(&lab);
		memset(&lab.why, 0xff, sizeof(lab.why));	/* the call begins it anew */
		lab.why.nr = 3;
		err = p->provoke(&lab);
		check_record(p, &lab, err);
		assert_true(umm_mm_is_valid(lab.mm));
		lab_destroy(&lab);
	}
}

/* Listening must not change the answer. */
static void test_nobody_listens(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_mmap(lab.mm, 0, 0, R, ANON, NULL, 0, NULL), -UMM_EINVAL);
	assert_int_equal(umm_munmap(lab.mm, 1, PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R, -1, NULL), -UMM_ENOMEM);
	assert_int_equal(umm_brk(lab.mm, 1, NULL), 0x500000);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_READ, NULL), UMM_SEGV_MAPERR);
	lab_destroy(&lab);
}

/* The catalogue and the table name the same refusals. */
static void test_catalogue_is_covered(void **state)
{
	unsigned int refusals = 0;

	(void)state;
	for (unsigned int code = 0; code < umm_why_count(); code++) {
		struct umm_why_info info;
		size_t i;

		assert_int_equal(umm_why_info(code, &info), 0);
		if (!info.error)
			continue;
		refusals++;
		for (i = 0; i < NR_PROVOCATIONS; i++) {
			if (!strcmp(provocations[i].name, info.name))
				break;
		}
		if (i == NR_PROVOCATIONS)
			fail_msg("no test provokes %s", info.name);
	}
	assert_int_equal(refusals, NR_PROVOCATIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_provocations),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_catalogue_is_covered),
	};

	return cmocka_run_group_tests_name("refusals", tests, NULL, NULL);
}
