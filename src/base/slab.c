/*
 * slab.c - cache of objects of one size.
 *
 * Theory
 * ------
 * A cache takes chunks from the platform and cuts them into objects.  A free object holds the link
 * of the free list, an object in use holds nothing of ours:
 *
 *	chunk:	| header | used | free | used | used | fresh ....... |
 *			           ^ on cache->free     ^ cache->fresh
 *
 * The free list is last in, first out: the object handed out next is the one most likely in the
 * processor's caches.  The newest chunk is cut as it is needed, so a chunk that is not used up is
 * not touched beyond that.
 *
 * Chunks grow from 4 KiB, since each address space has its own caches and most are small, by
 * doubling up to 64 KiB.
 *
 * Invariants:
 *	1. nr_free counts the free list and the objects that fit in [fresh, fresh_end);
 *	2. bytes is the sum over all chunks.
 *
 * Deliberately not done: a chunk all of whose objects are free is kept until the cache goes.  To
 * notice it would need a count per chunk, and so a way from the object to its chunk, on each free.
 */
#include <usermm/uapi.h>

#include "base/slab.h"

#define SLAB_FIRST_CHUNK ((size_t)4 << 10)
#define SLAB_LARGEST_CHUNK ((size_t)64 << 10)

struct slab_chunk {
	struct slab_chunk *next;
	size_t bytes;		/* of the whole chunk */
};

static size_t align_up(size_t n, size_t align)
{
	return (n + align - 1) & ~(align - 1);
}

void slab_cache_init(struct slab_cache *cache, const struct umm_platform *platform,
		     size_t object_size, const char *name)
{
	size_t first_chunk = SLAB_FIRST_CHUNK;

	mm_assert(object_size > 0 && object_size <= SLAB_LARGEST_CHUNK / 4);
	while (first_chunk < 4 * object_size)
		first_chunk *= 2;

	*cache = (struct slab_cache){
		.platform = platform,
		.name = name,
		.object_size = align_up(object_size, 16),
		.next_chunk = first_chunk,
	};
}

/* A chunk begins on a multiple of 64; behind a header of 64 bytes so do objects of 64 n bytes. */
static size_t first_object(const struct slab_cache *cache)
{
	return align_up(sizeof(struct slab_chunk), cache->object_size % 64 ? 16 : 64);
}

static void put_on_free_list(struct slab_cache *cache, void *object)
{
	struct slab_free *free = object;

	slab_poison(object, cache->object_size);
	free->next = cache->free;
	cache->free = free;
}

/* What is left of the newest chunk, before another one takes its place. */
static void retire_fresh(struct slab_cache *cache)
{
	for (; cache->fresh < cache->fresh_end; cache->fresh += cache->object_size)
		put_on_free_list(cache, cache->fresh);
}

static __cold int slab_grow(struct slab_cache *cache)
{
	size_t bytes = cache->next_chunk, nr;
	struct slab_chunk *chunk = cache->platform->alloc(cache->platform->ctx, bytes);

	if (!chunk)
		return -UMM_ENOMEM;

	retire_fresh(cache);
	chunk->next = cache->chunks;
	chunk->bytes = bytes;
	cache->chunks = chunk;
	cache->bytes += bytes;

	nr = (bytes - first_object(cache)) / cache->object_size;
	cache->fresh = (char *)chunk + first_object(cache);
	cache->fresh_end = cache->fresh + nr * cache->object_size;
	cache->nr_free += nr;
	if (cache->next_chunk < SLAB_LARGEST_CHUNK)
		cache->next_chunk *= 2;
	return 0;
}

void *slab_alloc_fresh(struct slab_cache *cache)
{
	void *object;

	mm_assert_debug(!cache->free);
	if (cache->fresh == cache->fresh_end && slab_grow(cache))
		return NULL;
	object = cache->fresh;
	cache->fresh += cache->object_size;
	cache->nr_free--;
	cache->nr_used++;
	return object;
}

int slab_reserve(struct slab_cache *cache, size_t n)
{
	while (cache->nr_free < n) {
		int err = slab_grow(cache);

		if (err)
			return err;
	}
	return 0;
}

void slab_cache_release_all(struct slab_cache *cache)
{
	struct slab_chunk *chunk = cache->chunks, *next;

	for (; chunk; chunk = next) {
		size_t bytes = chunk->bytes;

		next = chunk->next;
		slab_unpoison(chunk, bytes);
		cache->platform->free(cache->platform->ctx, chunk, bytes);
	}
	slab_cache_init(cache, cache->platform, cache->object_size, cache->name);
}

void slab_cache_destroy(struct slab_cache *cache)
{
	mm_assert(cache->nr_used == 0);
	slab_cache_release_all(cache);
}
