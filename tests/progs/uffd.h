/*
 * uffd.h - userfaultfds for the programs of this folder.
 */
#ifndef TESTS_PROGS_UFFD_H
#define TESTS_PROGS_UFFD_H

#include <linux/userfaultfd.h>

#include "prog.h"

/* Newer than the headers of the distribution. */
#define UFFD_WP_ASYNC_FEATURE (1UL << 15)
#define UFFD_MODE_MINOR 4UL

/* A new userfaultfd with these features, or with UFFDIO_API still to come. */
int uffd_new(uint64_t features);
int uffd_raw(void);

long uffd_register(int uffd, const void *start, size_t len, uint64_t mode);
long uffd_unregister(int uffd, const void *start, size_t len);

/* Fill a page with zeroes and let those go on that wait for it. */
long uffd_fill(int uffd, const void *page);

#endif
