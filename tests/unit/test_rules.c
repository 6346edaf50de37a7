/*
 * test_rules.c - each rule of the catalogue, on and off: something must be answered otherwise.
 *
 * A rule that has no row here fails.
 */
#include "effect.h"

/* ---- what is looked at --------------------------------------------------------------------- */

static int64_t map_type(struct lab *lab, uint64_t flags)
{
	int64_t addr = umm_mmap(lab->mm, 0, PAGE, R, flags, lab->file, 0, NULL);

	return addr < 0 ? addr : 0;
}

/* 1: at the address that was asked for, 0: elsewhere, or an error. */
static int64_t fixed_noreplace(struct lab *lab)
{
	int64_t addr;

	lab_map(lab, AT, PAGE, R, ANON);
	addr = umm_mmap(lab->mm, AT, PAGE, R, ANON | UMM_MAP_FIXED_NOREPLACE, NULL, 0, NULL);
	return addr < 0 ? addr : addr == (int64_t)AT;
}

static int64_t shared_validate(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	return map_type(lab, UMM_MAP_SHARED_VALIDATE);
}

static int64_t droppable(struct lab *lab)
{
	return map_type(lab, UMM_MAP_DROPPABLE | UMM_MAP_ANONYMOUS);
}

static int64_t choice(struct lab *lab, uint64_t len, uint64_t flags)
{
	int64_t addr = umm_get_unmapped_area(lab->mm, 0, len, R, flags, lab->file, 0);

	assert_true(addr > 0);
	return addr;
}

static void set_mmap_base(struct lab *lab, uint64_t base)
{
	struct umm_layout layout = { .size = sizeof(layout) };

	umm_mm_get_layout(lab->mm, &layout);
	layout.mmap_base = base;
	umm_mm_set_layout(lab->mm, &layout);
}

static int64_t above4g(struct lab *lab)
{
	set_mmap_base(lab, 0x80000000);
	return choice(lab, PAGE, ANON | UMM_MAP_ABOVE4G) >= INT64_C(1) << 32;
}

static int64_t map_stack_nohuge(struct lab *lab)
{
	struct umm_area area;

	lab_map(lab, AT, PAGE, R, ANON | UMM_MAP_STACK);
	assert_true(lab_area(lab, AT, &area));
	return (area.vm_flags & UMM_VM_NOHUGEPAGE) != 0;
}

static int64_t anon_thp_align(struct lab *lab)
{
	return choice(lab, 2 * MIB, ANON) % (int64_t)(2 * MIB) == 0;
}

static int64_t anon_thp_align_multiple(struct lab *lab)
{
	return choice(lab, 2 * MIB + PAGE, ANON) % (int64_t)(2 * MIB) == 0;
}

/* How far below the base, in huge pages. */
static int64_t thp_align_shift(struct lab *lab)
{
	set_mmap_base(lab, 0x7ff000000000);
	return (0x7ff000000000 - choice(lab, 2 * MIB, ANON)) / (int64_t)(2 * MIB);
}

static int64_t zero_thp_align(struct lab *lab)
{
	lab_file(lab, UMM_FILE_ZERO, UMM_FMODE_READ | UMM_FMODE_WRITE);
	return choice(lab, 2 * MIB, PRIVATE) % (int64_t)(2 * MIB) == 0;
}

static int64_t data_limit_mmap(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_DATA, PAGE);
	lab_map(lab, AT, 2 * PAGE, R, ANON);
	return umm_mprotect(lab->mm, AT, 2 * PAGE, R | W, -1, NULL);
}

/* Pages charged after. */
static int64_t mprotect_drops_account(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R | W, ANON);
	assert_int_equal(umm_mprotect(lab->mm, AT, 2 * PAGE, R, -1, NULL), 0);
	return umm_world_committed(lab->world);
}

/* Areas after. */
static int64_t merge_into_unfaulted(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	lab_write(lab, AT);
	lab_map(lab, AT + PAGE, PAGE, R | W | X, ANON);
	assert_int_equal(umm_mprotect(lab->mm, AT, PAGE, R | W | X, -1, NULL), 0);
	return (int64_t)lab_areas(lab);
}

/* Pages of the area that a new one between two is part of. */
static int64_t mmap_merges_next_first(struct lab *lab)
{
	struct umm_area area;

	lab_map(lab, AT, PAGE, R | W, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, R | W, ANON);
	lab_write(lab, AT + 2 * PAGE);
	lab_map(lab, AT + PAGE, PAGE, R | W, ANON);
	assert_true(lab_area(lab, AT + PAGE, &area));
	return (int64_t)(area.end - area.start) / PAGE;
}

