/*
 * test_unmapped_area.c - where a mapping goes, against a search that scans a list of ranges: hints,
 * both directions, guard gaps, huge alignment, MAP_32BIT, MAP_ABOVE4G.
 */
#include <usermm/usermm.h>

#include "unit.h"

#define PAGE UINT64_C(4096)
#define MIB (UINT64_C(1) << 20)
#define HUGE (2 * MIB)

/* A small address space around 1 GiB, so that MAP_32BIT's window begins in its middle. */
#define LOWEST (UINT64_C(0x40000000) - 64 * MIB)
#define TASK_SIZE (UINT64_C(0x40000000) + 192 * MIB)
#define MMAP_BASE (UINT64_C(0x40000000) + 128 * MIB)
#define LEGACY_BASE (UINT64_C(0x40000000) - 16 * MIB)
#define GUARD (4 * PAGE)

#define MAX_RANGES 64

struct range {
	uint64_t start, end;
	bool stack;
};

enum object { ANON, SHARED_ANON, PLAIN_FILE, THP_FILE, HUGETLB_ANON, NR_OBJECTS };

struct request {
	enum object object;
	uint64_t addr, len, flags, offset;
};

struct space {
	struct unit_memory memory;
	struct umm_world *world;
	struct umm_mm *mm;
	struct umm_file *plain, *thp;
	bool bottom_up;
	struct range range[MAX_RANGES];		/* ascending */
	size_t nr;
};

/* ---- the naive search ---------------------------------------------------------------------- */

static const struct range *first_ending_above(const struct space *s, uint64_t addr)
{
	for (size_t i = 0; i < s->nr; i++) {
		if (s->range[i].end > addr)
			return &s->range[i];
	}
	return NULL;
}

static uint64_t gap_start(const struct range *range)
{
	return range->start - (range->stack ? GUARD : 0);
}

static uint64_t up_to(uint64_t value, uint64_t align)
{
	return (value + align - 1) / align * align;
}

static bool hint_is_good(const struct space *s, uint64_t addr, uint64_t len, uint64_t end)
{
	const struct range *next = first_ending_above(s, addr);

	return len <= end && addr <= end - len && (!next || addr + len <= gap_start(next));
}

/* Gap number i of nr + 1: between range i - 1 and range i, clipped; false if nothing is left. */
static bool gap_number(const struct space *s, size_t i, uint64_t low, uint64_t high,
		       uint64_t *start, uint64_t *end)
{
	*start = i > 0 ? s->range[i - 1].end : 0;
	*end = i < s->nr ? s->range[i].start : UINT64_MAX;
	if (*start < low)
		*start = low;
	if (*end > high)
		*end = high;
	return *start < *end;
}

static int64_t search_up(const struct space *s, uint64_t low, uint64_t high, uint64_t len,
			 uint64_t align)
{
	uint64_t need = len + align - PAGE, start, end;

	if (low < LOWEST)
		low = LOWEST;
	for (size_t i = 0; i <= s->nr; i++) {
		if (!gap_number(s, i, low, high, &start, &end) || end - start < need)
			continue;
		start = up_to(start, align);
		if (i < s->nr && s->range[i].stack &&
		    gap_start(&s->range[i]) < start + need - 1)
			return search_up(s, s->range[i].end, high, len, align);
		return (int64_t)start;
	}
	return -UMM_ENOMEM;
}

static int64_t search_down(const struct space *s, uint64_t low, uint64_t high, uint64_t len,
			   uint64_t align)
{
	uint64_t need = len + align - PAGE, start, end;

	if (low < LOWEST)
		low = LOWEST;
	for (size_t i = s->nr + 1; i-- > 0;) {
		if (!gap_number(s, i, low, high, &start, &end) || end - start < need)
			continue;
		if (i < s->nr && gap_start(&s->range[i]) < end)
			return search_down(s, low, gap_start(&s->range[i]), len, align);
		return (int64_t)((end - len) / align * align);
	}
	return -UMM_ENOMEM;
}

