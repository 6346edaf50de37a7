/*
 * test_notes.c - each decision worth telling is told: a scene for every note of the catalogue.
 *
 * A note of the catalogue that has no row here, or whose row does not bring it about, fails.
 */
#include "notes.h"

static void told_map(struct lab *lab, uint64_t addr, uint64_t pages, uint64_t prot, uint64_t flags)
{
	int64_t at = umm_mmap(lab->mm, addr, pages * PAGE, prot, flags, lab->file, 0, lab->listen);

	assert_true(at > 0);
}

static void told_protect(struct lab *lab, uint64_t addr, uint64_t pages, uint64_t prot)
{
	assert_int_equal(umm_mprotect(lab->mm, addr, pages * PAGE, prot, -1, lab->listen), 0);
}

static void told_brk(struct lab *lab, uint64_t brk)
{
	umm_brk(lab->mm, brk, lab->listen);
}

/* ---- where ------------------------------------------------------------------------------- */

static void addr_fixed(struct lab *lab)
{
	told_map(lab, AT, 1, R, ANON | FIXED);
}

static void addr_hint(struct lab *lab)
{
	told_map(lab, AT, 1, R, ANON);
}

static void hint_raised(struct lab *lab)
{
	told_map(lab, PAGE, 1, R, ANON);
}

static void hint_busy(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	told_map(lab, AT, 1, R, ANON);
}

static void hint_too_high(struct lab *lab)
{
	told_map(lab, UINT64_C(0x7fffffffe000), 4, R, ANON);
}

static void gap_topdown(struct lab *lab)
{
	told_map(lab, 0, 1, R, ANON);
}

static void set_layout(struct lab *lab, bool bottom_up, uint64_t base)
{
	struct umm_layout layout = { .size = sizeof(layout) };

	umm_mm_get_layout(lab->mm, &layout);
	layout.bottom_up = bottom_up;
	layout.mmap_base = base;
	umm_mm_set_layout(lab->mm, &layout);
}

static void gap_bottomup(struct lab *lab)
{
	set_layout(lab, true, AT);
	told_map(lab, 0, 1, R, ANON);
}

static void gap_guard(struct lab *lab)
{
	struct umm_layout layout = { .size = sizeof(layout) };

	umm_mm_get_layout(lab->mm, &layout);
	lab_map(lab, layout.mmap_base - PAGE, PAGE, R | W, ANON | UMM_MAP_GROWSDOWN);
	told_map(lab, 0, 1, R, ANON);
}

static void gap_fallback(struct lab *lab)
{
	set_layout(lab, false, 0x20000);
	told_map(lab, 0, 64, R, ANON);
}

static void thp_aligned(struct lab *lab)
{
	told_map(lab, 0, 512, R, ANON);
}

/* ---- what went, what came ---------------------------------------------------------------- */

static void clobbered(struct lab *lab)
{
	lab_map(lab, AT, 3 * PAGE, R, ANON);
	told_map(lab, AT, 2, R | W, ANON | FIXED);
}

static void unmapped(struct lab *lab)
{
	lab_map(lab, AT, 3 * PAGE, R, ANON);
	assert_int_equal(umm_munmap(lab->mm, AT, 3 * PAGE, lab->listen), 0);
}

static void unmapped_nothing(struct lab *lab)
{
	assert_int_equal(umm_munmap(lab->mm, AT, PAGE, lab->listen), 0);
}

static void split(struct lab *lab)
{
	lab_map(lab, AT, 3 * PAGE, R, ANON);
	assert_int_equal(umm_munmap(lab->mm, AT, PAGE, lab->listen), 0);
}

static void merged_prev(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	told_map(lab, AT + PAGE, 1, R, ANON | FIXED);
}

static void merged_next(struct lab *lab)
{
	lab_map(lab, AT + PAGE, PAGE, R, ANON);
	told_map(lab, AT, 1, R, ANON | FIXED);
}

static void merged_both(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, R, ANON);
	told_map(lab, AT + PAGE, 1, R, ANON | FIXED);
}

