/*
 * test_api.c - what an embedder meets: versions, catalogues, bad arguments, references, events.
 */
#include "lab.h"

/* ---- versions, catalogues ------------------------------------------------------------------ */

static void test_version(void **state)
{
	char text[32];

	(void)state;
	snprintf(text, sizeof(text), "%d.%d.%d", UMM_VERSION_MAJOR, UMM_VERSION_MINOR,
		 UMM_VERSION_PATCH);
	assert_int_equal(umm_version(), UMM_VERSION);
	assert_string_equal(umm_version_string(), text);
	assert_true(umm_version_compatible(UMM_VERSION));
	assert_false(umm_version_compatible(UMM_VERSION + (1 << 16)));
	assert_false(umm_version_compatible(UMM_VERSION + (1 << 8)));	/* a newer header */
}

static void test_catalogue(void **state)
{
	unsigned int count = umm_why_count();
	struct umm_why_info info, other;

	(void)state;
	assert_true(count > 60);
	assert_int_equal(umm_why_info(count, &info), -UMM_EINVAL);
	assert_int_equal(umm_why_info(UINT32_MAX, &info), -UMM_EINVAL);
	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(umm_why_info(i, &info), 0);
		assert_true(info.name && *info.name && info.function && info.text && *info.text);
		assert_int_equal(info.error != 0, info.ruled_out != NULL);
		for (unsigned int j = 0; j < i; j++) {
			umm_why_info(j, &other);
			assert_string_not_equal(info.name, other.name);
		}
	}
}

static void test_rules(void **state)
{
	struct umm_rule_info info;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_true(umm_rule_count() > 10);
	assert_int_equal(umm_rule_info(umm_rule_count(), &info), -UMM_EINVAL);
	assert_int_equal(umm_rule_find("no_such_rule"), -UMM_ENOENT);
	assert_int_equal(umm_rule_find(""), -UMM_ENOENT);
	for (unsigned int i = 0; i < umm_rule_count(); i++) {
		assert_int_equal(umm_rule_info(i, &info), 0);
		assert_int_equal(umm_rule_find(info.name), i);
		assert_true(info.text && *info.text && info.verified && *info.verified);
		/* The newest kernel has each rule that lives, and none that is still to come. */
		assert_int_equal(umm_world_rule(lab.world, i),
				 !info.until && info.since <= UMM_KERNEL_NEWEST);
		assert_int_equal(umm_world_set_rule(lab.world, i, false), 0);
		assert_false(umm_world_rule(lab.world, i));
	}
	assert_int_equal(umm_world_set_rule(lab.world, umm_rule_count(), true), -UMM_EINVAL);
	assert_false(umm_world_rule(lab.world, umm_rule_count()));
	lab_destroy(&lab);
}

/* Each rule is off just before the kernel that brought it, and on from there. */
static void test_rules_by_version(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < umm_rule_count(); i++) {
		struct umm_rule_info info;
		struct unit_memory memory;
		struct umm_settings settings;
		struct umm_world *world;

		umm_rule_info(i, &info);
		if (!info.since || info.since > UMM_KERNEL_NEWEST)
			continue;
		for (uint32_t kernel = info.since - 1; kernel <= info.since; kernel++) {
			unit_memory_init(&memory);
			umm_settings_init(&settings, kernel);
			assert_int_equal(umm_world_new(&memory.platform, &settings, &world), 0);
			assert_int_equal(umm_world_rule(world, i), kernel == info.since);
			umm_world_free(world);
		}
	}
}

/* A rule that is off changes what is answered: two that are easily seen. */
static void test_rule_off(void **state)
{
	struct umm_area area = { .size = sizeof(area) };
	struct lab lab;
	int64_t addr;

	(void)state;
	lab_init(&lab);
	addr = umm_get_unmapped_area(lab.mm, 0, 2 << 20, R, ANON, NULL, 0);
	assert_true(addr > 0 && addr % (2 << 20) == 0);
	lab_set_rule(&lab, "anon_thp_align", false);
	addr = umm_get_unmapped_area(lab.mm, 0, 2 << 20, R, ANON, NULL, 0);
	assert_true(addr > 0 && addr % (2 << 20) != 0);

	lab_map_file(&lab, AT, PAGE, R, ANON | UMM_MAP_STACK, NULL, 0);
	assert_true(umm_find_area(lab.mm, AT, &area));
	assert_true(area.vm_flags & UMM_VM_NOHUGEPAGE);
	lab_set_rule(&lab, "map_stack_nohuge", false);
	lab_map_file(&lab, AT, PAGE, R, ANON | UMM_MAP_STACK, NULL, 0);
	assert_true(umm_find_area(lab.mm, AT, &area));
	assert_false(area.vm_flags & UMM_VM_NOHUGEPAGE);
	lab_destroy(&lab);
}

