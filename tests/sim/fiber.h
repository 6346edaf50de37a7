/*
 * fiber.h - AddressSanitizer is told when the stack changes; nothing otherwise.
 */
#ifndef TESTS_SIM_FIBER_H
#define TESTS_SIM_FIBER_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define FIBER_HAS_ASAN 1
#endif

struct fiber {
	const void *stack;		/* the lowest byte; NULL: the process's own */
	size_t bytes;
	void *saved;			/* the sanitizer's */
};

#if defined(FIBER_HAS_ASAN)

#include <sanitizer/common_interface_defs.h>

/* Who left, for whoever arrives: the bounds of the process's own stack are learnt so. */
static struct fiber *fiber_left;

static inline void fiber_leave(struct fiber *from, const struct fiber *to, bool for_good)
{
	fiber_left = from;
	__sanitizer_start_switch_fiber(for_good ? NULL : &from->saved, to->stack, to->bytes);
}

/* @self is NULL where it never ran before. */
static inline void fiber_arrive(const struct fiber *self)
{
	const void *stack;
	size_t bytes;

	__sanitizer_finish_switch_fiber(self ? self->saved : NULL, &stack, &bytes);
	fiber_left->stack = stack;
	fiber_left->bytes = bytes;
}

#else

static inline void fiber_leave(const struct fiber *from, const struct fiber *to, bool for_good)
{
	(void)from;
	(void)to;
	(void)for_good;
}

static inline void fiber_arrive(const struct fiber *self)
{
	(void)self;
}

#endif

#endif
