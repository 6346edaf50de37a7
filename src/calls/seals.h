/*
 * seals.h - what keeps a memfd as it is.
 *
 * Layer: calls.
 */
#ifndef CALLS_SEALS_H
#define CALLS_SEALS_H

#include "base/why.h"
#include "space/file.h"

/* fcntl(F_ADD_SEALS); the rest as umm_file_add_seals() says. */
__must_check long memfd_add_seals(struct file *file, uint32_t seals, bool executable,
				  uint64_t mapped_writable, struct umm_why *why);

/* Areas of @mm that map the inode of @file shared and may write.  mmap_lock held. */
uint64_t count_writable_mappings(const struct mm_struct *mm, const struct file *file);

#endif
