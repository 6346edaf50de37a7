/*
 * test_corners.c - corners that no other test met: each was shown by a mutant that lived.
 *
 * What a case asserts is what Linux does; tests/mutants has the line of src/ that it is about.
 */
#include "api/handles.h"
#include "base/world.h"
#include "space/file.h"

#include "exec_lab.h"

#define PIE UINT64_C(0x555555554000)

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_init(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_destroy(&lab);
	return 0;
}

static uint64_t anon_at(uint64_t addr)
{
	struct umm_area area;

	assert_true(lab_area(&lab, addr, &area));
	return area.anon_id;
}

static struct umm_mm_stats stats(void)
{
	struct umm_mm_stats got;

	umm_mm_stats(lab.mm, &got);
	return got;
}

static struct umm_layout layout(void)
{
	struct umm_layout got = { .size = sizeof(got) };

	umm_mm_get_layout(lab.mm, &got);
	return got;
}

/* ---- areas ---------------------------------------------------------------------------------- */

/*
 * Nobody writes to the second generation's any more when the fourth is forked, and it has one
 * child: it is used again.  The first has itself for a child, and so never is.
 */
static void test_generations(void **state)
{
	uint64_t id[4];

	(void)state;
	lab_map(&lab, AT, PAGE, RW, ANON);
	lab_write(&lab, AT);
	id[0] = anon_at(AT);
	for (size_t i = 1; i < 4; i++) {
		lab_become_child(&lab);
		id[i] = anon_at(AT);
	}
	assert_true(id[0] != id[1] && id[0] != id[2] && id[1] != id[2]);
	assert_int_equal(id[3], id[1]);
}

/* Pages under different policies are looked for in different places. */
static void test_policies_part(void **state)
{
	uint64_t word = 1;
	struct umm_nodemask node = { &word, 65, 1 };

	(void)state;
	lab_map(&lab, AT, 3 * PAGE, RW, ANON);
	assert_int_equal(umm_mbind(lab.mm, AT + PAGE, PAGE, UMM_MPOL_BIND, &node, 0, UINT64_MAX,
				   NULL), 0);
	for (uint64_t i = 0; i < 3; i++)
		lab_write(&lab, AT + i * PAGE);
	assert_int_equal(lab_areas(&lab), 3);
	assert_true(anon_at(AT) != anon_at(AT + PAGE));
	assert_true(anon_at(AT + PAGE) != anon_at(AT + 2 * PAGE));
}

/* What was locked before anybody followed is locked, until it goes. */
static void test_imported_locks(void **state)
{
	(void)state;
	lab_import(&lab, UMM_VM_LOCKED, UMM_NAME_NONE);
	assert_int_equal(stats().locked_vm, 2);
	assert_int_equal(umm_munmap(lab.mm, AT, PAGE, NULL), 0);
	assert_int_equal(stats().locked_vm, 1);
}

/* A read of memory where a huge page just fits gives it an anon_vma; a page less does not. */
static void test_huge_page_just_fits(void **state)
{
	struct umm_area area;

	(void)state;
	lab.settings.thp_configured = true;
	lab.settings.thp_enabled = UMM_THP_ALWAYS;
	lab_settings_changed(&lab);
	lab_map(&lab, AT, 2 * MIB, RW, ANON);
	lab_map(&lab, AT + 4 * MIB, 2 * MIB - PAGE, RW, ANON);
	for (uint64_t at = AT; at <= AT + 4 * MIB; at += 4 * MIB) {
		assert_int_equal(umm_fault(lab.mm, at, UMM_ACCESS_READ, NULL), UMM_FAULT_OK);
		assert_true(lab_area(&lab, at, &area));
		assert_int_equal(area.anon, at == AT ? UMM_ANON_OWN : UMM_ANON_NONE);
	}
}

/* MAP_NONBLOCK takes MAP_POPULATE back. */
static void test_not_populated(void **state)
{
	(void)state;
	lab_map(&lab, AT, PAGE, RW, ANON | UMM_MAP_POPULATE | UMM_MAP_NONBLOCK);
	assert_int_equal(anon_at(AT), 0);
	lab_map(&lab, AT + 2 * PAGE, PAGE, RW, ANON | UMM_MAP_POPULATE);
	assert_true(anon_at(AT + 2 * PAGE) != 0);
}

