/*
 * test_objects.c - what becomes of a mapping by what it maps: the flags of the new area, and the
 * manners of hugetlb, /dev/zero, sealed memfds, objects that want to be closed, special mappings.
 */
#include "lab.h"

/* ---- flags, as smaps shows them ---------------------------------------------------------- */

#define NO_FILE UINT32_MAX
#define RW_FILE (UMM_FMODE_READ | UMM_FMODE_WRITE)

struct made {
	uint64_t prot, flags;
	enum umm_file_kind kind;
	uint32_t file_flags;		/* NO_FILE: anonymous */
	const char *vm_flags;
};

static const struct made made[] = {
	{ RW, ANON, 0, NO_FILE, "rd wr mr mw me ac " },
	{ R, ANON, 0, NO_FILE, "rd mr mw me " },
	{ 0, ANON, 0, NO_FILE, "mr mw me " },
	{ W, ANON, 0, NO_FILE, "wr mr mw me ac " },
	{ R | X, ANON, 0, NO_FILE, "rd ex mr mw me " },
	{ RW | UMM_PROT_SEM | 0x10000, ANON, 0, NO_FILE, "rd wr mr mw me ac " },
	{ RW, ANON | UMM_MAP_NORESERVE, 0, NO_FILE, "rd wr mr mw me nr " },
	{ RW, ANON | UMM_MAP_STACK, 0, NO_FILE, "rd wr mr mw me ac nh " },
	{ RW, ANON | UMM_MAP_GROWSDOWN, 0, NO_FILE, "rd wr mr mw me gd ac " },
	{ RW, ANON | UMM_MAP_LOCKED, 0, NO_FILE, "rd wr mr mw me lo ac " },
	{ RW, SHARED | UMM_MAP_ANONYMOUS, 0, NO_FILE, "rd wr sh mr mw me ms " },
	{ R, SHARED | UMM_MAP_ANONYMOUS, 0, NO_FILE, "rd sh mr mw me ms " },
	{ RW, UMM_MAP_DROPPABLE | UMM_MAP_ANONYMOUS, 0, NO_FILE, "rd wr mr mw me nr wf dd dp " },
	{ RW, ANON | UMM_MAP_HUGETLB, 0, NO_FILE, "rd wr mr mw me de ht " },
	{ RW, ANON | UMM_MAP_HUGETLB | UMM_MAP_NORESERVE, 0, NO_FILE, "rd wr mr mw me de nr ht " },

	{ RW, PRIVATE, UMM_FILE_REGULAR, RW_FILE, "rd wr mr mw me ac " },
	{ RW, PRIVATE, UMM_FILE_REGULAR, UMM_FMODE_READ, "rd wr mr mw me ac " },
	{ RW, SHARED, UMM_FILE_REGULAR, RW_FILE, "rd wr sh mr mw me ms " },
	{ R, SHARED, UMM_FILE_REGULAR, UMM_FMODE_READ, "rd mr me ms " },
	{ R, UMM_MAP_SHARED_VALIDATE, UMM_FILE_REGULAR, RW_FILE, "rd sh mr mw me ms " },
	{ R, PRIVATE, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_NOEXEC, "rd mr mw " },
	{ R, UMM_MAP_SHARED_VALIDATE | UMM_MAP_SYNC, UMM_FILE_REGULAR, RW_FILE | UMM_FILE_SYNC_DAX,
	  "rd sh mr mw me ms sf " },
	{ R, SHARED, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_APPEND_ONLY, "rd mr me ms " },
	{ R, PRIVATE, UMM_FILE_REGULAR, RW_FILE | UMM_FILE_APPEND_ONLY, "rd mr mw me " },
	{ R, SHARED, UMM_FILE_SHMEM, RW_FILE | UMM_FILE_SEAL_WRITE, "rd sh mr me ms " },
	{ R, SHARED, UMM_FILE_SHMEM, RW_FILE | UMM_FILE_SEAL_FUTURE, "rd sh mr me ms " },
	{ RW, PRIVATE, UMM_FILE_SHMEM, RW_FILE | UMM_FILE_SEAL_WRITE, "rd wr mr mw me ac " },
	{ RW, PRIVATE, UMM_FILE_ZERO, RW_FILE, "rd wr mr mw me ac " },
	{ RW, SHARED, UMM_FILE_ZERO, RW_FILE, "rd wr sh mr mw me ms " },
	{ RW, SHARED, UMM_FILE_HUGETLB, RW_FILE, "rd wr sh mr mw me ms de ht " },
};