static void merged_part(struct lab *lab)
{
	lab_map(lab, AT, 2 * PAGE, R, ANON);
	lab_map(lab, AT + 2 * PAGE, 2 * PAGE, 0, ANON);
	told_protect(lab, AT + 2 * PAGE, 1, R);
}

/* ---- why they stay apart ----------------------------------------------------------------- */

static void apart_flags(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	told_map(lab, AT + PAGE, 1, R | W, ANON | FIXED);
}

static void apart_file(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	told_map(lab, AT + PAGE, 1, R, PRIVATE | FIXED);
}

static void apart_pgoff(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ);
	lab_map(lab, AT, PAGE, R, PRIVATE);
	told_map(lab, AT + PAGE, 1, R, PRIVATE | FIXED);
}

static void apart_anon_vma(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	lab_map(lab, AT + 2 * PAGE, PAGE, R | W, ANON);
	lab_write(lab, AT);
	lab_write(lab, AT + 2 * PAGE);
	told_map(lab, AT + PAGE, 1, R | W, ANON | FIXED);
}

static void apart_forked(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	lab_write(lab, AT);
	lab_become_child(lab);
	told_map(lab, AT + PAGE, 1, R | W, ANON | FIXED);
}

static void apart_special(struct lab *lab)
{
	lab_import(lab, UMM_VM_DONTEXPAND | UMM_VM_MAYEXEC, UMM_NAME_VDSO);
	told_protect(lab, AT, 2, R | X);
}

static void apart_close(struct lab *lab)
{
	lab_file(lab, UMM_FILE_REGULAR, UMM_FMODE_READ | UMM_FILE_VM_CLOSE);
	lab_map_offset(lab, AT, PAGE, R, PRIVATE, 0);
	lab_map_offset(lab, AT + 2 * PAGE, PAGE, R, PRIVATE, 2 * PAGE);
	assert_int_equal(umm_mmap(lab->mm, AT + PAGE, PAGE, R, PRIVATE | FIXED, lab->file, PAGE,
				  lab->listen), AT + PAGE);
	/* The upper one would have vanished. */
	assert_int_equal(lab_areas(lab), 2);
}

static void new_area(struct lab *lab)
{
	told_map(lab, AT, 1, R, ANON | FIXED);
}

/* ---- charges, locks, protection, the break, fork, stacks --------------------------------- */

static void charged(struct lab *lab)
{
	told_map(lab, AT, 1, R | W, ANON);
}

static void charged_object(struct lab *lab)
{
	told_map(lab, AT, 1, R, SHARED | UMM_MAP_ANONYMOUS);
}

static void uncharged(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	assert_int_equal(umm_munmap(lab->mm, AT, PAGE, lab->listen), 0);
}

static void not_charged(struct lab *lab)
{
	told_map(lab, AT, 1, R | W, ANON | UMM_MAP_NORESERVE);
}

static void locked(struct lab *lab)
{
	told_map(lab, AT, 1, R, ANON | UMM_MAP_LOCKED);
}

static void lock_dropped(struct lab *lab)
{
	told_map(lab, AT, 512, R, ANON | UMM_MAP_LOCKED | UMM_MAP_HUGETLB);
}

static void populated(struct lab *lab)
{
	told_map(lab, AT, 1, R, ANON | UMM_MAP_POPULATE);
}

static void protect(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	told_protect(lab, AT, 1, R | W);
}

static void protect_same(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	told_protect(lab, AT, 1, R);
}

static void brk_grew(struct lab *lab)
{
	told_brk(lab, HEAP + 3 * PAGE);
}

static void brk_shrank(struct lab *lab)
{
	umm_brk(lab->mm, HEAP + 3 * PAGE, NULL);
	told_brk(lab, HEAP + PAGE);
}

static void brk_same_page(struct lab *lab)
{
	umm_brk(lab->mm, HEAP + 8, NULL);
	told_brk(lab, HEAP + 16);
}

static void brk_query(struct lab *lab)
{
	told_brk(lab, 0);
}

