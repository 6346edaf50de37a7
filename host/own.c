#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/own.h"
#include "host/procmaps.h"

#define ARCH_MAP_VDSO_X32 0x2001

#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453
#endif

static uint64_t pages_of(const struct proc_area *area)
{
	return (area->end - area->start) / UMM_PAGE_SIZE;
}

static void read_parts(const struct proc_areas *areas, struct umm_vdso_image *image)
{
	for (size_t i = 0; i < areas->nr; i++) {
		const struct proc_area *area = &areas->area[i];

		if (strcmp(area->name, "[vvar]") == 0)
			image->vvar_pages += pages_of(area);
		else if (strcmp(area->name, "[vvar_vclock]") == 0)
			image->vclock_pages += pages_of(area);
		else if (strcmp(area->name, "[vdso]") == 0)
			image->vdso_pages += pages_of(area);
		else
			continue;
		image->sealed = area->vm_flags & UMM_VM_SEALED;
	}
}

/* Asked for while we have one, the kernel says EEXIST, or EINVAL if it knows no such option. */
static void try_options(struct settings *settings)
{
	for (int i = 0; i < 3; i++)
		settings->no_vdso_option[i] =
			syscall(__NR_arch_prctl, ARCH_MAP_VDSO_X32 + i, 0L) == -1 &&
			errno == EINVAL;
}

/* None if they cannot be read. */
static struct proc_areas own_areas(void)
{
	struct proc_areas areas = { 0 };
	int fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (procmaps_read(fd, &areas) != 0)
			areas.nr = 0;
		close(fd);
	}
	return areas;
}

void own_read_vdso(struct settings *settings)
{
	struct proc_areas areas = own_areas();

	settings->vdso = (struct umm_vdso_image){ .size = sizeof(settings->vdso) };
	read_parts(&areas, &settings->vdso);
	proc_areas_free(&areas);
	if (settings->vdso.vdso_pages)
		try_options(settings);
}

void own_try_shadow_stack(struct settings *settings)
{
	long at = syscall(__NR_map_shadow_stack, 0UL, (unsigned long)UMM_PAGE_SIZE, 0U);

	settings->shadow_stacks = at != -1;
	settings->umm.user_shstk = at == -1 && errno == ENOSYS ? UMM_SHSTK_ABSENT
							       : UMM_SHSTK_NO_CPU;
	if (at != -1)
		munmap((void *)at, UMM_PAGE_SIZE);
}