static void test_flags_made(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		const struct made *m = &made[i];
		struct umm_area area;
		struct lab lab;
		char text[128];

		lab_init(&lab);
		if (m->file_flags != NO_FILE)
			lab_file(&lab, m->kind, m->file_flags);
		lab_map(&lab, AT, 2 * MIB, m->prot, m->flags);
		assert_true(lab_area(&lab, AT, &area));
		umm_vm_flags_text(area.vm_flags, text, sizeof(text));
		if (strcmp(text, m->vm_flags))
			fail_msg("row %zu: \"%s\", expected \"%s\"", i, text, m->vm_flags);
		lab_destroy(&lab);
	}
}

/* MAP_SHARED_VALIDATE on a file: exactly these bits are not known. */
static void test_validated_flags(void **state)
{
	const uint64_t unknown = 0x600 | UMM_MAP_SYNC | UMM_MAP_FIXED_NOREPLACE | 0x3e00000 |
				 UINT64_C(0xffffffff80000000);
	/* Bits that mean something else, and are refused for that or not at all. */
	const uint64_t others = UMM_MAP_ANONYMOUS | UMM_MAP_GROWSDOWN | UMM_MAP_HUGETLB;

	(void)state;
	for (unsigned int bit = 4; bit < 64; bit++) {
		uint64_t flag = UINT64_C(1) << bit;
		struct lab lab;
		int64_t addr;

		if (flag & others)
			continue;
		lab_init(&lab);
		lab_file(&lab, UMM_FILE_REGULAR, RW_FILE);
		addr = umm_mmap(lab.mm, AT, PAGE, R, UMM_MAP_SHARED_VALIDATE | flag, lab.file, 0,
				NULL);
		if (flag & unknown ? addr != -UMM_EOPNOTSUPP : addr < 0)
			fail_msg("bit %u: %lld", bit, (long long)addr);
		/* MAP_SHARED ignores what it does not know. */
		addr = umm_mmap(lab.mm, AT + PAGE, PAGE, R, SHARED | flag, lab.file, 0, NULL);
		if (addr < 0)
			fail_msg("MAP_SHARED, bit %u: %lld", bit, (long long)addr);
		lab_destroy(&lab);
	}
}

/* With MAP_ANONYMOUS the descriptor is not looked at, nor is the offset. */
static void test_anonymous_ignores_file(void **state)
{
	struct umm_area area;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_NOT_MAPPABLE, 0);
	lab_map_offset(&lab, AT, PAGE, R, ANON, 8 * PAGE);
	assert_true(lab_area(&lab, AT, &area));
	assert_null(area.file);
	assert_int_equal(area.pgoff, AT / PAGE);
	lab_map_offset(&lab, AT, PAGE, R, SHARED | UMM_MAP_ANONYMOUS, 8 * PAGE);
	assert_true(lab_area(&lab, AT, &area));
	assert_ptr_not_equal(area.file, lab.file);
	assert_int_equal(area.pgoff, 0);
	lab_destroy(&lab);
}

