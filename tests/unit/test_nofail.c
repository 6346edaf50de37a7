/*
 * test_nofail.c - the platform's memory runs out at the n-th allocation of a call, for n = 1, 2, 3
 * and so on until the call succeeds.  Each failure says so, leaves what can be seen as it was, and
 * leaks nothing.
 */
#include "nofail.h"

#define MIB (UINT64_C(1) << 20)
#define HEAP UINT64_C(0x500000)
#define FILLERS UINT64_C(0x20000000)

static void lab_init(struct lab *lab)
{
	struct umm_settings settings;
	struct umm_file_desc desc;
	struct umm_layout layout;

	memset(lab, 0, sizeof(*lab));
	unit_memory_init(&lab->memory);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.overcommit_memory = 1;
	settings.huge[0] = (struct umm_huge_pool){ .shift = 21, .free_pages = 4 };
	settings.default_huge_shift = 21;
	assert_int_equal(umm_world_new(&lab->memory.platform, &settings, &lab->world), 0);
	assert_int_equal(umm_mm_new(lab->world, &lab->mm), 0);
	umm_mm_get_layout(lab->mm, &layout);
	layout.start_brk = layout.brk = HEAP;
	umm_mm_set_layout(lab->mm, &layout);
	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.flags = UMM_FMODE_READ | UMM_FMODE_WRITE;
	desc.path = "/a/file";
	assert_int_equal(umm_file_new(lab->world, &desc, &lab->file), 0);
}

static void lab_destroy(struct lab *lab)
{
	if (lab->other)
		umm_mm_put(lab->other);
	if (lab->new_file)
		umm_file_put(lab->new_file);
	for (size_t i = 0; i < MAX_CROWD && lab->crowd[i]; i++)
		umm_mm_put(lab->crowd[i]);
	umm_mm_put(lab->mm);
	umm_file_put(lab->file);
	while (umm_shm_next(lab->world, -1) >= 0)
		umm_shm_forget(lab->world, umm_shm_next(lab->world, -1));
	assert_int_equal(umm_world_committed(lab->world), 0);
	umm_world_free(lab->world);
	assert_int_equal(lab->memory.bytes, 0);
	assert_int_equal(lab->memory.blocks, 0);
}

/*
 * Areas that cannot merge, each written to, and address spaces: with their number the caches'
 * chunks are filled up to any point, so that each allocation of a call is one day the first from a
 * new chunk.
 */
static void fill(struct lab *lab, uint64_t nr)
{
	for (uint64_t i = 0; i < nr && i < MAX_CROWD; i++)
		assert_int_equal(umm_mm_new(lab->world, &lab->crowd[i]), 0);
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t addr = FILLERS + 2 * i * PAGE;

		assert_int_equal(umm_mmap(lab->mm, addr, PAGE, RW, ANON | UMM_MAP_FIXED, NULL, 0,
					  NULL), addr);
		assert_int_equal(umm_fault(lab->mm, addr, UMM_ACCESS_WRITE, NULL), 0);
	}
}

/* All that can be seen, as text. */
static char *picture(const struct lab *lab)
{
	struct umm_area area = { .size = sizeof(area) };
	struct umm_layout layout = { .size = sizeof(layout) };
	struct umm_mm_stats s;
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (umm_addr_t addr = 0; umm_find_area(lab->mm, addr, &area); addr = area.end)
		fprintf(out, "%llx-%llx %llx %llx %p %d %llu\n", (unsigned long long)area.start,
			(unsigned long long)area.end, (unsigned long long)area.vm_flags,
			(unsigned long long)area.pgoff, (void *)area.file, (int)area.anon,
			(unsigned long long)area.anon_id);
	umm_mm_get_layout(lab->mm, &layout);
	umm_mm_stats(lab->mm, &s);
	fprintf(out, "%llx %llu %llu %llu %llu %llu %llu %lld %lld\n",
		(unsigned long long)layout.brk, (unsigned long long)s.map_count,
		(unsigned long long)s.total_vm, (unsigned long long)s.data_vm,
		(unsigned long long)s.exec_vm, (unsigned long long)s.stack_vm,
		(unsigned long long)s.locked_vm, (long long)s.charged,
		(long long)umm_world_committed(lab->world));
	fclose(out);
	return text;
}

