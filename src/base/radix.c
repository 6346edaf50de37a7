/*
 * radix.c - pointers by number.
 *
 * A node has 64 places; those of the lowest level hold pointers, those above lead to nodes for 64,
 * 4096, ... numbers each.  The tree is as high as its largest number needs and grows at the root.
 */
#include "base/assert.h"
#include "base/err.h"
#include "base/radix.h"

#define SHIFT 6
#define PLACES (1 << SHIFT)
#define MAX_HEIGHT 11

struct radix_node {
	void *place[PLACES];
};

static unsigned int place_of(uint64_t index, unsigned int level)
{
	return (index >> (SHIFT * level)) & (PLACES - 1);
}

/* Is @index below what a tree of that height holds? */
static bool fits(uint64_t index, unsigned int height)
{
	return height * SHIFT >= 64 || index >> (SHIFT * height) == 0;
}

static struct radix_node *node_alloc(const struct umm_platform *platform)
{
	struct radix_node *node = platform->alloc(platform->ctx, sizeof(*node));

	if (node)
		memset(node, 0, sizeof(*node));
	return node;
}

static void **find(const struct radix *radix, uint64_t index)
{
	struct radix_node *node = radix->root;

	if (!node || !fits(index, radix->height))
		return NULL;
	for (unsigned int level = radix->height - 1; level > 0 && node; level--)
		node = node->place[place_of(index, level)];
	return node ? &node->place[place_of(index, 0)] : NULL;
}

void *radix_get(const struct radix *radix, uint64_t index)
{
	void **place = find(radix, index);

	return place ? *place : NULL;
}

int radix_insert(struct radix *radix, const struct umm_platform *platform, uint64_t index,
		 void *value)
{
	struct radix_node *node, *below;

	while (!radix->root || !fits(index, radix->height)) {
		node = node_alloc(platform);
		if (!node)
			return -UMM_ENOMEM;
		node->place[0] = radix->root;
		radix->root = node;
		radix->height++;
	}
	node = radix->root;
	for (unsigned int level = radix->height - 1; level > 0; level--) {
		void **place = &node->place[place_of(index, level)];

		below = *place ? *place : node_alloc(platform);
		if (!below)
			return -UMM_ENOMEM;
		*place = below;
		node = below;
	}
	mm_assert(value && !node->place[place_of(index, 0)]);
	node->place[place_of(index, 0)] = value;
	radix->nr++;
	return 0;
}

void *radix_erase(struct radix *radix, uint64_t index)
{
	void **place = find(radix, index), *value;

	if (!place || !*place)
		return NULL;
	value = *place;
	*place = NULL;
	radix->nr--;
	return value;
}

void *radix_next(const struct radix *radix, uint64_t *index)
{
	uint64_t at = *index;

	while (radix->root && fits(at, radix->height)) {
		struct radix_node *node = radix->root;
		unsigned int level = radix->height - 1;
		uint64_t past;

		while (level > 0 && node->place[place_of(at, level)])
			node = node->place[place_of(at, level--)];
		if (node->place[place_of(at, level)]) {
			*index = at;
			return node->place[place_of(at, level)];
		}
		past = ((at >> (SHIFT * level)) + 1) << (SHIFT * level);
		if (past <= at)
			break;
		at = past;
	}
	return NULL;
}

void radix_destroy(struct radix *radix, const struct umm_platform *platform)
{
	struct radix_node *path[MAX_HEIGHT];
	unsigned int next[MAX_HEIGHT] = { 0 }, depth = 0;

	if (!radix->root)
		return;
	path[0] = radix->root;
	for (;;) {
		struct radix_node *below = NULL;

		while (depth + 1 < radix->height && next[depth] < PLACES && !below)
			below = path[depth]->place[next[depth]++];
		if (below) {
			path[++depth] = below;
			next[depth] = 0;
			continue;
		}
		platform->free(platform->ctx, path[depth], sizeof(*path[depth]));
		if (!depth)
			break;
		depth--;
	}
	*radix = (struct radix){ .root = NULL };
}
