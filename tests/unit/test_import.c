/*
 * test_import.c - state from outside, hostile or not.
 */
#include "lab.h"

static void test_import_refused(void **state)
{
	struct umm_area good = {
		.size = sizeof(good), .start = AT, .end = AT + 2 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD,
	};
	struct umm_area bad;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_area_import(lab.mm, &good), 0);
	assert_int_equal(umm_area_import(lab.mm, &good), -UMM_EINVAL);	/* overlaps itself */
	bad = good;
	bad.start += PAGE;
	bad.end += PAGE;
	assert_int_equal(umm_area_import(lab.mm, &bad), -UMM_EINVAL);
	bad = good;
	bad.start = bad.end = AT + 16 * PAGE;
	assert_int_equal(umm_area_import(lab.mm, &bad), -UMM_EINVAL);
	bad.end = bad.start - PAGE;
	assert_int_equal(umm_area_import(lab.mm, &bad), -UMM_EINVAL);
	bad.end = bad.start + 1;
	assert_int_equal(umm_area_import(lab.mm, &bad), -UMM_EINVAL);
	bad.start = 1;
	bad.end = PAGE;
	assert_int_equal(umm_area_import(lab.mm, &bad), -UMM_EINVAL);
	bad = good;
	bad.start = 0;
	bad.end = UINT64_MAX & ~(PAGE - 1);
	assert_int_equal(umm_area_import(lab.mm, &bad), -UMM_EINVAL);
	bad = good;
	bad.start += 16 * PAGE;
	bad.end += 16 * PAGE;
	bad.size = 4;
	assert_int_equal(umm_area_import(lab.mm, &bad), -UMM_EINVAL);
	assert_true(umm_mm_is_valid(lab.mm));
	lab_destroy(&lab);
}

/* What was imported is as it was said, and behaves as if the calls had made it. */
static void test_import(void **state)
{
	struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + 2 * PAGE, .pgoff = AT / PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_WRITE | UMM_VM_MAYREAD | UMM_VM_MAYWRITE |
			    UMM_VM_MAYEXEC | UMM_VM_ACCOUNT,
		.anon = UMM_ANON_UNKNOWN,
	};
	struct umm_area got = { .size = sizeof(got) };
	struct umm_mm_stats stats;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_area_import(lab.mm, &area), 0);
	assert_true(umm_find_area(lab.mm, AT, &got));
	assert_int_equal(got.start, AT);
	assert_int_equal(got.end, AT + 2 * PAGE);
	assert_int_equal(got.vm_flags, area.vm_flags);
	assert_int_equal(got.pgoff, AT / PAGE);
	assert_int_equal(got.anon, UMM_ANON_UNKNOWN);
	umm_mm_stats(lab.mm, &stats);
	assert_int_equal(stats.map_count, 1);
	assert_int_equal(stats.total_vm, 2);
	assert_int_equal(stats.data_vm, 2);
	assert_int_equal(stats.charged, 2);

	assert_int_equal(umm_area_set_anon(lab.mm, AT, UMM_ANON_NONE), 0);
	assert_true(umm_find_area(lab.mm, AT, &got));
	assert_int_equal(got.anon, UMM_ANON_NONE);
	lab_map_file(&lab, AT + 2 * PAGE, PAGE, RW, ANON, NULL, 0);		/* merges */
	assert_true(umm_find_area(lab.mm, AT, &got));
	assert_int_equal(got.end, AT + 3 * PAGE);
	assert_int_equal(umm_area_set_anon(lab.mm, AT, UMM_ANON_OWN), 0);
	assert_int_equal(umm_area_set_anon(lab.mm, AT, UMM_ANON_NONE), 0);	/* keeps it */
	assert_true(umm_find_area(lab.mm, AT, &got));
	assert_int_equal(got.anon, UMM_ANON_OWN);
	assert_true(got.anon_id != 0);
	assert_int_equal(umm_munmap(lab.mm, AT, 3 * PAGE, NULL), 0);
	lab_destroy(&lab);
}