/* ---- the calls: prepare() may not fail, call() says 0 or -UMM_ENOMEM -------------------- */

static void map(struct lab *lab, uint64_t pages, uint64_t flags, bool written)
{
	assert_int_equal(umm_mmap(lab->mm, AT, pages * PAGE, RW, flags | UMM_MAP_FIXED, NULL, 0,
				  NULL), AT);
	if (written)
		assert_int_equal(umm_fault(lab->mm, AT, UMM_ACCESS_WRITE, NULL), 0);
}

static void prepare_nothing(struct lab *lab)
{
	(void)lab;
}

static void prepare_area(struct lab *lab)
{
	map(lab, 8, ANON, true);
}

/* Written, and the copy of a copy: chains of three. */
static void prepare_grandchild(struct lab *lab)
{
	map(lab, 8, ANON, true);
	for (int i = 0; i < 2; i++) {
		struct umm_mm *child;

		assert_int_equal(umm_fork(lab->mm, &child, NULL), 0);
		umm_mm_put(lab->mm);
		lab->mm = child;
	}
}

static void prepare_many(struct lab *lab)
{
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t addr = AT + 4 * i * PAGE;

		assert_int_equal(umm_mmap(lab->mm, addr, 3 * PAGE, RW, ANON | UMM_MAP_FIXED, NULL,
					  0, NULL), addr);
		assert_int_equal(umm_fault(lab->mm, addr, UMM_ACCESS_WRITE, NULL), 0);
	}
}

/* Two areas side by side, one written: what is done to either moves chain links. */
static void prepare_pair(struct lab *lab)
{
	map(lab, 4, ANON, true);
	assert_int_equal(umm_mmap(lab->mm, AT + 4 * PAGE, 4 * PAGE, UMM_PROT_READ,
				  ANON | UMM_MAP_FIXED, NULL, 0, NULL), AT + 4 * PAGE);
}

/* The same, but the other half can be written to, and is not like the first. */
static void prepare_unwritten(struct lab *lab)
{
	map(lab, 4, ANON, true);
	assert_int_equal(umm_mmap(lab->mm, AT + 4 * PAGE, 4 * PAGE, RW,
				  ANON | UMM_MAP_NORESERVE | UMM_MAP_FIXED, NULL, 0, NULL),
			 AT + 4 * PAGE);
}

/* Written areas without holes, each unlike its neighbours. */
static void prepare_stripes(struct lab *lab)
{
	prepare_many(lab);
	for (uint64_t i = 0; i < 8; i++) {
		uint64_t addr = AT + (4 * i + 3) * PAGE, flags = ANON | UMM_MAP_FIXED;

		flags |= i % 2 ? 0 : UMM_MAP_NORESERVE;
		assert_int_equal(umm_mmap(lab->mm, addr, PAGE, RW | UMM_PROT_EXEC, flags, NULL, 0,
					  NULL), addr);
		assert_int_equal(umm_fault(lab->mm, addr, UMM_ACCESS_WRITE, NULL), 0);
	}
}

/* Locked and never written: to make it writable is to write to it. */
static void prepare_locked(struct lab *lab)
{
	assert_int_equal(umm_mmap(lab->mm, AT, 4 * PAGE, UMM_PROT_READ,
				  ANON | UMM_MAP_FIXED | UMM_MAP_LOCKED, NULL, 0, NULL), AT);
}

static void prepare_stack(struct lab *lab)
{
	map(lab, 2, ANON | UMM_MAP_GROWSDOWN, false);
}

