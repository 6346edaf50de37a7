/*
 * start.h - what is there before the first step: the address space that a sequence is executed in.
 *
 * The native side observes it (native.h), a model begins with it.  What is plain is that of a model
 * that begins alone: no areas, no limits, no capabilities.
 *
 * Layer: seq.
 */
#ifndef SEQ_START_H
#define SEQ_START_H

#include <usermm/usermm.h>

#include "seq/seq.h"

#define SEQ_START_AREAS 32
#define SEQ_START_FILES (SEQ_FILES + 4)		/* of descriptors, then others that areas map */
#define SEQ_START_PATH 96

/* What a descriptor, or an area, maps. */
struct seq_start_file {
	enum umm_file_kind kind;
	enum umm_file_align align;
	uint32_t flags;				/* UMM_FMODE_, UMM_FILE_ */
	uint32_t dev_major, dev_minor;
	uint64_t inode;				/* equal ones are one file opened twice */
	uint32_t huge_shift;
	bool executable;			/* its mode has an x bit: F_SEAL_EXEC asks */
	uint64_t bytes;				/* UINT64_MAX: no end */
	char path[SEQ_START_PATH];		/* as maps shows it; "" for none */
};

struct seq_start_area {
	uint64_t start, end;
	uint64_t offset;			/* bytes: in the file, or its start */
	uint64_t vm_flags;			/* UMM_VM_ */
	enum umm_area_name name;
	uint16_t file;				/* of seq_start.file, SEQ_FILE_NONE for none */
	bool written;				/* a page of it was: it has an anon_vma */
};

struct seq_start {
	uint64_t base[SEQ_BASES];		/* of POOL, TOP, BRK, SIZE, DATA */
	uint64_t own_start, own_end;		/* of the executor: see seq_step_allowed() */
	bool pages_seen, zero_seen;		/* `pages` has answers; the zero page can be told */
	bool no_userfaultfd;			/* nobody gets one here */
	uint64_t shm_key;			/* added to keys of shmget that are not 0 */
	struct umm_layout layout;
	struct seq_start_limit {
		uint64_t soft, hard;		/* bytes */
	} data, stack, memlock, as;
	uint32_t caps;				/* UMM_CAP_ */
	uint32_t personality;
	uint32_t uid, gid, groups[UMM_GROUPS_MAX];
	size_t nr_groups;
	struct seq_start_file file[SEQ_START_FILES];
	struct seq_start_area area[SEQ_START_AREAS];	/* ascending */
	size_t nr_areas;
};

/*
 * A start that no process has: pool at 64 GiB, brk at 5 MiB, top of umm_layout_init(8 MiB),
 * nothing mapped, nothing limited, no capabilities, files as files.def says.
 */
void seq_start_plain(struct seq_start *start);

#endif