/* The last page that an offset can name, of each kind of file. */
static void test_last_offset(void **state)
{
	const struct {
		enum umm_file_kind kind;
		enum umm_file_align align;
		uint32_t flags;
		bool limited;
	} kinds[] = {
		{ UMM_FILE_REGULAR, UMM_ALIGN_NONE, 0, true },
		{ UMM_FILE_REGULAR, UMM_ALIGN_THP, 0, true },
		{ UMM_FILE_REGULAR, UMM_ALIGN_NONE, UMM_FILE_LARGE_OFFSETS, false },
		{ UMM_FILE_SHMEM, UMM_ALIGN_NONE, 0, true },
		{ UMM_FILE_DEVICE, UMM_ALIGN_NONE, 0, false },
		{ UMM_FILE_DEVICE, UMM_ALIGN_NONE, UMM_FILE_SIGNED_OFFSETS, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct umm_file_desc desc;
		struct lab lab;
		int64_t addr;

		lab_init(&lab);
		umm_file_desc_init(&desc, kinds[i].kind);
		desc.align = kinds[i].align;
		desc.flags = UMM_FMODE_READ | kinds[i].flags;
		assert_int_equal(umm_file_new(lab.world, &desc, &lab.file), 0);
		addr = umm_mmap(lab.mm, AT, PAGE, R, PRIVATE, lab.file,
				UINT64_C(0x7fffffffffffe000), NULL);
		assert_int_equal(addr, AT);
		addr = umm_mmap(lab.mm, AT + PAGE, 2 * PAGE, R, PRIVATE, lab.file,
				UINT64_C(0x7fffffffffffe000), NULL);
		assert_int_equal(addr, kinds[i].limited ? -UMM_EOVERFLOW : (int64_t)(AT + PAGE));
		lab_destroy(&lab);
	}
}

/* What a personality adds: PROT_EXEC with PROT_READ, but not on a noexec mount. */
static void test_read_implies_exec(void **state)
{
	struct umm_area area;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	umm_mm_set_personality(lab.mm, UMM_READ_IMPLIES_EXEC);
	lab_map(&lab, AT, PAGE, R, ANON);
	assert_true(lab_area(&lab, AT, &area));
	assert_true(area.vm_flags & UMM_VM_EXEC);
	lab_map(&lab, AT, PAGE, W, ANON);
	assert_true(lab_area(&lab, AT, &area));
	assert_false(area.vm_flags & UMM_VM_EXEC);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R, -1, NULL), 0);
	assert_true(lab_area(&lab, AT, &area));
	assert_true(area.vm_flags & UMM_VM_EXEC);
	assert_int_equal(umm_brk(lab.mm, HEAP + PAGE, NULL), HEAP + PAGE);
	assert_true(lab_area(&lab, HEAP, &area));
	assert_true(area.vm_flags & UMM_VM_EXEC);

	lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_NOEXEC);
	lab_map(&lab, AT, PAGE, R, PRIVATE);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R, -1, NULL), 0);
	assert_true(lab_area(&lab, AT, &area));
	assert_false(area.vm_flags & UMM_VM_EXEC);
	lab_destroy(&lab);
}

static void test_mdwe(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, R, ANON);
	lab_map(&lab, AT + 4 * PAGE, PAGE, R | X, ANON);
	umm_mm_set_mdwe(lab.mm, true);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R | X, -1, NULL), -UMM_EACCES);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, RW, -1, NULL), 0);
	assert_int_equal(umm_mprotect(lab.mm, AT + 4 * PAGE, PAGE, X, -1, NULL), 0);
	assert_int_equal(umm_mprotect(lab.mm, AT + 4 * PAGE, PAGE, RW | X, -1, NULL), -UMM_EACCES);
	assert_int_equal(umm_mmap(lab.mm, 0, PAGE, RW | X, ANON, NULL, 0, NULL), -UMM_EACCES);
	assert_true(umm_mmap(lab.mm, 0, PAGE, R | X, ANON, NULL, 0, NULL) > 0);
	lab_destroy(&lab);
}

/* ---- hugetlb ----------------------------------------------------------------------------- */