/* An area that covers part of what an old one covered keeps its anon_vma; the rest is new. */
static void test_adopt(void **state)
{
	struct umm_area areas[2], got = { .size = sizeof(got) };
	uint64_t anon_id;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map_file(&lab, AT, 8 * PAGE, RW, ANON, NULL, 0);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_WRITE, NULL), 0);
	assert_true(umm_find_area(lab.mm, AT, &got));
	anon_id = got.anon_id;
	areas[0] = areas[1] = got;
	areas[0].start = AT + 2 * PAGE;
	areas[0].end = AT + 4 * PAGE;
	areas[0].pgoff = areas[0].start / PAGE;
	areas[0].vm_flags |= UMM_VM_DONTCOPY;
	areas[1].start = AT + 8 * PAGE;
	areas[1].end = AT + 10 * PAGE;
	areas[1].pgoff = areas[1].start / PAGE;
	areas[1].vm_flags &= ~(UMM_VM_WRITE | UMM_VM_ACCOUNT);
	areas[1].anon = UMM_ANON_NONE;
	areas[1].anon_id = 0;
	assert_int_equal(umm_adopt_range(lab.mm, AT + 2 * PAGE, AT + 12 * PAGE, areas, 2, 0), 0);
	assert_true(umm_mm_is_valid(lab.mm));

	assert_true(umm_find_area(lab.mm, AT, &got));
	assert_int_equal(got.end, AT + 2 * PAGE);
	assert_int_equal(got.anon_id, anon_id);
	assert_true(umm_find_area(lab.mm, AT + 2 * PAGE, &got));
	assert_int_equal(got.start, AT + 2 * PAGE);
	assert_int_equal(got.end, AT + 4 * PAGE);
	assert_int_equal(got.vm_flags, areas[0].vm_flags);
	assert_int_equal(got.anon_id, anon_id);
	assert_true(umm_find_area(lab.mm, AT + 4 * PAGE, &got));
	assert_int_equal(got.start, AT + 8 * PAGE);
	assert_int_equal(got.end, AT + 10 * PAGE);
	assert_int_equal(got.anon_id, 0);
	assert_false(umm_find_area(lab.mm, AT + 10 * PAGE, &got));
	assert_int_equal(umm_world_committed(lab.world), 4);
	lab_destroy(&lab);
}

static struct umm_area wanted(uint64_t start, uint64_t pages, uint64_t pgoff, enum umm_anon anon)
{
	return (struct umm_area){
		.size = sizeof(struct umm_area), .start = start, .end = start + pages * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_WRITE | UMM_VM_MAYREAD | UMM_VM_MAYWRITE |
			    UMM_VM_MAYEXEC | UMM_VM_ACCOUNT,
		.pgoff = pgoff, .anon = anon,
	};
}

/* After mremap: what was written keeps anon_vma and offset at its new place, the rest does not. */
static void test_adopt_moved(void **state)
{
	const uint64_t from = AT + PAGE, to = AT + 0x100000, len = 2 * PAGE;
	struct umm_area area, got;
	uint64_t anon_id;

	(void)state;
	for (int written = 0; written < 2; written++) {
		struct lab lab;

		lab_init(&lab);
		lab_map(&lab, AT, 4 * PAGE, RW, ANON);
		if (written)
			lab_write(&lab, AT);
		assert_true(lab_area(&lab, AT, &got));
		anon_id = got.anon_id;
		area = wanted(to, 2, 0, UMM_ANON_NONE);
		assert_int_equal(umm_adopt_range(lab.mm, to, to + len, &area, 1, from), 0);
		assert_int_equal(umm_adopt_range(lab.mm, from, from + len, NULL, 0, 0), 0);
		assert_true(lab_area(&lab, to, &got));
		assert_int_equal(got.end, to + len);
		assert_int_equal(got.anon_id, anon_id);
		assert_int_equal(got.pgoff, (written ? from : to) / PAGE);
		assert_int_equal(lab_areas(&lab), 3);
		assert_int_equal(umm_world_committed(lab.world), 4);
		/* Back at its place it merges with both sides again. */
		area = wanted(from, 2, 0, UMM_ANON_NONE);
		assert_int_equal(umm_adopt_range(lab.mm, from, from + len, &area, 1, to), 0);
		assert_int_equal(umm_mprotect(lab.mm, from, len, R, -1, NULL), 0);
		assert_int_equal(umm_mprotect(lab.mm, from, len, RW, -1, NULL), 0);
		assert_true(lab_area(&lab, AT, &got));
		assert_int_equal(got.end, AT + 4 * PAGE);
		lab_destroy(&lab);
	}
}

