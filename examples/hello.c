/* hello.c - an address space of one's own: map, protect, look, and ask why a call failed. */
#include <stdio.h>
#include <stdlib.h>

#include <usermm/usermm.h>

static void *get(void *ctx, size_t n) { return (void)ctx, aligned_alloc(64, (n + 63) / 64 * 64); }
static void put(void *ctx, void *ptr, size_t n) { (void)ctx, (void)n, free(ptr); }

int main(void)
{
	/* Without locks in the platform, one thread at a time uses the world. */
	struct umm_platform platform = { .size = sizeof(platform), .alloc = get, .free = put };
	struct umm_settings settings;
	struct umm_world *world;
	struct umm_mm *mm;
	struct umm_why why;
	char text[1024];

	umm_settings_init(&settings, UMM_KERNEL(6, 18));
	if (umm_world_new(&platform, &settings, &world) || umm_mm_new(world, &mm))
		return 1;
	int64_t addr = umm_mmap(mm, 0, 2 * UMM_PAGE_SIZE, UMM_PROT_READ | UMM_PROT_WRITE,
				UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS, NULL, 0, NULL);
	if (addr < 0 || umm_mprotect(mm, addr, UMM_PAGE_SIZE, UMM_PROT_READ, -1, NULL))
		return 1;
	umm_maps_text(mm, text, sizeof(text));
	fputs(text, stdout);
	if (umm_mprotect(mm, addr, 3 * UMM_PAGE_SIZE, UMM_PROT_NONE, -1, &why) < 0) {
		const struct umm_why_entry *no = umm_why_refusal(&why);
		struct umm_why_info info;
		umm_why_info(no->code, &info);
		umm_why_format(info.text, no, text, sizeof(text));
		printf("refused by %s: %s\n", info.function, text);
	}
	umm_mm_put(mm);
	umm_world_free(world);
	return 0;
}