static void test_hugetlb_pool(void **state)
{
	const uint64_t huge = ANON | UMM_MAP_HUGETLB;
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	lab_init(&lab);			/* four pages are free */
	lab_map(&lab, AT, 6 * MIB, RW, huge);
	assert_int_equal(umm_mmap(lab.mm, 0, 4 * MIB, RW, huge, NULL, 0, NULL), -UMM_ENOMEM);
	/* A child's copy takes nothing from the pool, and gives nothing back. */
	assert_int_equal(umm_fork(lab.mm, &child, NULL), 0);
	umm_mm_put(child);
	assert_int_equal(umm_mmap(lab.mm, 0, 4 * MIB, RW, huge, NULL, 0, NULL), -UMM_ENOMEM);
	assert_int_equal(umm_munmap(lab.mm, AT + 2 * MIB, 2 * MIB, NULL), 0);
	lab_map(&lab, AT + 32 * MIB, 4 * MIB, RW, huge);
	/* Refused over something else: that is gone, as in Linux. */
	lab_map(&lab, AT + 16 * MIB, 4 * MIB, RW, ANON);
	assert_int_equal(umm_mmap(lab.mm, AT + 16 * MIB, 2 * MIB, RW, huge | FIXED, NULL, 0, NULL),
			 -UMM_ENOMEM);
	assert_int_equal(lab_areas(&lab), 4);
	assert_int_equal(umm_world_committed(lab.world), 512);
	/* More than there is, but nothing is promised. */
	lab_map(&lab, AT + 64 * MIB, 32 * MIB, RW, huge | UMM_MAP_NORESERVE);
	assert_int_equal(umm_mprotect(lab.mm, AT + 64 * MIB, PAGE, R, -1, NULL), -UMM_EINVAL);
	assert_int_equal(umm_mprotect(lab.mm, AT + 64 * MIB, 2 * MIB, R, -1, NULL), 0);
	assert_int_equal(umm_munmap(lab.mm, 0, UINT64_C(0x7ffffffff000), NULL), 0);
	lab_map(&lab, AT, 8 * MIB, RW, huge);
	lab_destroy(&lab);
}

/* One that was imported is cut only where its pages end, too. */
static void test_hugetlb_imported(void **state)
{
	struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + 8 * MIB,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD | UMM_VM_HUGETLB | UMM_VM_DONTEXPAND,
		.name = UMM_NAME_FILE,
	};
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_HUGETLB, RW_FILE);
	area.file = lab.file;
	assert_int_equal(umm_area_import(lab.mm, &area), 0);
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, 0, -1, NULL), -UMM_EINVAL);
	assert_int_equal(umm_munmap(lab.mm, AT + 2 * MIB, 2 * MIB, NULL), 0);
	assert_int_equal(lab_areas(&lab), 2);
	lab_destroy(&lab);
}

/* They never merge, nor do other special areas. */
static void test_special_stay_apart(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_HUGETLB, RW_FILE);
	lab_map_offset(&lab, AT, 2 * MIB, R, SHARED, 0);
	lab_map_offset(&lab, AT + 2 * MIB, 2 * MIB, R, SHARED, 2 * MIB);
	assert_int_equal(lab_areas(&lab), 2);
	lab_destroy(&lab);
}

/* ---- objects that want to be closed ------------------------------------------------------ */

/* An area of such an object may grow, but none vanishes by merging. */
static void test_close(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_VM_CLOSE);
	lab_map_offset(&lab, AT, 2 * PAGE, R, PRIVATE, 0);
	assert_int_equal(umm_mprotect(lab.mm, AT + PAGE, PAGE, 0, -1, NULL), 0);
	assert_int_equal(lab_areas(&lab), 2);
	assert_int_equal(umm_mprotect(lab.mm, AT + PAGE, PAGE, R, -1, NULL), 0);
	assert_int_equal(lab_areas(&lab), 2);
	lab_map_offset(&lab, AT + 2 * PAGE, PAGE, R, PRIVATE, 2 * PAGE);
	assert_int_equal(lab_areas(&lab), 2);
	lab_destroy(&lab);
}

static void test_special_mapping(void **state)
{
	struct umm_area area;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_import(&lab, UMM_VM_EXEC | UMM_VM_MAYWRITE | UMM_VM_MAYEXEC | UMM_VM_DONTEXPAND,
		   UMM_NAME_VDSO);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, R, -1, NULL), -UMM_EINVAL);
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(umm_mmap(lab.mm, AT, PAGE, R, ANON | FIXED, NULL, 0, NULL), -UMM_EINVAL);
	/* The whole of it may be changed, and becomes accountable. */
	assert_int_equal(umm_mprotect(lab.mm, AT, 2 * PAGE, RW | X, -1, NULL), 0);
	assert_true(lab_area(&lab, AT, &area));
	assert_true(area.vm_flags & UMM_VM_ACCOUNT);
	assert_int_equal(umm_munmap(lab.mm, AT, 2 * PAGE, NULL), 0);
	lab_destroy(&lab);
}

