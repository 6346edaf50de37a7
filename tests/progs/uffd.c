/* uffd.c - userfaultfds for the programs of this folder. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "uffd.h"

int uffd_raw(void)
{
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0)
		skip("userfaultfd: %s", strerrorname_np(errno));
	return uffd;
}

int uffd_new(uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int uffd = uffd_raw();

	if (ioctl(uffd, UFFDIO_API, &api) != 0)
		skip("features %#llx: %s", (unsigned long long)features, strerrorname_np(errno));
	return uffd;
}

long uffd_register(int uffd, const void *start, size_t len, uint64_t mode)
{
	struct uffdio_register reg = { .range = { (uintptr_t)start, len }, .mode = mode };

	return ioctl(uffd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

long uffd_unregister(int uffd, const void *start, size_t len)
{
	struct uffdio_range range = { (uintptr_t)start, len };

	return ioctl(uffd, UFFDIO_UNREGISTER, &range) ? -errno : 0;
}

long uffd_fill(int uffd, const void *page)
{
	static char contents[PAGE] __attribute__((aligned(4096)));
	struct uffdio_copy copy = {
		.dst = (uintptr_t)page, .src = (uintptr_t)contents, .len = PAGE,
	};

	return ioctl(uffd, UFFDIO_COPY, &copy) ? -errno : 0;
}
