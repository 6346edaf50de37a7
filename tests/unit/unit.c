/*
 * unit.c - what the unit tests share.
 */
#include "unit.h"

static uint64_t number_from_environment(const char *name, uint64_t normal)
{
	const char *text = getenv(name);
	char *end;
	unsigned long long value;

	if (!text || !*text)
		return normal;
	value = strtoull(text, &end, 0);
	if (*end) {
		fprintf(stderr, "%s=%s is not a number\n", name, text);
		exit(2);
	}
	return value;
}

struct unit_random unit_random_init(void)
{
	return (struct unit_random){ number_from_environment("UMM_SEED", 1) };
}

/* splitmix64 */
uint64_t unit_random(struct unit_random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t unit_random_below(struct unit_random *random, uint64_t limit)
{
	return unit_random(random) % limit;
}

uint64_t unit_iterations(uint64_t normal)
{
	return number_from_environment("UMM_ITER", normal);
}

static void *counting_alloc(void *ctx, size_t bytes)
{
	struct unit_memory *memory = ctx;
	void *block;

	/* What platform.h promises to the embedder. */
	assert_true(bytes > 0 && (bytes % 64 == 0 || (bytes & (bytes - 1)) == 0));

	if (++memory->calls == memory->fail_at)
		return NULL;
	block = aligned_alloc(64, bytes < 64 ? 64 : bytes);
	assert_non_null(block);
	memset(block, 0xdb, bytes);
	memory->bytes += bytes;
	memory->blocks++;
	return block;
}

static void counting_free(void *ctx, void *block, size_t bytes)
{
	struct unit_memory *memory = ctx;

	assert_non_null(block);
	assert_true(memory->blocks > 0 && memory->bytes >= bytes);
	memory->bytes -= bytes;
	memory->blocks--;
	memset(block, 0xdf, bytes);
	free(block);
}

void unit_memory_init(struct unit_memory *memory)
{
	*memory = (struct unit_memory){
		.platform = {
			.size = sizeof(struct umm_platform),
			.ctx = memory,
			.alloc = counting_alloc,
			.free = counting_free,
		},
	};
}

void unit_memory_fail_at(struct unit_memory *memory, uint64_t n)
{
	memory->calls = 0;
	memory->fail_at = n;
}
