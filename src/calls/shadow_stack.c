/*
 * shadow_stack.c - user shadow stacks, where there are none: a kernel that was built without them
 * does not know the call, and one on a processor without them refuses it before all else.
 */
#include "calls/shadow_stack.h"

#define ARCH_SHSTK_SHSTK 0x1
#define ARCH_SHSTK_WRSS 0x2

long map_shadow_stack(const struct mm_struct *mm, struct umm_why *why)
{
	if (mm->world->settings.user_shstk == UMM_SHSTK_ABSENT)
		return refuse(why, WHY_SHSTK_ABSENT, 0, 0);
	passed(why, WHY_SHSTK_ABSENT, 0, 0);
	return refuse(why, WHY_SHSTK_NO_CPU, 0, 0);
}

long shstk_prctl(const struct mm_struct *mm, bool enable, uint64_t features, struct umm_why *why)
{
	bool one = features == ARCH_SHSTK_SHSTK || (enable && features == ARCH_SHSTK_WRSS);

	if (mm->world->settings.user_shstk == UMM_SHSTK_ABSENT)
		return refuse(why, WHY_SHSTK_OPTION, 0, 0);
	passed(why, WHY_SHSTK_OPTION, 0, 0);
	if (!one)
		return refuse(why, WHY_SHSTK_FEATURES, features, ARCH_SHSTK_SHSTK);
	passed(why, WHY_SHSTK_FEATURES, features, ARCH_SHSTK_SHSTK);
	return refuse(why, WHY_SHSTK_NO_CPU, 0, 0);
}
