/*
 * test_api.c - what an embedder meets: versions, bad arguments, texts, references, and state from
 * outside, hostile or not.
 */
#include <usermm/usermm.h>

#include "unit.h"

#define PAGE UINT64_C(4096)
#define AT UINT64_C(0x10000000)
#define R UMM_PROT_READ
#define RW (UMM_PROT_READ | UMM_PROT_WRITE)
#define ANON (UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS)

struct lab {
	struct unit_memory memory;
	struct umm_world *world;
	struct umm_mm *mm;
};

static void lab_init(struct lab *lab)
{
	struct umm_settings settings;

	unit_memory_init(&lab->memory);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	assert_int_equal(umm_world_new(&lab->memory.platform, &settings, &lab->world), 0);
	assert_int_equal(umm_mm_new(lab->world, &lab->mm), 0);
}

static void lab_destroy(struct lab *lab)
{
	umm_mm_put(lab->mm);
	assert_int_equal(umm_world_committed(lab->world), 0);
	umm_world_free(lab->world);
	assert_int_equal(lab->memory.bytes, 0);
}

static struct umm_file *new_file(struct lab *lab, const char *path)
{
	struct umm_file_desc desc;
	struct umm_file *file;

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.flags = UMM_FMODE_READ | UMM_FMODE_WRITE;
	desc.dev_major = 8;
	desc.dev_minor = 0x11;
	desc.inode = 1234567;
	desc.path = path;
	assert_int_equal(umm_file_new(lab->world, &desc, &file), 0);
	return file;
}

static void map_at(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		   struct umm_file *file, uint64_t offset)
{
	assert_int_equal(umm_mmap(lab->mm, addr, len, prot, flags | UMM_MAP_FIXED, file, offset,
				  NULL), addr);
}

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
		/* The newest kernel has each rule that lives. */
		assert_int_equal(umm_world_rule(lab.world, i), !info.until);
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
		if (!info.since)
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

static void switch_off(struct lab *lab, const char *name)
{
	int rule = umm_rule_find(name);

	assert_true(rule >= 0);
	assert_int_equal(umm_world_set_rule(lab->world, (unsigned int)rule, false), 0);
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
	switch_off(&lab, "anon_thp_align");
	addr = umm_get_unmapped_area(lab.mm, 0, 2 << 20, R, ANON, NULL, 0);
	assert_true(addr > 0 && addr % (2 << 20) != 0);

	map_at(&lab, AT, PAGE, R, ANON | UMM_MAP_STACK, NULL, 0);
	assert_true(umm_find_area(lab.mm, AT, &area));
	assert_true(area.vm_flags & UMM_VM_NOHUGEPAGE);
	switch_off(&lab, "map_stack_nohuge");
	map_at(&lab, AT, PAGE, R, ANON | UMM_MAP_STACK, NULL, 0);
	assert_true(umm_find_area(lab.mm, AT, &area));
	assert_false(area.vm_flags & UMM_VM_NOHUGEPAGE);
	lab_destroy(&lab);
}

/* ---- bad arguments ------------------------------------------------------------------------- */

static int lock_stub_init(void *ctx, struct umm_lock *lock)
{
	(void)ctx;
	(void)lock;
	return 0;
}

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
	platform.lock_init = lock_stub_init;	/* some locks, not all */
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
	assert_null(file);

	assert_int_equal(umm_area_set_anon(lab.mm, AT, UMM_ANON_OWN), -UMM_ENOENT);
	lab_destroy(&lab);
}

/* ---- texts --------------------------------------------------------------------------------- */