/* Where exec puts things, by the stack limit: as seen on the kernel without randomisation. */
static void test_layout(void **state)
{
	static const struct { uint64_t stack, mmap_base; } layouts[] = {
		{ 8 * MIB, UINT64_C(0x7ffff7fff000) },
		{ 1024 * MIB, UINT64_C(0x7fffbfeff000) },
		{ UMM_RLIM_INFINITY, UINT64_C(0x155555556000) },
	};
	struct umm_layout layout;

	(void)state;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		umm_layout_init(&layout, layouts[i].stack);
		assert_int_equal(layout.size, sizeof(layout));
		assert_int_equal(layout.task_size, UINT64_C(0x7ffffffff000));
		assert_int_equal(layout.mmap_base, layouts[i].mmap_base);
		assert_int_equal(layout.mmap_legacy_base, UINT64_C(0x2aaaaaaab000));
		assert_false(layout.bottom_up);
	}
}

static void test_settings(void **state)
{
	struct umm_settings settings;

	(void)state;
	memset(&settings, 0x5a, sizeof(settings));
	umm_settings_init(&settings, UMM_KERNEL(6, 1));
	assert_int_equal(settings.size, sizeof(settings));
	assert_int_equal(settings.kernel, UMM_KERNEL(6, 1));
	assert_int_equal(settings.overcommit_memory, 0);
	assert_int_equal(settings.overcommit_ratio, 50);
	assert_int_equal(settings.max_map_count, 65530);
	assert_int_equal(settings.mmap_min_addr, 65536);
	assert_int_equal(settings.hint_min_addr, 65536);
	assert_int_equal(settings.stack_guard_gap, MIB);
	assert_int_equal(settings.totalram_pages, 8 * 1024 * MIB / PAGE);
	assert_false(settings.legacy_va_layout);
}

/* ---- bad arguments ------------------------------------------------------------------------- */

static void test_bad_world(void **state)
{
	struct umm_settings settings, bad;
	struct unit_memory memory;
	struct umm_platform platform;
	struct umm_world *world = NULL;

	(void)state;
	unit_memory_init(&memory);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);

	platform = memory.platform;
	platform.size--;
	assert_int_equal(umm_world_new(&platform, &settings, &world), -UMM_EINVAL);
	platform = memory.platform;
	platform.alloc = NULL;
	assert_int_equal(umm_world_new(&platform, &settings, &world), -UMM_EINVAL);
	platform = memory.platform;
	platform.read_lock = NULL;	/* some locks, not all */
	assert_int_equal(umm_world_new(&platform, &settings, &world), -UMM_EINVAL);

	bad = settings;
	bad.size = 3;
	assert_int_equal(umm_world_new(&memory.platform, &bad, &world), -UMM_EINVAL);
	bad = settings;
	bad.overcommit_memory = 3;
	assert_int_equal(umm_world_new(&memory.platform, &bad, &world), -UMM_EINVAL);
	bad = settings;
	bad.kernel = UMM_KERNEL_NEWEST + 1;	/* nobody knows what that one does */
	assert_int_equal(umm_world_new(&memory.platform, &bad, &world), -UMM_EINVAL);
	bad = settings;
	bad.huge[1].shift = 12;
	assert_int_equal(umm_world_new(&memory.platform, &bad, &world), -UMM_EINVAL);
	bad = settings;
	bad.stack_guard_gap = 1;
	assert_int_equal(umm_world_new(&memory.platform, &bad, &world), -UMM_EINVAL);
	assert_null(world);
	assert_int_equal(memory.bytes, 0);

	assert_int_equal(umm_world_new(&memory.platform, &settings, &world), 0);
	assert_int_equal(umm_world_set(world, &bad), -UMM_EINVAL);
	memset(&bad, 0, sizeof(bad));
	bad.size = sizeof(bad);
	umm_world_get(world, &bad);
	assert_int_equal(bad.stack_guard_gap, settings.stack_guard_gap);
	umm_world_free(world);
	assert_int_equal(memory.bytes, 0);
}

static void test_bad_arguments(void **state)
{
	struct umm_file_desc desc;
	struct umm_file *file = NULL;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_mm_set_rlimit(lab.mm, 99, 1, 1), -UMM_EINVAL);
	assert_int_equal(umm_mm_set_rlimit(lab.mm, -1, 1, 1), -UMM_EINVAL);
	assert_ptr_equal(umm_mm_world(lab.mm), lab.world);

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.size = 1;
	assert_int_equal(umm_file_new(lab.world, &desc, &file), -UMM_EINVAL);
	umm_file_desc_init(&desc, (enum umm_file_kind)77);
	assert_int_equal(umm_file_new(lab.world, &desc, &file), -UMM_EINVAL);
	umm_file_desc_init(&desc, UMM_FILE_HUGETLB);
	desc.huge_shift = 200;
	assert_int_equal(umm_file_new(lab.world, &desc, &file), -UMM_EINVAL);
	desc.huge_shift = 12;
	assert_int_equal(umm_file_new(lab.world, &desc, &file), -UMM_EINVAL);
	desc.huge_shift = 48;
	assert_int_equal(umm_file_new(lab.world, &desc, &file), -UMM_EINVAL);
	assert_null(file);

	assert_int_equal(umm_area_set_anon(lab.mm, AT, UMM_ANON_OWN), -UMM_ENOENT);
	lab_destroy(&lab);
}