static int64_t plain_up(const struct space *s, const struct request *r, uint64_t len,
			uint64_t align)
{
	bool low_window = r->flags & UMM_MAP_32BIT;
	uint64_t low = low_window ? 0x40000000 : LEGACY_BASE;
	uint64_t high = low_window ? 0x80000000 : TASK_SIZE, hint = up_to(r->addr, align);

	if (len > high)
		return -UMM_ENOMEM;
	if (hint && hint_is_good(s, hint, len, high))
		return (int64_t)hint;
	return search_up(s, low, high, len, align);
}

static int64_t plain(const struct space *s, const struct request *r, uint64_t len, uint64_t align)
{
	uint64_t hint = up_to(r->addr, align);
	int64_t found;

	if (len > TASK_SIZE)
		return -UMM_ENOMEM;
	if (r->flags & UMM_MAP_FIXED)
		return (int64_t)r->addr;
	if (s->bottom_up || (r->flags & UMM_MAP_32BIT))
		return plain_up(s, r, len, align);
	if (hint && hint_is_good(s, hint, len, TASK_SIZE))
		return (int64_t)hint;
	found = search_down(s, r->flags & UMM_MAP_ABOVE4G ? UINT64_C(1) << 32 : PAGE, MMAP_BASE,
			    len, align);
	return found > 0 ? found : plain_up(s, r, len, align);
}

static int64_t thp(const struct space *s, const struct request *r, uint64_t len, uint64_t offset)
{
	uint64_t first = up_to(offset, HUGE), shift;
	int64_t padded;

	if (offset + len < first + HUGE)
		return plain(s, r, len, PAGE);
	padded = plain(s, r, len + HUGE, PAGE);
	if (padded < 0)
		return plain(s, r, len, PAGE);
	if ((uint64_t)padded == r->addr)
		return padded;
	shift = (offset - (uint64_t)padded) % HUGE;
	if (!shift && !s->bottom_up)
		shift = HUGE;
	return padded + (int64_t)shift;
}

static int64_t naive_choice(const struct space *s, struct request r)
{
	uint64_t len = up_to(r.len, PAGE);
	int64_t found;

	if (r.object == HUGETLB_ANON)
		len = up_to(len, HUGE);
	if (!(r.flags & UMM_MAP_FIXED)) {
		r.addr = r.addr / PAGE * PAGE;
		if (r.addr && r.addr < LOWEST)
			r.addr = LOWEST;
	}
	if (len > TASK_SIZE)
		return -UMM_ENOMEM;
	if (r.flags & UMM_MAP_FIXED) {
		if (r.object == HUGETLB_ANON && r.addr % HUGE)
			return -UMM_EINVAL;
		if (r.addr > TASK_SIZE - len)
			return -UMM_ENOMEM;
	}
	switch (r.object) {
	case ANON:
		found = !r.addr && len % HUGE == 0 ? thp(s, &r, len, 0) : plain(s, &r, len, PAGE);
		break;
	case THP_FILE:
		found = thp(s, &r, len, r.offset);
		break;
	case HUGETLB_ANON:
		found = plain(s, &r, len, HUGE);
		break;
	default:
		found = plain(s, &r, len, PAGE);
		break;
	}
	if (found < 0)
		return found;
	if ((uint64_t)found > TASK_SIZE - len)
		return -UMM_ENOMEM;
	if ((uint64_t)found % PAGE)
		return -UMM_EINVAL;
	return (uint64_t)found < LOWEST ? -UMM_EPERM : found;
}

/* ---- both ---------------------------------------------------------------------------------- */

static struct umm_file *new_file(struct umm_world *world, enum umm_file_align align)
{
	struct umm_file_desc desc;
	struct umm_file *file;

	umm_file_desc_init(&desc, UMM_FILE_REGULAR);
	desc.align = align;
	desc.flags = UMM_FMODE_READ | UMM_FMODE_WRITE;
	assert_int_equal(umm_file_new(world, &desc, &file), 0);
	return file;
}

