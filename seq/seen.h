/*
 * seen.h - what is looked at after a step, beside its answer.
 *
 * Layer: seq; also without a libc.
 */
#ifndef SEQ_SEEN_H
#define SEQ_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include <usermm/usermm.h>

/* VmSize, VmLck, VmData, VmStk of /proc/PID/status, and VmExe + VmLib, in kB. */
enum seq_vm { SEQ_VM_SIZE, SEQ_VM_LCK, SEQ_VM_DATA, SEQ_VM_STK, SEQ_VM_EXEC, SEQ_VMS };

/* What was seen after a step: 0 where nobody looked. */
struct seq_seen {
	uint64_t maps;			/* seq_maps_hash() of /proc/PID/maps of its process */
	uint64_t other;			/* of the child (fork), of the target (process_madvise) */
	uint64_t smaps;			/* of the lines Size and VmFlags of /proc/PID/smaps */
	uint64_t vm[SEQ_VMS];		/* of /proc/PID/status */
};

/* ---- of a model ---- */

/* The two lines of smaps that are compared, of one area, as snprintf(3); all areas', as a hash. */
size_t seq_smaps_lines(const struct umm_area *area, char *buf, size_t size);
uint64_t seq_smaps_hash(struct umm_mm *mm);

void seq_status_of(struct umm_mm *mm, uint64_t vm[SEQ_VMS]);

#endif
