/*
 * test_clone.c - a clone is the same, stays the same under the same calls, and takes nothing along.
 */
#include "lab.h"

#define WINDOW 24			/* pages */
#define STEPS 3000

struct step {
	unsigned int what;
	uint64_t page, pages, prot;
};

static struct step any_step(struct unit_random *random)
{
	struct step step = {
		.what = (unsigned int)unit_random_below(random, 5),
		.page = unit_random_below(random, WINDOW),
		.prot = unit_random_below(random, 4) ? RW : R,
	};

	step.pages = 1 + unit_random_below(random, WINDOW - step.page);
	return step;
}

static int64_t do_step(struct umm_mm *mm, struct umm_file *file, const struct step *step)
{
	uint64_t addr = AT + step->page * PAGE, len = step->pages * PAGE;

	switch (step->what) {
	case 0:
		return umm_mmap(mm, addr, len, step->prot, ANON | FIXED, NULL, 0, NULL);
	case 1:
		return umm_mmap(mm, addr, len, step->prot, PRIVATE | FIXED, file, step->page * PAGE,
				NULL);
	case 2:
		return umm_munmap(mm, addr, len, NULL);
	case 3:
		return umm_mprotect(mm, addr, len, step->prot, -1, NULL);
	default:
		return umm_fault(mm, addr, UMM_ACCESS_WRITE, NULL);
	}
}

/* Sometimes the process becomes its own child: then there are anon_vmas of ancestors. */
static void maybe_become_child(struct lab *lab, struct unit_random *random)
{
	struct umm_mm *child;

	if (unit_random_below(random, 100))
		return;
	assert_int_equal(umm_fork(lab->mm, &child, NULL), 0);
	umm_mm_put(lab->mm);
	lab->mm = child;
}

static void test_random_histories(void **state)
{
	struct unit_random random = unit_random_init();
	uint64_t steps = unit_iterations(STEPS);
	struct umm_mm *clone = NULL;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	for (uint64_t i = 0; i < steps; i++) {
		struct step step = any_step(&random);

		if (!clone) {
			int64_t committed = umm_world_committed(lab.world);

			maybe_become_child(&lab, &random);
			assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
			assert_int_equal(umm_world_committed(lab.world), committed);
			assert_true(umm_mm_is_valid(clone));
		}
		assert_int_equal(do_step(lab.mm, lab.file, &step),
				 do_step(clone, lab.file, &step));
		assert_true(umm_mm_is_valid(clone));
		assert_true(umm_mm_same(lab.mm, clone));
		assert_true(umm_mm_same(clone, lab.mm));
		if (unit_random_below(&random, 8) == 0) {
			umm_mm_put(clone);
			clone = NULL;
			assert_true(umm_mm_is_valid(lab.mm));
		}
	}
	if (clone)
		umm_mm_put(clone);
	lab_destroy(&lab);
}

/* What is done to the clone alone is seen there alone. */
static void test_apart(void **state)
{
	struct umm_area area = { .size = sizeof(area) };
	struct umm_mm *clone;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	assert_int_equal(umm_fault(clone, AT, UMM_ACCESS_WRITE, NULL), 0);
	assert_true(lab_area(&lab, AT, &area) && area.anon == UMM_ANON_NONE);
	assert_false(umm_mm_same(lab.mm, clone));
	lab_write(&lab, AT + PAGE);
	assert_true(umm_mm_same(lab.mm, clone));	/* another id, the same answers */
	umm_mm_put(clone);
	lab_destroy(&lab);
}

