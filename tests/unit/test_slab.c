/*
 * test_slab.c - objects are distinct, aligned and hold what was put there; memory that runs out is
 * an answer, and all of it comes back.
 */
#include "unit.h"

#include "base/slab.h"

#include <usermm/uapi.h>

#define NR_OBJECTS 3000

struct held {
	unsigned char *object;
	unsigned char mark;
};

static struct held held[NR_OBJECTS];

static void fill(struct held *slot, size_t size, uint64_t number)
{
	slot->mark = (unsigned char)(number * 37 + 11);
	memset(slot->object, slot->mark, size);
}

/* Nobody else wrote to it. */
static void assert_intact(const struct held *slot, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(slot->object[i], slot->mark);
}

static void churn(size_t size, uint64_t steps)
{
	struct unit_memory memory;
	struct slab_cache cache;
	struct unit_random random = unit_random_init();
	size_t used = 0;

	unit_memory_init(&memory);
	slab_cache_init(&cache, &memory.platform, size, "churn");
	assert_int_equal(memory.calls, 0);
	memset(held, 0, sizeof(held));

	for (uint64_t step = 0; step < steps; step++) {
		struct held *slot = &held[unit_random_below(&random, NR_OBJECTS)];

		if (slot->object) {
			assert_intact(slot, size);
			slab_free(&cache, slot->object);
			slot->object = NULL;
			used--;
		} else {
			slot->object = slab_alloc(&cache);
			assert_non_null(slot->object);
			assert_int_equal((uintptr_t)slot->object % (size % 64 ? 16 : 64), 0);
			fill(slot, size, step);
			used++;
		}
		assert_int_equal(cache.nr_used, used);
		assert_int_equal(slab_bytes(&cache), memory.bytes);
	}
	for (size_t i = 0; i < NR_OBJECTS; i++) {
		if (!held[i].object)
			continue;
		assert_intact(&held[i], size);
		slab_free(&cache, held[i].object);
	}
	slab_cache_destroy(&cache);
	assert_int_equal(memory.bytes, 0);
	assert_int_equal(memory.blocks, 0);
}

static void test_random(void **state)
{
	static const size_t sizes[] = { 1, 16, 40, 64, 72, 128, 192, 1000, 3000, 16384 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		churn(sizes[i], unit_iterations(10000));
}

static void test_latest_first(void **state)
{
	struct unit_memory memory;
	struct slab_cache cache;
	void *a, *b;

	(void)state;
	unit_memory_init(&memory);
	slab_cache_init(&cache, &memory.platform, 48, "latest first");
	a = slab_alloc(&cache);
	b = slab_alloc(&cache);
	assert_ptr_not_equal(a, b);
	slab_free(&cache, a);
	slab_free(&cache, b);
	assert_ptr_equal(slab_alloc(&cache), b);
	assert_ptr_equal(slab_alloc(&cache), a);
	slab_cache_release_all(&cache);		/* both still in use */
	assert_int_equal(memory.bytes, 0);
}

/* Small while few objects are in use; little slack when there are many. */
static void test_slack(void **state)
{
	struct unit_memory memory;
	struct slab_cache cache;

	(void)state;
	unit_memory_init(&memory);
	slab_cache_init(&cache, &memory.platform, 128, "slack");
	assert_non_null(slab_alloc(&cache));
	assert_int_equal(slab_bytes(&cache), 4096);
	for (int i = 1; i < 100000; i++)
		assert_non_null(slab_alloc(&cache));
	assert_true(slab_bytes(&cache) < 100000 * 130);
	slab_cache_release_all(&cache);
	assert_int_equal(memory.bytes, 0);
}

/* Refuse the n-th chunk for n = 1, 2, 3 … until all objects are had. */
static void test_alloc_refused(void **state)
{
	bool refused = true;

	(void)state;
	for (uint64_t n = 1; refused; n++) {
		struct unit_memory memory;
		struct slab_cache cache;

		unit_memory_init(&memory);
		unit_memory_fail_at(&memory, n);
		slab_cache_init(&cache, &memory.platform, 128, "refused");
		refused = false;
		for (size_t i = 0; i < NR_OBJECTS; i++) {
			size_t used = cache.nr_used;
			uint64_t bytes = memory.bytes;
			void *object = slab_alloc(&cache);

			if (!object) {
				assert_false(refused);	/* once only */
				refused = true;
				assert_int_equal(cache.nr_used, used);
				assert_int_equal(memory.bytes, bytes);
				object = slab_alloc(&cache);
			}
			assert_non_null(object);
		}
		assert_int_equal(refused, n <= memory.calls - refused);
		slab_cache_release_all(&cache);
		assert_int_equal(memory.bytes, 0);
		assert_true(n < 100);
	}
}

static void test_reserve(void **state)
{
	(void)state;
	for (size_t before = 0; before < 70; before++) {
		for (size_t n = 0; n < 200; n += 13) {
			struct unit_memory memory;
			struct slab_cache cache;

			unit_memory_init(&memory);
			slab_cache_init(&cache, &memory.platform, 128, "reserve");
			for (size_t i = 0; i < before; i++)
				held[i].object = slab_alloc(&cache);
			for (size_t i = 0; i < before; i += 3)
				slab_free(&cache, held[i].object);

			assert_int_equal(slab_reserve(&cache, n), 0);
			unit_memory_fail_at(&memory, 1);
			for (size_t i = 0; i < n; i++) {
				held[i].object = slab_alloc(&cache);
				assert_non_null(held[i].object);
				fill(&held[i], 128, i);
			}
			for (size_t i = 0; i < n; i++)
				assert_intact(&held[i], 128);
			assert_int_equal(memory.calls, 0);

			assert_int_equal(slab_reserve(&cache, cache.nr_free), 0);
			assert_int_equal(slab_reserve(&cache, cache.nr_free + 1), -UMM_ENOMEM);
			slab_cache_release_all(&cache);
			assert_int_equal(memory.bytes, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_latest_first),
		cmocka_unit_test(test_slack),
		cmocka_unit_test(test_alloc_refused),
		cmocka_unit_test(test_reserve),
	};

	return cmocka_run_group_tests_name("slab", tests, NULL, NULL);
}