/* Locked in another way is locked once. */
static void test_locked_once(void **state)
{
	(void)state;
	lab_map(&lab, AT, 3 * PAGE, RW, ANON);
	assert_int_equal(umm_mlock(lab.mm, AT, 2 * PAGE, 0, NULL), 0);
	assert_int_equal(umm_mlock(lab.mm, AT, 3 * PAGE, UMM_MLOCK_ONFAULT, NULL), 0);
	assert_int_equal(stats().locked_vm, 3);
}

/* A sealed area stays where it is, also as long as it is. */
static void test_sealed_stays(void **state)
{
	(void)state;
	lab_map(&lab, AT, PAGE, RW, ANON);
	assert_int_equal(umm_mseal(lab.mm, AT, PAGE, 0, NULL), 0);
	assert_int_equal(umm_mremap(lab.mm, AT, PAGE, PAGE,
				    UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, AT + 4 * PAGE, NULL),
			 -UMM_EPERM);
	assert_int_equal(umm_munmap(lab.mm, AT, PAGE, NULL), -UMM_EPERM);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, RW, -1, NULL), -UMM_EPERM);
}

/* A hole in the middle: mseal does nothing at all, and a policy is refused unless it is none. */
static void test_hole_in_the_middle(void **state)
{
	uint64_t word = 1;
	struct umm_nodemask node = { &word, 65, 1 }, none = { NULL, 0, 0 };
	struct umm_area area;

	(void)state;
	lab_map(&lab, AT, PAGE, RW, ANON);
	lab_map(&lab, AT + 2 * PAGE, PAGE, RW, ANON);
	assert_int_equal(umm_mseal(lab.mm, AT, 3 * PAGE, 0, NULL), -UMM_ENOMEM);
	assert_true(lab_area(&lab, AT, &area));
	assert_false(area.vm_flags & UMM_VM_SEALED);
	assert_int_equal(umm_mbind(lab.mm, AT, 3 * PAGE, UMM_MPOL_BIND, &node, 0, UINT64_MAX,
				   NULL), -UMM_EFAULT);
	assert_int_equal(umm_mbind(lab.mm, AT, 3 * PAGE, UMM_MPOL_INTERLEAVE, &node, 0,
				   UINT64_MAX, NULL), -UMM_EFAULT);
	assert_int_equal(umm_mbind(lab.mm, AT, 3 * PAGE, UMM_MPOL_DEFAULT, &none, 0, UINT64_MAX,
				   NULL), 0);
}

/* ---- limits --------------------------------------------------------------------------------- */

/* RLIMIT_DATA is for data and heap together. */
static void test_brk_counts_data(void **state)
{
	struct umm_layout with_data = layout();

	(void)state;
	with_data.start_data = AT;
	with_data.end_data = AT + 2 * PAGE;
	umm_mm_set_layout(lab.mm, &with_data);
	lab_limit(&lab, UMM_RLIMIT_DATA, 4 * PAGE);
	assert_int_equal(umm_brk(lab.mm, HEAP + 2 * PAGE + 1, NULL), HEAP);
	assert_int_equal(umm_brk(lab.mm, HEAP + 2 * PAGE, NULL), HEAP + 2 * PAGE);
}

/* A soft limit of 0 was once set for brk alone: mmap goes by the hard one. */
static void test_data_limit_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(umm_mm_set_rlimit(lab.mm, UMM_RLIMIT_DATA, 0, 2 * PAGE), 0);
	lab_map(&lab, AT, 2 * PAGE, RW, ANON);
	assert_int_equal(umm_mmap(lab.mm, AT + 2 * PAGE, PAGE, RW, ANON | FIXED, NULL, 0, NULL),
			 -UMM_ENOMEM);
}

/* Strict overcommit: half of memory, and swap, less what the administrator keeps for himself. */
static void test_strict_overcommit(void **state)
{
	(void)state;
	lab.settings.overcommit_memory = 2;
	lab.settings.totalram_pages = 1000;
	lab.settings.overcommit_ratio = 50;
	lab.settings.overcommit_kbytes = 0;
	lab.settings.total_swap_pages = 100;
	lab.settings.hugetlb_pages = 0;
	lab.settings.admin_reserve_kbytes = 40 * 4;
	lab.settings.user_reserve_kbytes = 0;
	lab_settings_changed(&lab);
	for (unsigned int admin = 0; admin < 2; admin++) {
		uint64_t limit = admin ? 600 : 560;

		umm_mm_set_caps(lab.mm, admin ? UMM_CAP_SYS_ADMIN : 0);
		assert_int_equal(umm_mmap(lab.mm, AT, limit * PAGE, RW, ANON | FIXED, NULL, 0,
					  NULL), -UMM_ENOMEM);
		lab_map(&lab, AT, (limit - 1) * PAGE, RW, ANON);
		assert_int_equal(umm_munmap(lab.mm, AT, limit * PAGE, NULL), 0);
	}
}