/* A fault before a cut gives both halves one anon_vma, two faults after it one each. */
static void test_anon_vmas_tell_them_apart(void **state)
{
	struct umm_mm *clone;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 3 * PAGE, RW, ANON);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	lab_write(&lab, AT);
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), 0);
	assert_int_equal(umm_munmap(clone, AT + PAGE, PAGE, NULL), 0);
	assert_int_equal(umm_fault(clone, AT, UMM_ACCESS_WRITE, NULL), 0);
	assert_false(umm_mm_same(lab.mm, clone));
	assert_int_equal(umm_fault(clone, AT + 2 * PAGE, UMM_ACCESS_WRITE, NULL), 0);
	assert_false(umm_mm_same(lab.mm, clone));
	assert_int_equal(umm_munmap(lab.mm, AT, PAGE, NULL), 0);
	assert_int_equal(umm_munmap(clone, AT, PAGE, NULL), 0);
	assert_true(umm_mm_same(lab.mm, clone));	/* the other half alone does not tell */
	umm_mm_put(clone);
	lab_destroy(&lab);
}

/* ---- what tells two apart ------------------------------------------------------------------- */

/*
 * AT		4 pages, written
 * AT + 8	2 pages of a file
 * AT + 16	2 pages, the vvar
 * AT + 24	8 pages with a guard
 * AT + 48	2 pages, never written
 */
static void build(struct lab *lab)
{
	struct umm_area vvar = {
		.size = sizeof(vvar), .start = AT + 16 * PAGE, .end = AT + 18 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD | UMM_VM_DONTEXPAND,
		.name = UMM_NAME_VVAR,
	};

	lab_init(lab);
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	lab_map(lab, AT + 8 * PAGE, 2 * PAGE, R, PRIVATE);
	lab->settings.ksm_configured = true;
	lab_settings_changed(lab);
	assert_int_equal(umm_area_import(lab->mm, &vvar), 0);
	assert_int_equal(umm_mmap(lab->mm, AT, 4 * PAGE, RW, ANON | FIXED, NULL, 0, NULL), AT);
	lab_write(lab, AT);
	assert_int_equal(umm_mmap(lab->mm, AT + 48 * PAGE, 2 * PAGE, RW, ANON | FIXED, NULL, 0,
				  NULL), AT + 48 * PAGE);
	assert_int_equal(umm_mmap(lab->mm, AT + 24 * PAGE, 8 * PAGE, RW, ANON | FIXED, NULL, 0,
				  NULL), AT + 24 * PAGE);
	assert_int_equal(umm_madvise(lab->mm, AT + 26 * PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL),
			 0);
}

static void mdwe(struct umm_mm *mm)
{
	umm_mm_set_mdwe(mm, true);
}

static void caps(struct umm_mm *mm)
{
	umm_mm_set_caps(mm, UMM_CAP_IPC_LOCK);
}

static void soft_limit(struct umm_mm *mm)
{
	umm_mm_set_rlimit(mm, UMM_RLIMIT_AS, MIB, UMM_RLIM_INFINITY);
}

static void hard_limit(struct umm_mm *mm)
{
	umm_mm_set_rlimit(mm, UMM_RLIMIT_DATA, UMM_RLIM_INFINITY, UMM_RLIM_INFINITY - 1);
}

static void user(struct umm_mm *mm)
{
	assert_int_equal(umm_mm_set_ids(mm, 1, 0, NULL, 0), 0);
}

static void group(struct umm_mm *mm)
{
	assert_int_equal(umm_mm_set_ids(mm, 0, 1, NULL, 0), 0);
}

static void other_groups(struct umm_mm *mm)
{
	static const uint32_t groups[] = { 5 };

	assert_int_equal(umm_mm_set_ids(mm, 0, 0, groups, 1), 0);
}

static void personality(struct umm_mm *mm)
{
	umm_mm_set_personality(mm, UMM_READ_IMPLIES_EXEC);
}

static void memory_merge(struct umm_mm *mm)
{
	umm_adopt_memory_merge(mm, true);
}

static void thp(struct umm_mm *mm)
{
	const uint64_t disable[4] = { 1 };

	assert_int_equal(umm_set_thp_disable(mm, disable, NULL), 0);
}

