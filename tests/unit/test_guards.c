/*
 * test_guards.c - ranges of guard pages, against a page each.
 */
#include "unit.h"

#include <usermm/usermm.h>

#include "api/handles.h"
#include "space/guards.h"

#define PAGES 64
#define AT(page) (UINT64_C(0x10000000) + (uint64_t)(page) * PAGE_SIZE)

struct lab {
	struct unit_memory memory;
	struct umm_world *world;
	struct umm_mm *handle, *other;
	struct mm_struct *mm;
	bool guard[PAGES];
};

static void lab_init(struct lab *lab)
{
	struct umm_settings settings;

	memset(lab, 0, sizeof(*lab));
	unit_memory_init(&lab->memory);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	assert_int_equal(umm_world_new(&lab->memory.platform, &settings, &lab->world), 0);
	assert_int_equal(umm_mm_new(lab->world, &lab->handle), 0);
	assert_int_equal(umm_mm_new(lab->world, &lab->other), 0);
	lab->mm = to_mm(lab->handle);
}

static void lab_destroy(struct lab *lab)
{
	umm_mm_put(lab->handle);
	umm_mm_put(lab->other);
	umm_world_free(lab->world);
	assert_int_equal(lab->memory.blocks, 0);
}

/* The first page from @page on that is, or is not, a guard; PAGES if there is none. */
static int next(const struct lab *lab, int page, bool guard)
{
	while (page < PAGES && lab->guard[page] != guard)
		page++;
	return page;
}

static size_t ranges_in(const struct lab *lab, int start, int end)
{
	size_t n = 0;

	for (int page = next(lab, start, true); page < end; page = next(lab, page, true)) {
		n++;
		page = next(lab, page, false);
	}
	return n;
}

static void compare(const struct lab *lab, int start, int end)
{
	int first = next(lab, start, true);

	assert_true(guards_are_valid(lab->mm));
	assert_int_equal(lab->mm->guards.nr, ranges_in(lab, 0, PAGES));
	assert_int_equal(guards_in(lab->mm, AT(start), AT(end)), ranges_in(lab, start, end));
	assert_int_equal(guards_first(lab->mm, AT(start), AT(end)),
			 AT(first < end ? first : end));
	for (int page = 0; page < PAGES; page++)
		assert_int_equal(guards_first(lab->mm, AT(page), AT(page + 1)) == AT(page),
				 lab->guard[page]);
}

static void set(struct lab *lab, int start, int end, bool guard)
{
	assert_int_equal(guards_reserve(lab->mm, 1, NULL), 0);
	if (guard)
		guards_install(lab->mm, AT(start), AT(end));
	else
		guards_remove(lab->mm, AT(start), AT(end));
	for (int page = start; page < end; page++)
		lab->guard[page] = guard;
}

static void move(struct lab *lab, int from, int to, int pages)
{
	bool moved[PAGES];
	size_t more = guards_in(lab->mm, AT(from), AT(from + pages)) + 2;

	assert_int_equal(guards_reserve(lab->mm, more, NULL), 0);
	guards_move(lab->mm, AT(from), AT(to), (uint64_t)pages * PAGE_SIZE);
	memcpy(moved, &lab->guard[from], (size_t)pages * sizeof(*moved));
	for (int i = 0; i < pages; i++)
		lab->guard[from + i] = false;
	memcpy(&lab->guard[to], moved, (size_t)pages * sizeof(*moved));
}

/* A copy in pieces is the whole. */
static void check_copy(struct lab *lab, int cut)
{
	struct mm_struct *other = to_mm(lab->other);

	guards_remove(other, AT(0), AT(PAGES));
	assert_int_equal(guards_copy(other, lab->mm, AT(0), AT(cut), NULL), 0);
	assert_int_equal(guards_copy(other, lab->mm, AT(cut), AT(PAGES), NULL), 0);
	assert_true(guards_are_valid(other));
	assert_int_equal(other->guards.nr, lab->mm->guards.nr);
	for (size_t i = 0; i < other->guards.nr; i++) {
		assert_int_equal(other->guards.range[i].start, lab->mm->guards.range[i].start);
		assert_int_equal(other->guards.range[i].end, lab->mm->guards.range[i].end);
	}
}

static void test_random(void **state)
{
	struct unit_random random = unit_random_init();
	uint64_t rounds = unit_iterations(20000);
	struct lab lab;

	(void)state;
	lab_init(&lab);
	for (uint64_t i = 0; i < rounds; i++) {
		int start = (int)unit_random_below(&random, PAGES);
		int pages = 1 + (int)unit_random_below(&random, unit_random_below(&random, 4)
								? 3 : PAGES / 2);
		int end = start + pages < PAGES ? start + pages : PAGES;
		int to = (int)unit_random_below(&random, PAGES);

		pages = end - start;
		switch (unit_random_below(&random, 4)) {
		case 0:
		case 1:
			set(&lab, start, end, true);
			break;
		case 2:
			set(&lab, start, end, false);
			break;
		default:
			if (to + pages <= PAGES && (to >= end || to + pages <= start))
				move(&lab, start, to, pages);
			break;
		}
		compare(&lab, start, end);
		if (i % 16 == 0)
			check_copy(&lab, to);
	}
	lab_destroy(&lab);
}

/* Nobody has any: nothing is looked for, nothing is asked of the platform. */
static void test_none(void **state)
{
	struct lab lab;
	uint64_t blocks;

	(void)state;
	lab_init(&lab);
	blocks = lab.memory.blocks;
	guards_remove(lab.mm, AT(0), AT(PAGES));
	assert_int_equal(guards_copy(to_mm(lab.other), lab.mm, AT(0), AT(PAGES), NULL), 0);
	assert_int_equal(guards_first(lab.mm, AT(3), AT(7)), AT(7));
	assert_int_equal(lab.memory.blocks, blocks);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests_name("guards", tests, NULL, NULL);
}