static int64_t hugetlb_hint_up(struct lab *lab)
{
	const uint64_t flags = ANON | UMM_MAP_NORESERVE | UMM_MAP_HUGETLB;

	return umm_get_unmapped_area(lab->mm, 4 * MIB + PAGE, 2 * MIB, R, flags, NULL, 0);
}

static int64_t close_merge(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_VM_CLOSE);
	lab_map_offset(lab, AT, PAGE, R, PRIVATE, 0);
	lab_map_offset(lab, AT + PAGE, PAGE, R, PRIVATE, PAGE);
	return (int64_t)lab_areas(lab);
}

/* Pages left after. */
static int64_t failed_fixed_keeps_old(struct lab *lab)
{
	struct umm_mm_stats stats;

	lab_map(lab, AT, 4 * PAGE, R, ANON);
	lab->settings.totalram_pages = 10;
	lab_settings_changed(lab);
	assert_int_equal(umm_mmap(lab->mm, AT, 20 * PAGE, R | W, ANON | FIXED, NULL, 0, NULL),
			 -UMM_ENOMEM);
	umm_mm_stats(lab->mm, &stats);
	return (int64_t)stats.total_vm;
}

static int64_t fixed_split_error(struct lab *lab)
{
	lab_map(lab, AT, 4 * MIB, R, ANON | UMM_MAP_HUGETLB);
	return umm_mmap(lab->mm, AT, PAGE, R, ANON | FIXED, NULL, 0, NULL);
}

static int64_t seal_write_allows_read(struct lab *lab)
{
	lab_file(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE | UMM_FILE_SEAL_WRITE);
	return map_type(lab, SHARED);
}

static int64_t file_size_check(struct lab *lab)
{
	int64_t addr;

	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	addr = umm_mmap(lab->mm, 0, PAGE, R, PRIVATE, lab->file, UINT64_C(0x7ffffffffffff000),
			NULL);
	return addr < 0 ? addr : 0;
}

/* Areas that are called [heap]. */
static int64_t heap_name_strict(struct lab *lab)
{
	char text[1024], *at = text;
	int64_t named = 0;

	lab_map(lab, HEAP - PAGE, PAGE, R, ANON);
	assert_int_equal(umm_brk(lab->mm, HEAP + PAGE, NULL), HEAP + PAGE);
	assert_true(umm_maps_text(lab->mm, text, sizeof(text)) < sizeof(text));
	while ((at = strstr(at, "[heap]"))) {
		named++;
		at++;
	}
	return named;
}

/* Pages left of what a mapping that the seal refuses would have replaced. */
static int64_t left_by_seal(struct lab *lab, uint32_t seal)
{
	struct umm_mm_stats stats;

	lab_map(lab, AT, 4 * PAGE, R, ANON);
	lab_file(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE | seal);
	assert_int_equal(umm_mmap(lab->mm, AT, 2 * PAGE, RW, SHARED | FIXED, lab->file, 0, NULL),
			 -UMM_EPERM);
	umm_mm_stats(lab->mm, &stats);
	return (int64_t)stats.total_vm;
}

static int64_t seals_checked_first(struct lab *lab)
{
	return left_by_seal(lab, UMM_FILE_SEAL_FUTURE);
}

static int64_t seal_write_checked_first(struct lab *lab)
{
	lab_set_rule(lab, "seals_checked_first", false);
	return left_by_seal(lab, UMM_FILE_SEAL_WRITE);
}

static int64_t seal_exec(struct lab *lab)
{
	lab_file(lab, UMM_FILE_SHMEM, UMM_FMODE_READ | UMM_FMODE_WRITE);
	return umm_file_add_seals(lab->file, UMM_F_SEAL_EXEC, false, 0, NULL);
}

static int64_t mseal(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return umm_mseal(lab->mm, AT, PAGE, 0, NULL);
}

static int64_t mdwe(struct lab *lab)
{
	return umm_prctl_set_mdwe(lab->mm, 1, 0, 0, 0, NULL);
}

static int64_t mdwe_no_inherit(struct lab *lab)
{
	return umm_prctl_set_mdwe(lab->mm, 3, 0, 0, 0, NULL);
}

static int64_t advise(struct lab *lab, int advice)
{
	lab_map(lab, AT, PAGE, RW, ANON);
	return umm_madvise(lab->mm, AT, PAGE, advice, NULL);
}

