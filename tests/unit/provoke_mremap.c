/*
 * provoke_mremap.c - provocations of mremap.
 */
#include "provoke.h"

#define TO (AT + 100 * PAGE)
#define MAYMOVE UMM_MREMAP_MAYMOVE
#define MOVE (UMM_MREMAP_MAYMOVE | UMM_MREMAP_FIXED)
#define KEEP (UMM_MREMAP_MAYMOVE | UMM_MREMAP_DONTUNMAP)

static int64_t refused(struct lab *lab, uint64_t old_len, uint64_t new_len, uint64_t flags,
		       uint64_t new_addr)
{
	return umm_mremap(lab->mm, AT, old_len, new_len, flags, new_addr, lab->listen);
}

static int64_t flags(struct lab *lab)
{
	return refused(lab, PAGE, PAGE, 8, 0);
}

static int64_t unaligned(struct lab *lab)
{
	return umm_mremap(lab->mm, AT + 1, PAGE, PAGE, 0, 0, lab->listen);
}

static int64_t zero(struct lab *lab)
{
	return refused(lab, PAGE, 0, 0, 0);
}

static int64_t length(struct lab *lab)
{
	return refused(lab, PAGE, UINT64_C(1) << 47, MAYMOVE, 0);
}

static int64_t new_too_high(struct lab *lab)
{
	return refused(lab, PAGE, PAGE, MOVE, UINT64_C(0x7ffffffff000));
}

static int64_t new_unaligned(struct lab *lab)
{
	return refused(lab, PAGE, PAGE, KEEP, TO + 1);
}

static int64_t need_maymove(struct lab *lab)
{
	return refused(lab, PAGE, PAGE, UMM_MREMAP_FIXED, TO);
}

static int64_t resize(struct lab *lab)
{
	return refused(lab, PAGE, 2 * PAGE, KEEP, 0);
}

static int64_t overlap(struct lab *lab)
{
	return refused(lab, 2 * PAGE, 2 * PAGE, MOVE, AT + PAGE);
}

static int64_t map_count(struct lab *lab)
{
	lab_map(lab, AT, 4 * PAGE, R, ANON);
	lab->settings.max_map_count = 4;
	lab_settings_changed(lab);
	return refused(lab, PAGE, 2 * PAGE, MAYMOVE, 0);
}

static int64_t unmapped(struct lab *lab)
{
	return refused(lab, PAGE, 2 * PAGE, MAYMOVE, 0);
}

static int64_t alone(struct lab *lab)
{
	lab_file(lab, UMM_FILE_ZERO, UMM_FMODE_READ);
	lab_map(lab, AT, PAGE, R, PRIVATE);
	return refused(lab, 2 * PAGE, 2 * PAGE, MOVE, TO);
}

static int64_t hugetlb_align(struct lab *lab)
{
	lab_map(lab, AT, 2 * MIB, R, ANON | UMM_MAP_HUGETLB);
	return refused(lab, 2 * MIB, 2 * MIB, 0, PAGE);
}

static int64_t hugetlb_grow(struct lab *lab)
{
	lab_map(lab, AT, 2 * MIB, R, ANON | UMM_MAP_HUGETLB);
	return refused(lab, 2 * MIB, 4 * MIB, MAYMOVE, 0);
}

static int64_t dup_private(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return refused(lab, 0, PAGE, MAYMOVE, 0);
}

static int64_t dontunmap_kind(struct lab *lab)
{
	lab_import(lab, UMM_VM_DONTEXPAND, UMM_NAME_VDSO);
	return refused(lab, 2 * PAGE, 2 * PAGE, KEEP, 0);
}

static int64_t beyond(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	return refused(lab, 2 * PAGE, 3 * PAGE, MAYMOVE, 0);
}

/* Only a driver gives such an offset. */
static int64_t pgoff(struct lab *lab)
{
	struct umm_file *file = lab_new_file(lab, "/dev/far");
	struct umm_area area = {
		.size = sizeof(area), .start = AT, .end = AT + PAGE, .pgoff = UINT64_MAX,
		.file = file, .vm_flags = UMM_VM_READ, .name = UMM_NAME_FILE,
	};

	assert_int_equal(umm_area_import(lab->mm, &area), 0);
	umm_file_put(file);
	return refused(lab, PAGE, 2 * PAGE, MAYMOVE, 0);
}

static int64_t dontexpand(struct lab *lab)
{
	lab_import(lab, UMM_VM_DONTEXPAND, UMM_NAME_VDSO);
	return refused(lab, 2 * PAGE, 3 * PAGE, MAYMOVE, 0);
}

static int64_t mlock_limit(struct lab *lab)
{
	lab_limit(lab, UMM_RLIMIT_MEMLOCK, 2 * PAGE);
	lab_map(lab, AT, 2 * PAGE, R, ANON | UMM_MAP_LOCKED);
	return refused(lab, 2 * PAGE, 3 * PAGE, MAYMOVE, 0);
}

static int64_t no_merge(struct lab *lab)
{
	lab_import(lab, UMM_VM_IO, UMM_NAME_NONE);
	return refused(lab, 2 * PAGE, 3 * PAGE, MAYMOVE, 0);
}

static int64_t no_room(struct lab *lab)
{
	lab_map(lab, AT, PAGE, R, ANON);
	lab_map(lab, AT + PAGE, PAGE, R | W, ANON);
	return refused(lab, PAGE, 2 * PAGE, 0, 0);
}

const struct provocation provocations_mremap[] = {
	{ "MREMAP_FLAGS", flags, NULL },
	{ "MREMAP_UNALIGNED", unaligned, NULL },
	{ "MREMAP_ZERO", zero, NULL },
	{ "MREMAP_LENGTH", length, NULL },
	{ "MREMAP_NEW_TOO_HIGH", new_too_high, NULL },
	{ "MREMAP_NEW_UNALIGNED", new_unaligned, NULL },
	{ "MREMAP_NEED_MAYMOVE", need_maymove, NULL },
	{ "MREMAP_RESIZE", resize, NULL },
	{ "MREMAP_OVERLAP", overlap, NULL },
	{ "MREMAP_MAP_COUNT", map_count, NULL },
	{ "MREMAP_UNMAPPED", unmapped, NULL },
	{ "MREMAP_ALONE", alone, NULL },
	{ "MREMAP_HUGETLB_ALIGN", hugetlb_align, NULL },
	{ "MREMAP_HUGETLB_GROW", hugetlb_grow, NULL },
	{ "MREMAP_DUP_PRIVATE", dup_private, NULL },
	{ "MREMAP_DONTUNMAP_KIND", dontunmap_kind, NULL },
	{ "MREMAP_BEYOND", beyond, NULL },
	{ "MREMAP_PGOFF", pgoff, NULL },
	{ "MREMAP_DONTEXPAND", dontexpand, NULL },
	{ "MREMAP_MLOCK", mlock_limit, NULL },
	{ "MREMAP_NO_MERGE", no_merge, NULL },
	{ "MREMAP_NO_ROOM", no_room, NULL },
	{ NULL, NULL, NULL },
};