/* Areas stay within user space, whatever is said of its end later. */
static void test_layout_below_areas(void **state)
{
	struct umm_layout layout, same;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map_file(&lab, AT, 2 * PAGE, RW, ANON, NULL, 0);
	umm_mm_get_layout(lab.mm, &layout);
	layout.task_size = AT + PAGE;
	assert_int_equal(umm_mm_set_layout(lab.mm, &layout), -UMM_EINVAL);
	assert_true(umm_mm_is_valid(lab.mm));
	umm_mm_get_layout(lab.mm, &same);
	assert_int_not_equal(same.task_size, layout.task_size);
	layout.task_size = AT + 2 * PAGE;
	assert_int_equal(umm_mm_set_layout(lab.mm, &layout), 0);
	layout.size--;
	assert_int_equal(umm_mm_set_layout(lab.mm, &layout), -UMM_EINVAL);
	lab_destroy(&lab);
}

/* What is asked without a mapping fails as the mapping would. */
static void test_chosen_address(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	assert_int_equal(umm_get_unmapped_area(lab.mm, 0, 0, R, ANON, NULL, 0), -UMM_EINVAL);
	assert_int_equal(umm_get_unmapped_area(lab.mm, 0, UINT64_MAX, R, ANON, NULL, 0),
			 -UMM_ENOMEM);
	assert_int_equal(umm_get_unmapped_area(lab.mm, 0, PAGE, R, ANON, NULL, 1), -UMM_EINVAL);
	lab.settings.max_map_count = 0;
	lab_settings_changed(&lab);
	assert_true(umm_get_unmapped_area(lab.mm, 0, PAGE, R, ANON, NULL, 0) > 0);
	lab_map_file(&lab, AT, PAGE, R, ANON, NULL, 0);
	assert_int_equal(umm_get_unmapped_area(lab.mm, 0, PAGE, R, ANON, NULL, 0), -UMM_ENOMEM);
	lab_destroy(&lab);
}

/* ---- references and copies ----------------------------------------------------------------- */

static int released;

static void count_release(void *cookie)
{
	assert_ptr_equal(cookie, &released);
	released++;
}

static void test_file_references(void **state)
{
	struct umm_file_desc desc;
	struct umm_file *file;
	struct umm_mm *child;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	released = 0;
	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.flags = UMM_FMODE_READ;
	desc.cookie = &released;
	desc.release = count_release;
	assert_int_equal(umm_file_new(lab.world, &desc, &file), 0);
	assert_ptr_equal(umm_file_cookie(file), &released);
	lab_map_file(&lab, AT, 8 * PAGE, R, UMM_MAP_PRIVATE, file, 0);
	/* A mapping that is refused keeps nothing. */
	assert_int_equal(umm_mmap(lab.mm, 0, PAGE, RW, UMM_MAP_SHARED, file, 0, NULL), -UMM_EACCES);
	umm_file_put(file);
	assert_int_equal(released, 0);
	assert_int_equal(umm_munmap(lab.mm, AT + 2 * PAGE, PAGE, NULL), 0);
	assert_int_equal(umm_mprotect(lab.mm, AT, PAGE, 0, -1, NULL), 0);
	assert_int_equal(umm_fork(lab.mm, &child, NULL), 0);
	assert_int_equal(umm_munmap(lab.mm, AT, 8 * PAGE, NULL), 0);
	assert_int_equal(released, 0);
	umm_mm_put(child);
	assert_int_equal(released, 1);
	lab_destroy(&lab);
}

static void test_mm_references(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map_file(&lab, AT, PAGE, RW, ANON, NULL, 0);
	umm_mm_get(lab.mm);
	umm_mm_put(lab.mm);
	assert_true(umm_mm_is_valid(lab.mm));
	assert_int_equal(umm_world_committed(lab.world), 1);
	lab_destroy(&lab);
}