static void told_fork(struct lab *lab)
{
	struct umm_mm *child;

	assert_int_equal(umm_fork(lab->mm, &child, lab->listen), 0);
	umm_mm_put(child);
}

static void forked(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON);
	told_fork(lab);
}

static void fork_skipped(struct lab *lab)
{
	lab_import(lab, UMM_VM_DONTCOPY, UMM_NAME_NONE);
	told_fork(lab);
}

static void stack_grew(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R | W, ANON | UMM_MAP_GROWSDOWN);
	assert_int_equal(umm_fault(lab->mm, AT - 2 * PAGE, UMM_ACCESS_READ, lab->listen), 0);
}

/* ---- the table --------------------------------------------------------------------------- */

static const struct scene scenes[] = {
	{ "ADDR_FIXED", addr_fixed, "10000000" },
	{ "ADDR_HINT", addr_hint, "10000000" },
	{ "HINT_RAISED", hint_raised, "10000" },
	{ "HINT_BUSY", hint_busy, "10000000-10001000" },
	{ "HINT_TOO_HIGH", hint_too_high, "7fffffffe000" },
	{ "GAP_TOPDOWN", gap_topdown, "-7ffff" },
	{ "GAP_BOTTOMUP", gap_bottomup, "2aaaaaaab000" },
	{ "GAP_GUARD", gap_guard, "-7ffff" },
	{ "GAP_FALLBACK", gap_fallback, "2aaaaaaab000" },
	{ "THP_ALIGNED", thp_aligned, "2 MiB" },
	{ "CLOBBERED", clobbered, "8 KiB" },
	{ "UNMAPPED", unmapped, "12 KiB" },
	{ "UNMAPPED_NOTHING", unmapped_nothing, "10000000-10001000" },
	{ "SPLIT", split, "10000000-10003000" },
	{ "MERGED_PREV", merged_prev, "10000000-10002000" },
	{ "MERGED_NEXT", merged_next, "10000000-10002000" },
	{ "MERGED_BOTH", merged_both, "10000000-10003000" },
	{ "MERGED_PART", merged_part, "10000000-10003000" },
	{ "APART_FLAGS", apart_flags, "10000000-10001000" },
	{ "APART_FILE", apart_file, "10000000-10001000" },
	{ "APART_PGOFF", apart_pgoff, "10000000-10001000" },
	{ "APART_ANON_VMA", apart_anon_vma, "10002000-10003000" },
	{ "APART_FORKED", apart_forked, "10000000-10001000" },
	{ "APART_SPECIAL", apart_special, "" },
	{ "APART_CLOSE", apart_close, "10002000-10003000" },
	{ "NEW_AREA", new_area, "10000000-10001000" },
	{ "CHARGED", charged, "4 KiB" },
	{ "CHARGED_OBJECT", charged_object, "4 KiB" },
	{ "UNCHARGED", uncharged, "4 KiB" },
	{ "NOT_CHARGED", not_charged, "" },
	{ "LOCKED", locked, "4 KiB" },
	{ "LOCK_DROPPED", lock_dropped, "" },
	{ "POPULATED", populated, "10000000-10001000" },
	{ "PROTECTED", protect, "10000000-10001000" },
	{ "PROTECT_SAME", protect_same, "10000000-10001000" },
	{ "BRK_GREW", brk_grew, "12 KiB" },
	{ "BRK_SHRANK", brk_shrank, "8 KiB" },
	{ "BRK_SAME_PAGE", brk_same_page, "500010" },
	{ "BRK_QUERY", brk_query, "500000" },
	{ "FORKED", forked, "4 KiB" },
	{ "FORK_SKIPPED", fork_skipped, "10000000-10002000" },
	{ "STACK_GREW", stack_grew, "8 KiB" },
	{ NULL, NULL, NULL },
};

static const struct scene *const tables[] = {
	scenes,
	scenes_process,
	scenes_mremap,
	scenes_attrs,
	scenes_madvise,
	scenes_shm,
	scenes_exec,
};

#define NR_TABLES (sizeof(tables) / sizeof(tables[0]))

