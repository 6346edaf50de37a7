/*
 * err.h - error numbers carried by pointers.
 *
 * Layer: base.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/compiler.h"
#include <usermm/uapi.h>

#define MAX_ERRNO 4095

static inline void *ERR_PTR(long error)
{
	return (void *)(intptr_t)error;
}

static inline long PTR_ERR(const void *ptr)
{
	return (long)(intptr_t)ptr;
}

static inline bool IS_ERR(const void *ptr)
{
	return (uintptr_t)ptr >= (uintptr_t)-MAX_ERRNO;
}

/* A call's answer: is it an address, or a negative error number? */
static inline bool IS_ERR_VALUE(int64_t value)
{
	return (uint64_t)value >= (uint64_t)-MAX_ERRNO;
}

#endif