/* A file that the description does not name is kept from what stood there, offset and all. */
static void test_adopt_file(void **state)
{
	struct umm_area area, got;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	lab_map_offset(&lab, AT, 4 * PAGE, R, PRIVATE, 16 * PAGE);
	area = wanted(AT + PAGE, 2, 17, UMM_ANON_NONE);
	area.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD | UMM_VM_MAYWRITE | UMM_VM_MAYEXEC |
			UMM_VM_RAND_READ;
	area.name = UMM_NAME_FILE;
	assert_int_equal(umm_adopt_range(lab.mm, AT + PAGE, AT + 3 * PAGE, &area, 1, 0), 0);
	assert_true(lab_area(&lab, AT + PAGE, &got));
	assert_ptr_equal(got.file, lab.file);
	assert_int_equal(got.pgoff, 17);
	assert_int_equal(got.vm_flags, area.vm_flags);
	assert_true(lab_area(&lab, AT + 3 * PAGE, &got));
	assert_int_equal(got.pgoff, 19);

	/* Anonymous memory where the file was knows nothing of it. */
	area = wanted(AT, 4, 0, UMM_ANON_NONE);
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 4 * PAGE, &area, 1, 0), 0);
	assert_true(lab_area(&lab, AT, &got));
	assert_null(got.file);
	assert_int_equal(got.pgoff, AT / PAGE);
	lab_destroy(&lab);
}

/* What is said of the anon_vma of an area that is new. */
/* Guard pages stay where something is mapped still, or is learnt to have some. */
static void test_adopt_guards(void **state)
{
	const umm_addr_t end = AT + 8 * PAGE;
	struct umm_area area;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_adopt_guards(lab.mm, AT, AT + 1, true), -UMM_EINVAL);
	assert_int_equal(umm_adopt_guards(lab.mm, AT, AT, true), -UMM_EINVAL);
	lab_map(&lab, AT, 8 * PAGE, RW, ANON);
	assert_int_equal(umm_adopt_guards(lab.mm, AT, end, true), 0);
	assert_int_equal(umm_adopt_guards(lab.mm, AT + 5 * PAGE, end, false), 0);
	area = wanted(AT + 2 * PAGE, 2, 0, UMM_ANON_NONE);
	assert_int_equal(umm_adopt_range(lab.mm, AT, end, &area, 1, 0), 0);
	assert_int_equal(umm_find_guard(lab.mm, AT, end), AT + 2 * PAGE);
	assert_int_equal(umm_find_guard(lab.mm, AT + 3 * PAGE, end), AT + 3 * PAGE);
	assert_int_equal(umm_find_guard(lab.mm, AT + 4 * PAGE, end), end);
	lab_destroy(&lab);
}

static void test_adopt_anon(void **state)
{
	struct umm_area area[4], got;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	for (int i = 0; i < 4; i++) {
		/* Apart, so that none borrows its neighbour's. */
		area[i] = wanted(AT + 4 * (uint64_t)i * PAGE, 1, 0, (enum umm_anon)i);
	}
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 16 * PAGE, area, 4, 0), 0);
	for (int i = 0; i < 4; i++) {
		assert_true(lab_area(&lab, area[i].start, &got));
		assert_int_equal(got.anon, i);
		assert_int_equal(got.anon_id != 0,
				 i == UMM_ANON_OWN || i == UMM_ANON_INHERITED);
		/* Fresh memory beside it merges, unless it came through fork. */
		lab_map(&lab, area[i].end, PAGE, RW, ANON | UMM_MAP_NORESERVE);
		assert_int_equal(umm_munmap(lab.mm, area[i].end, PAGE, NULL), 0);
		lab_map(&lab, area[i].end, PAGE, RW, ANON);
		assert_true(lab_area(&lab, area[i].start, &got));
		assert_int_equal(got.end - got.start, (i == UMM_ANON_INHERITED ? 1 : 2) * PAGE);
		assert_int_equal(umm_munmap(lab.mm, area[i].end, PAGE, NULL), 0);
	}
	lab_destroy(&lab);
}

