/*
 * slab.h - cache of objects of one size.
 *
 * Layer: base.
 *
 * The caller's lock guards a cache: none of these functions takes one.
 */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <usermm/platform.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "base/slab_poison.h"

struct slab_free {
	struct slab_free *next;
};

struct slab_cache {
	const struct umm_platform *platform;
	const char *name;
	size_t object_size;		/* bytes, as rounded up by slab_cache_init() */
	struct slab_free *free;		/* freed objects, the latest first */
	char *fresh, *fresh_end;	/* part of the newest chunk that was never handed out */
	struct slab_chunk *chunks;	/* all of them, the newest first */
	size_t next_chunk;		/* bytes to ask for next */
	size_t bytes;			/* held from the platform */
	size_t nr_used;			/* objects handed out */
	size_t nr_free;			/* objects that need no new chunk: freed and fresh ones */
};

/*
 * Make an empty cache; asks the platform for nothing.  @platform and @name must outlive it.
 * Objects of a multiple of 64 bytes are aligned to 64, others to 16.
 */
void slab_cache_init(struct slab_cache *cache, const struct umm_platform *platform,
		     size_t object_size, const char *name);

/* Give all chunks back.  Destroy: no object is in use.  Release: whatever is in use goes too. */
void slab_cache_destroy(struct slab_cache *cache);
void slab_cache_release_all(struct slab_cache *cache);

/* Make sure that the next @n slab_alloc() succeed: 0 or -UMM_ENOMEM. */
__must_check int slab_reserve(struct slab_cache *cache, size_t n);

/* Bytes held from the platform. */
static inline size_t slab_bytes(const struct slab_cache *cache)
{
	return cache->bytes;
}

/* When no freed object is at hand: a fresh one, from a new chunk if need be. */
void *slab_alloc_fresh(struct slab_cache *cache);

/* An object with undefined contents, or NULL if the platform has no memory. */
static inline void *slab_alloc(struct slab_cache *cache)
{
	struct slab_free *object = cache->free;

	if (unlikely(!object))
		return slab_alloc_fresh(cache);
	cache->free = object->next;
	cache->nr_free--;
	cache->nr_used++;
	slab_unpoison(object, cache->object_size);
	return object;
}

/* @object (not NULL) came from this cache and is not used any more. */
static inline void slab_free(struct slab_cache *cache, void *object)
{
	struct slab_free *free = object;

	mm_assert(cache->nr_used > 0);
	slab_poison(object, cache->object_size);
	free->next = cache->free;
	cache->free = free;
	cache->nr_free++;
	cache->nr_used--;
}

#endif