static void prepare_heap(struct lab *lab)
{
	assert_int_equal(umm_brk(lab->mm, HEAP + 8 * PAGE, NULL), HEAP + 8 * PAGE);
	assert_int_equal(umm_fault(lab->mm, HEAP, UMM_ACCESS_WRITE, NULL), 0);
	/* What stands above continues the heap's area: shrinking cuts its middle out. */
	assert_int_equal(umm_mmap(lab->mm, HEAP + 8 * PAGE, 4 * PAGE, RW, ANON | UMM_MAP_FIXED,
				  NULL, 0, NULL), HEAP + 8 * PAGE);
}

static int64_t mapped(struct lab *lab, uint64_t addr, uint64_t len, uint64_t flags,
		      struct umm_file *file)
{
	int64_t at = umm_mmap(lab->mm, addr, len, RW, flags, file, 0, &lab->why);

	return at < 0 ? at : 0;
}

static int64_t call_mmap(struct lab *lab)
{
	return mapped(lab, 0, PAGE, ANON, NULL);
}

static int64_t call_mmap_populate(struct lab *lab)
{
	return mapped(lab, 0, PAGE, ANON | UMM_MAP_POPULATE, NULL);
}

static int64_t call_mmap_inside(struct lab *lab)
{
	return mapped(lab, AT + 2 * PAGE, 2 * PAGE, ANON | UMM_MAP_FIXED | UMM_MAP_NORESERVE, NULL);
}

static int64_t call_mmap_across(struct lab *lab)
{
	return mapped(lab, AT + PAGE, 22 * PAGE, ANON | UMM_MAP_FIXED, NULL);
}

static int64_t call_mmap_shared(struct lab *lab)
{
	return mapped(lab, AT + 2 * PAGE, 2 * PAGE,
		      UMM_MAP_SHARED | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED, NULL);
}

static int64_t call_mmap_file(struct lab *lab)
{
	return mapped(lab, AT + 2 * PAGE, 2 * PAGE, UMM_MAP_PRIVATE | UMM_MAP_FIXED, lab->file);
}

static int64_t call_mmap_hugetlb(struct lab *lab)
{
	return mapped(lab, 0, 2 * MIB, ANON | UMM_MAP_HUGETLB, NULL);
}

static int64_t call_munmap_inside(struct lab *lab)
{
	return umm_munmap(lab->mm, AT + 2 * PAGE, 2 * PAGE, &lab->why);
}

static int64_t call_munmap_across(struct lab *lab)
{
	return umm_munmap(lab->mm, AT + PAGE, 22 * PAGE, &lab->why);
}

static int64_t call_mprotect_inside(struct lab *lab)
{
	return umm_mprotect(lab->mm, AT + 2 * PAGE, 2 * PAGE, UMM_PROT_READ, -1, &lab->why);
}

static int64_t call_mprotect_part(struct lab *lab)
{
	return umm_mprotect(lab->mm, AT + 4 * PAGE, 2 * PAGE, RW, -1, &lab->why);
}

static int64_t call_mprotect_across(struct lab *lab)
{
	return umm_mprotect(lab->mm, AT + PAGE, 22 * PAGE, UMM_PROT_READ | UMM_PROT_EXEC, -1,
			    &lab->why);
}

static int64_t call_mprotect_locked(struct lab *lab)
{
	return umm_mprotect(lab->mm, AT + PAGE, 2 * PAGE, RW, -1, &lab->why);
}

static int64_t call_brk(struct lab *lab, uint64_t brk)
{
	return umm_brk(lab->mm, brk, &lab->why) == brk ? 0 : -UMM_ENOMEM;
}

static int64_t call_brk_grow(struct lab *lab)
{
	return call_brk(lab, HEAP + 2 * PAGE);
}

static int64_t call_brk_shrink(struct lab *lab)
{
	return call_brk(lab, HEAP + 2 * PAGE);
}

static int64_t call_fork(struct lab *lab)
{
	return umm_fork(lab->mm, &lab->other, &lab->why);
}

