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

static void test_every_difference(void **state)
{
	struct umm_mm *clone;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, PAGE, RW, ANON);
	assert_int_equal(umm_mm_clone(lab.mm, &clone), 0);
	assert_true(umm_mm_same(lab.mm, lab.mm));
	assert_true(umm_mm_same(lab.mm, clone));
	umm_mm_set_mdwe(clone, true);
	assert_false(umm_mm_same(lab.mm, clone));
	umm_mm_set_mdwe(clone, false);
	umm_mm_set_caps(clone, UMM_CAP_IPC_LOCK);
	assert_false(umm_mm_same(lab.mm, clone));
	umm_mm_set_caps(clone, 0);
	umm_mm_set_rlimit(clone, UMM_RLIMIT_AS, MIB, MIB);
	assert_false(umm_mm_same(lab.mm, clone));
	umm_mm_set_rlimit(clone, UMM_RLIMIT_AS, UMM_RLIM_INFINITY, UMM_RLIM_INFINITY);
	umm_adopt_brk(clone, HEAP + PAGE);
	assert_false(umm_mm_same(lab.mm, clone));
	umm_adopt_brk(clone, HEAP);
	assert_true(umm_mm_same(lab.mm, clone));
	assert_int_equal(umm_mprotect(clone, AT, PAGE, R, -1, NULL), 0);
	assert_false(umm_mm_same(lab.mm, clone));
	umm_mm_put(clone);
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
