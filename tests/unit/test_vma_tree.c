/*
 * test_vma_tree.c - the index of areas and the search for gaps, against a scan of pages.
 */
#include "unit.h"

#include "space/vma_tree.h"

#define PAGES 48
#define AT(page) ((umm_addr_t)(page) * PAGE_SIZE)

struct map {
	struct vma_tree tree;
	struct vm_area_struct vma[PAGES];	/* vma[i] begins at page i, if it is linked */
	int owner[PAGES];			/* index of the area that has the page, or -1 */
};

static void map_init(struct map *map)
{
	memset(map, 0, sizeof(*map));
	for (int i = 0; i < PAGES; i++)
		map->owner[i] = -1;
}

static bool is_free(const struct map *map, uint64_t start, uint64_t end)
{
	for (uint64_t p = start; p < end; p++) {
		if (map->owner[p] >= 0)
			return false;
	}
	return true;
}

static void own(struct map *map, uint64_t start, uint64_t end, int owner)
{
	for (uint64_t p = start; p < end; p++)
		map->owner[p] = owner;
}

static uint64_t end_of(const struct map *map, uint64_t start)
{
	uint64_t end = start;

	while (end < PAGES && map->owner[end] == map->owner[start])
		end++;
	return end;
}

static void link_range(struct map *map, uint64_t start, uint64_t end)
{
	struct vm_area_struct *vma = &map->vma[start];
	struct vma_slot slot;

	/* What was in it before must not matter. */
	memset(vma, 0x5a, sizeof(*vma));
	vma->vm_start = AT(start);
	vma->vm_end = AT(end);
	assert_true(find_vma_links(&map->tree, AT(start), AT(end), &slot));
	vma_link(&map->tree, vma, &slot);
	own(map, start, end, (int)start);
}

static void unlink_area(struct map *map, uint64_t start)
{
	vma_unlink(&map->tree, &map->vma[start]);
	own(map, start, end_of(map, start), -1);
}

/* The area of the first owned page from @page on, as a scan finds it. */
static struct vm_area_struct *scan(struct map *map, uint64_t page)
{
	for (; page < PAGES; page++) {
		if (map->owner[page] >= 0)
			return &map->vma[map->owner[page]];
	}
	return NULL;
}

static struct vm_area_struct *scan_back(struct map *map, uint64_t page)
{
	while (page-- > 0) {
		if (map->owner[page] >= 0)
			return &map->vma[map->owner[page]];
	}
	return NULL;
}

static void check_finds(struct map *map)
{
	assert_true(vma_tree_is_valid(&map->tree));
	for (uint64_t p = 0; p < PAGES; p++) {
		struct vm_area_struct *expected = scan(map, p), *prev;
		uint64_t before = expected ? expected->vm_start / PAGE_SIZE : PAGES;

		assert_ptr_equal(find_vma(&map->tree, AT(p)), expected);
		assert_ptr_equal(find_vma(&map->tree, AT(p) + PAGE_SIZE - 1), expected);
		assert_ptr_equal(find_vma_prev(&map->tree, AT(p), &prev), expected);
		assert_ptr_equal(prev, scan_back(map, before));
	}
	assert_null(find_vma(&map->tree, AT(PAGES)));
}

static void check_range(struct map *map, uint64_t start, uint64_t end)
{
	struct vm_area_struct *expected = scan(map, start);
	struct vma_slot slot;
	bool clear = is_free(map, start, end);

	if (expected && expected->vm_start >= AT(end))
		expected = NULL;
	assert_ptr_equal(find_vma_intersection(&map->tree, AT(start), AT(end)), expected);
	assert_int_equal(find_vma_links(&map->tree, AT(start), AT(end), &slot), clear);
	if (clear) {
		assert_ptr_equal(slot.prev, scan_back(map, start));
		assert_ptr_equal(slot.next, scan(map, end));
	}
}

/* The whole of the gap around the free page @page, clipped. */
static void gap_around(const struct map *map, uint64_t page, uint64_t low, uint64_t high,
		       uint64_t *start, uint64_t *end)
{
	for (*start = page; *start > low && map->owner[*start - 1] < 0;)
		--*start;
	for (*end = page + 1; *end < high && map->owner[*end] < 0;)
		++*end;
}

static void check_gaps(struct map *map, uint64_t low, uint64_t high, uint64_t length)
{
	struct gap_search search = { AT(length), AT(low), AT(high) };
	uint64_t lowest = PAGES, highest = PAGES, widest = 0, start, end;
	struct gap gap;

	for (uint64_t p = low; p < high; p++) {
		if (map->owner[p] >= 0)
			continue;
		gap_around(map, p, low, high, &start, &end);
		if (end - start > widest)
			widest = end - start;
		if (end - start < length)
			continue;
		if (lowest == PAGES)
			lowest = start;
		highest = start;
	}
	assert_int_equal(gap_widest(&map->tree, AT(low), AT(high)), AT(widest));

	assert_int_equal(gap_search_topdown(&map->tree, &search, &gap), highest < PAGES);
	if (highest < PAGES) {
		gap_around(map, highest, low, high, &start, &end);
		assert_int_equal(gap.start, AT(start));
		assert_int_equal(gap.end, AT(end));
		assert_ptr_equal(gap.above, scan(map, end));
	}
	assert_int_equal(gap_search_bottomup(&map->tree, &search, &gap), lowest < PAGES);
	if (lowest < PAGES) {
		gap_around(map, lowest, low, high, &start, &end);
		assert_int_equal(gap.start, AT(start));
		assert_int_equal(gap.end, AT(end));
		assert_ptr_equal(gap.above, scan(map, end));
	}
}

