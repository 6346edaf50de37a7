#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cli/peek.h"

#define PAGE 4096u
#define PAGEMAP_PRESENT (UINT64_C(1) << 63)

static bool is_resident(pid_t tid, uint64_t addr, size_t len)
{
	char path[64];
	bool resident = true;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	for (uint64_t page = addr / PAGE; resident && page <= (addr + len - 1) / PAGE; page++) {
		uint64_t word;

		resident = pread(fd, &word, sizeof(word), (off_t)(page * sizeof(word))) ==
			   sizeof(word) && (word & PAGEMAP_PRESENT);
	}
	close(fd);
	return resident;
}

bool peek(pid_t tid, uint64_t addr, void *buf, size_t len)
{
	struct iovec local = { .iov_base = buf, .iov_len = len };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)addr, .iov_len = len };

	if (!len)
		return true;
	if (addr + len < addr || addr + len > UINT64_C(1) << 47 || !is_resident(tid, addr, len))
		return false;
	return process_vm_readv(tid, &local, 1, &remote, 1, 0) == (ssize_t)len;
}
