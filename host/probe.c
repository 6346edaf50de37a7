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

/* Can a memfd with F_SEAL_WRITE be mapped shared and read-only? */
static int sealed_readable(void)
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

/* Is what stands at a fixed place still there when a memfd with F_SEAL_WRITE refuses? */
static int seal_write_checked_first(void)
{
	int fd = memfd_create("usermm", MFD_CLOEXEC | MFD_ALLOW_SEALING), first = -1;
	void *at = mmap(NULL, UMM_PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (fd >= 0 && at != MAP_FAILED && ftruncate(fd, UMM_PAGE_SIZE) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0 &&
	    mmap(at, UMM_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) ==
		    MAP_FAILED)
		first = msync(at, UMM_PAGE_SIZE, MS_ASYNC) == 0;
	if (at != MAP_FAILED)
		munmap(at, UMM_PAGE_SIZE);
	if (fd >= 0)
		close(fd);
	return first;
}

/* Two pages that were kept beside their copy can be grown as one range if they are one area. */
static int mremap_keeps_counts(void)
{
	const size_t page = UMM_PAGE_SIZE;
	char *at = mmap(NULL, 8 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
			0);
	int apart = -1;

	if (at == MAP_FAILED)
		return -1;
	if (munmap(at + page, 6 * page) == 0 &&
	    mmap(at + page, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    at + page &&
	    mremap(at + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		   at + 2 * page) == at + 2 * page)
		apart = mremap(at + page, 2 * page, 3 * page, 0) == MAP_FAILED && errno == EFAULT;
	munmap(at, 8 * page);
	return apart;
}

/* Does MADV_REMOVE take a shared area that is read-only now, but may be made writable? */
static int remove_asks_maywrite(void)
{
	void *at = mmap(NULL, UMM_PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int taken;

	if (at == MAP_FAILED)
		return -1;
	taken = madvise(at, UMM_PAGE_SIZE, MADV_REMOVE) == 0 ? 1 : errno == EACCES ? 0 : -1;
	munmap(at, UMM_PAGE_SIZE);
	return taken;
}

int probe_rules(struct umm_world *world)
{
	static const struct {
		const char *rule;
		int (*has)(void);	/* 1, 0, or -1: not known */
	} probes[] = {
		{ "seal_write_allows_read", sealed_readable },
		{ "seal_write_checked_first", seal_write_checked_first },
		{ "mremap_keep_counts", mremap_keeps_counts },
		{ "madv_remove_maywrite", remove_asks_maywrite },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(probes) / sizeof(probes[0]); i++) {
		int rule = umm_rule_find(probes[i].rule), has = probes[i].has();

		if (rule >= 0 && has >= 0)
			err = umm_world_set_rule(world, (unsigned int)rule, has);
	}
	return err;
}