/* ---- /dev/zero --------------------------------------------------------------------------- */

static void test_zero(void **state)
{
	struct umm_area area, other;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_ZERO, RW_FILE);
	/* Private: anonymous memory with a name; merges by the file's offset, not with others. */
	lab_map_offset(&lab, AT, PAGE, RW, PRIVATE, 0);
	lab_map_offset(&lab, AT + PAGE, PAGE, RW, PRIVATE, PAGE);
	assert_int_equal(lab_areas(&lab), 1);
	lab_map_file(&lab, AT + 2 * PAGE, PAGE, RW, ANON, NULL, 0);
	assert_int_equal(lab_areas(&lab), 2);
	assert_true(lab_area(&lab, AT, &area));
	assert_ptr_equal(area.file, lab.file);
	/* Never written, so read-only drops the charge: it is anonymous. */
	assert_int_equal(umm_mprotect(lab.mm, AT, 2 * PAGE, R, -1, NULL), 0);
	assert_int_equal(umm_world_committed(lab.world), 1);

	/* Shared: each mapping is an object of its own, and charged. */
	lab_map(&lab, AT + 8 * PAGE, PAGE, RW, SHARED);
	lab_map(&lab, AT + 9 * PAGE, PAGE, RW, SHARED);
	assert_true(lab_area(&lab, AT + 8 * PAGE, &area));
	assert_true(lab_area(&lab, AT + 9 * PAGE, &other));
	assert_ptr_not_equal(area.file, lab.file);
	assert_ptr_not_equal(area.file, other.file);
	assert_int_equal(umm_world_committed(lab.world), 3);
	lab_destroy(&lab);
}

/* ---- shared anonymous memory ------------------------------------------------------------- */

/* The object is charged whole, once, and until its last piece goes. */
static void test_shmem_charge(void **state)
{
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 8 * PAGE, R, SHARED | UMM_MAP_ANONYMOUS);
	assert_int_equal(umm_world_committed(lab.world), 8);
	assert_int_equal(umm_munmap(lab.mm, AT + 2 * PAGE, 2 * PAGE, NULL), 0);
	assert_int_equal(umm_world_committed(lab.world), 8);
	assert_int_equal(umm_fork(lab.mm, &child, NULL), 0);
	assert_int_equal(umm_world_committed(lab.world), 8);
	assert_int_equal(umm_munmap(lab.mm, AT, 8 * PAGE, NULL), 0);
	assert_int_equal(umm_world_committed(lab.world), 8);
	umm_mm_put(child);
	assert_int_equal(umm_world_committed(lab.world), 0);
	lab_map(&lab, AT, 8 * PAGE, R, SHARED | UMM_MAP_ANONYMOUS | UMM_MAP_NORESERVE);
	assert_int_equal(umm_world_committed(lab.world), 0);
	/* The pieces of one object merge again; two objects never do. */
	assert_int_equal(umm_mprotect(lab.mm, AT + PAGE, PAGE, RW, -1, NULL), 0);
	assert_int_equal(lab_areas(&lab), 3);
	assert_int_equal(umm_mprotect(lab.mm, AT + PAGE, PAGE, R, -1, NULL), 0);
	assert_int_equal(lab_areas(&lab), 1);
	lab_map(&lab, AT + 8 * PAGE, PAGE, R, SHARED | UMM_MAP_ANONYMOUS | UMM_MAP_NORESERVE);
	assert_int_equal(lab_areas(&lab), 2);
	lab_destroy(&lab);
}

/* ---- fork -------------------------------------------------------------------------------- */

