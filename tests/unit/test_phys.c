/*
 * test_phys.c - frames: blocks split and grow together, none is handed out twice, all come back.
 */
#include "phys/phys.h"
#include "unit.h"

#define FRAMES 2053		/* not a multiple of anything */

struct machine {
	struct unit_memory memory;
	struct umm_world *world;
	struct phys *phys;
};

static unsigned int processor;

static unsigned int cpu_id(void *ctx)
{
	(void)ctx;
	return processor;
}

static void machine_init(struct machine *m, uint64_t frames, uint32_t pages)
{
	struct umm_settings settings;

	unit_memory_init(&m->memory);
	m->memory.platform.cpu_id = cpu_id;
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = pages;
	settings.frames = frames;
	assert_int_equal(umm_world_new(&m->memory.platform, &settings, &m->world), 0);
	m->phys = ((struct world *)m->world)->phys;
}

static void machine_destroy(struct machine *m)
{
	assert_true(phys_is_valid(m->phys));
	umm_world_free(m->world);
	assert_int_equal(m->memory.bytes, 0);
	assert_int_equal(m->memory.locks, 0);
}

struct block {
	struct page *page;
	unsigned int order;
};

static void own(struct machine *m, bool *taken, struct block block, bool take)
{
	uint64_t pfn = page_to_pfn(m->phys, block.page);

	assert_int_equal(pfn & ((1u << block.order) - 1), 0);
	for (uint64_t i = pfn; i < pfn + (1u << block.order); i++) {
		assert_true(i < FRAMES);
		assert_int_equal(taken[i], !take);
		taken[i] = take;
	}
}

/* Random blocks come and go on several processors; an array of who is taken says the rest. */
static void test_random_blocks(void **state)
{
	struct unit_random random = unit_random_init();
	static struct block block[400];
	static bool taken[FRAMES];
	struct machine m;
	size_t nr = 0;
	uint64_t used = 1;

	(void)state;
	memset(taken, 0, sizeof(taken));
	machine_init(&m, FRAMES, UMM_PAGES_COUNTED);
	taken[page_to_pfn(m.phys, m.phys->zero_page)] = true;
	for (uint64_t i = unit_iterations(20000); i > 0; i--) {
		processor = (unsigned int)unit_random_below(&random, 3);
		if (nr < 400 && unit_random_below(&random, 100) < 52) {
			unsigned int order = (unsigned int)unit_random_below(&random, 10);
			struct block *b = &block[nr];

			b->order = order < 5 ? 0 : order;
			b->page = b->order ? alloc_pages(m.phys, b->order) : alloc_page(m.phys);
			if (b->page) {
				own(&m, taken, *b, true);
				used += 1u << b->order;
				nr++;
			}
		} else if (nr) {
			size_t k = (size_t)unit_random_below(&random, nr);

			own(&m, taken, block[k], false);
			used -= 1u << block[k].order;
			if (block[k].order)
				free_pages(m.phys, block[k].page, block[k].order);
			else
				put_page(m.phys, block[k].page);
			block[k] = block[--nr];
		}
		assert_int_equal(phys_free_frames(m.phys), FRAMES - used);
		if (i % 64 == 0)
			assert_true(phys_is_valid(m.phys));
	}
	while (nr--)
		free_pages(m.phys, block[nr].page, block[nr].order);
	machine_destroy(&m);
}

/* Every frame can be had one by one, also those that lie on the list of another processor. */
static void test_last_frame(void **state)
{
	static struct page *page[FRAMES];
	struct machine m;
	size_t nr = 0;

	(void)state;
	machine_init(&m, FRAMES, UMM_PAGES_COUNTED);
	for (unsigned int round = 0; round < 3; round++) {
		processor = round;
		for (nr = 0; (page[nr] = alloc_page(m.phys)); nr++)
			;
		assert_int_equal(nr, FRAMES - 1);
		assert_null(alloc_pages(m.phys, 3));
		while (nr--)
			put_page(m.phys, page[nr]);
	}
	/* They have grown together again: all blocks of the largest order are there. */
	for (nr = 0; (page[nr] = alloc_pages(m.phys, MAX_ORDER)); nr++)
		;
	assert_int_equal(nr, FRAMES / 512 - 1);		/* the zero page is in one */
	while (nr--)
		free_pages(m.phys, page[nr], MAX_ORDER);
	machine_destroy(&m);
}

