/*
 * blind.c - writes to memory that no page-fault event shows, or that look like reads.
 *
 * Whether an area was ever written to decides what merges.  Each case fills page 0 of a pool in its
 * own way, writes to page 2 plainly, and maps page 1 between them.  If page 0 was written to, the
 * two have an anon_vma each and the new page joins the first alone; if not, all become one area.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "prog.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

#define RW (PROT_READ | PROT_WRITE)
#define WRITTEN "rw-p:2 rw-p:1"
#define NOT_WRITTEN "rw-p:3"

static char *at;

static void begin(void)
{
	at = pool(3);
	map_at(at, 1, RW);
}

static void end(const char *layout, const char *what)
{
	touch(map_at(at + 2 * PAGE, 1, RW));
	map_at(at + PAGE, 1, RW);
	expect_layout(at, layout, what);
}

static void plain_write(void)
{
	begin();
	touch(at);
	end(WRITTEN, "a plain write");
}

static void plain_read(void)
{
	begin();
	look(at);
	end(NOT_WRITTEN, "a plain read");
}

static void read_into(void)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	begin();
	expect(read(fd, at, 16) == 16, "read(2) into the page");
	end(WRITTEN, "written by read(2)");
}

static void write_from(void)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC), ends[2];

	begin();
	expect(pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], at, 16) == 16 && fd >= 0,
	       "write(2) from the page");
	end(NOT_WRITTEN, "read by write(2)");
}

static void direct_read(void)
{
	char name[300];
	int fd;

	begin();
	strcpy(name, scratch_dir());
	strcat(name, "/direct");
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 4 * PAGE) || fsync(fd))
		die(name);
	fd = open(name, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		skip("no O_DIRECT on the file system of the scratch directory");
	expect(read(fd, at, PAGE) == (ssize_t)PAGE, "a direct read into the page");
	end(WRITTEN, "written past the page tables");
}

static void vm_writev(void)
{
	char byte = 1;
	struct iovec local = { &byte, 1 }, remote;

	begin();
	remote = (struct iovec){ at, 1 };
	expect(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == 1, "process_vm_writev");
	end(WRITTEN, "written by process_vm_writev");
}

static void proc_mem(void)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	begin();
	expect(fd >= 0 && pwrite(fd, "x", 1, (off_t)at) == 1, "a write to /proc/self/mem");
	end(WRITTEN, "written through /proc/self/mem");
}

static void populate_flag(void)
{
	at = pool(3);
	expect_ok(sys_mmap(at, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1,
			   0), "MAP_POPULATE");
	end(WRITTEN, "filled by mmap");
}

static void populate_read_only(void)
{
	at = pool(3);
	expect_ok(sys_mmap(at, PAGE, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0),
		  "MAP_POPULATE of read-only memory");
	expect(sys_mprotect(at, PAGE, RW) == 0, "made writable");
	end(NOT_WRITTEN, "filled by mmap, for reading");
}

static void populate_write(void)
{
	begin();
	if (madvise(at, PAGE, MADV_POPULATE_WRITE))
		skip("this kernel has no MADV_POPULATE_WRITE");
	end(WRITTEN, "filled by madvise");
}

static void populate_read(void)
{
	begin();
	if (madvise(at, PAGE, MADV_POPULATE_READ))
		skip("this kernel has no MADV_POPULATE_READ");
	end(NOT_WRITTEN, "filled by madvise for reading");
}

static void locked(void)
{
	begin();
	expect(mlock(at, PAGE) == 0 && munlock(at, PAGE) == 0, "mlock and munlock");
	end(WRITTEN, "filled by mlock");
}

/* The page goes, what it made of the area stays. */
static void dropped(void)
{
	begin();
	touch(at);
	expect(madvise(at, PAGE, MADV_DONTNEED) == 0, "the page dropped");
	end(WRITTEN, "written to once, and dropped");
}

static void futex_wake_op(void)
{
	static int word;
	int op = FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0);

	begin();
	expect(syscall(SYS_futex, &word, FUTEX_WAKE_OP, 1, (void *)1, at, op) >= 0,
	       "FUTEX_WAKE_OP sets a word in the page");
	end(WRITTEN, "written by futex");
}

static void getcwd_into(void)
{
	begin();
	expect(getcwd(at, PAGE) != NULL, "getcwd(2) into the page");
	end(WRITTEN, "written by getcwd");
}

static void write_from_outside(void)
{
	char byte = 1;
	struct iovec local = { &byte, 1 }, remote = { at, 1 };

	if (process_vm_writev(getppid(), &local, 1, &remote, 1, 0) != 1)
		die("process_vm_writev");
}