static void test_fork_flags(void **state)
{
	const uint64_t anon = UMM_VM_WRITE | UMM_VM_MAYWRITE | UMM_VM_MAYEXEC | UMM_VM_ACCOUNT;
	struct umm_area area;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_import(&lab, anon | UMM_VM_WIPEONFORK | UMM_VM_LOCKED, UMM_NAME_NONE);
	lab_write(&lab, AT);
	assert_true(lab_area(&lab, AT, &area));
	assert_int_equal(area.anon, UMM_ANON_OWN);
	lab_become_child(&lab);
	assert_true(lab_area(&lab, AT, &area));
	assert_int_equal(area.anon, UMM_ANON_NONE);
	assert_true(area.vm_flags & UMM_VM_WIPEONFORK);
	assert_false(area.vm_flags & UMM_VM_LOCKED);
	assert_int_equal(umm_munmap(lab.mm, AT, 2 * PAGE, NULL), 0);

	lab_import(&lab, anon | UMM_VM_DONTCOPY, UMM_NAME_NONE);
	lab_become_child(&lab);
	assert_int_equal(lab_areas(&lab), 0);
	assert_int_equal(umm_world_committed(lab.world), 0);
	lab_destroy(&lab);
}

/* The charge of a stack that is not accounted is lost for good, as in Linux. */
static void test_readonly_stack(void **state)
{
	struct umm_mm_stats stats;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, R, ANON | UMM_MAP_GROWSDOWN);
	assert_int_equal(umm_fault(lab.mm, AT - 3 * PAGE, UMM_ACCESS_READ, NULL), 0);
	umm_mm_stats(lab.mm, &stats);
	assert_int_equal(stats.stack_vm, 4);
	assert_int_equal(stats.charged, 0);
	assert_int_equal(umm_world_committed(lab.world), 3);
	umm_mm_put(lab.mm);
	assert_int_equal(umm_world_committed(lab.world), 3);
	umm_world_free(lab.world);
	assert_int_equal(lab.memory.bytes, 0);
}

/* ---- limits that a small window does not show -------------------------------------------- */

/* A soft limit of 0 is from before RLIMIT_DATA counted mmap: the hard one counts then. */
static void test_data_limit_zero(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_mm_set_rlimit(lab.mm, UMM_RLIMIT_DATA, 0, 4 * PAGE), 0);
	assert_true(umm_mmap(lab.mm, 0, 4 * PAGE, RW, ANON, NULL, 0, NULL) > 0);
	assert_int_equal(umm_mmap(lab.mm, 0, PAGE, RW, ANON, NULL, 0, NULL), -UMM_ENOMEM);
	assert_int_equal(umm_brk(lab.mm, HEAP + 1, NULL), HEAP);
	lab_destroy(&lab);
}

/* vm.overcommit_memory=2: half of a million pages, less the reserves. */
static void test_overcommit_never(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab.settings.overcommit_memory = 2;
	lab.settings.overcommit_kbytes = 400;		/* 100 pages */
	lab.settings.admin_reserve_kbytes = 40;		/* 10 of them */
	lab.settings.user_reserve_kbytes = 0;
	lab_settings_changed(&lab);
	assert_int_equal(umm_mmap(lab.mm, 0, 90 * PAGE, RW, ANON, NULL, 0, NULL), -UMM_ENOMEM);
	umm_mm_set_caps(lab.mm, UMM_CAP_SYS_ADMIN);
	assert_true(umm_mmap(lab.mm, 0, 90 * PAGE, RW, ANON, NULL, 0, NULL) > 0);
	/* MAP_NORESERVE means nothing here. */
	assert_int_equal(umm_mmap(lab.mm, 0, 10 * PAGE, RW, ANON | UMM_MAP_NORESERVE, NULL, 0,
				  NULL), -UMM_ENOMEM);
	assert_true(umm_mmap(lab.mm, 0, 9 * PAGE, RW, ANON, NULL, 0, NULL) > 0);
	assert_int_equal(umm_mmap(lab.mm, 0, PAGE, RW, ANON, NULL, 0, NULL), -UMM_ENOMEM);
	lab_destroy(&lab);
}