static void test_adopt_refused(void **state)
{
	struct umm_area two[2] = {
		wanted(AT, 2, 0, UMM_ANON_NONE), wanted(AT + 2 * PAGE, 2, 0, UMM_ANON_NONE),
	};
	struct umm_area bad[2];
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map(&lab, AT, 8 * PAGE, RW, ANON);
	assert_int_equal(umm_adopt_range(lab.mm, AT + PAGE, AT, NULL, 0, 0), -UMM_EINVAL);
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT, NULL, 0, 0), -UMM_EINVAL);
	assert_int_equal(umm_adopt_range(lab.mm, AT + 1, AT + PAGE, NULL, 0, 0), -UMM_EINVAL);
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + PAGE + 1, NULL, 0, 0), -UMM_EINVAL);
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + PAGE, NULL, 0, 5), -UMM_EINVAL);
	assert_int_equal(umm_adopt_range(lab.mm, AT, UINT64_C(0x800000000000), NULL, 0, 0),
			 -UMM_EINVAL);
	/* Outside the range, out of order, overlapping, of another library. */
	assert_int_equal(umm_adopt_range(lab.mm, AT + PAGE, AT + 8 * PAGE, two, 2, 0), -UMM_EINVAL);
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 3 * PAGE, two, 2, 0), -UMM_EINVAL);
	bad[0] = two[1];
	bad[1] = two[0];
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 8 * PAGE, bad, 2, 0), -UMM_EINVAL);
	bad[0] = two[0];
	bad[1] = two[0];
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 8 * PAGE, bad, 2, 0), -UMM_EINVAL);
	bad[1] = two[1];
	bad[1].size++;
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 8 * PAGE, bad, 2, 0), -UMM_EINVAL);
	assert_int_equal(lab_areas(&lab), 1);
	assert_int_equal(umm_adopt_range(lab.mm, AT, AT + 8 * PAGE, two, 2, 0), 0);
	assert_int_equal(lab_areas(&lab), 2);
	lab_destroy(&lab);
}

/* Whatever stood there: afterwards the range is what was said, and nothing else has changed. */
static void test_adopt_random(void **state)
{
	uint64_t steps = unit_iterations(5000);
	struct unit_random random = unit_random_init();
	struct lab lab;

	(void)state;
	lab_init(&lab);
	for (uint64_t step = 0; step < steps; step++) {
		uint64_t from = AT + unit_random_below(&random, 40) * PAGE, at = from;
		uint64_t to = from + (1 + unit_random_below(&random, 12)) * PAGE;
		struct umm_area area[8], got = { .size = sizeof(got) };
		size_t nr = 0;

		lab_map(&lab, AT + unit_random_below(&random, 40) * PAGE,
			(1 + unit_random_below(&random, 12)) * PAGE,
			unit_random_below(&random, 2) ? R : RW, ANON);
		umm_fault(lab.mm, AT + unit_random_below(&random, 40) * PAGE, UMM_ACCESS_WRITE,
			  NULL);
		while (nr < 8) {
			at += unit_random_below(&random, 3) * PAGE;
			if (at >= to)
				break;
			area[nr] = wanted(at, 1 + unit_random_below(&random, 3), 0,
					  UMM_ANON_UNKNOWN);
			if (area[nr].end > to)
				break;
			if (unit_random_below(&random, 2))
				area[nr].vm_flags &= ~(UMM_VM_WRITE | UMM_VM_ACCOUNT);
			at = area[nr++].end;
		}
		assert_int_equal(umm_adopt_range(lab.mm, from, to, area, nr, 0), 0);
		assert_true(umm_mm_is_valid(lab.mm));

		at = from;
		for (size_t i = 0; i < nr; i++) {
			assert_true(umm_find_area(lab.mm, at, &got));
			assert_int_equal(got.start, area[i].start);
			assert_int_equal(got.end, area[i].end);
			assert_int_equal(got.vm_flags, area[i].vm_flags);
			at = got.end;
		}
		if (umm_find_area(lab.mm, at, &got))
			assert_true(got.start >= to);
		if (umm_find_area(lab.mm, from - 1, &got) && got.start < from)
			assert_int_equal(got.end, from);
	}
	lab_destroy(&lab);
}

static uint64_t hostile_number(struct unit_random *random)
{
	static const uint64_t odd[] = {
		0, 1, PAGE - 1, PAGE, AT, AT + PAGE, UINT64_C(0x7ffffffff000),
		UINT64_C(0x7fffffffe000), UINT64_C(1) << 63, UINT64_MAX, UINT64_MAX - PAGE + 1,
	};

	switch (unit_random_below(random, 4)) {
	case 0:
		return odd[unit_random_below(random, sizeof(odd) / sizeof(odd[0]))];
	case 1:
		return unit_random(random);
	default:
		return AT + unit_random_below(random, 32) * PAGE;
	}
}

static void hostile_area(struct umm_area *area, struct unit_random *random, struct umm_file *file)
{
	memset(area, 0, sizeof(*area));
	area->size = sizeof(*area);
	area->start = hostile_number(random);
	area->end = hostile_number(random);
	area->vm_flags = unit_random_below(random, 2) ? unit_random(random) : UMM_VM_READ;
	area->pgoff = hostile_number(random);
	area->file = unit_random_below(random, 3) ? NULL : file;
	area->name = (enum umm_area_name)unit_random_below(random, 10);
	area->special = unit_random_below(random, 2) ? "[uprobes]" : NULL;
	area->anon = (enum umm_anon)unit_random_below(random, 6);
	area->anon_id = hostile_number(random);
}