static void vm_writev_outside(void)
{
	begin();
	expect(in_child(write_from_outside) == 0, "another process writes");
	end(WRITTEN, "written by another process");
}

static void write_mem_outside(void)
{
	char name[64];
	int fd;

	sprintf(name, "/proc/%d/mem", (int)getppid());
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0 || pwrite(fd, "x", 1, (off_t)at) != 1)
		die(name);
}

static void proc_mem_outside(void)
{
	begin();
	expect(in_child(write_mem_outside) == 0, "another process writes to /proc/PID/mem");
	end(WRITTEN, "written by another process");
}

/* The word is looked for as one that may be written. */
static void futex_shared_wait(void)
{
	struct timespec none = { 0, 0 };

	begin();
	expect(syscall(SYS_futex, at, FUTEX_WAIT, 0, &none, NULL, 0) == -1 && errno == ETIMEDOUT,
	       "a shared futex in the page");
	end(WRITTEN, "pinned by futex");
}

static void vmsplice_from(void)
{
	struct iovec page = { at, PAGE };
	int ends[2];

	begin();
	page.iov_base = at;
	expect(pipe2(ends, O_CLOEXEC) == 0 && vmsplice(ends[1], &page, 1, 0) == (ssize_t)PAGE,
	       "vmsplice of the page");
	end(NOT_WRITTEN, "given to a pipe");
}

static void vmsplice_into(void)
{
	struct iovec page;
	int ends[2];

	begin();
	page = (struct iovec){ at, 1 };
	expect(pipe2(ends, O_CLOEXEC) == 0 && write(ends[1], "x", 1) == 1 &&
	       vmsplice(ends[0], &page, 1, 0) == 1, "vmsplice into the page");
	end(WRITTEN, "filled from a pipe");
}

/* A registered buffer is pinned, to be written to without a fault. */
static void uring_buffer(void)
{
	struct { uint32_t word[30]; } params = { { 0 } };	/* struct io_uring_params */
	struct iovec page;
	long fd;

	begin();
	fd = syscall(SYS_io_uring_setup, 4, &params);
	if (fd < 0)
		skip("io_uring_setup: %s", strerror(errno));
	page = (struct iovec){ at, PAGE };
	expect(syscall(SYS_io_uring_register, fd, 0 /* IORING_REGISTER_BUFFERS */, &page, 1) == 0,
	       "a registered buffer");
	end(WRITTEN, "pinned by io_uring");
}

/* More faults at once than a small ring holds: where records are lost, it is the last. */
static void burst(void)
{
	size_t pages = 4000;
	char *many;

	begin();
	many = expect_ok(sys_mmap(NULL, pages * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
			 "many pages");
	for (size_t i = 0; i < pages; i++)
		touch(many + i * PAGE);
	touch(at);
	end(WRITTEN, "written after many others");
}

/* What was there before does not excuse what the kernel does with its successors. */
static void unmapped_since(void)
{
	char byte = 1;
	struct iovec local = { &byte, 1 }, remote;

	at = pool(4);
	map_at(at, 4, RW);
	remote = (struct iovec){ at, 1 };
	expect(process_vm_writev(getpid(), &local, 1, &remote, 1, 0) == 1, "process_vm_writev");
	expect(sys_munmap(at, 4 * PAGE) == 0, "unmapped again");
	map_at(at, 2, RW);
	map_at(at + 2 * PAGE, 2, RW | PROT_EXEC);
	touch(at + 2 * PAGE);
	expect(sys_mprotect(at + 2 * PAGE, 2 * PAGE, RW) == 0, "two pages that were written to");
	expect_layout(at, "rw-p:4", "join two never written to");
}

static const struct prog_case cases[] = {
	{ "plain_write", plain_write },
	{ "plain_read", plain_read },
	{ "read_into", read_into },
	{ "write_from", write_from },
	{ "direct_read", direct_read },
	{ "vm_writev", vm_writev },
	{ "proc_mem", proc_mem },
	{ "populate_flag", populate_flag },
	{ "populate_read_only", populate_read_only },
	{ "populate_write", populate_write },
	{ "populate_read", populate_read },
	{ "locked", locked },
	{ "dropped", dropped },
	{ "futex_wake_op", futex_wake_op },
	{ "getcwd_into", getcwd_into },
	{ "unmapped_since", unmapped_since },
	{ "vm_writev_outside", vm_writev_outside },
	{ "proc_mem_outside", proc_mem_outside },
	{ "futex_shared_wait", futex_shared_wait },
	{ "vmsplice_from", vmsplice_from },
	{ "vmsplice_into", vmsplice_into },
	{ "uring_buffer", uring_buffer },
	{ "burst", burst },
};

PROG_MAIN(cases)
