/*
 * refuse_seal.c - what msync, mincore, mseal and remap_file_pages refuse, and what others refuse
 * of sealed areas.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "prog.h"

#define SYS_MSEAL 462			/* 6.10 */
#define RO PROT_READ
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define KERNEL_ADDR 0xffff800000000000UL

static long call(long nr, ...)
{
	long arg[5], result;
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 5; i++)
		arg[i] = va_arg(args, long);
	va_end(args);
	result = syscall(nr, arg[0], arg[1], arg[2], arg[3], arg[4]);
	return result == -1 ? -errno : result;
}

/* ---- msync --------------------------------------------------------------------------------- */

static long sync_range(const char *addr, size_t len, int flags)
{
	return call(SYS_msync, addr, len, (long)flags, 0L, 0L);
}

static void msync_flags(void)
{
	expect_error(sync_range(map_at(pool(1), 1, RW), PAGE, 8), EINVAL, "msync with a flag of 8");
}

static void msync_unaligned(void)
{
	expect_error(sync_range(map_at(pool(1), 1, RW) + 1, PAGE, MS_SYNC), EINVAL,
		     "msync of an odd address");
}

static void msync_both(void)
{
	expect_error(sync_range(map_at(pool(1), 1, RW), PAGE, MS_SYNC | MS_ASYNC), EINVAL,
		     "msync both ways");
}

static void msync_wrap(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect(sync_range(at, -1UL, MS_SYNC) == 0, "a length that is rounded up to 0 is no range");
	expect_error(sync_range(at, -2 * PAGE, MS_SYNC), ENOMEM, "msync that wraps");
}

static void msync_hole(void)
{
	char *at = map_at(pool(3), 1, RW);

	map_at(at + 2 * PAGE, 1, RW);
	expect_error(sync_range(at, 3 * PAGE, MS_SYNC), ENOMEM, "msync over a hole");
}

/* The hole is remembered for the end, which is not reached. */
static void msync_locked(void)
{
	char *at = map_at(pool(3), 1, RW);
	long locked;

	locked = sys_mmap(at + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED | MAP_LOCKED, -1, 0);
	if (locked < 0)
		skip("nothing may be locked here");
	expect_error(sync_range(at, 3 * PAGE, MS_INVALIDATE), EBUSY,
		     "MS_INVALIDATE of what is locked");
	expect_error(sync_range(at, 2 * PAGE, MS_INVALIDATE), ENOMEM, "MS_INVALIDATE before it");
}

static void msync_no_fsync(void)
{
	unsigned long ctx = 0;
	long err = call(SYS_io_setup, 1L, &ctx, 0L, 0L, 0L);

	if (err)
		skip("io_setup: %s", strerrorname_np((int)-err));
	expect_error(sync_range((char *)ctx, PAGE, MS_SYNC), EINVAL, "msync of a ring");
	expect(sync_range((char *)ctx, PAGE, MS_ASYNC) == 0, "MS_ASYNC does nothing");
}

/* ---- mincore ------------------------------------------------------------------------------- */

static long core(const char *addr, size_t len, const void *vec)
{
	return call(SYS_mincore, addr, len, vec, 0L, 0L);
}

static void mincore_unaligned(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(core(at + 1, PAGE, at), EINVAL, "mincore of an odd address");
}

static void mincore_range(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(core(at, -1UL, at), ENOMEM, "mincore of all there is");
	expect_error(core((char *)KERNEL_ADDR, PAGE, (char *)KERNEL_ADDR), ENOMEM,
		     "mincore of the kernel into the kernel");
}

static void mincore_vec_range(void)
{
	char *at = pool(1);

	expect_error(core(at, PAGE, (char *)KERNEL_ADDR), EFAULT, "of a hole, into the kernel");
	expect_error(core(at, 0, (char *)KERNEL_ADDR), EFAULT, "of nothing, into the kernel");
	expect(core(at, 0, NULL) == 0, "of nothing, to nowhere");
}

static void mincore_hole(void)
{
	char *at = map_at(pool(3), 2, RW);

	at[0] = at[1] = at[2] = 55;
	expect_error(core(at, 3 * PAGE, at), ENOMEM, "mincore into a hole");
	expect(at[0] != 55 && at[1] != 55 && at[2] == 55, "what is mapped was told");
	expect_error(core(at + 2 * PAGE, PAGE, NULL), ENOMEM, "the hole is met first");
}