/* Whatever is said, the answer is 0 or an error, and the address space stays one. */
static void test_hostile(void **state)
{
	uint64_t steps = unit_iterations(20000);
	struct unit_random random = unit_random_init();
	struct umm_file *file;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	file = lab_new_file(&lab, NULL);
	for (uint64_t step = 0; step < steps; step++) {
		struct umm_area area[4];
		int64_t answer = 0;
		uint64_t a = hostile_number(&random), b = hostile_number(&random);

		for (int i = 0; i < 4; i++)
			hostile_area(&area[i], &random, file);
		switch (unit_random_below(&random, 10)) {
		case 0:
			answer = umm_area_import(lab.mm, &area[0]);
			break;
		case 1:
			answer = umm_adopt_range(lab.mm, a, b, area, unit_random_below(&random, 5),
						 unit_random_below(&random, 2) ?
							 0 : hostile_number(&random));
			break;
		case 2:
			answer = umm_area_set_anon(lab.mm, a, area[0].anon);
			break;
		case 3:
			umm_adopt_brk(lab.mm, a);
			break;
		case 4:
			answer = umm_munmap(lab.mm, a, b, NULL);
			break;
		case 5:
			answer = umm_mprotect(lab.mm, a, b, unit_random(&random), (int)a, NULL);
			break;
		case 6:
			answer = umm_mmap(lab.mm, a, b, unit_random_below(&random, 8),
					  unit_random(&random), area[0].file, a, NULL);
			break;
		case 7:
			umm_brk(lab.mm, a, NULL);
			break;
		case 8:
			umm_fault(lab.mm, a, (unsigned int)b, NULL);
			break;
		default:
			answer = umm_mprotect(lab.mm, AT, 8 * PAGE, RW, -1, NULL);
			break;
		}
		if (answer < 0)
			assert_true(answer > -4096);
		if (!umm_mm_is_valid(lab.mm))
			fail_msg("not valid after step %llu", (unsigned long long)step);
	}
	umm_file_put(file);
	umm_mm_put(lab.mm);
	/* A stack without VM_ACCOUNT that grew leaves its charge behind, as in Linux. */
	assert_true(umm_world_committed(lab.world) >= 0);
	umm_world_free(lab.world);
	assert_int_equal(lab.memory.bytes, 0);
}

/* A layout that makes no sense is answered with errors. */
static void test_hostile_layout(void **state)
{
	uint64_t steps = unit_iterations(2000);
	struct unit_random random = unit_random_init();

	(void)state;
	for (uint64_t step = 0; step < steps; step++) {
		struct umm_layout layout;
		struct umm_mm *child;
		struct lab lab;

		lab_init(&lab);
		umm_layout_init(&layout, hostile_number(&random));
		layout.task_size = hostile_number(&random);
		layout.mmap_base = hostile_number(&random);
		layout.mmap_legacy_base = hostile_number(&random);
		layout.bottom_up = unit_random_below(&random, 2);
		layout.start_brk = hostile_number(&random);
		layout.brk = hostile_number(&random);
		layout.start_stack = hostile_number(&random);
		layout.end_data = hostile_number(&random);
		umm_mm_set_layout(lab.mm, &layout);
		for (int i = 0; i < 10; i++) {
			umm_mmap(lab.mm, hostile_number(&random), hostile_number(&random), RW,
				 ANON | (i & 1 ? UMM_MAP_FIXED : 0), NULL, 0, NULL);
			umm_brk(lab.mm, hostile_number(&random), NULL);
			umm_fault(lab.mm, hostile_number(&random), UMM_ACCESS_WRITE, NULL);
			if (!umm_mm_is_valid(lab.mm))
				fail_msg("not valid, step %llu", (unsigned long long)step);
		}
		if (!umm_fork(lab.mm, &child, NULL))
			umm_mm_put(child);
		lab_destroy(&lab);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_import_refused),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_adopt_moved),
		cmocka_unit_test(test_adopt_file),
		cmocka_unit_test(test_adopt_anon),
		cmocka_unit_test(test_adopt_guards),
		cmocka_unit_test(test_adopt_refused),
		cmocka_unit_test(test_adopt_random),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_hostile_layout),
	};

	return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
