/*
 * compare_smaps.h - smaps of a process and of an address space, field by field.
 */
#ifndef TESTS_COMPARE_SMAPS_H
#define TESTS_COMPARE_SMAPS_H

#include <usermm/usermm.h>

#include "unit.h"

/*
 * @kernel is the text of all areas of a process in [start, end).  Says what differs.  Not compared:
 * Referenced, which a processor may set before its time; LazyFree, which the kernel tells when it
 * gets round to it; and what areas of files have mapped.
 */
bool same_smaps(const char *kernel, struct umm_mm *mm, umm_addr_t start, umm_addr_t end);

#endif