/* What is written to one frame is seen in no other. */
static void test_contents(void **state)
{
	struct page *page[64];
	struct machine m;

	(void)state;
	machine_init(&m, 80, UMM_PAGES_CONTENTS);
	for (int i = 0; i < 64; i++) {
		page[i] = alloc_page(m.phys);
		memset(page_address(m.phys, page[i]), i + 1, 4096);
	}
	copy_page(m.phys, page[7], page[9]);
	clear_page(m.phys, page[8]);
	for (int i = 0; i < 64; i++) {
		const unsigned char *byte = page_address(m.phys, page[i]);
		int expected = i == 7 ? 10 : i == 8 ? 0 : i + 1;

		assert_int_equal((uintptr_t)byte % 4096, 0);
		for (int j = 0; j < 4096; j++)
			assert_int_equal(byte[j], expected);
		put_page(m.phys, page[i]);
	}
	machine_destroy(&m);
}

/* The frame freed last is handed out first, on the same processor. */
static void test_latest_first(void **state)
{
	struct page *a, *b, *other;
	struct machine m;

	(void)state;
	machine_init(&m, FRAMES, UMM_PAGES_COUNTED);
	processor = 0;
	a = alloc_page(m.phys);
	b = alloc_page(m.phys);
	put_page(m.phys, b);
	put_page(m.phys, a);
	assert_ptr_equal(alloc_page(m.phys), a);
	assert_ptr_equal(alloc_page(m.phys), b);
	processor = 1;
	put_page(m.phys, a);
	processor = 2;
	other = alloc_page(m.phys);
	assert_ptr_not_equal(other, a);
	put_page(m.phys, other);
	put_page(m.phys, b);
	machine_destroy(&m);
}

/* Making a machine fails at each of its allocations, and leaves nothing. */
static void test_no_memory(void **state)
{
	struct umm_settings settings;
	struct unit_memory memory;
	struct umm_world *world;
	int err = -UMM_ENOMEM;
	uint64_t n;

	(void)state;
	unit_memory_init(&memory);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = 32;
	for (n = 1; err; n++) {
		unit_memory_fail_at(&memory, n);
		err = umm_world_new(&memory.platform, &settings, &world);
		assert_true(err == 0 || err == -UMM_ENOMEM);
		if (err)
			assert_int_equal(memory.bytes, 0);
	}
	assert_true(n > 5);
	unit_memory_fail_at(&memory, 0);
	umm_world_free(world);
	assert_int_equal(memory.bytes, 0);
}

/* What no machine is, is refused; and what is settled stays. */
static void test_settings(void **state)
{
	struct umm_settings settings;
	struct unit_memory memory;
	struct umm_world *world;

	(void)state;
	unit_memory_init(&memory);
	umm_settings_init(&settings, UMM_KERNEL_NEWEST);
	settings.pages = 3;
	assert_int_equal(umm_world_new(&memory.platform, &settings, &world), -UMM_EINVAL);
	settings.pages = UMM_PAGES_CONTENTS;
	settings.frames = 32;
	memory.platform.frames_alloc = NULL;
	assert_int_equal(umm_world_new(&memory.platform, &settings, &world), -UMM_EINVAL);
	memory.platform.frames_free = NULL;
	assert_int_equal(umm_world_new(&memory.platform, &settings, &world), -UMM_EINVAL);
	settings.pages = UMM_PAGES_COUNTED;
	assert_int_equal(umm_world_new(&memory.platform, &settings, &world), 0);
	settings.frames = 33;
	assert_int_equal(umm_world_set(world, &settings), -UMM_EINVAL);
	settings.frames = 32;
	settings.pages = UMM_PAGES_NONE;
	assert_int_equal(umm_world_set(world, &settings), -UMM_EINVAL);
	settings.pages = UMM_PAGES_COUNTED;
	assert_int_equal(umm_world_set(world, &settings), 0);
	umm_world_free(world);
	assert_int_equal(memory.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_blocks),
		cmocka_unit_test(test_last_frame),
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_latest_first),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