/* After mlockall(MCL_FUTURE): every new area is locked, and counts against the limit. */
static void test_lock_future(void **state)
{
	struct umm_area area;
	struct umm_mm_stats stats;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_limit(&lab, UMM_RLIMIT_MEMLOCK, 8 * PAGE);
	umm_mm_set_def_flags(lab.mm, UMM_VM_LOCKED);
	lab_map(&lab, AT, 4 * PAGE, 0, ANON);
	assert_true(lab_area(&lab, AT, &area));
	assert_true(area.vm_flags & UMM_VM_LOCKED);
	assert_int_equal(umm_brk(lab.mm, HEAP + 2 * PAGE, NULL), HEAP + 2 * PAGE);
	assert_true(lab_area(&lab, HEAP, &area));
	assert_true(area.vm_flags & UMM_VM_LOCKED);
	/* What is locked is filled, and what is filled is written. */
	assert_int_equal(area.anon, UMM_ANON_OWN);
	umm_mm_stats(lab.mm, &stats);
	assert_int_equal(stats.locked_vm, 6);
	assert_int_equal(umm_mmap(lab.mm, 0, 3 * PAGE, R, ANON, NULL, 0, NULL), -UMM_EAGAIN);
	assert_int_equal(umm_brk(lab.mm, HEAP + 5 * PAGE, NULL), HEAP + 2 * PAGE);
	umm_mm_set_caps(lab.mm, UMM_CAP_IPC_LOCK);
	assert_true(umm_mmap(lab.mm, 0, 3 * PAGE, R, ANON, NULL, 0, NULL) > 0);
	lab_destroy(&lab);
}

/* Where huge pages are on, a read fault prepares what a write would: the huge zero page. */
static void test_huge_read_fault(void **state)
{
	struct umm_area area;

	(void)state;
	for (int always = 0; always < 2; always++) {
		struct lab lab;

		lab_init(&lab);
		lab.settings.thp_configured = true;
		lab.settings.thp_enabled = always ? UMM_THP_ALWAYS : UMM_THP_MADVISE;
		lab_settings_changed(&lab);
		lab_map(&lab, AT, 4 * MIB, RW, ANON);
		assert_int_equal(umm_fault(lab.mm, AT + MIB, UMM_ACCESS_READ, NULL), 0);
		assert_true(lab_area(&lab, AT, &area));
		assert_int_equal(area.anon, always ? UMM_ANON_OWN : UMM_ANON_NONE);

		/* Not where they are unwanted, nor where none fits, nor in a file. */
		lab_map(&lab, AT, 4 * MIB, RW, ANON | UMM_MAP_STACK);
		assert_int_equal(umm_fault(lab.mm, AT + MIB, UMM_ACCESS_READ, NULL), 0);
		assert_true(lab_area(&lab, AT, &area));
		assert_int_equal(area.anon, UMM_ANON_NONE);
		lab_map(&lab, AT + PAGE, 3 * MIB, RW, ANON);
		assert_int_equal(umm_fault(lab.mm, AT + MIB, UMM_ACCESS_READ, NULL), 0);
		assert_int_equal(umm_fault(lab.mm, AT + 2 * MIB + MIB, UMM_ACCESS_READ, NULL), 0);
		assert_true(lab_area(&lab, AT + MIB, &area));
		assert_int_equal(area.anon, UMM_ANON_NONE);
		lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
		lab_map(&lab, AT, 4 * MIB, RW, PRIVATE);
		assert_int_equal(umm_fault(lab.mm, AT + MIB, UMM_ACCESS_READ, NULL), 0);
		assert_true(lab_area(&lab, AT, &area));
		assert_int_equal(area.anon, UMM_ANON_NONE);
		lab_destroy(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags_made),
		cmocka_unit_test(test_validated_flags),
		cmocka_unit_test(test_anonymous_ignores_file),
		cmocka_unit_test(test_last_offset),
		cmocka_unit_test(test_read_implies_exec),
		cmocka_unit_test(test_mdwe),
		cmocka_unit_test(test_hugetlb_pool),
		cmocka_unit_test(test_hugetlb_imported),
		cmocka_unit_test(test_special_stay_apart),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_special_mapping),
		cmocka_unit_test(test_zero),
		cmocka_unit_test(test_shmem_charge),
		cmocka_unit_test(test_fork_flags),
		cmocka_unit_test(test_readonly_stack),
		cmocka_unit_test(test_data_limit_zero),
		cmocka_unit_test(test_overcommit_never),
		cmocka_unit_test(test_lock_future),
		cmocka_unit_test(test_huge_read_fault),
	};

	return cmocka_run_group_tests_name("objects", tests, NULL, NULL);
}
