/*
 * mmap_base.h - where searches for addresses begin, when exec left some pages of it open.
 *
 * Layer: host.  Randomisation, and an image that is aligned to more than a page: then no address
 * that a process is told says where mmap_base is to the page.  The first mapping whose place hangs
 * on it does: its answer is taken over (adopted), and what it says of mmap_base is kept.
 */
#ifndef HOST_MMAP_BASE_H
#define HOST_MMAP_BASE_H

#include "host/follower.h"

/* True if the place of the mmap that @task is about to make hangs on what is not known. */
bool mmap_base_decides(struct task *task, struct umm_file *file);

/* The kernel placed it at @got: narrow down what is not known. */
void mmap_base_learn(struct task *task, struct umm_file *file, uint64_t got);

#endif