static int64_t call_clone(struct lab *lab)
{
	return umm_mm_clone(lab->mm, &lab->other);
}

static int64_t call_exec(struct lab *lab)
{
	return umm_exec(lab->mm, &lab->other);
}

static int64_t call_fault(struct lab *lab)
{
	return umm_fault(lab->mm, AT + 4 * PAGE, UMM_ACCESS_WRITE, &lab->why);
}

static int64_t call_grow(struct lab *lab)
{
	return umm_fault(lab->mm, AT - 4 * PAGE, UMM_ACCESS_READ, &lab->why);
}

static int64_t call_import(struct lab *lab)
{
	struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + PAGE, .pgoff = 3,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD, .file = lab->file,
		.name = UMM_NAME_FILE, .anon = UMM_ANON_OWN,
	};

	return umm_area_import(lab->mm, &area);
}

static int64_t call_adopt(struct lab *lab)
{
	struct umm_area areas[3];

	memset(areas, 0, sizeof(areas));
	for (int i = 0; i < 3; i++) {
		areas[i].size = sizeof(areas[i]);
		areas[i].start = AT + (uint64_t)(3 + 2 * i) * PAGE;
		areas[i].end = areas[i].start + PAGE;
		areas[i].pgoff = areas[i].start / PAGE;
		areas[i].vm_flags = UMM_VM_READ | UMM_VM_MAYREAD;
	}
	return umm_adopt_range(lab->mm, AT + 2 * PAGE, AT + 20 * PAGE, areas, 3, 0);
}

static int64_t call_set_anon(struct lab *lab)
{
	return umm_area_set_anon(lab->mm, AT + 4 * PAGE, UMM_ANON_OWN);
}

static int64_t call_mm_new(struct lab *lab)
{
	return umm_mm_new(lab->world, &lab->other);
}

static int64_t call_file_new(struct lab *lab)
{
	struct umm_file_desc desc;

	umm_file_desc_init(&desc, UMM_FILE_SHMEM);
	desc.path = "/memfd:x (deleted)";
	return umm_file_new(lab->world, &desc, &lab->new_file);
}

static int64_t call_file_set_path(struct lab *lab)
{
	return umm_file_set_path(lab->file, "/a/path/that/is/longer/than/what/was/there/before, and"
					    " so much longer that it needs another block of 64");
}

static const struct scenario scenarios[] = {
	{ "mmap", prepare_nothing, call_mmap, false },
	{ "mmap, populated", prepare_nothing, call_mmap_populate, false },
	{ "mmap inside an area", prepare_area, call_mmap_inside, false },
	{ "mmap inside a grandchild's area", prepare_grandchild, call_mmap_inside, false },
	{ "mmap across areas", prepare_many, call_mmap_across, false },
	{ "mmap shared", prepare_area, call_mmap_shared, false },
	{ "mmap a file", prepare_area, call_mmap_file, false },
	{ "mmap huge pages", prepare_nothing, call_mmap_hugetlb, false },
	{ "munmap inside an area", prepare_area, call_munmap_inside, false },
	{ "munmap inside a grandchild's area", prepare_grandchild, call_munmap_inside, false },
	{ "munmap across areas", prepare_many, call_munmap_across, false },
	{ "mprotect inside an area", prepare_area, call_mprotect_inside, false },
	{ "mprotect inside a grandchild's area", prepare_grandchild, call_mprotect_inside, false },
	{ "mprotect, the boundary moves", prepare_pair, call_mprotect_part, false },
	{ "mprotect across areas", prepare_stripes, call_mprotect_across, false },
	{ "mprotect of locked memory", prepare_locked, call_mprotect_locked, false },
	{ "brk", prepare_nothing, call_brk_grow, false },
	{ "brk down", prepare_heap, call_brk_shrink, false },
	{ "fork", prepare_many, call_fork, false },
	{ "fork of a grandchild", prepare_grandchild, call_fork, false },
	{ "clone", prepare_area, call_clone, true },
	{ "clone of a grandchild", prepare_grandchild, call_clone, true },
	{ "exec", prepare_area, call_exec, true },
	{ "fault", prepare_unwritten, call_fault, false },
	{ "stack growth", prepare_stack, call_grow, false },
	{ "import", prepare_nothing, call_import, true },
	{ "adopt", prepare_many, call_adopt, true },
	{ "adopt in a grandchild", prepare_grandchild, call_adopt, true },
	{ "anon_vma learnt", prepare_unwritten, call_set_anon, true },
	{ "mm_new", prepare_nothing, call_mm_new, true },
	{ "file_new", prepare_nothing, call_file_new, true },
	{ "file_set_path", prepare_nothing, call_file_set_path, true },
	{ NULL, NULL, NULL, false },
};