static void test_flags_text(void **state)
{
	const uint64_t all = (UINT64_C(1) << 36) - 1;
	struct unit_random random = unit_random_init();
	char text[256], part[8];
	unsigned int unknown;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		uint64_t flags = i < 36 ? UINT64_C(1) << i : unit_random(&random) & all;
		size_t length = umm_vm_flags_text(flags, text, sizeof(text));

		assert_int_equal(length, strlen(text));
		assert_int_equal(length, 3 * (size_t)__builtin_popcountll(flags));
		unknown = 99;
		assert_int_equal(umm_vm_flags_parse(text, &unknown), flags);
		assert_int_equal(unknown, 0);
		/* As snprintf: cut, ended by a zero, and the length is that of the whole. */
		assert_int_equal(umm_vm_flags_text(flags, part, sizeof(part)), length);
		assert_true(!strncmp(part, text, strlen(part)) && strlen(part) < sizeof(part));
	}
	umm_vm_flags_text(UMM_VM_READ | UMM_VM_WRITE | UMM_VM_MAYREAD | UMM_VM_MAYWRITE |
			  UMM_VM_MAYEXEC | UMM_VM_GROWSDOWN | UMM_VM_ACCOUNT, text, sizeof(text));
	assert_string_equal(text, "rd wr mr mw me gd ac ");
	/* The order is the kernel's: mixed map and huge pages after soft-dirty. */
	umm_vm_flags_text(UMM_VM_DONTDUMP | UMM_VM_IO | UMM_VM_PFNMAP | UMM_VM_DONTEXPAND |
			  UMM_VM_NORESERVE | UMM_VM_HUGETLB, text, sizeof(text));
	assert_string_equal(text, "pf io de nr ht dd ");
	assert_int_equal(umm_vm_flags_text(0, text, sizeof(text)), 0);
	assert_string_equal(text, "");

	assert_int_equal(umm_vm_flags_parse("rd zz wr ?? ", &unknown), UMM_VM_READ | UMM_VM_WRITE);
	assert_int_equal(unknown, 2);
	assert_int_equal(umm_vm_flags_parse("  rd\twr\n", NULL), UMM_VM_READ | UMM_VM_WRITE);
	assert_int_equal(umm_vm_flags_parse("r", &unknown), 0);
	assert_int_equal(unknown, 1);
	assert_int_equal(umm_vm_flags_parse("rdwr rd ", &unknown), UMM_VM_READ);
	assert_int_equal(unknown, 1);
	assert_int_equal(umm_vm_flags_parse("", &unknown), 0);
	assert_int_equal(unknown, 0);
}

static void test_why_format(void **state)
{
	struct umm_why_entry entry = { .value = { 42, 0xdead0000, 1 << 20, 5 } };
	char text[128];

	(void)state;
	umm_why_format("{0} at {1x}", &entry, text, sizeof(text));
	assert_string_equal(text, "42 at dead0000");
	assert_int_equal(umm_why_format("{0}{0}{0}{0}", &entry, text, 4), 8);
	assert_string_equal(text, "424");
	assert_int_equal(umm_why_format("{0}{0}", &entry, NULL, 0), 4);
	/* Bytes and pages have a unit. */
	umm_why_format("{2b} {0p}", &entry, text, sizeof(text));
	assert_non_null(strstr(text, "1 MiB"));
	assert_non_null(strstr(text, "168 KiB"));
	/* Not a placeholder: left alone, and no step beyond the end. */
	assert_true(umm_why_format("{9} {", &entry, text, sizeof(text)) < sizeof(text));
	assert_true(umm_why_format("{0", &entry, text, sizeof(text)) < sizeof(text));
	assert_true(umm_why_format("{", &entry, text, sizeof(text)) < sizeof(text));
}

static void import(struct lab *lab, uint64_t start, uint64_t pages, uint64_t flags,
		   enum umm_area_name name, const char *special)
{
	struct umm_area area = {
		.size = sizeof(area), .start = start, .end = start + pages * PAGE,
		.vm_flags = flags, .pgoff = 0, .name = name, .special = special,
	};

	assert_int_equal(umm_area_import(lab->mm, &area), 0);
}

/* A line as /proc/PID/maps prints it: the name begins in column 73. */
static size_t line(char *out, const char *prefix, const char *name)
{
	if (!*name)
		return (size_t)sprintf(out, "%s \n", prefix);
	return (size_t)sprintf(out, "%-72s %s\n", prefix, name);
}