static void mincore_vec(void)
{
	char *at = map_at(pool(4), 3, RW);

	expect(sys_mprotect(at + PAGE, PAGE, RO) == 0, "a page that cannot be written");
	expect_error(core(at, PAGE, at + PAGE), EFAULT, "vector in read-only memory");
	expect_error(core(at, 2 * PAGE, at + PAGE - 1), EFAULT, "vector that ends there");
	/* Three areas are three pieces, each written before the next is looked at. */
	expect_error(core(at, 4 * PAGE, at + PAGE - 2), EFAULT, "the vector's end is met first");
	expect_error(core(at, 4 * PAGE, at + PAGE - 3), ENOMEM, "the hole is met first");
}

/* Where the program would get SIGBUS the kernel gets an error; private memory is prepared first. */
static void mincore_vec_eof(void)
{
	int fd = scratch_file(1);
	char *at = pool(8);

	expect_ok(sys_mmap(at, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), "a file of a page");
	expect(core(at, 2 * PAGE, at) == 0, "vector in the page");
	expect_error(core(at, 2 * PAGE, at + PAGE - 1), EFAULT, "vector that ends beyond");
	expect(ftruncate(fd, 2 * PAGE) == 0, "the file grows");
	expect(core(at, 2 * PAGE, at + PAGE - 1) == 0, "and so does the room");
	expect_ok(sys_mmap(at + 4 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 2 * PAGE),
		  "a private page beyond");
	expect_error(core(at, PAGE, at + 4 * PAGE), EFAULT, "vector there");
	expect_ok(sys_mmap(at + 5 * PAGE, PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 3 * PAGE),
		  "the page after it");
	expect_layout(at + 4 * PAGE, "rw-p:2", "one area");
}

/* A vector in a guard page, which a read would hit as well. */
static void mincore_vec_guard(void)
{
	char *at = map_at(pool(4), 3, RW);

	if (call(SYS_madvise, at + PAGE, PAGE, 102L /* MADV_GUARD_INSTALL */, 0L, 0L))
		skip("no guard pages");
	expect_error(core(at, PAGE, at + PAGE), EFAULT, "vector in a guard page");
}

/* ---- mseal --------------------------------------------------------------------------------- */

static long seal(const char *addr, size_t len, unsigned long flags)
{
	long err = call(SYS_MSEAL, addr, len, flags, 0L, 0L);

	if (err == -ENOSYS)
		skip("this kernel has no mseal");
	return err;
}

static char *sealed_page(char *at)
{
	map_at(at, 1, RW);
	expect(seal(at, PAGE, 0) == 0, "mseal");
	return at;
}

static void mseal_flags(void)
{
	expect_error(seal(map_at(pool(1), 1, RW), PAGE, 1), EINVAL, "mseal with a flag");
}

static void mseal_unaligned(void)
{
	expect_error(seal(map_at(pool(1), 1, RW) + 1, PAGE, 0), EINVAL, "mseal of an odd address");
}

static void mseal_wrap(void)
{
	char *at = map_at(pool(1), 1, RW);

	expect_error(seal(at, -1UL, 0), EINVAL, "mseal of a length that is rounded up to 0");
	expect_error(seal(at, -2 * PAGE, 0), EINVAL, "mseal that wraps");
	expect(seal(NULL, 0, 0) == 0, "mseal of nothing");
}

static void mseal_hole(void)
{
	char *at = map_at(pool(4), 2, RW);

	expect_error(seal(at + PAGE, 2 * PAGE, 0), ENOMEM, "mseal into a hole");
	expect_layout(at, "rw-p:2", "nothing was sealed");
	expect(sys_munmap(at, 2 * PAGE) == 0, "nor is it kept");
}

/* The vdso is sealed whole or not at all. */
static void mseal_half_vdso(void)
{
	char *vdso = (char *)getauxval(AT_SYSINFO_EHDR);
	struct prog_area area;

	if (!vdso || !area_at(vdso, &area) || area.end - area.start < 2 * PAGE)
		skip("no vdso of two pages");
	expect_error(seal(vdso, PAGE, 0), EINVAL, "mseal of the vdso's half");
	expect(seal(vdso, area.end - area.start, 0) == 0, "mseal of all of it");
}