static void space_init(struct space *s, bool bottom_up)
{
	struct umm_settings settings;
	struct umm_layout layout;

	memset(s, 0, sizeof(*s));
	s->bottom_up = bottom_up;
	unit_memory_init(&s->memory);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.mmap_min_addr = settings.hint_min_addr = LOWEST;
	settings.stack_guard_gap = GUARD;
	settings.huge[0].shift = 21;
	settings.huge[0].free_pages = 1000;
	settings.default_huge_shift = 21;
	assert_int_equal(umm_world_new(&s->memory.platform, &settings, &s->world), 0);
	assert_int_equal(umm_mm_new(s->world, &s->mm), 0);
	umm_layout_init(&layout, 8 * MIB);
	layout.task_size = TASK_SIZE;
	layout.mmap_base = MMAP_BASE;
	layout.mmap_legacy_base = LEGACY_BASE;
	layout.bottom_up = bottom_up;
	umm_mm_set_layout(s->mm, &layout);
	s->plain = new_file(s->world, UMM_ALIGN_NONE);
	s->thp = new_file(s->world, UMM_ALIGN_THP);
}

static void space_destroy(struct space *s)
{
	umm_mm_put(s->mm);
	umm_file_put(s->plain);
	umm_file_put(s->thp);
	umm_world_free(s->world);
	assert_int_equal(s->memory.bytes, 0);
}

/* Read the ranges back from the library: its merging is another test's business. */
static void reload(struct space *s)
{
	struct umm_area area = { .size = sizeof(area) };

	s->nr = 0;
	for (umm_addr_t addr = 0; umm_find_area(s->mm, addr, &area); addr = area.end) {
		assert_true(s->nr < MAX_RANGES);
		s->range[s->nr++] = (struct range){
			area.start, area.end, (area.vm_flags & UMM_VM_GROWSDOWN) != 0,
		};
	}
}

static void compare(struct space *s, const struct request *r)
{
	struct umm_file *file = NULL;
	uint64_t flags = r->flags;
	int64_t ours, theirs = naive_choice(s, *r);

	flags |= r->object == SHARED_ANON ? UMM_MAP_SHARED : UMM_MAP_PRIVATE;
	if (r->object == HUGETLB_ANON)
		flags |= UMM_MAP_HUGETLB;
	if (r->object == PLAIN_FILE || r->object == THP_FILE)
		file = r->object == THP_FILE ? s->thp : s->plain;
	else
		flags |= UMM_MAP_ANONYMOUS;

	ours = umm_get_unmapped_area(s->mm, r->addr, r->len, UMM_PROT_READ, flags, file, r->offset);
	if (ours != theirs) {
		fprintf(stderr, "# object %d addr %#llx len %#llx flags %#llx offset %#llx%s: "
			"library %#llx, naive %#llx\n", (int)r->object, (unsigned long long)r->addr,
			(unsigned long long)r->len, (unsigned long long)r->flags,
			(unsigned long long)r->offset, s->bottom_up ? " bottom-up" : "",
			(unsigned long long)ours, (unsigned long long)theirs);
		for (size_t i = 0; i < s->nr; i++)
			fprintf(stderr, "#   %#llx-%#llx%s\n",
				(unsigned long long)s->range[i].start,
				(unsigned long long)s->range[i].end,
				s->range[i].stack ? " stack" : "");
		fail();
	}
	/* mmap goes where the question says; what it made is taken away again. */
	if (!(flags & UMM_MAP_FIXED)) {
		int64_t mapped = umm_mmap(s->mm, r->addr, r->len, UMM_PROT_READ, flags, file,
					  r->offset, NULL);

		assert_int_equal(mapped, ours);
		if (mapped > 0)
			assert_int_equal(umm_munmap(s->mm, (umm_addr_t)mapped,
						    up_to(r->len, r->object == HUGETLB_ANON ?
								  HUGE : PAGE), NULL), 0);
	}
}

/* ---- at random ----------------------------------------------------------------------------- */

static uint64_t random_addr(const struct space *s, struct unit_random *random)
{
	uint64_t addr = LOWEST + unit_random_below(random, TASK_SIZE - LOWEST) / PAGE * PAGE;

	if (s->nr && unit_random_below(random, 2)) {
		const struct range *range = &s->range[unit_random_below(random, s->nr)];

		addr = unit_random_below(random, 2) ? range->end : range->start;
		addr += (unit_random_below(random, 13) - 6) * PAGE;
	}
	return addr;
}