static const struct scenario *const tables[] = {
	scenarios,
	scenarios_process,
	scenarios_mremap,
	scenarios_attrs,
	scenarios_madvise,
	scenarios_exec,
	scenarios_shm,
};

#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

/* The call with the n-th allocation refused.  True if it was not reached. */
static bool attempt(const struct scenario *s, uint64_t fillers, uint64_t n)
{
	struct umm_why_info info;
	char *before, *after;
	bool reached;
	struct lab lab;
	int64_t err;

	lab_init(&lab);
	s->prepare(&lab);
	fill(&lab, fillers);
	before = picture(&lab);

	unit_memory_fail_at(&lab.memory, n);
	err = s->call(&lab);
	reached = lab.memory.calls >= n;
	unit_memory_fail_at(&lab.memory, 0);

	assert_true(umm_mm_is_valid(lab.mm));
	if (err) {
		if (err != -UMM_ENOMEM || !reached)
			fail_msg("%s, allocation %llu, %llu fillers: answer %lld", s->name,
				 (unsigned long long)n, (unsigned long long)fillers,
				 (long long)err);
		assert_null(lab.other);
		if (!s->no_why) {
			assert_non_null(umm_why_refusal(&lab.why));
			umm_why_info(umm_why_refusal(&lab.why)->code, &info);
			assert_string_equal(info.name, "NO_METADATA");
		}
		after = picture(&lab);
		if (strcmp(before, after))
			fail_msg("%s, allocation %llu, %llu fillers: before\n%safter\n%s", s->name,
				 (unsigned long long)n, (unsigned long long)fillers, before, after);
		free(after);
		/* And with memory again, it works. */
		assert_int_equal(s->call(&lab), 0);
		assert_true(umm_mm_is_valid(lab.mm));
	}
	free(before);
	lab_destroy(&lab);
	return !reached;
}

static void play(const struct scenario *s)
{
	uint64_t most = 0;

	for (uint64_t fillers = 0; fillers < MAX_FILLERS; fillers++) {
		uint64_t n = 1;

		while (!attempt(s, fillers, n))
			n++;
		if (n - 1 > most)
			most = n - 1;
	}
	/* A scenario that never allocates would test nothing. */
	if (!most)
		fail_msg("%s: no allocation was ever refused", s->name);
}

static void test_scenarios(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct scenario *s = tables[i]; s->name; s++)
			play(s);
	}
}

static void test_world_new(void **state)
{
	struct umm_settings settings;

	(void)state;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	for (uint64_t n = 1;; n++) {
		struct umm_world *world = NULL;
		struct unit_memory memory;
		int err;

		unit_memory_init(&memory);
		unit_memory_fail_at(&memory, n);
		err = umm_world_new(&memory.platform, &settings, &world);
		if (!err) {
			umm_world_free(world);
			assert_int_equal(memory.bytes, 0);
			assert_true(n > 1);
			return;
		}
		assert_int_equal(err, -UMM_ENOMEM);
		assert_null(world);
		assert_int_equal(memory.bytes, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_world_new),
		cmocka_unit_test(test_scenarios),
	};

	return cmocka_run_group_tests_name("nofail", tests, NULL, NULL);
}
