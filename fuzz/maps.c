/*
 * maps.c - the text of maps and smaps, as another process could make it up, read and imported.
 */
#include <sys/mman.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "host/procmaps.h"
#include "target.h"

static void import(struct umm_mm *mm, const struct proc_area *from)
{
	struct umm_area area = {
		.size = sizeof(area),
		.start = from->start,
		.end = from->end,
		.vm_flags = from->vm_flags,
		.pgoff = from->offset / UMM_PAGE_SIZE,
		.anon = from->writable ? UMM_ANON_OWN : UMM_ANON_UNKNOWN,
	};

	if (!area.vm_flags && from->readable)
		area.vm_flags = UMM_VM_READ | UMM_VM_MAYREAD;
	(void)!umm_area_import(mm, &area);
	must(umm_mm_is_valid(mm));
}

static void import_all(const struct proc_areas *areas)
{
	struct target_memory memory;
	struct umm_settings settings;
	struct umm_world *world;
	struct umm_mm *mm;
	char line[256];

	target_memory_init(&memory, 0);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	must(!umm_world_new(&memory.platform, &settings, &world));
	must(!umm_mm_new(world, &mm));
	for (size_t i = 0; i < areas->nr && i < 64; i++) {
		must(areas->area[i].name);
		proc_area_text(&areas->area[i], line, sizeof(line));
		import(mm, &areas->area[i]);
	}
	(void)umm_munmap(mm, 0, UINT64_C(1) << 46, NULL);
	must(umm_mm_is_valid(mm));
	umm_mm_put(mm);
	umm_world_free(world);
	must(memory.bytes == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_areas areas = { 0 };
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("maps", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	must(write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	if (!procmaps_read(fd, &areas))
		import_all(&areas);
	proc_areas_free(&areas);
	return 0;
}
