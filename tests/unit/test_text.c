/*
 * test_text.c - the texts: VmFlags, reasons, lines of /proc/PID/maps.
 */
#include "lab.h"

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
	/* A flag without a name, where those of an older kernel have one that we know. */
	assert_int_equal(umm_vm_flags_parse("rd lo ?? ac", &unknown),
			 UMM_VM_READ | UMM_VM_LOCKED | UMM_VM_LOCKONFAULT | UMM_VM_ACCOUNT);
	assert_int_equal(unknown, 0);
	assert_int_equal(umm_vm_flags_parse("lo de ?? ", &unknown),
			 UMM_VM_LOCKED | UMM_VM_DONTEXPAND | UMM_VM_LOCKONFAULT);
	assert_int_equal(umm_vm_flags_parse("?? lo ac", &unknown), UMM_VM_LOCKED | UMM_VM_ACCOUNT);
	assert_int_equal(unknown, 1);
	assert_int_equal(umm_vm_flags_parse("lo ac ??", &unknown), UMM_VM_LOCKED | UMM_VM_ACCOUNT);
	assert_int_equal(unknown, 1);
	assert_int_equal(umm_vm_flags_parse("rd ?? ac", &unknown), UMM_VM_READ | UMM_VM_ACCOUNT);
	assert_int_equal(unknown, 1);
	assert_int_equal(umm_vm_flags_parse("lo ?? ?? ac", &unknown),
			 UMM_VM_LOCKED | UMM_VM_ACCOUNT);
	assert_int_equal(unknown, 2);
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
	file = lab_new_file(&lab, "/usr/lib/libc.so.6");
	weird = lab_new_file(&lab, "/tmp/a b\nc\\d");

	lab_map_file(&lab, 0x400000, 3 * PAGE, R, UMM_MAP_PRIVATE, file, 0x26000);
	assert_int_equal(umm_brk(lab.mm, 0x502001, NULL), 0x502001);
	lab_map_file(&lab, 0x600000, PAGE, RW, ANON, NULL, 0);
	lab_map_file(&lab, 0x700000, PAGE, RW | UMM_PROT_EXEC, UMM_MAP_SHARED, file, 0x100000000);
	lab_map_file(&lab, 0x800000, PAGE, 0, UMM_MAP_PRIVATE, weird, 0);
	lab_map(&lab, UINT64_C(0x7ffff0000000), PAGE, R, SHARED | UMM_MAP_ANONYMOUS);
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

/* Paths of every length around what an allocation holds. */
static void test_path_lengths(void **state)
{
	char path[200], text[400];
	struct umm_file *file;
	umm_addr_t next;
	struct lab lab;

	(void)state;
	lab_init(&lab);
	file = lab_new_file(&lab, NULL);
	lab_map_file(&lab, AT, PAGE, R, PRIVATE, file, 0);
	for (size_t length = 1; length < sizeof(path); length++) {
		size_t size;

		memset(path, 'x', length);
		path[length] = '\0';
		assert_int_equal(umm_file_set_path(file, path), 0);
		size = umm_maps_line(lab.mm, AT, text, sizeof(text), &next);
		assert_int_equal(size, 73 + length + 1);
		assert_memory_equal(text + 73, path, length);
	}
	assert_int_equal(umm_file_set_path(file, NULL), 0);
	umm_maps_line(lab.mm, AT, text, sizeof(text), &next);
	assert_null(strchr(text, 'x'));
	umm_file_put(file);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flags_text),
		cmocka_unit_test(test_why_format),
		cmocka_unit_test(test_maps_text),
		cmocka_unit_test(test_path_lengths),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