static void test_exec(void **state)
{
	struct umm_area area = { .size = sizeof(area) };
	struct umm_mm *fresh;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_map_file(&lab, AT, PAGE, RW, ANON, NULL, 0);
	assert_int_equal(umm_mm_set_rlimit(lab.mm, UMM_RLIMIT_AS, 4 * PAGE, 4 * PAGE), 0);
	umm_mm_set_def_flags(lab.mm, UMM_VM_LOCKED);
	umm_mm_set_personality(lab.mm, UMM_READ_IMPLIES_EXEC);
	assert_int_equal(umm_exec(lab.mm, &fresh), 0);
	assert_false(umm_find_area(fresh, 0, &area));
	assert_true(umm_find_area(lab.mm, 0, &area));
	/* The limit came along, the wish to lock did not. */
	assert_int_equal(umm_mmap(fresh, 0, 5 * PAGE, R, ANON, NULL, 0, NULL), -UMM_ENOMEM);
	assert_int_equal(umm_mmap(fresh, AT, PAGE, R, ANON | UMM_MAP_FIXED, NULL, 0, NULL), AT);
	assert_true(umm_find_area(fresh, 0, &area));
	assert_false(area.vm_flags & (UMM_VM_LOCKED | UMM_VM_EXEC));
	umm_mm_put(fresh);
	lab_destroy(&lab);
}

static unsigned int events[UMM_EVENT_ANON_VMA + 1];

static void count_event(void *ctx, const struct umm_event *event)
{
	(void)ctx;
	assert_non_null(event->mm);
	assert_true(event->type <= UMM_EVENT_ANON_VMA);
	events[event->type]++;
	/* Told after the lock is dropped: the library may be asked. */
	if (event->type == UMM_EVENT_REFUSAL)
		assert_true(umm_mm_is_valid(event->mm));
}

/* Allowed, and yet no page: behind the end of a file, and a huge page that there is none of. */
static void test_sigbus(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	lab_file(&lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FMODE_WRITE);
	umm_file_set_size(lab.file, PAGE + 1);
	lab_map(&lab, AT, 4 * PAGE, RW, PRIVATE);
	assert_false(umm_fault_sigbus(lab.mm, AT + 2 * PAGE - 1));
	assert_true(umm_fault_sigbus(lab.mm, AT + 2 * PAGE));
	assert_int_equal(umm_fault(lab.mm, AT + 2 * PAGE, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);

	assert_false(umm_fault_sigbus(lab.mm, AT - PAGE));	/* nothing there */

	/* A shared object of the kernel's own ends where it ended when it was made. */
	lab_map_file(&lab, AT + MIB, PAGE, RW, SHARED | UMM_MAP_ANONYMOUS, NULL, 0);
	assert_int_equal(umm_mremap(lab.mm, AT + MIB, PAGE, 2 * PAGE, 0, 0, NULL), AT + MIB);
	assert_false(umm_fault_sigbus(lab.mm, AT + MIB));
	assert_true(umm_fault_sigbus(lab.mm, AT + MIB + PAGE));

	lab.settings.huge[0].free_pages = 0;
	lab_settings_changed(&lab);
	lab_map_file(&lab, 64 * MIB, 2 * MIB, RW,
		     ANON | UMM_MAP_HUGETLB | UMM_MAP_NORESERVE, NULL, 0);
	assert_true(umm_fault_sigbus(lab.mm, 64 * MIB));
	lab_destroy(&lab);
}

static void test_events(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	memset(events, 0, sizeof(events));
	umm_world_set_events(lab.world, count_event, NULL);
	lab_map_file(&lab, AT, 4 * PAGE, RW, ANON, NULL, 0);
	assert_int_equal(events[UMM_EVENT_AREA_ADD], 1);
	assert_int_equal(events[UMM_EVENT_CHARGE], 1);
	lab_map_file(&lab, AT + 4 * PAGE, PAGE, RW, ANON, NULL, 0);
	assert_int_equal(events[UMM_EVENT_AREA_ADD], 1);
	assert_int_equal(events[UMM_EVENT_AREA_MERGE], 1);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_WRITE, NULL), 0);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_WRITE, NULL), 0);
	assert_int_equal(events[UMM_EVENT_ANON_VMA], 1);
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), 0);
	assert_true(events[UMM_EVENT_AREA_SPLIT] > 0);
	assert_int_equal(events[UMM_EVENT_REFUSAL], 0);
	assert_int_equal(umm_munmap(lab.mm, 1, PAGE, NULL), -UMM_EINVAL);
	assert_int_equal(events[UMM_EVENT_REFUSAL], 1);
	assert_int_equal(umm_brk(lab.mm, 1, NULL), HEAP);
	assert_int_equal(events[UMM_EVENT_REFUSAL], 2);
	umm_world_set_events(lab.world, NULL, NULL);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_by_version),
		cmocka_unit_test(test_rule_off),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_bad_world),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_layout_below_areas),
		cmocka_unit_test(test_chosen_address),
		cmocka_unit_test(test_file_references),
		cmocka_unit_test(test_mm_references),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_sigbus),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
