/*
 * huge_lab.c - see huge_lab.h.
 */
#include "huge_lab.h"

void huge_advise(struct lab *lab, umm_addr_t addr, uint64_t len, int advice)
{
	assert_int_equal(umm_madvise(lab->mm, addr, len, advice, NULL), 0);
}

void huge_scene_of(struct lab *lab, uint32_t format, uint32_t pages)
{
	lab_init(lab);
	unit_tlb_init(&lab->memory.platform);
	lab->settings.thp_enabled = UMM_THP_MADVISE;
	lab->settings.page_tables = format;
	lab_set_pages(lab, pages, HUGE_FRAMES);
	lab_map(lab, AT, 8 * MIB, RW, ANON);
	huge_advise(lab, AT, 4 * MIB, UMM_MADV_HUGEPAGE);
	put_byte(lab->mm, HUGE(0) + 5, 1);
	assert_int_equal(get_byte(lab->mm, HUGE(1) + 7 * PAGE), 0);
	put_byte(lab->mm, HUGE(2) + 3 * PAGE, 3);
	huge_advise(lab, AT, 8 * MIB, UMM_MADV_HUGEPAGE);
}

void huge_scene(struct lab *lab)
{
	huge_scene_of(lab, UMM_PAGE_TABLES_X86_64, UMM_PAGES_CONTENTS);
}

void huge_end(struct lab *lab)
{
	assert_true(umm_world_is_valid(lab->world));
	lab_destroy(lab);
}

uint64_t smaps_sum(struct umm_mm *mm, const char *name)
{
	umm_addr_t at = 0;
	char text[2048], *line;
	uint64_t sum = 0;

	while (umm_smaps_area(mm, at, text, sizeof(text), &at)) {
		line = strstr(text, name);
		assert_non_null(line);
		sum += strtoull(line + strlen(name), NULL, 10);
	}
	return sum;
}