static void sealed_munmap(void)
{
	char *at = sealed_page(pool(2) + PAGE);

	map_at(at - PAGE, 1, RW);
	expect_error(sys_munmap(at, PAGE), EPERM, "munmap of what is sealed");
	expect_error(sys_munmap(at - PAGE, 2 * PAGE), EPERM, "munmap of more than that");
	expect_layout(at - PAGE, "rw-p:1 rw-p:1", "all of it is there");
}

static void sealed_mprotect(void)
{
	char *at = sealed_page(pool(2) + PAGE);

	map_at(at - PAGE, 1, RW);
	expect_error(sys_mprotect(at, PAGE, RW), EPERM, "mprotect without a change");
	expect_error(sys_mprotect(at - PAGE, 2 * PAGE, RO), EPERM, "mprotect of more than that");
	expect_layout(at - PAGE, "r--p:1 rw-p:1", "half of it was done");
}

static void sealed_fixed(void)
{
	char *at = map_at(pool(4), 4, RW);

	expect(seal(at + 2 * PAGE, PAGE, 0) == 0, "mseal");
	expect_error(sys_mmap(at + PAGE, 2 * PAGE, RO, ANON | MAP_FIXED, -1, 0), EPERM,
		     "MAP_FIXED over what is sealed");
	expect_layout(at, "rw-p:1 rw-p:1 rw-p:1 rw-p:1", "the edges were cut");
}

static void sealed_mremap(void)
{
	char *at = sealed_page(pool(4));

	expect_error(call(SYS_mremap, at, PAGE, PAGE, 0L, 0L), EPERM, "mremap without a change");
	map_at(at + 2 * PAGE, 1, RW);
	expect_error(call(SYS_mremap, at + 2 * PAGE, PAGE, PAGE,
			  (long)(MREMAP_MAYMOVE | MREMAP_FIXED), at), EPERM, "mremap onto it");
}

static void sealed_brk(void)
{
	char *brk = (char *)(((uintptr_t)sys_brk(NULL) + PAGE - 1) & ~(PAGE - 1));

	expect(sys_brk(brk + 4 * PAGE) == brk + 4 * PAGE, "the heap grows");
	expect(seal(brk + 2 * PAGE, 2 * PAGE, 0) == 0, "its end is sealed");
	expect(sys_brk(brk + 3 * PAGE) == brk + 4 * PAGE, "so it does not shrink");
	expect(sys_brk(brk + 6 * PAGE) == brk + 6 * PAGE, "but grows");
	expect_layout(brk + 2 * PAGE, "rw-p:2 rw-p:2", "by an area of its own");
}

/* Writable memory can be zeroed anyway; what is read-only cannot be lost. */
static void sealed_madvise(void)
{
	char *at = pool(4);

	sealed_page(at);
	map_at(at + 2 * PAGE, 1, RO);
	expect(seal(at + 2 * PAGE, PAGE, 0) == 0, "mseal of read-only memory");
	expect(call(SYS_madvise, at, PAGE, (long)MADV_DONTNEED, 0L, 0L) == 0,
	       "MADV_DONTNEED of what can be written");
	expect(call(SYS_madvise, at + 2 * PAGE, PAGE, (long)MADV_WILLNEED, 0L, 0L) == 0,
	       "MADV_WILLNEED of what cannot");
	expect_error(call(SYS_madvise, at + 2 * PAGE, PAGE, (long)MADV_DONTNEED, 0L, 0L), EPERM,
		     "MADV_DONTNEED of what cannot");
}

/* ---- remap_file_pages ---------------------------------------------------------------------- */

static long remap(const char *addr, size_t size, long prot, long pgoff)
{
	return call(SYS_remap_file_pages, addr, size, prot, pgoff, 0L);
}

static char *shared(size_t pages)
{
	char *at = pool(pages);

	expect_ok(sys_mmap(at, pages * PAGE, RW, MAP_SHARED | MAP_FIXED, scratch_file(64), 0),
		  "a shared mapping");
	return at;
}

static void remap_prot(void)
{
	expect_error(remap(shared(1), PAGE, RO, 0), EINVAL, "with a protection");
}

static void remap_size(void)
{
	char *at = shared(1);

	expect_error(remap(at, PAGE - 1, 0, 0), EINVAL, "of less than a page");
	expect_error(remap(at, -PAGE, 0, 0), EINVAL, "that wraps");
}

static void remap_pgoff(void)
{
	expect_error(remap(shared(1), PAGE, 0, -1), EINVAL, "of the last offset");
}

