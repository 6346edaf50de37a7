#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <usermm/usermm.h>

#include "host/probe.h"

/* Whether it may be executed is asked before whether it can be mapped. */
static bool refused_as_noexec(int fd)
{
	void *at = mmap(NULL, UMM_PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	if (at == MAP_FAILED)
		return errno == EPERM;
	munmap(at, UMM_PAGE_SIZE);
	return false;
}

bool probe_pipes_noexec(void)
{
	bool noexec;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) != 0)
		return true;
	noexec = refused_as_noexec(fd[0]);
	close(fd[0]);
	close(fd[1]);
	return noexec;
}

bool probe_anon_inodes_noexec(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	bool noexec = true;

	if (fd >= 0) {
		noexec = refused_as_noexec(fd);
		close(fd);
	}
	return noexec;
}

int probe_sealed_readable(void)
{
	int fd = memfd_create("usermm", MFD_CLOEXEC | MFD_ALLOW_SEALING), readable = -1;

	if (fd < 0)
		return -1;
	if (ftruncate(fd, UMM_PAGE_SIZE) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0) {
		void *at = mmap(NULL, UMM_PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);

		readable = at != MAP_FAILED;
		if (readable)
			munmap(at, UMM_PAGE_SIZE);
	}
	close(fd);
	return readable;
}

/* Two pages that were kept beside their copy can be grown as one range if they are one area. */
bool probe_mremap_keep_counts(void)
{
	const size_t page = UMM_PAGE_SIZE;
	char *at = mmap(NULL, 8 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			0);
	bool apart = false;

	if (at == MAP_FAILED)
		return false;
	if (munmap(at + page, 6 * page) == 0 &&
	    mmap(at + page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    at + page &&
	    mremap(at + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		   at + 2 * page) == at + 2 * page)
		apart = mremap(at + page, 2 * page, 3 * page, 0) == MAP_FAILED && errno == EFAULT;
	munmap(at, 8 * page);
	return apart;
}