static void pkey(struct umm_mm *mm)
{
	(void)umm_pkey_alloc(mm, 0, 0, NULL);
}

static void brk_value(struct umm_mm *mm)
{
	umm_adopt_brk(mm, HEAP + PAGE);
}

static void locked(struct umm_mm *mm)
{
	umm_adopt_locked_vm(mm, 3);
}

static void future_flags(struct umm_mm *mm)
{
	umm_mm_set_def_flags(mm, UMM_VM_LOCKED);
}

/* Each is asked for by some call: brk of both ends of the data, PR_SET_MM of all. */
static void set_layout_word(struct umm_mm *mm, size_t offset, uint64_t change)
{
	struct umm_layout layout = { .size = sizeof(layout) };
	umm_addr_t word;

	umm_mm_get_layout(mm, &layout);
	memcpy(&word, (char *)&layout + offset, sizeof(word));
	word += change;
	memcpy((char *)&layout + offset, &word, sizeof(word));
	assert_int_equal(umm_mm_set_layout(mm, &layout), 0);
}

#define LAYOUT(member)										\
	static void layout_##member(struct umm_mm *mm)						\
	{											\
		set_layout_word(mm, offsetof(struct umm_layout, member), PAGE);			\
	}

LAYOUT(mmap_base)
LAYOUT(mmap_legacy_base)
LAYOUT(start_code)
LAYOUT(end_code)
LAYOUT(start_data)
LAYOUT(end_data)
LAYOUT(start_brk)
LAYOUT(start_stack)
LAYOUT(arg_start)
LAYOUT(arg_end)
LAYOUT(env_start)
LAYOUT(env_end)

static void layout_task_size(struct umm_mm *mm)
{
	set_layout_word(mm, offsetof(struct umm_layout, task_size), -(uint64_t)PAGE);
}

static void layout_bottom_up(struct umm_mm *mm)
{
	struct umm_layout layout = { .size = sizeof(layout) };

	umm_mm_get_layout(mm, &layout);
	layout.bottom_up = true;
	assert_int_equal(umm_mm_set_layout(mm, &layout), 0);
}