static int64_t madv_free(struct lab *lab)
{
	return advise(lab, UMM_MADV_FREE);
}

static int64_t madv_wipeonfork(struct lab *lab)
{
	return advise(lab, UMM_MADV_WIPEONFORK);
}

static int64_t madv_cold(struct lab *lab)
{
	return advise(lab, UMM_MADV_COLD);
}

static int64_t madv_populate(struct lab *lab)
{
	return advise(lab, UMM_MADV_POPULATE_WRITE);
}

/* Is the area behind the hole filled? */
static int64_t populate_stops_at_hole(struct lab *lab)
{
	struct umm_area area;

	lab_map(lab, AT, PAGE, RW, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, RW, ANON);
	assert_int_equal(umm_madvise(lab->mm, AT, 3 * PAGE, UMM_MADV_POPULATE_WRITE, NULL),
			 -UMM_ENOMEM);
	assert_true(lab_area(lab, AT + 2 * PAGE, &area));
	return area.anon == UMM_ANON_OWN;
}

static int64_t madv_dontneed_locked(struct lab *lab)
{
	return advise(lab, UMM_MADV_DONTNEED_LOCKED);
}

static int64_t madv_collapse(struct lab *lab)
{
	lab_map(lab, AT, 4 * MIB, RW, ANON);
	lab_write(lab, AT);
	return umm_madvise(lab->mm, AT, 4 * MIB, UMM_MADV_COLLAPSE, NULL);
}

static int64_t madv_guard(struct lab *lab)
{
	return advise(lab, UMM_MADV_GUARD_INSTALL);
}

static int64_t guard_file(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, UMM_MAP_SHARED | UMM_MAP_ANONYMOUS);
	return umm_madvise(lab->mm, AT, PAGE, UMM_MADV_GUARD_INSTALL, NULL);
}

/* 1: the area has the flag, 2: it has an anon_vma. */
static int64_t guard_flag(struct lab *lab)
{
	struct umm_area area;

	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	lab_map(lab, AT, PAGE, R, PRIVATE);
	assert_int_equal(umm_madvise(lab->mm, AT, PAGE, UMM_MADV_GUARD_INSTALL, NULL), 0);
	assert_true(lab_area(lab, AT, &area));
	return (area.vm_flags & UMM_VM_MAYBE_GUARD ? 1 : 0) +
	       (area.anon == UMM_ANON_OWN ? 2 : 0);
}

static int64_t madv_remove_maywrite(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, UMM_MAP_SHARED | UMM_MAP_ANONYMOUS);
	return umm_madvise(lab->mm, AT, PAGE, UMM_MADV_REMOVE, NULL);
}

static int64_t madv_sealed(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	assert_int_equal(umm_mseal(lab->mm, AT, PAGE, 0, NULL), 0);
	return umm_madvise(lab->mm, AT, PAGE, UMM_MADV_DONTNEED, NULL);
}

static int64_t process_madvise_self(struct lab *lab)
{
	const struct umm_range range = { AT, PAGE };

	lab_map(lab, AT, PAGE, R, ANON);
	return umm_process_madvise(lab->mm, lab->mm, &range, 1, UMM_MADV_DONTNEED, 0, NULL);
}

static int64_t memory_merge(struct lab *lab)
{
	const uint64_t arg[4] = { 1, 0, 0, 0 };

	return umm_set_memory_merge(lab->mm, arg, NULL);
}

static int64_t ksm_early(struct lab *lab)
{
	assert_int_equal(memory_merge(lab), 0);
	lab_map(lab, AT, PAGE, RW, ANON);
	lab_map(lab, AT + PAGE, PAGE, RW, ANON);
	return (int64_t)lab_areas(lab);
}