static void remap_not_shared(void)
{
	char *at = map_at(pool(4), 1, RW);
	char name[64];
	int fd;

	expect_error(remap(at, PAGE, 0, 0), EINVAL, "of private memory");
	expect_error(remap(at + PAGE, PAGE, 0, 0), EINVAL, "of a hole");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", scratch_file(4));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	expect_ok(sys_mmap(at + 2 * PAGE, PAGE, RO, MAP_SHARED | MAP_FIXED, fd, 0),
		  "a shared mapping of a read-only descriptor");
	expect_error(remap(at + 2 * PAGE, PAGE, 0, 1), EINVAL, "of that");
}

static void remap_spans(void)
{
	char *at = shared(3);

	expect(sys_mprotect(at + PAGE, PAGE, RO) == 0, "another protection in the middle");
	expect_error(remap(at, 2 * PAGE, 0, 7), EINVAL, "of both");
	expect_error(remap(at + 2 * PAGE, 2 * PAGE, 0, 7), EINVAL, "past the end");
}

static void remap_eoverflow(void)
{
	expect_error(remap(shared(1), PAGE, 0, 1L << 51), EOVERFLOW,
		     "of an offset that no file has");
}

static void remap_sealed(void)
{
	char *at = shared(2);

	expect(seal(at, PAGE, 0) == 0, "mseal");
	expect_error(remap(at, PAGE, 0, 7), EPERM, "of what is sealed");
	expect(remap(at + PAGE, PAGE, 0, 7) == 0, "of what is beside it");
}

/* The seal came after the mapping: it is asked when the pages are mapped anew. */
static void remap_sealed_file(void)
{
	int fd = memfd_create("refuse_seal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char *at = pool(2);

	if (fd < 0 || ftruncate(fd, 8 * PAGE))
		die("memfd");
	expect_ok(sys_mmap(at, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), "a memfd");
	if (fcntl(fd, 1033 /* F_ADD_SEALS */, 0x10 /* F_SEAL_FUTURE_WRITE */))
		skip("no F_SEAL_FUTURE_WRITE");
	expect_error(remap(at, PAGE, 0, 1), EPERM, "of a memfd that is sealed now");
}

/* Through the sealed descriptor, over memory that stands there. */
static void sealed_over_memory(void)
{
	int fd = memfd_create("refuse_seal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char *at = map_at(pool(1), 1, PROT_READ);

	if (fd < 0 || ftruncate(fd, PAGE) || fcntl(fd, 1033 /* F_ADD_SEALS */, 8 /* WRITE */))
		die("memfd");
	expect_error(sys_mmap(at, PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0), EPERM,
		     "of a memfd that is sealed");
	expect_layout(at, "r--p:1", "what stood there");
}

static const struct prog_case cases[] = {
	{ "msync_flags", msync_flags }, { "msync_unaligned", msync_unaligned },
	{ "msync_both", msync_both }, { "msync_wrap", msync_wrap }, { "msync_hole", msync_hole },
	{ "msync_locked", msync_locked }, { "msync_no_fsync", msync_no_fsync },
	{ "mincore_unaligned", mincore_unaligned }, { "mincore_range", mincore_range },
	{ "mincore_vec_range", mincore_vec_range }, { "mincore_hole", mincore_hole },
	{ "mincore_vec", mincore_vec }, { "mincore_vec_eof", mincore_vec_eof },
	{ "mincore_vec_guard", mincore_vec_guard },
	{ "mseal_flags", mseal_flags }, { "mseal_unaligned", mseal_unaligned },
	{ "mseal_wrap", mseal_wrap }, { "mseal_hole", mseal_hole },
	{ "mseal_half_vdso", mseal_half_vdso },
	{ "sealed_munmap", sealed_munmap }, { "sealed_mprotect", sealed_mprotect },
	{ "sealed_fixed", sealed_fixed }, { "sealed_mremap", sealed_mremap },
	{ "sealed_brk", sealed_brk }, { "sealed_madvise", sealed_madvise },
	{ "remap_prot", remap_prot }, { "remap_size", remap_size },
	{ "remap_pgoff", remap_pgoff }, { "remap_not_shared", remap_not_shared },
	{ "remap_spans", remap_spans }, { "remap_eoverflow", remap_eoverflow },
	{ "remap_sealed", remap_sealed }, { "remap_sealed_file", remap_sealed_file },
	{ "sealed_over_memory", sealed_over_memory },
};
PROG_MAIN(cases)
