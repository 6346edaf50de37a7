/*
 * model_seen.c - what of a model is compared with what the executor saw: see seen.h.
 */
#include <inttypes.h>
#include <stdio.h>

#include "seq/hash.h"
#include "seq/seen.h"

size_t seq_smaps_lines(const struct umm_area *area, char *buf, size_t size)
{
	char flags[256];

	umm_vm_flags_text(area->vm_flags, flags, sizeof(flags));
	return (size_t)snprintf(buf, size, "Size:           %8" PRIu64 " kB\nVmFlags: %s\n",
				(area->end - area->start) / 1024, flags);
}

uint64_t seq_smaps_hash(struct umm_mm *mm)
{
	struct umm_area area = { .size = sizeof(area) };
	struct seq_hasher hasher = { 0 };

	for (umm_addr_t at = 0; umm_find_area(mm, at, &area); at = area.end) {
		char text[512];

		seq_hash_add(&hasher, text, seq_smaps_lines(&area, text, sizeof(text)));
	}
	return seq_hash_end(&hasher);
}

void seq_status_of(struct umm_mm *mm, uint64_t vm[SEQ_VMS])
{
	const uint64_t kb = UMM_PAGE_SIZE / 1024;
	struct umm_mm_stats stats;

	umm_mm_stats(mm, &stats);
	vm[SEQ_VM_SIZE] = stats.total_vm * kb;
	vm[SEQ_VM_LCK] = stats.locked_vm * kb;
	vm[SEQ_VM_DATA] = stats.data_vm * kb;
	vm[SEQ_VM_STK] = stats.stack_vm * kb;
	vm[SEQ_VM_EXEC] = stats.exec_vm * kb;
}