static uint64_t random_len(struct unit_random *random)
{
	switch (unit_random_below(random, 4)) {
	case 0:
		return (1 + unit_random_below(random, 8)) * PAGE;
	case 1:
		return (1 + unit_random_below(random, 12)) * HUGE;
	case 2:
		return (1 + unit_random_below(random, 16 * MIB / PAGE)) * PAGE;
	default:
		return 1 + unit_random_below(random, 100 * MIB);
	}
}

static void change_ranges(struct space *s, struct unit_random *random)
{
	uint64_t addr = random_addr(s, random), len = up_to(random_len(random), PAGE);
	uint64_t flags = UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED;

	if (unit_random_below(random, 3) == 0)
		flags |= UMM_MAP_GROWSDOWN;
	if (addr < LOWEST || addr + len > TASK_SIZE)
		return;
	if (s->nr > 12 || unit_random_below(random, 4) == 0)
		assert_int_equal(umm_munmap(s->mm, addr, len, NULL), 0);
	else
		assert_int_equal(umm_mmap(s->mm, addr, len, UMM_PROT_NONE, flags, NULL, 0, NULL),
				 addr);
	reload(s);
}

static void random_run(bool bottom_up)
{
	uint64_t steps = unit_iterations(10000);
	struct unit_random random = unit_random_init();
	struct space s;

	space_init(&s, bottom_up);
	for (uint64_t step = 0; step < steps; step++) {
		struct request r = {
			.object = (enum object)unit_random_below(&random, NR_OBJECTS),
			.len = random_len(&random),
		};

		change_ranges(&s, &random);
		if (unit_random_below(&random, 2))
			r.addr = random_addr(&s, &random) + unit_random_below(&random, 3);
		if (unit_random_below(&random, 20) == 0)
			r.addr = unit_random(&random);
		if (unit_random_below(&random, 20) == 0)
			r.len = 1 + unit_random(&random) % (UINT64_MAX - 4 * MIB);
		if (unit_random_below(&random, 10) == 0)
			r.flags |= UMM_MAP_32BIT;
		if (unit_random_below(&random, 10) == 0)
			r.flags |= UMM_MAP_ABOVE4G;
		if (unit_random_below(&random, 10) == 0)
			r.flags |= UMM_MAP_FIXED;
		if (r.object == THP_FILE)
			r.offset = unit_random_below(&random, 1024) * PAGE;
		compare(&s, &r);
	}
	space_destroy(&s);
}

static void test_random_topdown(void **state)
{
	(void)state;
	random_run(false);
}

static void test_random_bottomup(void **state)
{
	(void)state;
	random_run(true);
}

/* Two areas, the upper one a stack or not, in all places near each other, and small requests. */
static void test_all_small(void **state)
{
	(void)state;
	for (int kind = 0; kind < 8; kind++) {
		struct space s;

		space_init(&s, kind & 1);
		for (uint64_t distance = 0; distance < 12; distance++) {
			const uint64_t top = kind & 1 ? LEGACY_BASE + 14 * PAGE
						      : MMAP_BASE - 2 * PAGE;
			const uint64_t fixed = UMM_MAP_PRIVATE | UMM_MAP_ANONYMOUS | UMM_MAP_FIXED;

			umm_munmap(s.mm, LOWEST, TASK_SIZE - LOWEST, NULL);
			assert_int_equal(umm_mmap(s.mm, top, PAGE, 0,
						  fixed | (kind & 2 ? UMM_MAP_GROWSDOWN : 0), NULL,
						  0, NULL), top);
			assert_int_equal(umm_mmap(s.mm, top - (distance + 1) * PAGE, PAGE, 1,
						  fixed | (kind & 4 ? UMM_MAP_GROWSDOWN : 0), NULL,
						  0, NULL), top - (distance + 1) * PAGE);
			reload(&s);
			for (uint64_t len = 1; len < 16; len++) {
				struct request r = { .object = ANON, .len = len * PAGE };

				compare(&s, &r);
				for (uint64_t hint = 0; hint < 24; hint++) {
					r.addr = top - hint * PAGE + 4 * PAGE;
					compare(&s, &r);
				}
			}
		}
		space_destroy(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_small),
		cmocka_unit_test(test_random_topdown),
		cmocka_unit_test(test_random_bottomup),
	};

	return cmocka_run_group_tests_name("unmapped_area", tests, NULL, NULL);
}