static int64_t thp_disable_flags(struct lab *lab)
{
	const uint64_t arg[4] = { 1, UMM_THP_DISABLE_EXCEPT_ADVISED, 0, 0 };

	return umm_set_thp_disable(lab->mm, arg, NULL);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const struct effect effects[] = {
	{ "fixed_noreplace", fixed_noreplace, -UMM_EEXIST, 0 },
	{ "shared_validate", shared_validate, 0, -UMM_EINVAL },
	{ "droppable", droppable, 0, -UMM_EINVAL },
	{ "map_above4g", above4g, 1, 0 },
	{ "map_stack_nohuge", map_stack_nohuge, 1, 0 },
	{ "anon_thp_align", anon_thp_align, 1, 0 },
	{ "anon_thp_align_multiple", anon_thp_align_multiple, 0, 1 },
	{ "thp_align_shift", thp_align_shift, 1, 2 },
	{ "zero_thp_align", zero_thp_align, 1, 0 },
	{ "data_limit_mmap", data_limit_mmap, -UMM_ENOMEM, 0 },
	{ "mprotect_drops_account", mprotect_drops_account, 0, 2 },
	{ "merge_into_unfaulted", merge_into_unfaulted, 1, 2 },
	{ "mmap_merges_next_first", mmap_merges_next_first, 2, 3 },
	{ "hugetlb_hint_up", hugetlb_hint_up, 6 * MIB, 4 * MIB },
	{ "close_merge", close_merge, 1, 2 },
	{ "failed_fixed_keeps_old", failed_fixed_keeps_old, 4, 0 },
	{ "fixed_split_error", fixed_split_error, -UMM_EINVAL, -UMM_ENOMEM },
	{ "seal_write_allows_read", seal_write_allows_read, 0, -UMM_EPERM },
	{ "file_size_check", file_size_check, -UMM_EOVERFLOW, 0 },
	{ "heap_name_strict", heap_name_strict, 1, 2 },
	{ "seals_checked_first", seals_checked_first, 4, 2 },
	{ "seal_write_checked_first", seal_write_checked_first, 4, 2 },
	{ "seal_exec", seal_exec, 0, -UMM_EINVAL },
	{ "mseal", mseal, 0, -UMM_ENOSYS },
	{ "madv_free", madv_free, 0, -UMM_EINVAL },
	{ "madv_wipeonfork", madv_wipeonfork, 0, -UMM_EINVAL },
	{ "madv_cold", madv_cold, 0, -UMM_EINVAL },
	{ "madv_populate", madv_populate, 0, -UMM_EINVAL },
	{ "populate_stops_at_hole", populate_stops_at_hole, 0, 1 },
	{ "madv_dontneed_locked", madv_dontneed_locked, 0, -UMM_EINVAL },
	{ "madv_collapse", madv_collapse, 0, -UMM_EINVAL },
	{ "madv_guard", madv_guard, 0, -UMM_EINVAL },
	{ "guard_file", guard_file, 0, -UMM_EINVAL },
	{ "guard_flag", guard_flag, 1, 2 },
	{ "madv_remove_maywrite", madv_remove_maywrite, 0, -UMM_EACCES },
	{ "madv_sealed", madv_sealed, -UMM_EPERM, 0 },
	{ "process_madvise_self", process_madvise_self, PAGE, -UMM_EINVAL },
	{ "memory_merge", memory_merge, 0, -UMM_EINVAL },
	{ "ksm_early", ksm_early, 1, 2 },
	{ "thp_disable_flags", thp_disable_flags, 0, -UMM_EINVAL },
	{ "mdwe", mdwe, 0, -UMM_EINVAL },
	{ "mdwe_no_inherit", mdwe_no_inherit, 0, -UMM_EINVAL },
	{ NULL, NULL, 0, 0 },
};

static const struct effect *const tables[] = {
	effects,
	effects_mremap,
	effects_attrs,
	effects_exec,
};

#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

static void show(const struct effect *effect, bool on)
{
	int64_t expected = on ? effect->on : effect->off, answer;
	struct lab lab;

	lab_init(&lab);
	lab_set_rule(&lab, effect->rule, on);
	answer = effect->look(&lab);
	if (answer != expected)
		fail_msg("%s %s: %lld, expected %lld", effect->rule, on ? "on" : "off",
			 (long long)answer, (long long)expected);
	lab_destroy(&lab);
}

static void test_effects(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct effect *effect = tables[i]; effect->rule; effect++) {
			show(effect, false);
			show(effect, true);
		}
	}
}

/* How many rows are about that rule; all of them for NULL. */
static unsigned int effects_of(const char *rule)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct effect *effect = tables[i]; effect->rule; effect++)
			nr += !rule || !strcmp(effect->rule, rule);
	}
	return nr;
}

static void test_catalogue_is_covered(void **state)
{
	(void)state;
	for (unsigned int rule = 0; rule < umm_rule_count(); rule++) {
		struct umm_rule_info info;

		umm_rule_info(rule, &info);
		if (effects_of(info.name) != 1)
			fail_msg("%u tests show the effect of %s", effects_of(info.name),
				 info.name);
	}
	assert_int_equal(umm_rule_count(), effects_of(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_effects),
		cmocka_unit_test(test_catalogue_is_covered),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
