/*
 * shadow_stack.h - user shadow stacks, where there are none.
 *
 * Layer: calls.
 */
#ifndef CALLS_SHADOW_STACK_H
#define CALLS_SHADOW_STACK_H

#include "base/why.h"
#include "space/mm_types.h"

/* map_shadow_stack(2): refused. */
__must_check long map_shadow_stack(const struct mm_struct *mm, struct umm_why *why);

/* arch_prctl(ARCH_SHSTK_ENABLE and _DISABLE, @features): refused. */
__must_check long shstk_prctl(const struct mm_struct *mm, bool enable, uint64_t features,
			      struct umm_why *why);

#endif
