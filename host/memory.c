#include <errno.h>
#include <sys/uio.h>

#include "host/memory.h"

#define UFFD_FLAGS (UMM_VM_UFFD_MISSING | UMM_VM_UFFD_WP | UMM_VM_UFFD_MINOR)

static bool watched(const struct task *task, uint64_t start, uint64_t end)
{
	struct umm_area area = { .size = sizeof(area) };

	for (uint64_t at = start; umm_find_area(task->space->mm, at, &area) && area.start < end;
	     at = area.end)
		if (area.vm_flags & UFFD_FLAGS)
			return true;
	return false;
}

long memory_read(const struct task *task, uint64_t addr, void *buf, size_t size)
{
	struct iovec local = { buf, size };
	struct iovec remote = { (void *)(uintptr_t)addr, size };
	ssize_t got;

	if (watched(task, addr, addr + size))
		return -EAGAIN;
	got = process_vm_readv(task->tid, &local, 1, &remote, 1, 0);
	return got < 0 ? 0 : got;
}

bool memory_writable(const struct task *task, uint64_t addr, size_t size)
{
	struct umm_area area = { .size = sizeof(area) };

	if (addr + size < addr)
		return false;
	for (uint64_t at = addr; at < addr + size; at = area.end)
		if (!umm_find_area(task->space->mm, at, &area) || area.start > at ||
		    !(area.vm_flags & UMM_VM_WRITE))
			return false;
	return true;
}
