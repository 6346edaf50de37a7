/*
 * lab.c - one machine with one address space, and steps to set a scene.
 */
#include "lab.h"

static void make_world(struct lab *lab)
{
	struct umm_layout layout;

	assert_int_equal(umm_world_new(&lab->memory.platform, &lab->settings, &lab->world), 0);
	assert_int_equal(umm_mm_new(lab->world, &lab->mm), 0);
	umm_mm_get_layout(lab->mm, &layout);
	layout.start_brk = layout.brk = HEAP;
	umm_mm_set_layout(lab->mm, &layout);
}

void lab_set_pages(struct lab *lab, uint32_t pages, uint64_t frames)
{
	umm_mm_put(lab->mm);
	umm_world_free(lab->world);
	lab->settings.pages = pages;
	lab->settings.frames = frames;
	make_world(lab);
}

void lab_init(struct lab *lab)
{
	memset(lab, 0, sizeof(*lab));
	lab->listen = &lab->why;
	unit_memory_init(&lab->memory);
	umm_settings_init(&lab->settings, UMM_KERNEL_NEWEST);
	lab->settings.overcommit_memory = 0;
	lab->settings.totalram_pages = 1000000;
	lab->settings.total_swap_pages = 0;
	lab->settings.mmap_min_addr = lab->settings.hint_min_addr = 65536;
	lab->settings.huge[0] = (struct umm_huge_pool){ .shift = 21, .free_pages = 4 };
	lab->settings.default_huge_shift = 21;
	make_world(lab);
}

void lab_destroy(struct lab *lab)
{
	assert_true(umm_mm_is_valid(lab->mm));
	assert_true(umm_world_is_valid(lab->world));
	umm_mm_put(lab->mm);
	if (lab->file)
		umm_file_put(lab->file);
	while (umm_shm_next(lab->world, -1) >= 0)
		umm_shm_forget(lab->world, umm_shm_next(lab->world, -1));
	assert_int_equal(umm_world_committed(lab->world), lab->charge_lost);
	umm_world_free(lab->world);
	assert_int_equal(lab->memory.bytes, 0);
	assert_int_equal(lab->memory.locks, 0);
}

void lab_settings_changed(struct lab *lab)
{
	assert_int_equal(umm_world_set(lab->world, &lab->settings), 0);
}

void lab_limit(struct lab *lab, int resource, uint64_t bytes)
{
	assert_int_equal(umm_mm_set_rlimit(lab->mm, resource, bytes, bytes), 0);
}

void lab_set_rule(struct lab *lab, const char *name, bool on)
{
	int rule = umm_rule_find(name);

	assert_true(rule >= 0);
	assert_int_equal(umm_world_set_rule(lab->world, (unsigned int)rule, on), 0);
}

void lab_file(struct lab *lab, enum umm_file_kind kind, uint32_t flags)
{
	struct umm_file_desc desc;

	if (lab->file)
		umm_file_put(lab->file);
	umm_file_desc_init(&desc, kind);
	desc.flags = flags;
	desc.path = "/a/file";
	desc.huge_shift = kind == UMM_FILE_HUGETLB ? 21 : 0;
	assert_int_equal(umm_file_new(lab->world, &desc, &lab->file), 0);
}

struct umm_file *lab_new_file(struct lab *lab, const char *path)
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

void lab_map_file(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		  struct umm_file *file, uint64_t offset)
{
	assert_int_equal(umm_mmap(lab->mm, addr, len, prot, flags | FIXED, file, offset, NULL),
			 addr);
}

void lab_map_offset(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags,
		    uint64_t offset)
{
	lab_map_file(lab, addr, len, prot, flags, lab->file, offset);
}

void lab_map(struct lab *lab, uint64_t addr, uint64_t len, uint64_t prot, uint64_t flags)
{
	lab_map_offset(lab, addr, len, prot, flags, 0);
}

void lab_write(struct lab *lab, uint64_t addr)
{
	assert_int_equal(umm_fault(lab->mm, addr, UMM_ACCESS_WRITE, NULL), UMM_FAULT_OK);
}

void lab_become_child(struct lab *lab)
{
	struct umm_mm *child;

	assert_int_equal(umm_fork(lab->mm, &child, NULL), 0);
	umm_mm_put(lab->mm);
	lab->mm = child;
}

void lab_import(struct lab *lab, uint64_t flags, enum umm_area_name name)
{
	struct umm_area area = {
		.size = sizeof(area),
		.start = AT,
		.end = AT + 2 * PAGE,
		.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD | flags,
		.pgoff = AT / PAGE,
		.name = name,
	};

	assert_int_equal(umm_area_import(lab->mm, &area), 0);
}

bool lab_area(struct lab *lab, uint64_t addr, struct umm_area *area)
{
	area->size = sizeof(*area);
	return umm_find_area(lab->mm, addr, area) && area->start <= addr;
}

char *lab_maps(struct lab *lab)
{
	size_t size = umm_maps_text(lab->mm, NULL, 0) + 1;
	char *text = malloc(size);

	assert_non_null(text);
	assert_int_equal(umm_maps_text(lab->mm, text, size), size - 1);
	return text;
}

uint64_t lab_areas(struct lab *lab)
{
	struct umm_mm_stats stats;

	umm_mm_stats(lab->mm, &stats);
	return stats.map_count;
}