/* The note is in the record, once, and its text shows what happened. */
static void check_told(const struct scene *scene, const struct umm_why *why)
{
	unsigned int told = 0;

	for (unsigned int i = 0; i < why->nr; i++) {
		const struct umm_why_entry *entry = &why->entry[i];
		struct umm_why_info info;
		char line[512];

		assert_int_equal(umm_why_info(entry->code, &info), 0);
		if (strcmp(info.name, scene->note))
			continue;
		told++;
		assert_int_equal(entry->kind, UMM_WHY_NOTE);
		umm_why_format(info.text, entry, line, sizeof(line));
		if (!strstr(line, scene->says) || strpbrk(line, "{}"))
			fail_msg("%s: \"%s\" does not say \"%s\"", scene->note, line, scene->says);
	}
	if (told != 1)
		fail_msg("%s was told %u times", scene->note, told);
}

/* -Dstrings=false: each text is the entry's name. */
static bool texts_are_left_out(void)
{
	struct umm_why_info info;

	assert_int_equal(umm_why_info(0, &info), 0);
	return !strcmp(info.text, info.name);
}

static void test_scenes(void **state)
{
	(void)state;
	if (texts_are_left_out())
		skip();
	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct scene *scene = tables[i]; scene->note; scene++) {
			struct lab lab;

			lab_init(&lab);
			scene->play(&lab);
			check_told(scene, &lab.why);
			lab_destroy(&lab);
		}
	}
}

/* What is there after a scene, where somebody listens or nobody does; the caller's to free(). */
static char *maps_after(const struct scene *scene, bool listen)
{
	struct lab lab;
	char *maps;

	lab_init(&lab);
	if (!listen)
		lab.listen = NULL;
	scene->play(&lab);
	maps = lab_maps(&lab);
	lab_destroy(&lab);
	return maps;
}

/* To listen changes nothing of what happens. */
static void test_nobody_listens(void **state)
{
	(void)state;
	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct scene *scene = tables[i]; scene->note; scene++) {
			char *heard = maps_after(scene, true), *unheard = maps_after(scene, false);

			if (strcmp(heard, unheard))
				fail_msg("%s: a listener hears of\n%sand without one it is\n%s",
					 scene->note, heard, unheard);
			free(heard);
			free(unheard);
		}
	}
}

/* How many scenes bring that note about; all of them for NULL. */
static unsigned int scenes_of(const char *note)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < NR_TABLES; i++) {
		for (const struct scene *scene = tables[i]; scene->note; scene++)
			nr += !note || !strcmp(scene->note, note);
	}
	return nr;
}

static void test_catalogue_is_covered(void **state)
{
	unsigned int notes = 0;

	(void)state;
	for (unsigned int code = 0; code < umm_why_count(); code++) {
		struct umm_why_info info;

		umm_why_info(code, &info);
		if (info.error)
			continue;
		notes++;
		if (scenes_of(info.name) != 1)
			fail_msg("%u scenes bring %s about", scenes_of(info.name), info.name);
	}
	assert_int_equal(notes, scenes_of(NULL));
}

/* A record that is full loses notes and counts them; a refusal always has room. */
static void test_full_record(void **state)
{
	struct lab lab;

	(void)state;
	lab_init(&lab);
	for (uint64_t i = 0; i < 60; i++)
		lab_map(&lab, AT + i * PAGE, PAGE, i % 2 ? R : 0, ANON);
	assert_int_equal(umm_mprotect(lab.mm, AT, 61 * PAGE, R | W, -1, &lab.why), -UMM_ENOMEM);
	assert_int_equal(lab.why.nr, UMM_WHY_MAX);
	assert_true(lab.why.lost > 0);
	assert_non_null(umm_why_refusal(&lab.why));
	assert_ptr_equal(umm_why_refusal(&lab.why), &lab.why.entry[UMM_WHY_MAX - 1]);
	lab_destroy(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_catalogue_is_covered),
		cmocka_unit_test(test_full_record),
	};

	return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