static void test_maps_text(void **state)
{
	char expected[4096], text[4096], small[100], *end = expected;
	struct umm_layout layout;
	struct umm_file *file, *weird;
	umm_addr_t addr, next;
	struct lab lab;
	size_t length;

	(void)state;
	lab_init(&lab);
	umm_mm_get_layout(lab.mm, &layout);
	layout.start_brk = layout.brk = 0x500000;
	layout.start_stack = UINT64_C(0x7ffffffde123);
	umm_mm_set_layout(lab.mm, &layout);
	file = new_file(&lab, "/usr/lib/libc.so.6");
	weird = new_file(&lab, "/tmp/a b\nc\\d");

	map_at(&lab, 0x400000, 3 * PAGE, R, UMM_MAP_PRIVATE, file, 0x26000);
	assert_int_equal(umm_brk(lab.mm, 0x502001, NULL), 0x502001);
	map_at(&lab, 0x600000, PAGE, RW, ANON, NULL, 0);
	map_at(&lab, 0x700000, PAGE, RW | UMM_PROT_EXEC, UMM_MAP_SHARED, file, 0x100000000);
	map_at(&lab, 0x800000, PAGE, 0, UMM_MAP_PRIVATE, weird, 0);
	map_at(&lab, UINT64_C(0x7ffff0000000), PAGE, R, UMM_MAP_SHARED | UMM_MAP_ANONYMOUS, NULL,
	       0);
	import(&lab, UINT64_C(0x7ffff7fc0000), 4, UMM_VM_READ | UMM_VM_MAYREAD | UMM_VM_PFNMAP |
	       UMM_VM_IO | UMM_VM_DONTEXPAND | UMM_VM_DONTDUMP, UMM_NAME_VVAR, NULL);
	import(&lab, UINT64_C(0x7ffff7fc4000), 2, UMM_VM_READ | UMM_VM_EXEC | UMM_VM_MAYREAD |
	       UMM_VM_MAYWRITE | UMM_VM_MAYEXEC | UMM_VM_DONTEXPAND, UMM_NAME_VDSO, NULL);
	import(&lab, UINT64_C(0x7ffff7fd0000), 1, UMM_VM_READ | UMM_VM_MAYREAD,
	       UMM_NAME_OTHER_SPECIAL, "[uprobes]");
	import(&lab, UINT64_C(0x7ffffffde000), 33, UMM_VM_READ | UMM_VM_WRITE | UMM_VM_MAYREAD |
	       UMM_VM_MAYWRITE | UMM_VM_MAYEXEC | UMM_VM_GROWSDOWN | UMM_VM_ACCOUNT,
	       UMM_NAME_STACK, NULL);

	end += line(end, "00400000-00403000 r--p 00026000 08:11 1234567", "/usr/lib/libc.so.6");
	end += line(end, "00500000-00503000 rw-p 00000000 00:00 0", "[heap]");
	end += line(end, "00600000-00601000 rw-p 00000000 00:00 0", "");
	end += line(end, "00700000-00701000 rwxs 100000000 08:11 1234567", "/usr/lib/libc.so.6");
	end += line(end, "00800000-00801000 ---p 00000000 08:11 1234567", "/tmp/a b\\012c\\d");

	length = umm_maps_text(lab.mm, text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_memory_equal(text, expected, (size_t)(end - expected));
	/* The inode of shared anonymous memory is the model's own. */
	assert_non_null(strstr(text, "7ffff0000000-7ffff0001000 r--s 00000000 00:01 "));
	assert_non_null(strstr(text, "/dev/zero (deleted)\n7ffff7fc0000-7ffff7fc4000 r--p "));

	line(expected, "7ffff7fc0000-7ffff7fc4000 r--p 00000000 00:00 0", "[vvar]");
	assert_non_null(strstr(text, expected));
	line(expected, "7ffff7fc4000-7ffff7fc6000 r-xp 00000000 00:00 0", "[vdso]");
	assert_non_null(strstr(text, expected));
	line(expected, "7ffff7fd0000-7ffff7fd1000 r--p 00000000 00:00 0", "[uprobes]");
	assert_non_null(strstr(text, expected));
	line(expected, "7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0", "[stack]");
	assert_non_null(strstr(text, expected));

	/* Line by line it is the same; a buffer too small cuts, and says how long the whole is. */
	end = expected;
	for (addr = 0; (length = umm_maps_line(lab.mm, addr, end, 1024, &next)); addr = next) {
		assert_int_equal(length, strlen(end));
		assert_true(next > addr);
		assert_int_equal(umm_maps_line(lab.mm, addr, small, 5, &next), length);
		assert_int_equal(strlen(small), 4);
		end += length;
	}
	assert_string_equal(expected, text);
	assert_int_equal(umm_maps_text(lab.mm, small, sizeof(small)), strlen(text));
	assert_int_equal(strlen(small), sizeof(small) - 1);
	assert_memory_equal(small, text, sizeof(small) - 1);
	assert_int_equal(umm_maps_text(lab.mm, NULL, 0), strlen(text));

	assert_int_equal(umm_file_set_path(file, "/new/name (deleted)"), 0);
	umm_maps_line(lab.mm, 0x400000, text, sizeof(text), &next);
	assert_non_null(strstr(text, " /new/name (deleted)\n"));
	umm_file_put(file);
	umm_file_put(weird);
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
	map_at(&lab, AT, 8 * PAGE, R, UMM_MAP_PRIVATE, file, 0);
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
	map_at(&lab, AT, PAGE, RW, ANON, NULL, 0);
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
	map_at(&lab, AT, PAGE, RW, ANON, NULL, 0);
	assert_int_equal(umm_mm_set_rlimit(lab.mm, UMM_RLIMIT_AS, 4 * PAGE, 4 * PAGE), 0);
	umm_mm_set_def_flags(lab.mm, UMM_VM_LOCKED);
	assert_int_equal(umm_exec(lab.mm, &fresh), 0);
	assert_false(umm_find_area(fresh, 0, &area));
	assert_true(umm_find_area(lab.mm, 0, &area));
	/* The limit came along, the wish to lock did not. */
	assert_int_equal(umm_mmap(fresh, 0, 5 * PAGE, R, ANON, NULL, 0, NULL), -UMM_ENOMEM);
	assert_int_equal(umm_mmap(fresh, AT, PAGE, R, ANON | UMM_MAP_FIXED, NULL, 0, NULL), AT);
	assert_true(umm_find_area(fresh, 0, &area));
	assert_false(area.vm_flags & UMM_VM_LOCKED);
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
}

static void test_events(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	memset(events, 0, sizeof(events));
	umm_world_set_events(lab.world, count_event, NULL);
	map_at(&lab, AT, 4 * PAGE, RW, ANON, NULL, 0);
	assert_int_equal(events[UMM_EVENT_AREA_ADD], 1);
	assert_int_equal(events[UMM_EVENT_CHARGE], 1);
	map_at(&lab, AT + 4 * PAGE, PAGE, RW, ANON, NULL, 0);
	assert_int_equal(events[UMM_EVENT_AREA_ADD], 1);
	assert_int_equal(events[UMM_EVENT_AREA_MERGE], 1);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_WRITE, NULL), 0);
	assert_int_equal(umm_fault(lab.mm, AT, UMM_ACCESS_WRITE, NULL), 0);
	assert_int_equal(events[UMM_EVENT_ANON_VMA], 1);
	assert_int_equal(umm_munmap(lab.mm, AT + PAGE, PAGE, NULL), 0);
	assert_true(events[UMM_EVENT_AREA_SPLIT] > 0);
	assert_int_equal(events[UMM_EVENT_REFUSAL], 0);
	assert_int_equal(umm_munmap(lab.mm, 1, PAGE, NULL), -UMM_EINVAL);
	umm_world_set_events(lab.world, NULL, NULL);
	lab_destroy(&lab);
}

/* ---- state from outside -------------------------------------------------------------------- */

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
	map_at(&lab, AT + 2 * PAGE, PAGE, RW, ANON, NULL, 0);		/* merges */
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
	map_at(&lab, AT, 8 * PAGE, RW, ANON, NULL, 0);
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
	file = new_file(&lab, NULL);
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
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_catalogue),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_by_version),
		cmocka_unit_test(test_rule_off),
		cmocka_unit_test(test_bad_world),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_flags_text),
		cmocka_unit_test(test_why_format),
		cmocka_unit_test(test_maps_text),
		cmocka_unit_test(test_file_references),
		cmocka_unit_test(test_mm_references),
		cmocka_unit_test(test_exec),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_import_refused),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_adopt),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_hostile_layout),
	};

	return cmocka_run_group_tests_name("api", tests, NULL, NULL);
}
