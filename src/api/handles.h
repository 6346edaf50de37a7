/*
 * handles.h - public handles are the core's objects under other names.
 *
 * Layer: api.
 */
#ifndef API_HANDLES_H
#define API_HANDLES_H

#include "space/file.h"

static inline struct mm_struct *to_mm(struct umm_mm *handle)
{
	return (struct mm_struct *)handle;
}

static inline const struct mm_struct *to_mm_const(const struct umm_mm *handle)
{
	return (const struct mm_struct *)handle;
}

static inline struct umm_mm *mm_handle(struct mm_struct *mm)
{
	return (struct umm_mm *)mm;
}

static inline struct world *to_world(struct umm_world *handle)
{
	return (struct world *)handle;
}

static inline const struct world *to_world_const(const struct umm_world *handle)
{
	return (const struct world *)handle;
}

static inline struct umm_world *world_handle(struct world *world)
{
	return (struct umm_world *)world;
}

static inline struct file *to_file(struct umm_file *handle)
{
	return (struct file *)handle;
}

static inline const struct file *to_file_const(const struct umm_file *handle)
{
	return (const struct file *)handle;
}

static inline struct umm_file *file_handle(struct file *file)
{
	return (struct umm_file *)file;
}

#endif