static void guard_more(struct umm_mm *mm)
{
	assert_int_equal(umm_madvise(mm, AT + 29 * PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
}

static void guard_longer(struct umm_mm *mm)
{
	assert_int_equal(umm_madvise(mm, AT + 27 * PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
}

static void guard_earlier(struct umm_mm *mm)
{
	assert_int_equal(umm_madvise(mm, AT + 25 * PAGE, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
}

static void one_area_more(struct umm_mm *mm)
{
	assert_int_equal(umm_mmap(mm, AT + 64 * PAGE, PAGE, R, ANON | FIXED, NULL, 0, NULL),
			 AT + 64 * PAGE);
}

static void area_shorter(struct umm_mm *mm)
{
	assert_int_equal(umm_munmap(mm, AT + 31 * PAGE, PAGE, NULL), 0);
}

static void area_begins_later(struct umm_mm *mm)
{
	assert_int_equal(umm_munmap(mm, AT, PAGE, NULL), 0);
}

static void area_flags(struct umm_mm *mm)
{
	assert_int_equal(umm_mprotect(mm, AT, 4 * PAGE, R, -1, NULL), 0);
}

/* Moved away and back by force: the same place, and the offset of another. */
static void area_offset(struct umm_mm *mm)
{
	assert_int_equal(umm_munmap(mm, AT, 4 * PAGE, NULL), 0);
	assert_int_equal(umm_mmap(mm, AT + 64 * PAGE, 4 * PAGE, RW, ANON | FIXED, NULL, 0, NULL),
			 AT + 64 * PAGE);
	assert_int_equal(umm_fault(mm, AT + 64 * PAGE, UMM_ACCESS_WRITE, NULL), 0);
	assert_int_equal(umm_mremap(mm, AT + 64 * PAGE, 4 * PAGE, 4 * PAGE,
				    UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED, AT, NULL), AT);
}

static void never_written(struct umm_mm *mm)
{
	assert_int_equal(umm_mmap(mm, AT, 4 * PAGE, RW, ANON | FIXED, NULL, 0, NULL), AT);
}

static void written_too(struct umm_mm *mm)
{
	assert_int_equal(umm_fault(mm, AT + 48 * PAGE, UMM_ACCESS_WRITE, NULL), 0);
}

static void import_at(struct umm_mm *mm, uint64_t page, enum umm_area_name name,
		      struct umm_file *file)
{
	struct umm_area area = { .size = sizeof(area) };

	assert_true(umm_find_area(mm, AT + page * PAGE, &area));
	assert_int_equal(umm_munmap(mm, area.start, area.end - area.start, NULL), 0);
	area.name = name;
	area.file = file;
	assert_int_equal(umm_area_import(mm, &area), 0);
}

static void another_special_one(struct umm_mm *mm)
{
	import_at(mm, 16, UMM_NAME_VDSO, NULL);
}

static void no_special_one(struct umm_mm *mm)
{
	import_at(mm, 16, UMM_NAME_NONE, NULL);
}

static void another_file_of(struct umm_mm *mm, enum umm_file_kind kind, uint32_t flags)
{
	struct umm_file_desc desc;
	struct umm_file *file;

	umm_file_desc_init(&desc, kind);
	desc.flags = flags;
	assert_int_equal(umm_file_new(umm_mm_world(mm), &desc, &file), 0);
	assert_int_equal(umm_munmap(mm, AT + 8 * PAGE, 2 * PAGE, NULL), 0);
	assert_int_equal(umm_mmap(mm, AT + 8 * PAGE, 2 * PAGE, R, PRIVATE | FIXED, file, 0, NULL),
			 AT + 8 * PAGE);
	umm_file_put(file);
}

static void file_of_another_kind(struct umm_mm *mm)
{
	another_file_of(mm, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE);
}

static void file_opened_otherwise(struct umm_mm *mm)
{
	another_file_of(mm, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_NOEXEC);
}

static void no_file(struct umm_mm *mm)
{
	assert_int_equal(umm_mmap(mm, AT + 8 * PAGE, 2 * PAGE, R, ANON | FIXED, NULL, 0, NULL),
			 AT + 8 * PAGE);
}

#define ROW(name) { #name, name }

static const struct difference {
	const char *name;
	void (*make)(struct umm_mm *mm);
} differences[] = {
	ROW(mdwe), ROW(caps), ROW(soft_limit), ROW(hard_limit), ROW(user), ROW(group),
	ROW(other_groups), ROW(personality), ROW(memory_merge), ROW(thp), ROW(pkey),
	ROW(brk_value), ROW(locked), ROW(future_flags), ROW(layout_task_size),
	ROW(layout_mmap_base), ROW(layout_mmap_legacy_base), ROW(layout_bottom_up),
	ROW(layout_start_code), ROW(layout_end_code), ROW(layout_start_data),
	ROW(layout_end_data), ROW(layout_start_brk), ROW(layout_start_stack),
	ROW(layout_arg_start), ROW(layout_arg_end), ROW(layout_env_start), ROW(layout_env_end),
	ROW(guard_more), ROW(guard_longer), ROW(guard_earlier), ROW(one_area_more),
	ROW(area_shorter), ROW(area_begins_later), ROW(area_flags), ROW(area_offset),
	ROW(never_written), ROW(written_too), ROW(another_special_one), ROW(no_special_one),
	ROW(file_of_another_kind), ROW(file_opened_otherwise), ROW(no_file),
};

static void test_every_difference(void **state)
{
	struct umm_mm *clone;
	struct lab lab;

	(void)state;
	build(&lab);
	assert_true(umm_mm_same(lab.mm, lab.mm));
	for (size_t i = 0; i < sizeof(differences) / sizeof(differences[0]); i++) {
		assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
		assert_true(umm_mm_same(lab.mm, clone));
		differences[i].make(clone);
		if (umm_mm_same(lab.mm, clone) || umm_mm_same(clone, lab.mm))
			fail_msg("%s: not told apart", differences[i].name);
		umm_mm_put(clone);
	}
	lab_destroy(&lab);
}

/* Objects that mmap makes differ on each side, and correspond. */
static void test_made_objects(void **state)
{
	uint64_t flags = UMM_MAP_SHARED | UMM_MAP_ANONYMOUS | FIXED;
	struct umm_mm *clone;
	uint64_t committed;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	assert_int_equal(umm_mmap(lab.mm, AT, 2 * PAGE, RW, flags, NULL, 0, NULL), AT);
	committed = umm_world_committed(lab.world);
	assert_int_equal(umm_mmap(clone, AT, 2 * PAGE, RW, flags, NULL, 0, NULL), AT);
	assert_int_equal(umm_world_committed(lab.world), committed);
	assert_true(umm_mm_same(lab.mm, clone));
	/* Two objects side by side are not one cut in two. */
	assert_int_equal(umm_mmap(clone, AT + PAGE, PAGE, RW, flags, NULL, 0, NULL), AT + PAGE);
	assert_false(umm_mm_same(lab.mm, clone));
	umm_mm_put(clone);
	assert_int_equal(umm_world_committed(lab.world), committed);
	lab_destroy(&lab);
}

/* Huge pages that are only supposed to be taken stay for others. */
static void test_pools(void **state)
{
	uint64_t flags = ANON | UMM_MAP_HUGETLB;
	struct umm_mm *clone;
	struct lab lab;
	int64_t addr;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	addr = umm_mmap(clone, 0, 8 * MIB, RW, flags, NULL, 0, NULL);
	assert_true(addr > 0);
	assert_int_equal(umm_mmap(clone, 0, 10 * MIB, RW, flags, NULL, 0, NULL), -UMM_ENOMEM);
	assert_true(umm_mmap(lab.mm, 0, 8 * MIB, RW, flags, NULL, 0, NULL) > 0);
	assert_int_equal(umm_munmap(clone, (umm_addr_t)addr, 8 * MIB, NULL), 0);
	assert_int_equal(umm_mmap(lab.mm, 0, 2 * MIB, RW, flags, NULL, 0, NULL), -UMM_ENOMEM);
	umm_mm_put(clone);
	assert_int_equal(umm_mmap(lab.mm, 0, 2 * MIB, RW, flags, NULL, 0, NULL), -UMM_ENOMEM);
	lab_destroy(&lab);
}

static void test_take_place(void **state)
{
	struct umm_mm *clone, *child;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 4 * PAGE, RW, ANON);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	assert_int_equal(umm_munmap(clone, AT, PAGE, NULL), 0);
	assert_int_equal(umm_world_committed(lab.world), 4);
	/* What a hypothesis forks is one. */
	assert_int_equal(umm_fork(clone, &child, NULL), 0);
	assert_int_equal(umm_world_committed(lab.world), 4);
	umm_mm_put(child);
	umm_mm_take_place(clone, lab.mm);
	assert_int_equal(umm_world_committed(lab.world), 3);
	umm_mm_put(lab.mm);
	lab.mm = clone;
	assert_int_equal(umm_world_committed(lab.world), 3);
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), 0);
	assert_int_equal(umm_world_committed(lab.world), 2);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_histories),
		cmocka_unit_test(test_apart),
		cmocka_unit_test(test_anon_vmas_tell_them_apart),
		cmocka_unit_test(test_every_difference),
		cmocka_unit_test(test_made_objects),
		cmocka_unit_test(test_pools),
		cmocka_unit_test(test_take_place),
	};

	return cmocka_run_group_tests_name("clone", tests, NULL, NULL);
}
