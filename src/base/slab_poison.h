/*
 * slab_poison.h - freed objects made to hurt: whoever reads one is noticed.
 *
 * Layer: base.
 *
 * With AddressSanitizer any access stops the program; with assertions for debugging the contents
 * are overwritten; otherwise both cost nothing.  The first word holds the free list and is spared.
 */
#ifndef BASE_SLAB_POISON_H
#define BASE_SLAB_POISON_H

#include "base/assert.h"
#include "base/compiler.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLAB_HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SLAB_HAS_ASAN 1
#endif

#if defined(SLAB_HAS_ASAN)

void __asan_poison_memory_region(const volatile void *start, size_t bytes);
void __asan_unpoison_memory_region(const volatile void *start, size_t bytes);

static inline void slab_poison(void *object, size_t bytes)
{
	__asan_poison_memory_region((char *)object + sizeof(void *), bytes - sizeof(void *));
}

static inline void slab_unpoison(void *object, size_t bytes)
{
	__asan_unpoison_memory_region(object, bytes);
}

#else

static inline void slab_poison(void *object, size_t bytes)
{
	if (UMM_ASSERT_LEVEL >= 1)
		memset(object, 0xa5, bytes);
}

static inline void slab_unpoison(void *object, size_t bytes)
{
	(void)object;
	(void)bytes;
}

#endif

#endif
