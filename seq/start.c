/*
 * start.c - the plain start: one that no process has, and that is the same everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "seq/start.h"

#define READ UMM_FMODE_READ
#define WRITE UMM_FMODE_WRITE
#define DISK_FILE 1001
#define MEMFD_FILE 2001

static const struct seq_start_file plain_files[SEQ_FILES] = {
	[SEQ_FILE_REGULAR] = { .kind = UMM_FILE_REGULAR, .flags = READ | WRITE,
			       .inode = DISK_FILE, .path = "/regular" },
	[SEQ_FILE_REOPENED] = { .kind = UMM_FILE_REGULAR, .flags = READ | WRITE,
				.inode = DISK_FILE, .path = "/regular" },
	[SEQ_FILE_READ_ONLY] = { .kind = UMM_FILE_REGULAR, .flags = READ,
				 .inode = DISK_FILE, .path = "/regular" },
	[SEQ_FILE_WRITE_ONLY] = { .kind = UMM_FILE_REGULAR, .flags = WRITE,
				  .inode = DISK_FILE, .path = "/regular" },
	[SEQ_FILE_PATTERN] = { .kind = UMM_FILE_REGULAR, .flags = READ | WRITE,
			       .inode = DISK_FILE + 1, .bytes = SEQ_PATTERN_BYTES,
			       .path = "/pattern" },
	[SEQ_FILE_MEMFD] = { .kind = UMM_FILE_SHMEM, .flags = READ | WRITE, .inode = MEMFD_FILE,
			     .executable = true, .path = "/memfd:memfd (deleted)" },
	[SEQ_FILE_MEMFD2] = { .kind = UMM_FILE_SHMEM, .flags = READ | WRITE,
			      .inode = MEMFD_FILE + 1, .executable = true,
			      .path = "/memfd:memfd2 (deleted)" },
	[SEQ_FILE_MEMFD_READ_ONLY] = { .kind = UMM_FILE_SHMEM, .flags = READ,
				       .inode = MEMFD_FILE, .executable = true,
				       .path = "/memfd:memfd (deleted)" },
	[SEQ_FILE_ZERO] = { .kind = UMM_FILE_ZERO, .flags = READ | WRITE, .inode = 5,
			    .bytes = UINT64_MAX, .path = "/dev/zero" },
	[SEQ_FILE_HUGETLB] = { .kind = UMM_FILE_HUGETLB, .align = UMM_ALIGN_HUGETLB,
			       .flags = READ | WRITE | UMM_FILE_SEAL_SEAL,
			       .inode = MEMFD_FILE + 2, .huge_shift = 21, .executable = true,
			       .bytes = UINT64_C(4) << 20, .path = "/memfd:hugetlb (deleted)" },
	[SEQ_FILE_DIRECTORY] = { .kind = UMM_FILE_NOT_MAPPABLE, .flags = READ, .inode = 2,
				 .path = "/" },
	[SEQ_FILE_PIPE] = { .kind = UMM_FILE_NOT_MAPPABLE, .flags = READ | UMM_FILE_NOEXEC,
			    .inode = 3001, .path = "pipe:[3001]" },
	[SEQ_FILE_SOCKET] = { .kind = UMM_FILE_SOCKET, .inode = 4001, .path = "socket:[4001]",
			      .flags = READ | WRITE | UMM_FILE_NOEXEC | UMM_FILE_SIGNED_OFFSETS },
};

static void plain_limit(struct seq_start_limit *limit, uint64_t soft)
{
	limit->soft = soft;
	limit->hard = UMM_RLIM_INFINITY;
}

void seq_start_plain(struct seq_start *start)
{
	const uint64_t stack = UINT64_C(8) << 20, memlock = UINT64_C(8) << 20;

	memset(start, 0, sizeof(*start));
	umm_layout_init(&start->layout, stack);
	start->layout.start_brk = start->layout.brk = UINT64_C(0x500000);
	start->layout.start_code = UINT64_C(0x400000);
	start->layout.end_code = UINT64_C(0x440000);
	start->layout.start_data = UINT64_C(0x450000);
	start->layout.end_data = UINT64_C(0x460000);
	start->layout.start_stack = UINT64_C(0x480000);
	start->layout.arg_start = start->layout.arg_end = UINT64_C(0x480000);
	start->layout.env_start = start->layout.env_end = UINT64_C(0x480000);
	start->base[SEQ_BASE_POOL] = UINT64_C(64) << 30;
	start->base[SEQ_BASE_TOP] = start->layout.mmap_base;
	start->base[SEQ_BASE_BRK] = start->layout.start_brk;
	start->pages_seen = start->zero_seen = true;
	start->shm_key = 0x5e90000;
	start->personality = UMM_ADDR_NO_RANDOMIZE;
	plain_limit(&start->data, UMM_RLIM_INFINITY);
	plain_limit(&start->stack, stack);
	plain_limit(&start->memlock, memlock);
	plain_limit(&start->as, UMM_RLIM_INFINITY);
	start->memlock.hard = memlock;
	start->uid = start->gid = 1000;
	memcpy(start->file, plain_files, sizeof(plain_files));
	for (int i = 0; i < SEQ_FILES; i++) {
		if (!start->file[i].bytes)
			start->file[i].bytes = SEQ_FILE_BYTES;
		if (start->file[i].kind == UMM_FILE_REGULAR) {
			start->file[i].flags |= UMM_FILE_SIGNED_OFFSETS;
			start->file[i].dev_major = 8;
		}
		start->file[i].dev_minor = 1;
	}
}
