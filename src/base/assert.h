/*
 * assert.h - programmer errors stop here.  Bad input never does: it is refused.
 *
 * Layer: base.
 *
 * Three levels, by UMM_ASSERT_LEVEL: 0 keeps the cheap ones, 1 adds those on hot paths, 2 adds
 * walks of whole structures.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#ifndef UMM_ASSERT_LEVEL
#define UMM_ASSERT_LEVEL 0
#endif

/* __builtin_trap() needs no platform, and a debugger stops on the line. */
#define mm_assert(cond) ((cond) ? (void)0 : __builtin_trap())

#if UMM_ASSERT_LEVEL >= 1
#define mm_assert_debug(cond) mm_assert(cond)
#else
#define mm_assert_debug(cond) ((void)sizeof(!(cond)))
#endif

#if UMM_ASSERT_LEVEL >= 2
#define mm_assert_expensive(cond) mm_assert(cond)
#else
#define mm_assert_expensive(cond) ((void)sizeof(!(cond)))
#endif

#endif