/* What the charge was when the world's lock was taken for write; did it change under the lock? */
static struct {
	struct umm_platform platform;		/* as it was */
	struct umm_mm *mm;			/* whose; NULL: nobody looks */
	int64_t before;
	bool charged_inside;
} spied;

static int64_t charge(void)
{
	return spied.mm ? commit_held(&to_mm(spied.mm)->charged) : 0;
}

static void spy_on_lock(void *ctx, struct umm_lock *lock)
{
	spied.platform.write_lock(ctx, lock);
	if (lab.world && lock == &to_world(lab.world)->lock)
		spied.before = charge();
}

static void spy_on_unlock(void *ctx, struct umm_lock *lock)
{
	if (lab.world && lock == &to_world(lab.world)->lock)
		spied.charged_inside |= charge() != spied.before;
	spied.platform.write_unlock(ctx, lock);
}

/*
 * In strict overcommit the question and the charge are one step: nobody asks between them, who
 * takes the world's lock to ask.
 */
static void test_asked_and_charged_at_once(void **state)
{
	(void)state;
	spied.platform = lab.memory.platform;
	lab.memory.platform.write_lock = spy_on_lock;
	lab.memory.platform.write_unlock = spy_on_unlock;
	for (lab.settings.overcommit_memory = 0; lab.settings.overcommit_memory <= 2;
	     lab.settings.overcommit_memory++) {
		umm_mm_put(lab.mm);
		umm_world_free(lab.world);
		lab.world = NULL;
		assert_int_equal(umm_world_new(&lab.memory.platform, &lab.settings, &lab.world), 0);
		assert_int_equal(umm_mm_new(lab.world, &lab.mm), 0);
		spied.charged_inside = false;
		spied.mm = lab.mm;
		lab_map(&lab, AT, 4 * PAGE, RW, ANON);
		assert_int_equal(charge(), 4);
		spied.mm = NULL;
		assert_int_equal(spied.charged_inside, lab.settings.overcommit_memory == 2);
	}
}

static unsigned int nr_closed;

static void count_close(struct world *world, struct vm_area_struct *vma)
{
	(void)world;
	(void)vma;
	nr_closed++;
}

static long set_operations_and_refuse(struct mm_struct *mm, struct vm_area_struct *vma,
				      struct umm_why *why)
{
	static const struct vm_operations_struct operations = { .close = count_close };

	(void)mm;
	(void)why;
	vma->vm_ops = &operations;
	return -UMM_ENODEV;
}

/* What an object refused was never opened, and is not closed, whatever it did before. */
static void test_refused_is_not_closed(void **state)
{
	static const struct file_operations operations = { .mmap = set_operations_and_refuse };

	(void)state;
	lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	to_file(lab.file)->f_op = &operations;
	assert_int_equal(umm_mmap(lab.mm, AT, PAGE, R, SHARED | FIXED, lab.file, 0, NULL),
			 -UMM_ENODEV);
	assert_int_equal(nr_closed, 0);
	assert_int_equal(lab_areas(&lab), 0);
}

/* What a segment had of kernel.shmall comes back with it, the part of a page too. */
static void test_segments_come_back(void **state)
{
	(void)state;
	lab.settings.shmall = 2;
	lab_settings_changed(&lab);
	for (unsigned int i = 0; i < 4; i++) {
		int64_t id = umm_shmget(lab.mm, UMM_IPC_PRIVATE, PAGE + 1, 0600, NULL);

		assert_true(id >= 0);
		assert_int_equal(umm_shmctl(lab.mm, (int32_t)id, UMM_IPC_RMID, NULL, NULL), 0);
	}
}

/* A ring has four events for each processor at least, twice, and two more. */
static void test_ring_of_many_processors(void **state)
{
	umm_addr_t ring;

	(void)state;
	lab_map(&lab, AT, PAGE, RW, ANON);
	assert_int_equal(umm_io_setup(lab.mm, 1, AT, 0, 16, &ring, NULL), 0);
	assert_int_equal(stats().total_vm, 1 + 2);
	assert_int_equal(umm_io_setup(lab.mm, 1, AT, 0, 8, &ring, NULL), 0);
	assert_int_equal(stats().total_vm, 1 + 2 + 1);
}