/* ---- at random ----------------------------------------------------------------------------- */

/* Move one end, or the boundary to the neighbour, to wherever there is room. */
static void move_ends(struct map *map, struct unit_random *random, uint64_t start)
{
	struct vm_area_struct *vma = &map->vma[start];
	uint64_t end = end_of(map, start), room = end, to;

	while (room < PAGES && map->owner[room] < 0)
		room++;
	if (room == end && room < PAGES && unit_random_below(random, 2)) {
		struct vm_area_struct *next = vma_next(vma);
		uint64_t next_end = end_of(map, end);

		/* An area is found by its first page: move what was there to its new place. */
		to = start + 1 + unit_random_below(random, next_end - start - 1);
		vma_move_boundary(vma, AT(to));
		assert_int_equal(next->vm_start, AT(to));
		vma_unlink(&map->tree, next);
		vma_set_range(&map->tree, vma, AT(start), AT(to));
		own(map, start, to, (int)start);
		own(map, to, next_end, -1);
		link_range(map, to, next_end);
		return;
	}
	to = start + 1 + unit_random_below(random, room - start);
	vma_set_range(&map->tree, vma, AT(start), AT(to));
	own(map, start, room, -1);
	own(map, start, to, (int)start);
}

static void test_random(void **state)
{
	uint64_t steps = unit_iterations(20000);
	struct unit_random random = unit_random_init();
	static struct map map;

	(void)state;
	map_init(&map);
	for (uint64_t step = 0; step < steps; step++) {
		uint64_t a = unit_random_below(&random, PAGES);
		uint64_t b = a + 1 + unit_random_below(&random, PAGES - a);

		if (unit_random_below(&random, 2) == 0 && b > a + 3)
			b = a + 1 + unit_random_below(&random, 3);
		if (is_free(&map, a, b))
			link_range(&map, a, b);
		else if (map.owner[a] >= 0 && unit_random_below(&random, 3))
			move_ends(&map, &random, (uint64_t)map.owner[a]);
		else if (map.owner[a] >= 0)
			unlink_area(&map, (uint64_t)map.owner[a]);

		check_finds(&map);
		check_range(&map, a, b);
		b = unit_random_below(&random, PAGES + 1);
		check_gaps(&map, a < b ? a : b, a < b ? b : a,
			   1 + unit_random_below(&random, 6));
	}
}

/* ---- exhaustively -------------------------------------------------------------------------- */

#define SMALL 8

/* Every layout of one-page areas among 8 pages, with every search in it. */
static void test_all_layouts(void **state)
{
	static struct map map;

	(void)state;
	for (unsigned int layout = 0; layout < 1u << SMALL; layout++) {
		map_init(&map);
		/* Linked from the outside in, so that the tree is not made by appending alone. */
		for (uint64_t i = 0; i < SMALL; i++) {
			uint64_t p = i % 2 ? SMALL - 1 - i / 2 : i / 2;

			if (layout & (1u << p))
				link_range(&map, p, p + 1);
		}
		check_finds(&map);
		for (uint64_t low = 0; low <= SMALL; low++) {
			for (uint64_t high = low; high <= SMALL; high++) {
				for (uint64_t length = 1; length <= SMALL; length++)
					check_gaps(&map, low, high, length);
				if (high > low)
					check_range(&map, low, high);
			}
		}
	}
}

/* What the structure promises must be noticed when it is broken. */
static void test_broken_is_noticed(void **state)
{
	static struct map map;
	struct vm_area_struct *vma;

	(void)state;
	map_init(&map);
	for (uint64_t p = 1; p < 20; p += 3)
		link_range(&map, p, p + 2);
	assert_true(vma_tree_is_valid(&map.tree));
	vma = &map.vma[7];

	vma->node.subtree_gap += PAGE_SIZE;
	assert_false(vma_tree_is_valid(&map.tree));
	vma->node.subtree_gap -= PAGE_SIZE;

	vma->vm_end = AT(11);			/* into the next */
	assert_false(vma_tree_is_valid(&map.tree));
	vma->vm_end = AT(9);

	map.tree.map_count++;
	assert_false(vma_tree_is_valid(&map.tree));
	map.tree.map_count--;

	vma->node.prev = NULL;
	assert_false(vma_tree_is_valid(&map.tree));
	vma->node.prev = &map.vma[4];

	map.tree.last = vma;
	assert_false(vma_tree_is_valid(&map.tree));
	map.tree.last = &map.vma[19];
	assert_true(vma_tree_is_valid(&map.tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_layouts),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_broken_is_noticed),
	};

	return cmocka_run_group_tests_name("vma_tree", tests, NULL, NULL);
}