/* A rule holds from its first version up to, but not with, the one that ended it. */
static void test_versions_of_rules(void **state)
{
	unsigned int ended = 0;

	(void)state;
	for (unsigned int rule = 0; rule < umm_rule_count(); rule++) {
		struct umm_settings settings = lab.settings;
		struct umm_rule_info info;
		struct umm_world *world;

		assert_int_equal(umm_rule_info(rule, &info), 0);
		for (unsigned int at_end = 0; at_end < (info.until ? 2u : 1u); at_end++) {
			settings.kernel = at_end ? info.until : info.since;
			if (settings.kernel < UMM_KERNEL(4, 0) ||
			    settings.kernel > UMM_KERNEL_NEWEST)
				continue;	/* no world is made for those */
			assert_int_equal(umm_world_new(&lab.memory.platform, &settings, &world), 0);
			assert_int_equal(umm_world_rule(world, rule), !at_end);
			umm_world_free(world);
			ended += at_end;
		}
	}
	assert_true(ended > 0);
}

/* ---- exec ----------------------------------------------------------------------------------- */

static void load(struct exec_lab *x)
{
	lab_limit(&lab, UMM_RLIMIT_STACK, 8 * MIB);
	assert_true(exec_lab_load(x) > 0);
}

/* The base of a program that has an interpreter is rounded down to what its segments want. */
static void test_aligned_program(void **state)
{
	struct elf_segment segments[] = {
		{ SEG_INTERP, SEG_R, 0x1000, 0x1000, 11, 11, 1 },
		{ SEG_LOAD, SEG_RX, 0, 0, 0x2000, 0x2000, 2 * MIB },
	};
	struct exec_lab x;

	(void)state;
	exec_lab_init(&x, &lab);
	exec_lab_pie(&x);
	exec_lab_segments(&x, ELF_DYN, segments, 2);
	elf_put_text(&x.program, 0x1000, "/lib/ld.so");
	load(&x);
	assert_int_equal(x.result.load_bias, PIE & ~(2 * MIB - 1));
	exec_lab_destroy(&x);
}

/* The data ends with the segment that ends highest, in whatever order they stand. */
static void test_end_of_data(void **state)
{
	struct elf_segment segments[] = {
		{ SEG_LOAD, SEG_RX, 0x1000, 0x401000, 0x1000, 0x1000, PAGE },
		{ SEG_LOAD, SEG_RW, 0x2000, 0x405000, 0x800, 0x800, PAGE },
		{ SEG_LOAD, SEG_R, 0x3000, 0x403000, 0x1000, 0x1000, PAGE },
	};
	struct exec_lab x;

	(void)state;
	exec_lab_init(&x, &lab);
	exec_lab_segments(&x, ELF_EXEC, segments, 3);
	load(&x);
	assert_int_equal(layout().end_data, 0x405800);
	assert_int_equal(layout().end_code, 0x402000);
	exec_lab_destroy(&x);
}

/* However many pointers lie above it, the stack pointer is a multiple of 16. */
static void test_stack_pointer(void **state)
{
	struct exec_lab x;

	(void)state;
	exec_lab_init(&x, &lab);
	for (uint64_t argc = 1; argc <= 4; argc++) {
		struct umm_mm *old = lab.mm;

		assert_int_equal(umm_exec(old, &lab.mm), 0);
		umm_mm_put(old);
		x.desc.args.argc = argc;
		load(&x);
		assert_int_equal(x.result.stack_pointer % 16, 0);
	}
	exec_lab_destroy(&x);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_generations),
		CASE(test_policies_part),
		CASE(test_imported_locks),
		CASE(test_huge_page_just_fits),
		CASE(test_not_populated),
		CASE(test_locked_once),
		CASE(test_sealed_stays),
		CASE(test_hole_in_the_middle),
		CASE(test_strict_overcommit),
		CASE(test_asked_and_charged_at_once),
		CASE(test_refused_is_not_closed),
		CASE(test_segments_come_back),
		CASE(test_versions_of_rules),
		CASE(test_brk_counts_data),
		CASE(test_data_limit_of_nothing),
		CASE(test_ring_of_many_processors),
		CASE(test_aligned_program),
		CASE(test_end_of_data),
		CASE(test_stack_pointer),
	};

	return cmocka_run_group_tests_name("corners", tests, NULL, NULL);
}
